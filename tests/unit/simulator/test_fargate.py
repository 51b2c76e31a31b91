# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fargate profiles: one at a time, in private subnets, never changed."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.account import CREATION, LONG, Account, refusal


def create(account: Account, cluster: str, **parameters: Any) -> Any:
    """The refusal of a CreateFargateProfile request."""
    return refusal(account.eks.create_fargate_profile, **account.profile_request(cluster, **parameters))


def describe(account: Account, cluster: str, profile: str) -> dict[str, Any]:
    answer = account.eks.describe_fargate_profile(clusterName=cluster, fargateProfileName=profile)
    return answer["fargateProfile"]


def test_a_profile_comes_and_goes(account: Account, standing_cluster: str) -> None:
    selectors = [{"namespace": "a", "labels": {"Case": "Kept"}}, {"namespace": "b"}]
    request = account.profile_request(standing_cluster, selectors=selectors, subnets=account.subnets[:1])
    profile = account.eks.create_fargate_profile(**request)["fargateProfile"]
    assert profile["status"] == "CREATING"
    assert profile["selectors"] == selectors
    assert profile["subnets"] == account.subnets[:1]
    account.sim.advance(CREATION)
    key = {"clusterName": standing_cluster, "fargateProfileName": profile["fargateProfileName"]}
    assert describe(account, standing_cluster, profile["fargateProfileName"])["status"] == "ACTIVE"
    assert account.eks.delete_fargate_profile(**key)["fargateProfile"]["status"] == "DELETING"
    account.sim.advance(LONG)
    refused = refusal(account.eks.describe_fargate_profile, **key)
    assert (refused.code, refused.status) == ("ResourceNotFoundException", 404)
    assert refused.message == f"No Fargate Profile found with name: {profile['fargateProfileName']}."


def test_without_subnets_it_takes_the_clusters_private_ones(account: Account) -> None:
    cluster = account.cluster({"subnetIds": [*account.subnets, account.public_subnet]})
    assert describe(account, cluster, account.profile(cluster))["subnets"] == account.subnets


def test_the_cluster_must_be_active(account: Account) -> None:
    cluster = account.eks.create_cluster(**account.cluster_request())["cluster"]["name"]
    assert create(account, cluster).code == "InvalidRequestException"


def test_a_name_is_taken_once(account: Account, standing_cluster: str) -> None:
    name = account.profile(standing_cluster)
    refused = create(account, standing_cluster, fargateProfileName=name)
    assert refused.message == "A Fargate Profile already exists with this name in this cluster."


@pytest.mark.parametrize("name", ["eks-mine", "-x", "x" * 101])
def test_a_name_has_a_form(account: Account, standing_cluster: str, name: str) -> None:
    assert create(account, standing_cluster, fargateProfileName=name).code == "InvalidParameterException"


def test_one_profile_comes_or_goes_at_a_time(account: Account) -> None:
    cluster = account.cluster()
    first = account.profile(cluster)
    second = account.eks.create_fargate_profile(**account.profile_request(cluster))["fargateProfile"]
    third = account.profile_request(cluster)
    refused = refusal(account.eks.create_fargate_profile, **third)
    assert (refused.code, refused.status) == ("ResourceInUseException", 409)
    assert refused.message == (
        f"Cannot create Fargate Profile {third['fargateProfileName']} because cluster {cluster}"
        f" currently has Fargate profile {second['fargateProfileName']} in status CREATING"
    )
    key = {"clusterName": cluster, "fargateProfileName": first}
    assert refusal(account.eks.delete_fargate_profile, **key).code == "ResourceInUseException"
    account.sim.advance(CREATION)
    account.eks.delete_fargate_profile(**key)
    assert "in status DELETING" in refusal(account.eks.create_fargate_profile, **third).message
    account.sim.advance(LONG)
    account.eks.create_fargate_profile(**third)


def test_the_role_must_trust_fargate(account: Account, standing_cluster: str) -> None:
    refused = create(account, standing_cluster, podExecutionRoleArn=account.roles["node"])
    assert refused.message == (
        "Misconfigured PodExecutionRole Trust Policy; Please add the eks-fargate-pods.amazonaws.com Service Principal"
    )
    missing = create(account, standing_cluster, podExecutionRoleArn="arn:aws:iam::123456789012:role/nobody")
    assert missing.message == "The role with name nobody cannot be found."


def test_subnets_are_private_and_of_the_clusters_vpc(account: Account, standing_cluster: str) -> None:
    public = create(account, standing_cluster, subnets=[account.public_subnet])
    assert public.message == f"Subnet {account.public_subnet} provided in Fargate Profile is not a private subnet"
    stranger = account.subnet("10.6.0.0/24", account.zones[0], account.vpc_of("10.6.0.0/16"))
    assert "does not belong to the cluster's VPC" in create(account, standing_cluster, subnets=[stranger]).message


@pytest.mark.parametrize(
    ("selectors", "message"),
    [
        ([], "Fargate Profile requires at least one selector."),
        (
            [{"labels": {"a": "b"}}],
            "Fargate Profile must have at least one selector with at least one namespace value.",
        ),
        (
            [{"namespace": "x", "labels": {f"k{number}": "v" for number in range(6)}}],
            "Request contains Selector with more than 5 Label pairs",
        ),
        ([{"namespace": f"n{number}"} for number in range(6)], "Request contains more than 5 Selectors"),
    ],
)
def test_selectors_are_one_to_five_with_namespaces(
    account: Account, standing_cluster: str, selectors: list[dict[str, Any]], message: str
) -> None:
    assert create(account, standing_cluster, selectors=selectors).message == message


def test_a_cluster_has_a_quota_of_profiles(account: Account) -> None:
    cluster = account.cluster()
    for _unused in range(10):
        account.profile(cluster)
    assert create(account, cluster).code == "ResourceLimitExceededException"
