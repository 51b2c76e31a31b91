# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EKS demands of the IAM roles that it is given."""

from __future__ import annotations

import re
from typing import Any

from .errors import invalid_parameter
from .operations import Call

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")


def require_cluster_role(call: Call, arn: str) -> None:
    """The cluster's role must trust eks.amazonaws.com
    (https://docs.aws.amazon.com/eks/latest/userguide/cluster-iam-role.html). AWS's wording."""
    role = _existing(call, arn, clusterName=call.get("name"))
    if role is None or not call.aws.trusts(role, "eks.amazonaws.com"):
        raise invalid_parameter(
            f"Role with arn: {arn}, could not be assumed because it does not exist"
            " or the trusted entity is not correct",
            clusterName=call.get("name"),
        )


def require_node_role(call: Call, arn: str, **members: Any) -> Any:
    """A node group's role must exist and trust ec2.amazonaws.com
    (https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html). AWS's wording. Gives the role."""
    role = _existing(call, arn, **members)
    if role is None:
        raise invalid_parameter(f"The role with name {arn.rpartition('/')[2]} cannot be found.", **members)
    if not call.aws.trusts(role, "ec2.amazonaws.com"):
        raise invalid_parameter(
            "Following required service principals [ec2.amazonaws.com] were not found in the trust relationships"
            f" of nodeRole {arn}",
            **members,
        )
    return role


def require_pod_execution_role(call: Call, arn: str, **members: Any) -> None:
    """A Fargate profile's role must exist and trust eks-fargate-pods.amazonaws.com
    (https://docs.aws.amazon.com/eks/latest/userguide/pod-execution-role.html). AWS's wording."""
    role = _existing(call, arn, **members)
    if role is None:
        raise invalid_parameter(f"The role with name {arn.rpartition('/')[2]} cannot be found.", **members)
    if not call.aws.trusts(role, "eks-fargate-pods.amazonaws.com"):
        raise invalid_parameter(
            "Misconfigured PodExecutionRole Trust Policy;"
            " Please add the eks-fargate-pods.amazonaws.com Service Principal",
            **members,
        )


def require_connector_role(call: Call, arn: str) -> None:
    """The agent's role of a connected cluster must trust ssm.amazonaws.com
    (https://docs.aws.amazon.com/eks/latest/userguide/connector-iam-role.html)."""
    role = _existing(call, arn, clusterName=call.get("name"))
    if role is None or not call.aws.trusts(role, "ssm.amazonaws.com"):
        raise invalid_parameter(
            f"Role with arn: {arn}, could not be assumed because it does not exist or does not trust ssm.amazonaws.com",
            clusterName=call.get("name"),
        )


def require_capability_role(call: Call, arn: str) -> None:
    """A capability's role must let capabilities.eks.amazonaws.com assume it and tag its session
    (https://docs.aws.amazon.com/eks/latest/userguide/capability-role.html)."""
    role = _existing(call, arn)
    if role is None or not call.aws.trusts(role, "capabilities.eks.amazonaws.com"):
        raise invalid_parameter(
            f"Role with arn: {arn}, could not be assumed because it does not exist or its trust policy does not allow"
            " capabilities.eks.amazonaws.com"
        )


def require_pod_role(call: Call, arn: str, **members: Any) -> None:
    """A pod identity's role must exist and let pods.eks.amazonaws.com assume it and tag the session
    (https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html). AWS's wording."""
    role = _existing(call, arn, **members)
    wanted = ("sts:AssumeRole", "sts:TagSession")
    if role is None or not all(call.aws.trusts(role, "pods.eks.amazonaws.com", action) for action in wanted):
        raise invalid_parameter(
            "Trust policy of the role provided is invalid. Follow the official documentation to resolve the issue.",
            **members,
        )


def require_service_account_role(call: Call, arn: str, **members: Any) -> Any:
    """An add-on's service account role must exist (service model, CreateAddon). Gives the role."""
    role = _existing(call, arn, **members)
    if role is None:
        raise invalid_parameter(f"The role with name {arn.rpartition('/')[2]} cannot be found.", **members)
    return role


def policy_names(role: Any) -> set[str]:
    """The names of the managed policies attached to a role."""
    return {arn.rpartition("/")[2] for arn in role.managed_policies}


def _existing(call: Call, arn: str, **members: Any) -> Any | None:
    if not _ROLE_ARN.fullmatch(arn):
        raise invalid_parameter(f"Role ARN is invalid: {arn}", **members)
    if arn.split(":")[4] != call.region.account:
        raise invalid_parameter("Cross-account pass role is not allowed.", **members)
    return call.aws.role(arn)


def policy_documents(role: Any) -> list[str]:
    """The documents of all policies of a role, as text."""
    attached = [one.document for policy in role.managed_policies.values() for one in policy.versions if one.is_default]
    return [str(document) for document in (*attached, *role.policies.values())]


def can_join(role: Any) -> bool:
    """Whether instances with this role could join a cluster: it carries AmazonEKSWorkerNodePolicy, its minimal
    sibling, or a policy of the user's own that allows ec2:DescribeInstances
    (https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html)."""
    if policy_names(role) & {"AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodeMinimalPolicy"}:
        return True
    customers = [policy for arn, policy in role.managed_policies.items() if ":iam::aws:policy/" not in arn]
    current = [version.document for policy in customers for version in policy.versions if version.is_default]
    return any("ec2:DescribeInstances" in str(document) for document in [*current, *role.policies.values()])
