# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of self-managed node groups: what is refused, and what each kind of node is made of."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_nodes import plan_self_managed_nodes
from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data import node_user_data

ROLE = "arn:aws:iam::123456789012:role/demo-node"
PROFILE = "arn:aws:iam::123456789012:instance-profile/demo-node"
CLUSTER: dict[str, Any] = {
    "name": "demo",
    "version": "1.33",
    "endpoint": "https://abc.eks.amazonaws.com",
    "certificate_authority": {"data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="},
    "kubernetes_network_config": {"ip_family": "ipv4", "service_ipv4_cidr": "172.20.0.0/16"},
    "resources_vpc_config": {"vpc_id": "vpc-1", "cluster_security_group_id": "sg-cluster"},
}
OWNER = {"flotilla.eks/cluster": "demo", "flotilla.eks/nodegroup": "batch"}
CLUSTER_GROUP: dict[str, Any] = {
    "group_id": "sg-cluster",
    "group_name": "eks-cluster-sg-demo",
    "description": "EKS",
    "vpc_id": "vpc-1",
    "tags": {"kubernetes.io/cluster/demo": "owned"},
    "ip_permissions": [{"ip_protocol": "-1", "user_id_group_pairs": [{"group_id": "sg-cluster", "user_id": "1"}]}],
}


def group(**members: Any) -> dict[str, Any]:
    return {
        "name": "batch",
        "instance_types": ["m7i.large"],
        "scaling": {"min_size": 1, "max_size": 3},
        "subnets": ["subnet-a", "subnet-b"],
        "role_arn": ROLE,
        "instance_profile": PROFILE,
        **members,
    }


def plan(*groups: Any, **known: Any) -> dict[str, Any]:
    wanted = {"cluster_name": "demo", "cluster": CLUSTER, "security_groups": [CLUSTER_GROUP], **known}
    found = plan_self_managed_nodes(groups, wanted)
    images = {image["key"]: f"ami-{number}" for number, image in enumerate(found["images"])}
    return plan_self_managed_nodes(groups, {**wanted, "images": images})


def made(*groups: Any, **known: Any) -> dict[str, Any]:
    """The first group as the module takes it."""
    found = plan(*groups, **known)
    assert found["problems"] == []
    node_group: dict[str, Any] = found["nodegroups"][0]
    return node_group


def template(**members: Any) -> dict[str, Any]:
    data: dict[str, Any] = made(group(**members))["launch_template"]
    return data


def scaling_group(**members: Any) -> dict[str, Any]:
    [one] = made(group(**members))["scaling_groups"]
    return dict(one)


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"nmae": "x"}, "nmae: there is no such option; there are name, state, ami, "),
        ({"ami": {"famly": "x"}}, "ami.famly: there is no such option; there are family, variant, "),
        ({"ami": {"family": "al2"}}, "ami: al2: Amazon Linux 2 is at its end: AWS has published no AMIs"),
        (
            {"ami": {"family": "windows", "variant": "gpu"}},
            "ami.variant: 'gpu' is none of windows; choose core",
        ),
        ({"ami": {"image_id": "x"}}, "ami.image_id: 'x' is no id of an image"),
        ({"ami": {"image_id": "ami-01234567", "release": "1"}}, "leaves no choice of variant, os_version and release"),
        ({"version": 1.33}, "version: 1.33 is no text; quote it"),
        ({"name": "-x"}, "name: '-x' may have 63 letters"),
        ({"name": "x" * 64}, "may have 63 letters"),
        ({"instance_types": []}, "instance_types: there are none; give at least one"),
        ({"instance_types": ["m7g.large", "m7i.large"]}, "m7g.large is arm64 and m7i.large is x86_64"),
        ({"ami": {"architecture": "arm64"}}, "ami.architecture: it is arm64, but m7i.large is x86_64; leave it out"),
        ({"capacity_type": "CHEAP"}, "capacity_type: 'CHEAP' is none of ON_DEMAND, SPOT, CAPACITY_BLOCK"),
        ({"capacity_type": "CAPACITY_BLOCK"}, "capacity_reservation: a capacity block is one"),
        ({"scaling": {"max_size": 3}}, "scaling.min_size: there is none; give min_size and max_size"),
        ({"scaling": {"min_size": 4, "max_size": 3}}, "scaling: min_size is 4, more than max_size, which is 3"),
        (
            {"scaling": {"min_size": 1, "max_size": 3, "desired_size": 4}},
            "desired_size is 4, wanted from min_size (1) to max_size (3)",
        ),
        (
            {"scaling": {"min_size": 1, "max_size": 3, "desired_size": "most"}},
            "scaling.desired_size: 'most' is none of a whole number, ignore",
        ),
        ({"scaling": {"min_size": "few", "max_size": 3}}, "scaling.min_size: 'few' is no whole number; give one"),
        ({"subnets": []}, "subnets: there are none; give some, or self_managed_nodes_subnet_ids"),
        ({"efa": {}}, "efa: it works within one availability zone, but there are 2 subnets"),
        ({"efa": {"interfaces": 40}, "subnets": ["subnet-a"]}, "efa.interfaces: give as many as"),
        ({"role_arn": "nodes"}, "role_arn: 'nodes' is not the ARN of a role"),
        ({"role_arn": None}, "role_arn: there is none; give self_managed_nodes_role_arn"),
        (
            {"instance_profile": None},
            f"instance_profile: there is none for {ROLE}; give self_managed_nodes_",
        ),
        ({"labels": {"flotilla.eks/nodegroup": "x"}}, "labels: flotilla.eks/nodegroup is set by this role"),
        ({"labels": {"kubernetes.io/role": "x"}}, "labels: "),
        ({"taints": [{"key": "a", "effect": "Never"}]}, "taints"),
        ({"before": ["echo"]}, "before[0]: a script begins with"),
        ({"settings": {"a": 1}}, "settings: al2023 cannot be told this, only bottlerocket"),
        ({"max_pods": "many"}, "max_pods: 'many' is no whole number"),
        ({"volumes": [{"size": 20}]}, "volumes[0].size: there is no such option; there are device_name, volume_size"),
        ({"metadata_options": {"instance_metadata_tags": "on"}}, "instance_metadata_tags: there is no such option"),
        ({"security_group_rules": [{"ports": [22]}]}, "security_group_rules[0]: it lets nobody in"),
        ({"security_group_rules": [{"cidr_ip": "10.0.0.0/8"}]}, "security_group_rules[0].ports: there are none"),
        ({"security_group_rules": [{"cidr_ip": "10.0.0.1/8", "ports": 22}]}, "has host bits set; give a network"),
        ({"security_group_rules": [{"cidr_ip": "10.0.0.0/8", "ports": "9-8"}]}, "'9-8' is neither a port nor a range"),
        ({"security_group_rules": [{"cidr_ip": "10.0.0.0/8", "ports": 1, "proto": "all"}]}, "all has none; leave them"),
        ({"labels": {f"a{number}": "x" for number in range(46)}}, "tags: its Auto Scaling group would have 54 tags"),
        ({"labels": {f"{'x' * 63}.example.com/{'y' * 40}": "z"}}, "characters, and AWS allows 128; shorten the label"),
    ],
)
def test_what_cannot_be_is_refused(members: dict[str, Any], text: str) -> None:
    [problem] = plan(group(**members))["problems"]
    assert text in problem
    assert "of cluster demo: " in problem


def test_what_is_wrong_with_several_groups() -> None:
    assert plan(group(), group())["problems"] == [
        "Node group batch of cluster demo: name: two groups have it; give each its own."
    ]
    [problem] = plan("batch")["problems"]
    assert problem == "self_managed_nodes_groups[0] of cluster demo: the group: 'batch' is no mapping; give one."
    windows = group(name="win", ami={"family": "windows"})
    [problem] = plan(group(), windows)["problems"]
    assert f"the access entry of {ROLE} is of type EC2_LINUX for group batch, but this one needs" in problem
    long = plan_self_managed_nodes([group(name="x" * 30)], {"cluster_name": "c" * 100})
    assert "it has 30 characters, with this cluster it may have 27" in long["problems"][0]


def test_all_is_checked_before_the_cluster_exists() -> None:
    found = plan(group(), group(name="bad", taints=[{"key": "?", "effect": "NoSchedule"}]), cluster={})
    assert [problem.split(":")[0] for problem in found["problems"]] == ["Node group bad of cluster demo"]
    assert (found["present"], found["nodegroups"]) == (["batch"], [])


def test_a_group_of_defaults() -> None:
    found = made(group(labels={"tier": "batch"}, taints=[{"key": "a", "value": "b", "effect": "NO_SCHEDULE"}]))
    data = found["launch_template"]
    assert data["user_data"] == node_user_data(
        CLUSTER,
        labels={"tier": "batch", "flotilla.eks/nodegroup": "batch"},
        taints=[{"key": "a", "value": "b", "effect": "NoSchedule"}],
    )
    assert (data["image_id"], data["instance_type"]) == ("ami-0", "m7i.large")
    assert data["iam_instance_profile"] == {"arn": PROFILE}
    assert data["security_group_ids"] == ["sg-cluster", "sg-planned-batch"]
    assert data["metadata_options"] == {
        "http_endpoint": "enabled",
        "http_tokens": "required",
        "http_put_response_hop_limit": 1,
    }
    volume = {"volume_type": "gp3", "encrypted": True, "delete_on_termination": True, "volume_size": 80}
    assert data["block_device_mappings"] == [{"device_name": "/dev/xvda", "ebs": volume}]
    assert [one["resource_type"] for one in data["tag_specifications"]] == ["volume", "network-interface"]
    [one] = found["scaling_groups"]
    template_tags = "k8s.io/cluster-autoscaler/node-template"
    assert one == {
        "name": "demo-batch",
        "subnets": ["subnet-a", "subnet-b"],
        "min_size": 1,
        "max_size": 3,
        "mixed_instances_policy": {},
        "tags": {},
        "group_tags": {
            "flotilla.eks/node-role": ROLE,
            "k8s.io/cluster-autoscaler/enabled": "true",
            "k8s.io/cluster-autoscaler/demo": "owned",
            f"{template_tags}/label/tier": "batch",
            f"{template_tags}/label/flotilla.eks/nodegroup": "batch",
            f"{template_tags}/taint/a": "b:NoSchedule",
        },
    }


@pytest.mark.parametrize(
    ("family", "devices", "containers"),
    [
        ("al2023", ["/dev/xvda"], "/dev/xvda"),
        ("bottlerocket", ["/dev/xvda", "/dev/xvdb"], "/dev/xvdb"),
        ("ubuntu", ["/dev/sda1"], "/dev/sda1"),
        ("windows", ["/dev/sda1"], "/dev/sda1"),
    ],
)
def test_volumes_of_each_family(family: str, devices: list[str], containers: str) -> None:
    further = {"device_name": "/dev/xvdz", "volume_size": 500, "volume_type": "io2", "iops": 9000}
    data = template(ami={"family": family}, volumes=[{"volume_size": "200", "kms_key_id": "alias/x"}, further])
    volumes = {one["device_name"]: one["ebs"] for one in data["block_device_mappings"]}
    assert list(volumes) == [*devices, "/dev/xvdz"]
    assert (volumes[containers]["volume_size"], volumes[containers]["kms_key_id"]) == (200, "alias/x")
    assert volumes["/dev/xvdz"]["volume_type"] == "io2"
    assert all(ebs["encrypted"] for ebs in volumes.values())
    assert [name for name in devices if "volume_size" not in volumes[name]] == devices[:-1]


def test_the_image_follows_from_the_group() -> None:
    [image] = plan(group(instance_types=["m7g.large", "c7gn.xlarge"], version="1.32"))["images"]
    assert (image["term"], image["options"]["architecture"], image["options"]["version"]) == ("al2023", "arm64", "1.32")
    [image] = plan(group(ami={"family": "bottlerocket", "variant": "nvidia", "release": "1.50.0"}))["images"]
    assert image["options"] == {
        "version": "1.33",
        "architecture": "x86_64",
        "variant": "nvidia",
        "release": "1.50.0",
    }
    [image] = plan(group(ami={"image_id": "ami-01234567"}))["images"]
    assert (image["key"], image["term"], image["options"]) == ("ami-01234567", "ami-01234567", {})
    assert len(plan(group(), group(name="two"))["images"]) == 1


@pytest.mark.parametrize("graviton", ["a1.large", "m7g.large", "im4gn.large", "x2gd.metal", "hpc7g.4xlarge"])
def test_graviton_is_told_by_its_name(graviton: str) -> None:
    assert plan(group(instance_types=[graviton]))["images"][0]["options"]["architecture"] == "arm64"


@pytest.mark.parametrize("other", ["m7i.large", "g5.xlarge", "g4dn.xlarge", "trn1.2xlarge", "gr6.4xlarge"])
def test_others_are_x86_64(other: str) -> None:
    assert plan(group(instance_types=[other]))["images"][0]["options"]["architecture"] == "x86_64"


def test_several_types_and_spot_are_a_mixed_instances_policy() -> None:
    several = scaling_group(instance_types=["m7i.large", "m6i.large"])["mixed_instances_policy"]
    assert several["launch_template"] == {"overrides": [{"instance_type": "m7i.large"}, {"instance_type": "m6i.large"}]}
    assert several["instances_distribution"]["on_demand_percentage_above_base_capacity"] == 100
    assert "instance_type" not in template(instance_types=["m7i.large", "m6i.large"])
    spot = scaling_group(capacity_type="SPOT", instances_distribution={"on_demand_base_capacity": 1})
    assert spot["mixed_instances_policy"]["instances_distribution"] == {
        "on_demand_base_capacity": 1,
        "on_demand_percentage_above_base_capacity": 0,
        "spot_allocation_strategy": "price-capacity-optimized",
    }


def test_a_capacity_block() -> None:
    target = {"capacity_reservation_target": {"capacity_reservation_id": "cr-1"}}
    data = template(capacity_type="CAPACITY_BLOCK", capacity_reservation=target)
    assert data["instance_market_options"] == {"market_type": "capacity-block"}
    assert data["capacity_reservation_specification"] == target


def test_efa() -> None:
    efa = {"interfaces": 3, "interface_type": "efa-only"}
    found = plan(group(efa=efa, subnets=["subnet-a"], placement={"group_name": "p"}))
    data = found["nodegroups"][0]["launch_template"]
    members = ("network_card_index", "device_index", "interface_type")
    cards = [tuple(one[member] for member in members) for one in data["network_interfaces"]]
    assert cards == [(0, 0, "efa"), (1, 1, "efa-only"), (2, 1, "efa-only")]
    assert data["network_interfaces"][0]["groups"] == ["sg-cluster", "sg-planned-batch"]
    assert "security_group_ids" not in data
    assert data["placement"] == {"group_name": "p"}
    [security_group] = found["security_groups"]
    [own] = security_group["rules"]
    assert (own["proto"], own["group_name"]) == ("all", "demo-batch")
    assert security_group["rules_egress"] == [{"proto": "all", "group_name": "demo-batch"}]


def test_the_desired_size_is_left_to_autoscalers_unless_told() -> None:
    assert "desired_capacity" not in scaling_group(scaling={"min_size": 1, "max_size": 3, "desired_size": "ignore"})
    told = scaling_group(scaling={"min_size": 1, "max_size": 3, "desired_size": 2})
    assert told["desired_capacity"] == 2
    assert list(told["group_tags"]) == ["flotilla.eks/node-role"]
    both = scaling_group(scaling={"min_size": 1, "max_size": 3, "desired_size": 2}, cluster_autoscaler=True)
    assert both["group_tags"]["k8s.io/cluster-autoscaler/enabled"] == "true"
    assert list(scaling_group(scaling_policies=[{"policy_name": "cpu"}])["group_tags"]) == ["flotilla.eks/node-role"]


def test_one_group_a_zone() -> None:
    subnets = [
        {"subnet_id": "subnet-a", "availability_zone": "eu-central-1a"},
        {"subnet_id": "subnet-b", "availability_zone": "eu-central-1b"},
    ]
    zonal = group(one_group_per_zone=True)
    assert plan(zonal)["zoned_subnets"] == ["subnet-a", "subnet-b"]
    assert plan(zonal)["problems"] == []  # as long as nobody has looked
    assert "subnets: subnet-a is not there; check its id" in plan(zonal, subnets=[])["problems"][0]
    found = made(zonal, subnets=subnets)["scaling_groups"]
    assert [(one["name"], one["subnets"]) for one in found] == [
        ("demo-batch-eu-central-1a", ["subnet-a"]),
        ("demo-batch-eu-central-1b", ["subnet-b"]),
    ]


def test_raw_members_win() -> None:
    raw = {"metadata_options": {"http_put_response_hop_limit": 2}, "monitoring": {"enabled": True}}
    data = template(launch_template=raw)
    assert data["metadata_options"]["http_put_response_hop_limit"] == 2
    assert data["metadata_options"]["http_tokens"] == "required"
    assert data["monitoring"] == {"enabled": True}
    interface = {"device_index": 0, "associate_public_ip_address": True}
    assert template(launch_template={"network_interfaces": [interface]})["network_interfaces"] == [
        {"groups": ["sg-cluster", "sg-planned-batch"], **interface}
    ]
    assert scaling_group(scaling_group={"max_size": 9, "capacity_rebalance": True})["max_size"] == 9


def test_a_role_of_its_own() -> None:
    own = group(policies=["CloudWatchAgentServerPolicy"], role_arn=None, instance_profile=None)
    found = plan(own)
    assert found["problems"] == []
    assert found["roles"] == [{"group": "batch", "prefix": "demo-batch", "policies": ["CloudWatchAgentServerPolicy"]}]
    assert found["access_entries"] == []
    roles = {"batch": {"role_arn": f"{ROLE}-own", "instance_profile": f"{PROFILE}-own"}}
    known = plan(own, group(name="two"), roles=roles)
    assert known["access_entries"] == [
        {"principal_arn": f"{ROLE}-own", "type": "EC2_LINUX"},
        {"principal_arn": ROLE, "type": "EC2_LINUX"},
    ]
    assert known["nodegroups"][0]["launch_template"]["iam_instance_profile"] == {"arn": f"{PROFILE}-own"}


def test_types_of_access_entries() -> None:
    assert plan(group(ami={"family": "windows"}))["access_entries"][0]["type"] == "EC2_WINDOWS"
    by_id = group(node_config={"featureGates": {"InstanceIdNodeName": True}})
    assert plan(by_id)["access_entries"][0]["type"] == "EC2"


KEYS = st.text(st.sampled_from("ab-._/K"), min_size=1, max_size=12)
HOSTILE = st.dictionaries(KEYS, st.text(max_size=12) | st.sampled_from(['"', "$(x)", "a\nb", "#"]), max_size=4)
FAMILIES = st.sampled_from(["al2023", "bottlerocket", "ubuntu", "windows"])


@settings(deadline=None, max_examples=100)
@given(HOSTILE, HOSTILE, FAMILIES)
def test_hostile_labels_and_tags(labels: dict[str, str], tags: dict[str, str], family: str) -> None:
    """Either it is refused with one error that names the labels, or labels and tags arrive as they were given."""
    found = plan(group(labels=labels, tags=tags, ami={"family": family}))
    if found["problems"]:
        assert len(found["problems"]) == 1
        assert ": labels: " in found["problems"][0]
        return
    [made_group] = found["nodegroups"]
    [one] = made_group["scaling_groups"]
    given_labels = {key.partition("/label/")[2]: value for key, value in one["group_tags"].items() if "/label/" in key}
    assert given_labels == {**labels, "flotilla.eks/nodegroup": "batch"}
    assert one["tags"] == tags
