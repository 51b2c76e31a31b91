# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What groups did, and what there is to know of the service itself."""

from __future__ import annotations

from typing import Any

from ..operations import Call
from .balance import TERMINATION_POLICIES
from .requests import group_of, operation, page


@operation("DescribeScalingActivities")
def describe_scaling_activities(call: Call) -> dict[str, Any]:
    """The newest first."""
    name = call.get("AutoScalingGroupName")
    deleted = call.get("IncludeDeletedGroups", False)
    if name and not (deleted and name not in call.scaling.groups):
        group_of(call)
    found = [one for group in call.scaling.groups.values() for one in group.activities if name in (None, group.name)]
    if deleted:
        found += [one for one in call.scaling.gone if name in (None, one.description["AutoScalingGroupName"])]
    wanted = call.get("ActivityIds")
    shown = [one.description for one in reversed(found) if not wanted or one.description["ActivityId"] in wanted]
    shown.sort(key=lambda description: description["StartTime"], reverse=True)
    return page(call, "Activities", shown, 100)


@operation("DescribeTerminationPolicyTypes")
def describe_termination_policy_types(call: Call) -> dict[str, Any]:
    return {"TerminationPolicyTypes": list(TERMINATION_POLICIES)}


@operation("DescribeAdjustmentTypes")
def describe_adjustment_types(call: Call) -> dict[str, Any]:
    names = ("ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity")
    return {"AdjustmentTypes": [{"AdjustmentType": name} for name in names]}


@operation("DescribeAccountLimits")
def describe_account_limits(call: Call) -> dict[str, Any]:
    return {
        "MaxNumberOfAutoScalingGroups": 500,
        "MaxNumberOfLaunchConfigurations": 200,
        "NumberOfAutoScalingGroups": len(call.scaling.groups),
        "NumberOfLaunchConfigurations": len(call.scaling.configurations),
    }


@operation("DescribeScheduledActions")
def describe_scheduled_actions(call: Call) -> dict[str, Any]:
    """Nothing is scheduled here: PutScheduledUpdateGroupAction is not served."""
    return {"ScheduledUpdateGroupActions": []}
