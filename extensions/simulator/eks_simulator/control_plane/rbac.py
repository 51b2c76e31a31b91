# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes' role-based access control, and the roles and bindings that every cluster has.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/: rules only ever allow; a RoleBinding grants within its
namespace, a ClusterRoleBinding everywhere. Of the user-facing roles, those rules are here that concern the types that
are served.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..kubernetes.control import Attributes, User
from ..kubernetes.objects import Object, Objects
from ..kubernetes.types import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING, Type

Rule = dict[str, Any]
_READ = ["get", "list", "watch"]
_WRITE = ["create", "delete", "deletecollection", "patch", "update"]
_EVERYBODY = "system:authenticated"
_RBAC = "rbac.authorization.k8s.io"
_APPS = ["daemonsets", "deployments", "deployments/scale", "replicasets", "replicasets/scale"]
_APPS += ["statefulsets", "statefulsets/scale"]
_CORE = ["configmaps", "pods", "serviceaccounts", "services"]
_STATUS = ["namespaces/status", "pods/log", "pods/status", "services/status"]


def _rule(group: str, resources: Iterable[str], verbs: Iterable[str]) -> Rule:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}


EVERYTHING: list[Rule] = [_rule("*", ["*"], ["*"]), {"nonResourceURLs": ["*"], "verbs": ["*"]}]
VIEW = [
    _rule("", [*_CORE, "events", "namespaces", *_STATUS], _READ),
    _rule("apps", [*_APPS, "daemonsets/status", "deployments/status", "replicasets/status"], _READ),
    _rule("policy", ["poddisruptionbudgets", "poddisruptionbudgets/status"], _READ),
    _rule("networking.k8s.io", ["ingresses", "ingresses/status", "networkpolicies"], _READ),
]
EDIT = [
    *VIEW,
    _rule("", ["secrets"], _READ),
    _rule("", [*_CORE, "secrets"], _WRITE),
    _rule("", ["events"], _WRITE),
    _rule("", ["pods/eviction"], ["create"]),
    _rule("apps", _APPS, _WRITE),
    _rule("policy", ["poddisruptionbudgets"], _WRITE),
    _rule("networking.k8s.io", ["ingresses", "networkpolicies"], _WRITE),
    _rule("coordination.k8s.io", ["leases"], [*_READ, *_WRITE]),
]
ADMIN = [*EDIT, _rule(_RBAC, ["roles", "rolebindings"], [*_READ, *_WRITE])]
_REVIEWS = [
    _rule("authorization.k8s.io", ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]),
    _rule("authentication.k8s.io", ["selfsubjectreviews"], ["create"]),
]
_INFORMATION = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
_DISCOVERY = ["/api", "/api/*", "/apis", "/apis/*", *_INFORMATION, "/openapi", "/openapi/*"]
_ROLES = {
    "cluster-admin": EVERYTHING,
    "admin": ADMIN,
    "edit": EDIT,
    "view": VIEW,
    "system:basic-user": _REVIEWS,
    "system:discovery": [{"nonResourceURLs": _DISCOVERY, "verbs": ["get"]}],
    "system:public-info-viewer": [{"nonResourceURLs": _INFORMATION, "verbs": ["get"]}],
}
_BINDINGS = {
    "cluster-admin": ["system:masters"],
    "system:basic-user": [_EVERYBODY],
    "system:discovery": [_EVERYBODY],
    "system:public-info-viewer": [_EVERYBODY, "system:unauthenticated"],
}


def furnish(objects: Objects) -> None:
    """Put the roles and bindings in place that a new cluster has."""
    labels = {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}
    for name, rules in _ROLES.items():
        objects.create(CLUSTER_ROLE, {"metadata": {"name": name, **labels}, "rules": rules})
    for name, groups in _BINDINGS.items():
        subjects = [{"apiGroup": _RBAC, "kind": "Group", "name": group} for group in groups]
        reference = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": name}
        binding = {"metadata": {"name": name, **labels}, "roleRef": reference, "subjects": subjects}
        objects.create(CLUSTER_ROLE_BINDING, binding)


def granted(objects: Objects, user: User, wanted: Attributes) -> bool:
    """Whether a binding gives the user what is wanted."""
    return allows(granted_rules(objects, user, wanted.namespace), wanted)


def granted_rules(objects: Objects, user: User, namespace: str) -> Iterator[Rule]:
    """What bindings give the user in a namespace, or without one."""
    for binding in objects.list(CLUSTER_ROLE_BINDING):
        if _is_bound(binding, user):
            yield from _role_rules(objects, CLUSTER_ROLE, "", binding)
    for binding in objects.list(ROLE_BINDING, namespace) if namespace else ():
        if _is_bound(binding, user):
            kind = ROLE if binding["roleRef"].get("kind") == "Role" else CLUSTER_ROLE
            yield from _role_rules(objects, kind, namespace if kind is ROLE else "", binding)


def allows(rules: Iterable[Rule], wanted: Attributes) -> bool:
    """Whether one of the rules is about what is wanted."""
    return any(_covers(rule, wanted) for rule in rules)


def _covers(rule: Rule, wanted: Attributes) -> bool:
    if not _among(wanted.verb, rule.get("verbs", ())):
        return False
    if not wanted.resource:
        return any(_path_covers(pattern, wanted.path) for pattern in rule.get("nonResourceURLs", ()))
    resource = f"{wanted.resource}/{wanted.subresource}" if wanted.subresource else wanted.resource
    any_of_kind = f"*/{wanted.subresource}" if wanted.subresource else "*"
    return (
        _among(wanted.group, rule.get("apiGroups", ()))
        and (_among(resource, rule.get("resources", ())) or any_of_kind in rule.get("resources", ()))
        and (not rule.get("resourceNames") or wanted.name in rule["resourceNames"])
    )


def _among(value: str, allowed: Iterable[str]) -> bool:
    return any(one in ("*", value) for one in allowed)


def _path_covers(pattern: str, path: str) -> bool:
    """A star stands for the rest of a path, and for nothing else."""
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern


def _role_rules(objects: Objects, kind: Type, namespace: str, binding: Object) -> list[Rule]:
    role = objects.find(kind, namespace, binding["roleRef"]["name"])
    return (role or {}).get("rules") or []


def _is_bound(binding: Object, user: User) -> bool:
    for subject in binding.get("subjects") or ():
        if subject["kind"] == "Group" and subject["name"] in user.groups:
            return True
        if subject["kind"] == "User" and subject["name"] == user.name:
            return True
    return False
