# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user says of self-managed node groups, checked, and completed by what each kind of node needs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._ami import IMAGE_ID, LATEST, Ami, AmiError, source
from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_options import (
    OPTIONS,
    USER_DATA_OPTIONS,
    GroupError,
    Item,
    checked,
)
from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_rules import RuleError, rules_of
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data import node_user_data
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data_checks import UserDataError

CLUSTER_TAG = "flotilla.eks/cluster"
NODEGROUP_TAG = "flotilla.eks/nodegroup"
ROLE_TAG = "flotilla.eks/node-role"
NODEGROUP_LABEL = NODEGROUP_TAG

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")  # as it is the value of a label, too
_MOST_TEMPLATE_NAME = 128  # service model of ec2, LaunchTemplateName
_GRAVITON = re.compile(r"(?:a1|[a-z]+\d+g[a-z]*|im4gn|is4gen|p6e-gb\d+)\.")
"""https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html: g stands for AWS Graviton"""
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")
_PLANNED: Item = {
    "name": "planned",
    "endpoint": "https://planned.eks.amazonaws.com",
    "certificate_authority": {"data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="},
    "kubernetes_network_config": {"ip_family": "ipv4", "service_ipv4_cidr": "172.20.0.0/16"},
}
"""Stands in for a cluster that is still to be made, so that what nodes are told can be checked by then."""


@dataclass(frozen=True)
class Group:
    """A node group of a cluster. ``given`` is what the user says, checked."""

    cluster: str
    given: Mapping[str, Any]
    cluster_version: str = ""

    def get(self, option: str, default: Any = None) -> Any:
        value = self.given.get(option)
        return default if value is None else value

    @property
    def name(self) -> str:
        return str(self.given["name"])

    @property
    def full_name(self) -> str:
        """What its launch template, its security group and its Auto Scaling group are called."""
        return f"{self.cluster}-{self.name}"

    @property
    def absent(self) -> bool:
        return bool(self.get("state") == "absent")

    @property
    def owner(self) -> dict[str, str]:
        return {CLUSTER_TAG: self.cluster, NODEGROUP_TAG: self.name}

    @property
    def instance_types(self) -> list[str]:
        return list(self.get("instance_types", []))

    @cached_property
    def ami(self) -> Ami:
        """What is wished of the image; the architecture follows from the instance types."""
        asked = self.get("ami", {})
        return Ami(
            asked.get("family") or "al2023",
            self.get("version") or self.cluster_version,
            asked.get("architecture") or ("arm64" if _graviton(self.instance_types) else "x86_64"),
            asked.get("variant") or "",
            asked.get("os_version") or "",
            asked.get("release") or LATEST,
        )

    @property
    def image_id(self) -> str:
        return str(self.get("ami", {}).get("image_id") or "")

    @property
    def image_key(self) -> str:
        """What tells this wish from others: an id of an image, or all that leads to one."""
        ami = self.ami
        wish = (ami.family, ami.version, ami.architecture, ami.variant, ami.os_version, ami.release)
        return self.image_id or " ".join(part or "-" for part in wish)

    @property
    def windows(self) -> bool:
        return self.ami.family == "windows"

    @property
    def own_security_only(self) -> bool:
        """Whether its own security group takes the place of the cluster's."""
        return self.get("cluster_security_group") is False

    @property
    def desired_size(self) -> int | None:
        """None if it is left to autoscalers."""
        desired = self.get("scaling", {}).get("desired_size")
        return None if desired in (None, "ignore") else int(desired)

    @property
    def for_cluster_autoscaler(self) -> bool:
        left = self.desired_size is None and not self.get("scaling_policies")
        return bool(self.get("cluster_autoscaler", left))

    @property
    def zoned_subnets(self) -> list[str]:
        """The subnets whose zones must be known."""
        return self.get("subnets", []) if self.get("one_group_per_zone") else []

    def user_data(self, cluster: Mapping[str, Any]) -> str:
        """Raises UserDataError."""
        options = {name: self.get(name) for name in USER_DATA_OPTIONS}
        labels = {**self.get("labels", {}), NODEGROUP_LABEL: self.name}
        return node_user_data(cluster, self.ami.family, labels=labels, **options)


def groups_of(raw: Iterable[Any], cluster: str, description: Mapping[str, Any]) -> tuple[list[Group], list[str]]:
    """The groups that can be, and what is wrong with the others, one text each."""
    groups: list[Group] = []
    problems: list[str] = []
    for number, given in enumerate(raw):
        name = given.get("name") if isinstance(given, Mapping) else None
        try:
            group = _group(given, cluster, description)
            if any(group.name == other.name for other in groups):
                raise GroupError("name: two groups have it; give each its own")
            groups.append(group)
        except (GroupError, UserDataError, RuleError, AmiError) as error:
            called = f"Node group {name}" if name else f"self_managed_nodes_groups[{number}]"
            problems.append(f"{called} of cluster {cluster}: {error}.")
    return groups, problems


def _group(given: Any, cluster: str, description: Mapping[str, Any]) -> Group:
    options = checked("", given, OPTIONS)
    _check_name(cluster, options.get("name"))
    group = Group(cluster, options, str(description.get("version") or ""))
    if group.absent:
        return group
    _check_machines(group)
    _check_image(group)
    _check_sizes(group)
    _check_network(group)
    _check_identity(group)
    if NODEGROUP_LABEL in group.get("labels", {}):
        raise GroupError(f"labels: {NODEGROUP_LABEL} is set by this role; leave it out")
    rules_of(group.get("security_group_rules", []))
    group.user_data({**_PLANNED, **description} if description.get("endpoint") else _PLANNED)
    return group


def _check_name(cluster: str, name: Any) -> None:
    if not name:
        raise GroupError("name: there is none; give the group a name")
    if not _NAME.fullmatch(name):
        raise GroupError(
            f"name: {name!r} may have 63 letters, digits, '-', '_' and '.', none of these signs at either end"
        )
    if len(f"{cluster}-{name}") > _MOST_TEMPLATE_NAME:
        most = _MOST_TEMPLATE_NAME - len(cluster) - 1
        raise GroupError(f"name: it has {len(name)} characters, with this cluster it may have {most}; shorten it")


def _graviton(types: Iterable[str]) -> bool:
    return any(_GRAVITON.match(one) for one in types)


def _check_machines(group: Group) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/create-mixed-instances-group-launch-template-overrides.html"""
    types, raw = group.instance_types, (group.get("launch_template", {}), group.get("scaling_group", {}))
    if (
        not types
        and not {"instance_type", "instance_requirements"} & set(raw[0])
        and "mixed_instances_policy" not in raw[1]
    ):
        raise GroupError("instance_types: there are none; give at least one, such as [m7i.large]")
    arm = [one for one in types if _GRAVITON.match(one)]
    if arm and len(arm) < len(types):
        other = next(one for one in types if one not in arm)
        raise GroupError(
            f"instance_types: {arm[0]} is arm64 and {other} is x86_64, and one image fits one of them; make two groups"
        )
    wished = group.get("ami", {}).get("architecture")
    if types and wished and (wished == "arm64") != bool(arm):
        raise GroupError(
            f"ami.architecture: it is {wished}, but {types[0]} is {'arm64' if arm else 'x86_64'}; leave it out"
        )
    if group.get("capacity_type") == "CAPACITY_BLOCK":
        _check_capacity_block(group)


def _check_capacity_block(group: Group) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/launch-template-capacity-blocks.html"""
    if len(group.instance_types) > 1 or group.get("instances_distribution"):
        raise GroupError("capacity_type: a capacity block is of one instance type; give one in instance_types")
    if not group.get("capacity_reservation"):
        raise GroupError(
            "capacity_reservation: a capacity block is one; give capacity_reservation_target with its "
            "capacity_reservation_id"
        )


def _check_image(group: Group) -> None:
    if group.image_id:
        if not IMAGE_ID.fullmatch(group.image_id):
            raise GroupError(f"ami.image_id: {group.image_id!r} is no id of an image such as ami-0123456789abcdef0")
        if {"variant", "os_version", "release"} & set(group.get("ami", {})):
            raise GroupError("ami.image_id: it leaves no choice of variant, os_version and release; leave these out")
        return
    try:
        # As long as nobody knows the version, any stands in for it: all else can be checked.
        source(group.ami if group.ami.version else replace(group.ami, version="1.33"))
    except AmiError as error:
        where = "ami." if str(error).partition(":")[0] in OPTIONS["ami"] else "ami: "
        raise GroupError(f"{where}{error}") from None


def _check_sizes(group: Group) -> None:
    sizes, desired = group.get("scaling", {}), group.desired_size
    missing = [name for name in ("min_size", "max_size") if name not in sizes]
    if missing:
        raise GroupError(f"scaling.{missing[0]}: there is none; give min_size and max_size")
    least, most = sizes["min_size"], sizes["max_size"]
    if least > most:
        raise GroupError(f"scaling: min_size is {least}, more than max_size, which is {most}")
    if desired is not None and not least <= desired <= most:
        raise GroupError(f"scaling: desired_size is {desired}, wanted from min_size ({least}) to max_size ({most})")


def _check_network(group: Group) -> None:
    subnets = group.get("subnets", [])
    if not subnets:
        raise GroupError("subnets: there are none; give some, or self_managed_nodes_subnet_ids")
    if group.get("efa") is None:
        return
    if len(subnets) > 1:
        raise GroupError(
            f"efa: it works within one availability zone, but there are {len(subnets)} subnets; give the group one"
        )
    if not 1 <= group.get("efa").get("interfaces", 1) <= 32:
        raise GroupError("efa.interfaces: give as many as the instance type has network cards, 32 at most")


def _check_identity(group: Group) -> None:
    role, profile = group.get("role_arn"), group.get("instance_profile")
    if role and not _ROLE.fullmatch(role):
        raise GroupError(f"role_arn: {role!r} is not the ARN of a role such as arn:aws:iam::123456789012:role/NAME")
    if group.get("policies") is not None:
        return
    if not role:
        raise GroupError(
            "role_arn: there is none; give self_managed_nodes_role_arn, run the role flotilla.eks.iam before, or give "
            "the group policies for a role of its own"
        )
    if not profile:
        raise GroupError(
            f"instance_profile: there is none for {role}; give self_managed_nodes_instance_profile, by which instances "
            "have the role, or set iam_node_instance_profile of the role flotilla.eks.iam"
        )
