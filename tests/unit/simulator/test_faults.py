# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on request: for calls, and for how resources end."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError
from unit.simulator.account import CREATION, LONG, Account, refusal


def outcomes(account: Account, calls: int) -> list[str | None]:
    """The errors of so many ListClusters calls, in order."""
    since = account.sim.ledger()[-1]["n"]
    for _unused in range(calls):
        try:
            account.eks.list_clusters()
        except account.eks.exceptions.ClientError:
            continue
    return [entry["error"] for entry in account.sim.ledger(since)]


def test_a_fault_answers_in_place_of_the_operation(account: Account) -> None:
    account.sim.fault(operation="ListClusters", error="ThrottlingException", message="Slow down")
    refused = refusal(account.eks.list_clusters)
    assert (refused.code, refused.status, refused.message) == ("ThrottlingException", 429, "Slow down")
    assert account.sim.ledger()[-1]["fault"] is True
    account.sim.clear_faults()
    account.eks.list_clusters()
    assert "fault" not in account.sim.ledger()[-1]


def test_a_fault_begins_and_ends_by_count(account: Account) -> None:
    account.eks.list_clusters()
    account.sim.fault(operation="ListClusters", error="InternalFailure", after=1, count=2)
    assert outcomes(account, 4) == [None, "InternalFailure", "InternalFailure", None]


def test_a_fault_strikes_at_a_rate(account: Account) -> None:
    account.eks.list_clusters()
    account.sim.fault(operation="eks:*", error="ServiceUnavailableException", rate=0.5)
    assert 5 < outcomes(account, 40).count("ServiceUnavailableException") < 35


@pytest.mark.parametrize(
    ("pattern", "struck"), [("*", True), ("eks:*", True), ("List*", True), ("ec2:*", False), ("DescribeCluster", False)]
)
def test_a_fault_names_operations_by_pattern(account: Account, pattern: str, struck: bool) -> None:
    account.eks.list_clusters()
    account.sim.fault(operation=pattern, error="ThrottlingException")
    assert outcomes(account, 1) == (["ThrottlingException"] if struck else [None])


def test_other_services_get_their_errors_in_their_own_protocol(account: Account) -> None:
    account.sim.fault(operation="*", error="RequestLimitExceeded", status=503)
    for call in (account.ec2.describe_vpcs, account.iam.list_roles, account.client("ssm").describe_parameters):
        refused = refusal(call)
        assert (refused.code, refused.status) == ("RequestLimitExceeded", 503)


def test_a_lost_answer_leaves_the_operation_done(account: Account) -> None:
    request = account.cluster_request(clientRequestToken="lost")
    account.sim.fault(operation="CreateCluster", drop=True, count=1)
    with pytest.raises(ConnectionClosedError):
        account.eks.create_cluster(**request)
    assert account.describe(request["name"])["status"] == "CREATING"
    assert account.eks.create_cluster(**request)["cluster"]["name"] == request["name"]


def test_latency_delays_the_answer_and_no_other_call(account: Account) -> None:
    account.sim.fault(operation="ListClusters", latency=0.01)
    account.eks.list_clusters()
    assert account.sim.ledger()[-1]["fault"] is True


def test_a_cluster_can_fail(account: Account) -> None:
    request = account.cluster_request()
    account.sim.fault(resource="cluster", name=request["name"], becomes="FAILED", code="Other", message="Broken")
    account.eks.create_cluster(**request)
    account.sim.advance(CREATION)
    cluster = account.describe(request["name"])
    assert cluster["status"] == "FAILED"
    assert cluster["health"]["issues"] == [{"code": "Other", "message": "Broken", "resourceIds": []}]
    account.eks.delete_cluster(name=request["name"])


@pytest.mark.parametrize("becomes", ["CREATE_FAILED", "DEGRADED"])
def test_a_node_group_can_fail_or_degrade(account: Account, standing_cluster: str, becomes: str) -> None:
    account.sim.fault(resource="nodegroup", becomes=becomes, code="AsgInstanceLaunchFailures", count=1)
    group = account.describe(standing_cluster, account.nodegroup(standing_cluster))
    assert group["status"] == becomes
    assert group["health"]["issues"][0]["code"] == "AsgInstanceLaunchFailures"
    account.eks.delete_nodegroup(clusterName=standing_cluster, nodegroupName=group["nodegroupName"])


def test_a_fargate_profile_can_fail_to_come_and_to_go(account: Account, standing_cluster: str) -> None:
    account.sim.fault(resource="fargate_profile", becomes="CREATE_FAILED", code="AccessDenied", count=1)
    key = {"clusterName": standing_cluster, "fargateProfileName": account.profile(standing_cluster)}
    assert account.eks.describe_fargate_profile(**key)["fargateProfile"]["status"] == "CREATE_FAILED"
    account.sim.fault(resource="fargate_profile", becomes="DELETE_FAILED", count=1)
    account.eks.delete_fargate_profile(**key)
    account.sim.advance(LONG)
    assert account.eks.describe_fargate_profile(**key)["fargateProfile"]["status"] == "DELETE_FAILED"


@pytest.mark.parametrize(("becomes", "status"), [("Failed", "Failed"), ("Cancelled", "Cancelled")])
def test_an_update_can_end_badly(account: Account, standing_cluster: str, becomes: str, status: str) -> None:
    group = account.nodegroup(standing_cluster)
    account.sim.fault(resource="nodegroup", name=group, becomes=becomes, code="PodEvictionFailure", message="Pods stay")
    key = {"clusterName": standing_cluster, "nodegroupName": group}
    answer = account.eks.update_nodegroup_config(**key, scalingConfig={"maxSize": 5})["update"]
    ended = account.settled(answer, standing_cluster, nodegroupName=group)
    assert ended["status"] == status
    errors = [{"errorCode": "PodEvictionFailure", "errorMessage": "Pods stay", "resourceIds": []}]
    assert ended["errors"] == (errors if status == "Failed" else [])
    after = account.describe(standing_cluster, group)
    assert (after["status"], after["scalingConfig"]["maxSize"]) == ("ACTIVE", 2)


def test_a_degraded_node_group_is_mended_by_an_update(account: Account, standing_cluster: str) -> None:
    account.sim.fault(resource="nodegroup", becomes="DEGRADED", count=1)
    group = account.nodegroup(standing_cluster)
    key = {"clusterName": standing_cluster, "nodegroupName": group}
    answer = account.eks.update_nodegroup_config(**key, scalingConfig={"maxSize": 5})["update"]
    account.settled(answer, standing_cluster, nodegroupName=group)
    after = account.describe(standing_cluster, group)
    assert (after["status"], after["health"]) == ("ACTIVE", {"issues": []})


@pytest.mark.parametrize(
    "spec",
    [
        {"operation": "ListClusters"},
        {"operation": "ListClusters", "error": "X", "colour": "red"},
        {"resource": "insight", "becomes": "FAILED"},
        {"resource": "cluster", "becomes": "CREATE_FAILED"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(account: Account, spec: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"unknown|needs an error"):
        account.sim.fault(**spec)
