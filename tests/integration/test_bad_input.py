# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: one clear error that names the resource, the field, what was found and what to do; nothing half done."""

from __future__ import annotations

from typing import Any

import pytest

from support.ledger import Ledger
from support.playbook import Playbook
from support.surroundings import Surroundings

Options = dict[str, Any]
Case = tuple[str, Options, list[str]]  # the module, its options, and what the message must say


def cases(aws: Surroundings) -> dict[str, Case]:
    cluster = {"name": "new", "role_arn": aws.role("cluster"), "subnets": aws.private_subnets}
    group = {"cluster_name": "prod", "name": "new", "node_role": aws.role("node"), "subnets": aws.private_subnets}
    one_zone = [aws.private_subnets[0], aws.subnet("10.0.50.0/24", aws.zones[0])]
    return {
        "an unknown field in a nested structure": (
            "nodegroup",
            {**group, "scaling_config": {"maxsize": 3}},
            ["scaling_config.maxsize", "max_size"],
        ),
        "sizes in the wrong order": (
            "nodegroup",
            {**group, "scaling_config": {"min_size": 5, "max_size": 3, "desired_size": 1}},
            ["node group new of cluster prod: scaling_config", "min_size 5, desired_size 1, max_size 3"],
        ),
        "both ways to bound an update": (
            "nodegroup",
            {**group, "update_config": {"max_unavailable": 1, "max_unavailable_percentage": 10}},
            ["mutually exclusive", "max_unavailable|max_unavailable_percentage", "update_config"],
        ),
        "one subnet": (
            "cluster",
            {**cluster, "subnets": aws.private_subnets[:1]},
            ["cluster new: resources_vpc_config.subnet_ids: found 1, wanted at least 2"],
        ),
        "subnets of one zone": (
            "cluster",
            {**cluster, "subnets": one_zone},
            ["cluster new: CreateCluster", "two different AZs"],
        ),
        "an unknown version": (
            "cluster",
            {**cluster, "version": "1.99"},
            ["cluster new: CreateCluster", "version", "1.99", "unsupported Kubernetes version"],
        ),
        "a version skip": (
            "cluster",
            {"name": "prod", "version": "1.35"},
            ["cluster prod: version: found '1.33', wanted '1.35'", "1.33 -> 1.34 -> 1.35"],
        ),
        "a downgrade": (
            "cluster",
            {"name": "prod", "version": "1.32"},
            ["cluster prod: version: found '1.33', wanted '1.32'", "not taken back"],
        ),
        "a taint as Kubernetes spells it": (
            "nodegroup",
            {**group, "taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}]},
            ["effect", "NO_SCHEDULE", "NoSchedule"],
        ),
        "a name that is too long": (
            "nodegroup",
            {**group, "name": "n" * 64},
            ["name: found 64 characters, wanted at most 63"],
        ),
        "a name with a space": ("cluster", {**cluster, "name": "my cluster"}, ["name: found 'my cluster'"]),
        "a malformed role ARN": (
            "cluster",
            {**cluster, "role_arn": "my_eks_role"},
            ["cluster new: role_arn: found 'my_eks_role', wanted the ARN of an IAM role"],
        ),
        "a launch template and a disk": (
            "nodegroup",
            {**group, "launch_template": {"name": "nodes"}, "disk_size": 40},
            ["node group new of cluster prod: disk_size", "launch_template"],
        ),
        "a launch template and remote access": (
            "nodegroup",
            {**group, "launch_template": {"name": "nodes"}, "remote_access": {"ec2_ssh_key": "ops"}},
            ["node group new of cluster prod: remote_access", "launch_template"],
        ),
        "two spellings of one thing": (
            "cluster",
            {**cluster, "resources_vpc_config": {"subnet_ids": aws.private_subnets}},
            ["cluster new: subnets and resources_vpc_config.subnet_ids", "give one of them"],
        ),
        "a tag of AWS": ("cluster", {**cluster, "tags": {"aws:x": "1"}}, ["tags: found the key 'aws:x'"]),
        "no endpoint": (
            "cluster",
            {**cluster, "resources_vpc_config": {"endpoint_public_access": False}},
            ["endpoint_public_access and resources_vpc_config.endpoint_private_access: found both false"],
        ),
        "a cluster that does not exist": (
            "nodegroup",
            {**group, "cluster_name": "nowhere"},
            ["node group new of cluster nowhere: CreateNodegroup", "No cluster found for name: nowhere"],
        ),
        "a Fargate profile without selectors": (
            "fargate_profile",
            {"cluster_name": "prod", "name": "new", "role_arn": aws.role("fargate"), "selectors": []},
            ["Fargate profile new of cluster prod: selectors: found 0, wanted 1 to 5"],
        ),
        "a selector without a namespace": (
            "fargate_profile",
            {
                "cluster_name": "prod",
                "name": "new",
                "role_arn": aws.role("fargate"),
                "selectors": [{"labels": {"a": "b"}}],
            },
            ["selectors[0].namespace: missing"],
        ),
    }


def test_bad_input_gets_one_clear_error(
    aws: Surroundings, playbook: Playbook, ledger: Ledger, subtests: pytest.Subtests
) -> None:
    aws.cluster(version="1.33")
    table = cases(aws)
    before = ledger.writes("eks")
    tasks = [
        {"name": name, f"flotilla.eks.{module}": options, "failed_when": False}
        for name, (module, options, _expected) in table.items()
    ]
    results = playbook.tasks(*tasks).results
    for name, (_module, _options, expected) in table.items():
        with subtests.test(name):
            message = results[name].get("msg", "")
            assert [phrase for phrase in expected if phrase not in message] == [], message
            assert "Traceback" not in results[name].get("exception", "")
    made = [entry for entry in ledger.writes("eks")[len(before) :] if entry["error"] is None]
    assert made == [], "bad input made something"


NO_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
NOBODY_THERE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
REGION_WITHOUT_EKS = {"AWS_ENDPOINT_URL": "", "AWS_REGION": "mars-north-1", "AWS_DEFAULT_REGION": "mars-north-1"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (NO_CREDENTIALS, ["no AWS credentials were found", "profile"]),
        (NOBODY_THERE, ["nobody answers at http://127.0.0.1:9", "endpoint_url"]),
        (REGION_WITHOUT_EKS, ["region 'mars-north-1' has no EKS", "eu-central-1"]),
    ],
    ids=["missing credentials", "unreachable endpoint", "region without EKS"],
)
def test_no_way_to_aws(playbook: Playbook, environment: dict[str, str], expected: list[str]) -> None:
    quick = {"retries": {"total_max_attempts": 1}}
    run = playbook.tasks(
        {"flotilla.eks.cluster": {"name": "prod", "aws_config": quick}}, environment=environment, fails=True
    )
    message = run.last["msg"]
    assert message.startswith("cluster prod: DescribeCluster: ")
    assert [phrase for phrase in expected if phrase not in message] == [], message
