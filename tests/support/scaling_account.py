# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2 and EC2 Auto Scaling with one node group, in memory: the door to AWS by which its plan is carried out.

Answers are as AWS's: completed by what it chooses, and without what says none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.plan import Observed
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling import Live
from ansible_collections.flotilla.eks.plugins.module_utils._shapes import snake

NAME = "auto_scaling_group_name"
TEMPLATE = {"launch_template_id": "lt-1", "launch_template_name": "prod-web"}
CLEARED = {-1, "", "none"}  # what says none in a request, and is not answered
DISTRIBUTION = {"spot_allocation_strategy": "lowest-price", "spot_instance_pools": 2, "on_demand_base_capacity": 0}


class Killed(Exception):
    """The run ended here."""


class Account:
    """Each write changes what ``observed`` tells. A size that AWS would end instances for is an error.

    After ``left`` writes, the run is killed.
    """

    def __init__(self) -> None:
        self.observed = Observed()
        self.left: int | None = None

    def call_of(self, _service: str, operation: str, **params: Any) -> dict[str, Any]:
        if self.left == 0:
            raise Killed
        if self.left is not None:
            self.left -= 1
        given = {name: value for name, value in deepcopy(params).items() if value is not None}
        return getattr(self, snake(operation))(given) or {}

    def listed(self, _service: str, operation: str, _key: str, **members: Any) -> list[dict[str, Any]]:
        assert operation == "DescribeAutoScalingGroups"
        groups = self.observed.groups
        return [groups[name].group for name in members["AutoScalingGroupNames"] if name in groups]

    def create_launch_template(self, params: dict[str, Any]) -> dict[str, Any]:
        (tags,) = params["tag_specifications"]
        template = {**TEMPLATE, "tags": tags["tags"]}
        self.observed = Observed(template, [], {})
        self._version(params, default=True)
        return {"launch_template": {**template, "latest_version_number": 1}}

    def create_launch_template_version(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"launch_template_version": self._version(params, default=False)}

    def _version(self, params: dict[str, Any], default: bool) -> dict[str, Any]:
        numbers = {"version_number": len(self.observed.versions) + 1, "default_version": default}
        version = {**TEMPLATE, **numbers, "launch_template_data": params["launch_template_data"]}
        self.observed = Observed(self.observed.template, [*self.observed.versions, version], self.observed.groups)
        return version

    def modify_launch_template(self, params: dict[str, Any]) -> None:
        for version in self.observed.versions:
            version["default_version"] = str(version["version_number"]) == params["default_version"]

    def create_tags(self, params: dict[str, Any]) -> None:
        assert self.observed.template
        self.observed.template["tags"] = _tagged(self.observed.template["tags"], params["tags"])

    def delete_launch_template(self, params: dict[str, Any]) -> None:
        assert not self.observed.groups
        self.observed = Observed()

    def create_auto_scaling_group(self, params: dict[str, Any]) -> None:
        group = _answered(params)
        hooks = group.pop("lifecycle_hook_specification_list", [])
        group.setdefault("desired_capacity", group["min_size"])
        assert group["min_size"] <= group["desired_capacity"] <= group["max_size"]
        self._put(Live(group, hooks))

    def update_auto_scaling_group(self, params: dict[str, Any]) -> None:
        live = self._live(params)
        group = _answered(params, live.group)
        if "launch_template" in params:
            group.pop("mixed_instances_policy", None)
        if "mixed_instances_policy" in params:
            group.pop("launch_template", None)
        group["desired_capacity"] = max(group["desired_capacity"], group["min_size"])
        assert group["desired_capacity"] <= group["max_size"]
        self._put(Live(group, live.hooks, live.policies))

    def delete_auto_scaling_group(self, params: dict[str, Any]) -> None:
        assert "warm_pool_configuration" not in self._live(params).group
        groups = {name: live for name, live in self.observed.groups.items() if name != params[NAME]}
        self.observed = Observed(self.observed.template, self.observed.versions, groups)

    def attach_load_balancer_target_groups(self, params: dict[str, Any]) -> None:
        group = self._live(params).group
        group["target_group_arns"] = [*group.get("target_group_arns", []), *params["target_group_arns"]]

    def detach_load_balancer_target_groups(self, params: dict[str, Any]) -> None:
        group = self._live(params).group
        gone = params["target_group_arns"]
        assert set(gone) <= set(group["target_group_arns"])
        group["target_group_arns"] = [arn for arn in group["target_group_arns"] if arn not in gone]

    def put_warm_pool(self, params: dict[str, Any]) -> None:
        group = self._live(params).group
        group["warm_pool_configuration"] = _kept({name: value for name, value in params.items() if name != NAME})

    def delete_warm_pool(self, params: dict[str, Any]) -> None:
        del self._live(params).group["warm_pool_configuration"]

    def put_lifecycle_hook(self, params: dict[str, Any]) -> None:
        live, default = self._live(params), {"heartbeat_timeout": 3600, "default_result": "ABANDON"}
        rest = [one for one in live.hooks if one["lifecycle_hook_name"] != params["lifecycle_hook_name"]]
        self._put(Live(live.group, [*rest, default | params], live.policies))

    def delete_lifecycle_hook(self, params: dict[str, Any]) -> None:
        live = self._live(params)
        rest = [one for one in live.hooks if one["lifecycle_hook_name"] != params["lifecycle_hook_name"]]
        self._put(Live(live.group, rest, live.policies))

    def put_scaling_policy(self, params: dict[str, Any]) -> None:
        live = self._live(params)
        rest = [one for one in live.policies if one["policy_name"] != params["policy_name"]]
        self._put(Live(live.group, live.hooks, [*rest, params]))

    def delete_policy(self, params: dict[str, Any]) -> None:
        live = self._live(params)
        rest = [one for one in live.policies if one["policy_name"] != params["policy_name"]]
        self._put(Live(live.group, live.hooks, rest))

    def create_or_update_tags(self, params: dict[str, Any]) -> None:
        for tag in params["tags"]:
            group = self.observed.groups[tag["resource_id"]].group
            group["tags"] = _tagged(group["tags"], [tag])

    def delete_tags(self, params: dict[str, Any]) -> None:
        for gone in params["tags"]:
            group = self.observed.groups[gone["resource_id"]].group
            group["tags"] = [tag for tag in group["tags"] if tag["key"] != gone["key"]]

    def _live(self, params: dict[str, Any]) -> Live:
        return self.observed.groups[params[NAME]]

    def _put(self, live: Live) -> None:
        groups = {**self.observed.groups, live.group[NAME]: live}
        self.observed = Observed(self.observed.template, self.observed.versions, groups)


def _answered(params: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What Describe tells after a request: completed by AWS's own choices."""
    assert params.get("termination_policies") != []
    policy = params.get("mixed_instances_policy") or {}
    distribution = policy.get("instances_distribution") or {}
    if distribution.get("spot_allocation_strategy", "lowest-price") != "lowest-price":
        assert "spot_instance_pools" not in distribution
    specification = (policy.get("launch_template") or {}).get("launch_template_specification")
    for pinned in filter(None, (params.get("launch_template"), specification)):
        assert pinned["launch_template_id"] == "lt-1"
        assert pinned["version"].isdigit()
    told = {name: value for name, value in params.items() if name != "skip_zonal_shift_validation"}
    if policy:
        told["mixed_instances_policy"] = {**policy, "instances_distribution": DISTRIBUTION | distribution}
    whole: dict[str, Any] = _kept({**(before or {}), **told})
    return whole


def _kept(value: Any) -> Any:
    """A value without what says none."""
    if isinstance(value, Mapping):
        return {name: _kept(item) for name, item in value.items() if _says_something(name, item)}
    return value


def _says_something(name: str, value: Any) -> bool:
    return isinstance(value, (Mapping, list)) or not (
        value in CLEARED or (name == "max_instance_lifetime" and not value)
    )


def _tagged(before: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [dict(tag) for tag in {tag["key"]: tag for tag in (*before, *new)}.values()]
