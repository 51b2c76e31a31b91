# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Auto Scaling groups of one's own: what they launch from what, what they terminate, and when."""

from __future__ import annotations

import base64
from collections import Counter

import pytest
from unit.simulator.account import Account, refusal
from unit.simulator.scaling import Scaling

MINUTE = 60


@pytest.fixture
def scaling(account: Account) -> Scaling:
    return Scaling(account)


def test_instances_come_in_their_time_and_know_what_they_were_launched_from(scaling: Scaling) -> None:
    name = scaling.group(size=3)
    assert scaling.described(name)["Instances"] == []
    scaling.sim.advance(10)
    pending = scaling.described(name)["Instances"]
    assert [one["LifecycleState"] for one in pending] == ["Pending"] * 3
    assert [one["StatusCode"] for one in scaling.activities(name)] == ["InProgress"] * 3
    scaling.sim.advance(MINUTE)
    instances = scaling.described(name)["Instances"]
    assert [one["LifecycleState"] for one in instances] == ["InService"] * 3
    assert Counter(one["AvailabilityZone"] for one in instances) == Counter(scaling.account.zones[:3])
    template = {**scaling.template, "Version": "1"}
    assert [one["LaunchTemplate"] for one in instances] == [template] * 3
    for one in scaling.client.describe_auto_scaling_instances(InstanceIds=scaling.ids(name))["AutoScalingInstances"]:
        assert (one["LaunchTemplate"], one["AutoScalingGroupName"], one["HealthStatus"]) == (template, name, "HEALTHY")
    for machine in scaling.machines(name):
        tags = {tag["Key"]: tag["Value"] for tag in machine["Tags"]}
        assert tags["aws:ec2launchtemplate:id"] == scaling.template["LaunchTemplateId"]
        assert (tags["aws:ec2launchtemplate:version"], tags["aws:autoscaling:groupName"]) == ("1", name)
    done = scaling.activities(name)
    assert [one["StatusCode"] for one in done] == ["Successful"] * 3
    assert "increasing the capacity from 0 to 3" in done[0]["Cause"]


@pytest.mark.parametrize(("asked", "versions"), [("$Latest", "12"), ("$Default", "11"), ("1", "11"), (None, "11")])
def test_a_version_is_a_number_or_the_latest_or_the_default(scaling: Scaling, asked: str | None, versions: str) -> None:
    name = scaling.group(size=1, version=asked)
    scaling.sim.advance(MINUTE)
    scaling.new_version(InstanceType="m6i.xlarge")
    scaling.client.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=2)
    scaling.sim.advance(MINUTE)
    instances = scaling.described(name)["Instances"]
    assert "".join(sorted(one["LaunchTemplate"]["Version"] for one in instances)) == versions
    assert {one["InstanceType"] for one in instances} == {"m6i.large", "m6i.xlarge"} - (
        {"m6i.xlarge"} if versions == "11" else set()
    )


def test_what_a_template_says_reaches_the_instance(scaling: Scaling, account: Account) -> None:
    account.ec2.create_key_pair(KeyName="ops")
    account.iam.create_instance_profile(InstanceProfileName="nodes")
    own = account.ec2.create_security_group(GroupName="own", Description="own", VpcId=account.vpc)["GroupId"]
    user_data = base64.b64encode(b"#!/bin/sh\necho hello\n").decode()
    scaling.new_version(
        InstanceType="m6i.large",
        KeyName="ops",
        IamInstanceProfile={"Name": "nodes"},
        NetworkInterfaces=[{"DeviceIndex": 0, "Groups": [own], "AssociatePublicIpAddress": False}],
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
        BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 80, "VolumeType": "gp3", "Encrypted": True}}
        ],
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Team", "Value": "template"}]}],
        UserData=user_data,
    )
    tags = [{"Key": "Team", "Value": "group", "PropagateAtLaunch": True}, {"Key": "Other", "Value": "x"}]
    name = scaling.group(size=1, version="$Latest", Tags=tags)
    scaling.sim.advance(MINUTE)
    (machine,) = scaling.machines(name)
    assert (machine["ImageId"], machine["InstanceType"], machine["KeyName"]) == ("ami-0a1b2c3d", "m6i.large", "ops")
    assert machine["IamInstanceProfile"]["Arn"].endswith(":instance-profile/nodes")
    assert [one["GroupId"] for one in machine["SecurityGroups"]] == [own]
    assert [one["GroupId"] for one in machine["NetworkInterfaces"][0]["Groups"]] == [own]
    assert machine["MetadataOptions"]["HttpTokens"] == "required"
    assert machine["MetadataOptions"]["HttpPutResponseHopLimit"] == 2
    found = {tag["Key"]: tag["Value"] for tag in machine["Tags"]}
    assert (found["Team"], "Other" in found) == ("group", False)
    (device,) = machine["BlockDeviceMappings"]
    (volume,) = account.ec2.describe_volumes(VolumeIds=[device["Ebs"]["VolumeId"]])["Volumes"]
    assert (volume["Size"], volume["VolumeType"], volume["Encrypted"]) == (80, "gp3", True)
    answer = account.ec2.describe_instance_attribute(InstanceId=machine["InstanceId"], Attribute="userData")
    assert answer["UserData"]["Value"] == user_data


def test_sizes_stay_within_their_bounds(scaling: Scaling) -> None:
    name = scaling.group(size=2, MinSize=1, MaxSize=3)
    above = scaling.refused("set_desired_capacity", AutoScalingGroupName=name, DesiredCapacity=4)
    assert above == "New SetDesiredCapacity value 4 is above max value 3 for the AutoScalingGroup."
    below = scaling.refused("set_desired_capacity", AutoScalingGroupName=name, DesiredCapacity=0)
    assert below == "New SetDesiredCapacity value 0 is below min value 1 for the AutoScalingGroup."
    crossed = scaling.refused("update_auto_scaling_group", AutoScalingGroupName=name, MinSize=4)
    assert crossed == "Max bound, 3, must be greater than or equal to min bound, 4"
    outside = scaling.refused("update_auto_scaling_group", AutoScalingGroupName=name, DesiredCapacity=5)
    assert outside == "Desired capacity:5 must be between the specified min size:1 and max size:3"
    scaling.client.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=3, MaxSize=6)
    assert scaling.described(name)["DesiredCapacity"] == 3
    scaling.client.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=0, MaxSize=1)
    assert scaling.described(name)["DesiredCapacity"] == 1


def test_an_instance_is_terminated_with_and_without_another_in_its_place(scaling: Scaling) -> None:
    name = scaling.standing(size=3, MinSize=2)
    first, second, third = scaling.ids(name)
    answer = scaling.client.terminate_instance_in_auto_scaling_group(
        InstanceId=first, ShouldDecrementDesiredCapacity=True
    )
    assert answer["Activity"]["StatusCode"] == "InProgress"
    assert scaling.states(name)[first] == "Terminating"
    scaling.sim.advance(2 * MINUTE)
    assert (scaling.ids(name), scaling.described(name)["DesiredCapacity"]) == ([second, third], 2)
    refused = scaling.refused(
        "terminate_instance_in_auto_scaling_group", InstanceId=second, ShouldDecrementDesiredCapacity=True
    )
    assert refused.startswith("Currently, desiredSize equals minSize (2).")
    scaling.client.terminate_instance_in_auto_scaling_group(InstanceId=second, ShouldDecrementDesiredCapacity=False)
    scaling.sim.advance(2 * MINUTE)
    assert len(scaling.ids(name)) == 2
    assert second not in scaling.ids(name)
    assert scaling.ec2_states([first, second, third]) == ["terminated", "terminated", "running"]
    gone = scaling.refused(
        "terminate_instance_in_auto_scaling_group", InstanceId=first, ShouldDecrementDesiredCapacity=False
    )
    assert gone == f"Instance Id not found - No managed instance found for instance ID: {first}"


@pytest.mark.parametrize("end", ["terminate_instances", "stop_instances"])
def test_an_instance_that_does_not_run_is_replaced(scaling: Scaling, account: Account, end: str) -> None:
    name = scaling.standing(size=2)
    lost, kept = scaling.ids(name)
    getattr(account.ec2, end)(InstanceIds=[lost])
    assert set(scaling.ids(name)) == {lost, kept}
    scaling.sim.advance(3 * MINUTE)
    assert len(scaling.ids(name)) == 2
    assert lost not in scaling.ids(name)
    assert scaling.ec2_states([lost]) == ["terminated"]


def test_an_instance_that_was_said_to_be_unhealthy_is_replaced(scaling: Scaling) -> None:
    name = scaling.standing(size=1, HealthCheckGracePeriod=300)
    (ill,) = scaling.ids(name)
    scaling.client.set_instance_health(InstanceId=ill, HealthStatus="Unhealthy")
    scaling.sim.advance(2 * MINUTE)
    assert scaling.ids(name) == [ill]  # within its grace period
    scaling.client.set_instance_health(InstanceId=ill, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)
    scaling.sim.advance(2 * MINUTE)
    assert ill not in scaling.ids(name)


def test_a_launch_that_fails_leaves_an_activity_and_is_tried_again(scaling: Scaling, account: Account) -> None:
    narrow = account.subnet("10.0.241.0/28", account.zones[0])
    name = scaling.group(size=12, VPCZoneIdentifier=narrow)
    scaling.sim.advance(MINUTE)
    assert len(scaling.ids(name)) == 11  # 16, of which AWS reserves five
    failed = next(one for one in scaling.activities(name) if one["StatusCode"] == "Failed")
    message = f"There are not enough free addresses in subnet '{narrow}' to satisfy the requested number of instances."
    assert failed["StatusMessage"] == f"{message} Launching EC2 instance failed."
    scaling.client.update_auto_scaling_group(
        AutoScalingGroupName=name, VPCZoneIdentifier=f"{narrow},{account.subnets[1]}"
    )
    scaling.sim.advance(5 * MINUTE)
    assert set(scaling.states(name).values()) == {"InService"}
    assert len(scaling.ids(name)) == 12


def test_a_group_shrinks_evenly_the_oldest_template_first_but_nothing_protected(scaling: Scaling) -> None:
    name = scaling.standing(size=3, version="$Latest")
    old = scaling.ids(name)
    scaling.new_version(InstanceType="m6i.xlarge")
    scaling.client.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=6)
    scaling.sim.advance(MINUTE)
    scaling.client.set_instance_protection(AutoScalingGroupName=name, InstanceIds=old[:1], ProtectedFromScaleIn=True)
    scaling.client.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=3)
    scaling.sim.advance(2 * MINUTE)
    left = scaling.described(name)["Instances"]
    assert len({one["AvailabilityZone"] for one in left}) == 3
    assert set(old) & {one["InstanceId"] for one in left} == {old[0]}


def test_zones_out_of_balance_are_rebalanced_unless_that_is_suspended(scaling: Scaling) -> None:
    name = scaling.standing(size=6)
    for suspended in (True, False):
        act = scaling.client.suspend_processes if suspended else scaling.client.resume_processes
        act(AutoScalingGroupName=name, ScalingProcesses=["AZRebalance"])
        if suspended:
            zone = scaling.account.zones[0]
            for one in [one for one in scaling.described(name)["Instances"] if one["AvailabilityZone"] == zone]:
                scaling.client.terminate_instance_in_auto_scaling_group(
                    InstanceId=one["InstanceId"], ShouldDecrementDesiredCapacity=True
                )
        scaling.sim.advance(20 * MINUTE)
        zones = Counter(one["AvailabilityZone"] for one in scaling.described(name)["Instances"])
        assert sorted(zones.values()) == ([2, 2] if suspended else [1, 1, 2])


def test_suspended_processes_do_not_run(scaling: Scaling, account: Account) -> None:
    name = scaling.standing(size=2)
    scaling.client.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch", "ReplaceUnhealthy"])
    assert [one["ProcessName"] for one in scaling.described(name)["SuspendedProcesses"]] == [
        "Launch",
        "ReplaceUnhealthy",
    ]
    before = scaling.ids(name)
    account.ec2.terminate_instances(InstanceIds=before[:1])
    scaling.client.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=3)
    scaling.sim.advance(10 * MINUTE)
    assert scaling.ids(name) == before
    scaling.client.resume_processes(AutoScalingGroupName=name)
    scaling.sim.advance(5 * MINUTE)
    assert len(scaling.ids(name)) == 3
    assert before[0] not in scaling.ids(name)
    unknown = scaling.refused("suspend_processes", AutoScalingGroupName=name, ScalingProcesses=["Sleep"])
    assert unknown.startswith("Invalid scaling processes: Sleep")


def test_a_group_with_instances_is_deleted_by_force_only_and_takes_its_time(scaling: Scaling) -> None:
    name = scaling.standing(size=1)
    refused = refusal(scaling.client.delete_auto_scaling_group, AutoScalingGroupName=name)
    assert refused.code == "ResourceInUse"
    scaling.client.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=0, DesiredCapacity=0)
    scaling.sim.advance(10)
    busy = refusal(scaling.client.delete_auto_scaling_group, AutoScalingGroupName=name)
    assert busy.code == "ScalingActivityInProgress"
    scaling.client.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    assert scaling.described(name)["Status"] == "Delete in progress"
    pending = scaling.refused("set_desired_capacity", AutoScalingGroupName=name, DesiredCapacity=0)
    assert pending == f"AutoScalingGroup '{name}' is pending delete"
    scaling.sim.advance(2 * MINUTE)
    assert scaling.described(name) == {}
    assert scaling.client.describe_scaling_activities(AutoScalingGroupName=name, IncludeDeletedGroups=True)[
        "Activities"
    ]


def test_instances_stand_by_come_back_and_are_detached(scaling: Scaling) -> None:
    name = scaling.standing(size=3, MinSize=1)
    first, second, third = scaling.ids(name)
    scaling.client.enter_standby(AutoScalingGroupName=name, InstanceIds=[first], ShouldDecrementDesiredCapacity=True)
    scaling.client.detach_instances(
        AutoScalingGroupName=name, InstanceIds=[second], ShouldDecrementDesiredCapacity=True
    )
    scaling.sim.advance(2 * MINUTE)
    assert scaling.states(name) == {first: "Standby", third: "InService"}
    assert scaling.described(name)["DesiredCapacity"] == 1
    assert scaling.ec2_states([first, second]) == ["running", "running"]
    more = scaling.refused(
        "enter_standby", AutoScalingGroupName=name, InstanceIds=[third], ShouldDecrementDesiredCapacity=True
    )
    assert more.startswith(f"AutoScalingGroup {name} has min-size=1, max-size=20, and desired-size=1.")
    scaling.client.exit_standby(AutoScalingGroupName=name, InstanceIds=[first])
    scaling.client.attach_instances(AutoScalingGroupName=name, InstanceIds=[second])
    scaling.sim.advance(2 * MINUTE)
    assert set(scaling.states(name)) == {first, second, third}
    assert scaling.described(name)["DesiredCapacity"] == 3


def test_instances_live_no_longer_than_they_may(scaling: Scaling) -> None:
    name = scaling.standing(size=1, MaxInstanceLifetime=86400)
    (old,) = scaling.ids(name)
    scaling.sim.advance(86400 - 5 * MINUTE)
    assert scaling.ids(name) == [old]
    scaling.sim.advance(10 * MINUTE)
    assert len(scaling.ids(name)) == 1
    assert old not in scaling.ids(name)


def test_what_instances_use_stays_until_they_are_gone(scaling: Scaling, account: Account) -> None:
    """Also a security group that the rules of another name."""
    vpc = {"Description": "own", "VpcId": account.vpc}
    used, other = (account.ec2.create_security_group(GroupName=account.name("sg"), **vpc)["GroupId"] for _n in range(2))
    permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": other}]}
    account.ec2.authorize_security_group_ingress(GroupId=used, IpPermissions=[permission])
    subnet = account.subnet("10.0.242.0/28", account.zones[0])
    scaling.new_version(InstanceType="m6i.large", SecurityGroupIds=[used])
    name = scaling.standing(size=1, version="$Latest", VPCZoneIdentifier=subnet)
    scaling.client.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    for in_use in (
        refusal(account.ec2.delete_security_group, GroupId=used),
        refusal(account.ec2.delete_security_group, GroupId=other),
        refusal(account.ec2.delete_subnet, SubnetId=subnet),
    ):
        assert in_use.code == "DependencyViolation"
    scaling.sim.advance(2 * MINUTE)
    account.ec2.delete_subnet(SubnetId=subnet)
    account.ec2.delete_security_group(GroupId=used)
    account.ec2.delete_security_group(GroupId=other)


def test_metrics_and_notifications_are_kept(scaling: Scaling) -> None:
    name = scaling.group(size=0)
    scaling.client.enable_metrics_collection(
        AutoScalingGroupName=name, Granularity="1Minute", Metrics=["GroupMinSize", "GroupMaxSize"]
    )
    scaling.client.disable_metrics_collection(AutoScalingGroupName=name, Metrics=["GroupMaxSize"])
    assert scaling.described(name)["EnabledMetrics"] == [{"Metric": "GroupMinSize", "Granularity": "1Minute"}]
    wanted = {"AutoScalingGroupName": name, "TopicARN": "arn:aws:sns:eu-central-1:123456789012:x"}
    kinds = ["autoscaling:EC2_INSTANCE_LAUNCH"]
    scaling.client.put_notification_configuration(**wanted, NotificationTypes=kinds)
    found = scaling.client.describe_notification_configurations(AutoScalingGroupNames=[name])
    assert found["NotificationConfigurations"] == [{**wanted, "NotificationType": kinds[0]}]
    unknown = scaling.refused("put_notification_configuration", **wanted, NotificationTypes=["moon"])
    assert unknown.startswith("Invalid notification types: moon")
