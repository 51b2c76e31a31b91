# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Capabilities: one of each type, with the configuration of its type, changed by patches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from unit.simulator.account import LONG, Account, Refusal, refusal

IDC = {"idcInstanceArn": "arn:aws:sso:::instance/ssoins-1234567890abcdef"}
ANNA, BERT = ({"id": name, "type": "SSO_USER"} for name in ("anna", "bert"))


@pytest.fixture
def cluster(account: Account) -> str:
    return account.cluster(accessConfig={"authenticationMode": "API"})


def request(account: Account, cluster: str, **parameters: Any) -> dict[str, Any]:
    return {
        "clusterName": cluster,
        "capabilityName": "tools",
        "type": "KRO",
        "roleArn": account.roles["capability"],
        "deletePropagationPolicy": "RETAIN",
        **parameters,
    }


def made(account: Account, cluster: str, **parameters: Any) -> dict[str, Any]:
    account.eks.create_capability(**request(account, cluster, **parameters))
    account.sim.advance(LONG)
    return described(account, cluster)


def described(account: Account, cluster: str) -> dict[str, Any]:
    return account.eks.describe_capability(clusterName=cluster, capabilityName="tools")["capability"]


def refused(account: Account, cluster: str, **parameters: Any) -> Refusal:
    return refusal(account.eks.create_capability, **request(account, cluster, **parameters))


def argo_cd(**more: Any) -> dict[str, Any]:
    return {"type": "ARGOCD", "configuration": {"argoCd": {"awsIdc": IDC, **more}}}


def updated(account: Account, cluster: str, **configuration: Any) -> dict[str, Any]:
    key = {"clusterName": cluster, "capabilityName": "tools"}
    update = account.eks.update_capability(**key, configuration=configuration)["update"]
    assert account.settled(update, cluster, capabilityName="tools")["status"] == "Successful"
    return described(account, cluster)["configuration"]


def test_a_capability_comes_and_goes(account: Account, cluster: str) -> None:
    new = account.eks.create_capability(**request(account, cluster, tags={"team": "a"}))["capability"]
    assert (new["status"], new["tags"]) == ("CREATING", {"team": "a"})
    account.sim.advance(LONG)
    assert described(account, cluster)["status"] == "ACTIVE"
    [listed] = account.eks.list_capabilities(clusterName=cluster)["capabilities"]
    assert (listed["capabilityName"], listed["type"]) == ("tools", "KRO")
    assert account.roles["capability"] in account.eks.list_access_entries(clusterName=cluster)["accessEntries"]
    assert refusal(account.eks.delete_cluster, name=cluster).message == "Cluster has capabilities attached"
    key = {"clusterName": cluster, "capabilityName": "tools"}
    assert account.eks.delete_capability(**key)["capability"]["status"] == "DELETING"
    account.sim.advance(LONG)
    assert refusal(account.eks.describe_capability, **key).code == "ResourceNotFoundException"
    assert account.roles["capability"] not in account.eks.list_access_entries(clusterName=cluster)["accessEntries"]


def test_there_is_one_of_each_type(account: Account, cluster: str) -> None:
    made(account, cluster)
    assert "already exists" in refused(account, cluster, type="ACK").message
    assert "already has a capability of type KRO" in refused(account, cluster, capabilityName="more").message
    account.eks.create_capability(**request(account, cluster, capabilityName="ack", type="ACK"))


def test_a_cluster_that_is_not_there_is_an_invalid_parameter(account: Account) -> None:
    calls: list[Callable[[], Refusal]] = [
        lambda: refused(account, "nowhere"),
        lambda: refusal(account.eks.list_capabilities, clusterName="nowhere"),
    ]
    assert {call().code for call in calls} == {"InvalidParameterException"}


def test_the_cluster_must_look_in_access_entries(account: Account) -> None:
    cluster = account.cluster(accessConfig={"authenticationMode": "CONFIG_MAP"})
    assert "authentication mode" in refused(account, cluster).message


def test_the_role_must_trust_capabilities(account: Account, cluster: str) -> None:
    assert "could not be assumed" in refused(account, cluster, roleArn=account.roles["node"]).message


@pytest.mark.parametrize(
    "parameters",
    [
        {"type": "KRO", "configuration": {"ack": {}}},
        {"type": "ACK", "configuration": {"argoCd": {"awsIdc": IDC}}},
        {"type": "ARGOCD"},
        argo_cd(rbacRoleMappings=[{"role": "ADMIN", "identities": [ANNA]}, {"role": "ADMIN", "identities": [BERT]}]),
    ],
)
def test_the_configuration_fits_the_type(account: Account, cluster: str, parameters: dict[str, Any]) -> None:
    assert refused(account, cluster, **parameters).code == "InvalidParameterException"


def test_ack_keeps_what_an_update_does_not_mention(account: Account, cluster: str) -> None:
    made(account, cluster, type="ACK", configuration={"ack": {"disabledServices": ["s3"]}})
    after = updated(account, cluster, ack={"enableCrossNamespace": True})
    assert after["ack"] == {"enableCrossNamespace": True, "disabledServices": ["s3"]}
    assert updated(account, cluster, ack={"disabledServices": []})["ack"]["disabledServices"] == []


def test_role_mappings_are_added_and_removed(account: Account, cluster: str) -> None:
    found = made(account, cluster, **argo_cd(rbacRoleMappings=[{"role": "ADMIN", "identities": [ANNA]}]))
    assert found["configuration"]["argoCd"]["serverUrl"].startswith("https://")
    more = {"addOrUpdateRoleMappings": [{"role": "ADMIN", "identities": [BERT]}]}
    after = updated(account, cluster, argoCd={"rbacRoleMappings": more})
    assert after["argoCd"]["rbacRoleMappings"] == [{"role": "ADMIN", "identities": [ANNA, BERT]}]
    less = {"removeRoleMappings": [{"role": "ADMIN", "identities": [ANNA, BERT]}]}
    assert updated(account, cluster, argoCd={"rbacRoleMappings": less})["argoCd"]["rbacRoleMappings"] == []
    key = {"clusterName": cluster, "capabilityName": "tools"}
    again = refusal(account.eks.update_capability, **key, configuration={"argoCd": {"rbacRoleMappings": less}})
    assert "is not mapped to anna" in again.message


def test_an_update_must_change_something_and_be_alone(account: Account, cluster: str) -> None:
    made(account, cluster, type="ACK")
    key = {"clusterName": cluster, "capabilityName": "tools"}
    same = refusal(account.eks.update_capability, **key, roleArn=account.roles["capability"])
    assert "No changes detected" in same.message
    account.eks.update_capability(**key, configuration={"ack": {"enableCrossNamespace": True}})
    assert refusal(account.eks.delete_capability, **key).code == "ResourceInUseException"
    assert refusal(account.eks.update_capability, **key, configuration={"ack": {}}).code == "ResourceInUseException"


def test_a_capability_can_end_badly(account: Account, cluster: str) -> None:
    account.sim.fault(resource="capability", becomes="CREATE_FAILED", code="AccessDenied", message="No", count=1)
    found = made(account, cluster)
    assert (found["status"], found["health"]["issues"]) == (
        "CREATE_FAILED",
        [{"code": "AccessDenied", "message": "No"}],
    )
