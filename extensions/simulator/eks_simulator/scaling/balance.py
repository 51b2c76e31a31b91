# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where to launch, and what to terminate: decided from counts and plain facts.

"Amazon EC2 Auto Scaling tries to maintain equivalent numbers of instances in each enabled Availability Zone"
(https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-availability-zone-balanced.html).
What goes first: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from .model import Group, Member

TERMINATION_POLICIES = (
    "AllocationStrategy",
    "ClosestToNextInstanceHour",
    "Default",
    "NewestInstance",
    "OldestInstance",
    "OldestLaunchConfiguration",
    "OldestLaunchTemplate",
)


def next_zone(zones: Iterable[str], there: Counter[str]) -> str | None:
    """The zone to launch into: that with the fewest instances, the first of equals; None if there are no zones."""
    return min(zones, key=lambda zone: there[zone], default=None)


def population(members: Iterable[Member]) -> Counter[str]:
    """How many instances that count each zone has."""
    return Counter(member.zone for member in members if member.counts)


def imbalance(zones: Sequence[str], there: Counter[str]) -> tuple[str, str] | None:
    """The fullest zone and the emptiest, if one instance more or less would bring them closer; else None."""
    outside = [zone for zone in there if zone not in zones and there[zone]]
    emptiest = min(zones, key=lambda zone: there[zone])
    fullest = outside[0] if outside else max(zones, key=lambda zone: there[zone])
    return (fullest, emptiest) if outside or there[fullest] - there[emptiest] > 1 else None


def victim(group: Group, members: Iterable[Member], now: datetime) -> Member | None:
    """Which of the instances goes first when the group shrinks; None if all are protected.

    Balance between the zones goes before every policy. OldestLaunchTemplate knows templates by what instances were
    launched from; AllocationStrategy finds nothing to choose, as all types are equally at hand here.
    """
    candidates = [member for member in members if not member.protected]
    if not candidates:
        return None
    there = population(group.members)
    most = max(there[member.zone] for member in candidates)
    candidates = [member for member in candidates if there[member.zone] == most]
    for policy in group.settings["TerminationPolicies"]:
        for choose in _POLICIES[policy]:
            candidates = choose(candidates, now)
    return candidates[0]


Choice = Callable[[list[Member], datetime], list[Member]]


def _oldest(members: list[Member], _now: datetime) -> list[Member]:
    first = min(member.since for member in members)
    return [member for member in members if member.since == first]


def _newest(members: list[Member], _now: datetime) -> list[Member]:
    last = max(member.since for member in members)
    return [member for member in members if member.since == last]


def _oldest_template(members: list[Member], _now: datetime) -> list[Member]:
    """Those of launch configurations go before those of templates."""
    old = [member for member in members if member.source.configuration]
    if old:
        return old
    first = min(_version(member) for member in members)
    return [member for member in members if _version(member) == first]


def _oldest_configuration(members: list[Member], now: datetime) -> list[Member]:
    configured = [member for member in members if member.source.configuration]
    if not configured:
        return members
    first = _oldest(configured, now)[0].source
    return [member for member in configured if member.source == first]


def _closest_to_hour(members: list[Member], now: datetime) -> list[Member]:
    furthest = max((now - member.since).total_seconds() % 3600 for member in members)
    return [member for member in members if (now - member.since).total_seconds() % 3600 == furthest]


def _any(members: list[Member], _now: datetime) -> list[Member]:
    return members


def _version(member: Member) -> int:
    return int(member.source.version or 0)


_POLICIES: dict[str, tuple[Choice, ...]] = {
    "AllocationStrategy": (_any,),
    "ClosestToNextInstanceHour": (_closest_to_hour,),
    "Default": (_oldest_template, _closest_to_hour),
    "NewestInstance": (_newest,),
    "OldestInstance": (_oldest,),
    "OldestLaunchConfiguration": (_oldest_configuration,),
    "OldestLaunchTemplate": (_oldest_template,),
}
