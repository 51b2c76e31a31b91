# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users of today's node group module met, N1 to N19, and how it goes here."""

from __future__ import annotations

from typing import Any

import pytest

from support.ledger import Ledger
from support.steps import Steps, fields, operations
from support.surroundings import Surroundings

WEB: dict[str, Any] = {"cluster_name": "prod", "name": "web"}
TAINTS = [
    {"key": "dedicated", "value": "gpu", "effect": "NO_SCHEDULE"},
    {"key": "spot", "value": "true", "effect": "PREFER_NO_SCHEDULE"},
]


@pytest.fixture
def web(aws: Surroundings) -> Surroundings:
    """A cluster with a node group "web" that somebody else made."""
    aws.cluster()
    aws.nodegroup(
        "web",
        labels={"env": "dev", "appTier": "Web"},
        taints=[
            {"key": "dedicated", "value": "gpu", "effect": "NO_SCHEDULE"},
            {"key": "old", "value": "1", "effect": "NO_EXECUTE"},
        ],
        scalingConfig={"minSize": 2, "maxSize": 6, "desiredSize": 4},
        tags={"CostCenter": "4711", "Old": "1"},
    )
    return aws


def test_n1_a_label_gets_another_value(web: Surroundings, steps: Steps) -> None:
    made = steps.converge("nodegroup", **WEB, labels={"env": "prod", "appTier": "Web"})
    assert operations(made) == ["UpdateNodegroupConfig"]
    assert made["labels"] == {"env": "prod", "appTier": "Web"}


def test_n2_taints_are_changed_added_and_removed(web: Surroundings, steps: Steps) -> None:
    made = steps.converge("nodegroup", **WEB, taints=TAINTS)
    assert sorted(taint["key"] for taint in made["taints"]) == ["dedicated", "spot"]
    made = steps.converge("nodegroup", **WEB, taints=[{**TAINTS[0], "value": "cpu"}])
    assert made["taints"] == [{**TAINTS[0], "value": "cpu"}]
    made = steps.converge("nodegroup", **WEB, taints=[])
    assert not made.get("taints")


def test_n3_tags_are_added_changed_and_removed(web: Surroundings, steps: Steps) -> None:
    made = steps.converge("nodegroup", **WEB, tags={"CostCenter": "42", "New": "1"})
    assert operations(made) == ["UntagResource", "TagResource"]
    assert made["tags"] == {"CostCenter": "42", "New": "1"}


def test_n4_check_mode_foretells_tags_labels_and_taints(web: Surroundings, steps: Steps) -> None:
    made = steps.converge("nodegroup", **WEB, tags={"A": "1"}, labels={"b": "2"}, taints=TAINTS)
    assert fields(made) == {"labels", "taints", "tags.A", "tags.CostCenter", "tags.Old"}


def test_n5_what_is_left_out_is_left_alone(web: Surroundings, steps: Steps, ledger: Ledger) -> None:
    result = steps.run("nodegroup", **WEB, node_role=web.role("node"), subnets=web.private_subnets)
    assert not result["changed"]
    assert result["labels"] == {"env": "dev", "appTier": "Web"}
    assert result["scaling_config"] == {"min_size": 2, "max_size": 6, "desired_size": 4}
    assert ledger.operations() == ["DescribeNodegroup"]


def test_n6_one_size_of_three(web: Surroundings, steps: Steps) -> None:
    made = steps.converge("nodegroup", **WEB, scaling_config={"max_size": 10})
    assert made["scaling_config"] == {"min_size": 2, "max_size": 10, "desired_size": 4}
    new = {"cluster_name": "prod", "name": "new", "node_role": web.role("node"), "subnets": web.private_subnets}
    made = steps.converge("nodegroup", **new, scaling_config={"max_size": 10})
    assert made["scaling_config"] == {"min_size": 1, "max_size": 10, "desired_size": 1}


def test_n7_version_and_release_are_upgraded(aws: Surroundings, steps: Steps) -> None:
    aws.cluster(version="1.33")
    aws.nodegroup("web")
    aws.eks.update_cluster_version(name="prod", version="1.34")
    aws.settle()
    made = steps.converge("nodegroup", **WEB, version="1.34")
    assert operations(made) == ["UpdateNodegroupVersion"]
    assert made["version"] == "1.34"
    older = steps.refused("nodegroup", **WEB, version="1.33")
    assert "version: found '1.34', wanted '1.33'" in older
    unchanged = steps.converge("nodegroup", **WEB, release_version=made["release_version"])
    assert not unchanged["changed"]


def test_n8_another_ami_type_is_refused_or_replaced(web: Surroundings, steps: Steps) -> None:
    wanted = {**WEB, "ami_type": "BOTTLEROCKET_x86_64", "node_role": web.role("node"), "subnets": web.private_subnets}
    message = steps.refused("nodegroup", **wanted)
    assert "node group web of cluster prod: ami_type: found 'AL2023_x86_64_STANDARD'" in message
    assert "wanted 'BOTTLEROCKET_x86_64'" in message
    made = steps.converge("nodegroup", **wanted, replace=True)
    assert operations(made) == ["DeleteNodegroup", "CreateNodegroup"]
    assert (made["nodegroup_name"], made["ami_type"]) == ("web", "BOTTLEROCKET_x86_64")


def test_n8_the_new_group_comes_before_the_old_one_goes(web: Surroundings, steps: Steps, ledger: Ledger) -> None:
    wanted = {**WEB, "ami_type": "BOTTLEROCKET_x86_64", "node_role": web.role("node"), "subnets": web.private_subnets}
    made = steps.converge("nodegroup", **wanted, replace=True, replacement="create_first")
    assert operations(made) == ["CreateNodegroup", "DeleteNodegroup"]
    assert made["nodegroup_name"].startswith("web-")
    assert made["tags"] == {"flotilla.eks/generation-of": "web"}
    again = steps.converge(
        "nodegroup", **{**wanted, "ami_type": "AL2023_x86_64_STANDARD"}, replace=True, replacement="create_first"
    )
    assert operations(again) == ["CreateNodegroup", "DeleteNodegroup"]
    listed = web.eks.list_nodegroups(clusterName="prod")["nodegroups"]
    assert listed == [again["nodegroup_name"]]
    gone = steps.converge("nodegroup", **WEB, state="absent", replacement="create_first")
    assert operations(gone) == ["DeleteNodegroup"]


def test_n8_a_succession_that_was_cut_short_is_finished(web: Surroundings, steps: Steps) -> None:
    """The successor is up, and the run was killed before the elder group went."""
    wanted = {**WEB, "ami_type": "BOTTLEROCKET_x86_64", "node_role": web.role("node"), "subnets": web.private_subnets}
    foretold = steps.run("nodegroup", check=True, **wanted, replace=True, replacement="create_first")
    assert [change["operation"] for change in foretold["changes"]] == ["CreateNodegroup", "DeleteNodegroup"]
    web.nodegroup("web-0123abcd", amiType="BOTTLEROCKET_x86_64", tags={"flotilla.eks/generation-of": "web"})
    web.nodegroup("web-89abcdef")  # looks like one, but is somebody else's
    made = steps.converge("nodegroup", **wanted, replace=True, replacement="create_first")
    assert operations(made) == ["DeleteNodegroup"]
    assert made["nodegroup_name"] == "web-0123abcd"
    assert web.eks.list_nodegroups(clusterName="prod")["nodegroups"] == ["web-0123abcd", "web-89abcdef"]


@pytest.mark.parametrize("ami_type", ["AL2023_x86_64_STANDARD", "AL2023_ARM_64_NVIDIA", "WINDOWS_CORE_2025_x86_64"])
def test_n9_todays_ami_types(aws: Surroundings, steps: Steps, ami_type: str) -> None:
    aws.cluster(version="1.35")
    instance = "g5g.xlarge" if "ARM" in ami_type else "m5.large"
    made = steps.run(
        "nodegroup",
        **WEB,
        node_role=aws.role("node"),
        subnets=aws.private_subnets,
        ami_type=ami_type,
        instance_types=[instance],
    )
    assert made["ami_type"] == ami_type


def test_n10_subnets_match_in_any_order(web: Surroundings, steps: Steps) -> None:
    assert not steps.run("nodegroup", **WEB, subnets=web.private_subnets[::-1])["changed"]


@pytest.mark.parametrize(
    "template", [{"version": "1"}, {"version": "$Latest"}, {"id": "lt-1", "name": "a", "version": "1"}]
)
def test_n11_a_launch_template_without_a_name_is_an_error(
    aws: Surroundings, steps: Steps, template: dict[str, str]
) -> None:
    message = steps.refused(
        "nodegroup", **WEB, node_role=aws.role("node"), subnets=["subnet-1"], launch_template=template
    )
    assert "launch_template: wanted either id or name" in message


def test_n12_two_changes_at_once_are_made_one_after_the_other(aws: Surroundings, steps: Steps) -> None:
    aws.cluster(version="1.33")
    aws.nodegroup("web")
    aws.eks.update_cluster_version(name="prod", version="1.34")
    aws.settle()
    made = steps.converge(
        "nodegroup",
        **WEB,
        scaling_config={"min_size": 2, "max_size": 4, "desired_size": 3},
        labels={"env": "prod"},
        version="1.34",
        wait=False,
    )
    assert operations(made) == ["UpdateNodegroupConfig", "UpdateNodegroupVersion"]


def test_n13_a_failed_creation_fails_at_once_and_says_why(aws: Surroundings, steps: Steps, ledger: Ledger) -> None:
    aws.cluster()
    wanted = {**WEB, "node_role": aws.role("node"), "subnets": aws.private_subnets}
    why = {"code": "NodeCreationFailure", "message": "Instances failed to join the kubernetes cluster"}
    aws.simulator.fault(resource="nodegroup", name="web", becomes="CREATE_FAILED", count=1, **why)
    message = steps.failed("nodegroup", **wanted)
    assert "node group web of cluster prod is CREATE_FAILED" in message
    assert f"{why['code']}: {why['message']}" in message
    message = steps.refused("nodegroup", **wanted)
    assert "CREATE_FAILED" in message
    assert "replace: true" in message
    made = steps.converge("nodegroup", **wanted, replace=True)
    assert operations(made) == ["DeleteNodegroup", "CreateNodegroup"]


def test_n13_a_degraded_group_is_not_reported_as_well(web: Surroundings, steps: Steps) -> None:
    why = {"code": "AsgInstanceLaunchFailures", "message": "Could not launch on-demand instances"}
    web.simulator.fault(resource="nodegroup", name="web", becomes="DEGRADED", **why)
    message = steps.failed("nodegroup", **WEB, scaling_config={"desired_size": 5})
    assert "ConfigUpdate" in message
    assert "Failed: AsgInstanceLaunchFailures: Could not launch on-demand instances" in message
    message = steps.refused("nodegroup", **WEB)
    assert "is DEGRADED: AsgInstanceLaunchFailures: Could not launch on-demand instances" in message


@pytest.mark.parametrize("wait", [True, False])
def test_n14_results_have_one_place_and_keys_of_maps_their_spelling(
    aws: Surroundings, steps: Steps, wait: bool
) -> None:
    aws.cluster()
    made = steps.run(
        "nodegroup",
        **WEB,
        node_role=aws.role("node"),
        subnets=aws.private_subnets,
        tags={"CostCenter": "1"},
        labels={"appTier": "Web"},
        wait=wait,
    )
    for place in (made, made["nodegroup"]):
        assert place["nodegroup_name"] == "web"
        assert place["status"] == ("ACTIVE" if wait else "CREATING")
        assert place["tags"] == {"CostCenter": "1"}
        assert place["labels"] == {"appTier": "Web"}


def test_n15_messages_name_the_group(aws: Surroundings, steps: Steps) -> None:
    message = steps.refused("nodegroup", **WEB, labels={"a": "b"})
    assert "node group web of cluster prod does not exist" in message
    assert "node_role, subnets" in message


def everything(aws: Surroundings) -> dict[str, Any]:
    return {
        **WEB,
        "node_role": aws.role("node"),
        "subnets": aws.private_subnets,
        "ami_type": "AL2023_x86_64_STANDARD",
        "capacity_type": "SPOT",
        "instance_types": ["m5.large", "m5a.large"],
        "disk_size": 30,
        "version": "1.34",
        "scaling_config": {"min_size": 0, "max_size": 3, "desired_size": 1},
        "labels": {"a": "b"},
        "taints": TAINTS,
        "update_config": {"max_unavailable_percentage": 50, "update_strategy": "MINIMAL"},
        "node_repair_config": {
            "enabled": True,
            "max_unhealthy_node_threshold_count": 3,
            "max_parallel_nodes_repaired_percentage": 50,
            "node_repair_config_overrides": [
                {
                    "node_monitoring_condition": "AcceleratedHardwareReady",
                    "node_unhealthy_reason": "NvidiaXID64Error",
                    "min_repair_wait_time_mins": 5,
                    "repair_action": "Replace",
                }
            ],
        },
        "warm_pool_config": {"enabled": True, "min_size": 1, "max_group_prepared_capacity": 3, "pool_state": "STOPPED"},
        "remote_access": {"source_sg": [aws.security_group("ssh")], "ec2_ssh_key": key_pair(aws)},
    }


def key_pair(aws: Surroundings) -> str:
    return str(aws.ec2.create_key_pair(KeyName="ops")["KeyName"])


def test_n16_every_option_is_set_and_every_update_made(aws: Surroundings, steps: Steps) -> None:
    aws.cluster(version="1.34")
    wanted = {**everything(aws), "capacity_type": "ON_DEMAND"}
    made = steps.converge("nodegroup", **wanted)
    assert operations(made) == ["CreateNodegroup"]
    assert made["remote_access"]["ec2_ssh_key"] == "ops"
    changed = steps.converge(
        "nodegroup",
        **WEB,
        update_config={"max_unavailable": 2},
        node_repair_config={"max_unhealthy_node_threshold_percentage": 20},
        warm_pool_config={"pool_state": "RUNNING"},
    )
    assert operations(changed) == ["UpdateNodegroupConfig"]
    assert changed["update_config"] == {"max_unavailable": 2, "update_strategy": "MINIMAL"}
    assert "max_unhealthy_node_threshold_count" not in changed["node_repair_config"]
    assert changed["node_repair_config"]["enabled"]
    assert changed["warm_pool_config"]["min_size"] == 1


def template(aws: Surroundings) -> str:
    data = {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 40, "Encrypted": True}}]}
    made = aws.ec2.create_launch_template(LaunchTemplateName="nodes", LaunchTemplateData=data)
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def test_n17_a_launch_template_with_instance_types_and_ami_type(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    template(aws)
    wanted = {
        **WEB,
        "node_role": aws.role("node"),
        "subnets": aws.private_subnets,
        "instance_types": ["m5.large"],
        "ami_type": "AL2023_x86_64_STANDARD",
    }
    made = steps.converge("nodegroup", **wanted, launch_template={"name": "nodes", "version": "$Latest"})
    assert made["launch_template"]["version"] == "1"
    data = {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 50}}]}
    aws.ec2.create_launch_template_version(LaunchTemplateName="nodes", LaunchTemplateData=data)
    made = steps.converge("nodegroup", **wanted, launch_template={"name": "nodes", "version": "$Latest"})
    assert operations(made) == ["UpdateNodegroupVersion"]
    assert made["launch_template"]["version"] == "2"
    other = steps.refused("nodegroup", **wanted, launch_template={"name": "other", "version": "2"})
    assert "launch_template.name: found 'nodes', wanted 'other'" in other


def test_n18_a_diff_shows_what_changes_and_nothing_else(web: Surroundings, steps: Steps) -> None:
    made = steps.converge("nodegroup", **WEB, scaling_config={"min_size": 2, "max_size": 8})
    assert made["diff"]["before"] == {"scaling_config": {"max_size": 6}}
    assert made["diff"]["after"] == {"scaling_config": {"max_size": 8}}
    assert made["diff"]["before_header"] == "node group web of cluster prod"


def test_n19_a_group_on_its_way_out_is_waited_for_and_made_again(web: Surroundings, steps: Steps) -> None:
    web.eks.delete_nodegroup(clusterName="prod", nodegroupName="web")
    made = steps.run("nodegroup", **WEB, node_role=web.role("node"), subnets=web.private_subnets)
    assert (made["changed"], made["status"]) == (True, "ACTIVE")
    assert not made.get("labels")


def test_a_group_busy_with_somebody_elses_update_is_waited_for(web: Surroundings, steps: Steps) -> None:
    web.eks.update_nodegroup_config(clusterName="prod", nodegroupName="web", scalingConfig={"maxSize": 7})
    made = steps.run("nodegroup", **WEB, labels={"env": "prod"})
    assert made["changed"]
    assert made["scaling_config"]["max_size"] == 7


def test_a_cluster_that_is_on_its_way_is_waited_for(aws: Surroundings, steps: Steps) -> None:
    aws.cluster(settle=False)
    made = steps.run("nodegroup", **WEB, node_role=aws.role("node"), subnets=aws.private_subnets)
    assert made["status"] == "ACTIVE"
