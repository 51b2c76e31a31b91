# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PutWarmPool, DescribeWarmPool, DeleteWarmPool."""

from __future__ import annotations

from typing import Any

from ..errors import ServiceError
from ..operations import Call
from .region import invalid, stamp
from .requests import group_of, living_group, operation, page
from .transitions import terminate
from .warm_pools import described


@operation("PutWarmPool")
def put_warm_pool(call: Call) -> dict[str, Any]:
    """Not of groups with a mixed instances policy, or whose template requests Spot Instances (user guide,
    ec2-auto-scaling-warm-pools.html, "Limitations")."""
    group = living_group(call)
    given = {name: value for name, value in call.parameters.items() if name != "AutoScalingGroupName"}
    if group.settings.get("MixedInstancesPolicy"):
        raise invalid("You can't add a warm pool to an Auto Scaling group that has a mixed instances policy.")
    if group.warm_pool and group.warm_pool.get("Status"):
        raise invalid(f"The warm pool of Auto Scaling group {group.name} is pending delete")
    pool = {"MinSize": 0, "PoolState": "Stopped", **(group.warm_pool or {}), **given}
    if given.get("MaxGroupPreparedCapacity") == -1:
        del pool["MaxGroupPreparedCapacity"]
    prepared = pool.get("MaxGroupPreparedCapacity", group.largest)
    if pool["MinSize"] > prepared:
        raise invalid(
            f"The warm pool's MinSize {pool['MinSize']} must not be above MaxGroupPreparedCapacity {prepared}"
        )
    group.warm_pool = pool
    call.scaling.wake(group)
    return {}


@operation("DescribeWarmPool")
def describe_warm_pool(call: Call) -> dict[str, Any]:
    group = group_of(call)
    warm = [member.described() for member in group.members if member.warm]
    return {"WarmPoolConfiguration": described(group), **page(call, "Instances", warm, most=50)}


@operation("DeleteWarmPool")
def delete_warm_pool(call: Call) -> dict[str, Any]:
    """Instances in it are in the way, unless it is forced."""
    group = living_group(call)
    warm = [member for member in group.members if member.warm]
    if group.warm_pool is None:
        raise invalid(f"No warm pool found for Auto Scaling group {group.name}")
    if warm and not call.get("ForceDelete", False):
        raise ServiceError("ResourceInUse", "You cannot delete a warm pool while there are instances still in it.")
    group.warm_pool["Status"] = "PendingDelete"
    for member in warm:
        terminate(call.scaling, group, member, f"At {stamp(call.scaling.now)} the warm pool was deleted.", hooks=False)
    call.scaling.wake(group)
    return {}
