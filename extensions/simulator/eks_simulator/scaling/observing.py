# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics and the notifications of groups: kept, though there is no CloudWatch and no SNS that they could reach."""

from __future__ import annotations

from typing import Any

from ..operations import Call
from .model import Group
from .region import invalid
from .requests import living_group, operation, page

_GRANULARITY = "1Minute"
_STATES = ("InService", "Pending", "Standby", "Terminating", "Total")
_METRICS = (
    *(f"Group{name}" for name in ("MinSize", "MaxSize", "DesiredCapacity")),
    *(f"Group{state}{unit}" for unit in ("Instances", "Capacity") for state in _STATES),
    *(f"WarmPool{name}Capacity" for name in ("Desired", "Warmed", "Pending", "Terminating", "Total")),
    *(f"GroupAndWarmPool{name}Capacity" for name in ("Desired", "Total")),
)
"""Service model, EnableMetricsCollection."""
_EVENTS = tuple(
    f"autoscaling:{name}"
    for name in (
        "EC2_INSTANCE_LAUNCH",
        "EC2_INSTANCE_LAUNCH_ERROR",
        "EC2_INSTANCE_TERMINATE",
        "EC2_INSTANCE_TERMINATE_ERROR",
        "TEST_NOTIFICATION",
    )
)


@operation("EnableMetricsCollection")
def enable_metrics_collection(call: Call) -> dict[str, Any]:
    if call.parameters["Granularity"] != _GRANULARITY:
        raise invalid(f"Granularity must be {_GRANULARITY}, found {call.parameters['Granularity']}")
    living_group(call).metrics |= set(_metrics(call))
    return {}


@operation("DisableMetricsCollection")
def disable_metrics_collection(call: Call) -> dict[str, Any]:
    living_group(call).metrics -= set(_metrics(call))
    return {}


@operation("DescribeMetricCollectionTypes")
def describe_metric_collection_types(call: Call) -> dict[str, Any]:
    return {"Metrics": [{"Metric": name} for name in _METRICS], "Granularities": [{"Granularity": _GRANULARITY}]}


@operation("PutNotificationConfiguration")
def put_notification_configuration(call: Call) -> dict[str, Any]:
    """What a topic was notified of before, it is no longer."""
    kinds = call.parameters["NotificationTypes"]
    unknown = [kind for kind in kinds if kind not in _EVENTS]
    if unknown:
        raise invalid(f"Invalid notification types: {', '.join(unknown)}; valid: {', '.join(_EVENTS)}")
    living_group(call).notifications[call.parameters["TopicARN"]] = list(kinds)
    return {}


@operation("DeleteNotificationConfiguration")
def delete_notification_configuration(call: Call) -> dict[str, Any]:
    if living_group(call).notifications.pop(call.parameters["TopicARN"], None) is None:
        raise invalid(f"Notification Configuration doesn't exist for topic {call.parameters['TopicARN']}")
    return {}


@operation("DescribeNotificationConfigurations")
def describe_notification_configurations(call: Call) -> dict[str, Any]:
    names = call.get("AutoScalingGroupNames")
    found = [
        {"AutoScalingGroupName": name, "TopicARN": topic, "NotificationType": kind}
        for name, group in sorted(call.scaling.groups.items())
        if not names or name in names
        for topic, kinds in group.notifications.items()
        for kind in kinds
    ]
    return page(call, "NotificationConfigurations", found)


@operation("DescribeAutoScalingNotificationTypes")
def describe_notification_types(call: Call) -> dict[str, Any]:
    return {"AutoScalingNotificationTypes": list(_EVENTS)}


def shown(group: Group) -> list[dict[str, str]]:
    """The metrics of a group, as DescribeAutoScalingGroups shows them."""
    return [{"Metric": name, "Granularity": _GRANULARITY} for name in sorted(group.metrics)]


def _metrics(call: Call) -> list[str]:
    """The metrics that a call names; all if it names none."""
    names = call.get("Metrics") or list(_METRICS)
    unknown = [name for name in names if name not in _METRICS]
    if unknown:
        raise invalid(f"Invalid metrics: {', '.join(unknown)}; valid: {', '.join(_METRICS)}")
    return names
