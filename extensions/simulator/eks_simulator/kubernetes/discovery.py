# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discovery: which groups, versions and resources there are, as legacy documents and aggregated (APIGroupDiscovery)."""

from __future__ import annotations

from functools import cache
from typing import Any

from ..wire import Response
from .types import TYPES, Type

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_SUBRESOURCES: dict[str, dict[str, Any]] = {
    "eviction": {"group": "policy", "version": "v1", "kind": "Eviction", "verbs": ["create"]},
    "scale": {"group": "autoscaling", "version": "v1", "kind": "Scale", "verbs": ["get", "patch", "update"]},
    "status": {"verbs": ["get", "patch", "update"]},
    "log": {"verbs": ["get"]},
}
"""Their verbs, and their kind where it is not that of the resource."""

GROUP_VERSIONS = tuple(dict.fromkeys(kind.group_version for kind in TYPES))


def answer(path: str, accept: str) -> Response | None:
    """The document at a path, if there is one."""
    if path in ("/api", "/apis") and _AGGREGATED in accept.replace(" ", ""):
        return Response.json(200, _aggregated(core=path == "/api"), {"Content-Type": _AGGREGATED})
    document = _legacy().get(path)
    return Response.json(200, document) if document else None


@cache
def _legacy() -> dict[str, dict[str, Any]]:
    """The documents by path."""
    groups = [_group(name) for name in _groups() if name]
    return {
        "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups},
        **{f"/apis/{group['name']}": {"kind": "APIGroup", "apiVersion": "v1", **group} for group in groups},
        **{_path(version): _resource_list(version) for version in GROUP_VERSIONS},
    }


def _groups() -> dict[str, list[Type]]:
    groups: dict[str, list[Type]] = {}
    for kind in TYPES:
        groups.setdefault(kind.group, []).append(kind)
    return groups


def _group(name: str) -> dict[str, Any]:
    versions = dict.fromkeys(kind.version for kind in TYPES if kind.group == name)
    described = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": described, "preferredVersion": described[0]}


def _path(group_version: str) -> str:
    return f"/apis/{group_version}" if "/" in group_version else f"/api/{group_version}"


def _verbs(kind: Type) -> list[str]:
    return _VERBS if kind.stored else ["create"]


def _resource_list(group_version: str) -> dict[str, Any]:
    resources = []
    for kind in TYPES:
        if kind.group_version == group_version:
            resources += [_resource(kind), *(_subresource(kind, name) for name in kind.subresources)]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}


def _resource(kind: Type) -> dict[str, Any]:
    optional = {"shortNames": list(kind.short_names), "categories": list(kind.categories)}
    return {
        "name": kind.plural,
        "singularName": kind.kind.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": _verbs(kind),
        **{name: value for name, value in optional.items() if value},
    }


def _subresource(kind: Type, name: str) -> dict[str, Any]:
    base = {"name": f"{kind.plural}/{name}", "singularName": "", "namespaced": kind.namespaced, "kind": kind.kind}
    return {**base, **_SUBRESOURCES[name]}


@cache
def _aggregated(core: bool) -> dict[str, Any]:
    items = []
    for name, kinds in _groups().items():
        if core == (name == ""):
            (version,) = {kind.version for kind in kinds}
            resources = [_aggregated_resource(kind) for kind in kinds]
            metadata = {"name": name} if name else {}
            versions = [{"version": version, "freshness": "Current", "resources": resources}]
            items.append({"metadata": metadata, "versions": versions})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_resource(kind: Type) -> dict[str, Any]:
    optional = {
        "shortNames": list(kind.short_names),
        "categories": list(kind.categories),
        "subresources": [_aggregated_subresource(kind, name) for name in kind.subresources],
    }
    return {
        "resource": kind.plural,
        "responseKind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.kind.lower(),
        "verbs": _verbs(kind),
        **{name: value for name, value in optional.items() if value},
    }


def _aggregated_subresource(kind: Type, name: str) -> dict[str, Any]:
    described = {"group": kind.group, "version": kind.version, "kind": kind.kind, **_SUBRESOURCES[name]}
    verbs = described.pop("verbs")
    return {"subresource": name, "responseKind": described, "verbs": verbs}
