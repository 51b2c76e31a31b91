# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Auto Scaling groups: created, changed, resized, described, deleted."""

from __future__ import annotations

from typing import Any

from .. import durations
from ..errors import ServiceError
from ..operations import Call
from . import load_balancing, observing, tags
from .group_rules import require_free_name, require_served, require_valid
from .hook_rules import new_hook
from .launching import zones_of
from .model import Group
from .purchasing import DEFAULTS as DISTRIBUTION
from .region import ScalingRegion, invalid, stamp
from .requests import group_of, living_group, operation, page
from .transitions import terminate, watch_age
from .warm_pools import described as warm_pool_described

DEFAULTS: dict[str, Any] = {
    "DefaultCooldown": 300,
    "HealthCheckType": "EC2",
    "HealthCheckGracePeriod": 0,
    "TerminationPolicies": ["Default"],
    "NewInstancesProtectedFromScaleIn": False,
    "LoadBalancerNames": [],
    "TargetGroupARNs": [],
    "TrafficSources": [],
    "CapacityRebalance": False,
    "DeletionProtection": "none",
}
"""Service model, CreateAutoScalingGroupType."""
_SOURCES = ("LaunchTemplate", "MixedInstancesPolicy", "LaunchConfigurationName")
_APART = ("AutoScalingGroupName", "Tags", "LifecycleHookSpecificationList", "SkipZonalShiftValidation")
_CLEARED = {"MaxInstanceLifetime": 0, "DefaultInstanceWarmup": -1}
"""The values that take a setting back."""


@operation("CreateAutoScalingGroup")
def create_auto_scaling_group(call: Call) -> dict[str, Any]:
    given = call.parameters
    name = given["AutoScalingGroupName"]
    require_free_name(call.scaling, name)
    require_served(given)
    settings = {**DEFAULTS, "DesiredCapacity": given["MinSize"], **_kept(given)}
    normalize(call.scaling, settings)
    group = Group(name, "", call.scaling.now, settings)
    require_valid(call.scaling, group, given)
    wanted = tags.read(name, given.get("Tags") or [])
    hooks = [new_hook(call.scaling, name, hook) for hook in given.get("LifecycleHookSpecificationList") or ()]
    create(call.scaling, group, wanted, {hook["LifecycleHookName"]: hook for hook in hooks})
    return {}


@operation("UpdateAutoScalingGroup")
def update_auto_scaling_group(call: Call) -> dict[str, Any]:
    """What a request does not mention stays. A size that is out of the new bounds moves into them, if the request does
    not say the size itself (service model, UpdateAutoScalingGroup)."""
    group = living_group(call)
    given = call.parameters
    require_served(given)
    settings = {**group.settings, **_kept(given)}
    for source in _SOURCES:
        if any(other in given for other in _SOURCES if other != source) and source not in given:
            settings.pop(source, None)
    if "MixedInstancesPolicy" in given:
        settings["MixedInstancesPolicy"] = _merged(group.settings.get("MixedInstancesPolicy") or {}, given)
    if "VPCZoneIdentifier" in given and "AvailabilityZones" not in given:
        settings.pop("AvailabilityZones", None)
    if "AvailabilityZones" in given and "VPCZoneIdentifier" not in given:
        settings.pop("VPCZoneIdentifier", None)
    if "DesiredCapacity" not in given:
        within = max(settings["MinSize"], min(group.desired, settings["MaxSize"]))
        settings["DesiredCapacity"] = within
    normalize(call.scaling, settings)
    require_valid(call.scaling, Group(group.name, group.arn, group.created, settings), given)
    before, group.settings = group.settings, settings
    if any(before[size] != settings[size] for size in ("MinSize", "MaxSize", "DesiredCapacity")):
        group.cause = (
            f"At {stamp(call.scaling.now)} a user request update of AutoScalingGroup constraints to min:"
            f" {group.smallest}, max: {group.largest}, desired: {group.desired} changing the desired capacity from"
            f" {before['DesiredCapacity']} to {group.desired}.  "
        )
    for member in group.members:
        watch_age(call.scaling, group, member)
    call.scaling.wake(group)
    return {}


@operation("SetDesiredCapacity")
def set_desired_capacity(call: Call) -> dict[str, Any]:
    group = living_group(call)
    wanted = call.parameters["DesiredCapacity"]
    for beyond, word, bound in (
        (wanted > group.largest, "above max", group.largest),
        (wanted < group.smallest, "below min", group.smallest),
    ):
        if beyond:
            raise invalid(f"New SetDesiredCapacity value {wanted} is {word} value {bound} for the AutoScalingGroup.")
    resize(call.scaling, group, wanted, "a user request explicitly set group desired capacity")
    return {}


@operation("DeleteAutoScalingGroup")
def delete_auto_scaling_group(call: Call) -> dict[str, Any]:
    """Instances and activities in progress are in the way, unless it is forced. Forced, outstanding lifecycle actions
    are deleted as well (service model, DeleteAutoScalingGroup)."""
    group = group_of(call)
    force = call.get("ForceDelete", False)
    protection = group.settings["DeletionProtection"]
    if protection == "prevent-all-deletion" or (force and protection == "prevent-force-deletion"):
        raise invalid(f"AutoScalingGroup '{group.name}' cannot be deleted: its deletion protection is {protection}.")
    staying = [member for member in group.members if not member.leaving]
    if staying and not force:
        raise ServiceError(
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still"
            " in the group.",
        )
    if group.busy and not force:
        raise ServiceError(
            "ScalingActivityInProgress",
            "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.",
        )
    delete(call.scaling, group)
    return {}


@operation("DescribeAutoScalingGroups")
def describe_auto_scaling_groups(call: Call) -> dict[str, Any]:
    names = call.get("AutoScalingGroupNames") or []
    groups = [group for name, group in sorted(call.scaling.groups.items()) if not names or name in names]
    for one in call.get("Filters") or ():
        groups = [group for group in groups if tags.matches(group, one["Name"], one.get("Values") or [])]
    found = page(call, "AutoScalingGroups", groups)
    instances = call.get("IncludeInstances", True)
    found["AutoScalingGroups"] = [described(call.scaling, group, instances) for group in found["AutoScalingGroups"]]
    return found


def create(
    place: ScalingRegion, group: Group, wanted: dict[str, dict[str, Any]], hooks: dict[str, dict[str, Any]]
) -> None:
    """Let a group begin to be, with these tags and lifecycle hooks."""
    group.arn = place.arn("autoScalingGroup", f"autoScalingGroupName/{group.name}")
    group.tags, group.hooks = wanted, hooks
    group.cause = (
        f"At {stamp(place.now)} a user request created an AutoScalingGroup changing the desired capacity from 0 to"
        f" {group.desired}.  "
    )
    place.groups[group.name] = group
    place.wake(group)


def resize(place: ScalingRegion, group: Group, desired: int, why: str) -> None:
    """Give a group another desired capacity; `why` is what the causes of its activities say of it."""
    if desired == group.desired:
        return
    at = stamp(place.now)
    group.cause = f"At {at} {why} changing the desired capacity from {group.desired} to {desired}.  "
    group.settings["DesiredCapacity"] = desired
    place.wake(group)


def delete(place: ScalingRegion, group: Group) -> None:
    """Terminate what is in a group; when all is gone, the group goes as well."""
    group.status = "Delete in progress"
    for member in list(group.members):
        member.wait = None
        if "Wait" in member.state and member.leaving:
            member.state = "InService"
        terminate(place, group, member, f"At {stamp(place.now)} the group was deleted by force.", hooks=False)
    place.after(durations.GROUP_DELETE, lambda: place.wake(group))


def described(place: ScalingRegion, group: Group, instances: bool = True) -> dict[str, Any]:
    """As DescribeAutoScalingGroups shows it."""
    live = [member for member in group.members if not member.warm]
    pool = warm_pool_described(group)
    return {
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        **_identified(place, group.settings),
        "Instances": [member.described() for member in live] if instances else [],
        "CreatedTime": group.created,
        "SuspendedProcesses": [
            {"ProcessName": name, "SuspensionReason": why} for name, why in sorted(group.suspended.items())
        ],
        "EnabledMetrics": observing.shown(group),
        "Status": group.status,
        "Tags": [tag for _key, tag in sorted(group.tags.items())],
        "WarmPoolConfiguration": pool,
        "WarmPoolSize": sum(member.warm for member in group.members) if pool else None,
    }


def _identified(place: ScalingRegion, setting: Any) -> Any:
    """Settings in which launch templates have both their id and their name, whichever of the two was given (service
    model, LaunchTemplateSpecification: a request has either, an answer has both)."""
    if isinstance(setting, list):
        return [_identified(place, one) for one in setting]
    if not isinstance(setting, dict):
        return setting
    reference = {"id": setting.get("LaunchTemplateId"), "name": setting.get("LaunchTemplateName")}
    found = place.aws.launch_template(reference) if any(reference.values()) else None
    names = {"LaunchTemplateId": found.id, "LaunchTemplateName": found.name} if found else {}
    return {**{name: _identified(place, value) for name, value in setting.items()}, **names}


def _kept(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in _APART}


def _merged(before: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """A mixed instances policy over the one before: what it leaves out of either part stays."""
    wanted = given["MixedInstancesPolicy"]
    template = {**before.get("LaunchTemplate", {}), **wanted.get("LaunchTemplate", {})}
    distribution = {**before.get("InstancesDistribution", {}), **wanted.get("InstancesDistribution", {})}
    return {"LaunchTemplate": template, "InstancesDistribution": distribution}


def normalize(place: ScalingRegion, settings: dict[str, Any]) -> None:
    """Fill in what AWS shows beyond what was said, and drop what was taken back."""
    for name, value in _CLEARED.items():
        if settings.get(name) == value:
            del settings[name]
    policy = settings.get("InstanceMaintenancePolicy")
    if policy and set(policy.values()) == {-1}:
        del settings["InstanceMaintenancePolicy"]
    mixed = settings.get("MixedInstancesPolicy")
    if mixed:
        mixed["InstancesDistribution"] = {**DISTRIBUTION, **mixed.get("InstancesDistribution", {})}
    account, partition = place.region.account, place.region.partition
    settings.setdefault(
        "ServiceLinkedRoleARN",
        f"arn:{partition}:iam::{account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
    )
    load_balancing.normalize(settings)
    if settings.get("VPCZoneIdentifier"):
        settings["VPCZoneIdentifier"] = settings["VPCZoneIdentifier"].replace(" ", "")
        given = settings.get("AvailabilityZones")
        settings["AvailabilityZones"] = given or sorted(zones_of(place.aws, Group("", "", place.now, settings)))
