# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed node groups: what CreateNodegroup demands, what it fills in, and how a group lives."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.account import CREATION, LONG, Account, refusal, taint


def test_a_node_group_has_the_defaults_of_aws(account: Account, standing_cluster: str) -> None:
    group = account.describe(standing_cluster, account.nodegroup(standing_cluster))
    assert group["status"] == "ACTIVE"
    assert group["instanceTypes"] == ["t3.medium"]
    assert group["amiType"] == "AL2023_x86_64_STANDARD"
    assert group["diskSize"] == 20
    assert group["scalingConfig"] == {"minSize": 1, "maxSize": 2, "desiredSize": 1}
    assert group["capacityType"] == "ON_DEMAND"
    assert group["updateConfig"] == {"maxUnavailable": 1, "updateStrategy": "DEFAULT"}
    assert (group["version"], group["releaseVersion"]) == ("1.33", "1.33.5-20261105")
    assert group["resources"]["autoScalingGroups"][0]["name"].startswith(f"eks-{group['nodegroupName']}-")
    assert group["health"] == {"issues": []}


@pytest.mark.parametrize(
    ("ami_type", "instance_type", "release"),
    [
        ("BOTTLEROCKET_x86_64", "m5.large", "1.50.0-abcdef12"),
        ("AL2023_ARM_64_STANDARD", "m6g.large", "1.33.5-20261105"),
        ("WINDOWS_CORE_2022_x86_64", "m5.large", "1.33-2026.11.05"),
    ],
)
def test_each_ami_family_has_its_releases(
    account: Account, standing_cluster: str, ami_type: str, instance_type: str, release: str
) -> None:
    name = account.nodegroup(standing_cluster, amiType=ami_type, instanceTypes=[instance_type])
    assert account.describe(standing_cluster, name)["releaseVersion"] == release


def test_the_cluster_must_exist(account: Account) -> None:
    refused = account.refused_nodegroup("nowhere")
    assert (refused.code, refused.message) == ("ResourceNotFoundException", "No cluster found for name: nowhere.")


def test_the_cluster_must_be_active(account: Account) -> None:
    cluster = account.eks.create_cluster(**account.cluster_request())["cluster"]["name"]
    refused = account.refused_nodegroup(cluster)
    assert (refused.code, refused.message) == (
        "InvalidRequestException",
        f"Cluster '{cluster}' is not in ACTIVE status",
    )


def test_an_unknown_node_group_is_not_found(account: Account, standing_cluster: str) -> None:
    refused = refusal(account.eks.describe_nodegroup, clusterName=standing_cluster, nodegroupName="none")
    assert (refused.code, refused.status) == ("ResourceNotFoundException", 404)
    assert refused.message == "No node group found for name: none."


def test_a_name_is_taken_once(account: Account, standing_cluster: str) -> None:
    name = account.nodegroup(standing_cluster)
    refused = account.refused_nodegroup(standing_cluster, nodegroupName=name)
    assert refused.code == "ResourceInUseException"
    assert refused.message == f"NodeGroup already exists with name {name} and cluster name {standing_cluster}"


@pytest.mark.parametrize("name", ["-x", "a b", "x" * 64])
def test_a_name_has_a_form(account: Account, standing_cluster: str, name: str) -> None:
    assert account.refused_nodegroup(standing_cluster, nodegroupName=name).message == f"Invalid node group name: {name}"


def test_the_role_must_exist_and_trust_ec2(account: Account, standing_cluster: str) -> None:
    missing = account.refused_nodegroup(standing_cluster, nodeRole="arn:aws:iam::123456789012:role/nobody")
    assert missing.message == "The role with name nobody cannot be found."
    refused = account.refused_nodegroup(standing_cluster, nodeRole=account.roles["cluster"])
    assert "Following required service principals [ec2.amazonaws.com] were not found" in refused.message


def test_nodes_without_the_worker_policy_do_not_join(account: Account, standing_cluster: str) -> None:
    bare = account.role(account.name("bare"), "ec2.amazonaws.com")
    account.sim.advance(60)
    group = account.describe(standing_cluster, account.nodegroup(standing_cluster, nodeRole=bare))
    assert group["status"] == "CREATE_FAILED"
    assert group["health"]["issues"][0]["code"] == "NodeCreationFailure"
    assert group["health"]["issues"][0]["message"] == "Instances failed to join the kubernetes cluster"


def test_subnets_exist_in_the_clusters_vpc(account: Account, standing_cluster: str) -> None:
    missing = account.refused_nodegroup(standing_cluster, subnets=["subnet-0123456789abcdef0"])
    assert missing.message == "The subnet ID 'subnet-0123456789abcdef0' does not exist"
    stranger = account.subnet("10.8.0.0/24", account.zones[0], account.vpc_of("10.8.0.0/16"))
    assert (
        "does not belong to the cluster's VPC"
        in account.refused_nodegroup(standing_cluster, subnets=[stranger]).message
    )
    assert "At least one subnet" in account.refused_nodegroup(standing_cluster, subnets=[]).message


@pytest.mark.parametrize(
    ("scaling", "reason"),
    [
        ({"minSize": 3, "desiredSize": 2, "maxSize": 4}, "Minimum capacity 3 can't be greater than desired size 2"),
        ({"minSize": 1, "desiredSize": 5, "maxSize": 4}, "desired capacity 5 can't be greater than max size 4"),
        ({"minSize": 5, "desiredSize": 2, "maxSize": 4}, "Minimum capacity 5 can't be greater than maximum size 4"),
        ({"minSize": 1, "maxSize": 4}, "scalingConfig must specify desiredSize"),
        ({"minSize": -1, "desiredSize": 2, "maxSize": 4}, "greater than or equal to 0"),
        ({"minSize": 0, "desiredSize": 0, "maxSize": 0}, "greater than or equal to 1"),
    ],
)
def test_sizes_are_in_order_and_complete(
    account: Account, standing_cluster: str, scaling: dict[str, int], reason: str
) -> None:
    refused = account.refused_nodegroup(standing_cluster, scalingConfig=scaling)
    assert refused.code == "InvalidParameterException"
    assert reason in refused.message


@pytest.mark.parametrize(
    "labels", [{"a b": "c"}, {"kubernetes.io/role": "x"}, {"eks.amazonaws.com/x": "y"}, {"ok": "-"}, {"x" * 64: "y"}]
)
def test_labels_are_kubernetes_labels_outside_reserved_prefixes(
    account: Account, standing_cluster: str, labels: dict[str, str]
) -> None:
    assert account.refused_nodegroup(standing_cluster, labels=labels).code == "InvalidParameterException"


@pytest.mark.parametrize(
    ("taints", "reason"),
    [
        ([taint(effect="NoSchedule")], "enum value set: [NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE]"),
        ([{"key": "x"}], "a key and an effect"),
        ([taint("a b")], "Invalid taint key"),
        ([taint(value="-")], "Invalid value of taint"),
        ([taint(value="x"), taint(value="y")], "Duplicate taint team"),
        ([taint(f"k{number}") for number in range(51)], "at most 50 taints"),
    ],
)
def test_taints_are_kubernetes_taints_each_once(
    account: Account, standing_cluster: str, taints: list[dict[str, str]], reason: str
) -> None:
    assert reason in account.refused_nodegroup(standing_cluster, taints=taints).message


def test_instance_types_exist_and_fit_the_ami(account: Account, standing_cluster: str) -> None:
    unknown = account.refused_nodegroup(standing_cluster, instanceTypes=["t9.huge"])
    assert "do not exist: [t9.huge]" in unknown.message
    misfit = account.refused_nodegroup(standing_cluster, instanceTypes=["m6g.large"])
    assert misfit.message == "[m6g.large] is not a valid instance type for requested amiType AL2023_x86_64_STANDARD"


def test_amazon_linux_2_ends_with_1_32(account: Account, standing_cluster: str) -> None:
    refused = account.refused_nodegroup(standing_cluster, amiType="AL2_x86_64")
    assert refused.message == "AMI Type AL2_x86_64 is only supported for kubernetes versions 1.32 or earlier"
    older = account.cluster(version="1.32")
    assert account.nodegroup(older, amiType="AL2_x86_64")


def test_the_version_is_the_clusters_and_the_release_a_known_one(account: Account, standing_cluster: str) -> None:
    assert "must be the cluster's version 1.33" in account.refused_nodegroup(standing_cluster, version="1.32").message
    refused = account.refused_nodegroup(standing_cluster, releaseVersion="1.33.5-20200101")
    assert "is not valid for kubernetes version 1.33" in refused.message


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"maxUnavailable": 1, "maxUnavailablePercentage": 10}, "Exactly one of"),
        ({"updateStrategy": "MINIMAL"}, "Exactly one of"),
        ({"maxUnavailable": 101}, "greater than 100"),
        ({"maxUnavailablePercentage": 101}, "less than or equal to 100"),
    ],
)
def test_update_config_has_one_measure(
    account: Account, standing_cluster: str, config: dict[str, Any], reason: str
) -> None:
    assert reason in account.refused_nodegroup(standing_cluster, updateConfig=config).message


OVERRIDE = {
    "nodeMonitoringCondition": "NetworkingReady",
    "nodeUnhealthyReason": "InterfaceNotUp",
    "minRepairWaitTimeMins": 10,
    "repairAction": "Replace",
}


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"maxUnhealthyNodeThresholdCount": 1, "maxUnhealthyNodeThresholdPercentage": 5}, "cannot both be specified"),
        ({"maxParallelNodesRepairedCount": 1, "maxParallelNodesRepairedPercentage": 5}, "cannot both be specified"),
        *(
            (
                {"nodeRepairConfigOverrides": [{key: OVERRIDE[key] for key in OVERRIDE if key != gone}]},
                f"specify {gone}",
            )
            for gone in OVERRIDE
        ),
        ({"nodeRepairConfigOverrides": [OVERRIDE, OVERRIDE]}, "Duplicate node repair override"),
    ],
)
def test_node_repair_has_one_measure_and_whole_overrides(
    account: Account, standing_cluster: str, config: dict[str, Any], reason: str
) -> None:
    assert reason in account.refused_nodegroup(standing_cluster, nodeRepairConfig={"enabled": True, **config}).message


@pytest.mark.parametrize("config", [{"poolState": "HIBERNATED"}, {"reuseOnScaleIn": True}])
def test_bottlerocket_warm_pools_are_plain(account: Account, standing_cluster: str, config: dict[str, Any]) -> None:
    pool = {"enabled": True, **config}
    refused = account.refused_nodegroup(standing_cluster, amiType="BOTTLEROCKET_x86_64", warmPoolConfig=pool)
    assert "Warm pools of BOTTLEROCKET_x86_64 do not support" in refused.message
    account.nodegroup(standing_cluster, warmPoolConfig=pool)


def test_remote_access_needs_an_existing_key_pair(account: Account, standing_cluster: str) -> None:
    refused = account.refused_nodegroup(standing_cluster, remoteAccess={"ec2SshKey": "none"})
    assert refused.message == "The key pair 'none' does not exist"


def test_a_node_group_is_deleted_when_it_rests(account: Account, standing_cluster: str) -> None:
    request = account.nodegroup_request(standing_cluster)
    key = {"clusterName": standing_cluster, "nodegroupName": request["nodegroupName"]}
    account.eks.create_nodegroup(**request)
    assert refusal(account.eks.delete_nodegroup, **key).code == "ResourceInUseException"
    account.sim.advance(CREATION)
    assert account.eks.delete_nodegroup(**key)["nodegroup"]["status"] == "DELETING"
    assert refusal(account.eks.delete_nodegroup, **key).code == "ResourceInUseException"
    account.sim.advance(LONG)
    assert refusal(account.eks.describe_nodegroup, **key).code == "ResourceNotFoundException"


def test_the_nodes_role_has_an_access_entry_as_long_as_a_group_uses_it(account: Account) -> None:
    cluster = account.cluster(accessConfig={"authenticationMode": "API"})
    groups = [account.nodegroup(cluster) for _unused in range(2)]
    key = {"clusterName": cluster, "principalArn": account.roles["node"]}
    assert account.eks.describe_access_entry(**key)["accessEntry"]["type"] == "EC2_LINUX"
    for group, left in zip(groups, (True, False), strict=True):
        account.eks.delete_nodegroup(clusterName=cluster, nodegroupName=group)
        account.sim.advance(LONG)
        assert (account.roles["node"] in account.eks.list_access_entries(clusterName=cluster)["accessEntries"]) is left


def test_a_cluster_has_a_quota_of_node_groups(account: Account) -> None:
    cluster = account.cluster()
    for _unused in range(30):
        account.eks.create_nodegroup(**account.nodegroup_request(cluster))
    refused = account.refused_nodegroup(cluster)
    assert (refused.code, refused.status) == ("ResourceLimitExceededException", 400)
