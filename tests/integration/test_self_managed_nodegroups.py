# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module self_managed_nodegroups: make, again, change, remove; and its info twin."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from eks_simulator.process import SimulatorProcess
from support.ledger import Ledger
from support.playbook import Playbook, Run
from support.steps import Steps, fields, operations
from support.surroundings import Surroundings

MODULE = "self_managed_nodegroups"
SECRET = "#!/bin/sh\nregister --password Kx7wp2\n"


def entry(aws: Surroundings, name: str = "web", **changes: Any) -> dict[str, Any]:
    """A node group of two instances. ``template`` and ``scaling`` are added to its parts."""
    template = {
        "image_id": "ami-0a1b2c3d4e5f60718",
        "instance_type": "m7i.large",
        "user_data": SECRET,
        "security_group_ids": security_groups(aws),
        "metadata_options": {"http_tokens": "required", "http_put_response_hop_limit": 1},
        "block_device_mappings": [
            {"device_name": "/dev/xvdb", "ebs": {"volume_size": 20, "encrypted": True, "volume_type": "gp3"}},
            {"device_name": "/dev/xvda", "ebs": {"volume_size": 80, "delete_on_termination": True}},
        ],
        "tag_specifications": [
            {"resource_type": "volume", "tags": [{"key": "b", "value": "2"}, {"key": "a", "value": "1"}]},
            {"resource_type": "network-interface", "tags": [{"key": "a", "value": "1"}]},
        ],
    }
    scaling = {"subnets": aws.private_subnets[:2], "min_size": 0, "max_size": 4, "desired_capacity": 2}
    return {
        "name": name,
        "launch_template": template | changes.pop("template", {}),
        "scaling_groups": [scaling | changes.pop("scaling", {})],
        **changes,
    }


def security_groups(aws: Surroundings) -> list[str]:
    found = aws.ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["one", "two"]}])
    known = [group["GroupId"] for group in found["SecurityGroups"]]
    return known or [aws.security_group("two"), aws.security_group("one")]


def group_of(aws: Surroundings, name: str = "prod-web") -> dict[str, Any]:
    found = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    (group,) = found["AutoScalingGroups"]
    return dict(group)


def empty(aws: Surroundings, name: str = "prod-web") -> None:
    """Bring a scaling group to size 0, as a roll would."""
    aws.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=name, MinSize=0, DesiredCapacity=0)
    aws.settle()
    assert group_of(aws, name)["Instances"] == []


def test_life_of_a_node_group(steps: Steps, aws: Surroundings, subtests: pytest.Subtests) -> None:
    def converge(*groups: dict[str, Any], **options: Any) -> dict[str, Any]:
        return steps.converge(MODULE, cluster_name="prod", groups=list(groups), **options)

    with subtests.test("made"):
        made = converge(entry(aws))
        assert operations(made) == ["CreateLaunchTemplate", "CreateAutoScalingGroup"]
        ((told,),) = (group["scaling_groups"] for group in made["nodegroups"])
        assert (told["in_service"], told["outdated"], told["launch_template_version"]) == (2, 0, "1")
        seen = group_of(aws)
        assert {tag["Key"]: tag["Value"] for tag in seen["Tags"]} == {
            "Name": "prod-web",
            "kubernetes.io/cluster/prod": "owned",
            "flotilla.eks/cluster": "prod",
            "flotilla.eks/nodegroup": "web",
        }
        assert [instance["LaunchTemplate"]["Version"] for instance in seen["Instances"]] == ["1", "1"]

    with subtests.test("another order is the same"):
        turned = entry(aws)
        for name in ("security_group_ids", "block_device_mappings", "tag_specifications"):
            turned["launch_template"][name].reverse()
        turned["scaling_groups"][0]["subnets"].reverse()
        assert operations(converge(turned)) == []

    with subtests.test("all of it changed"):
        hook = {"lifecycle_hook_name": "drain", "lifecycle_transition": "autoscaling:EC2_INSTANCE_TERMINATING"}
        cpu = {"predefined_metric_specification": {"predefined_metric_type": "ASGAverageCPUUtilization"}}
        policy = {"policy_name": "cpu", "target_tracking_configuration": {**cpu, "target_value": 60}}
        more = {
            "max_size": 6,
            "default_cooldown": 60,
            "subnets": aws.private_subnets,
            "warm_pool": {"min_size": 0, "pool_state": "Stopped"},
            "lifecycle_hooks": [{**hook, "heartbeat_timeout": 300}],
            "scaling_policies": [policy],
            "tags": {"team": "blue"},
            "group_tags": {"k8s.io/cluster-autoscaler/enabled": "true"},
        }
        changed = entry(aws, template={"instance_type": "m7i.xlarge", "ebs_optimized": True}, scaling=more)
        result = converge(changed, wait=False)
        assert operations(result) == [
            "CreateLaunchTemplateVersion",
            "UpdateAutoScalingGroup",
            "PutLifecycleHook",
            "PutWarmPool",
            "PutScalingPolicy",
            "CreateOrUpdateTags",
            "ModifyLaunchTemplate",
        ]
        assert fields(result) >= {"instance_type", "ebs_optimized", "launch_template.version", "subnets", "tags.team"}
        ((told,),) = (group["scaling_groups"] for group in result["nodegroups"])
        assert (told["outdated"], told["launch_template_version"]) == (2, "2")

    with subtests.test("what was there before is there once more"):
        back = converge(entry(aws, scaling={"warm_pool": {}, "lifecycle_hooks": [], "scaling_policies": []}))
        assert operations(back) == [
            "UpdateAutoScalingGroup",
            "DeleteLifecycleHook",
            "DeleteWarmPool",
            "DeletePolicy",
            "ModifyLaunchTemplate",
        ]
        versions = aws.ec2.describe_launch_template_versions(LaunchTemplateName="prod-web")["LaunchTemplateVersions"]
        assert {one["VersionNumber"]: one["DefaultVersion"] for one in versions} == {1: True, 2: False}
        assert {tag["Key"] for tag in group_of(aws)["Tags"]} > {"team", "k8s.io/cluster-autoscaler/enabled"}

    with subtests.test("tags of others go if they are to be purged"):
        purged = converge(entry(aws, scaling={"purge_tags": True}))
        assert operations(purged) == ["DeleteTags"]

    with subtests.test("what is too much is left to a roll"):
        less = converge(entry(aws, scaling={"desired_capacity": 1, "max_size": 1}))
        assert operations(less) == ["UpdateAutoScalingGroup"]
        ((told,),) = (group["scaling_groups"] for group in less["nodegroups"])
        assert (told["desired_capacity"], told["max_size"]) == (2, 2)
        assert (told["surplus"], told["pending"]) == (1, {"desired_capacity": 1, "max_size": 1})

    with subtests.test("what is in use is not removed"):
        ids = [instance["InstanceId"] for instance in group_of(aws)["Instances"]]
        message = steps.refused(MODULE, cluster_name="prod", groups=[{"name": "web", "state": "absent"}])
        assert all(key in message for key in (*ids, "flotilla.eks.roll", "node group web", "prod-web"))
        message = steps.refused(MODULE, cluster_name="prod", groups=[], prune=True)
        assert ids[0] in message

    with subtests.test("removed"):
        empty(aws)
        gone = converge({"name": "web", "state": "absent"})
        assert operations(gone) == ["DeleteAutoScalingGroup", "DeleteLaunchTemplate"]
        assert aws.ec2.describe_launch_templates()["LaunchTemplates"] == []


def test_several_groups_at_once(
    steps: Steps, aws: Surroundings, ledger: Ledger, playbook: Playbook, subtests: pytest.Subtests
) -> None:
    spot = {"spot_allocation_strategy": "price-capacity-optimized", "on_demand_percentage_above_base_capacity": 0}
    overrides = [{"instance_type": "m7i.large"}, {"instance_type": "m6i.large"}]
    mixed = {"instances_distribution": spot, "launch_template": {"overrides": overrides}}
    zones = [
        {
            "name": f"prod-batch-{number}",
            "subnets": [subnet],
            "min_size": 0,
            "max_size": 3,
            "mixed_instances_policy": mixed,
        }
        for number, subnet in enumerate(aws.private_subnets)
    ]
    batch = entry(aws, "batch", scaling_groups=zones)
    webs = [entry(aws, name, scaling={"desired_capacity": 0}) for name in ("a", "b")]
    task = {f"flotilla.eks.{MODULE}": {"cluster_name": "prod", "groups": [*webs, batch]}, "diff": True}

    with subtests.test("made side by side"):
        made = playbook.tasks({"name": "made", **task}).last
        assert sorted(operations(made)) == ["CreateAutoScalingGroup"] * 5 + ["CreateLaunchTemplate"] * 3
        policy = group_of(aws, "prod-batch-1")["MixedInstancesPolicy"]
        assert policy["InstancesDistribution"]["SpotAllocationStrategy"] == "price-capacity-optimized"

    with subtests.test("no call for each group is made to find that nothing changes"):
        ledger.clear()
        assert playbook.tasks({"name": "again", **task}).last["changed"] is False
        three = ledger.operations()
        ledger.clear()
        one = {"cluster_name": "prod", "groups": [webs[0]]}
        assert playbook.tasks({f"flotilla.eks.{MODULE}": one}, check=True).last["changed"] is False
        assert sorted(three) == sorted(ledger.operations())
        assert sorted(set(three)) == [
            "DescribeAutoScalingGroups",
            "DescribeLaunchTemplateVersions",
            "DescribeLaunchTemplates",
        ]

    with subtests.test("what info tells is what the module takes"):
        look = {"name": "look", "flotilla.eks.self_managed_nodegroups_info": {"cluster_name": "prod"}}
        written = {**look, "name": "written"}
        written["flotilla.eks.self_managed_nodegroups_info"] = {"cluster_name": "prod", "include_user_data": True}
        groups = "{{ written.groups }}"
        back = {"name": "back", f"flotilla.eks.{MODULE}": {"cluster_name": "prod", "groups": groups, "prune": True}}
        run = playbook.tasks(look, {**written, "register": "written"}, back)
        assert run.results["back"]["changes"] == []
        assert "Kx7wp2" not in str(run.results["look"])
        assert "Kx7wp2" in str(run.results["written"])
        told = {one["name"]: one for one in run.results["look"]["nodegroups"]}
        assert [group["name"] for group in told["batch"]["scaling_groups"]] == [zone["name"] for zone in zones]

    with subtests.test("a new version reaches mixed instances, which stay otherwise as they are"):
        plain = {name: value for name, value in zones[0].items() if name != "mixed_instances_policy"}
        newer = entry(aws, "batch", template={"ebs_optimized": True}, scaling_groups=[plain, *zones[1:]])
        changed = steps.converge(MODULE, cluster_name="prod", groups=[newer])
        updates = ["UpdateAutoScalingGroup"] * 3
        assert operations(changed) == ["CreateLaunchTemplateVersion", *updates, "ModifyLaunchTemplate"]
        template = group_of(aws, "prod-batch-0")["MixedInstancesPolicy"]["LaunchTemplate"]
        assert template["LaunchTemplateSpecification"]["Version"] == "2"
        assert [one["InstanceType"] for one in template["Overrides"]] == ["m7i.large", "m6i.large"]

    with subtests.test("and can do without"):
        zones[0]["mixed_instances_policy"] = {}
        single = entry(aws, "batch", template={"ebs_optimized": True}, scaling_groups=[zones[0]])
        changed = steps.converge(MODULE, cluster_name="prod", groups=[single], wait=False)
        assert operations(changed) == ["UpdateAutoScalingGroup"]
        assert "MixedInstancesPolicy" not in group_of(aws, "prod-batch-0")

    with subtests.test("what is listed no more goes if wanted"):
        rest = {f"flotilla.eks.{MODULE}": {"cluster_name": "prod", "groups": [webs[0]], "prune": True}}
        run = playbook.tasks(
            {"name": "plan", "check_mode": True, **rest}, {"name": "make", **rest}, {"name": "again", **rest}
        )
        planned, made, again = (run.results[name]["changes"] for name in ("plan", "make", "again"))
        assert (planned, again) == (made, [])
        assert sorted(one["operation"] for one in made) == ["DeleteAutoScalingGroup"] * 4 + ["DeleteLaunchTemplate"] * 2
        seen = aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        assert [group["AutoScalingGroupName"] for group in seen] == ["prod-a"]


def test_secrets_are_kept(playbook: Playbook, aws: Surroundings, subtests: pytest.Subtests) -> None:
    def run(given: dict[str, Any], **options: Any) -> Run:
        task = {f"flotilla.eks.{MODULE}": {"cluster_name": "prod", "groups": [given], **options.pop("module", {})}}
        return playbook.tasks(task, diff=True, arguments=["-vvv"], **options)

    def spilt(run: Run) -> bool:
        return any(text in run.output + str(run.lines) for text in ("Kx7wp2", "S3condSecret"))

    with subtests.test("in what is made, and told at the highest verbosity"):
        made = run(entry(aws))
        assert not spilt(made)
        assert made.last["nodegroups"][0]["scaling_groups"][0]["name"] == "prod-web"
        assert made.last["invocation"]["module_args"]["groups"][0]["launch_template"]["user_data"] == "NOT_SHOWN"

    newer = entry(aws, template={"user_data": SECRET.replace("Kx7wp2", "S3condSecret")})
    with subtests.test("in what changes"):
        planned = run(newer, check=True)
        assert not spilt(planned)
        (template,) = [part for part in planned.last["diff"] if "user_data" in part["after"]]
        assert template["before"]["user_data"].startswith("sha256:")

    with subtests.test("but for who wants to see it"):
        shown = run(newer, check=True, module={"show_user_data": True})
        assert "-register --password Kx7wp2\n+register --password S3condSecret" in shown.output

    with subtests.test("in what is wrong"):
        assert not spilt(run(entry(aws, template={"user_data": [SECRET]}), fails=True))
        assert not spilt(run(entry(aws, colour="red"), fails=True))


def test_what_cannot_be(steps: Steps, aws: Surroundings, subtests: pytest.Subtests) -> None:
    def says(*groups: dict[str, Any], **options: Any) -> str:
        return steps.refused(MODULE, cluster_name="prod", groups=list(groups), **options)

    with subtests.test("all that is wrong is told, each with its place"):
        message = says(
            entry(aws, template={"instance_typ": "m7i.large", "ebs_optimized": "perhaps"}),
            entry(aws, scaling={"max_sise": 3, "lifecycle_hooks": [{"lifecycle_hook_name": "x"}]}),
            entry(aws, "x" * 128, template={"user_data": "x" * 16385}),
        )
        for part in (
            "groups[0].launch_template.instance_typ: there is no such option; there are: block_device_mappings",
            "groups[0].launch_template.ebs_optimized: found 'perhaps', wanted a value of type bool",
            "groups[1].scaling_groups[0].max_sise: there is no such option; there are: availability_zone_distribution",
            "groups[1].scaling_groups[0].lifecycle_hooks[0].lifecycle_transition: missing; it is required",
            "groups[1].name: 'web' is listed twice, first as groups[0].name",
            "has 133 characters, wanted 3 to 128",
            "groups[2].launch_template.user_data: found 16385 bytes, wanted 16384 at most",
        ):
            assert part in message

    with subtests.test("sizes"):
        assert "prod-web: min_size: found 5, wanted no more than max_size, which is 4" in says(
            entry(aws, scaling={"min_size": 5, "desired_capacity": None})
        )
        assert "node group web: Auto Scaling group prod-web: desired_capacity: found 9, wanted no more than" in says(
            entry(aws, scaling={"desired_capacity": 9})
        )

    with subtests.test("what is missing to make it"):
        message = says({"name": "web", "scaling_groups": [{"min_size": 1}]})
        assert "launch_template: missing; it is required to create the node group" in message
        assert "Auto Scaling group prod-web: subnets, max_size: missing; required to create it" in message
        assert "scaling_groups: missing" in says({"name": "web", "launch_template": {"image_id": "ami-0a1b2c3d"}})

    with subtests.test("what others made"):
        aws.ec2.create_launch_template(
            LaunchTemplateName="prod-web",
            LaunchTemplateData={"ImageId": "ami-0a1b2c3d4e5f60718", "InstanceType": "m5.large"},
        )
        specification = {"LaunchTemplateName": "prod-web", "Version": "1"}
        aws.client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName="prod-web",
            MinSize=0,
            MaxSize=0,
            VPCZoneIdentifier=aws.private_subnets[0],
            LaunchTemplate=specification,
        )
        message = says(entry(aws), prune=True)
        owner = "flotilla.eks/cluster=prod and flotilla.eks/nodegroup=web"
        assert f"launch template prod-web exists and is not of this node group: it lacks the tag {owner}" in message
        assert f"Auto Scaling group prod-web exists and is not of this node group: it lacks the tag {owner}" in message
        assert steps.run(MODULE, cluster_name="prod", groups=[], prune=True)["changes"] == []
        absent = {"name": "web", "state": "absent"}
        assert steps.run(MODULE, cluster_name="prod", groups=[absent])["changes"] == []


def test_a_roll_under_way_has_the_say_over_sizes(steps: Steps, aws: Surroundings) -> None:
    steps.run(MODULE, cluster_name="prod", groups=[entry(aws)])
    tag = {"ResourceId": "prod-web", "ResourceType": "auto-scaling-group", "Key": "flotilla.eks/roll", "Value": "{}"}
    aws.client("autoscaling").create_or_update_tags(Tags=[{**tag, "PropagateAtLaunch": False}])
    larger = entry(aws, scaling={"max_size": 9, "desired_capacity": 5, "default_cooldown": 30, "purge_tags": True})
    changed = steps.converge(MODULE, cluster_name="prod", groups=[larger])
    assert fields(changed) == {"default_cooldown"}
    (told,) = changed["nodegroups"][0]["scaling_groups"]
    assert (told["rolling"], told["pending"]) == (True, {"max_size": 9, "desired_capacity": 5})


def test_instances_that_cannot_be_launched(steps: Steps, aws: Surroundings) -> None:
    tiny = aws.subnet("10.0.50.0/28", aws.zones[0])
    message = steps.failed(
        MODULE,
        cluster_name="prod",
        groups=[entry(aws, scaling={"subnets": [tiny], "max_size": 20, "desired_capacity": 20})],
    )
    assert "web: Auto Scaling group prod-web cannot launch instances: " in message
    assert "Run again to do the rest" in message


def called(ledger: Ledger, operation: str) -> bool:
    return operation in ledger.operations()


def test_trouble_on_the_way(
    playbook: Playbook, simulator: SimulatorProcess, aws: Surroundings, ledger: Ledger, subtests: pytest.Subtests
) -> None:
    given = entry(aws, scaling={"warm_pool": {"min_size": 0, "pool_state": "Stopped"}})
    options = {"cluster_name": "prod", "groups": [given], "wait": False}

    def finished() -> None:
        """The next run does what is left to do, and the one after it finds nothing."""
        simulator.clear_faults()
        task = {f"flotilla.eks.{MODULE}": options}
        run = playbook.tasks({"name": "rest", **task}, {"name": "again", **task})
        assert run.results["again"]["changes"] == []
        assert (
            len(aws.ec2.describe_launch_template_versions(LaunchTemplateName="prod-web")["LaunchTemplateVersions"]) == 1
        )
        assert group_of(aws)["WarmPoolConfiguration"]["PoolState"] == "Stopped"

    with subtests.test("answers that are lost, and throttles"):
        for operation in ("ec2:CreateLaunchTemplate", "autoscaling:CreateAutoScalingGroup", "autoscaling:PutWarmPool"):
            simulator.fault(operation=operation, drop=True, count=1)
        simulator.fault(operation="autoscaling:Describe*", error="Throttling", status=400, count=2)
        made = playbook.tasks({f"flotilla.eks.{MODULE}": options}).last
        assert operations(made) == ["CreateLaunchTemplate", "CreateAutoScalingGroup", "PutWarmPool"]
        finished()

    with subtests.test("deletions whose answers are lost"):
        empty(aws)
        for operation in ("autoscaling:DeleteAutoScalingGroup", "ec2:DeleteLaunchTemplate"):
            simulator.fault(operation=operation, drop=True, count=1)
        gone = {"cluster_name": "prod", "groups": [{"name": "web", "state": "absent"}]}
        removed = playbook.tasks({f"flotilla.eks.{MODULE}": gone}).last
        assert operations(removed) == ["DeleteWarmPool", "DeleteAutoScalingGroup", "DeleteLaunchTemplate"]
        simulator.clear_faults()

    for operation in ("CreateLaunchTemplate", "CreateAutoScalingGroup"):
        with subtests.test("killed", after=operation):
            simulator.reset()
            fresh = Surroundings(simulator)
            options["groups"] = [entry(fresh, scaling={"warm_pool": {"min_size": 0, "pool_state": "Stopped"}})]
            simulator.fault(operation=f"*:{operation}", latency=2)
            play = {"hosts": "all", "gather_facts": False, "tasks": [{f"flotilla.eks.{MODULE}": options}]}
            playbook.killed([play], partial(called, ledger, operation))
            finished()


def test_deletions_that_others_began_are_awaited(steps: Steps, aws: Surroundings) -> None:
    steps.run(MODULE, cluster_name="prod", groups=[entry(aws)])
    aws.client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="prod-web", ForceDelete=True)
    made = steps.run(MODULE, cluster_name="prod", groups=[entry(aws, scaling={"desired_capacity": 1})])
    assert operations(made) == ["CreateAutoScalingGroup"]
    assert group_of(aws)["DesiredCapacity"] == 1


def test_calls_do_not_grow_with_instances(steps: Steps, aws: Surroundings, ledger: Ledger) -> None:
    many = entry(aws, scaling={"subnets": aws.private_subnets, "max_size": 300, "desired_capacity": 300})
    made = steps.run(MODULE, cluster_name="prod", groups=[many])
    assert made["nodegroups"][0]["scaling_groups"][0]["in_service"] == 300
    assert steps.run(MODULE, cluster_name="prod", groups=[many])["changed"] is False
    lists = ["DescribeAutoScalingGroups", "DescribeLaunchTemplateVersions", "DescribeLaunchTemplates"]
    assert sorted(ledger.operations()) == lists
    told = steps.run(f"{MODULE}_info", cluster_name="prod")["nodegroups"][0]["scaling_groups"][0]
    assert (len(told["instances"]), told["outdated"]) == (300, 0)
    assert sorted(ledger.operations()) == sorted([*lists, "DescribeLifecycleHooks", "DescribePolicies"])
