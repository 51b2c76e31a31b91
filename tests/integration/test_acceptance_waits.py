# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users of today's waiters and clients met, W1 to W4, and how it goes here."""

from __future__ import annotations

from typing import Any

import pytest

from support.ledger import Ledger
from support.steps import Steps
from support.surroundings import Surroundings

ONE_ATTEMPT = {"retries": {"total_max_attempts": 1}}


def wanted(aws: Surroundings) -> dict[str, Any]:
    return {"name": "prod", "role_arn": aws.role("cluster"), "subnets": aws.private_subnets}


@pytest.mark.parametrize("error", ["InternalFailure", "ServiceUnavailableException"])
def test_w1_a_failed_poll_is_no_success(aws: Surroundings, steps: Steps, error: str) -> None:
    options = wanted(aws)
    aws.simulator.fault(operation="DescribeCluster", error=error, after=1, count=3)
    made = steps.run("cluster", **options, aws_config=ONE_ATTEMPT)
    assert (made["changed"], made["status"]) == (True, "ACTIVE")
    assert [entry["status"] for entry in steps.ledger.calls("eks", "DescribeCluster")].count(404) == 1


@pytest.mark.parametrize("error", ["ThrottlingException", "ServerException"])
def test_w2_a_failed_poll_is_no_failure(aws: Surroundings, steps: Steps, error: str) -> None:
    options = wanted(aws)
    aws.simulator.fault(operation="DescribeCluster", error=error, after=1, count=3)
    assert steps.run("cluster", **options, aws_config=ONE_ATTEMPT)["status"] == "ACTIVE"


def test_w1_a_deletion_is_not_over_before_it_is(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    aws.simulator.fault(operation="DescribeCluster", error="InternalFailure", after=1, count=3)
    assert steps.run("cluster", name="prod", state="absent", aws_config=ONE_ATTEMPT)["changed"]
    assert aws.eks.list_clusters()["clusters"] == []


def test_w3_a_failure_state_ends_the_wait_at_once(aws: Surroundings, steps: Steps, ledger: Ledger) -> None:
    options = wanted(aws)
    why = {"code": "Ec2SubnetNotFound", "message": "The subnet is gone"}
    aws.simulator.fault(resource="cluster", name="prod", becomes="FAILED", **why)
    message = steps.failed("cluster", **options)
    assert "cluster prod is FAILED: Ec2SubnetNotFound: The subnet is gone" in message
    message = steps.refused("cluster", **options)
    assert "FAILED" in message
    assert "delete it" in message


def test_w3_a_failed_update_tells_its_errors(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    why = {"code": "EniLimitReached", "message": "No more interfaces"}
    aws.simulator.fault(resource="cluster", name="prod", becomes="FAILED", **why)
    message = steps.failed("cluster", name="prod", zonal_shift_config={"enabled": True})
    assert "ZonalShiftConfigUpdate" in message
    assert "Failed: EniLimitReached: No more interfaces" in message


def test_w3_polls_come_quickly_at_first(aws: Surroundings, steps: Steps, ledger: Ledger) -> None:
    aws.cluster()
    steps.run("cluster", name="prod", zonal_shift_config={"enabled": True})
    assert ledger.operations("eks").count("DescribeUpdate") >= 1


@pytest.mark.parametrize("error", ["ThrottlingException", "InternalFailure"])
def test_w4_a_call_is_attempted_more_than_three_times(aws: Surroundings, steps: Steps, error: str) -> None:
    aws.cluster()
    aws.simulator.fault(operation="DescribeCluster", error=error, count=4)
    assert not steps.run("cluster", name="prod")["changed"]
    assert len(steps.ledger.calls("eks", "DescribeCluster")) == 5


def test_w4_the_users_own_number_of_attempts_counts(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    aws.simulator.fault(operation="DescribeCluster", error="InternalFailure", count=2)
    message = steps.failed("cluster", name="prod", aws_config={"retries": {"total_max_attempts": 2}})
    assert "cluster prod: DescribeCluster:" in message
    assert len(steps.ledger.calls("eks", "DescribeCluster")) == 2


@pytest.mark.parametrize("kind", ["nodegroup", "fargate_profile"])
def test_w4_a_create_whose_answer_was_lost_finds_its_own(aws: Surroundings, steps: Steps, kind: str) -> None:
    aws.cluster()
    own: dict[str, Any] = {"cluster_name": "prod", "name": "web", "subnets": aws.private_subnets}
    if kind == "nodegroup":
        own |= {"node_role": aws.role("node"), "labels": {"a": "b"}}
    else:
        own |= {"role_arn": aws.role("fargate"), "selectors": [{"namespace": "a"}]}
    operation = "CreateNodegroup" if kind == "nodegroup" else "CreateFargateProfile"
    aws.simulator.fault(operation=operation, drop=True, count=1)
    made = steps.run(kind, **own)
    assert (made["changed"], made["status"]) == (True, "ACTIVE")


def test_w4_a_role_that_iam_has_not_spread_yet(aws: Surroundings, steps: Steps) -> None:
    """EKS refuses a role made a moment ago; the module asks again until it is known."""
    subnets = aws.private_subnets
    role = aws.role("cluster", "brand-new", settle=False)
    made = steps.run("cluster", name="prod", role_arn=role, subnets=subnets)
    assert made["status"] == "ACTIVE"


def test_w4_faults_all_along(aws: Surroundings, steps: Steps) -> None:
    """Three of ten calls throttled: a cluster is still created, changed and removed."""
    options = wanted(aws)
    aws.simulator.fault(operation="eks:*", error="ThrottlingException", rate=0.3)
    assert steps.run("cluster", **options)["status"] == "ACTIVE"
    assert steps.run("cluster", name="prod", zonal_shift_config={"enabled": True})["changed"]
    assert steps.run("cluster", name="prod", state="absent")["changed"]
