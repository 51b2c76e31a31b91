# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How instances come into their group, leave it, and pass through its warm pool.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html, and for warm pools
https://docs.aws.amazon.com/autoscaling/ec2/userguide/warm-pool-instance-lifecycle.html.
"""

from __future__ import annotations

from collections.abc import Callable

from .. import durations
from . import load_balancing
from .launching import launch
from .machines import LaunchFailure
from .model import LAUNCHING, TERMINATING, Group, Member
from .region import ScalingRegion, stamp
from .waiting import ABANDON, wait

_ABANDONED = "Lifecycle Action with result ABANDON was received."


def begin_launch(place: ScalingRegion, group: Group, zone: str, cause: str) -> Member:
    """Launch an instance into a zone; it is in service when it runs and its hooks are through. Raises LaunchFailure."""
    member = launch(place, group, zone, "Pending")
    member.activity = place.begin(group, f"Launching a new EC2 instance: {member.id}", cause, member.instance)
    _soon(place, group, member, durations.SCALING_LAUNCH, lambda: _await_hooks(place, group, member))
    return member


def begin_warming(place: ScalingRegion, group: Group, zone: str, cause: str) -> Member:
    """Launch an instance into the warm pool. Raises LaunchFailure."""
    member = launch(place, group, zone, "Warmed:Pending")
    text = f"Launching a new EC2 instance into warm pool: {member.id}"
    member.activity = place.begin(group, text, cause, member.instance)

    def decide(result: str) -> None:
        if result == ABANDON:
            terminate(place, group, member, _ABANDONED, hooks=False)
        else:
            member.state = "Warmed:Pending:Proceed"
            rest(place, group, member)

    _soon(
        place,
        group,
        member,
        durations.SCALING_LAUNCH,
        lambda: wait(place, group, member, LAUNCHING, "Warmed:Pending:Wait", decide),
    )
    return member


def record_failure(place: ScalingRegion, group: Group, failure: LaunchFailure, cause: str) -> None:
    """Leave an activity that says why an instance could not be launched (user guide, ts-as-instancelaunchfailure)."""
    reason = f"{failure.message.rstrip('.')}. Launching EC2 instance failed."
    activity = place.begin(group, f"Launching a new EC2 instance.  Status Reason: {reason}", cause)
    activity.end(place.now, "Failed", reason[:255])


def begin_use(place: ScalingRegion, group: Group, member: Member, cause: str) -> None:
    """Take an instance out of the warm pool into service."""
    stopped = not member.instance.is_running()
    member.state = "Pending"
    member.since = place.now
    member.activity = place.begin(
        group, f"Launching a new EC2 instance from warm pool: {member.id}", cause, member.instance
    )
    if stopped:
        member.instance.start()
    seconds = durations.WARM_START if stopped else durations.SCALING_REACTION
    _soon(place, group, member, seconds, lambda: _await_hooks(place, group, member))


def rest(place: ScalingRegion, group: Group, member: Member) -> None:
    """Bring an instance that runs to the state in which the warm pool keeps its instances."""

    def settle() -> None:
        state = (group.warm_pool or {}).get("PoolState", "Stopped")
        if state != "Running":
            member.instance.stop()
            place.look()
        member.state = f"Warmed:{state}"
        if member.activity:
            member.activity.end(place.now)
        place.wake(group)

    _soon(place, group, member, durations.WARM_STOP, settle)


def enter_service(place: ScalingRegion, group: Group, member: Member) -> None:
    member.state = "InService"
    member.in_service_since = place.now
    load_balancing.register(place, group, member)
    if member.activity:
        member.activity.end(place.now)
    watch_age(place, group, member)
    place.wake(group)


def watch_age(place: ScalingRegion, group: Group, member: Member) -> None:
    """Let the group see what to do when an instance has reached the greatest age that the group allows."""
    lifetime = group.settings.get("MaxInstanceLifetime")
    if lifetime:
        age = (place.now - member.since).total_seconds()
        place.after(max(0, lifetime - age), lambda: place.wake(group))


def terminate(
    place: ScalingRegion, group: Group, member: Member, cause: str, hooks: bool = True, pool: bool = False
) -> None:
    """Terminate an instance, when its hooks are through; or give it back to the warm pool that takes instances back."""
    if member.leaving:
        return
    warm = member.warm
    member.wait = None
    if member.activity and member.activity.running:
        member.activity.end(place.now, "Cancelled")
    text = f"Terminating EC2 instance: {member.id}"
    member.activity = place.begin(group, text, cause, member.instance)
    member.state = "Warmed:Terminating" if warm else "Terminating"
    load_balancing.deregister(place, group, member)

    def proceed(_result: str) -> None:
        if pool:
            member.state = "Warmed:Pending"
            rest(place, group, member)
        else:
            member.state = "Warmed:Terminating:Proceed" if warm and hooks else member.state.replace(":Wait", ":Proceed")
            _end(place, group, member)

    if hooks:
        wait(place, group, member, TERMINATING, f"{member.state}:Wait", proceed)
    else:
        proceed("")


def forget(place: ScalingRegion, group: Group, member: Member) -> None:
    """Take an instance off the list of the group."""
    if member in group.members:
        group.members.remove(member)
    if member.activity and member.activity.running:
        member.activity.end(place.now)
    place.wake(group)


def why_start(place: ScalingRegion, group: Group) -> str:
    """The cause of a launch, as AWS words it."""
    had = group.capacity
    return (
        f"{group.cause}At {stamp(place.now)} an instance was started in response to a difference between desired and"
        f" actual capacity, increasing the capacity from {had} to {group.desired + group.surge}."
    ).strip()


def _end(place: ScalingRegion, group: Group, member: Member) -> None:
    if member.instance.state != "terminated":
        member.instance.terminate()
    place.look()
    place.after(durations.SCALING_TERMINATION, lambda: forget(place, group, member))


def _await_hooks(place: ScalingRegion, group: Group, member: Member) -> None:
    def decide(result: str) -> None:
        if result == ABANDON:
            terminate(place, group, member, _ABANDONED, hooks=False)
            place.wake(group)
        else:
            member.state = "Pending:Proceed"
            enter_service(place, group, member)

    wait(place, group, member, LAUNCHING, "Pending:Wait", decide)


def _soon(place: ScalingRegion, group: Group, member: Member, seconds: float, action: Callable[[], None]) -> None:
    """Let `action` happen, unless the instance leaves, or changes its state, before."""
    state = member.state

    def act() -> None:
        if member in group.members and member.state == state:
            action()

    place.after(seconds, act)
