# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request is about, read from its method, path and query as Kubernetes' RequestInfo is."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

from ..wire import Request
from .control import Attributes
from .types import NAMESPACE, TYPES, Type

_BY_PLURAL = {(kind.group, kind.version, kind.plural): kind for kind in TYPES}
_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_OF_NAMESPACES = ("status", "finalize")


@dataclass(frozen=True)
class Target:
    """The attributes of a request, the type that they name, if we have it, and the parameters of the query."""

    attributes: Attributes
    kind: Type | None
    parameters: dict[str, str]


def target(request: Request) -> Target:
    parameters = {name: values[-1] for name, values in parse_qs(request.query, keep_blank_values=True).items()}
    parts = [part for part in request.path.split("/") if part]
    group, version, rest = _split(parts)
    if not rest:
        return Target(Attributes(request.method.lower(), path=request.path), None, parameters)
    namespace, rest = _namespace(rest)
    plural, name, subresource = rest[0], rest[1] if len(rest) > 1 else "", "/".join(rest[2:])
    kind = _BY_PLURAL.get((group, version, plural))
    if kind is not None and kind is not NAMESPACE and (bool(namespace) > kind.namespaced):
        kind = None
    verb = _verb(request.method, name, parameters.get("watch", "").lower() in ("1", "true"))
    return Target(Attributes(verb, group, plural, subresource, namespace, name), kind, parameters)


def _split(parts: list[str]) -> tuple[str, str, list[str]]:
    """Group, version, and what of the path tells the resource; nothing if it tells none."""
    if parts[:1] == ["api"] and len(parts) > 2:
        return "", parts[1], parts[2:]
    if parts[:1] == ["apis"] and len(parts) > 3:
        return parts[1], parts[2], parts[3:]
    return "", "", []


def _namespace(rest: list[str]) -> tuple[str, list[str]]:
    """A namespace counts as being in itself."""
    if rest[0] != "namespaces" or len(rest) == 1:
        return "", rest
    if len(rest) > 2 and rest[2] not in _OF_NAMESPACES:
        return rest[1], rest[2:]
    return rest[1], rest


def _verb(method: str, name: str, watching: bool) -> str:
    verb = _VERBS.get(method, method.lower())
    if verb == "get" and watching:
        return "watch"
    return verb if name else {"get": "list", "delete": "deletecollection"}.get(verb, verb)
