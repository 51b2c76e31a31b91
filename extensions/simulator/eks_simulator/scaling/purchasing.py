# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to launch next in a group with a mixed instances policy: On-Demand or Spot, and of which type.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/mixed-instances-groups-set-up-overview.html and
allocation-strategies.html there. The simulator knows no prices and no depth of Spot pools: where a strategy goes by
these, the types are taken in the order of the overrides.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from .model import Group, Member

DEFAULTS: dict[str, Any] = {
    "OnDemandAllocationStrategy": "prioritized",
    "OnDemandBaseCapacity": 0,
    "OnDemandPercentageAboveBaseCapacity": 100,
    "SpotAllocationStrategy": "lowest-price",
    "SpotInstancePools": 2,
}
"""Service model, InstancesDistribution."""


def next_purchase(group: Group) -> tuple[bool, dict[str, Any]]:
    """Whether the next instance is a Spot one, and the override that it is launched by; {} if there is none."""
    policy = group.launched.get("MixedInstancesPolicy")
    if not policy:
        return False, {}
    distribution = {**DEFAULTS, **(policy.get("InstancesDistribution") or {})}
    members = [member for member in group.members if member.counts]
    spot = is_spot_next(distribution, members, group.desired)
    overrides = policy["LaunchTemplate"].get("Overrides") or [{}]
    return spot, _override(distribution, overrides, members, spot)


def is_spot_next(distribution: dict[str, Any], members: Iterable[Member], desired: int) -> bool:
    """On-Demand Instances make up the base, and their share of what is above it, rounded up."""
    base = min(desired, distribution["OnDemandBaseCapacity"])
    above = (desired - base) * distribution["OnDemandPercentageAboveBaseCapacity"] / 100
    on_demand = sum(member.weight for member in members if not member.spot)
    return on_demand >= base + math.ceil(above)


def _override(
    distribution: dict[str, Any], overrides: list[dict[str, Any]], members: list[Member], spot: bool
) -> dict[str, Any]:
    """Spot Instances at the lowest price are spread over as many pools as the distribution says; else the first."""
    if not spot or distribution["SpotAllocationStrategy"] != "lowest-price":
        return overrides[0]
    pools = overrides[: distribution["SpotInstancePools"]]
    there = Counter(member.type for member in members if member.spot)
    return min(pools, key=lambda override: there[override.get("InstanceType", "")])
