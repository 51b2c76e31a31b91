# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call: a request in its context, handed to the function that answers it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ..wire import Request, Response
from . import bodies, shapes
from .control import Attributes, Control, User
from .errors import ApiError
from .objects import Object, Objects, name_of
from .routing import Target
from .types import NAMESPACE, Type

ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))


@dataclass
class Call:
    """An authenticated request for a type that we have. What is written, is written to `stage`."""

    objects: Objects
    control: Control
    request: Request
    target: Target
    user: User = ANONYMOUS
    created: str = ""
    """The name of what the call created."""
    refusal: tuple[str | None, str | None] = None, None
    """The reason that the client is told, and what lies behind it."""

    @property
    def kind(self) -> Type:
        assert self.target.kind is not None
        return self.target.kind

    @property
    def namespace(self) -> str:
        """The namespace by which the object is stored."""
        return "" if self.kind is NAMESPACE else self.target.attributes.namespace

    @property
    def name(self) -> str:
        return self.target.attributes.name

    @property
    def attributes(self) -> Attributes:
        """What the ledger is told: also the name of a new object."""
        return replace(self.target.attributes, name=self.name or self.created)

    @cached_property
    def body(self) -> Object:
        """What the request's body says; nothing, if there is none. Raises ApiError BadRequest, UnsupportedMediaType."""
        return bodies.read(self.request)

    @cached_property
    def options(self) -> dict[str, Any]:
        """The DeleteOptions of a deletion or an eviction, in the body or the query."""
        shapes.require_shape("DeleteOptions", "v1", self.body)
        said = self.body.get("deleteOptions") or {} if self.target.attributes.subresource else self.body
        asked: dict[str, Any] = {name: value for name, value in self.target.parameters.items() if value}
        if "gracePeriodSeconds" in asked:
            asked["gracePeriodSeconds"] = _seconds(asked["gracePeriodSeconds"])
        return {**asked, **{name: value for name, value in said.items() if value is not None}}

    @cached_property
    def dry_run(self) -> bool:
        """Whether all is to be done but stored. Raises ApiError BadRequest for another stage than `All`."""
        deletes = self.request.method == "DELETE" or self.target.attributes.subresource == "eviction"
        said = (self.options if deletes else self.target.parameters).get("dryRun") or []
        stages = [said] if isinstance(said, str) else said
        if any(stage != "All" for stage in stages):
            raise ApiError("BadRequest", f"Invalid value: {stages}: dryRun: supported values: All")
        return bool(stages)

    @cached_property
    def stage(self) -> Objects:
        """The objects that the call writes to: for a dry run a copy, thrown away with the call."""
        return self.objects.copy() if self.dry_run else self.objects

    @property
    def manager(self) -> str:
        """Whose fields are written: by default, as in Kubernetes, the first word of the client's name."""
        agent = self.request.headers.get("user-agent", "unknown")
        return self.target.parameters.get("fieldManager") or agent.split("/")[0]

    def answer(self, thing: Object, status: int = 200) -> Response:
        """What has been written. A dry run leaves the revision as it is."""
        if self.dry_run:
            stored = self.objects.find(self.kind, *name_of(thing))
            revision = {"resourceVersion": stored["metadata"]["resourceVersion"]} if stored else {}
            metadata = {name: value for name, value in thing["metadata"].items() if name != "resourceVersion"}
            thing = {**thing, "metadata": metadata | revision}
        return Response.json(status, thing)


def _seconds(text: str) -> int:
    if not text.isdigit():
        raise ApiError("BadRequest", f"gracePeriodSeconds: expected a number of seconds, found {text!r}")
    return int(text)
