# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role cluster against the simulated AWS: its defaults, its administrators, what it passes on, and removal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.ledger import Ledger
from support.playbook import Playbook
from support.roles import Role
from support.surroundings import ACCOUNT, Surroundings

ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
OWNER = {"flotilla.eks/cluster": "prod"}


@pytest.fixture
def cluster(playbook: Playbook, aws: Surroundings) -> Role:
    given = {"cluster_role_arn": aws.role("cluster"), "cluster_subnet_ids": aws.private_subnets}
    return Role(playbook, "cluster", ["cluster_result"], cluster_cluster_name="prod", **given)


def team_role(aws: Surroundings, name: str) -> str:
    """The ARN of a role that has a path and that everybody may assume."""
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = aws.iam.create_role(RoleName=name, Path="/teams/", AssumeRolePolicyDocument=trust)
    aws.simulator.advance(60)
    return str(made["Role"]["Arn"])


def described(aws: Surroundings) -> dict[str, Any]:
    found: dict[str, Any] = aws.eks.describe_cluster(name="prod")["cluster"]
    return found


def admins(aws: Surroundings) -> list[str]:
    return sorted(aws.eks.list_access_entries(clusterName="prod", associatedPolicyArn=ADMIN)["accessEntries"])


def test_the_defaults_are_secure(cluster: Role, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests) -> None:
    caller = team_role(aws, "deploy")
    credentials = aws.client("sts").assume_role(RoleArn=caller, RoleSessionName="ci-1")["Credentials"]
    cluster.playbook.environment = {
        **cluster.playbook.environment,
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
    }

    with subtests.test("check mode writes nothing and foretells cluster and access"):
        ledger.clear()
        assert cluster.run(check=True).changed == 1
        assert ledger.writes() == []

    with subtests.test("what was planned is made"):
        assert cluster.run().changed == 1
        made = described(aws)
        network = made["resourcesVpcConfig"]
        assert made["accessConfig"]["authenticationMode"] == "API"
        assert (network["endpointPrivateAccess"], network["endpointPublicAccess"]) == (True, False)
        assert sorted(network["subnetIds"]) == sorted(aws.private_subnets)
        on = [types for setup in made["logging"]["clusterLogging"] if setup["enabled"] for types in setup["types"]]
        assert sorted(on) == ["api", "audit", "authenticator"]
        assert made["deletionProtection"] is True
        assert made["upgradePolicy"] == {"supportType": "EXTENDED"}
        assert "encryptionConfig" not in made
        assert made["tags"] == OWNER

    with subtests.test("the caller, a session, administrates it as its role; the creator has no other rights"):
        assert aws.eks.list_access_entries(clusterName="prod")["accessEntries"] == [caller]
        assert admins(aws) == [caller]
        [create] = ledger.calls("eks", "CreateCluster")
        assert create["parameters"]["accessConfig"]["bootstrapClusterCreatorAdminPermissions"] is False

    with subtests.test("again changes nothing"):
        ledger.clear()
        assert cluster.run().changed == 0
        assert ledger.writes() == []


def test_on_request(cluster: Role, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests) -> None:
    team = team_role(aws, "blue")
    options: dict[str, Any] = {
        "cluster_admins": [team],
        "cluster_version": "1.33",
        "cluster_public_access_cidrs": ["198.51.100.0/24"],
        "cluster_encryption_key_arn": aws.key,
        "cluster_support_type": "STANDARD",
        "cluster_tags": {"cost.center/Team": "Blue"},
        "cluster_options": {
            "resources_vpc_config": {"security_group_ids": [aws.security_group("extra")]},
            "zonal_shift_config": {"enabled": True},
        },
    }

    with subtests.test("all that was said is done"):
        cluster.run(**options)
        made = described(aws)
        network = made["resourcesVpcConfig"]
        assert made["version"] == "1.33"
        assert (network["endpointPublicAccess"], network["publicAccessCidrs"]) == (True, ["198.51.100.0/24"])
        assert made["encryptionConfig"] == [{"resources": ["secrets"], "provider": {"keyArn": aws.key}}]
        assert made["upgradePolicy"] == {"supportType": "STANDARD"}
        assert made["tags"] == {**OWNER, "cost.center/Team": "Blue"}
        assert len(network["securityGroupIds"]) == 1
        assert network["endpointPrivateAccess"] is True
        assert made["zonalShiftConfig"] == {"enabled": True}
        assert admins(aws) == [team]

    with subtests.test("again changes nothing"):
        ledger.clear()
        assert (cluster.run(**options).changed, ledger.writes()) == (0, [])

    with subtests.test("the public endpoint closes with the last network, tags of others stay"):
        aws.eks.tag_resource(resourceArn=made["arn"], tags={"theirs": "yes"})
        cluster.run(**{**options, "cluster_public_access_cidrs": []})
        assert described(aws)["resourcesVpcConfig"]["endpointPublicAccess"] is False
        assert described(aws)["tags"]["theirs"] == "yes"

    with subtests.test("an option that does not exist is an error"):
        message = cluster.refused(cluster_options={"endpoint_public_acces": True})
        assert "cluster.endpoint_public_acces: there is no such option; there are: " in message


def test_administrators(cluster: Role, aws: Surroundings, subtests: pytest.Subtests) -> None:
    deploy = team_role(aws, "deploy")
    session = aws.client("sts").assume_role(RoleArn=deploy, RoleSessionName="ci-1")
    other, theirs = (aws.iam.create_user(UserName=name)["User"]["Arn"] for name in ("ada", "eve"))

    with subtests.test("a session is its role with the path"):
        cluster.run(cluster_admins=[session["AssumedRoleUser"]["Arn"], other])
        assert admins(aws) == sorted([deploy, other])

    with subtests.test("nobody loses access for being left off the list"):
        assert cluster.run(cluster_admins=[other]).changed == 0
        assert admins(aws) == sorted([deploy, other])

    with subtests.test("unless that is asked for; entries of others stay"):
        aws.eks.create_access_entry(clusterName="prod", principalArn=theirs)
        scope = {"type": "cluster"}
        aws.eks.associate_access_policy(clusterName="prod", principalArn=theirs, policyArn=ADMIN, accessScope=scope)
        cluster.run(cluster_admins=[other], cluster_purge_admins=True)
        assert admins(aws) == sorted([other, theirs])

    with subtests.test("a session whose role is not there says what to give"):
        message = cluster.refused(cluster_admins=[f"arn:aws:sts::{ACCOUNT}:assumed-role/gone/x"])
        assert "give the ARN of the role, with its path" in message


def test_removal(cluster: Role, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests) -> None:
    absent: dict[str, Any] = {"cluster_state": "absent"}

    with subtests.test("a cluster of somebody else stays"):
        aws.cluster("prod", tags={"flotilla.eks/cluster": "another"})
        ledger.clear()
        run = cluster.run(**absent, cluster_deletion_protection=False)
        assert (run.changed, ledger.writes()) == (0, [])
        assert "stays" in str(run.results["Leave a cluster of somebody else alone"]["msg"])

    aws.eks.tag_resource(resourceArn=described(aws)["arn"], tags=OWNER)
    aws.eks.update_cluster_config(name="prod", deletionProtection=True)
    aws.settle()

    with subtests.test("a protected one is not deleted"):
        assert "deletion_protection" in cluster.refused(**absent)

    with subtests.test("check mode writes nothing"):
        ledger.clear()
        assert cluster.run(check=True, **absent, cluster_deletion_protection=False).changed == 1
        assert ledger.writes() == []

    with subtests.test("once the protection may go, so does the cluster"):
        assert cluster.run(**absent, cluster_deletion_protection=False).changed == 1
        assert aws.eks.list_clusters()["clusters"] == []

    with subtests.test("again changes nothing"):
        ledger.clear()
        assert cluster.run(**absent, cluster_deletion_protection=False).changed == 0
        assert ledger.writes() == []


def test_a_cluster_without_a_role_or_subnets(playbook: Playbook, ledger: Ledger) -> None:
    message = Role(playbook, "cluster", [], cluster_cluster_name="prod").refused()
    assert "cluster_role_arn is empty and cluster_subnet_ids are empty" in message
    assert "run the roles flotilla.eks.iam and flotilla.eks.network" in message
    assert ledger.calls() == []
