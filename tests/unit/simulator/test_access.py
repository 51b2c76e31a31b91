# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access entries, their types, and their policy associations."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.account import Account, refusal

VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


@pytest.fixture
def principal(account: Account) -> str:
    """A role with no entry yet."""
    arn = account.role(account.name("principal"), "ec2.amazonaws.com")
    account.sim.advance(60)
    return arn


def create(account: Account, cluster: str, principal: str, **parameters: Any) -> Any:
    """The refusal of a CreateAccessEntry request."""
    return refusal(account.eks.create_access_entry, clusterName=cluster, principalArn=principal, **parameters)


def test_a_config_map_cluster_has_no_access_entries(account: Account, principal: str) -> None:
    refused = create(account, account.cluster(), principal)
    assert (refused.code, refused.message) == (
        "InvalidRequestException",
        "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
    )


def test_an_entry_lives(account: Account, standing_cluster: str, principal: str) -> None:
    key = {"clusterName": standing_cluster, "principalArn": principal}
    entry = account.eks.create_access_entry(**key, kubernetesGroups=["viewers"], tags={"A": "b"})["accessEntry"]
    assert entry["type"] == "STANDARD"
    assert entry["username"].endswith("/{{SessionName}}")
    changed = account.eks.update_access_entry(**key, kubernetesGroups=[], username="anna")["accessEntry"]
    assert (changed["kubernetesGroups"], changed["username"]) == ([], "anna")
    assert account.eks.describe_access_entry(**key)["accessEntry"]["username"] == "anna"
    account.eks.delete_access_entry(**key)
    assert refusal(account.eks.describe_access_entry, **key).code == "ResourceNotFoundException"


def test_a_principal_has_one_entry(account: Account, standing_cluster: str, principal: str) -> None:
    account.eks.create_access_entry(clusterName=standing_cluster, principalArn=principal)
    refused = create(account, standing_cluster, principal)
    assert refused.code == "ResourceInUseException"
    assert refused.message == "The specified access entry resource is already in use on this cluster."


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("someone", "The principalArn parameter format is not valid"),
        ("arn:aws:sts::123456789012:assumed-role/x/y", "The principalArn parameter format is not valid"),
        ("arn:aws:iam::123456789012:role/nobody", "The specified principalArn is invalid: invalid principal."),
        ("arn:aws:iam::123456789012:user/nobody", "The specified principalArn is invalid: invalid principal."),
    ],
)
def test_a_principal_is_an_existing_role_or_user(
    account: Account, standing_cluster: str, arn: str, message: str
) -> None:
    assert create(account, standing_cluster, arn).message == message


def test_nodes_are_roles_without_groups_and_policies(account: Account, standing_cluster: str, principal: str) -> None:
    user = account.iam.create_user(UserName=account.name("user"))["User"]["Arn"]
    assert "must be an IAM role" in create(account, standing_cluster, user, type="EC2_LINUX").message
    refused = create(account, standing_cluster, principal, type="EC2_LINUX", kubernetesGroups=["x"])
    assert "cannot be specified" in refused.message
    assert "Invalid access entry type" in create(account, standing_cluster, principal, type="PHONE").message
    key = {"clusterName": standing_cluster, "principalArn": principal}
    entry = account.eks.create_access_entry(**key, type="EC2_LINUX")["accessEntry"]
    assert (entry["username"], entry["kubernetesGroups"]) == ("system:node:{{EC2PrivateDNSName}}", ["system:nodes"])
    assert "cannot be updated" in refusal(account.eks.update_access_entry, **key, username="x").message
    scope = {"type": "cluster"}
    refused = refusal(account.eks.associate_access_policy, **key, policyArn=VIEW, accessScope=scope)
    assert refused.code == "InvalidRequestException"


def test_names_of_kubernetes_and_aws_are_reserved(account: Account, standing_cluster: str, principal: str) -> None:
    for parameters in ({"username": "system:admin"}, {"kubernetesGroups": ["system:masters"]}):
        assert "reserved prefix" in create(account, standing_cluster, principal, **parameters).message


def test_policies_are_associated_and_associated_again(account: Account, standing_cluster: str, principal: str) -> None:
    key = {"clusterName": standing_cluster, "principalArn": principal}
    account.eks.create_access_entry(**key)
    scope: dict[str, Any] = {"type": "cluster"}
    account.eks.associate_access_policy(**key, policyArn=VIEW, accessScope=scope)
    account.sim.advance(5)
    scope = {"type": "namespace", "namespaces": ["default"]}
    again = account.eks.associate_access_policy(**key, policyArn=VIEW, accessScope=scope)["associatedAccessPolicy"]
    assert again["modifiedAt"] > again["associatedAt"]
    listed = account.eks.list_associated_access_policies(**key)["associatedAccessPolicies"]
    assert [(one["policyArn"], one["accessScope"]) for one in listed] == [(VIEW, scope)]
    by_policy = account.eks.list_access_entries(clusterName=standing_cluster, associatedPolicyArn=VIEW)
    assert by_policy["accessEntries"] == [principal]
    account.eks.disassociate_access_policy(**key, policyArn=VIEW)
    refused = refusal(account.eks.disassociate_access_policy, **key, policyArn=VIEW)
    assert refused.code == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("policy", "scope", "reason"),
    [
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", {"type": "cluster"}, "The policyArn parameter is not valid"),
        (VIEW, {"type": "namespace"}, "A value for namespaces is required"),
        (VIEW, {"type": "cluster", "namespaces": ["x"]}, "Namespaces cannot be specified"),
        (VIEW, {"type": "galaxy"}, "enum value set: [cluster, namespace]"),
    ],
)
def test_a_scope_has_namespaces_or_the_whole_cluster(
    account: Account, standing_cluster: str, principal: str, policy: str, scope: dict[str, Any], reason: str
) -> None:
    key = {"clusterName": standing_cluster, "principalArn": principal}
    account.eks.create_access_entry(**key)
    assert reason in refusal(account.eks.associate_access_policy, **key, policyArn=policy, accessScope=scope).message


def test_access_policies_are_listed_by_arn(account: Account) -> None:
    assert VIEW in [policy["arn"] for policy in account.eks.list_access_policies()["accessPolicies"]]
