# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from a cluster's name to its Kubernetes API."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._reach import describe, hint, kubernetes, reachable
from ansible_collections.flotilla.eks.plugins.module_utils._token import read_token
from support.scripted import NOT_FOUND, Refusal, ScriptedAws
from support.scripted_kubernetes import Asked, scripted_kubernetes


def cluster(**members: Any) -> dict[str, Any]:
    return {"name": "prod", "status": "ACTIVE", **members}


def test_a_cluster_that_is_not_there_is_no_error_yet() -> None:
    assert describe(Client(ScriptedAws({"DescribeCluster": [NOT_FOUND]}).connect), "prod") is None
    with pytest.raises(AwsError, match="AccessDeniedException"):
        describe(Client(ScriptedAws({"DescribeCluster": [Refusal("AccessDeniedException")]}).connect), "prod")


@pytest.mark.parametrize("status", ["ACTIVE", "UPDATING"])
def test_an_update_does_not_interrupt_the_endpoint(status: str) -> None:
    assert reachable(cluster(status=status), "prod", "eu-central-1")["name"] == "prod"


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (None, "'prod' does not exist in region eu-central-1: check cluster_name, region and the account"),
        (cluster(status="CREATING"), "'prod' is CREATING, and has no Kubernetes API yet: wait until it is ACTIVE"),
        (cluster(status="DELETING"), "'prod' is DELETING, so its Kubernetes API is not asked"),
        (cluster(status="FAILED"), "'prod' is FAILED, so"),
    ],
)
def test_what_cannot_be_asked_is_said_with_its_state(found: dict[str, Any] | None, told: str) -> None:
    with pytest.raises(Refused, match=told):
        reachable(found, "prod", "eu-central-1")


@pytest.mark.parametrize(
    ("access", "told"),
    [
        ({"endpoint_public_access": False}, "the endpoint is private"),
        (
            {"endpoint_public_access": True, "public_access_cidrs": ["198.51.100.0/24"]},
            r"lets in 198.51.100.0/24 alone",
        ),
        ({"endpoint_public_access": True, "public_access_cidrs": ["0.0.0.0/0"]}, "check the network"),
        ({}, "check the network"),
    ],
)
def test_silence_is_explained_by_what_the_endpoint_lets_in(access: dict[str, Any], told: str) -> None:
    assert told in hint(cluster(resources_vpc_config=access))


@pytest.mark.parametrize(("members", "name"), [({}, "prod"), ({"outpost_config": {"x": 1}, "id": "an-id"}, "an-id")])
def test_the_api_is_asked_with_a_token_of_the_caller(
    monkeypatch: pytest.MonkeyPatch, members: dict[str, Any], name: str
) -> None:
    client = Client(ScriptedAws({}).connect)
    named: list[str] = []
    made = client.token_for

    def token_for(cluster: str) -> str:
        named.append(cluster)
        return made(cluster)

    monkeypatch.setattr(client, "token_for", token_for)
    with scripted_kubernetes(lambda asked: {"metadata": {}, "items": []}) as api:
        at = {"endpoint": api.url, "certificate_authority": {"data": api.certificate_authority}}
        assert kubernetes(client, cluster(**at, **members)).list_all("/api/v1/nodes") == []
    asked: Asked = api.asked[0]
    signature = read_token(asked.headers["Authorization"].removeprefix("Bearer "))
    assert signature is not None
    assert (signature.access_key, named) == ("AKIDEXAMPLE", [name])


def test_a_token_without_credentials_is_an_error_of_aws() -> None:
    with pytest.raises(AwsError, match="no AWS credentials were found"):
        Client(ScriptedAws({}, credentials=False).connect).token_for("prod")
