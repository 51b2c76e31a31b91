# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StartInstanceRefresh, DescribeInstanceRefreshes, CancelInstanceRefresh, RollbackInstanceRefresh.

Service model of these operations and of RefreshPreferences;
https://docs.aws.amazon.com/autoscaling/ec2/userguide/understand-instance-refresh-default-values.html.
"""

from __future__ import annotations

import uuid
from typing import Any

from .. import durations
from ..errors import ServiceError
from ..operations import Call
from .group_rules import require_served, require_source
from .model import Group
from .purchasing import DEFAULTS as DISTRIBUTION
from .refreshing import Refresh, begin, roll_back, running
from .region import invalid
from .requests import group_of, living_group, operation, page

_DEFAULTS = {
    "MinHealthyPercentage": 90,
    "MaxHealthyPercentage": 100,
    "SkipMatching": False,
    "ScaleInProtectedInstances": "Wait",
    "StandbyInstances": "Wait",
}
_CHECKPOINT_DELAY = 3600


@operation("StartInstanceRefresh")
def start_instance_refresh(call: Call) -> dict[str, Any]:
    group = living_group(call)
    if running(group):
        raise ServiceError(
            "InstanceRefreshInProgress",
            "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.",
        )
    if call.get("Strategy", "Rolling") != "Rolling":
        raise invalid(f"The simulator does not serve instance refreshes of the strategy {call.get('Strategy')}.")
    desired = _desired(call, group)
    preferences = _preferences(group, call.get("Preferences") or {}, desired)
    description = {
        "InstanceRefreshId": str(uuid.uuid4()),
        "AutoScalingGroupName": group.name,
        "Status": "Pending",
        "StartTime": call.now,
        "PercentageComplete": 0,
        "InstancesToUpdate": sum(member.counts for member in group.members),
        "Preferences": preferences,
        "DesiredConfiguration": desired or None,
        "Strategy": "Rolling",
    }
    refresh = Refresh(description, desired, call.now, checkpoints=list(preferences.get("CheckpointPercentages") or ()))
    group.refreshes.append(refresh)
    group.overlay = desired

    def start() -> None:
        if refresh.status == "Pending":
            begin(call.scaling, group, refresh)

    call.scaling.after(durations.SCALING_REACTION, start)
    return {"InstanceRefreshId": description["InstanceRefreshId"]}


@operation("DescribeInstanceRefreshes")
def describe_instance_refreshes(call: Call) -> dict[str, Any]:
    """The newest first."""
    wanted = call.get("InstanceRefreshIds")
    shown = [refresh.description for refresh in reversed(group_of(call).refreshes)]
    found = [one for one in shown if not wanted or one["InstanceRefreshId"] in wanted]
    return page(call, "InstanceRefreshes", found)


@operation("CancelInstanceRefresh")
def cancel_instance_refresh(call: Call) -> dict[str, Any]:
    """What has been replaced stays replaced."""
    group, refresh = _active(call)
    refresh.description["Status"] = "Cancelling"
    group.surge = 0
    call.scaling.wake(group)
    return {"InstanceRefreshId": refresh.description["InstanceRefreshId"]}


@operation("RollbackInstanceRefresh")
def rollback_instance_refresh(call: Call) -> dict[str, Any]:
    """Only of a refresh that was to make something else of the group, which is known by number
    (user guide, instance-refresh-rollback.html)."""
    group, refresh = _active(call)
    if not _reversible(group, refresh.desired):
        raise ServiceError(
            "IrreversibleInstanceRefresh",
            "The instance refresh can't be rolled back: it has no desired configuration, or the group's launch template"
            " is named by $Latest or $Default.",
        )
    roll_back(call.scaling, group, refresh, "A user rolled the instance refresh back.")
    return {"InstanceRefreshId": refresh.description["InstanceRefreshId"]}


def _active(call: Call) -> tuple[Group, Refresh]:
    group = living_group(call)
    refresh = running(group)
    if refresh is None or refresh.status in ("Cancelling", "RollbackInProgress"):
        raise ServiceError(
            "ActiveInstanceRefreshNotFound",
            f"No in progress or pending Instance Refresh found for Auto Scaling group {group.name}",
        )
    return group, refresh


def _desired(call: Call, group: Group) -> dict[str, Any]:
    """What the refresh is to make of the group, checked as if it was that already; {} if nothing else."""
    desired: dict[str, Any] = call.get("DesiredConfiguration") or {}
    if not desired:
        return {}
    if len(desired) > 1:
        raise invalid("DesiredConfiguration must have either LaunchTemplate or MixedInstancesPolicy")
    require_served(desired)
    policy = desired.get("MixedInstancesPolicy")
    if policy:
        policy["InstancesDistribution"] = {**DISTRIBUTION, **policy.get("InstancesDistribution", {})}
    future = Group(group.name, group.arn, group.created, group.settings, overlay=desired)
    require_source(call.scaling, future)
    return desired


def _preferences(group: Group, given: dict[str, Any], desired: dict[str, Any]) -> dict[str, Any]:
    """The preferences with their defaults, some of which are the group's. Raises ValidationError."""
    if "AlarmSpecification" in given:
        raise invalid("The simulator does not serve AlarmSpecification of instance refreshes.")
    warmup = group.settings.get("DefaultInstanceWarmup", group.settings["HealthCheckGracePeriod"])
    policy = group.settings.get("InstanceMaintenancePolicy") or {}
    found = {**_DEFAULTS, "InstanceWarmup": warmup, **policy, **given}
    least, most = found["MinHealthyPercentage"], found["MaxHealthyPercentage"]
    if most - least > 100:
        raise invalid(
            f"The difference between MinHealthyPercentage and MaxHealthyPercentage must be at most 100: {least}, {most}"
        )
    checkpoints = found.get("CheckpointPercentages")
    if checkpoints:
        if sorted(set(checkpoints)) != checkpoints:
            raise invalid("CheckpointPercentages must be unique and in ascending order")
        found.setdefault("CheckpointDelay", _CHECKPOINT_DELAY)
    elif "CheckpointDelay" in found:
        raise invalid("CheckpointDelay needs CheckpointPercentages")
    if found.get("AutoRollback") and not _reversible(group, desired):
        raise invalid("AutoRollback needs a DesiredConfiguration, and launch templates that are named by number")
    return found


def _reversible(group: Group, desired: dict[str, Any]) -> bool:
    reference = group.settings.get("LaunchTemplate") or {}
    policy = group.settings.get("MixedInstancesPolicy") or {}
    reference = reference or policy.get("LaunchTemplate", {}).get("LaunchTemplateSpecification", {})
    return bool(desired) and str(reference.get("Version", "$Default")).isdigit()
