# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Auto Scaling refuses of groups, their tags and their policies."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.account import Account, refusal
from unit.simulator.scaling import Scaling

FULLY = "You must use a valid fully-formed launch template."


@pytest.fixture(scope="module")
def scaling(built_account: Account) -> Scaling:
    return Scaling(built_account)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"MinSize": 3, "MaxSize": 2}, "Max bound, 2, must be greater than or equal to min bound, 3"),
        (
            {"MinSize": 2, "DesiredCapacity": 1},
            "Desired capacity:1 must be between the specified min size:2 and max size:20",
        ),
        ({"LaunchTemplate": None}, "Valid requests must contain either LaunchTemplate, LaunchConfigurationName,"),
        ({"LaunchConfigurationName": "old"}, "Valid requests must contain only one of"),
        ({"VPCZoneIdentifier": None}, "At least one Availability Zone or VPC Subnet is required."),
        ({"VPCZoneIdentifier": "subnet-0123"}, "The subnet ID 'subnet-0123' does not exist"),
        ({"AvailabilityZones": ["eu-central-1z"]}, "Invalid availability zones: [eu-central-1z]"),
        ({"AvailabilityZones": ["eu-central-1a"]}, "The availability zones of the specified subnets and the"),
        ({"TargetGroupARNs": ["arn:aws:x"]}, "Provided Target Groups may not be valid. Please ensure they exist"),
        ({"LoadBalancerNames": ["x"]}, "Provided Load Balancers may not be valid. Please ensure they exist"),
        ({"TerminationPolicies": ["Youngest"]}, "Invalid termination policy: Youngest"),
        ({"HealthCheckType": "EC2,HTTP"}, "Invalid health check type: HTTP"),
        ({"MaxInstanceLifetime": 3600}, "MaxInstanceLifetime must be 0 or at least 86400 seconds, found 3600"),
        ({"HealthCheckGracePeriod": -1}, "HealthCheckGracePeriod must be greater than or equal to zero, found -1"),
        ({"InstanceMaintenancePolicy": {"MinHealthyPercentage": 90}}, "needs both MinHealthyPercentage and"),
        (
            {"InstanceMaintenancePolicy": {"MinHealthyPercentage": 90, "MaxHealthyPercentage": 200}},
            "at most 100 above MinHealthyPercentage",
        ),
        ({"Tags": [{"Key": "aws:x", "Value": "y"}]}, "begins with aws:, which is reserved for AWS"),
        ({"Tags": [{"Key": "x"}, {"Key": "x"}]}, "Duplicate keys are not allowed for tags: x"),
        ({"Tags": [{"Key": "x", "ResourceId": "other"}]}, "must have the ResourceId"),
        ({"AutoScalingGroupName": "a:b"}, "must not contain a colon"),
        ({"MaxSize": "many"}, "Value 'many' at 'MaxSize' failed to satisfy constraint: Member must be of type integer"),
        ({"DeletionProtection": "some"}, "Member must satisfy enum value set"),
        ({"DesiredCapacityType": "vcpu"}, "The simulator does not serve DesiredCapacityType vcpu"),
        (
            {"InstanceLifecyclePolicy": {"RetentionTriggers": {"TerminateHookAbandon": "retain"}}},
            "The simulator does not serve InstanceLifecyclePolicy",
        ),
        (
            {"LifecycleHookSpecificationList": [{"LifecycleHookName": "x", "LifecycleTransition": "leaving"}]},
            "LifecycleTransition must be autoscaling:EC2_INSTANCE_LAUNCHING or",
        ),
    ],
)
def test_a_group_is_refused(scaling: Scaling, parameters: dict[str, Any], reason: str) -> None:
    request = scaling.request(**{"size": parameters.pop("DesiredCapacity", 3), **parameters})
    assert reason in scaling.refused("create_auto_scaling_group", **request)
    assert scaling.described(request["AutoScalingGroupName"]) == {}


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        (
            {"LaunchTemplateId": "lt-0123456789abcdef0"},
            f"{FULLY} The specified launch template, with template ID lt-0123456789abcdef0, does not exist.",
        ),
        (
            {"LaunchTemplateName": "missing"},
            f"{FULLY} The specified launch template, with template name missing, does not exist.",
        ),
        ({"Version": "9"}, f"{FULLY} Could not find the specified version 9 for the launch template with ID lt-"),
        ({"Version": "newest"}, "Invalid launch template version: either '$Default', '$Latest', or a numeric version"),
        ({"LaunchTemplateName": "own"}, "Valid requests must contain either launchTemplateId or LaunchTemplateName"),
        (
            {"LaunchTemplateId": None, "Version": "1"},
            "Valid requests must contain either launchTemplateId or LaunchTemplateName",
        ),
    ],
)
def test_the_launch_template_must_exist(scaling: Scaling, reference: dict[str, Any], reason: str) -> None:
    whole = reference
    if "LaunchTemplateName" not in reference or reference["LaunchTemplateName"] == "own":
        whole = {"LaunchTemplateId": scaling.template["LaunchTemplateId"], **reference}
    given = {name: value for name, value in whole.items() if value}
    refused = scaling.refused("create_auto_scaling_group", **scaling.request(LaunchTemplate=given))
    assert refused.startswith(reason)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"InstanceType": None, "KeyName": "x"}, "The request must contain the parameter InstanceType"),
        ({"ImageId": None}, "The request must contain the parameter ImageId"),
        ({"KeyName": "missing"}, "The key pair 'missing' does not exist"),
        ({"SecurityGroupIds": ["sg-0123"]}, "The security group 'sg-0123' does not exist"),
        (
            {"IamInstanceProfile": {"Name": "missing"}},
            "Value (missing) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
        ),
        (
            {"SecurityGroupIds": ["sg-0123"], "NetworkInterfaces": [{"DeviceIndex": 0}]},
            "Network interfaces and an instance-level security groups may not be specified on the same request",
        ),
        ({"NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": "subnet-1"}]}, "It must not specify a subnet"),
        (
            {"NetworkInterfaces": [{"DeviceIndex": 0}, {"DeviceIndex": 0}]},
            "Each network interface requires a unique device index.",
        ),
        (
            {"NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": True}, {"DeviceIndex": 1}]},
            "The associatePublicIPAddress parameter cannot be specified when launching with multiple network",
        ),
        ({"Placement": {"GroupName": "missing"}}, "The Placement Group 'missing' is unknown."),
    ],
)
def test_the_launch_template_must_be_fit_for_a_launch(scaling: Scaling, data: dict[str, Any], reason: str) -> None:
    scaling.new_version(**{"InstanceType": "m6i.large", **data})
    refused = scaling.refused("create_auto_scaling_group", **scaling.request(version="$Latest"))
    assert refused == f"{FULLY} {reason}" or (refused.startswith(FULLY) and reason in refused)


def test_security_groups_and_subnets_are_of_one_network(scaling: Scaling, built_account: Account) -> None:
    elsewhere = built_account.vpc_of("10.9.0.0/16")
    ec2 = built_account.ec2
    foreign = ec2.create_security_group(GroupName="foreign", Description="x", VpcId=elsewhere)["GroupId"]
    scaling.new_version(InstanceType="m6i.large", SecurityGroupIds=[foreign])
    refused = scaling.refused("create_auto_scaling_group", **scaling.request(version="$Latest"))
    subnet = built_account.subnets[0]
    assert refused == f"{FULLY} Security group {foreign} and subnet {subnet} belong to different networks."


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ({"overrides": ["m6i.large", "m6i.large"]}, "Instance types must not be listed twice"),
        ({"overrides": ["m99.huge"]}, "Invalid value 'm99.huge' for InstanceType."),
        ({"OnDemandPercentageAboveBaseCapacity": 101}, "OnDemandPercentageAboveBaseCapacity must be from 0 to 100"),
        ({"SpotAllocationStrategy": "cheap"}, "Invalid SpotAllocationStrategy: cheap"),
        ({"SpotInstancePools": 0}, "SpotInstancePools must be from 1 to 20, found 0"),
    ],
)
def test_a_mixed_instances_policy_is_refused(scaling: Scaling, policy: dict[str, Any], reason: str) -> None:
    mixture = scaling.mixture(policy.pop("overrides", ["m6i.large"]), **policy)
    request = scaling.request(LaunchTemplate=None, MixedInstancesPolicy=mixture)
    assert reason in scaling.refused("create_auto_scaling_group", **request)


def test_names_are_unique_and_tags_are_few(scaling: Scaling) -> None:
    name = scaling.group(size=0)
    again = refusal(scaling.client.create_auto_scaling_group, **scaling.request(AutoScalingGroupName=name))
    assert again.code == "AlreadyExists"
    assert again.message.endswith(f"A group with the name {name} already exists")
    tags = [{"Key": f"k{number}", "ResourceId": name, "ResourceType": "auto-scaling-group"} for number in range(51)]
    assert refusal(scaling.client.create_or_update_tags, Tags=tags).code == "LimitExceeded"
    scaling.client.create_or_update_tags(Tags=[{**tags[0], "Value": "v", "PropagateAtLaunch": True}, tags[1]])
    scaling.client.delete_tags(Tags=tags[1:2])
    (tag,) = scaling.described(name)["Tags"]
    assert (tag["Key"], tag["Value"], tag["PropagateAtLaunch"]) == ("k0", "v", True)
    found = scaling.client.describe_auto_scaling_groups(Filters=[{"Name": "tag:k0", "Values": ["v"]}])
    assert [one["AutoScalingGroupName"] for one in found["AutoScalingGroups"]] == [name]
    tags_found = scaling.client.describe_tags(Filters=[{"Name": "auto-scaling-group", "Values": [name]}])["Tags"]
    assert tags_found == [tag]


def test_what_does_not_exist_is_named(scaling: Scaling) -> None:
    for operation, more in (
        ("update_auto_scaling_group", {}),
        ("set_desired_capacity", {"DesiredCapacity": 1}),
        ("delete_auto_scaling_group", {}),
        ("suspend_processes", {}),
        ("put_warm_pool", {}),
        ("describe_warm_pool", {}),
        ("describe_lifecycle_hooks", {}),
    ):
        refused = scaling.refused(operation, AutoScalingGroupName="missing", **more)
        assert refused == "AutoScalingGroup name not found - AutoScalingGroup 'missing' not found"


def test_an_update_is_checked_as_a_whole_and_changes_nothing_if_it_is_refused(scaling: Scaling) -> None:
    name = scaling.group(size=0)
    before = scaling.described(name)
    bad = {"MaxSize": 30, "LaunchTemplate": {"LaunchTemplateName": "missing"}}
    assert FULLY in scaling.refused("update_auto_scaling_group", AutoScalingGroupName=name, **bad)
    assert scaling.described(name) == before
    policy = {"MinHealthyPercentage": 90, "MaxHealthyPercentage": 120}
    scaling.client.update_auto_scaling_group(
        AutoScalingGroupName=name,
        MixedInstancesPolicy=scaling.mixture(["m6i.large"]),
        InstanceMaintenancePolicy=policy,
        DefaultInstanceWarmup=60,
        CapacityRebalance=True,
    )
    changed = scaling.described(name)
    assert "LaunchTemplate" not in changed
    assert (changed["InstanceMaintenancePolicy"], changed["DefaultInstanceWarmup"]) == (policy, 60)
    none = {"MinHealthyPercentage": -1, "MaxHealthyPercentage": -1}
    scaling.client.update_auto_scaling_group(
        AutoScalingGroupName=name, InstanceMaintenancePolicy=none, DefaultInstanceWarmup=-1
    )
    assert {"InstanceMaintenancePolicy", "DefaultInstanceWarmup"} & set(scaling.described(name)) == set()


def test_many_groups_come_in_pages(scaling: Scaling) -> None:
    names = {scaling.group(size=0) for _number in range(3)}
    pages = list(
        scaling.client.get_paginator("describe_auto_scaling_groups").paginate(PaginationConfig={"PageSize": 2})
    )
    assert all(len(page["AutoScalingGroups"]) <= 2 for page in pages)
    assert names <= {one["AutoScalingGroupName"] for page in pages for one in page["AutoScalingGroups"]}
    assert scaling.refused("describe_auto_scaling_groups", MaxRecords=101).startswith(
        "MaxRecords must be between 1 and"
    )
    assert refusal(scaling.client.describe_auto_scaling_groups, NextToken="mine").code == "InvalidNextToken"


def test_target_tracking_is_checked_and_kept(scaling: Scaling) -> None:
    name = scaling.group(size=0)
    policy = {"AutoScalingGroupName": name, "PolicyName": "cpu", "PolicyType": "TargetTrackingScaling"}
    metric = {"PredefinedMetricType": "ASGAverageCPUUtilization"}
    target = {"TargetValue": 60.0, "PredefinedMetricSpecification": metric}
    for configuration, reason in (
        ({"TargetValue": 60.0}, "either a predefined or a customized metric"),
        ({**target, "TargetValue": 0.0}, "TargetValue must be greater than 0"),
        ({"TargetValue": 1.0, "PredefinedMetricSpecification": {"PredefinedMetricType": "Moon"}}, "enum value set"),
    ):
        assert reason in scaling.refused("put_scaling_policy", **policy, TargetTrackingConfiguration=configuration)
    made = scaling.client.put_scaling_policy(**policy, TargetTrackingConfiguration=target)
    (kept,) = scaling.client.describe_policies(AutoScalingGroupName=name)["ScalingPolicies"]
    assert kept["PolicyARN"] == made["PolicyARN"]
    assert kept["TargetTrackingConfiguration"] == {**target, "DisableScaleIn": False}
    assert len(made["Alarms"]) == 2
    scaling.client.delete_policy(AutoScalingGroupName=name, PolicyName="cpu")
    assert scaling.client.describe_policies(AutoScalingGroupName=name)["ScalingPolicies"] == []
    assert (
        scaling.refused("delete_policy", AutoScalingGroupName=name, PolicyName="cpu")
        == "Scaling Policy 'cpu' not found"
    )
    refused = scaling.refused("put_scaling_policy", **{**policy, "PolicyType": "StepScaling"})
    assert refused.startswith("The simulator does not serve policies of the type StepScaling")


def test_launch_configurations_still_launch(scaling: Scaling) -> None:
    config = {
        "LaunchConfigurationName": scaling.account.name("config"),
        "ImageId": "ami-1",
        "InstanceType": "m6i.large",
    }
    scaling.client.create_launch_configuration(**config)
    assert refusal(scaling.client.create_launch_configuration, **config).code == "AlreadyExists"
    name = scaling.standing(size=1, LaunchTemplate=None, LaunchConfigurationName=config["LaunchConfigurationName"])
    (instance,) = scaling.described(name)["Instances"]
    assert instance["LaunchConfigurationName"] == config["LaunchConfigurationName"]
    delete = scaling.client.delete_launch_configuration
    used = refusal(delete, LaunchConfigurationName=config["LaunchConfigurationName"])
    assert used.code == "ResourceInUse"
