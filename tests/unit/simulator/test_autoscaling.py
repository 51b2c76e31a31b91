# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Auto Scaling group and the launch template behind each managed node group."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.account import LONG, Account

SIZES = {"minSize": 1, "maxSize": 5, "desiredSize": 3}


@pytest.fixture
def cluster(standing_cluster: str) -> str:
    return standing_cluster


def behind(account: Account, cluster: str, nodegroup: str) -> dict[str, Any]:
    """The Auto Scaling group that a node group names; {} if there is none."""
    (named,) = account.describe(cluster, nodegroup)["resources"]["autoScalingGroups"]
    return found(account, named["name"])


def found(account: Account, name: str) -> dict[str, Any]:
    answer = account.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return next(iter(answer["AutoScalingGroups"]), {})


def sizes(group: dict[str, Any]) -> tuple[int, int, int]:
    return group["MinSize"], group["MaxSize"], group["DesiredCapacity"]


def template_data(account: Account, group: dict[str, Any]) -> dict[str, Any]:
    launch = group["LaunchTemplate"]
    answer = account.ec2.describe_launch_template_versions(
        LaunchTemplateId=launch["LaunchTemplateId"], Versions=[launch["Version"]]
    )
    return answer["LaunchTemplateVersions"][0]["LaunchTemplateData"]


def test_a_node_group_names_an_auto_scaling_group_that_exists(account: Account, cluster: str) -> None:
    name = account.nodegroup(cluster, scalingConfig=SIZES)
    group = behind(account, cluster, name)
    assert group["AutoScalingGroupName"].startswith(f"eks-{name}-")
    assert sizes(group) == (1, 5, 3)
    assert group["VPCZoneIdentifier"].split(",") == account.subnets
    assert sorted(group["AvailabilityZones"]) == sorted(account.zones[:3])
    assert [one["LifecycleState"] for one in group["Instances"]] == ["InService"] * 3
    assert sorted(one["AvailabilityZone"] for one in group["Instances"]) == sorted(account.zones[:3])


def test_it_carries_the_tags_of_eks_and_of_the_cluster_autoscaler(account: Account, cluster: str) -> None:
    name = account.nodegroup(cluster, tags={"Team": "A"})
    tags = behind(account, cluster, name)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {
        "eks:cluster-name": cluster,
        "eks:nodegroup-name": name,
        "k8s.io/cluster-autoscaler/enabled": "true",
        f"k8s.io/cluster-autoscaler/{cluster}": "owned",
        f"kubernetes.io/cluster/{cluster}": "owned",
    }
    assert all(tag["PropagateAtLaunch"] for tag in tags)


def test_it_follows_an_update_of_the_sizes_when_that_is_through(account: Account, cluster: str) -> None:
    name = account.nodegroup(cluster, scalingConfig=SIZES)
    account.eks.update_nodegroup_config(clusterName=cluster, nodegroupName=name, scalingConfig={"desiredSize": 4})
    assert sizes(behind(account, cluster, name)) == (1, 5, 3)
    account.sim.advance(LONG)
    assert sizes(behind(account, cluster, name)) == (1, 5, 4)


def test_a_node_group_follows_who_sets_the_size_of_its_auto_scaling_group(account: Account, cluster: str) -> None:
    """As the cluster autoscaler does."""
    name = account.nodegroup(cluster, scalingConfig=SIZES)
    group = behind(account, cluster, name)["AutoScalingGroupName"]
    autoscaling = account.client("autoscaling")
    autoscaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=5)
    assert account.describe(cluster, name)["scalingConfig"] == {**SIZES, "desiredSize": 5}
    autoscaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=1)
    assert account.describe(cluster, name)["scalingConfig"] == {**SIZES, "desiredSize": 1}
    account.eks.update_nodegroup_config(clusterName=cluster, nodegroupName=name, scalingConfig={"maxSize": 6})
    account.sim.advance(LONG)
    assert sizes(behind(account, cluster, name)) == (1, 6, 1)


def test_both_go_with_the_node_group(account: Account, cluster: str) -> None:
    name = account.nodegroup(cluster)
    group = behind(account, cluster, name)
    account.eks.delete_nodegroup(clusterName=cluster, nodegroupName=name)
    account.sim.advance(LONG)
    account.eks.list_nodegroups(clusterName=cluster)
    assert found(account, group["AutoScalingGroupName"]) == {}
    names = [template["LaunchTemplateName"] for template in account.ec2.describe_launch_templates()["LaunchTemplates"]]
    assert group["LaunchTemplate"]["LaunchTemplateName"] not in names


def test_it_launches_from_a_copy_of_the_users_template(account: Account, cluster: str) -> None:
    template = account.template(InstanceType="m6i.large", MetadataOptions={"HttpTokens": "required"})
    name = account.nodegroup(cluster, launchTemplate=template)
    group = behind(account, cluster, name)
    assert group["LaunchTemplate"]["LaunchTemplateId"] != template["id"]
    data = template_data(account, group)
    assert data["InstanceType"] == "m6i.large"
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    account.ec2.create_launch_template_version(
        LaunchTemplateId=template["id"], LaunchTemplateData={"InstanceType": "m6i.xlarge"}
    )
    account.eks.update_nodegroup_version(
        clusterName=cluster, nodegroupName=name, launchTemplate={**template, "version": "2"}
    )
    account.sim.advance(LONG)
    renewed = behind(account, cluster, name)
    assert renewed["LaunchTemplate"]["LaunchTemplateId"] == group["LaunchTemplate"]["LaunchTemplateId"]
    assert template_data(account, renewed)["InstanceType"] == "m6i.xlarge"


def test_without_a_template_of_the_user_nodes_get_the_clusters_security_group(account: Account, cluster: str) -> None:
    name = account.nodegroup(cluster, instanceTypes=["m6i.large", "m5.large"])
    data = template_data(account, behind(account, cluster, name))
    own = account.describe(cluster)["resourcesVpcConfig"]["clusterSecurityGroupId"]
    assert (data["SecurityGroupIds"], data["InstanceType"]) == ([own], "m6i.large")


@pytest.mark.parametrize("part", ["AutoScalingGroupNotFound", "Ec2LaunchTemplateNotFound"])
def test_a_node_group_that_lost_one_is_degraded_and_can_be_deleted(account: Account, cluster: str, part: str) -> None:
    name = account.nodegroup(cluster)
    group = behind(account, cluster, name)
    if part == "AutoScalingGroupNotFound":
        account.client("autoscaling").delete_auto_scaling_group(
            AutoScalingGroupName=group["AutoScalingGroupName"], ForceDelete=True
        )
    else:
        account.ec2.delete_launch_template(LaunchTemplateId=group["LaunchTemplate"]["LaunchTemplateId"])
    found = account.describe(cluster, name)
    assert (found["status"], found["health"]["issues"][0]["code"]) == ("DEGRADED", part)
    account.eks.delete_nodegroup(clusterName=cluster, nodegroupName=name)
    account.sim.advance(LONG)
    assert name not in account.eks.list_nodegroups(clusterName=cluster)["nodegroups"]
