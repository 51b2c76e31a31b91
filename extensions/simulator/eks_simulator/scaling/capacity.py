# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a group does by itself: it replaces what is not well, launches what is lacking, terminates what is too much,
fills its warm pool, and keeps its zones even, as far as these processes are not suspended.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html says what each process does.
"""

from __future__ import annotations

from .. import durations
from . import refreshing, warm_pools
from .balance import imbalance, population, victim
from .launching import choose_zone, zones_of
from .machines import LaunchFailure
from .model import Group, Member
from .region import ScalingRegion, stamp
from .transitions import begin_launch, begin_use, record_failure, terminate, why_start


def reconcile(place: ScalingRegion, group: Group) -> None:
    """Bring a group one step nearer to what it has to be."""
    if group.status:
        _go_on_deleting(place, group)
        return
    _check_health(group)
    _replace(place, group)
    refreshing.advance(place, group)
    grow(place, group)
    _shrink(place, group)
    warm_pools.fill(place, group)
    _watch_balance(place, group)
    place.look()


def grow(place: ScalingRegion, group: Group) -> None:
    """Launch what is lacking, from the warm pool first; what cannot be launched is tried again, later each time."""
    if not group.runs("Launch"):
        return
    cause, failed = why_start(place, group), set[str]()
    while group.capacity < group.desired + group.surge:
        warmed = warm_pools.ready(group)
        if warmed:
            begin_use(place, group, warmed, cause)
            continue
        zone = choose_zone(place, group, failed)
        if zone is None:
            break
        failure = try_launch(place, group, zone, cause)
        if failure:
            failed |= {zone} if failure.zonal else set(zones_of(place.aws, group))
    _try_again(place, group)


def try_launch(place: ScalingRegion, group: Group, zone: str, cause: str) -> LaunchFailure | None:
    """Launch an instance into a zone, or leave a failed activity that says why not."""
    try:
        begin_launch(place, group, zone, cause)
    except LaunchFailure as failure:
        record_failure(place, group, failure, cause)
        return failure
    return None


def _try_again(place: ScalingRegion, group: Group) -> None:
    if group.capacity >= group.desired + group.surge:
        group.failures = 0
        return
    pause = min(durations.SCALING_RETRY * 2**group.failures, durations.SCALING_RETRY_MOST)
    group.failures = min(group.failures + 1, 10)
    place.wake(group, pause)


def _check_health(group: Group) -> None:
    """An instance in any state but running is unhealthy, whatever its grace period."""
    if group.runs("HealthCheck"):
        for member in group.members:
            if member.counts and not member.instance.is_running():
                member.healthy = False


def _replace(place: ScalingRegion, group: Group) -> None:
    """Terminate what is unhealthy or too old. Others are launched in the stead of these because they are lacking."""
    if not group.runs("Terminate"):
        return
    at = stamp(place.now)
    for member in [one for one in group.members if one.counts]:
        if not member.healthy and group.runs("ReplaceUnhealthy"):
            ended = "terminated or stopped" if not member.instance.is_running() else "unhealthy"
            why = f"in response to an EC2 health check indicating it has been {ended}"
            terminate(place, group, member, f"At {at} an instance was taken out of service {why}.")
        elif _outlived(place, group, member):
            terminate(
                place, group, member, f"At {at} an instance was taken out of service due to its maximum lifetime."
            )


def _outlived(place: ScalingRegion, group: Group, member: Member) -> bool:
    lifetime = group.settings.get("MaxInstanceLifetime")
    return lifetime is not None and (place.now - member.since).total_seconds() >= lifetime


def _shrink(place: ScalingRegion, group: Group) -> None:
    """Terminate what is too much of what is in service; of equal zones, in the order of the termination policies."""
    if not group.runs("Terminate"):
        return
    target = group.desired + group.surge
    while True:
        serving = [member for member in group.members if member.state == "InService"]
        surplus = sum(member.weight for member in serving) - target
        chosen = victim(group, [member for member in serving if member.weight <= surplus], place.now)
        if chosen is None:
            return
        reason = (
            f"{group.cause}At {stamp(place.now)} an instance was taken out of service in response to a difference"
            f" between desired and actual capacity, shrinking the capacity from {target + surplus} to {target}.  At"
            f" {stamp(place.now)} instance {chosen.id} was selected for termination."
        )
        pool = bool((group.warm_pool or {}).get("InstanceReusePolicy", {}).get("ReuseOnScaleIn"))
        terminate(place, group, chosen, reason, pool=pool)


def _watch_balance(place: ScalingRegion, group: Group) -> None:
    if not group.rebalancing and _unbalanced(place, group):
        group.rebalancing = True
        place.after(durations.ZONE_REBALANCE, lambda: _rebalance(place, group))


def _rebalance(place: ScalingRegion, group: Group) -> None:
    """Launch in the emptiest zone; when that instance is in service, one is too much, and the fullest zone loses it
    ("launches new instances before terminating the old ones", ec2-auto-scaling-availability-zone-balanced.html)."""
    group.rebalancing = False
    pair = _unbalanced(place, group)
    if pair is None or place.groups.get(group.name) is not group:
        return
    at = stamp(place.now)
    try_launch(place, group, pair[1], f"At {at} an instance was launched to aid in balancing the group's zones.")
    place.look()


def _unbalanced(place: ScalingRegion, group: Group) -> tuple[str, str] | None:
    """The fullest zone and the emptiest of a group that could and should be balanced."""
    suspended = not all(group.runs(process) for process in ("AZRebalance", "Launch", "Terminate"))
    if suspended or group.status or group.surge or group.capacity != group.desired:
        return None
    zones = {
        zone: subnets
        for zone, subnets in zones_of(place.aws, group).items()
        if not subnets or any(subnet.available_ip_address_count for subnet in subnets)
    }
    return imbalance(list(zones), population(group.members)) if zones else None


def _go_on_deleting(place: ScalingRegion, group: Group) -> None:
    if not group.members:
        place.gone.extend(group.activities)
        place.groups.pop(group.name, None)
