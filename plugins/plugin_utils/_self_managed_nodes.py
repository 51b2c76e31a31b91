# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What self-managed node groups lack: groups, the cluster and what was found in, what to make or change out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_groups import Group, groups_of
from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_launch import Facts, nodegroup
from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_options import GroupError, Item
from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_security import Security


def plan_self_managed_nodes(groups: Sequence[Any], wanted: Mapping[str, Any]) -> Item:
    """The plan of a cluster's self-managed node groups; see the filter's documentation for its parts.

    ``wanted`` has ``cluster_name``, and what is known by now: ``cluster`` (its description, {} while there is none),
    ``images`` (ids by key), ``roles`` (those of groups with policies of their own, by group), ``subnets`` and
    ``security_groups`` (as the info modules return them).
    """
    cluster = wanted.get("cluster") or {}
    known, problems = groups_of(groups, wanted["cluster_name"], cluster)
    present = [group for group in known if not group.absent]
    security = Security(cluster, wanted.get("security_groups") or [])
    problems += [_problem(group, text) for group in present for text in security.problems(group)]
    types, more = _access(present, wanted.get("roles") or {})
    nodegroups, even_more = _nodegroups(present, wanted, security)
    return {
        "problems": [*problems, *more, *even_more],
        "present": [group.name for group in present],
        "absent": [group.name for group in known if group.absent],
        "images": list({group.image_key: _image(group) for group in present}.values()),
        "roles": [_own_role(group) for group in present if group.get("policies") is not None],
        "zoned_subnets": sorted(
            {one for group in present if group.get("one_group_per_zone") for one in group.get("subnets")}
        ),
        "security_groups": [security.plan(group) for group in present],
        "cluster_security_group": security.cluster_plan(present),
        "access_entries": [{"principal_arn": arn, "type": kind} for arn, kind in types.items()],
        "windows": any(group.windows for group in present),
        "nodegroups": nodegroups,
        "autoscaled": [group.name for group in present if group.for_cluster_autoscaler and group.desired_size is None],
        "sizes": {group.full_name: group.desired_size for group in present},
    }


def _problem(group: Group, text: str) -> str:
    return f"Node group {group.name} of cluster {group.cluster}: {text}."


def _image(group: Group) -> Item:
    """What to ask the lookup flotilla.eks.ami."""
    ami = group.ami
    wish = {
        "version": ami.version,
        "architecture": ami.architecture,
        "variant": ami.variant,
        "os_version": ami.os_version,
        "release": ami.release,
    }
    return {
        "key": group.image_key,
        "term": group.image_id or ami.family,
        "options": {} if group.image_id else {name: value for name, value in wish.items() if value},
    }


def _own_role(group: Group) -> Item:
    return {"group": group.name, "prefix": group.full_name, "policies": group.get("policies")}


def _identity(group: Group, roles: Mapping[str, Any]) -> tuple[str, str]:
    """The role and the instance profile of its nodes; empty ones as long as a role of its own is yet to be made."""
    if group.get("policies") is not None:
        own = roles.get(group.name) or {}
        return str(own.get("role_arn") or ""), str(own.get("instance_profile") or "")
    return str(group.get("role_arn")), str(group.get("instance_profile"))


def _access(groups: Iterable[Group], roles: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """The type of the access entry of each role, and what is wrong: an entry has one type."""
    types: dict[str, str] = {}
    first: dict[str, Group] = {}
    problems = []
    for group in groups:
        arn, _profile = _identity(group, roles)
        kind = _access_type(group)
        if arn and types.setdefault(arn, kind) != kind:
            problems.append(
                _problem(
                    group,
                    f"role_arn: the access entry of {arn} is of type {types[arn]} for group {first[arn].name}, but this"
                    f" one needs {kind}; give it another role, or policies for a role of its own",
                )
            )
        first.setdefault(arn, group)
    return types, problems


def _access_type(group: Group) -> str:
    """https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html; of nodes that are called by their
    instance's id: https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/api/"""
    if group.windows:
        return "EC2_WINDOWS"
    by_id = pick(dict(group.get("node_config", {})), "featureGates.InstanceIdNodeName")
    return "EC2" if by_id else "EC2_LINUX"


def _nodegroups(groups: Iterable[Group], wanted: Mapping[str, Any], security: Security) -> tuple[list[Item], list[str]]:
    """The groups as flotilla.eks.self_managed_nodegroups takes them; none while the cluster is still to be made."""
    cluster = wanted.get("cluster") or {}
    images, roles = wanted.get("images") or {}, wanted.get("roles") or {}
    subnets = wanted.get("subnets")
    zones = {one["subnet_id"]: one["availability_zone"] for one in subnets or []}
    found: list[Item] = []
    problems = []
    for group in groups if cluster.get("endpoint") else ():
        if group.zoned_subnets and subnets is None:
            continue  # until they were looked up
        role_arn, profile = _identity(group, roles)
        facts = Facts(cluster, images.get(group.image_key, ""), profile, role_arn, security.attached(group), zones)
        try:
            found.append(nodegroup(group, facts))
        except GroupError as error:
            problems.append(_problem(group, str(error)))
    return found, problems
