# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users of today's cluster module met, C1 to C14, and how it goes here.

C14 asks for modules of other resources too: those of add-ons, pod identity, identity providers and insights come later.
"""

from __future__ import annotations

from typing import Any

from support.ledger import Ledger
from support.playbook import Playbook
from support.steps import Steps, fields, operations
from support.surroundings import Surroundings


def test_c1_a_newer_version_is_an_upgrade(aws: Surroundings, steps: Steps) -> None:
    aws.cluster(version="1.32")
    made = steps.converge("cluster", name="prod", version="1.33")
    assert operations(made) == ["UpdateClusterVersion"]
    assert made["version"] == "1.33"
    assert made["diff"]["before"] == {"version": "1.32"}
    assert made["diff"]["after"] == {"version": "1.33"}


def test_c2_tags_of_an_existing_cluster_are_reconciled(aws: Surroundings, steps: Steps) -> None:
    aws.cluster(tags={"Owner": "ops", "Old": "1"})
    made = steps.converge("cluster", name="prod", tags={"Owner": "MyTeam", "New": "2"})
    assert operations(made) == ["UntagResource", "TagResource"]
    assert made["tags"] == {"Owner": "MyTeam", "New": "2"}
    made = steps.converge("cluster", name="prod", tags={"Third": "3"}, purge_tags=False)
    assert made["tags"] == {"Owner": "MyTeam", "New": "2", "Third": "3"}


def test_c3_subnets_and_security_groups_can_change(aws: Surroundings, steps: Steps) -> None:
    aws.cluster(resourcesVpcConfig={"subnetIds": aws.private_subnets[:2]})
    group = aws.security_group("extra")
    made = steps.converge("cluster", name="prod", subnets=aws.private_subnets, security_groups=[group])
    assert operations(made) == ["UpdateClusterConfig"]
    assert sorted(made["resources_vpc_config"]["subnet_ids"]) == sorted(aws.private_subnets)
    assert made["resources_vpc_config"]["security_group_ids"] == [group]


def test_c3_security_groups_are_found_by_name(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    group = aws.security_group("by-name")
    made = steps.converge("cluster", name="prod", subnets=aws.private_subnets, security_groups=["by-name"])
    assert made["resources_vpc_config"]["security_group_ids"] == [group]


def test_c4_another_role_is_refused_not_ignored(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    old, new = aws.role("cluster"), aws.role("cluster", "other")
    message = steps.refused("cluster", name="prod", role_arn=new)
    assert "cluster prod: role_arn" in message
    assert old in message
    assert new in message


def test_c5_check_mode_waits_for_no_deletion(aws: Surroundings, steps: Steps, ledger: Ledger) -> None:
    aws.cluster()
    result = steps.run("cluster", check=True, name="prod", state="absent", wait=True)
    assert result["changed"]
    assert ledger.writes() == []
    assert ledger.operations("eks").count("DescribeCluster") == 1


def test_c6_a_cluster_on_its_way_out_is_waited_for_and_made_again(aws: Surroundings, steps: Steps) -> None:
    aws.cluster(tags={"generation": "1"})
    aws.eks.delete_cluster(name="prod")
    made = steps.run(
        "cluster",
        name="prod",
        role_arn=aws.role("cluster"),
        subnets=aws.private_subnets,
        tags={"generation": "2"},
    )
    assert (made["changed"], made["status"], made["tags"]) == (True, "ACTIVE", {"generation": "2"})


def test_c7_a_time_out_tells_the_last_state(slow_aws: Surroundings, slow_steps: Steps) -> None:
    message = slow_steps.failed(
        "cluster",
        name="prod",
        role_arn=slow_aws.role("cluster"),
        subnets=slow_aws.private_subnets,
        wait_timeout=1,
    )
    assert "cluster prod: waited 1 s to become ACTIVE" in message
    assert "CREATING" in message
    assert "wait_timeout" in message


def everything(aws: Surroundings) -> dict[str, Any]:
    """Every option of a cluster in AWS, but those of Outposts and Auto Mode, which exclude others."""
    return {
        "version": "1.34",
        "role_arn": aws.role("cluster"),
        "resources_vpc_config": {
            "subnet_ids": aws.private_subnets,
            "security_group_ids": [aws.security_group("control-plane")],
            "endpoint_public_access": True,
            "endpoint_private_access": True,
            "public_access_cidrs": ["203.0.113.0/24", "198.51.100.7/32"],
            "control_plane_egress_mode": "AWS_MANAGED",
        },
        "kubernetes_network_config": {"service_ipv4_cidr": "172.20.0.0/16", "ip_family": "ipv4"},
        "logging": {"cluster_logging": [{"types": ["api", "audit"], "enabled": True}]},
        "encryption_config": [{"resources": ["secrets"], "provider": {"key_arn": aws.key}}],
        "access_config": {
            "bootstrap_cluster_creator_admin_permissions": False,
            "authentication_mode": "API_AND_CONFIG_MAP",
        },
        "bootstrap_self_managed_addons": False,
        "upgrade_policy": {"support_type": "STANDARD"},
        "zonal_shift_config": {"enabled": True},
        "remote_network_config": {
            "remote_node_networks": [{"cidrs": ["192.168.0.0/20"]}],
            "remote_pod_networks": [{"cidrs": ["192.168.16.0/20"]}],
        },
        "deletion_protection": True,
        "control_plane_scaling_config": {"tier": "tier-xl"},
        "kube_api_server_config": {
            "event_ttl": "2h",
            "service_node_port_range": {"min_port": 30000, "max_port": 32000},
        },
        "kube_scheduler_config": {
            "node_resources_fit": {
                "scoring_strategy": {"type": "MostAllocated", "resources": [{"name": "cpu", "weight": 2}]}
            }
        },
        "kube_controller_manager_config": {
            "pod_gc_controller_config": {"terminated_pod_gc_threshold": 5000},
            "horizontal_pod_autoscaler_controller_config": {"horizontal_pod_autoscaler_sync_period": "20s"},
        },
        "tags": {"Owner": "MyTeam"},
    }


def test_c8_every_option_is_set_at_creation(aws: Surroundings, steps: Steps) -> None:
    wanted = everything(aws)
    made = steps.converge("cluster", name="prod", **wanted)
    assert operations(made) == ["CreateCluster"]
    assert made["access_config"]["authentication_mode"] == "API_AND_CONFIG_MAP"
    assert made["remote_network_config"] == wanted["remote_network_config"]
    assert made["kube_scheduler_config"] == wanted["kube_scheduler_config"]
    assert made["deletion_protection"] is True


def test_c8_every_option_that_can_change_changes(aws: Surroundings, steps: Steps) -> None:
    wanted = everything(aws)
    steps.run("cluster", name="prod", **{**wanted, "encryption_config": None})
    config = {
        "endpoint_public_access": False,
        "public_access_cidrs": ["203.0.113.0/24"],
        "control_plane_egress_mode": "CUSTOMER_ROUTED",
        "security_group_ids": [],
    }
    made = steps.converge(
        "cluster",
        name="prod",
        version="1.35",
        encryption_config=wanted["encryption_config"],
        resources_vpc_config=config,
        logging={"cluster_logging": [{"types": ["audit", "scheduler"], "enabled": True}]},
        access_config={"authentication_mode": "API"},
        upgrade_policy={"support_type": "EXTENDED"},
        zonal_shift_config={"enabled": False},
        remote_network_config={"remote_node_networks": [], "remote_pod_networks": []},
        deletion_protection=False,
        control_plane_scaling_config={"tier": "standard"},
        kube_api_server_config={"event_ttl": "1h"},
    )
    assert set(operations(made)) == {"UpdateClusterConfig", "AssociateEncryptionConfig", "UpdateClusterVersion"}
    assert len(operations(made)) == 13, "one category of changes a call"
    assert made["kube_api_server_config"]["service_node_port_range"]["max_port"] == 32000, "not given, so left alone"
    enabled = [setup["types"] for setup in made["logging"]["cluster_logging"] if setup["enabled"]]
    assert sorted(enabled[0]) == ["audit", "scheduler"]


def test_c8_auto_mode_is_switched_as_a_whole(aws: Surroundings, steps: Steps) -> None:
    aws.cluster(accessConfig={"authenticationMode": "API"})
    nodes = aws.role("node")
    made = steps.converge(
        "cluster",
        name="prod",
        compute_config={"enabled": True, "node_pools": ["general-purpose", "system"], "node_role_arn": nodes},
    )
    assert operations(made) == ["UpdateClusterConfig"]
    assert made["compute_config"]["enabled"]
    assert made["storage_config"]["block_storage"]["enabled"]
    assert made["kubernetes_network_config"]["elastic_load_balancing"]["enabled"]
    made = steps.converge("cluster", name="prod", compute_config={"node_pools": ["system"]})
    assert made["compute_config"]["node_pools"] == ["system"]
    made = steps.converge("cluster", name="prod", compute_config={"enabled": False})
    assert not made["storage_config"]["block_storage"]["enabled"]


def test_c9_no_subnets_is_an_error_with_a_name(aws: Surroundings, steps: Steps) -> None:
    message = steps.refused("cluster", name="prod", role_arn=aws.role("cluster"), subnets=[])
    assert "cluster prod: resources_vpc_config.subnet_ids: found 0, wanted at least 2" in message


def test_c10_a_version_that_yaml_took_for_a_number(aws: Surroundings, steps: Steps) -> None:
    message = steps.refused(
        "cluster", name="prod", version=1.30, role_arn=aws.role("cluster"), subnets=["subnet-1", "subnet-2"]
    )
    assert "found '1.3'" in message
    assert 'write version: "1.30"' in message


def test_c11_tag_keys_come_back_as_they_are(aws: Surroundings, steps: Steps) -> None:
    tags = {"Owner": "MyTeam", "costCenter": "4711", "a/b:c": "D"}
    made = steps.converge("cluster", name="prod", role_arn=aws.role("cluster"), subnets=aws.private_subnets, tags=tags)
    assert made["tags"] == tags


def test_c12_nothing_to_do_is_one_call(aws: Surroundings, steps: Steps, ledger: Ledger) -> None:
    group = aws.security_group("control-plane")
    aws.cluster(resourcesVpcConfig={"securityGroupIds": [group]})
    result = steps.run(
        "cluster",
        name="prod",
        role_arn=aws.role("cluster"),
        subnets=aws.private_subnets,
        security_groups=[group],
    )
    assert not result["changed"]
    assert ledger.operations() == ["DescribeCluster"]


def test_c13_a_cluster_in_use_names_what_uses_it(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    aws.nodegroup("web")
    aws.fargate_profile("apps")
    message = steps.refused("cluster", name="prod", state="absent")
    assert "node group web, Fargate profile apps" in message
    foretold = steps.run("cluster", check=True, name="prod", state="absent")
    assert foretold["blocked_by"] == ["node group web", "Fargate profile apps"]


def test_c14_info_modules_list_and_find(aws: Surroundings, playbook: Playbook) -> None:
    aws.cluster()
    aws.cluster("staging")
    aws.nodegroup("web")
    aws.fargate_profile("apps")
    run = playbook.tasks(
        {"name": "All", "flotilla.eks.cluster_info": {}},
        {"name": "One", "flotilla.eks.cluster_info": {"name": "staging"}},
        {"name": "None", "flotilla.eks.cluster_info": {"name": "nowhere"}},
        {"name": "Groups", "flotilla.eks.nodegroup_info": {"cluster_name": "prod"}},
        {"name": "Profiles", "flotilla.eks.fargate_profile_info": {"cluster_name": "prod"}},
        {"name": "Entries", "flotilla.eks.access_entry_info": {"cluster_name": "prod"}, "failed_when": False},
    )
    assert [cluster["name"] for cluster in run.results["All"]["clusters"]] == ["prod", "staging"]
    assert [cluster["name"] for cluster in run.results["One"]["clusters"]] == ["staging"]
    assert run.results["None"]["clusters"] == []
    assert run.results["Groups"]["nodegroups"][0]["nodegroup_name"] == "web"
    assert run.results["Profiles"]["fargate_profiles"][0]["fargate_profile_name"] == "apps"


def test_deletion_protection_is_lifted_in_the_same_task_only(aws: Surroundings, steps: Steps) -> None:
    aws.cluster(deletionProtection=True)
    assert "deletion_protection: found true" in steps.refused("cluster", name="prod", state="absent")
    made = steps.converge("cluster", name="prod", state="absent", deletion_protection=False)
    assert operations(made) == ["UpdateClusterConfig", "DeleteCluster"]


def test_a_cluster_busy_with_somebody_elses_update_is_waited_for(aws: Surroundings, steps: Steps) -> None:
    aws.cluster(version="1.33")
    aws.eks.update_cluster_version(name="prod", version="1.34")
    made = steps.run("cluster", name="prod", zonal_shift_config={"enabled": True})
    assert made["changed"]
    assert (made["version"], made["zonal_shift_config"]) == ("1.34", {"enabled": True})


def test_a_create_whose_answer_is_lost_finds_its_own_cluster(aws: Surroundings, steps: Steps) -> None:
    role = aws.role("cluster")
    subnets = aws.private_subnets
    aws.simulator.fault(operation="CreateCluster", drop=True, count=1)
    made = steps.run("cluster", name="prod", role_arn=role, subnets=subnets)
    assert (made["changed"], made["status"]) == (True, "ACTIVE")
    assert fields(made) == {"role_arn", "resources_vpc_config"}
