# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access entries and their policy associations.

Rules: the service model of CreateAccessEntry and
https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html. All of it is synchronous.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from . import idempotency
from .control_plane.users import map_role, unmap_role
from .errors import in_use, invalid_parameter, invalid_request, limit_exceeded, not_found
from .operations import Call, operation
from .paging import page
from .store import AccessEntry, Cluster
from .tags import require_allowed

_NODE_GROUPS = {
    "EC2": ["system:nodes"],
    "EC2_LINUX": ["system:nodes"],
    "EC2_WINDOWS": ["system:nodes", "eks:kube-proxy-windows"],
    "FARGATE_LINUX": ["system:bootstrappers", "system:nodes", "system:node-proxier"],
    "HYBRID_LINUX": ["system:nodes"],
    "HYPERPOD_LINUX": ["system:nodes"],
}
"""The types of entry for nodes, with the Kubernetes groups that EKS gives them."""
TYPES = ["STANDARD", *_NODE_GROUPS]
_WITHOUT_POLICIES = {"EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX"}
"""Of these the service model and https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html say that a
policy cannot be associated, or EKS has given them what they need; EC2 takes AmazonEKSAutoNodePolicy."""
POLICIES = [
    "AmazonEKSAdminPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSAutoNodePolicy",
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSViewPolicy",
]
_PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):(role|user)/.+")
_RESERVED_NAMES = ("system:", "eks:", "aws:", "amazon:", "iam:")


@operation("CreateAccessEntry")
def create_access_entry(call: Call) -> dict[str, Any]:
    cluster = _cluster(call)
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"accessEntry": earlier.description}
    principal, kind = call.parameters["principalArn"], call.get("type", "STANDARD")
    if principal in cluster.access_entries:
        raise in_use("The specified access entry resource is already in use on this cluster.", clusterName=cluster.name)
    if len(cluster.access_entries) >= call.quotas.access_entries_per_cluster:
        raise limit_exceeded("Access entry limit exceeded", clusterName=cluster.name)
    _require_principal(call, principal, kind)
    if kind not in TYPES:
        raise invalid_parameter(
            f"Invalid access entry type: {kind}; valid: {', '.join(TYPES)}", clusterName=cluster.name
        )
    if kind != "STANDARD" and ("kubernetesGroups" in call.parameters or "username" in call.parameters):
        raise invalid_parameter(
            f"kubernetesGroups and username cannot be specified for an access entry of type {kind}",
            clusterName=cluster.name,
        )
    _require_names(call, cluster)
    require_allowed(call.get("tags", {}))
    entry = admit(
        call, cluster, principal, kind, call.get("kubernetesGroups", []), call.get("username"), call.get("tags", {})
    )
    idempotency.remember(call, entry)
    return {"accessEntry": entry.description}


@operation("DescribeAccessEntry")
def describe_access_entry(call: Call) -> dict[str, Any]:
    return {"accessEntry": _entry(call, _cluster(call)).description}


@operation("ListAccessEntries")
def list_access_entries(call: Call) -> dict[str, Any]:
    cluster = _cluster(call)
    policy = call.get("associatedPolicyArn")
    arns = [arn for arn, entry in cluster.access_entries.items() if policy is None or policy in entry.policies]
    return page(call, "accessEntries", sorted(arns))


@operation("UpdateAccessEntry")
def update_access_entry(call: Call) -> dict[str, Any]:
    """Groups and user name of a STANDARD entry; what is left out keeps its value."""
    cluster = _cluster(call)
    entry = _entry(call, cluster)
    if entry.description["type"] != "STANDARD":
        raise invalid_parameter(
            f"An access entry of type {entry.description['type']} cannot be updated", clusterName=cluster.name
        )
    _require_names(call, cluster)
    for name in ("kubernetesGroups", "username"):
        entry.description[name] = call.get(name, entry.description[name])
    entry.description["modifiedAt"] = call.now
    return {"accessEntry": entry.description}


@operation("DeleteAccessEntry")
def delete_access_entry(call: Call) -> dict[str, Any]:
    cluster = _cluster(call)
    entry = _entry(call, cluster)
    del cluster.access_entries[entry.name]
    idempotency.forget(call, entry)
    return {}


@operation("AssociateAccessPolicy")
def associate_access_policy(call: Call) -> dict[str, Any]:
    """A policy that is associated already gets the new scope."""
    cluster = _cluster(call)
    entry = _entry(call, cluster)
    policy, scope = call.parameters["policyArn"], call.parameters["accessScope"]
    if policy not in _policy_arns(call):
        raise invalid_parameter(f"The policyArn parameter is not valid: {policy}", clusterName=cluster.name)
    kind = entry.description["type"]
    if kind in _WITHOUT_POLICIES:
        raise invalid_request(
            f"Access policies cannot be associated with an access entry of type {kind}", clusterName=cluster.name
        )
    _require_scope(scope, cluster)
    since = entry.policies.get(policy, {}).get("associatedAt", call.now)
    entry.policies[policy] = {
        "policyArn": policy,
        "accessScope": {"type": scope["type"], "namespaces": scope.get("namespaces", [])},
        "associatedAt": since,
        "modifiedAt": call.now,
    }
    return {
        "clusterName": cluster.name,
        "principalArn": entry.name,
        "associatedAccessPolicy": entry.policies[policy],
    }


@operation("DisassociateAccessPolicy")
def disassociate_access_policy(call: Call) -> dict[str, Any]:
    cluster = _cluster(call)
    entry = _entry(call, cluster)
    if entry.policies.pop(call.parameters["policyArn"], None) is None:
        raise not_found("The specified policyArn is not associated with the access entry.", clusterName=cluster.name)
    return {}


@operation("ListAssociatedAccessPolicies")
def list_associated_access_policies(call: Call) -> dict[str, Any]:
    cluster = _cluster(call)
    entry = _entry(call, cluster)
    policies = [entry.policies[arn] for arn in sorted(entry.policies)]
    pages = page(call, "associatedAccessPolicies", policies, "InvalidRequestException")
    return {"clusterName": cluster.name, "principalArn": entry.name, **pages}


@operation("ListAccessPolicies")
def list_access_policies(call: Call) -> dict[str, Any]:
    known = [{"name": name, "arn": arn} for name, arn in zip(POLICIES, _policy_arns(call), strict=True)]
    return page(call, "accessPolicies", known, "ValidationException")


def admit(
    call: Call,
    cluster: Cluster,
    principal: str,
    kind: str,
    groups: list[str],
    username: str | None,
    tags: dict[str, str],
) -> AccessEntry:
    """Put an access entry in place, without asking whether it may be."""
    name = principal.rpartition("/")[2]
    account = principal.split(":")[4]
    sort = "role" if ":role/" in principal else "user"
    arn = call.region.arn(f"access-entry/{cluster.name}/{sort}/{account}/{name}/{uuid.uuid4()}")
    description = {
        "clusterName": cluster.name,
        "principalArn": principal,
        "kubernetesGroups": _NODE_GROUPS.get(kind, groups),
        "accessEntryArn": arn,
        "createdAt": call.now,
        "modifiedAt": call.now,
        "tags": dict(tags),
        "username": username or _default_username(call, principal, kind),
        "type": kind,
    }
    cluster.access_entries[principal] = entry = AccessEntry("access_entry", principal, arn, description)
    return entry


def admit_creator(call: Call, cluster: Cluster) -> None:
    """The creator's entry as cluster administrator, which EKS makes unless told otherwise
    (bootstrapClusterCreatorAdminPermissions, service model). It shows once the cluster has access entries."""
    entry = admit(call, cluster, cluster.creator, "STANDARD", [], None, {})
    policy = _policy_arns(call)[POLICIES.index("AmazonEKSClusterAdminPolicy")]
    entry.policies[policy] = {
        "policyArn": policy,
        "accessScope": {"type": "cluster", "namespaces": []},
        "associatedAt": call.now,
        "modifiedAt": call.now,
    }


def admit_role(call: Call, cluster: Cluster, role_arn: str, kind: str) -> None:
    """Let the role of a managed node group, Fargate profile or capability in, as EKS itself does: by an access entry
    (https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html), or the ConfigMap aws-auth."""
    plane = call.control_planes.of(cluster)
    if _knows_entries(cluster):
        if role_arn not in cluster.access_entries:
            admit(call, cluster, role_arn, kind, [], None, {})
    elif plane and kind in _NODE_GROUPS:
        map_role(plane.objects, role_arn, kind)


def dismiss_role(call: Call, cluster: Cluster, role_arn: str) -> None:
    """Shut a role out again when no node group, Fargate profile or capability uses it any more."""
    roles = [group.description["nodeRole"] for group in cluster.nodegroups.values()]
    roles += [profile.description["podExecutionRoleArn"] for profile in cluster.fargate_profiles.values()]
    roles += [capability.description["roleArn"] for capability in cluster.capabilities.values()]
    if role_arn in roles:
        return
    cluster.access_entries.pop(role_arn, None)
    plane = call.control_planes.of(cluster)
    if plane:
        unmap_role(plane.objects, role_arn)


def _knows_entries(cluster: Cluster) -> bool:
    return cluster.description["accessConfig"]["authenticationMode"] != "CONFIG_MAP"


def _cluster(call: Call) -> Cluster:
    """The cluster, if its authentication mode knows access entries. Raises InvalidRequestException (AWS's wording)."""
    cluster = call.cluster()
    if not _knows_entries(cluster):
        raise invalid_request(
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP]"
            " to perform this operation.",
            clusterName=cluster.name,
        )
    return cluster


def _entry(call: Call, cluster: Cluster) -> AccessEntry:
    principal = call.parameters["principalArn"]
    if principal not in cluster.access_entries:
        raise not_found(f"The specified principalArn could not be found: {principal}.", clusterName=cluster.name)
    return cluster.access_entries[principal]


def _require_principal(call: Call, principal: str, kind: str) -> None:
    """An IAM role or user of this account ("the only valid ARN is IAM roles" for nodes). AWS's wording."""
    match = _PRINCIPAL.fullmatch(principal)
    members = {"clusterName": call.get("clusterName")}
    if match is None:
        raise invalid_parameter("The principalArn parameter format is not valid", **members)
    if match.group(2) == "user" and kind != "STANDARD":
        raise invalid_parameter(f"The principal of an access entry of type {kind} must be an IAM role", **members)
    known = call.aws.role(principal) if match.group(2) == "role" else call.aws.user(principal)
    if match.group(1) != call.region.account or known is None:
        raise invalid_parameter("The specified principalArn is invalid: invalid principal.", **members)


def _require_names(call: Call, cluster: Cluster) -> None:
    """User names and groups must not begin as those do that belong to Kubernetes and AWS (user guide, above)."""
    names = [*call.get("kubernetesGroups", []), *filter(None, [call.get("username")])]
    for name in names:
        if name.startswith(_RESERVED_NAMES):
            raise invalid_parameter(f"The name {name} begins with a reserved prefix", clusterName=cluster.name)


def _require_scope(scope: dict[str, Any], cluster: Cluster) -> None:
    """Namespaces belong to the scope `namespace`, which needs them (service model, AccessScope)."""
    kind, namespaces = scope.get("type"), scope.get("namespaces")
    if kind is None:
        raise invalid_parameter("accessScope.type must be specified", clusterName=cluster.name)
    if kind == "namespace" and not namespaces:
        raise invalid_parameter("A value for namespaces is required for the scope namespace", clusterName=cluster.name)
    if kind == "cluster" and namespaces:
        raise invalid_parameter("Namespaces cannot be specified for the scope cluster", clusterName=cluster.name)


def _policy_arns(call: Call) -> list[str]:
    return [f"arn:{call.region.partition}:eks::aws:cluster-access-policy/{name}" for name in POLICIES]


def _default_username(call: Call, principal: str, kind: str) -> str:
    """What EKS fills in (user guide, above): nodes by their host name, sessions by their name, users by their ARN.
    Nodes of the type EC2, those of Auto Mode among them, have the name of their session, which is their instance's id
    (https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/examples/, "Configuring node name")."""
    if kind in ("EC2_LINUX", "EC2_WINDOWS"):
        return "system:node:{{EC2PrivateDNSName}}"
    if kind != "STANDARD":
        return "system:node:{{SessionName}}"
    if ":role/" in principal:
        account, name = principal.split(":")[4], principal.rpartition("/")[2]
        return f"arn:{call.region.partition}:sts::{account}:assumed-role/{name}/{{{{SessionName}}}}"
    return principal
