# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and refreshing insights, against a scripted AWS."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._insights import read, refresh
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience, Unsettled
from support.scripted import BROKEN, NOT_FOUND, Clock, Refusal, ScriptedAws

BEGUN = {"status": "IN_PROGRESS", "message": "begun"}
UNDER_WAY = {"status": "IN_PROGRESS"}
THROUGH = {"status": "COMPLETED"}
REFUSED = Refusal("InvalidRequestException", "A refresh is in progress")


def refreshed(aws: ScriptedAws, clock: Clock, wait: bool = True) -> dict[str, Any]:
    return refresh(Client(aws.connect), "prod", Patience(wait, 60, 5, clock, clock.sleep))


def scripted(starts: list[Any], states: list[Any]) -> ScriptedAws:
    return ScriptedAws({"StartInsightsRefresh": starts, "DescribeInsightsRefresh": states})


def test_a_refresh_is_awaited_through_trouble_that_passes(clock: Clock) -> None:
    aws = scripted([BEGUN], [UNDER_WAY, *[BROKEN] * 10, THROUGH])
    assert refreshed(aws, clock)["status"] == "COMPLETED"
    assert aws.calls.count("StartInsightsRefresh") == 1


def test_one_that_is_under_way_may_have_missed_something_and_is_followed_by_our_own(clock: Clock) -> None:
    aws = scripted([REFUSED, BEGUN], [UNDER_WAY, UNDER_WAY, THROUGH, UNDER_WAY, THROUGH])
    assert refreshed(aws, clock)["status"] == "COMPLETED"
    start, look = "StartInsightsRefresh", "DescribeInsightsRefresh"
    assert aws.calls == [start, look, look, look, start, look, look]


def test_a_refusal_for_another_reason_is_told(clock: Clock) -> None:
    aws = scripted([REFUSED], [THROUGH])
    with pytest.raises(AwsError, match="StartInsightsRefresh: A refresh is in progress"):
        refreshed(aws, clock)
    with pytest.raises(AwsError, match="StartInsightsRefresh"):
        refreshed(scripted([REFUSED], [NOT_FOUND]), clock)


def test_a_refresh_that_fails_is_told_with_its_reason(clock: Clock) -> None:
    aws = scripted([BEGUN], [UNDER_WAY, {"status": "FAILED", "message": "the cluster does not answer"}])
    with pytest.raises(Unsettled, match=r"insights of cluster prod: the refresh FAILED: the cluster does not answer"):
        refreshed(aws, clock)


def test_a_refresh_without_an_end_is_given_up(clock: Clock) -> None:
    with pytest.raises(Unsettled, match="waited 60 s for a refresh, in vain"):
        refreshed(scripted([BEGUN], [UNDER_WAY]), clock)
    assert clock.now <= 61


@pytest.mark.parametrize("start", [BEGUN, REFUSED])
def test_a_refresh_need_not_be_awaited(clock: Clock, start: Any) -> None:
    assert refreshed(scripted([start], [UNDER_WAY]), clock, wait=False)["status"] == "IN_PROGRESS"
    assert clock.pauses == []


def insight(name: str, status: str) -> dict[str, Any]:
    return {"id": name, "name": name, "category": "UPGRADE_READINESS", "insightStatus": {"status": status}}


def test_insights_are_sorted_by_urgency_and_those_that_vanish_are_left_out() -> None:
    listed = [insight("b", "PASSING"), insight("a", "PASSING"), insight("c", "ERROR"), insight("d", "GRAVE")]
    aws = ScriptedAws({"ListInsights": [{"insights": listed}], "DescribeInsight": [NOT_FOUND]})
    found = read(Client(aws.connect), "prod", {}, details=False)
    assert [one["name"] for one in found] == ["d", "c", "a", "b"]
    assert read(Client(aws.connect), "prod", {"statuses": ["ERROR"]}, details=True) == []
    assert aws.bodies("ListInsights") == [{}, {"filter": {"statuses": ["ERROR"]}}]
