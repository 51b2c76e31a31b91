# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers get and list, whole or page by page ("Retrieving large results sets in chunks" of the API concepts)."""

from __future__ import annotations

import base64
import json
from typing import Any

from ..wire import Response
from . import selectors, tables
from .calls import Call
from .errors import ApiError
from .objects import Object, name_of


def get(call: Call) -> Response:
    found = call.objects.get(call.kind, call.namespace, call.name)
    return Response.json(200, _shown(call, [found], found))


def list_objects(call: Call) -> Response:
    """All pages of a list show the objects as they were at its first."""
    matches = selectors.by_query(call.kind, call.target.parameters)
    revision, after = _continued(call)
    namespace = call.namespace or None
    found = [one for one in call.objects.list(call.kind, namespace, revision) if matches(one) and name_of(one) > after]
    limit = _limit(call)
    page, rest = (found[:limit], found[limit:]) if limit else (found, [])
    metadata: dict[str, Any] = {"resourceVersion": str(revision)}
    if rest:
        metadata["continue"] = _token(revision, page[-1])
        if not {"labelSelector", "fieldSelector"} & {name for name, value in call.target.parameters.items() if value}:
            metadata["remainingItemCount"] = len(rest)
    return Response.json(200, _shown(call, page, _list(call, page, metadata)))


def _list(call: Call, items: list[Object], metadata: dict[str, Any]) -> Object:
    kind = call.kind
    return {"kind": f"{kind.kind}List", "apiVersion": kind.group_version, "metadata": metadata, "items": items}


def _shown(call: Call, things: list[Object], whole: Object) -> Object:
    """As a table, if the client would rather have one."""
    if not tables.wanted(call.request.headers.get("accept", "")):
        return whole
    metadata = {name: value for name, value in whole["metadata"].items() if name in tables.LIST_METADATA}
    return tables.table(call.kind, things, metadata, call.control.now(), call.target.parameters.get("includeObject"))


def _limit(call: Call) -> int:
    limit = call.target.parameters.get("limit") or "0"
    if not limit.isdigit():
        raise ApiError("BadRequest", f"limit: expected a number, found {limit!r}")
    return int(limit)


def _token(revision: int, last: Object) -> str:
    return base64.urlsafe_b64encode(json.dumps([revision, *name_of(last)]).encode()).decode()


def _continued(call: Call) -> tuple[int, tuple[str, str]]:
    """The revision that is listed, and the object after which this page begins."""
    token = call.target.parameters.get("continue")
    if not token:
        return call.objects.revision, ("", "")
    try:
        revision, namespace, name = json.loads(base64.urlsafe_b64decode(token))
        return int(revision), (str(namespace), str(name))
    except (ValueError, TypeError):
        raise ApiError("BadRequest", "continue key is not valid") from None
