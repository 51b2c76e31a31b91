# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pod identity associations: one for each service account, with a role that pods may assume."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.account import LONG, Account, refusal

from eks_simulator.process import SimulatorProcess

PODS = "pods.eks.amazonaws.com"
POLICY = '{"Version": "2012-10-17", "Statement": []}'


@pytest.fixture(scope="module")
def pod_role(built_account: Account) -> str:
    arn = built_account.role("pods", PODS)
    built_account.sim.advance(60)
    return arn


@pytest.fixture
def request_of(account: Account, standing_cluster: str, pod_role: str) -> dict[str, Any]:
    """A CreatePodIdentityAssociation request of a service account of its own."""
    names = {"namespace": "apps", "serviceAccount": account.name("account")}
    return {"clusterName": standing_cluster, **names, "roleArn": pod_role}


def create(account: Account, request: dict[str, Any], **parameters: Any) -> Any:
    """The refusal of a CreatePodIdentityAssociation request."""
    return refusal(account.eks.create_pod_identity_association, **{**request, **parameters})


def made(account: Account, request: dict[str, Any], **parameters: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """A new association: the key that names it, and itself."""
    association = account.eks.create_pod_identity_association(**request, **parameters)["association"]
    return {"clusterName": request["clusterName"], "associationId": association["associationId"]}, association


def test_an_association_lives(account: Account, request_of: dict[str, Any]) -> None:
    key, association = made(account, request_of, tags={"A": "b"})
    assert association["associationArn"].endswith(f"podidentityassociation/{key['clusterName']}/{key['associationId']}")
    assert (association["disableSessionTags"], association["tags"]) == (False, {"A": "b"})
    account.sim.advance(5)
    other = account.role(account.name("pods"), PODS)
    account.sim.advance(60)
    changed = account.eks.update_pod_identity_association(**key, roleArn=other)["association"]
    assert changed["roleArn"] == other
    assert changed["modifiedAt"] > association["modifiedAt"]
    account.eks.tag_resource(resourceArn=association["associationArn"], tags={"C": "d"})
    assert account.eks.describe_pod_identity_association(**key)["association"]["tags"] == {"A": "b", "C": "d"}
    account.eks.delete_pod_identity_association(**key)
    refused = refusal(account.eks.describe_pod_identity_association, **key)
    assert (refused.code, refused.status) == ("ResourceNotFoundException", 404)


def test_a_service_account_has_one_association(account: Account, request_of: dict[str, Any]) -> None:
    key, _association = made(account, request_of)
    refused = create(account, request_of)
    assert (refused.code, refused.status) == ("ResourceInUseException", 409)
    assert refused.message == f"Association already exists: {key['associationId']}"
    made(account, {**request_of, "namespace": "jobs"})


def test_a_list_has_summaries_by_service_account(account: Account, request_of: dict[str, Any]) -> None:
    key, _association = made(account, request_of)
    wanted = {name: request_of[name] for name in ("clusterName", "namespace", "serviceAccount")}
    [summary] = account.eks.list_pod_identity_associations(**wanted)["associations"]
    assert summary["associationId"] == key["associationId"]
    assert "roleArn" not in summary
    found = account.eks.list_pod_identity_associations(clusterName=key["clusterName"], namespace="apps", maxResults=1)
    assert len(found["associations"]) == 1
    wanted["serviceAccount"] = "nobody"
    assert account.eks.list_pod_identity_associations(**wanted)["associations"] == []


def test_pods_must_be_able_to_assume_the_role_and_tag(account: Account, request_of: dict[str, Any]) -> None:
    for arn in (account.roles["node"], "arn:aws:iam::123456789012:role/nobody"):
        refused = create(account, request_of, roleArn=arn)
        assert refused.code == "InvalidParameterException"
        assert refused.message.startswith("Trust policy of the role provided is invalid.")
    assert "Cross-account" in create(account, request_of, roleArn="arn:aws:iam::111122223333:role/x").message


@pytest.mark.parametrize("names", [{"namespace": "Apps"}, {"namespace": "a" * 64}, {"serviceAccount": "-x"}])
def test_names_are_those_of_kubernetes(account: Account, request_of: dict[str, Any], names: dict[str, str]) -> None:
    assert "Invalid" in create(account, request_of, **names).message


def test_a_session_policy_goes_without_session_tags(account: Account, request_of: dict[str, Any]) -> None:
    assert "disableSessionTags" in create(account, request_of, policy=POLICY).message
    assert "JSON" in create(account, request_of, policy="{", disableSessionTags=True).message
    _key, association = made(account, request_of, policy=POLICY, disableSessionTags=True)
    assert association["policy"] == POLICY


def test_a_target_role_gets_an_external_id(account: Account, request_of: dict[str, Any]) -> None:
    assert "ARN" in create(account, request_of, targetRoleArn="someone").message
    target = "arn:aws:iam::111122223333:role/there"
    key, association = made(account, request_of, targetRoleArn=target)
    account_name = request_of["serviceAccount"]
    place = f"eu-central-1/123456789012/{key['clusterName']}/apps/{account_name}"
    assert association["externalId"] == place
    changed = account.eks.update_pod_identity_association(**key, targetRoleArn="")["association"]
    assert "externalId" not in changed


def test_an_update_changes_something(account: Account, request_of: dict[str, Any]) -> None:
    key, association = made(account, request_of)
    refused = refusal(account.eks.update_pod_identity_association, **key, roleArn=association["roleArn"])
    assert "No changes detected" in refused.message


def test_associations_go_with_their_cluster(account: Account, pod_role: str) -> None:
    cluster = account.cluster()
    made(account, {"clusterName": cluster, "namespace": "a", "serviceAccount": "b", "roleArn": pod_role})
    account.eks.delete_cluster(name=cluster)
    account.sim.advance(LONG)
    refused = refusal(account.eks.list_pod_identity_associations, clusterName=cluster)
    assert refused.code == "ResourceNotFoundException"


def test_there_is_a_quota() -> None:
    with SimulatorProcess(0, "--quota", "pod_identity_associations_per_cluster=1") as sim:
        account = Account(sim)
        account.build()
        role = account.role("pods", PODS)
        account.sim.advance(60)
        request = {"clusterName": account.cluster(), "namespace": "a", "roleArn": role}
        made(account, {**request, "serviceAccount": "first"})
        assert create(account, {**request, "serviceAccount": "second"}).code == "ResourceLimitExceededException"
