# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out removals against a scripted AWS."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._apply import make_absent, make_present
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from support.jobs import cluster, group, job, update
from support.scripted import NOT_FOUND, Clock, Refusal, ScriptedAws


def test_removal_is_awaited(clock: Clock) -> None:
    describes = [group(), group("DELETING"), NOT_FOUND]
    aws = ScriptedAws({"DescribeNodegroup": describes, "DeleteNodegroup": [group("DELETING")]})
    outcome = make_absent(job(clock, aws, {}))
    assert (outcome.changed, outcome.observed, aws.writes) == (True, None, ["DeleteNodegroup"])


@pytest.mark.parametrize("check_mode", [True, False])
def test_removal_of_nothing_does_nothing(clock: Clock, check_mode: bool) -> None:
    aws = ScriptedAws({"DescribeNodegroup": [NOT_FOUND]})
    outcome = make_absent(job(clock, aws, {}, check_mode=check_mode))
    assert (outcome.changed, aws.calls) == (False, ["DescribeNodegroup"])


def test_removal_in_check_mode_waits_for_nothing(clock: Clock) -> None:
    aws = ScriptedAws({"DescribeNodegroup": [group()]})
    outcome = make_absent(job(clock, aws, {}, check_mode=True))
    assert (outcome.changed, aws.calls, clock.pauses) == (True, ["DescribeNodegroup"], [])


def test_removal_under_way_is_waited_for(clock: Clock) -> None:
    aws = ScriptedAws({"DescribeNodegroup": [group("DELETING"), group("DELETING"), NOT_FOUND]})
    assert not make_absent(job(clock, aws, {})).changed
    assert aws.calls == ["DescribeNodegroup"] * 3


def test_removal_of_a_busy_resource_waits(clock: Clock) -> None:
    describes = [group("CREATING"), group("CREATING"), group(), NOT_FOUND]
    aws = ScriptedAws({"DescribeNodegroup": describes, "DeleteNodegroup": [group("DELETING")]})
    assert make_absent(job(clock, aws, {})).changed
    assert aws.calls.index("DeleteNodegroup") == 3


def test_removal_that_somebody_else_was_faster_with_succeeds(clock: Clock) -> None:
    aws = ScriptedAws({"DescribeNodegroup": [group(), NOT_FOUND], "DeleteNodegroup": [NOT_FOUND]})
    assert make_absent(job(clock, aws, {})).observed is None


def test_busy_resource_that_vanishes_is_as_gone_as_wanted(clock: Clock) -> None:
    aws = ScriptedAws({"DescribeNodegroup": [group("UPDATING"), NOT_FOUND], "DeleteNodegroup": [NOT_FOUND]})
    assert make_absent(job(clock, aws, {})).observed is None


def blocked(**more: list[Any]) -> ScriptedAws:
    listings: dict[str, list[Any]] = {
        "ListNodegroups": [{"nodegroups": ["web", "gpu"]}],
        "ListFargateProfiles": [{"fargateProfileNames": ["x"]}],
        "ListCapabilities": [{"capabilities": [{"capabilityName": "ack"}]}],
    }
    return ScriptedAws({"DescribeCluster": [cluster(deletionProtection=True)], **listings, **more})


def test_dependants_block_a_removal_by_name(clock: Clock) -> None:
    aws = blocked()
    with pytest.raises(
        Refused, match=r"node group web, node group gpu, Fargate profile x, capability ack\. Delete them first"
    ):
        make_absent(job(clock, aws, {"deletion_protection": False}, kind="cluster"))
    assert aws.writes == []


def test_dependants_are_told_in_check_mode(clock: Clock) -> None:
    outcome = make_absent(job(clock, blocked(), {"deletion_protection": False}, kind="cluster", check_mode=True))
    assert outcome.blockers == ["node group web", "node group gpu", "Fargate profile x", "capability ack"]


def test_what_may_not_be_listed_blocks_nothing(clock: Clock) -> None:
    denied = Refusal("AccessDeniedException", "Unable to determine service/operation name to be authorized", 403)
    aws = blocked(ListCapabilities=[denied])
    outcome = make_absent(job(clock, aws, {"deletion_protection": False}, kind="cluster", check_mode=True))
    assert outcome.blockers == ["node group web", "node group gpu", "Fargate profile x"]


def test_a_connected_cluster_is_not_deleted_as_one_of_eks(clock: Clock) -> None:
    aws = ScriptedAws({"DescribeCluster": [cluster("PENDING", connectorConfig={"provider": "OTHER"})]})
    for converge in (make_absent, make_present):
        with pytest.raises(Refused, match=r"flotilla\.eks\.connected_cluster"):
            converge(job(clock, aws, {}, kind="cluster"))
    assert aws.writes == []


def test_protection_is_lifted_and_awaited_before_deletion(clock: Clock) -> None:
    aws = blocked(
        ListNodegroups=[{"nodegroups": []}],
        ListFargateProfiles=[{"fargateProfileNames": []}],
        ListCapabilities=[{"capabilities": []}],
        DescribeCluster=[cluster(deletionProtection=True), NOT_FOUND],
        UpdateClusterConfig=[update()],
        DescribeUpdate=[update("Successful")],
        DeleteCluster=[cluster("DELETING")],
    )
    make_absent(job(clock, aws, {"deletion_protection": False}, kind="cluster"))
    order = [call for call in aws.calls if not call.startswith("List")]
    assert order == ["DescribeCluster", "UpdateClusterConfig", "DescribeUpdate", "DeleteCluster", "DescribeCluster"]
