# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connected clusters: registered with a code that is told once, listed if one asks for all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from unit.simulator.account import LONG, Account, refusal


@pytest.fixture
def registered(account: Account) -> dict[str, Any]:
    return account.eks.register_cluster(**request(account))["cluster"]


def request(account: Account, **parameters: Any) -> dict[str, Any]:
    config = {"roleArn": account.roles["connector"], "provider": "OTHER"}
    return {"name": account.name("site"), "connectorConfig": config, **parameters}


def test_the_activation_code_is_told_once(account: Account, registered: dict[str, Any]) -> None:
    assert registered["status"] == "PENDING"
    config = registered["connectorConfig"]
    assert config["activationExpiry"] - registered["createdAt"] == timedelta(days=3)
    described = account.describe(registered["name"])
    assert described["arn"] == registered["arn"]
    assert described["connectorConfig"] == {name: config[name] for name in config if name != "activationCode"}
    assert config["activationCode"] not in str(account.sim.ledger())


def test_the_same_request_again_tells_the_same_code(account: Account) -> None:
    twice = request(account, clientRequestToken=account.name("token"))
    first, second = (account.eks.register_cluster(**twice)["cluster"]["connectorConfig"] for _time in range(2))
    assert first == second


def test_it_is_listed_with_all(account: Account, registered: dict[str, Any]) -> None:
    assert registered["name"] not in account.eks.list_clusters()["clusters"]
    assert registered["name"] in account.eks.list_clusters(include=["all"])["clusters"]


def test_a_name_is_taken_once_among_all_clusters(account: Account, registered: dict[str, Any]) -> None:
    again = refusal(account.eks.register_cluster, **request(account, name=registered["name"]))
    assert again.code == "ResourceInUseException"
    own = refusal(account.eks.create_cluster, **account.cluster_request(name=registered["name"]))
    assert own.code == "ResourceInUseException"


def test_it_carries_tags_and_nothing_else_of_a_cluster(account: Account, registered: dict[str, Any]) -> None:
    account.eks.tag_resource(resourceArn=registered["arn"], tags={"team": "a"})
    assert account.describe(registered["name"])["tags"] == {"team": "a"}
    assert refusal(account.eks.delete_cluster, name=registered["name"]).code == "ResourceNotFoundException"


def test_it_is_deregistered(account: Account, registered: dict[str, Any]) -> None:
    assert account.eks.deregister_cluster(name=registered["name"])["cluster"]["status"] == "DELETING"
    account.sim.advance(LONG)
    assert refusal(account.eks.describe_cluster, name=registered["name"]).code == "ResourceNotFoundException"
    assert refusal(account.eks.deregister_cluster, name=registered["name"]).code == "ResourceNotFoundException"


def test_a_cluster_of_eks_is_not_deregistered(account: Account, standing_cluster: str) -> None:
    assert refusal(account.eks.deregister_cluster, name=standing_cluster).code == "ClientException"


def test_the_role_must_trust_ssm_and_be_known(account: Account) -> None:
    stranger = {"roleArn": account.roles["node"], "provider": "OTHER"}
    assert (
        "ssm.amazonaws.com"
        in refusal(account.eks.register_cluster, **request(account, connectorConfig=stranger)).message
    )
    fresh = {"roleArn": account.role(account.name("agent"), "ssm.amazonaws.com"), "provider": "OTHER"}
    again = request(account, connectorConfig=fresh)
    delay = refusal(account.eks.register_cluster, **again)
    assert (delay.code, delay.status) == ("ResourcePropagationDelayException", 428)
    account.sim.advance(60)
    account.eks.register_cluster(**again)


def test_a_region_has_a_quota_of_them(account: Account) -> None:
    taken = len(account.eks.list_clusters(include=["all"])["clusters"]) - len(account.eks.list_clusters()["clusters"])
    for _one in range(10 - taken):
        account.eks.register_cluster(**request(account))
    assert refusal(account.eks.register_cluster, **request(account)).code == "ResourceLimitExceededException"
