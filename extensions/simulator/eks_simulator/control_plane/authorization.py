# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a user may do something: by the group of masters, by access policies, as a node, or by RBAC, in that order.

Access policies: https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html, whose permissions
"are similar to the permissions in the Kubernetes user-facing cluster roles", and access-policies.html on scopes ("You
can use wildcard characters for a namespace name"). Nodes: https://kubernetes.io/docs/reference/access-authn-authz/node/
with the NodeRestriction admission plugin.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from ..kubernetes.control import Attributes, User
from ..kubernetes.objects import Objects
from ..kubernetes.types import POD
from . import rbac

MASTERS = "system:masters"
_POLICIES = {
    "AmazonEKSClusterAdminPolicy": rbac.EVERYTHING,
    "AmazonEKSAdminPolicy": rbac.ADMIN,
    "AmazonEKSAdminViewPolicy": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}],
    "AmazonEKSEditPolicy": rbac.EDIT,
    "AmazonEKSViewPolicy": rbac.VIEW,
}
_NODE_READS = {"configmaps", "namespaces", "pods", "secrets", "serviceaccounts", "services"}


def permits(objects: Objects, user: User, policies: Iterable[dict[str, Any]], wanted: Attributes) -> bool:
    """Whether the user may; `policies` are the associated access policies, as EKS describes them."""
    wanted = _in_its_namespace(wanted)
    return (
        MASTERS in user.groups
        or any(_policy_grants(policy, wanted) for policy in policies)
        or (bool(user.node) and _node_may(objects, user.node, wanted))
        or rbac.granted(objects, user, wanted)
    )


def rules(objects: Objects, user: User, policies: Iterable[dict[str, Any]], namespace: str) -> list[dict[str, Any]]:
    """All that the user may do in a namespace, but what nodes may do by being nodes."""
    found = list(rbac.EVERYTHING) if MASTERS in user.groups else []
    for policy in policies:
        if _is_within(policy["accessScope"], namespace):
            found += _granted_by(policy)
    return [*found, *rbac.granted_rules(objects, user, namespace)]


def _in_its_namespace(wanted: Attributes) -> Attributes:
    """A namespace is in itself, as Kubernetes has it: whoever may read all in a namespace may read it, too."""
    if wanted.resource == "namespaces" and wanted.name and not wanted.namespace:
        return Attributes(wanted.verb, wanted.group, wanted.resource, wanted.subresource, wanted.name, wanted.name)
    return wanted


def _policy_grants(policy: dict[str, Any], wanted: Attributes) -> bool:
    return _is_within(policy["accessScope"], wanted.namespace) and rbac.allows(_granted_by(policy), wanted)


def _is_within(scope: dict[str, Any], namespace: str) -> bool:
    """A scope of namespaces holds nothing that is outside of all."""
    if scope["type"] == "cluster":
        return True
    return bool(namespace) and any(fnmatchcase(namespace, pattern) for pattern in scope["namespaces"])


def _granted_by(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """The policy's rules; none of a policy for what is not simulated."""
    return _POLICIES.get(policy["policyArn"].rpartition("/")[2], [])


def _node_may(objects: Objects, own: str, wanted: Attributes) -> bool:
    """Its own Node and lease, the pods that are bound to it, events, and to read what pods need."""
    if wanted.resource == "nodes":
        return wanted.verb in ("get", "create", "patch", "update") and wanted.name in (own, "")
    if wanted.resource == "leases":
        return wanted.namespace == "kube-node-lease" and wanted.name in (own, "")
    if wanted.resource == "events":
        return wanted.verb in ("create", "patch", "update")
    if wanted.resource in _NODE_READS and wanted.verb in ("get", "list", "watch"):
        return not wanted.subresource
    if wanted.resource == "pods" and wanted.verb in ("delete", "patch", "update"):
        pod = objects.find(POD, wanted.namespace, wanted.name)
        return pod is not None and pod["spec"].get("nodeName") == own
    return False
