# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every controller works with, and what a controller is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ...clock import Timeline
from ..objects import Event, Object, Objects, timestamp
from .index import Index

Key = tuple[str, str]
"""Namespace and name, as `objects.name_of` gives them."""


@dataclass(frozen=True)
class Subnet:
    """Where Fargate starts pods."""

    cidr: str
    zone: str


@dataclass(frozen=True)
class FargateProfile:
    """An ACTIVE Fargate profile: `selectors` as EKS describes them, and its subnets."""

    name: str
    selectors: Sequence[dict[str, Any]]
    subnets: Sequence[Subnet]


@dataclass
class Context:
    """The cluster as its controllers know it.

    `profiles` gives the Fargate profiles of the moment, `kubelet` the version of a new Fargate node's kubelet
    (`v1.32.3-eks-5ad4801`), `authority` the cluster's certificate authority (PEM). `lose` is told of the pods
    (namespace/name) that go down with a node that nobody had drained.
    """

    objects: Objects
    index: Index
    timeline: Timeline
    profiles: Callable[[], Sequence[FargateProfile]]
    kubelet: Callable[[], str]
    authority: Callable[[], str]
    lose: Callable[[str, list[str]], None]
    closed: bool = False

    @property
    def now(self) -> str:
        """The moment that is being lived through, as Kubernetes writes it."""
        return timestamp(self.timeline.now)

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Let `action` happen in `seconds` of simulated time, if the cluster still exists then."""
        self.timeline.after(seconds, lambda: None if self.closed else action())


class Controller(Protocol):
    """One of the loops that bring what is nearer to what is wanted."""

    def concerns(self, event: Event) -> Iterable[Key]:
        """What to look at again because of an event."""

    def reconcile(self, key: Key) -> None:
        """Take a step towards what is wanted. It must come to rest: with nothing left to do, change nothing."""


def controller_of(thing: Object) -> dict[str, Any] | None:
    """The reference to the owner that controls an object."""
    references = thing["metadata"].get("ownerReferences") or []
    return next((one for one in references if one.get("controller")), None)
