# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenAPI v3, as far as kubectl looks: that a type can be patched under field validation. There are no schemas."""

from __future__ import annotations

from functools import cache
from typing import Any

from ..wire import Response
from .discovery import GROUP_VERSIONS
from .types import TYPES, Type

_HASH = "1"
"""Clients keep the documents by it. They are the same for as long as there is this simulator."""


def answer(name: str) -> Response | None:
    """The index, or the document of a group version: `api/v1`, `apis/apps/v1`."""
    if not name:
        paths = {name: {"serverRelativeURL": f"/openapi/v3/{name}?hash={_HASH}"} for name in _documents()}
        return Response.json(200, {"paths": paths})
    document = _documents().get(name)
    return Response.json(200, document) if document else None


def no_schemas() -> Response:
    """An OpenAPI v2 document without a word, which kubectl asks for before it applies a `List`: it checks nothing then.
    It reads protobuf only, in which nothing is nothing."""
    return Response(200, b"", {"Content-Type": "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"})


@cache
def _documents() -> dict[str, dict[str, Any]]:
    return {f"{'apis' if '/' in version else 'api'}/{version}": _document(version) for version in GROUP_VERSIONS}


def _document(group_version: str) -> dict[str, Any]:
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": dict(_path(kind) for kind in TYPES if kind.group_version == group_version),
        "components": {"schemas": {}},
    }


def _path(kind: Type) -> tuple[str, dict[str, Any]]:
    root = f"/apis/{kind.group_version}" if kind.group else f"/api/{kind.version}"
    path = "/".join([root, *(["namespaces/{namespace}"] if kind.namespaced else []), kind.plural, "{name}"])
    patch = {
        "parameters": [{"name": "fieldValidation", "in": "query"}],
        "x-kubernetes-group-version-kind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "responses": {"200": {"description": "OK"}},
    }
    return path, {"patch": patch}
