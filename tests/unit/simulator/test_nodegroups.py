# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed node groups: what CreateNodegroup demands, what it fills in, and how a group lives."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from unit.simulator.account import CREATION, LONG, Account, refusal


def create(account: Account, cluster: str, **parameters: Any) -> Any:
    """The refusal of a CreateNodegroup request."""
    return refusal(account.eks.create_nodegroup, **account.nodegroup_request(cluster, **parameters))


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
    refused = create(account, "nowhere")
    assert (refused.code, refused.message) == ("ResourceNotFoundException", "No cluster found for name: nowhere.")


def test_the_cluster_must_be_active(account: Account) -> None:
    cluster = account.eks.create_cluster(**account.cluster_request())["cluster"]["name"]
    refused = create(account, cluster)
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
    refused = create(account, standing_cluster, nodegroupName=name)
    assert refused.code == "ResourceInUseException"
    assert refused.message == f"NodeGroup already exists with name {name} and cluster name {standing_cluster}"


@pytest.mark.parametrize("name", ["-x", "a b", "x" * 64])
def test_a_name_has_a_form(account: Account, standing_cluster: str, name: str) -> None:
    assert create(account, standing_cluster, nodegroupName=name).message == f"Invalid node group name: {name}"


def test_the_role_must_exist_and_trust_ec2(account: Account, standing_cluster: str) -> None:
    missing = create(account, standing_cluster, nodeRole="arn:aws:iam::123456789012:role/nobody")
    assert missing.message == "The role with name nobody cannot be found."
    refused = create(account, standing_cluster, nodeRole=account.roles["cluster"])
    assert "Following required service principals [ec2.amazonaws.com] were not found" in refused.message


def test_nodes_without_the_worker_policy_do_not_join(account: Account, standing_cluster: str) -> None:
    bare = account.role(account.name("bare"), "ec2.amazonaws.com")
    account.sim.advance(60)
    group = account.describe(standing_cluster, account.nodegroup(standing_cluster, nodeRole=bare))
    assert group["status"] == "CREATE_FAILED"
    assert group["health"]["issues"][0]["code"] == "NodeCreationFailure"
    assert group["health"]["issues"][0]["message"] == "Instances failed to join the kubernetes cluster"


def test_subnets_exist_in_the_clusters_vpc(account: Account, standing_cluster: str) -> None:
    missing = create(account, standing_cluster, subnets=["subnet-0123456789abcdef0"])
    assert missing.message == "The subnet ID 'subnet-0123456789abcdef0' does not exist"
    stranger = account.subnet("10.8.0.0/24", account.zones[0], account.vpc_of("10.8.0.0/16"))
    assert "does not belong to the cluster's VPC" in create(account, standing_cluster, subnets=[stranger]).message
    assert "At least one subnet" in create(account, standing_cluster, subnets=[]).message


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
    refused = create(account, standing_cluster, scalingConfig=scaling)
    assert refused.code == "InvalidParameterException"
    assert reason in refused.message


@pytest.mark.parametrize(
    "labels", [{"a b": "c"}, {"kubernetes.io/role": "x"}, {"eks.amazonaws.com/x": "y"}, {"ok": "-"}, {"x" * 64: "y"}]
)
def test_labels_are_kubernetes_labels_outside_reserved_prefixes(
    account: Account, standing_cluster: str, labels: dict[str, str]
) -> None:
    assert create(account, standing_cluster, labels=labels).code == "InvalidParameterException"


def taint(key: str = "team", effect: str = "NO_SCHEDULE", **more: str) -> dict[str, str]:
    return {"key": key, "effect": effect, **more}


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
    assert reason in create(account, standing_cluster, taints=taints).message


def test_instance_types_exist_and_fit_the_ami(account: Account, standing_cluster: str) -> None:
    unknown = create(account, standing_cluster, instanceTypes=["t9.huge"])
    assert "do not exist: [t9.huge]" in unknown.message
    misfit = create(account, standing_cluster, instanceTypes=["m6g.large"])
    assert misfit.message == "[m6g.large] is not a valid instance type for requested amiType AL2023_x86_64_STANDARD"


def test_amazon_linux_2_ends_with_1_32(account: Account, standing_cluster: str) -> None:
    refused = create(account, standing_cluster, amiType="AL2_x86_64")
    assert refused.message == "AMI Type AL2_x86_64 is only supported for kubernetes versions 1.32 or earlier"
    older = account.cluster(version="1.32")
    assert account.nodegroup(older, amiType="AL2_x86_64")


def test_the_version_is_the_clusters_and_the_release_a_known_one(account: Account, standing_cluster: str) -> None:
    assert "must be the cluster's version 1.33" in create(account, standing_cluster, version="1.32").message
    refused = create(account, standing_cluster, releaseVersion="1.33.5-20200101")
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
    assert reason in create(account, standing_cluster, updateConfig=config).message


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
    assert reason in create(account, standing_cluster, nodeRepairConfig={"enabled": True, **config}).message


@pytest.mark.parametrize("config", [{"poolState": "HIBERNATED"}, {"reuseOnScaleIn": True}])
def test_bottlerocket_warm_pools_are_plain(account: Account, standing_cluster: str, config: dict[str, Any]) -> None:
    pool = {"enabled": True, **config}
    refused = create(account, standing_cluster, amiType="BOTTLEROCKET_x86_64", warmPoolConfig=pool)
    assert "Warm pools of BOTTLEROCKET_x86_64 do not support" in refused.message
    account.nodegroup(standing_cluster, warmPoolConfig=pool)


def test_remote_access_needs_an_existing_key_pair(account: Account, standing_cluster: str) -> None:
    refused = create(account, standing_cluster, remoteAccess={"ec2SshKey": "none"})
    assert refused.message == "The key pair 'none' does not exist"


def test_a_launch_template_must_exist_with_its_version(account: Account, standing_cluster: str) -> None:
    assert "does not exist" in create(account, standing_cluster, launchTemplate={"name": "none"}).message
    known = account.template(InstanceType="m5.large")
    assert "does not exist" in create(account, standing_cluster, launchTemplate={**known, "version": "7"}).message
    both = {**known, "name": "x"}
    assert "not both" in create(account, standing_cluster, launchTemplate=both).message


def test_a_launch_template_is_echoed_with_name_id_and_version(account: Account, standing_cluster: str) -> None:
    reference = account.template(InstanceType="m5.large")
    group = account.describe(standing_cluster, account.nodegroup(standing_cluster, launchTemplate=reference))
    assert group["launchTemplate"]["id"] == reference["id"]
    assert group["launchTemplate"]["version"] == "1"
    assert group["launchTemplate"]["name"].startswith("template-")
    assert not {"diskSize", "instanceTypes"} & set(group)


@pytest.mark.parametrize(
    ("data", "request_part", "message"),
    [
        ({}, {"diskSize": 50}, "Disk size must be specified within the launch template."),
        ({}, {"remoteAccess": {}}, "Remote access configuration cannot be specified with a launch template."),
        (
            {"InstanceType": "m5.large"},
            {"instanceTypes": ["m5.large"]},
            "Cannot specify instance types in launch template and API request",
        ),
        (
            {"ImageId": "ami-1"},
            {"amiType": "AL2023_x86_64_STANDARD"},
            "You cannot specify an AMI Type other than custom, when specifying an image id in your launch template.",
        ),
        (
            {"ImageId": "ami-1"},
            {"version": "1.33"},
            "You cannot specify the field kubernetesVersion when using custom AMIs.",
        ),
        (
            {"ImageId": "ami-1"},
            {"releaseVersion": "x"},
            "You cannot specify the field releaseVersion when using custom AMIs.",
        ),
        ({}, {"amiType": "CUSTOM"}, "The AMI type CUSTOM needs an image id in the launch template"),
        ({}, {"capacityType": "CAPACITY_BLOCK"}, "CAPACITY_BLOCK needs the instance type in the launch template"),
    ],
)
def test_a_thing_is_said_in_the_template_or_in_the_request(
    account: Account, standing_cluster: str, data: dict[str, Any], request_part: dict[str, Any], message: str
) -> None:
    reference = account.template(**(data or {"EbsOptimized": True}))
    assert create(account, standing_cluster, launchTemplate=reference, **request_part).message == message


@pytest.mark.parametrize(
    "data",
    [
        {"IamInstanceProfile": {"Name": "x"}},
        {"InstanceMarketOptions": {"MarketType": "spot"}},
        {"HibernationOptions": {"Configured": True}},
        {"NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": "subnet-1"}]},
        {"InstanceInitiatedShutdownBehavior": "terminate"},
    ],
    ids=lambda data: next(iter(data)),
)
def test_a_launch_template_leaves_some_things_to_eks(
    account: Account, standing_cluster: str, data: dict[str, Any]
) -> None:
    refused = create(account, standing_cluster, launchTemplate=account.template(**data))
    assert "The launch template must not specify" in refused.message


def test_a_custom_ami_makes_the_type_custom(account: Account, standing_cluster: str) -> None:
    reference = account.template(ImageId="ami-0123456789abcdef0", InstanceType="m5.large")
    group = account.describe(standing_cluster, account.nodegroup(standing_cluster, launchTemplate=reference))
    assert (group["amiType"], group["releaseVersion"]) == ("CUSTOM", "ami-0123456789abcdef0")


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
    groups = [account.nodegroup(cluster) for _ in range(2)]
    key = {"clusterName": cluster, "principalArn": account.roles["node"]}
    assert account.eks.describe_access_entry(**key)["accessEntry"]["type"] == "EC2_LINUX"
    for group, left in zip(groups, (True, False), strict=True):
        account.eks.delete_nodegroup(clusterName=cluster, nodegroupName=group)
        account.sim.advance(LONG)
        assert (account.roles["node"] in account.eks.list_access_entries(clusterName=cluster)["accessEntries"]) is left


def test_a_cluster_has_a_quota_of_node_groups(account: Account) -> None:
    cluster = account.cluster()
    for _ in range(30):
        account.eks.create_nodegroup(**account.nodegroup_request(cluster))
    refused = create(account, cluster)
    assert (refused.code, refused.status) == ("ResourceLimitExceededException", 400)


def update(account: Account, cluster: str, group: str, **change: Any) -> Any:
    return refusal(account.eks.update_nodegroup_config, clusterName=cluster, nodegroupName=group, **change)


def test_a_config_update_changes_what_it_names_and_keeps_the_rest(account: Account, standing_cluster: str) -> None:
    group = account.nodegroup(standing_cluster, labels={"keep": "1", "drop": "1"}, taints=[taint("a"), taint("b")])
    change = {
        "labels": {"addOrUpdateLabels": {"new": "1"}, "removeLabels": ["drop"]},
        "taints": {"addOrUpdateTaints": [taint("a", value="x")], "removeTaints": [taint("b")]},
        "scalingConfig": {"maxSize": 9},
        "updateConfig": {"maxUnavailablePercentage": 25},
    }
    key = {"clusterName": standing_cluster, "nodegroupName": group}
    answer = account.eks.update_nodegroup_config(**key, **change)["update"]
    assert answer["type"] == "ConfigUpdate"
    assert account.describe(standing_cluster, group)["status"] == "UPDATING"
    assert account.settled(answer, standing_cluster, nodegroupName=group)["status"] == "Successful"
    after = account.describe(standing_cluster, group)
    assert after["labels"] == {"keep": "1", "new": "1"}
    assert after["taints"] == [taint("a", value="x")]
    assert after["scalingConfig"] == {"minSize": 1, "maxSize": 9, "desiredSize": 1}
    assert after["updateConfig"] == {"maxUnavailablePercentage": 25, "updateStrategy": "DEFAULT"}


def test_a_config_update_is_checked_as_a_creation_is(account: Account, standing_cluster: str) -> None:
    group = account.nodegroup(standing_cluster)
    for change, reason in (
        ({"scalingConfig": {"minSize": 2}}, "Minimum capacity 2 can't be greater than desired size 1"),
        ({"updateConfig": {"maxUnavailable": 1, "maxUnavailablePercentage": 5}}, "Exactly one of"),
        ({"labels": {"addOrUpdateLabels": {"k8s.io/x": "y"}}}, "reserved prefixes"),
        ({"labels": {"addOrUpdateLabels": {"x": "y"}, "removeLabels": ["x"]}}, "both updated and removed"),
        ({"taints": {"addOrUpdateTaints": [taint()], "removeTaints": [taint()]}}, "both updated and removed"),
        ({}, "No changes detected"),
    ):
        refused = update(account, standing_cluster, group, **change)
        assert refused.code == "InvalidParameterException"
        assert reason in refused.message


def test_a_node_group_has_one_update_at_a_time(account: Account, standing_cluster: str) -> None:
    group = account.nodegroup(standing_cluster)
    key = {"clusterName": standing_cluster, "nodegroupName": group}
    running = account.eks.update_nodegroup_config(**key, scalingConfig={"maxSize": 3})["update"]["id"]
    for call, parameters in itertools.product(
        [account.eks.update_nodegroup_config, account.eks.update_nodegroup_version],
        [{"labels": {"removeLabels": ["x"]}}],
    ):
        refused = refusal(call, **key, **(parameters if call is account.eks.update_nodegroup_config else {}))
        assert refused.code == "ResourceInUseException"
        assert f"nodegroup {group} currently has update {running} in progress" in refused.message
    assert refusal(account.eks.delete_nodegroup, **key).code == "ResourceInUseException"
    account.sim.advance(LONG)


def test_a_version_update_takes_the_clusters_version_and_the_newest_release(account: Account) -> None:
    cluster = account.cluster(version="1.32")
    group = account.nodegroup(cluster)
    account.settled(account.eks.update_cluster_version(name=cluster, version="1.33")["update"], cluster)
    key = {"clusterName": cluster, "nodegroupName": group}
    answer = account.eks.update_nodegroup_version(**key)["update"]
    assert answer["type"] == "VersionUpdate"
    assert account.settled(answer, cluster, nodegroupName=group)["status"] == "Successful"
    after = account.describe(cluster, group)
    assert (after["version"], after["releaseVersion"]) == ("1.33", "1.33.5-20261105")
    back = refusal(account.eks.update_nodegroup_version, **key, version="1.32")
    assert back.code == "InvalidRequestException"
    ahead = refusal(account.eks.update_nodegroup_version, **key, version="1.34")
    assert "must be the cluster's version 1.33" in ahead.message
    same = refusal(account.eks.update_nodegroup_version, **key)
    assert "No changes detected" in same.message


def test_releases_go_forwards_only(account: Account, standing_cluster: str) -> None:
    group = account.nodegroup(standing_cluster, releaseVersion="1.33.5-20260923")
    key = {"clusterName": standing_cluster, "nodegroupName": group}
    answer = account.eks.update_nodegroup_version(**key, releaseVersion="1.33.5-20261014")["update"]
    account.settled(answer, standing_cluster, nodegroupName=group)
    assert account.describe(standing_cluster, group)["releaseVersion"] == "1.33.5-20261014"
    back = refusal(account.eks.update_nodegroup_version, **key, releaseVersion="1.33.5-20260923")
    assert "cannot be rolled back" in back.message


def test_a_launch_template_changes_its_version_only(account: Account, standing_cluster: str) -> None:
    reference = account.template(InstanceType="m5.large")
    group = account.nodegroup(standing_cluster, launchTemplate=reference)
    account.ec2.create_launch_template_version(
        LaunchTemplateId=reference["id"], LaunchTemplateData={"InstanceType": "m5.xlarge"}
    )
    key = {"clusterName": standing_cluster, "nodegroupName": group}
    other = refusal(
        account.eks.update_nodegroup_version, **key, launchTemplate=account.template(InstanceType="m5.large")
    )
    assert "must be the one that the node group was created with" in other.message
    answer = account.eks.update_nodegroup_version(**key, launchTemplate={**reference, "version": "2"})["update"]
    account.settled(answer, standing_cluster, nodegroupName=group)
    assert account.describe(standing_cluster, group)["launchTemplate"]["version"] == "2"
    plain = account.nodegroup(standing_cluster)
    refused = refusal(
        account.eks.update_nodegroup_version,
        clusterName=standing_cluster,
        nodegroupName=plain,
        launchTemplate=reference,
    )
    assert "originally deployed with a launch template" in refused.message


def test_a_larger_group_takes_longer_to_update(account: Account, standing_cluster: str) -> None:
    sizes = {"minSize": 1, "desiredSize": 40, "maxSize": 40}
    group = account.nodegroup(standing_cluster, scalingConfig=sizes, releaseVersion="1.33.5-20260923")
    key = {"clusterName": standing_cluster, "nodegroupName": group}
    answer = account.eks.update_nodegroup_version(**key)["update"]
    assert account.settled(answer, standing_cluster, nodegroupName=group)["status"] == "InProgress"
    account.sim.advance(2 * LONG)
    assert account.describe(standing_cluster, group)["status"] == "ACTIVE"
