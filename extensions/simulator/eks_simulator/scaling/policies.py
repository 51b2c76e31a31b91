# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scaling policies: checked and kept. No metrics come, so none of them ever scales.

Service model, PutScalingPolicy; https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html.
"""

from __future__ import annotations

from typing import Any

from ..operations import Call
from .model import Group
from .region import invalid
from .requests import group_of, living_group, operation, page

_TARGET_TRACKING = "TargetTrackingScaling"
_BY_LOAD_BALANCER = "ALBRequestCountPerTarget"


@operation("PutScalingPolicy")
def put_scaling_policy(call: Call) -> dict[str, Any]:
    group = living_group(call)
    given = call.parameters
    kind = given.get("PolicyType", "SimpleScaling")
    if kind != _TARGET_TRACKING:
        raise invalid(f"The simulator does not serve policies of the type {kind}, only {_TARGET_TRACKING}.")
    strange = [name for name in ("AdjustmentType", "ScalingAdjustment", "StepAdjustments", "Cooldown") if name in given]
    if strange:
        raise invalid(f"{', '.join(strange)} cannot be specified for policies of the type {kind}")
    _require_target(given.get("TargetTrackingConfiguration") or {})
    name = given["PolicyName"]
    arn = group.policies.get(name, {}).get("PolicyARN") or call.scaling.arn(
        "scalingPolicy", f"autoScalingGroupName/{group.name}:policyName/{name}"
    )
    settings = {"DisableScaleIn": False, **given["TargetTrackingConfiguration"]}
    kept = {"Enabled": True, **given, "PolicyType": kind, "TargetTrackingConfiguration": settings}
    group.policies[name] = {**kept, "PolicyARN": arn, "StepAdjustments": [], "Alarms": _alarms(call, group, name)}
    return {"PolicyARN": arn, "Alarms": group.policies[name]["Alarms"]}


@operation("DescribePolicies")
def describe_policies(call: Call) -> dict[str, Any]:
    name, names, types = call.get("AutoScalingGroupName"), call.get("PolicyNames"), call.get("PolicyTypes")
    groups = [group_of(call)] if name else list(call.scaling.groups.values())
    found = [policy for group in groups for _key, policy in sorted(group.policies.items())]
    if names:
        found = [one for one in found if one["PolicyName"] in names or one["PolicyARN"] in names]
    if types:
        found = [one for one in found if one["PolicyType"] in types]
    return page(call, "ScalingPolicies", found)


@operation("DeletePolicy")
def delete_policy(call: Call) -> dict[str, Any]:
    wanted, name = call.parameters["PolicyName"], call.get("AutoScalingGroupName")
    for group in [living_group(call)] if name else list(call.scaling.groups.values()):
        for key, policy in list(group.policies.items()):
            if wanted in (key if name else "", policy["PolicyARN"]):
                del group.policies[key]
                return {}
    raise invalid(f"Scaling Policy '{wanted}' not found")


def _require_target(configuration: dict[str, Any]) -> None:
    """One metric, and a target for it."""
    predefined, own = (configuration.get(f"{kind}MetricSpecification") for kind in ("Predefined", "Customized"))
    if bool(predefined) == bool(own):
        raise invalid("TargetTrackingConfiguration needs either a predefined or a customized metric")
    if configuration["TargetValue"] <= 0:
        raise invalid(f"TargetValue must be greater than 0, found {configuration['TargetValue']}")
    by_balancer = (predefined or {}).get("PredefinedMetricType") == _BY_LOAD_BALANCER
    if predefined and by_balancer != bool(predefined.get("ResourceLabel")):
        raise invalid(f"ResourceLabel is needed for the metric {_BY_LOAD_BALANCER}, and for no other")
    if own and not own.get("Metrics") and not (own.get("MetricName") and own.get("Namespace") and own.get("Statistic")):
        raise invalid("A customized metric needs MetricName, Namespace and Statistic, or Metrics")


def _alarms(call: Call, group: Group, name: str) -> list[dict[str, str]]:
    """The alarms that Auto Scaling makes for a policy, by name: there is no CloudWatch here."""
    place = call.scaling.region
    names = [f"TargetTracking-{group.name}-Alarm{end}-{name}" for end in ("High", "Low")]
    arn = f"arn:{place.partition}:cloudwatch:{place.name}:{place.account}:alarm:"
    return [{"AlarmName": one, "AlarmARN": arn + one} for one in names]
