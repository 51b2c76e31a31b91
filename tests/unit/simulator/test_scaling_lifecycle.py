# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lifecycle hooks, warm pools, and instances of several kinds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from unit.simulator.account import Account
from unit.simulator.scaling import Scaling

MINUTE = 60
LAUNCHING, TERMINATING = (f"autoscaling:EC2_INSTANCE_{what}" for what in ("LAUNCHING", "TERMINATING"))


@pytest.fixture
def scaling(account: Account) -> Scaling:
    return Scaling(account)


def hook(transition: str, **more: Any) -> dict[str, Any]:
    return {"LifecycleHookName": "drain", "LifecycleTransition": transition, "HeartbeatTimeout": 300, **more}


def complete(scaling: Scaling, name: str, instance: str, result: str = "CONTINUE") -> None:
    scaling.client.complete_lifecycle_action(
        AutoScalingGroupName=name, LifecycleHookName="drain", InstanceId=instance, LifecycleActionResult=result
    )


def test_a_terminating_instance_runs_on_until_its_hook_is_answered(scaling: Scaling) -> None:
    name = scaling.standing(size=1, LifecycleHookSpecificationList=[hook(TERMINATING)])
    (instance,) = scaling.ids(name)
    scaling.client.terminate_instance_in_auto_scaling_group(InstanceId=instance, ShouldDecrementDesiredCapacity=True)
    scaling.sim.advance(4 * MINUTE)
    assert scaling.states(name) == {instance: "Terminating:Wait"}
    assert scaling.ec2_states([instance]) == ["running"]
    beat = scaling.client.record_lifecycle_action_heartbeat
    beat(AutoScalingGroupName=name, LifecycleHookName="drain", InstanceId=instance)
    scaling.sim.advance(4 * MINUTE)
    assert scaling.states(name) == {instance: "Terminating:Wait"}
    complete(scaling, name, instance)
    assert scaling.states(name) == {instance: "Terminating:Proceed"}
    assert scaling.ec2_states([instance]) == ["terminated"]
    scaling.sim.advance(MINUTE)
    assert scaling.ids(name) == []
    nothing = scaling.refused(
        "complete_lifecycle_action",
        AutoScalingGroupName=name,
        LifecycleHookName="drain",
        InstanceId=instance,
        LifecycleActionResult="CONTINUE",
    )
    assert nothing == f"No active Lifecycle Action found with instance ID {instance}"


@pytest.mark.parametrize(("default", "kept"), [("CONTINUE", True), ("ABANDON", False)])
def test_a_hook_that_nobody_answers_ends_with_its_default_result(scaling: Scaling, default: str, kept: bool) -> None:
    name = scaling.group(size=1, LifecycleHookSpecificationList=[hook(LAUNCHING, DefaultResult=default)])
    scaling.sim.advance(MINUTE)
    (instance,) = scaling.ids(name)
    assert scaling.states(name) == {instance: "Pending:Wait"}
    assert scaling.activities(name)[0]["StatusCode"] == "MidLifecycleAction"
    scaling.sim.advance(5 * MINUTE)
    assert (scaling.states(name).get(instance) == "InService") == kept
    scaling.sim.advance(2 * MINUTE)
    assert (instance in scaling.ids(name)) == kept
    assert len(scaling.ids(name)) == 1  # another has come in the place of one that was abandoned


def test_hooks_are_checked_and_kept(scaling: Scaling) -> None:
    name = scaling.group(size=0)
    put = {"AutoScalingGroupName": name, **hook(LAUNCHING)}
    short = scaling.refused("put_lifecycle_hook", **{**put, "HeartbeatTimeout": 29})
    assert short == "HeartbeatTimeout must be from 30 to 7200 seconds, found 29"
    assert "DefaultResult must be" in scaling.refused("put_lifecycle_hook", **put, DefaultResult="WAIT")
    scaling.client.put_lifecycle_hook(**put)
    scaling.client.put_lifecycle_hook(AutoScalingGroupName=name, LifecycleHookName="drain", DefaultResult="CONTINUE")
    (kept,) = scaling.client.describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"]
    assert (kept["HeartbeatTimeout"], kept["DefaultResult"], kept["GlobalTimeout"]) == (300, "CONTINUE", 30000)
    scaling.client.delete_lifecycle_hook(AutoScalingGroupName=name, LifecycleHookName="drain")
    gone = scaling.refused("delete_lifecycle_hook", AutoScalingGroupName=name, LifecycleHookName="drain")
    assert gone == f"No Lifecycle Hook found named drain for Auto Scaling group {name}"


def pool(scaling: Scaling, name: str) -> list[str]:
    found = scaling.client.describe_warm_pool(AutoScalingGroupName=name)["Instances"]
    return sorted(one["LifecycleState"] for one in found)


def test_a_warm_pool_keeps_stopped_instances_that_are_taken_first(scaling: Scaling) -> None:
    name = scaling.standing(size=1, MaxSize=4)
    scaling.client.put_warm_pool(AutoScalingGroupName=name, MaxGroupPreparedCapacity=3, MinSize=1)
    scaling.sim.advance(10)
    assert pool(scaling, name) == ["Warmed:Pending"] * 2
    scaling.sim.advance(3 * MINUTE)
    assert pool(scaling, name) == ["Warmed:Stopped"] * 2
    described = scaling.described(name)
    assert (described["WarmPoolSize"], len(described["Instances"])) == (2, 1)
    assert described["WarmPoolConfiguration"] == {"MaxGroupPreparedCapacity": 3, "MinSize": 1, "PoolState": "Stopped"}
    warm = [one["InstanceId"] for one in scaling.client.describe_warm_pool(AutoScalingGroupName=name)["Instances"]]
    assert scaling.ec2_states(warm) == ["stopped"] * 2
    scaling.client.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=3)
    scaling.sim.advance(5 * MINUTE)
    assert set(warm) < set(scaling.ids(name))
    assert scaling.ec2_states(warm) == ["running"] * 2
    assert pool(scaling, name) == ["Warmed:Stopped"]  # one, its least
    full = scaling.refused("put_warm_pool", AutoScalingGroupName=name, MinSize=9)
    assert full.startswith("The warm pool's MinSize 9 must not be above")


def test_a_warm_pool_takes_instances_back_and_goes_by_force(scaling: Scaling) -> None:
    name = scaling.standing(size=2, MaxSize=2)
    before = set(scaling.ids(name))
    scaling.client.put_warm_pool(
        AutoScalingGroupName=name, PoolState="Running", InstanceReusePolicy={"ReuseOnScaleIn": True}
    )
    scaling.client.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)
    scaling.sim.advance(5 * MINUTE)
    found = scaling.client.describe_warm_pool(AutoScalingGroupName=name)["Instances"]
    assert [one["LifecycleState"] for one in found] == ["Warmed:Running"]
    assert {found[0]["InstanceId"], *scaling.ids(name)} == before
    with pytest.raises(Exception, match="You cannot delete a warm pool while there are instances still in it"):
        scaling.client.delete_warm_pool(AutoScalingGroupName=name)
    scaling.client.delete_warm_pool(AutoScalingGroupName=name, ForceDelete=True)
    status = scaling.client.describe_warm_pool(AutoScalingGroupName=name)["WarmPoolConfiguration"]["Status"]
    assert status == "PendingDelete"
    scaling.sim.advance(2 * MINUTE)
    assert "WarmPoolConfiguration" not in scaling.described(name)


def test_a_warm_pool_is_not_for_mixed_instances(scaling: Scaling) -> None:
    name = scaling.group(size=0, LaunchTemplate=None, MixedInstancesPolicy=scaling.mixture(["m6i.large"]))
    refused = scaling.refused("put_warm_pool", AutoScalingGroupName=name)
    assert refused == "You can't add a warm pool to an Auto Scaling group that has a mixed instances policy."


def test_a_mixture_is_of_several_types_and_partly_spot(scaling: Scaling, account: Account) -> None:
    mixture = scaling.mixture(
        ["m6i.large", "m5.large", "m6a.large"],
        OnDemandBaseCapacity=1,
        OnDemandPercentageAboveBaseCapacity=25,
        SpotAllocationStrategy="lowest-price",
        SpotInstancePools=2,
    )
    name = scaling.standing(size=5, LaunchTemplate=None, MixedInstancesPolicy=mixture)
    machines = scaling.machines(name)
    spot = Counter(one["InstanceType"] for one in machines if one.get("InstanceLifecycle") == "spot")
    assert sorted(spot.values()) == [1, 2]
    assert sum(spot.values()) == 3  # one on demand is the base, and of four more one in four
    assert set(spot) == {"m6i.large", "m5.large"}
    assert {one["InstanceType"] for one in machines if "InstanceLifecycle" not in one} == {"m6i.large"}
    shown = scaling.described(name)["MixedInstancesPolicy"]["InstancesDistribution"]
    assert (shown["OnDemandAllocationStrategy"], shown["SpotInstancePools"]) == ("prioritized", 2)


def test_weights_are_what_the_capacity_is_counted_in(scaling: Scaling) -> None:
    mixture = scaling.mixture(["m6i.2xlarge"])
    mixture["LaunchTemplate"]["Overrides"][0]["WeightedCapacity"] = "4"
    name = scaling.group(size=10, LaunchTemplate=None, MixedInstancesPolicy=mixture)
    scaling.sim.advance(MINUTE)
    assert [one["WeightedCapacity"] for one in scaling.described(name)["Instances"]] == ["4"] * 3
    scaling.client.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=4)
    scaling.sim.advance(2 * MINUTE)
    assert len(scaling.ids(name)) == 1


def test_fast_interfaces_are_launched_close_together(scaling: Scaling, account: Account) -> None:
    """Elastic Fabric Adapters have one place on each network card."""
    account.ec2.create_placement_group(GroupName="close", Strategy="cluster")
    own = account.ec2.create_security_group(GroupName="efa", Description="own", VpcId=account.vpc)["GroupId"]
    first = {"DeviceIndex": 0, "NetworkCardIndex": 0, "InterfaceType": "efa", "Groups": [own]}
    interfaces = [first, {**first, "DeviceIndex": 1, "NetworkCardIndex": 1, "InterfaceType": "efa-only"}]
    placement = {"GroupName": "close"}
    scaling.new_version(InstanceType="p5.48xlarge", NetworkInterfaces=interfaces, Placement=placement)
    refused = scaling.refused("create_auto_scaling_group", **scaling.request(version="$Latest"))
    assert refused == "You cannot specify multiple Availability Zones and the cluster placement group close."
    name = scaling.standing(size=1, version="$Latest", VPCZoneIdentifier=account.subnets[0])
    (machine,) = scaling.machines(name)
    assert [one["InterfaceType"] for one in machine["NetworkInterfaces"]] == ["efa", "efa-only"]
    assert [one["Attachment"]["DeviceIndex"] for one in machine["NetworkInterfaces"]] == [0, 1]
    assert machine["Placement"]["GroupName"] == "close"
    with pytest.raises(Exception, match="The placement group 'close' is in use and may not be deleted"):
        account.ec2.delete_placement_group(GroupName="close")
