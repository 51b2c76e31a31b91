# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user says of self-managed node groups, checked against botocore's models of EC2 and Auto Scaling.

So whatever member these take is an option, and nothing here lists them. Values are in options' spelling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._documents import text_of
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import RESERVED_TAGS, Refused
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.launch_data import (
    USER_DATA,
    USER_DATA_LIMIT,
    stored,
)
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import (
    NODEGROUP_TAG,
    ROLL_TAG,
    owner,
)
from ansible_collections.flotilla.eks.plugins.module_utils._validate import Validator

Shapes = Callable[[str, str], Any]  # (service, operation) -> the shape of its request

GROUP_SPEC: Values = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "launch_template": {"type": "dict"},
    "scaling_groups": {"type": "list", "elements": "dict"},
    "tags": {"type": "dict"},
}
SCALING_GROUP_SPEC: Values = {
    "name": {"type": "str"},
    "subnets": {"type": "list", "elements": "str"},
    "warm_pool": {"type": "raw"},
    "lifecycle_hooks": {"type": "list", "elements": "raw"},
    "scaling_policies": {"type": "list", "elements": "raw"},
    "tags": {"type": "dict"},
    "group_tags": {"type": "dict"},
    "purge_tags": {"type": "bool", "default": False},
}
# Members of CreateAutoScalingGroup that are said otherwise, or that no node group can have: a node lives in a VPC.
NOT_OF_A_SCALING_GROUP = {
    "auto_scaling_group_name",
    "availability_zones",
    "availability_zone_ids",
    "context",
    "instance_id",
    "launch_configuration_name",
    "launch_template",
    "lifecycle_hook_specification_list",
    "operator",
    "tags",
    "vpc_zone_identifier",
}
NAME, HOOK, POLICY = "auto_scaling_group_name", "lifecycle_hook_name", "policy_name"
TEMPLATE_NAME_LENGTH = (3, 128)  # service model of ec2, LaunchTemplateName
SCALING_GROUP_NAME_LENGTH = (1, 255)  # service model of autoscaling


@dataclass(frozen=True)
class ScalingGroup:
    """An Auto Scaling group as it shall be. What is None, or not in ``settings``, is left alone."""

    name: str
    settings: Values = field(default_factory=dict)  # members of CreateAutoScalingGroup, and ``subnets``
    warm_pool: Values | None = None
    hooks: Sequence[Values] | None = None
    policies: Sequence[Values] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)  # handed on to instances
    group_tags: Mapping[str, str] = field(default_factory=dict)
    purge_tags: bool = False


@dataclass(frozen=True)
class Nodegroup:
    """A node group as it shall be. ``data`` is what its launch template shall hold, as EC2 stores it."""

    cluster: str
    name: str
    data: Values | None = None
    scaling_groups: Sequence[ScalingGroup] = ()
    tags: Mapping[str, str] = field(default_factory=dict)  # of the launch template
    absent: bool = False

    @property
    def full_name(self) -> str:
        """The name of its launch template, and of its scaling group if there is but one."""
        return full_name(self.cluster, self.name)

    @property
    def owner(self) -> dict[str, str]:
        return owner(self.cluster, self.name)


def full_name(cluster: str, nodegroup: str) -> str:
    return f"{cluster}-{nodegroup}"


def wanted(cluster: str, groups: Sequence[Any], shapes: Shapes) -> list[Nodegroup]:
    """What the option ``groups`` says. Raises Refused with all that is wrong, each with its place."""
    validator = Validator()
    found = [_nodegroup(cluster, given, f"groups[{index}]", validator, shapes) for index, given in enumerate(groups)]
    _refuse_twins(validator, [(f"groups[{index}].name", one.name) for index, one in enumerate(found)])
    named = [
        (f"groups[{index}].scaling_groups[{place}].name", one.name)
        for index, group in enumerate(found)
        for place, one in enumerate(group.scaling_groups)
    ]
    _refuse_twins(validator, named)
    if validator.problems:
        raise Refused(f"self-managed node groups of cluster {cluster}: " + "; ".join(validator.problems))
    return found


def _refuse_twins(validator: Validator, named: Sequence[tuple[str, str]]) -> None:
    first: dict[str, str] = {}
    for place, name in named:
        if name in first:
            validator.problems.append(f"{place}: {name!r} is listed twice, first as {first[name]}")
        first.setdefault(name, place)


def _nodegroup(cluster: str, given: Any, place: str, validator: Validator, shapes: Shapes) -> Nodegroup:
    values = validator.structure(GROUP_SPEC, given, place)
    name = values.get("name") or ""
    own = full_name(cluster, name)
    _check_length(validator, f"{place}.name", own, TEMPLATE_NAME_LENGTH)
    data = values.get("launch_template")
    scaling_groups = values.get("scaling_groups") or []
    return Nodegroup(
        cluster,
        name,
        None if data is None else _data(data, f"{place}.launch_template", validator, shapes),
        [
            _scaling_group(cluster, name, one, f"{place}.scaling_groups[{index}]", validator, shapes)
            for index, one in enumerate(scaling_groups)
        ],
        {"Name": own, **_tags(values.get("tags"), f"{place}.tags", validator), **owner(cluster, name)},
        absent=values.get("state") == "absent",
    )


def _data(given: Any, place: str, validator: Validator, shapes: Shapes) -> Values:
    """The data of a launch template as EC2 stores them. What is wrong with user data is told without showing them."""
    user_data = given.get(USER_DATA) if isinstance(given, Mapping) else None
    rest = given if user_data is None else {name: value for name, value in given.items() if name != USER_DATA}
    shape = shapes("ec2", "CreateLaunchTemplateVersion").members["LaunchTemplateData"]
    data: Values = validator.shaped(shape, rest, place)
    if data.get("network_interfaces") and (data.get("security_group_ids") or data.get("security_groups")):
        validator.problems.append(
            f"{place}: found network_interfaces and security groups; with network interfaces, security groups are the "
            "groups of each interface"
        )
    if user_data is None:
        return data
    if not isinstance(user_data, str):
        validator.problems.append(f"{place}.{USER_DATA}: found a {type(user_data).__name__}, wanted a text")
        return data
    if len(user_data.encode()) > USER_DATA_LIMIT:
        validator.problems.append(
            f"{place}.{USER_DATA}: found {len(user_data.encode())} bytes, wanted {USER_DATA_LIMIT} at most"
        )
    return stored({**data, USER_DATA: user_data})


def _scaling_group(
    cluster: str, nodegroup: str, given: Any, place: str, validator: Validator, shapes: Shapes
) -> ScalingGroup:
    if not isinstance(given, Mapping):
        validator.problems.append(f"{place}: found {given!r}, wanted a dictionary of options")
        return ScalingGroup("")
    shape = shapes("autoscaling", "CreateAutoScalingGroup")
    own = {name: value for name, value in given.items() if name in SCALING_GROUP_SPEC}
    values = validator.structure(SCALING_GROUP_SPEC, own, place)
    settings = validator.members(shape, given, place, NOT_OF_A_SCALING_GROUP, SCALING_GROUP_SPEC, optional=True)
    if values["subnets"] is not None:
        settings["subnets"] = values["subnets"]
    name = full_name(cluster, nodegroup) if values["name"] is None else values["name"]
    _check_length(validator, f"{place}.name", name, SCALING_GROUP_NAME_LENGTH)
    _check_settings(settings, place, validator)
    tags = _tags(values["tags"], f"{place}.tags", validator)
    return ScalingGroup(
        name,
        settings,
        _warm_pool(values["warm_pool"], f"{place}.warm_pool", validator, shapes),
        _hooks(values["lifecycle_hooks"], f"{place}.lifecycle_hooks", validator, shape),
        _policies(values["scaling_policies"], f"{place}.scaling_policies", validator, shapes),
        {
            "Name": full_name(cluster, nodegroup),
            **tags,
            f"kubernetes.io/cluster/{cluster}": "owned",
            **owner(cluster, nodegroup),
        },
        _tags(values["group_tags"], f"{place}.group_tags", validator, set(tags) | {NODEGROUP_TAG}),
        values["purge_tags"],
    )


def _warm_pool(given: Any, place: str, validator: Validator, shapes: Shapes) -> Values | None:
    return None if given is None else validator.members(shapes("autoscaling", "PutWarmPool"), given, place, {NAME})


def _hooks(given: Any, place: str, validator: Validator, shape: Any) -> list[Values] | None:
    if given is None:
        return None
    hooks: list[Values] = validator.shaped(shape.members["LifecycleHookSpecificationList"], given, place)
    _refuse_twins(validator, _places(place, HOOK, hooks))
    return hooks


def _policies(given: Any, place: str, validator: Validator, shapes: Shapes) -> list[Values] | None:
    if given is None:
        return None
    shape = shapes("autoscaling", "PutScalingPolicy")
    policies = [
        {"policy_type": "TargetTrackingScaling", **validator.members(shape, one, f"{place}[{index}]", {NAME})}
        for index, one in enumerate(given)
    ]
    _refuse_twins(validator, _places(place, POLICY, policies))
    return policies


def _places(place: str, key: str, entries: Sequence[Values]) -> list[tuple[str, str]]:
    return [(f"{place}[{index}].{key}", one[key]) for index, one in enumerate(entries) if one.get(key)]


def _check_settings(settings: Values, place: str, validator: Validator) -> None:
    policy = settings.get("mixed_instances_policy") or {}
    if (policy.get("launch_template") or {}).get("launch_template_specification"):
        validator.problems.append(
            f"{place}.mixed_instances_policy.launch_template.launch_template_specification: it is the node group's own "
            "launch template; leave it out"
        )
    others = [name for name in ("target_group_arns", "load_balancer_names") if settings.get(name)]
    if settings.get("traffic_sources") and others:
        validator.problems.append(
            f"{place}: found traffic_sources and {others[0]}, which are two names of one thing; give one of them"
        )


def _check_length(validator: Validator, place: str, name: str, bounds: tuple[int, int]) -> None:
    least, most = bounds
    if not least <= len(name) <= most:
        validator.problems.append(f"{place}: {name!r} has {len(name)} characters, wanted {least} to {most}")


def _tags(
    given: Mapping[str, Any] | None, place: str, validator: Validator, taken: set[str] | None = None
) -> dict[str, str]:
    tags = {str(key): text_of(value) for key, value in (given or {}).items()}
    for key in tags:
        if key.startswith(RESERVED_TAGS):
            validator.problems.append(f"{place}: the key {key!r} has a prefix that belongs to AWS; remove it")
        if key == ROLL_TAG:
            validator.problems.append(f"{place}: the key {key!r} belongs to flotilla.eks.roll; remove it")
        if key in (taken or ()):
            validator.problems.append(f"{place}: the key {key!r} is among tags too; name it once")
    return tags
