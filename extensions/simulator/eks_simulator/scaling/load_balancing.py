# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The target groups behind a group: its instances are registered with them while they are in service.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-load-balancer.html. Target groups are moto's; of other
traffic sources the simulator has none, so they do not exist.
"""

from __future__ import annotations

from typing import Any

from ..moto_setup import moto_backend
from ..operations import Call
from .model import Group, Member
from .region import ScalingRegion, invalid
from .requests import group_of, living_group, operation, page

_TARGET_GROUP = "elbv2"


def normalize(settings: dict[str, Any]) -> None:
    """Target groups and traffic sources of their kind are the same thing, shown twice."""
    arns = list(settings.get("TargetGroupARNs") or [])
    for source in settings.get("TrafficSources") or ():
        if source.get("Type", _TARGET_GROUP) == _TARGET_GROUP and source["Identifier"] not in arns:
            arns.append(source["Identifier"])
    others = [one for one in settings.get("TrafficSources") or () if one.get("Type", _TARGET_GROUP) != _TARGET_GROUP]
    settings["TargetGroupARNs"] = arns
    settings["TrafficSources"] = others + [{"Identifier": arn, "Type": _TARGET_GROUP} for arn in arns]


def require_known(place: ScalingRegion, settings: dict[str, Any]) -> None:
    """Raises ValidationError (AWS's wording) for a load balancer or target group that does not exist."""
    if settings.get("LoadBalancerNames"):
        raise invalid("Provided Load Balancers may not be valid. Please ensure they exist and try again.")
    known = _balancing(place).target_groups if settings.get("TrafficSources") else {}
    if any(source["Identifier"] not in known for source in settings.get("TrafficSources") or ()):
        raise invalid("Provided Target Groups may not be valid. Please ensure they exist and try again.")


def register(place: ScalingRegion, group: Group, member: Member) -> None:
    if group.runs("AddToLoadBalancer"):
        for arn in _existing(place, group):
            _balancing(place).register_targets(arn, [{"Id": member.id}])


def deregister(place: ScalingRegion, group: Group, member: Member) -> None:
    for arn in _existing(place, group):
        if member.id in _balancing(place).target_groups[arn].targets:
            _balancing(place).deregister_targets(arn, [{"Id": member.id}])


@operation("AttachLoadBalancerTargetGroups")
def attach(call: Call) -> dict[str, Any]:
    _change(call, [*living_group(call).settings["TargetGroupARNs"], *call.parameters["TargetGroupARNs"]])
    return {}


@operation("DetachLoadBalancerTargetGroups")
def detach(call: Call) -> dict[str, Any]:
    gone = call.parameters["TargetGroupARNs"]
    present = living_group(call).settings["TargetGroupARNs"]
    if any(arn not in present for arn in gone):
        raise invalid("Trying to remove Target Groups that are not part of the group.")
    for member in living_group(call).members:
        deregister(call.scaling, living_group(call), member)
    _change(call, [arn for arn in present if arn not in gone])
    return {}


@operation("DescribeLoadBalancerTargetGroups")
def describe(call: Call) -> dict[str, Any]:
    arns = group_of(call).settings["TargetGroupARNs"]
    return page(call, "LoadBalancerTargetGroups", [_state("LoadBalancerTargetGroupARN", arn) for arn in arns], 100)


@operation("DescribeLoadBalancers")
def describe_load_balancers(call: Call) -> dict[str, Any]:
    group_of(call)
    return {"LoadBalancers": []}


@operation("DescribeTrafficSources")
def describe_traffic_sources(call: Call) -> dict[str, Any]:
    arns = group_of(call).settings["TargetGroupARNs"]
    return page(call, "TrafficSources", [{**_state("Identifier", arn), "Type": _TARGET_GROUP} for arn in arns])


def _state(name: str, arn: str) -> dict[str, str]:
    return {name: arn, "State": "InService"}


def _change(call: Call, arns: list[str]) -> None:
    group = living_group(call)
    settings = {**group.settings, "TargetGroupARNs": list(dict.fromkeys(arns)), "TrafficSources": []}
    normalize(settings)
    require_known(call.scaling, settings)
    group.settings = settings
    for member in group.members:
        if member.state == "InService":
            register(call.scaling, group, member)


def _existing(place: ScalingRegion, group: Group) -> list[str]:
    arns = group.settings["TargetGroupARNs"]
    return [arn for arn in arns if arn in _balancing(place).target_groups] if arns else []


def _balancing(place: ScalingRegion) -> Any:
    return moto_backend("elbv2")[place.region.account][place.region.name]
