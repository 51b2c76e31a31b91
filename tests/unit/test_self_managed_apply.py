# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for the instances of scaling groups, for their end, and for an instance profile to be known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.apply import (
    PROPAGATION,
    Job,
    carry_out,
    filled,
)
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.plan import Observed
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling import Live
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import ROLL_TAG
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.steps import Step
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.wanted import Nodegroup
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience, Unsettled

NAME = "auto_scaling_group_name"
ROLL = [{"key": ROLL_TAG, "value": "{}"}]


def group(desired: int, *states: str, **members: Any) -> dict[str, Any]:
    instances = [{"instance_id": f"i-{number}", "lifecycle_state": state} for number, state in enumerate(states)]
    return {NAME: "g", "desired_capacity": desired, "instances": instances, **members}


def activity(key: str, status: str, message: str = "no free addresses") -> dict[str, Any]:
    return {"activity_id": key, "status_code": status, "status_message": message, "cause": "a"}


class Scripted:
    """Tells of one scaling group one thing after the other, and then the last one for ever; None: it is gone."""

    def __init__(self, *groups: dict[str, Any] | None, activities: Any = (), refusals: Any = ()) -> None:
        self.groups = list(groups)
        self.activities = list(activities)
        self.refusals = list(refusals)
        self.calls: list[str] = []

    def listed(self, _service: str, _operation: str, _key: str, **_members: Any) -> list[dict[str, Any]]:
        found = self.groups.pop(0) if len(self.groups) > 1 else self.groups[0]
        return [found] if found else []

    def call_of(self, _service: str, operation: str, **_params: Any) -> dict[str, Any]:
        self.calls.append(operation)
        if operation == "DescribeScalingActivities":
            return {"activities": self.activities}
        if self.refusals:
            raise self.refusals.pop(0)
        return {}


@pytest.fixture
def patience() -> Patience:
    """An hour that passes at once."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return Patience(timeout=3600, clock=lambda: now[0], sleep=sleep)


@pytest.mark.parametrize(
    "groups",
    [
        [group(0)],
        [group(2, "InService", "InService")],
        [group(2), group(2, "Pending", "InService"), group(2, "InService", "InService")],
        [group(2, tags=ROLL)],
        [{**group(4), "instances": [{"lifecycle_state": "InService", "weighted_capacity": "4"}]}],
        [None],
    ],
)
def test_filled(groups: Any, patience: Patience) -> None:
    client: Any = Scripted(*groups, activities=[activity("1", "InProgress")])
    filled(client, ["g"], {}, patience)
    assert len(client.groups) == 1


def test_no_instances_in_time(patience: Patience) -> None:
    client: Any = Scripted(group(3, "InService", "Pending"), activities=[activity("1", "Successful")])
    with pytest.raises(Unsettled, match=r"waited 3600 s .* Auto Scaling group g has 1 of 3\. Raise wait_timeout"):
        filled(client, ["g"], {}, patience)


@pytest.mark.parametrize(
    ("activities", "past", "fails"),
    [
        ([activity("1", "Failed")], {}, True),
        ([activity("2", "InProgress"), activity("1", "Cancelled")], {}, True),
        ([activity("2", "Successful"), activity("1", "Failed")], {}, False),
        ([activity("1", "Failed")], {"g": {"1": ""}}, False),
        ([activity("2", "Failed"), activity("1", "Failed")], {"g": {"1": ""}}, True),
    ],
)
def test_a_launch_that_fails_ends_the_wait(activities: Any, past: Any, fails: bool, patience: Patience) -> None:
    client: Any = Scripted(group(1), activities=activities)
    message = "g cannot launch instances: no free addresses" if fails else "in vain"
    with pytest.raises(Unsettled, match=message):
        filled(client, ["g"], past, patience)


def carried_out(client: Any, operation: str, live: dict[str, Any] | None, patience: Patience) -> list[str]:
    """The steps that were taken of a plan of one."""
    taken: list[Step] = []
    step = Step("delete", operation, {NAME: "g"})
    wanted = Nodegroup("prod", "web", absent=operation.startswith("Delete"))
    carry_out(Job(client, wanted, Observed(groups={"g": Live(live)} if live else {}), [step], patience, taken.append))
    return [step.operation for step in taken]


def test_what_leaves_is_awaited_before_and_after_a_deletion(patience: Patience) -> None:
    client: Any = Scripted(group(0, "Terminating"), group(0), group(0, status="Delete in progress"), None)
    assert carried_out(client, "DeleteAutoScalingGroup", group(0, "Terminating"), patience) == [
        "DeleteAutoScalingGroup"
    ]
    stuck: Any = Scripted(group(0, "Terminating:Wait"))
    with pytest.raises(Unsettled, match="g: waited 3600 s for its instances to end, in vain; its instances: i-0"):
        carried_out(stuck, "DeleteAutoScalingGroup", group(0), patience)
    assert stuck.calls == []


def test_a_deletion_that_somebody_began_is_awaited(patience: Patience) -> None:
    deleting = group(1, status="Delete in progress")
    client: Any = Scripted(deleting, deleting, None)
    assert carried_out(client, "CreateAutoScalingGroup", deleting, patience) == ["CreateAutoScalingGroup"]


UNKNOWN_PROFILE = AwsError("CreateAutoScalingGroup", "ValidationError", "Invalid IAM Instance Profile name")
UNKNOWN_TEMPLATE = AwsError("CreateAutoScalingGroup", "ValidationError", "The launch template lt-1 does not exist")
OTHER = AwsError("CreateAutoScalingGroup", "ValidationError", "Invalid subnet")
THERE = AwsError("CreateAutoScalingGroup", "AlreadyExists", "exists")
REPEATED = AwsError("CreateAutoScalingGroup", "AlreadyExists", "exists", retries=1)


@pytest.mark.parametrize(
    ("refusals", "calls", "fails"),
    [
        ([UNKNOWN_PROFILE] * 2, 3, False),
        ([UNKNOWN_TEMPLATE], 2, False),
        ([UNKNOWN_PROFILE] * 99, None, True),
        ([OTHER], 1, True),
        ([THERE], 1, True),
        ([REPEATED], 1, False),
    ],
)
def test_refused_creations(
    refusals: list[AwsError], calls: int | None, fails: bool, patience: Patience, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vars(PROPAGATION), "sleep", patience.sleep)
    monkeypatch.setitem(vars(PROPAGATION), "clock", patience.clock)
    client: Any = Scripted(None, refusals=refusals)
    run: Callable[[], list[str]] = lambda: carried_out(client, "CreateAutoScalingGroup", None, patience)  # noqa: E731
    if fails:
        with pytest.raises(AwsError, match=refusals[0].message):
            run()
    else:
        assert run() == ["CreateAutoScalingGroup"]
    assert calls in (None, len(client.calls))
