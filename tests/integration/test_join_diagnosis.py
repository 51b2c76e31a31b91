# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module join_diagnosis names what kept instances from joining, which the simulated AWS really kept out."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from eks_simulator.process import SimulatorProcess
from support.ledger import Ledger
from support.playbook import Playbook
from support.surroundings import Surroundings
from support.unjoined import Workers

OTHER_AUTHORITY = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").decode()
OTHER_RANGE = {"ip_family": "ipv4", "service_ipv4_cidr": "10.99.0.0/16"}
WORKER_POLICY = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
ONCE = [
    "DescribeAccessEntry",
    "DescribeAutoScalingGroups",
    "DescribeCluster",
    "DescribeImages",
    "DescribeInstanceStatus",
    "DescribeInstanceTypes",
    "DescribeInstances",
    "DescribeLaunchTemplateVersions",
    "DescribeNatGateways",
    "DescribeNetworkAcls",
    "DescribeRouteTables",
    "DescribeSecurityGroups",
    "DescribeSubnets",
    "DescribeVpcAttribute",
    "DescribeVpcAttribute",
    "DescribeVpcEndpoints",
    "GetInstanceProfile",
    "ListAttachedRolePolicies",
    "ListFargateProfiles",
    "ListNodegroups",
    "ListPodIdentityAssociations",
    "ListRolePolicies",
]


def diagnose(name: str = "diagnose", **options: Any) -> dict[str, Any]:
    return {"name": name, "flotilla.eks.join_diagnosis": {"cluster_name": "prod", **options}}


def may_fail(task: dict[str, Any]) -> dict[str, Any]:
    return {**task, "ignore_errors": True}


def causes(result: dict[str, Any]) -> dict[str, str]:
    """The likely cause of each group's instances."""
    return {row["group"]: row["likely_cause"] for row in result["instances"]}


def instance_of(aws: Surroundings, group: str) -> str:
    (found,) = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])[
        "AutoScalingGroups"
    ]
    return str(found["Instances"][0]["InstanceId"])


def test_each_cause_is_named(playbook: Playbook, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests) -> None:
    workers = Workers(aws)
    workers.let_in()
    stranger = workers.profile_of("stranger", aws.role("node", "stranger"))
    bare = aws.role("node", "bare")
    workers.let_in(bare)
    aws.iam.detach_role_policy(RoleName="bare", PolicyArn=WORKER_POLICY)
    workers.group("healthy")
    workers.group("closed", SecurityGroupIds=[aws.security_group("closed")])
    workers.group("stranger", IamInstanceProfile={"Name": stranger})
    workers.group("authority", text=workers.user_data(certificate_authority={"data": OTHER_AUTHORITY}))
    workers.group("range", text=workers.user_data(kubernetes_network_config=OTHER_RANGE))
    workers.group("newer", ImageId=workers.image("1.34"))
    workers.group("nobody", IamInstanceProfile=None)
    workers.group("bare", IamInstanceProfile={"Name": workers.profile_of("bare", bare)})
    workers.group("script", text="#!/bin/bash\n/etc/eks/bootstrap.sh prod\n")
    workers.group("untagged", tagged=False, text=workers.user_data(name="test"))
    workers.group("full", 20, subnets=[aws.subnet("10.0.200.0/28", aws.zones[0])])
    aws.settle()
    ledger.clear()
    tasks = [diagnose(), diagnose("joined", instance_ids=[instance_of(aws, name) for name in ("range", "healthy")])]
    run = playbook.tasks(*tasks, check=False)
    found, joined = run.results["diagnose"], run.results["joined"]
    assert ledger.writes() == []
    with subtests.test("of each group, the one thing that is wrong comes first"):
        assert causes(found) == {
            "authority": "user_data_ca",
            "bare": "role_policies",
            "closed": "security_groups",
            "newer": "version_skew",
            "nobody": "instance_profile",
            "script": "user_data_form",
            "stranger": "access_entry",
            "untagged": "user_data_cluster",
        }
    with subtests.test("and nothing else blocks"):
        for row in found["instances"]:
            blocking = {one["check"] for one in row["findings"] if one["severity"] == "blocking"}
            assert blocking - {"console"} == {row["likely_cause"]}, row
    with subtests.test("the consoles of a few are read"):
        assert len(found["not_looked_at"]) == len(found["instances"]) - 5
        assert "name others in instance_ids" in found["summary"]
    with subtests.test("a group that cannot launch says why"):
        (full,) = found["groups"]
        assert (full["group"], full["desired"], full["findings"][0]["check"]) == ("full", 20, "free_addresses")
        assert "group full wants 20 and has" in found["summary"]
    with subtests.test("one that has joined with a wrong range of services is told when it is asked for"):
        assert causes(joined) == {"range": "user_data_service_cidr", "healthy": None}
        assert [row["status"] for row in joined["instances"]] == ["ready", "ready"]
    assert "k8s-aws-v1." not in run.output


def test_calls_do_not_grow_with_instances(playbook: Playbook, ledger: Ledger, aws: Surroundings) -> None:
    workers = Workers(aws)
    workers.group("workers", 50)
    aws.settle()
    ledger.clear()
    found = playbook.tasks(diagnose(console_lines=2), check=False).results["diagnose"]
    assert len(found["instances"]) == 50
    assert set(causes(found).values()) == {"access_entry"}
    assert "Unauthorized" in next(row["console"] for row in found["instances"] if row["console"])
    of_kubernetes = [entry["operation"] for entry in ledger.calls("kubernetes")]
    assert sorted(of_kubernetes) == ["get daemonsets", "get serviceaccounts", "list nodes"]
    of_aws = [entry["operation"] for entry in ledger.calls() if entry["service"] != "kubernetes"]
    assert sorted(of_aws) == sorted([*ONCE, *["GetConsoleOutput"] * 5])


def test_what_cannot_be_read_is_told(
    playbook: Playbook, aws: Surroundings, simulator: SimulatorProcess, subtests: pytest.Subtests
) -> None:
    workers = Workers(aws, "CONFIG_MAP")
    workers.group("workers", 2)
    aws.settle()
    aws.iam.create_user(UserName="guest")
    key = aws.iam.create_access_key(UserName="guest")["AccessKey"]
    guest = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    run = playbook.tasks(
        {**diagnose("foreseen", cluster_name="coming"), "check_mode": True},
        {**diagnose("blind"), "environment": guest},
        diagnose(),
        may_fail(diagnose("no instance", instance_ids=["i-0123456789abcdef0"])),
        may_fail(diagnose("no group", groups=["wrokers"])),
        diagnose("one group", groups=["workers"]),
    )
    found = run.results["diagnose"]
    with subtests.test("in check mode, a cluster that is to come"):
        assert run.results["foreseen"]["instances"] == []
    with subtests.test("a cluster that looks into aws-auth"):
        finding = found["instances"][0]["findings"][0]
        assert "is not in aws-auth" in finding["problem"]
        assert "flotilla.eks.aws_auth: cluster_name: prod" in finding["fix"]
        assert causes(run.results["one group"]) == causes(found)
    with subtests.test("names that nobody knows"):
        assert "i-0123456789abcdef0: EC2 knows no such instance" in run.results["no instance"]["msg"]
        assert "groups: wrokers: neither" in run.results["no group"]["msg"]
    with subtests.test("Kubernetes may not be asked"):
        assert [row["status"] for row in run.results["blind"]["instances"]] == ["unknown", "unknown"]
        assert "which instances have joined is not known" in run.results["blind"]["summary"]
    for operation in ("GetInstanceProfile", "DescribeSecurityGroups", "GetConsoleOutput"):
        simulator.fault(operation=operation, error="UnauthorizedOperation", status=403, message="No.")
    with subtests.test("what the caller may not read"):
        found = playbook.tasks(diagnose()).results["diagnose"]
        actions = {one["action"]: one["check"] for one in found["unchecked"] if one["action"]}
        assert set(actions) == {"iam:GetInstanceProfile", "ec2:DescribeSecurityGroups", "ec2:GetConsoleOutput"}
        assert {"access_entry", "security_groups", "console"} <= set(found["instances"][0]["unchecked"])


def test_nodes_that_are_not_ready(playbook: Playbook, aws: Surroundings, simulator: SimulatorProcess) -> None:
    workers = Workers(aws)
    workers.let_in()
    simulator.fault(resource="node", name="*", becomes="NotReady")
    workers.group("workers")
    aws.nodegroup("web", scalingConfig={"minSize": 0, "maxSize": 2, "desiredSize": 1})
    found = playbook.tasks(diagnose()).results["diagnose"]
    assert causes(found) == {"web": "node_conditions", "workers": "node_conditions"}
    assert [row["status"] for row in found["instances"]] == ["not_ready", "not_ready"]
    assert "the network plugin is not ready on it" in found["summary"]
