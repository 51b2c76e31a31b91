# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Warm pools: instances that have booted before they are needed.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-warm-pools.html: the pool is as large as the
group could still grow, or as MaxGroupPreparedCapacity lets it, and never smaller than its MinSize.
"""

from __future__ import annotations

from typing import Any

from .launching import choose_zone
from .machines import LaunchFailure
from .model import Group, Member
from .region import ScalingRegion, stamp
from .transitions import begin_warming, record_failure, terminate


def ready(group: Group) -> Member | None:
    """An instance of the pool that can be taken into service, the oldest first; None if there is none."""
    state = f"Warmed:{(group.warm_pool or {}).get('PoolState', 'Stopped')}"
    return next((member for member in group.members if member.state == state and member.healthy), None)


def size(group: Group) -> int:
    """How many instances the pool has to have."""
    pool = group.warm_pool
    if pool is None or pool.get("Status"):
        return 0
    prepared = pool.get("MaxGroupPreparedCapacity", -1)
    prepared = group.largest if prepared == -1 else prepared
    return max(prepared - group.desired, pool.get("MinSize", 0))


def fill(place: ScalingRegion, group: Group) -> None:
    """Launch into the pool what it lacks, and terminate what it has too much."""
    wanted = size(group)
    warm = [member for member in group.members if member.warm and not member.leaving]
    at = stamp(place.now)
    for member in warm[wanted:] if group.runs("Terminate") else ():
        terminate(place, group, member, f"At {at} an instance was removed from the warm pool.")
    cause = f"At {at} an instance was started in response to a difference between desired and actual warm pool size."
    for _number in range(wanted - len(warm) if group.runs("Launch") else 0):
        zone = choose_zone(place, group, set())
        if zone is None:
            break
        try:
            begin_warming(place, group, zone, cause)
        except LaunchFailure as failure:
            record_failure(place, group, failure, cause)
            break
    if group.warm_pool and group.warm_pool.get("Status") and not any(member.warm for member in group.members):
        group.warm_pool = None


def described(group: Group) -> dict[str, Any] | None:
    """As the API shows it; None if there is none."""
    return dict(group.warm_pool) if group.warm_pool else None
