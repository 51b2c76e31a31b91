# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for updates and cancelling them, against a scripted AWS."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience, Unsettled
from ansible_collections.flotilla.eks.plugins.module_utils._updates import Job, cancel, finish, list_them
from support.scripted import BROKEN, NOT_FOUND, Clock, ScriptedAws

RUNNING = "InProgress"


def update(status: str = RUNNING, number: str = "u1", **more: Any) -> dict[str, Any]:
    return {"update": {"id": number, "type": "VersionRollback", "status": status, "createdAt": 1.0, **more}}


def asked(status: str = RUNNING, cancellation: str = RUNNING) -> dict[str, Any]:
    return update(status, cancellation={"status": cancellation, "reason": "so it is"})


def cluster(status: str = "ACTIVE", auto_mode: bool = True) -> dict[str, Any]:
    return {"cluster": {"name": "prod", "status": status, "computeConfig": {"enabled": auto_mode}}}


def scripted(*descriptions: Any, ids: tuple[str, ...] = ("u1",), **answers: Any) -> ScriptedAws:
    named = {name: [answer] for name, answer in {"DescribeCluster": cluster(), **answers}.items()}
    return ScriptedAws({"ListUpdates": [{"updateIds": list(ids)}], "DescribeUpdate": list(descriptions), **named})


def job(aws: ScriptedAws, clock: Clock, wait: bool = True, check_mode: bool = False, **more: Any) -> Job:
    patience = Patience(wait, 60, 5, clock, clock.sleep)
    known = {"owner": {}, "update_id": None, **more}
    return Job(Client(aws.connect, check_mode), "prod", patience=patience, check_mode=check_mode, **known)


def test_the_owner_is_named_in_every_request_and_message(clock: Clock) -> None:
    aws = scripted(update())
    own = job(aws, clock, owner={"addon_name": "coredns"})
    assert own.who == "add-on coredns of cluster prod"
    assert list_them(own)["updates"][0]["id"] == "u1"
    with pytest.raises(Refused, match="add-on coredns of cluster prod: EKS can cancel updates of clusters only"):
        cancel(own)


def test_all_that_is_in_progress_is_awaited_through_trouble_that_passes(clock: Clock) -> None:
    aws = scripted(update(), *[BROKEN] * 10, update("Successful"))
    assert finish(job(aws, clock))["updates"][0]["status"] == "Successful"


def test_what_had_failed_before_fails_nothing_unless_it_was_asked_for(clock: Clock) -> None:
    failed = update("Failed", errors=[{"errorCode": "Unknown", "errorMessage": "no"}])
    assert finish(job(scripted(failed), clock))["changed"] is False
    with pytest.raises(Unsettled, match="VersionRollback u1 Failed: Unknown: no"):
        finish(job(scripted(failed), clock, update_id="u1"))


def test_what_is_cancelled_by_somebody_else_did_not_succeed(clock: Clock) -> None:
    with pytest.raises(Unsettled, match="u1 Cancelled: the service gives no reason"):
        finish(job(scripted(update(), update("Cancelled")), clock))


def test_an_update_that_vanishes_is_told(clock: Clock) -> None:
    with pytest.raises(AwsError, match="DescribeUpdate"):
        finish(job(scripted(update(), NOT_FOUND), clock))


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_cancellation_is_foretold_and_done(clock: Clock, check_mode: bool) -> None:
    aws = scripted(update(), asked(), asked("Cancelled", "Successful"), CancelUpdate=asked())
    result = cancel(job(aws, clock, check_mode=check_mode))
    assert [change["operation"] for change in result["changes"]] == ["CancelUpdate"]
    assert aws.writes == ([] if check_mode else ["CancelUpdate"])


def test_a_cancellation_that_was_asked_for_is_only_awaited(clock: Clock) -> None:
    aws = scripted(asked(), asked(), asked("Cancelled", "Successful"))
    result = cancel(job(aws, clock))
    assert (result["changed"], result["updates"][0]["status"], aws.writes) == (False, "Cancelled", [])


def test_one_that_failed_is_tried_again(clock: Clock) -> None:
    aws = scripted(asked(cancellation="Failed"), asked("Cancelled", "Successful"), CancelUpdate=asked())
    assert cancel(job(aws, clock))["changed"]


def test_a_cancellation_that_fails_is_told_with_its_reason(clock: Clock) -> None:
    aws = scripted(update(), asked(cancellation="Failed"), CancelUpdate=asked())
    with pytest.raises(Unsettled, match="VersionRollback u1 was not cancelled and is InProgress: so it is"):
        cancel(job(aws, clock))


def test_an_update_that_ends_while_it_is_cancelled_was_not_cancelled(clock: Clock) -> None:
    aws = scripted(update(), update("Successful"), CancelUpdate=asked())
    with pytest.raises(Unsettled, match="was not cancelled and is Successful"):
        cancel(job(aws, clock))


@pytest.mark.parametrize(
    ("described", "known", "reason"),
    [
        (update(type="ConfigUpdate"), cluster(), "type: found ConfigUpdate, wanted VersionRollback"),
        (update(), cluster(auto_mode=False), "only of clusters with EKS Auto Mode"),
        (update(), cluster("UPDATING"), "the control plane has begun to go back"),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_what_cannot_be_cancelled_is_refused_before_it_is_asked(
    clock: Clock, check_mode: bool, described: Any, known: Any, reason: str
) -> None:
    aws = scripted(described, DescribeCluster=known)
    with pytest.raises(Refused, match=reason):
        cancel(job(aws, clock, check_mode=check_mode))
    assert aws.writes == []


def test_of_several_in_progress_one_is_to_be_named(clock: Clock) -> None:
    aws = scripted(update(), update(number="u2"), ids=("u1", "u2"))
    with pytest.raises(Refused, match="several are in progress; say which one by update_id"):
        cancel(job(aws, clock))
