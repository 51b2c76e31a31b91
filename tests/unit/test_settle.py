# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting: how often, for how long, what ends it, and what it says when it ends in vain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._resources.nodegroup import NODEGROUP
from ansible_collections.flotilla.eks.plugins.module_utils._settle import (
    Patience,
    Unsettled,
    followed,
    gone,
    healthy,
    settled,
)
from support.descriptors import IDENTITIES
from support.scripted import BROKEN, NOT_FOUND, THROTTLED, Clock, Refusal, ScriptedAws

WEB = IDENTITIES["nodegroup"]
UPDATE = {"id": "u-1", "type": "ConfigUpdate", "status": "InProgress"}


def patience(clock: Clock, timeout: float = 600, delay: float = 15) -> Patience:
    return Patience(timeout=timeout, delay=delay, clock=clock, sleep=clock.sleep)


def group(status: str, **members: Any) -> Values:
    return {"nodegroup": {"status": status, **members}}


def settle(clock: Clock, *answers: Any, wait: Callable[..., Any] = settled, timeout: float = 600) -> Any:
    """Waits for a node group whose descriptions are the answers, asking only once a poll."""
    aws = ScriptedAws({"DescribeNodegroup": list(answers)})
    return wait(Client(aws.connect), NODEGROUP, WEB, patience(clock, timeout))


@pytest.fixture(autouse=True)
def single_attempts(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves the survival of trouble to the wait, not to botocore."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


@pytest.mark.parametrize(("delay", "longest"), [(15, 15), (2, 2), (0.1, 0.1)])
def test_polls_grow_apart_up_to_the_delay(clock: Clock, delay: float, longest: float) -> None:
    polls = list(patience(clock, 120, delay).tries())
    assert len(polls) == len(clock.pauses) + 1
    assert clock.pauses[0] == min(0.5, delay)
    assert max(clock.pauses) == longest
    growing = clock.pauses[:-1]  # the last one is cut short by the time-out
    assert growing == sorted(growing)
    assert clock.now == pytest.approx(120)


def test_a_wait_of_no_time_polls_once(clock: Clock) -> None:
    assert len(list(patience(clock, timeout=0).tries())) == 1
    assert clock.pauses == []


@pytest.mark.parametrize("moving", ["CREATING", "UPDATING", "DELETING"])
def test_settled_is_what_moves_no_more(clock: Clock, moving: str) -> None:
    assert settle(clock, group(moving), group(moving), group("ACTIVE"))["status"] == "ACTIVE"
    assert len(clock.pauses) == 2


@pytest.mark.parametrize(
    "trouble",
    [
        THROTTLED,
        BROKEN,
        Refusal("ServerException", status=500),
        Refusal("ServiceUnavailableException", status=503),
        Refusal("TooManyRequestsException", status=429),
        ConnectionClosedError(endpoint_url="https://eks"),
    ],
    ids=lambda trouble: getattr(trouble, "code", type(trouble).__name__),
)
@pytest.mark.parametrize("wait", [settled, gone])
def test_trouble_is_neither_success_nor_failure(clock: Clock, wait: Callable[..., Any], trouble: Any) -> None:
    moving = "CREATING" if wait is settled else "DELETING"
    last = group("ACTIVE") if wait is settled else NOT_FOUND
    settle(clock, group(moving), trouble, trouble, trouble, group(moving), last, wait=wait)
    assert len(clock.pauses) == 5


def test_refusal_ends_a_wait_at_once(clock: Clock) -> None:
    with pytest.raises(AwsError, match="AccessDeniedException"):
        settle(clock, group("CREATING"), Refusal("AccessDeniedException", status=403))
    assert len(clock.pauses) == 1


def test_time_out_tells_the_last_state(clock: Clock) -> None:
    issue = {"code": "AsgInstanceLaunchFailures", "message": "no capacity", "resourceIds": ["asg-1"]}
    with pytest.raises(Unsettled) as vain:
        settle(clock, group("CREATING", health={"issues": [issue]}), timeout=60)
    assert clock.now == pytest.approx(60)
    for part in (
        "node group web of cluster prod: waited 60 s to become ACTIVE, in vain",
        "Last state: CREATING (AsgInstanceLaunchFailures: no capacity (asg-1))",
        "Raise wait_timeout",
    ):
        assert part in str(vain.value)


def test_time_out_tells_that_polls_failed(clock: Clock) -> None:
    with pytest.raises(Unsettled, match=r"Its state could not be read.*the last poll failed.*ThrottlingException"):
        settle(clock, group("CREATING"), THROTTLED, timeout=60)


def test_vanishing_is_told(clock: Clock) -> None:
    with pytest.raises(Unsettled, match="node group web of cluster prod vanished"):
        settle(clock, group("CREATING"), NOT_FOUND)


@pytest.mark.parametrize("status", ["CREATE_FAILED", "DELETE_FAILED", "DEGRADED"])
def test_failure_states_end_a_wait_at_once(clock: Clock, status: str) -> None:
    issues = {"issues": [{"code": "NodeCreationFailure", "message": "never joined", "resourceIds": ["i-1", "i-2"]}]}
    observed = settle(clock, group("CREATING"), group(status, health=issues))
    assert len(clock.pauses) == 1
    with pytest.raises(Unsettled) as failed:
        healthy(NODEGROUP, WEB, observed)
    assert str(failed.value) == (
        f"node group web of cluster prod is {status}: NodeCreationFailure: never joined (i-1, i-2)"
    )


def test_failure_without_a_reason_says_so() -> None:
    with pytest.raises(Unsettled, match="is DEGRADED: the service gives no reason"):
        healthy(NODEGROUP, WEB, {"status": "DEGRADED"})
    assert healthy(NODEGROUP, WEB, {"status": "ACTIVE"}) == {"status": "ACTIVE"}


def test_gone_is_what_is_not_found(clock: Clock) -> None:
    settle(clock, group("ACTIVE"), group("DELETING"), NOT_FOUND, wait=gone)
    assert len(clock.pauses) == 2


def test_deletion_that_fails_ends_the_wait(clock: Clock) -> None:
    issues = {"issues": [{"code": "Ec2SecurityGroupDeletionFailure", "message": "in use"}]}
    with pytest.raises(Unsettled, match="is DELETE_FAILED: Ec2SecurityGroupDeletionFailure: in use"):
        settle(clock, group("DELETING"), group("DELETE_FAILED", health=issues), wait=gone)


def follow(clock: Clock, *answers: Any, update: Values | None = None) -> ScriptedAws:
    aws = ScriptedAws({"DescribeUpdate": list(answers), "DescribeNodegroup": [group("UPDATING")]})
    followed(Client(aws.connect), NODEGROUP, WEB, update or UPDATE, patience(clock, timeout=60))
    return aws


def update(status: str, *errors: Values) -> Values:
    return {"update": {"id": "u-1", "type": "ConfigUpdate", "status": status, "errors": list(errors)}}


def test_update_is_followed_by_its_id(clock: Clock) -> None:
    aws = follow(clock, update("InProgress"), THROTTLED, NOT_FOUND, update("InProgress"), update("Successful"))
    assert aws.calls == ["DescribeUpdate"] * 5


def test_update_that_was_successful_at_once_needs_no_call(clock: Clock) -> None:
    assert follow(clock, update=update("Successful")["update"]).calls == []


@pytest.mark.parametrize("end", ["Failed", "Cancelled"])
def test_update_that_ends_badly_tells_why(clock: Clock, end: str) -> None:
    error = {"errorCode": "PodEvictionFailure", "errorMessage": "a budget forbids it", "resourceIds": ["i-1"]}
    with pytest.raises(Unsettled) as failed:
        follow(clock, update("InProgress"), update(end, error))
    assert str(failed.value) == (
        f"node group web of cluster prod: ConfigUpdate u-1 {end}: PodEvictionFailure: a budget forbids it (i-1)"
    )


def test_update_that_takes_too_long_is_named(clock: Clock) -> None:
    with pytest.raises(Unsettled, match=r"waited 60 s for ConfigUpdate u-1, in vain\. Last state: UPDATING"):
        follow(clock, update("InProgress"))
