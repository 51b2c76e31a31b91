# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instance refreshes: how many instances are replaced at once, what stays, and how a refresh ends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.simulator.account import Account, refusal
from unit.simulator.scaling import Scaling

from eks_simulator.scaling.refreshing import bounds

MINUTE = 60


@pytest.fixture
def scaling(account: Account) -> Scaling:
    return Scaling(account)


def start(scaling: Scaling, name: str, **parameters: Any) -> str:
    refresh: str = scaling.client.start_instance_refresh(AutoScalingGroupName=name, **parameters)["InstanceRefreshId"]
    return refresh


def shown(scaling: Scaling, name: str) -> dict[str, Any]:
    newest: dict[str, Any] = scaling.client.describe_instance_refreshes(AutoScalingGroupName=name)["InstanceRefreshes"][
        0
    ]
    return newest


def watch(scaling: Scaling, name: str, steps: int = 120) -> tuple[list[int], list[int], list[str]]:
    """How many instances were in service, and how many there were, until the refresh ended; and its statuses."""
    serving, there, statuses = [], [], []
    for _step in range(steps):
        scaling.sim.advance(10)
        states = list(scaling.states(name).values())
        serving.append(states.count("InService"))
        there.append(sum(not state.startswith("Terminating") for state in states))
        statuses.append(shown(scaling, name)["Status"])
        if statuses[-1] not in ("Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking"):
            break
    return serving, there, statuses


@pytest.mark.parametrize(
    ("preferences", "least", "most"),
    [
        ({"MinHealthyPercentage": 50}, 2, 4),
        ({"MinHealthyPercentage": 100}, 3, 4),
        ({"MinHealthyPercentage": 100, "MaxHealthyPercentage": 150}, 4, 6),
        ({"MinHealthyPercentage": 0}, 0, 4),
    ],
)
def test_it_replaces_as_many_at_once_as_it_may(
    scaling: Scaling, preferences: dict[str, Any], least: int, most: int
) -> None:
    name = scaling.standing(size=4)
    before = set(scaling.ids(name))
    start(scaling, name, Preferences={"InstanceWarmup": 30, **preferences})
    assert shown(scaling, name)["Status"] == "Pending"
    serving, there, statuses = watch(scaling, name)
    assert (min(serving), max(there), statuses[-1]) == (least, most, "Successful")
    assert len(scaling.ids(name)) == 4
    assert not before & set(scaling.ids(name))
    ended = shown(scaling, name)
    assert (ended["PercentageComplete"], ended["InstancesToUpdate"]) == (100, 0)


def test_it_makes_of_the_group_what_was_wanted_and_skips_what_matches(scaling: Scaling) -> None:
    name = scaling.standing(size=2, version="1")
    scaling.new_version(InstanceType="m6i.xlarge")
    reference = {"LaunchTemplateId": scaling.template["LaunchTemplateId"], "Version": "2"}
    wanted = {"DesiredConfiguration": {"LaunchTemplate": reference}, "Preferences": {"SkipMatching": True}}
    start(scaling, name, **wanted)
    scaling.sim.advance(10)
    assert scaling.described(name)["LaunchTemplate"]["Version"] == "1"
    assert watch(scaling, name)[2][-1] == "Successful"
    after = scaling.described(name)
    assert after["LaunchTemplate"]["Version"] == "2"
    assert {one["LaunchTemplate"]["Version"] for one in after["Instances"]} == {"2"}
    ids = scaling.ids(name)
    start(scaling, name, **wanted)
    assert watch(scaling, name)[2][-1] == "Successful"
    assert scaling.ids(name) == ids


def test_one_at_a_time_that_can_be_cancelled(scaling: Scaling) -> None:
    name = scaling.standing(size=3)
    nothing = refusal(scaling.client.cancel_instance_refresh, AutoScalingGroupName=name)
    assert nothing.code == "ActiveInstanceRefreshNotFound"
    start(scaling, name)
    assert refusal(scaling.client.start_instance_refresh, AutoScalingGroupName=name).code == "InstanceRefreshInProgress"
    scaling.sim.advance(30)
    before = set(scaling.ids(name))
    scaling.client.cancel_instance_refresh(AutoScalingGroupName=name)
    assert shown(scaling, name)["Status"] == "Cancelling"
    assert watch(scaling, name)[2][-1] == "Cancelled"
    scaling.sim.advance(10 * MINUTE)
    assert len(scaling.ids(name)) == 3
    assert len(before & set(scaling.ids(name))) >= 2  # those that were not replaced yet stay


def test_it_is_rolled_back_to_what_the_group_was(scaling: Scaling) -> None:
    name = scaling.standing(size=2, version="1")
    start(scaling, name)
    impossible = refusal(scaling.client.rollback_instance_refresh, AutoScalingGroupName=name)
    assert impossible.code == "IrreversibleInstanceRefresh"
    scaling.client.cancel_instance_refresh(AutoScalingGroupName=name)
    watch(scaling, name)
    scaling.new_version(InstanceType="m6i.xlarge")
    reference = {"LaunchTemplateId": scaling.template["LaunchTemplateId"], "Version": "2"}
    start(
        scaling,
        name,
        DesiredConfiguration={"LaunchTemplate": reference},
        Preferences={"InstanceWarmup": 120},
    )
    scaling.sim.advance(90)
    assert "2" in {one["LaunchTemplate"]["Version"] for one in scaling.described(name)["Instances"]}
    scaling.client.rollback_instance_refresh(AutoScalingGroupName=name)
    assert watch(scaling, name)[2][-1] == "RollbackSuccessful"
    after = scaling.described(name)
    assert {one["LaunchTemplate"]["Version"] for one in after["Instances"]} == {"1"}
    assert after["LaunchTemplate"]["Version"] == "1"
    assert shown(scaling, name)["RollbackDetails"]["RollbackReason"] == "A user rolled the instance refresh back."


def test_it_waits_at_checkpoints_and_bakes(scaling: Scaling) -> None:
    name = scaling.standing(size=2)
    preferences = {"CheckpointPercentages": [50, 100], "CheckpointDelay": 1800, "BakeTime": 600}
    start(scaling, name, Preferences=preferences)
    scaling.sim.advance(20 * MINUTE)
    assert (shown(scaling, name)["Status"], shown(scaling, name)["PercentageComplete"]) == ("InProgress", 50)
    scaling.sim.advance(20 * MINUTE)
    assert shown(scaling, name)["Status"] == "Baking"
    scaling.sim.advance(20 * MINUTE)
    assert shown(scaling, name)["Status"] == "Successful"


def test_it_gives_up_after_an_hour_without_progress(scaling: Scaling) -> None:
    name = scaling.standing(size=1, NewInstancesProtectedFromScaleIn=True)
    before = scaling.ids(name)
    start(scaling, name)  # which waits for somebody to take the protection away
    scaling.sim.advance(50 * MINUTE)
    assert shown(scaling, name)["Status"] == "InProgress"
    scaling.sim.advance(20 * MINUTE)
    assert (shown(scaling, name)["Status"], scaling.ids(name)) == ("Failed", before)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"Strategy": "ReplaceRootVolume"}, "does not serve instance refreshes of the strategy ReplaceRootVolume"),
        ({"Preferences": {"MinHealthyPercentage": 50, "MaxHealthyPercentage": 200}}, "must be at most 100: 50, 200"),
        ({"Preferences": {"MinHealthyPercentage": 101}}, "Member must have value less than or equal to 100"),
        ({"Preferences": {"CheckpointPercentages": [100, 50]}}, "must be unique and in ascending order"),
        ({"Preferences": {"CheckpointDelay": 60}}, "CheckpointDelay needs CheckpointPercentages"),
        ({"Preferences": {"AutoRollback": True}}, "AutoRollback needs a DesiredConfiguration"),
        (
            {"DesiredConfiguration": {"LaunchTemplate": {"LaunchTemplateName": "missing"}}},
            "The specified launch template, with template name missing, does not exist.",
        ),
    ],
)
def test_it_is_refused(scaling: Scaling, parameters: dict[str, Any], reason: str) -> None:
    name = scaling.group(size=0)
    assert reason in scaling.refused("start_instance_refresh", AutoScalingGroupName=name, **parameters)


@given(st.integers(0, 500), st.integers(0, 100), st.integers(100, 200))
def test_bounds_are_never_beyond_the_group(desired: int, least: int, most: int) -> None:
    low, beyond = bounds(desired, {"MinHealthyPercentage": least, "MaxHealthyPercentage": most})
    assert 0 <= low <= desired
    assert 0 <= beyond <= max(1, desired)
    assert (beyond == 0) == (most == 100)
