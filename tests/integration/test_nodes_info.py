# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module nodes_info: nodes of every kind, those that are missing, who may look, and waiting for all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eks_simulator.process import SimulatorProcess
from support.clusters import api_of
from support.ledger import Ledger
from support.playbook import Playbook
from support.surroundings import Surroundings

SCALING = {"minSize": 0, "maxSize": 5}
OFFICE = "198.51.100.0/24"
LISTS = [
    "DescribeAutoScalingGroups",
    "DescribeCluster",
    "DescribeInstances",
    "ListFargateProfiles",
    "ListNodegroups",
    "list nodes",
]


def look(name: str = "look", **options: Any) -> dict[str, Any]:
    return {"name": name, "flotilla.eks.nodes_info": {"cluster_name": "prod", **options}}


def may_fail(task: dict[str, Any]) -> dict[str, Any]:
    return {**task, "ignore_errors": True}


def group(aws: Surroundings, name: str, size: int, **members: Any) -> None:
    aws.nodegroup(name, scalingConfig={**SCALING, "desiredSize": size}, **members)


def by_status(result: dict[str, Any]) -> dict[str, list[str]]:
    """The groups of the nodes of each status."""
    found: dict[str, list[str]] = {}
    for node in result["nodes"]:
        found.setdefault(node["status"], []).append(node["group"])
    return found


@pytest.fixture
def fleet(aws: Surroundings, simulator: SimulatorProcess) -> None:
    """Nodes in group web, one of which never becomes Ready; one on Fargate; one of nobody that does not join."""
    aws.cluster("prod")
    group(aws, "web", 2, labels={"tier": "web"}, taints=[{"key": "web", "value": "only", "effect": "NO_SCHEDULE"}])
    simulator.fault(resource="node", name="*", becomes="NotReady")
    group(aws, "sick", 1)
    simulator.clear_faults()
    aws.fargate_profile("apps")
    api = api_of(aws, "prod")
    api.create("/api/v1/namespaces", {"metadata": {"name": "apps"}})
    pod = {"metadata": {"name": "job"}, "spec": {"containers": [{"name": "job", "image": "job"}]}}
    api.create("/api/v1/namespaces/apps/pods", pod)
    stray = aws.ec2.run_instances(ImageId="ami-0a1b2c3d", MinCount=1, MaxCount=1, SubnetId=aws.private_subnets[0])
    tags = [{"Key": "kubernetes.io/cluster/prod", "Value": "owned"}]
    aws.ec2.create_tags(Resources=[stray["Instances"][0]["InstanceId"]], Tags=tags)
    aws.settle()


def test_all_nodes_in_one_view(playbook: Playbook, ledger: Ledger, fleet: None) -> None:
    ledger.clear()
    run = playbook.tasks(
        look(),
        look("web", label_selectors=["tier in (web, api)", "!gpu"]),
        look("away", kinds=["fargate"], groups=["apps", "web"]),
        may_fail(look("wait", kinds=["managed", "self_managed"], wait_for={"version": "1.33"}, wait_timeout=0)),
        check=False,
    )
    seen = run.results["look"]
    assert ledger.writes() == []
    assert by_status(seen) == {"ready": ["web", "web", "apps"], "not_ready": ["sick"], "not_joined": [None]}
    nodes = {node["kind"]: node for node in seen["nodes"] if node["group"] != "sick"}
    assert nodes["managed"]["labels"]["tier"] == "web"
    assert nodes["managed"]["taints"] == [{"key": "web", "value": "only", "effect": "NoSchedule"}]
    assert nodes["managed"]["disagreements"] == nodes["fargate"]["disagreements"] == []
    assert "get-console-output --region eu-central-1" in nodes["self_managed"]["console_hint"]
    assert seen["summary"]["kinds"]["managed"] == {"nodes": 3, "ready": 2, "not_ready": 1, "not_joined": 0}
    assert [(row["group"], row["desired"], row["ready"]) for row in seen["groups"]] == [
        ("sick", 1, 0),
        ("web", 2, 2),
        ("apps", None, 1),
    ]
    assert by_status(run.results["web"]) == {"ready": ["web", "web"]}
    assert by_status(run.results["away"]) == {"ready": ["apps"]}
    told = run.results["wait"]["msg"]
    assert "nodes of cluster prod: waited 0 s for all nodes to be Ready, all at 1.33, in vain; 2 of 4 are Ready" in told
    assert "(managed, sick) is not ready: KubeletNotReady" in told
    assert "(self_managed) is not joined: no Node has appeared for it" in told
    assert "k8s-aws-v1." not in run.output


def test_the_caller_has_to_be_let_in(playbook: Playbook, aws: Surroundings) -> None:
    aws.cluster("prod", accessConfig={"authenticationMode": "API"})
    group(aws, "web", 1)
    user = aws.iam.create_user(UserName="guest")["User"]["Arn"]
    made = aws.iam.create_access_key(UserName="guest")["AccessKey"]
    guest = {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}
    policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy"
    entry = {"cluster_name": "prod", "principal_arn": user}
    policies = [{"policy_arn": policy, "access_scope": {"type": "cluster"}}]
    run = playbook.tasks(
        may_fail({**look("unknown"), "environment": guest}),
        {"name": "entry", "flotilla.eks.access_entry": entry},
        may_fail({**look("known"), "environment": guest}),
        {"name": "let in", "flotilla.eks.access_entry": {**entry, "policies": policies}},
        {**look("let in too"), "environment": guest},
        arguments=["-vvv"],
    )
    assert "flotilla.eks.access_entry" in run.results["unknown"]["msg"]
    assert "Unauthorized" in run.results["unknown"]["msg"]
    assert "cannot list resource" in run.results["known"]["msg"]
    assert run.results["let in too"]["summary"]["ready"] == 1
    assert "k8s-aws-v1." not in run.output


def test_a_cluster_that_cannot_be_asked(
    slow_simulator: SimulatorProcess, slow_aws: Surroundings, tmp_path: Path
) -> None:
    playbook, ledger = Playbook(tmp_path, slow_simulator.env), Ledger(slow_simulator)
    slow_aws.cluster("inner", resourcesVpcConfig={"endpointPublicAccess": False, "endpointPrivateAccess": True})
    slow_aws.cluster("office", resourcesVpcConfig={"endpointPublicAccess": True, "publicAccessCidrs": [OFFICE]})
    slow_aws.cluster("prod", settle=False)
    slow_simulator.look_from("203.0.113.9")
    looks = [
        look("creating", wait_for={}),
        look("absent", cluster_name="nobody"),
        look("inner", cluster_name="inner", wait_for={}),
        look("office", cluster_name="office"),
    ]
    run = playbook.tasks(*map(may_fail, looks))
    assert "EKS cluster 'prod' is CREATING" in run.results["creating"]["msg"]
    assert "EKS cluster 'nobody' does not exist in region eu-central-1" in run.results["absent"]["msg"]
    assert "nobody answers at https://127.0.0.1:" in run.results["inner"]["msg"]
    assert "the endpoint is private (endpoint_public_access is false)" in run.results["inner"]["msg"]
    assert "the endpoint is open to 198.51.100.0/24 alone" in run.results["office"]["msg"]
    foreseen = playbook.tasks(*looks[:2], check=True)
    assert [line["result"]["nodes"] for line in foreseen.lines] == [[], []]
    assert ledger.calls("kubernetes") == []


def test_nodes_that_are_on_their_way_are_awaited(playbook: Playbook, ledger: Ledger, aws: Surroundings) -> None:
    remote = {"remoteNodeNetworks": [{"cidrs": ["10.80.0.0/16"]}]}
    aws.cluster("prod", remoteNetworkConfig=remote, accessConfig={"authenticationMode": "API"})
    group(aws, "web", 2)
    (scaling,) = aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    aws.client("autoscaling").set_desired_capacity(
        AutoScalingGroupName=scaling["AutoScalingGroupName"], DesiredCapacity=4
    )
    run = playbook.tasks(
        look("foreseen", wait_for={}),
        look("more", groups=["web"], wait_for={"ready": 4}, wait_delay=1),
        may_fail(look("too many", wait_for={"ready": 5}, wait_timeout=0)),
        may_fail(look("misspelt", groups=["wbe"], wait_for={}, wait_timeout=0)),
    )
    assert run.results["more"]["summary"]["ready"] == 4
    assert run.results["more"]["groups"][0]["desired"] == 4
    assert ledger.operations("ssm")  # asked for hybrid nodes that have not joined
    assert "1 more, of which no source tells" in run.results["too many"]["msg"]
    assert "group wbe, which no source knows" in run.results["misspelt"]["msg"]


def test_an_upgrade_is_through_when_the_last_node_of_old_is_gone(playbook: Playbook, aws: Surroundings) -> None:
    aws.cluster("prod", version="1.33")
    group(aws, "web", 2)
    aws.eks.update_cluster_version(name="prod", version="1.34")
    aws.settle()
    upgrade = {"cluster_name": "prod", "name": "web", "version": "1.34", "wait": False}
    run = playbook.tasks(
        may_fail(look("before", wait_for={"version": "1.34"}, wait_timeout=0)),
        {"name": "upgrade", "flotilla.eks.nodegroup": upgrade},
        look("after", wait_for={"version": "1.34"}, wait_delay=1),
    )
    assert "(managed, web) is at 1.33" in run.results["before"]["msg"]
    assert [node["version"] for node in run.results["after"]["nodes"]] == ["1.34", "1.34"]


def test_calls_do_not_grow_with_nodes(playbook: Playbook, ledger: Ledger, aws: Surroundings) -> None:
    aws.cluster("prod")
    for name in ("a", "b"):
        aws.nodegroup(name, scalingConfig={"minSize": 0, "maxSize": 250, "desiredSize": 250}, settle=False)
    aws.settle()
    ledger.clear()
    seen = playbook.tasks(look()).results["look"]
    assert seen["summary"]["kinds"]["managed"] == {"nodes": 500, "ready": 500, "not_ready": 0, "not_joined": 0}
    assert not [node["name"] for node in seen["nodes"] if node["disagreements"]]
    assert sorted(ledger.operations()) == LISTS
