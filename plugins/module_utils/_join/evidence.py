# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of an instance that is no node, and of its surroundings. Pure.

AWS's things are in options' spelling, Kubernetes' objects in its own. What could not be read is named in ``unread``,
so that nobody takes it for absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import tags_of
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.told import (
    AL2,
    AL2023,
    BOTTLEROCKET,
    UBUNTU,
    WINDOWS,
    Told,
)

BLOCKING, SUSPICIOUS = SEVERITIES = ("blocking", "suspicious")

_FAMILIES = {
    AL2023: re.compile(r"^amazon-eks-node-al2023-"),
    AL2: re.compile(r"^amazon-eks-(?:(?:arm64|gpu)-)?node-1\."),
    BOTTLEROCKET: re.compile(r"^bottlerocket-aws-k8s-"),
    WINDOWS: re.compile(r"^Windows_Server-.*-EKS_Optimized-"),
    UBUNTU: re.compile(r"^ubuntu-eks"),
}
"""By what the images of EKS, Bottlerocket, Windows and Canonical are called."""
_VERSION = re.compile(r"(?:(?:al2023-.*-|node-|aws-k8s-|EKS_Optimized-|k8s_)|k8s: ?)(1\.\d+)\b")


@dataclass(frozen=True)
class Finding:
    """One thing that keeps an instance from joining, or may: what is wrong, by which evidence, and what to do.

    ``check`` is put in by whoever runs the checks.
    """

    severity: str
    problem: str
    evidence: str = ""
    fix: str = ""
    check: str = ""


@dataclass(frozen=True)
class Unread:
    """Why something is not known, in words; the IAM action that the caller lacks, if that is why."""

    reason: str
    action: str = ""
    check: str = ""


Answer: TypeAlias = "Finding | Unread"
"""What a check comes to, if it finds anything."""


@dataclass(frozen=True)
class Role:
    """The role of a node. ``services`` may assume it; ``managed`` are the names of AWS's policies that it has, ``own``
    those of somebody's own, of which only the names are known."""

    arn: str
    name: str
    services: frozenset[str] = frozenset()
    managed: frozenset[str] = frozenset()
    own: tuple[str, ...] = ()


@dataclass(frozen=True)
class Profile:
    """An instance profile as IAM has it now."""

    id: str
    role: Role | None


@dataclass(frozen=True)
class Case:
    """One instance that should be a Ready node: as flotilla.eks.nodes_info tells it, as EC2 and Kubernetes do.

    ``kubernetes`` is its Node, empty if there is none. ``told`` is what its user data says, ``console`` what it said.
    """

    node: Values
    instance: Values
    kubernetes: Values = field(default_factory=dict)
    told: Told | None = None
    console: str | None = None
    unread: Mapping[str, Unread] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.instance["instance_id"])

    @property
    def tags(self) -> Mapping[str, str]:
        return tags_of(self.instance)

    @property
    def managed(self) -> bool:
        return bool(self.node["kind"] == "managed")

    @property
    def profile_arn(self) -> str:
        return str(pick(self.instance, "iam_instance_profile.arn") or "")

    @property
    def subnet_id(self) -> str:
        return str(self.instance.get("subnet_id") or "")

    @property
    def image_id(self) -> str:
        return str(self.instance.get("image_id") or "")

    @property
    def security_groups(self) -> list[str]:
        """The ids of the groups of its first interface, which the host itself talks through."""
        interfaces = self.instance.get("network_interfaces") or []
        first: Values = min(interfaces, key=lambda one: pick(one, "attachment.device_index") or 0, default={})
        groups = first.get("groups") or self.instance.get("security_groups") or []
        return [str(group["group_id"]) for group in groups]


@dataclass(frozen=True)
class Evidence:
    """What is known of the cluster and the surroundings of all cases. Mappings lead from ids, or ARNs, to things."""

    cluster: Values
    now: datetime
    subnets: Mapping[str, Values] = field(default_factory=dict)
    route_tables: Sequence[Values] = ()
    network_acls: Sequence[Values] = ()
    security_groups: Mapping[str, Values] = field(default_factory=dict)
    vpc_endpoints: Sequence[Values] = ()
    nat_gateways: Mapping[str, Values] = field(default_factory=dict)
    vpc_dns: Mapping[str, bool] = field(default_factory=dict)
    images: Mapping[str, Values] = field(default_factory=dict)
    instance_types: Mapping[str, Values] = field(default_factory=dict)
    statuses: Mapping[str, Values] = field(default_factory=dict)
    profiles: Mapping[str, Profile | None] = field(default_factory=dict)
    access_entries: Mapping[str, Values | None] = field(default_factory=dict)
    aws_auth: Sequence[Any] = ()
    aws_auth_fault: str = ""
    cni_role: bool = False
    cni: Values | None = None
    unread: Mapping[str, Unread] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.cluster["name"])

    @property
    def is_private(self) -> bool:
        """Whether the endpoint is reached from inside the VPC without leaving it."""
        return bool(pick(self.cluster, "resources_vpc_config.endpoint_private_access"))

    @property
    def vpc_id(self) -> str:
        return str(pick(self.cluster, "resources_vpc_config.vpc_id") or "")

    @property
    def cluster_group(self) -> str:
        """The security group that EKS made for the cluster."""
        return str(pick(self.cluster, "resources_vpc_config.cluster_security_group_id") or "")

    @property
    def control_groups(self) -> list[str]:
        """The groups of the control plane's interfaces."""
        more = pick(self.cluster, "resources_vpc_config.security_group_ids") or []
        return [group for group in (self.cluster_group, *more) if group]

    @property
    def cluster_subnets(self) -> list[str]:
        return list(pick(self.cluster, "resources_vpc_config.subnet_ids") or [])

    @property
    def cluster_networks(self) -> tuple[str, ...]:
        """The CIDR blocks in which the interfaces of the control plane are."""
        subnets = [self.subnets.get(subnet) or {} for subnet in self.cluster_subnets]
        return tuple(str(subnet["cidr_block"]) for subnet in subnets if subnet.get("cidr_block"))

    @property
    def modes(self) -> set[str]:
        """By what the cluster lets principals in: API, CONFIG_MAP."""
        mode = pick(self.cluster, "access_config.authentication_mode") or "CONFIG_MAP"
        return set(mode.split("_AND_"))

    def vpc_of(self, case: Case) -> str:
        return str(case.instance.get("vpc_id") or self.vpc_id)

    def role_of(self, case: Case) -> Role | None:
        profile = self.profiles.get(case.profile_arn)
        return profile.role if profile else None

    def image_of(self, case: Case) -> Values:
        return self.images.get(case.image_id) or {}

    def family_of(self, case: Case) -> str:
        """What the AMI is of, of FAMILY_NAMES; empty for an image of somebody's own."""
        return family_of(self.image_of(case)) or (WINDOWS if case.instance.get("platform") == "windows" else "")


def family_of(image: Values) -> str:
    name = str(image.get("name") or "")
    return next((family for family, form in _FAMILIES.items() if form.match(name)), "")


def kubernetes_version(image: Values) -> str:
    """The Kubernetes version that an AMI is for, by its name or description; empty if neither tells."""
    for told in (image.get("name"), image.get("description")):
        found = _VERSION.search(str(told or ""))
        if found:
            return found.group(1)
    return ""


def blocking(problem: str, evidence: str, fix: str) -> Finding:
    return Finding(BLOCKING, problem, evidence, fix)


def suspicious(problem: str, evidence: str, fix: str) -> Finding:
    return Finding(SUSPICIOUS, problem, evidence, fix)
