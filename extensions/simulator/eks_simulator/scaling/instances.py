# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instances of groups: terminated, taken out and in, protected, judged."""

from __future__ import annotations

from typing import Any

from .. import durations
from ..operations import Call
from . import load_balancing
from .groups import resize
from .model import Group, Member, Source
from .region import invalid, stamp
from .requests import living_group, members_of, operation, page
from .transitions import forget, terminate


@operation("DescribeAutoScalingInstances")
def describe_auto_scaling_instances(call: Call) -> dict[str, Any]:
    wanted = call.get("InstanceIds") or []
    found = [(group, one) for group, one in call.scaling.members() if not wanted or one.id in wanted]
    shown = []
    for group, member in found:
        described = {**member.described(), "AutoScalingGroupName": group.name}
        described["HealthStatus"] = described["HealthStatus"].upper()  # as this operation alone writes it
        shown.append(described)
    return page(call, "AutoScalingInstances", shown, most=50)


@operation("TerminateInstanceInAutoScalingGroup")
def terminate_instance(call: Call) -> dict[str, Any]:
    """Without decrement the group launches another. One or, by their group's name, up to a hundred."""
    decrement = call.parameters["ShouldDecrementDesiredCapacity"]
    several = call.get("InstanceIds")
    if bool(several) == bool(call.get("InstanceId")):
        raise invalid("Either InstanceId or InstanceIds must be specified, but not both")
    if several and not call.get("AutoScalingGroupName"):
        raise invalid("AutoScalingGroupName is required with InstanceIds")
    pairs = [call.scaling.member(one) for one in several or [call.parameters["InstanceId"]]]
    group = pairs[0][0]
    if any(one is not group for one, _member in pairs) or call.get("AutoScalingGroupName", group.name) != group.name:
        raise invalid(f"The instances are not all part of Auto Scaling group {call.get('AutoScalingGroupName')}.")
    members = [member for _group, member in pairs]
    gone = next((member for member in members if member.leaving), None)
    if gone:
        raise invalid(f"Instance Id not found - No managed instance found for instance ID: {gone.id}")
    weight = sum(member.weight for member in members if not member.warm and member.state != "Standby")
    if decrement and group.desired - weight < group.smallest:
        raise invalid(
            f"Currently, desiredSize equals minSize ({group.smallest}). Terminating instance without replacement will"
            " violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower"
            " group's min size."
        )
    at = stamp(call.scaling.now)
    cause = f"At {at} instance was taken out of service in response to a user request."
    if decrement:
        cause = cause[:-1] + f", shrinking the capacity from {group.desired} to {group.desired - weight}."
        resize(call.scaling, group, group.desired - weight, "a user request terminated an instance,")
    for member in members:
        terminate(call.scaling, group, member, cause)
    call.scaling.wake(group)
    activities = [member.activity.description for member in members if member.activity]
    return {"Activities": activities} if several else {"Activity": activities[0]}


@operation("DetachInstances")
def detach_instances(call: Call) -> dict[str, Any]:
    """They go on running, on their own."""
    group = living_group(call)
    members = members_of(call)
    _require_state(members, ("InService", "Standby", "Warmed:Running", "Warmed:Stopped"))
    _decrement(call, group, members, "detach")
    activities = []
    for member in members:
        member.state = "Detaching"
        activity = call.scaling.begin(group, f"Detaching EC2 instance: {member.id}", _cause(call, "detached"))
        member.activity = activity
        activities.append(activity.description)
        load_balancing.deregister(call.scaling, group, member)
        call.scaling.after(durations.SCALING_REACTION, _detached(call, group, member))
    call.scaling.wake(group)
    return {"Activities": activities}


@operation("AttachInstances")
def attach_instances(call: Call) -> dict[str, Any]:
    """Running instances of the group's zones, which the desired capacity grows by."""
    group = living_group(call)
    ids = call.get("InstanceIds") or []
    instances = [_attachable(call, group, one) for one in ids]
    if group.desired + len(ids) > group.largest:
        raise invalid(
            f"AutoScalingGroup {group.name} has min-size={group.smallest}, max-size={group.largest}, and"
            f" desired-size={group.desired}. To attach {len(ids)} instances, please update the AutoScalingGroup sizes"
            " appropriately."
        )
    for instance in instances:
        subnet = call.scaling.aws.subnet(instance.subnet_id)
        zone_id = subnet.availability_zone_id if subnet else ""
        member = Member(instance, Source(), "InService", instance.availability_zone, zone_id, call.scaling.now)
        member.in_service_since = call.scaling.now
        group.members.append(member)
        instance.add_tags({"aws:autoscaling:groupName": group.name})
        activity = call.scaling.begin(
            group, f"Attaching an existing EC2 instance: {member.id}", _cause(call, "attached")
        )
        activity.end(call.scaling.now)
        load_balancing.register(call.scaling, group, member)
    resize(call.scaling, group, group.desired + len(ids), "a user request attached instances,")
    return {}


@operation("EnterStandby")
def enter_standby(call: Call) -> dict[str, Any]:
    group = living_group(call)
    members = members_of(call)
    _require_state(members, ("InService",))
    _decrement(call, group, members, "place into standby")
    activities = []
    for member in members:
        member.state = "Standby"
        load_balancing.deregister(call.scaling, group, member)
        activity = call.scaling.begin(
            group, f"Moving EC2 instance to Standby: {member.id}", _cause(call, "moved to standby")
        )
        activity.end(call.scaling.now)
        activities.append(activity.description)
    call.scaling.wake(group)
    return {"Activities": activities}


@operation("ExitStandby")
def exit_standby(call: Call) -> dict[str, Any]:
    """The desired capacity grows by what comes back into service."""
    group = living_group(call)
    members = members_of(call)
    _require_state(members, ("Standby",))
    wanted = group.desired + sum(member.weight for member in members)
    if wanted > group.largest:
        raise invalid(
            f"AutoScalingGroup {group.name} has min-size={group.smallest}, max-size={group.largest}, and"
            f" desired-size={group.desired}. To move out of standby {len(members)} instances, please update the"
            " AutoScalingGroup sizes appropriately."
        )
    resize(call.scaling, group, wanted, "a user request moved instances out of standby,")
    activities = []
    for member in members:
        member.state = "InService"
        load_balancing.register(call.scaling, group, member)
        activity = call.scaling.begin(
            group, f"Moving EC2 instance out of Standby: {member.id}", _cause(call, "moved out of standby")
        )
        activity.end(call.scaling.now)
        activities.append(activity.description)
    return {"Activities": activities}


@operation("SetInstanceProtection")
def set_instance_protection(call: Call) -> dict[str, Any]:
    members = members_of(call)
    for member in members:
        member.protected = call.parameters["ProtectedFromScaleIn"]
    return {}


@operation("SetInstanceHealth")
def set_instance_health(call: Call) -> dict[str, Any]:
    """Within the grace period of a new instance nothing is said of it, unless the call wants it so."""
    group, member = call.scaling.member(call.parameters["InstanceId"])
    status = call.parameters["HealthStatus"].capitalize()
    if status not in ("Healthy", "Unhealthy"):
        raise invalid(f"HealthStatus must be Healthy or Unhealthy, found {call.parameters['HealthStatus']}")
    age = (call.scaling.now - (member.in_service_since or call.scaling.now)).total_seconds()
    if call.get("ShouldRespectGracePeriod", True) and age < group.settings["HealthCheckGracePeriod"]:
        return {}
    member.healthy = status == "Healthy"
    call.scaling.wake(group)
    return {}


def _detached(call: Call, group: Group, member: Member) -> Any:
    def end() -> None:
        forget(call.scaling, group, member)
        call.scaling.aws.ec2.tags.get(member.id, {}).pop("aws:autoscaling:groupName", None)

    return end


def _attachable(call: Call, group: Group, instance_id: str) -> Any:
    instance = call.scaling.aws.instance(instance_id)
    if instance is None or not instance.is_running():
        raise invalid(f"Invalid Instance ID(s): [{instance_id}]. Instances must exist and be running to be attached.")
    if any(member.id == instance_id for _group, member in call.scaling.members()):
        raise invalid(f"Instance {instance_id} is already part of an Auto Scaling group.")
    if instance.availability_zone not in group.settings["AvailabilityZones"]:
        raise invalid(f"The Availability Zone of instance {instance_id} is none of Auto Scaling group {group.name}.")
    return instance


def _require_state(members: list[Member], states: tuple[str, ...]) -> None:
    for member in members:
        if member.state not in states:
            raise invalid(f"The instance {member.id} is not in {' or '.join(states)}.")


def _decrement(call: Call, group: Group, members: list[Member], doing: str) -> None:
    """Lower the desired capacity by what of it goes, if the call wants that, within the minimum."""
    going = [member for member in members if member.counts]
    if not call.parameters["ShouldDecrementDesiredCapacity"] or not going:
        return
    wanted = group.desired - sum(member.weight for member in going)
    if wanted < group.smallest:
        raise invalid(
            f"AutoScalingGroup {group.name} has min-size={group.smallest}, max-size={group.largest}, and"
            f" desired-size={group.desired}. To {doing} {len(going)} instance{'s' if len(going) > 1 else ''}, please"
            " update the AutoScalingGroup sizes appropriately."
        )
    resize(call.scaling, group, wanted, f"a user request asked to {doing} instances,")


def _cause(call: Call, done: str) -> str:
    return f"At {stamp(call.scaling.now)} instance was {done} in response to a user request."
