# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pod identity associations: found by service account, changed in place, policies as data, add-ons left in peace."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.ledger import Ledger
from support.steps import Steps, fields, operations
from support.surroundings import Surroundings

ORDERS: dict[str, Any] = {"cluster_name": "prod", "namespace": "shop", "service_account": "orders"}
POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}


@pytest.fixture
def prod(aws: Surroundings) -> str:
    return aws.cluster("prod")


def test_an_association_is_made_changed_and_deleted(aws: Surroundings, prod: str, steps: Steps, ledger: Ledger) -> None:
    one, other = aws.role("pods", "one"), aws.role("pods", "other")
    aws.pod_identity("invoices")  # of a neighbour, which stays as it is
    made = steps.converge("pod_identity_association", **ORDERS, role_arn=one, tags={"CostCenter": "4711"})
    assert operations(made) == ["CreatePodIdentityAssociation"]
    assert (made["role_arn"], made["tags"]) == (one, {"CostCenter": "4711"})
    changed = steps.converge("pod_identity_association", **ORDERS, role_arn=other, tags={"a": "b"})
    assert operations(changed) == ["UpdatePodIdentityAssociation", "UntagResource", "TagResource"]
    assert changed["association_id"] == made["association_id"]
    assert not steps.run("pod_identity_association", **ORDERS)["changed"]
    assert ledger.operations() == ["ListPodIdentityAssociations", "DescribePodIdentityAssociation"]
    gone = steps.converge("pod_identity_association", **ORDERS, state="absent")
    assert operations(gone) == ["DeletePodIdentityAssociation"]
    left = aws.eks.list_pod_identity_associations(clusterName="prod")["associations"]
    assert [one["serviceAccount"] for one in left] == ["invoices"]


def test_a_policy_is_compared_as_data(aws: Surroundings, prod: str, steps: Steps) -> None:
    role = aws.role("pods")
    wanted: dict[str, Any] = {"role_arn": role, "disable_session_tags": True}
    made = steps.converge("pod_identity_association", **ORDERS, **wanted, policy=POLICY)
    assert made["policy"] == POLICY
    text = json.dumps(POLICY, indent=4, sort_keys=True)
    assert not steps.run("pod_identity_association", **ORDERS, policy=text)["changed"]
    without = steps.converge("pod_identity_association", **ORDERS, policy={})
    assert fields(without) == {"policy"}
    assert "policy" not in without


def test_a_target_role_comes_and_goes(aws: Surroundings, prod: str, steps: Steps) -> None:
    target = "arn:aws:iam::111122223333:role/there"
    made = steps.converge("pod_identity_association", **ORDERS, role_arn=aws.role("pods"), target_role_arn=target)
    assert made["external_id"] == "eu-central-1/123456789012/prod/shop/orders"
    without = steps.converge("pod_identity_association", **ORDERS, target_role_arn="")
    assert "target_role_arn" not in without


def test_a_policy_with_session_tags_is_refused(aws: Surroundings, prod: str, steps: Steps) -> None:
    message = steps.refused("pod_identity_association", **ORDERS, role_arn=aws.role("pods"), policy=POLICY)
    assert message.startswith("pod identity association orders of namespace shop of cluster prod: ")
    assert "disable_session_tags: found false, wanted true" in message


@pytest.mark.parametrize("options", [{"role_arn": "OTHER"}, {"state": "absent"}])
def test_the_associations_of_an_addon_are_left_to_it(
    aws: Surroundings, prod: str, steps: Steps, options: dict[str, str]
) -> None:
    role, other = aws.role("pods"), aws.role("pods", "other")
    aws.addon("vpc-cni", podIdentityAssociations=[{"serviceAccount": "aws-node", "roleArn": role}])
    cni: dict[str, Any] = {"cluster_name": "prod", "namespace": "kube-system", "service_account": "aws-node"}
    assert not steps.run("pod_identity_association", **cni, role_arn=role)["changed"]
    changed: dict[str, Any] = {name: value.replace("OTHER", other) for name, value in options.items()}
    message = steps.refused("pod_identity_association", **cni, **changed)
    assert "owner_arn: found arn:aws:eks:eu-central-1:123456789012:addon/prod/vpc-cni/" in message


def test_a_role_that_pods_cannot_assume_is_named(aws: Surroundings, prod: str, steps: Steps) -> None:
    role = aws.role("pods", "orders")
    aws.pod_identity("orders", roleArn=role)
    message = steps.failed("pod_identity_association", **ORDERS, role_arn=aws.role("node"))
    assert "Trust policy of the role provided is invalid" in message
    assert f"role_arn: found '{aws.role('node')}'; give a role that exists and that pods.eks.amazonaws.com" in message


def test_a_role_made_a_moment_ago_is_waited_for(aws: Surroundings, prod: str, steps: Steps) -> None:
    role = aws.role("pods", "fresh", settle=False)
    assert steps.run("pod_identity_association", **ORDERS, role_arn=role)["changed"]


def test_associations_are_told_by_namespace_and_account(aws: Surroundings, prod: str, steps: Steps) -> None:
    aws.pod_identity("orders")
    aws.pod_identity("invoices")
    aws.pod_identity("logs", namespace="jobs")

    def accounts(**known: Any) -> list[str]:
        found = steps.run("pod_identity_association_info", cluster_name="prod", **known)
        return [one["service_account"] for one in found["pod_identity_associations"]]

    assert accounts() == ["orders", "invoices", "logs"]
    assert accounts(namespace="shop") == ["orders", "invoices"]
    assert accounts(namespace="shop", service_account="orders") == ["orders"]
    assert accounts(service_account="nobody") == []
