# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Auto Scaling chooses: where to launch, what to terminate, and what to buy."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_simulator.scaling.balance import imbalance, next_zone, population, victim
from eks_simulator.scaling.model import Group, Member, Source
from eks_simulator.scaling.purchasing import DEFAULTS, is_spot_next

NOW = datetime(2026, 11, 6, 12, tzinfo=UTC)
ZONES = ["a", "b", "c"]
COUNTS = st.dictionaries(st.sampled_from(ZONES), st.integers(0, 9)).map(Counter)


def member(name: str, zone: str = "a", version: str = "1", age: int = 0, **more: bool) -> Member:
    """An instance in service, `age` minutes old, from a version of a template or, without one, of a configuration."""
    source = Source("lt-1", "t", version) if version else Source(configuration="old")
    machine = SimpleNamespace(id=name, instance_type="m6i.large")
    return Member(machine, source, "InService", zone, zone, NOW - timedelta(minutes=age), **more)  # type: ignore[arg-type]


def group(members: list[Member], *policies: str) -> Group:
    return Group("g", "", NOW, {"TerminationPolicies": list(policies)}, members)


@pytest.mark.parametrize(
    ("policies", "chosen"),
    [
        (["Default"], "third"),  # of the oldest version the one that is closest to its next hour
        (["OldestInstance"], "first"),
        (["NewestInstance"], "fourth"),
        (["OldestLaunchTemplate", "NewestInstance"], "third"),
        (["ClosestToNextInstanceHour"], "third"),
        (["AllocationStrategy", "OldestLaunchTemplate", "OldestInstance"], "second"),
    ],
)
def test_the_policies_choose_in_their_order(policies: list[str], chosen: str) -> None:
    members = [
        member("first", version="2", age=200),
        member("second", version="1", age=130),
        member("third", version="1", age=59),
        member("fourth", version="3", age=1),
    ]
    found = victim(group(members, *policies), members, NOW)
    assert found is members[["first", "second", "third", "fourth"].index(chosen)]


def test_balance_goes_before_the_policies_and_protection_before_all() -> None:
    alone, twin = member("alone", "a", age=500), member("twin", "b", age=1)
    members = [alone, twin, member("other", "b", age=2)]
    found = victim(group(members, "OldestInstance"), members, NOW)
    assert found is members[2]
    for one in members[1:]:
        one.protected = True
    assert victim(group(members, "OldestInstance"), members, NOW) is alone
    alone.protected = True
    assert victim(group(members, "OldestInstance"), members, NOW) is None


def test_launch_configurations_go_before_templates() -> None:
    members = [member("template", version="1", age=900), member("configuration", version="", age=1)]
    assert victim(group(members, "Default"), members, NOW) is members[1]
    assert victim(group(members, "OldestLaunchConfiguration"), members, NOW) is members[1]


@given(COUNTS, st.integers(1, 30))
def test_launches_bring_zones_together(there: Counter[str], count: int) -> None:
    def spread() -> int:
        return max(there[zone] for zone in ZONES) - min(there[zone] for zone in ZONES)

    before = spread()
    for _number in range(count):
        zone = next_zone(ZONES, there)
        assert zone is not None
        there[zone] += 1
    assert spread() <= max(1, before)


@given(COUNTS)
def test_rebalancing_ends_in_balance(there: Counter[str]) -> None:
    total = sum(there.values())
    for _step in range(100):
        pair = imbalance(ZONES, there)
        if pair is None:
            break
        there[pair[0]] -= 1
        there[pair[1]] += 1
    assert sum(there.values()) == total
    assert max(there[zone] for zone in ZONES) - min(there[zone] for zone in ZONES) <= 1


def test_a_zone_that_a_group_has_left_is_emptied() -> None:
    assert imbalance(["a", "b"], Counter({"a": 1, "b": 1, "c": 1})) == ("c", "a")
    assert population([member("x", "a"), member("y", "a")]) == Counter({"a": 2})


@given(st.integers(0, 60), st.integers(0, 20), st.integers(0, 100))
def test_on_demand_instances_are_the_base_and_their_share_rounded_up(desired: int, base: int, share: int) -> None:
    wanted = {**DEFAULTS, "OnDemandBaseCapacity": base, "OnDemandPercentageAboveBaseCapacity": share}
    members: list[Member] = []
    for number in range(desired):
        members.append(member(str(number), spot=is_spot_next(wanted, members, desired)))
    on_demand = sum(not one.spot for one in members)
    above = max(0, desired - base)
    assert on_demand == min(desired, base) + -(-above * share // 100)
