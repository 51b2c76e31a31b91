# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an instance refresh does to its group, step by step: it replaces instances and drains nobody.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html ("How an instance refresh works")
and understand-instance-refresh-default-values.html there. With a maximum above 100 percent new instances come before
old ones go, else old ones go first; never are more away than the minimum allows, but one at a time always may be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .. import durations
from .launching import specification
from .machines import LaunchFailure
from .model import Group, Member
from .region import ScalingRegion, stamp
from .transitions import terminate

PATIENCE = timedelta(hours=1)
"""How long a refresh goes on without getting anywhere."""
RUNNING = ("Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking")


@dataclass(eq=False)
class Refresh:
    """A refresh: `description` is as DescribeInstanceRefreshes shows it, `old` are the instances that are still to go,
    `total` how many there were. `moved` is when it last got somewhere, `pause` until when it rests at a checkpoint."""

    description: dict[str, Any]
    desired: dict[str, Any]
    moved: datetime
    old: list[Member] = field(default_factory=list)
    total: int = 0
    pause: datetime | None = None
    watched: bool = False
    checkpoints: list[int] = field(default_factory=list)

    @property
    def status(self) -> str:
        return str(self.description["Status"])

    @property
    def running(self) -> bool:
        return self.status in RUNNING

    @property
    def preferences(self) -> dict[str, Any]:
        preferences: dict[str, Any] = self.description["Preferences"]
        return preferences


def running(group: Group) -> Refresh | None:
    """The refresh of a group that is under way."""
    last: Refresh | None = group.refreshes[-1] if group.refreshes else None
    return last if last and last.running else None


def begin(place: ScalingRegion, group: Group, refresh: Refresh) -> None:
    """Choose what is to be replaced: by what the group launches now, what does not match it, or all."""
    refresh.description["Status"] = "InProgress"
    skip = refresh.preferences["SkipMatching"]
    refresh.old = [member for member in _present(group) if not (skip and matches(place, group, member))]
    refresh.total = len(refresh.old)
    refresh.moved = place.now
    for member in [one for one in group.members if one.warm and not matches(place, group, one)]:
        terminate(place, group, member, f"At {stamp(place.now)} an instance refresh replaced it in the warm pool.")
    _tell(group, refresh)
    place.wake(group, 0)


def roll_back(place: ScalingRegion, group: Group, refresh: Refresh, reason: str) -> None:
    """Go back to what the group was: what the refresh has launched is now what is to be replaced."""
    refresh.description["RollbackDetails"] = {
        "RollbackReason": reason,
        "RollbackStartTime": place.now,
        "PercentageCompleteOnRollback": refresh.description["PercentageComplete"],
        "InstancesToUpdateOnRollback": refresh.description["InstancesToUpdate"],
    }
    refresh.description["Status"] = "RollbackInProgress"
    group.overlay = {}
    refresh.old = [member for member in _present(group) if not matches(place, group, member)]
    refresh.total, refresh.moved, refresh.pause, refresh.checkpoints = len(refresh.old), place.now, None, []
    _tell(group, refresh)
    place.wake(group)


def advance(place: ScalingRegion, group: Group) -> None:
    """Go on with the refresh of a group that has one under way."""
    refresh = running(group)
    if refresh is None or refresh.status in ("Pending", "Baking") or not group.runs("InstanceRefresh"):
        return
    before = len(refresh.old)
    refresh.old = [member for member in refresh.old if member in group.members and not member.leaving]
    fresh = [member for member in group.members if member.state == "InService" and member not in refresh.old]
    moving = group.capacity < group.desired or any(_moves(member) for member in group.members)
    unfinished = moving or any(not _warm(place, refresh, member) for member in fresh)
    if refresh.status == "Cancelling":
        if not moving:
            _end(place, group, refresh, "Cancelled", "Cancelled by a user.")
        return
    if not refresh.old and not unfinished:
        _conclude(place, group, refresh)
        return
    if not _resting(place, group, refresh):
        _replace(place, group, refresh)
    if len(refresh.old) != before:
        refresh.moved = place.now
    _tell(group, refresh)
    _despair(place, group, refresh)
    _look_again(place, group, refresh)


def _look_again(place: ScalingRegion, group: Group, refresh: Refresh) -> None:
    def look() -> None:
        refresh.watched = False
        place.wake(group, 0)

    if not refresh.watched:
        refresh.watched = True
        place.after(durations.REFRESH_LOOK, look)


def matches(place: ScalingRegion, group: Group, member: Member) -> bool:
    """Whether an instance is what its group launches now."""
    policy = group.launched.get("MixedInstancesPolicy") or {}
    overrides = policy.get("LaunchTemplate", {}).get("Overrides") or [{}]
    try:
        wanted = [specification(place, group, override) for override in overrides]
    except LaunchFailure:
        return False
    return any(
        source == member.source
        and data.get("InstanceType") == member.type
        and data.get("ImageId") == member.instance.image_id
        for source, data in wanted
    )


def bounds(desired: int, preferences: dict[str, Any]) -> tuple[int, int]:
    """How many instances have to be there at least, and how many may be there beyond the desired ones."""
    least = math.ceil(desired * preferences["MinHealthyPercentage"] / 100)
    beyond = math.floor(desired * (preferences["MaxHealthyPercentage"] - 100) / 100)
    return least, max(beyond, 1 if preferences["MaxHealthyPercentage"] > 100 else 0)


def _replace(place: ScalingRegion, group: Group, refresh: Refresh) -> None:
    """Terminate as many old instances as may be away now; let what is to come first, come first."""
    least, beyond = bounds(group.desired, refresh.preferences)
    if not group.runs("Terminate") or not group.runs("Launch"):
        return
    group.surge = min(beyond, len(refresh.old))
    serving = [member for member in group.members if member.state == "InService" and member.healthy]
    ready = sum(_warm(place, refresh, member) or member in refresh.old for member in serving)
    spare = ready - least if not beyond else min(ready - least, ready - group.desired)
    in_flight = any(_moves(member) for member in group.members)
    if not beyond and spare < 1 and not in_flight and ready >= group.desired:
        spare = 1
    ignored = refresh.preferences["ScaleInProtectedInstances"] == "Ignore"
    going = [member for member in refresh.old if member.state == "InService"]
    if refresh.preferences["ScaleInProtectedInstances"] != "Refresh":
        going = [member for member in going if not member.protected]
    refresh.old = [member for member in refresh.old if not (ignored and member.protected)]
    for member in going[: max(0, spare)]:
        refresh.old.remove(member)
        reason = f"At {stamp(place.now)} an instance was taken out of service in response to an instance refresh."
        terminate(place, group, member, reason)
    group.surge = min(beyond, len(refresh.old))
    _standby(place, group, refresh)


def _standby(place: ScalingRegion, group: Group, refresh: Refresh) -> None:
    standing = [member for member in refresh.old if member.state == "Standby"]
    what = refresh.preferences["StandbyInstances"]
    if what != "Wait":
        refresh.old = [member for member in refresh.old if member not in standing]
    if what == "Terminate":
        for member in standing:
            terminate(place, group, member, f"At {stamp(place.now)} an instance refresh terminated it in standby.")


def _resting(place: ScalingRegion, group: Group, refresh: Refresh) -> bool:
    """Whether the refresh waits at a checkpoint, which it may have reached just now."""
    if refresh.pause and place.now < refresh.pause:
        return True
    refresh.pause = None
    if refresh.checkpoints and _percentage(group, refresh) >= refresh.checkpoints[0]:
        passed = refresh.checkpoints.pop(0)
        if passed < 100:
            delay = refresh.preferences["CheckpointDelay"]
            refresh.pause = place.now + timedelta(seconds=delay)
            refresh.moved = refresh.pause
            place.after(delay, lambda: place.wake(group))
            return True
    return False


def _despair(place: ScalingRegion, group: Group, refresh: Refresh) -> None:
    if place.now - refresh.moved < PATIENCE:
        return
    reason = "The instance refresh made no progress for an hour."
    if refresh.status == "RollbackInProgress":
        _end(place, group, refresh, "RollbackFailed", reason)
    elif refresh.preferences.get("AutoRollback"):
        roll_back(place, group, refresh, reason)
    else:
        _end(place, group, refresh, "Failed", reason)


def _conclude(place: ScalingRegion, group: Group, refresh: Refresh) -> None:
    if refresh.status == "RollbackInProgress":
        _end(place, group, refresh, "RollbackSuccessful", None)
        return
    bake = refresh.preferences.get("BakeTime") or 0
    if not bake:
        _succeed(place, group, refresh)
        return
    refresh.description["Status"] = "Baking"

    def baked() -> None:
        if refresh.status == "Baking":
            _succeed(place, group, refresh)

    place.after(bake, baked)


def _succeed(place: ScalingRegion, group: Group, refresh: Refresh) -> None:
    """The group becomes what the refresh was to make of it."""
    if refresh.desired:
        others = ("LaunchTemplate", "MixedInstancesPolicy", "LaunchConfigurationName")
        kept = {name: value for name, value in group.settings.items() if name not in others}
        group.settings = {**kept, **refresh.desired}
    refresh.total = refresh.total or 1
    refresh.description.update(PercentageComplete=100, InstancesToUpdate=0)
    _end(place, group, refresh, "Successful", None)


def _end(place: ScalingRegion, group: Group, refresh: Refresh, status: str, reason: str | None) -> None:
    refresh.description.update(Status=status, EndTime=place.now, StatusReason=reason)
    group.overlay, group.surge = {}, 0
    place.wake(group)


def _tell(group: Group, refresh: Refresh) -> None:
    refresh.description["PercentageComplete"] = _percentage(group, refresh)
    refresh.description["InstancesToUpdate"] = len(refresh.old)


def _percentage(group: Group, refresh: Refresh) -> int:
    coming = sum(_moves(member) for member in group.members)
    done = max(0, refresh.total - len(refresh.old) - coming)
    return math.floor(100 * done / refresh.total) if refresh.total else 100


def _moves(member: Member) -> bool:
    """Whether an instance is on its way into service or out of it."""
    return not member.warm and (member.leaving or member.state.startswith("Pending"))


def _present(group: Group) -> list[Member]:
    return [member for member in group.members if member.counts or member.state == "Standby"]


def _warm(place: ScalingRegion, refresh: Refresh, member: Member) -> bool:
    """Whether an instance has been in service for as long as it takes to warm up."""
    since = member.in_service_since
    return since is not None and (place.now - since).total_seconds() >= refresh.preferences["InstanceWarmup"]
