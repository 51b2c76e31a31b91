# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles managed_nodes and fargate on a cluster of somebody else: make, again, remove no more than was asked for."""

from __future__ import annotations

from typing import Any

import pytest

from support.ledger import Ledger
from support.playbook import Playbook
from support.roles import Role
from support.surroundings import Surroundings

OWNER = {"flotilla.eks/cluster": "prod"}
TAINT = {"key": "workload", "value": "batch", "effect": "NO_SCHEDULE"}


@pytest.fixture
def nodes(playbook: Playbook, aws: Surroundings) -> Role:
    aws.cluster("prod")
    given = {"managed_nodes_role_arn": aws.role("node"), "managed_nodes_subnet_ids": aws.private_subnets}
    return Role(playbook, "managed_nodes", ["managed_nodes_result"], managed_nodes_cluster_name="prod", **given)


@pytest.fixture
def fargate(playbook: Playbook, aws: Surroundings) -> Role:
    aws.cluster("prod")
    given = {"fargate_role_arn": aws.role("fargate"), "fargate_subnet_ids": aws.private_subnets}
    return Role(playbook, "fargate", ["fargate_result"], fargate_cluster_name="prod", **given)


def groups(aws: Surroundings) -> list[str]:
    return sorted(aws.eks.list_nodegroups(clusterName="prod")["nodegroups"])


def group(aws: Surroundings, name: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.eks.describe_nodegroup(clusterName="prod", nodegroupName=name)["nodegroup"]
    return found


def profiles(aws: Surroundings) -> list[str]:
    return sorted(aws.eks.list_fargate_profiles(clusterName="prod")["fargateProfileNames"])


def test_node_groups(nodes: Role, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests) -> None:
    aws.nodegroup("theirs")
    before = group(aws, "theirs")
    general = {"name": "general", "ami_type": "AL2023_x86_64_STANDARD", "labels": {"tier": "general"}}
    batch = {"name": "batch", "capacity_type": "SPOT", "taints": [TAINT], "subnets": aws.private_subnets[:2]}
    wanted: dict[str, Any] = {
        "managed_nodes_defaults": {"labels": {"team": "blue", "tier": "none"}, "tags": {"Owner": "Blue"}},
        "managed_nodes_groups": [general, batch],
        "managed_nodes_tags": {"cost": "9"},
    }

    with subtests.test("check mode writes nothing"):
        ledger.clear()
        assert nodes.run(check=True, **wanted).changed == 1
        assert ledger.writes() == []

    with subtests.test("groups are made of the defaults and of what they say themselves"):
        nodes.run(**wanted)
        made = group(aws, "general")
        assert made["nodeRole"] == aws.role("node")
        assert sorted(made["subnets"]) == sorted(aws.private_subnets)
        assert made["labels"] == {"team": "blue", "tier": "general"}
        assert made["tags"] == {**OWNER, "Owner": "Blue", "cost": "9"}
        made = group(aws, "batch")
        assert sorted(made["subnets"]) == sorted(aws.private_subnets[:2])
        assert (made["capacityType"], made["taints"]) == ("SPOT", [TAINT])
        assert made["labels"] == {"team": "blue", "tier": "none"}

    with subtests.test("again changes nothing, and the group of somebody else is as it was"):
        ledger.clear()
        assert (nodes.run(**wanted).changed, ledger.writes()) == (0, [])
        assert group(aws, "theirs") == before

    with subtests.test("absent without a list removes what carries the tag"):
        ledger.clear()
        assert nodes.run(check=True, managed_nodes_state="absent").changed == 1
        assert ledger.writes() == []
        nodes.run(managed_nodes_state="absent")
        assert groups(aws) == ["theirs"]
        assert nodes.run(managed_nodes_state="absent").changed == 0

    with subtests.test("absent with a list removes what it names"):
        nodes.run(managed_nodes_state="absent", managed_nodes_groups=[{"name": "theirs"}])
        assert groups(aws) == []


def test_node_groups_that_cannot_be(nodes: Role, ledger: Ledger, subtests: pytest.Subtests) -> None:
    def says(**variables: Any) -> str:
        return str(nodes.run(fails=True, **variables).last["msg"])

    ledger.clear()
    with subtests.test("an option that does not exist"):
        message = says(managed_nodes_groups=[{"name": "web", "instance_type": "m7i.large"}])
        assert "nodegroups[0].instance_type: there is no such option; there are: " in message
    with subtests.test("no role"):
        assert "node_role" in says(managed_nodes_groups=[{"name": "web"}], managed_nodes_role_arn="")
    with subtests.test("an empty list says so"):
        run = nodes.run()
        assert "managed_nodes_groups is empty" in run.results["Say that no node groups are listed"]["msg"]
    assert ledger.writes() == []


def test_fargate_profiles(fargate: Role, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests) -> None:
    aws.fargate_profile("theirs")
    system = {"name": "system", "selectors": [{"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}}]}
    jobs = {"name": "jobs", "selectors": [{"namespace": "jobs"}], "tags": {"Owner": "Blue"}}
    wanted: dict[str, Any] = {"fargate_profiles": [system, jobs]}

    with subtests.test("check mode writes nothing"):
        ledger.clear()
        assert fargate.run(check=True, **wanted).changed == 1
        assert ledger.writes() == []

    with subtests.test("profiles are made one by one"):
        fargate.run(**wanted)
        assert profiles(aws) == ["jobs", "system", "theirs"]
        made = aws.eks.describe_fargate_profile(clusterName="prod", fargateProfileName="jobs")["fargateProfile"]
        assert made["podExecutionRoleArn"] == aws.role("fargate")
        assert made["tags"] == {**OWNER, "Owner": "Blue"}
        assert [entry["error"] for entry in ledger.calls("eks", "CreateFargateProfile")] == [None, None]

    with subtests.test("again changes nothing"):
        ledger.clear()
        assert (fargate.run(**wanted).changed, ledger.writes()) == (0, [])

    with subtests.test("absent without a list removes what carries the tag"):
        fargate.run(fargate_state="absent")
        assert profiles(aws) == ["theirs"]
        ledger.clear()
        assert (fargate.run(fargate_state="absent").changed, ledger.writes()) == (0, [])

    with subtests.test("absent with a list removes what it names"):
        fargate.run(fargate_state="absent", fargate_profiles=[{"name": "theirs"}])
        assert profiles(aws) == []


def test_absent_without_a_cluster(playbook: Playbook, ledger: Ledger) -> None:
    for name in ("managed_nodes", "fargate"):
        run = Role(playbook, name, [], **{f"{name}_cluster_name": "gone", f"{name}_state": "absent"}).run()
        assert run.changed == 0
    assert ledger.writes() == []
