# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance in surroundings in which nothing keeps it from joining, to be changed in one thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._join.diagnosis import examine
from ansible_collections.flotilla.eks.plugins.module_utils._join.evidence import Case, Evidence, Profile, Role
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.reading import read_user_data
from support.user_data import CLUSTER, user_data

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
INSTANCE = "i-00000000000000001"
PROFILE = "arn:aws:iam::123456789012:instance-profile/nodes"
ROLE = "arn:aws:iam::123456789012:role/nodes"
VPC, SUBNET, PLANE, PUBLIC = "vpc-1", "subnet-node", "subnet-plane", "subnet-public"
NODE_GROUP, CLUSTER_GROUP = "sg-node", "sg-cluster"
IMAGE = "ami-1"
TAG = "kubernetes.io/cluster/prod"
EVERYTHING = {"ip_protocol": "-1", "ip_ranges": [{"cidr_ip": "0.0.0.0/0"}]}


def from_group(group: str, port: int | None = None, protocol: str = "tcp") -> dict[str, Any]:
    """A rule about a group: all traffic, or one port."""
    about: dict[str, Any] = {"ip_protocol": "-1"}
    if port is not None:
        about = {"ip_protocol": protocol, "from_port": port, "to_port": port}
    return {**about, "user_id_group_pairs": [{"group_id": group}]}


def group(name: str, ingress: list[Any], egress: list[Any], tagged: bool = False) -> dict[str, Any]:
    tags = [{"key": TAG, "value": "owned"}] if tagged else []
    return {"group_id": name, "ip_permissions": ingress, "ip_permissions_egress": egress, "tags": tags}


def acl(*entries: dict[str, Any], subnets: tuple[str, ...] = ()) -> dict[str, Any]:
    """A network ACL with entries before those that all have, which deny everything."""
    last = [
        {"egress": egress, "rule_number": 32767, "protocol": "-1", "rule_action": "deny", "cidr_block": "0.0.0.0/0"}
        for egress in (True, False)
    ]
    return {
        "network_acl_id": "acl-1",
        "vpc_id": VPC,
        "is_default": not subnets,
        "associations": [{"subnet_id": subnet} for subnet in subnets],
        "entries": [*entries, *last],
    }


def acl_entry(egress: bool, number: int = 100, action: str = "allow", **members: Any) -> dict[str, Any]:
    about = {"protocol": "-1", "cidr_block": "0.0.0.0/0", **members}
    return {"egress": egress, "rule_number": number, "rule_action": action, **about}


def table(name: str, subnets: list[str], **route: Any) -> dict[str, Any]:
    routes = [{"destination_cidr_block": "10.0.0.0/16", "gateway_id": "local"}]
    routes += [{"destination_cidr_block": "0.0.0.0/0", "state": "active", **route}] if route else []
    return {
        "route_table_id": name,
        "vpc_id": VPC,
        "associations": [{"subnet_id": subnet} for subnet in subnets],
        "routes": routes,
    }


def endpoint(service: str, **members: Any) -> dict[str, Any]:
    own = {"groups": [{"group_id": CLUSTER_GROUP}], "private_dns_enabled": True, "vpc_endpoint_type": "Interface"}
    named = {"vpc_endpoint_id": f"vpce-{service}", "service_name": f"com.amazonaws.eu-central-1.{service}"}
    return {**named, **own, "state": "available", **members}


CLUSTER_OF_NODES: dict[str, Any] = {
    **CLUSTER,
    "arn": "arn:aws:eks:eu-central-1:123456789012:cluster/prod",
    "version": "1.33",
    "access_config": {"authentication_mode": "API"},
    "resources_vpc_config": {
        "vpc_id": VPC,
        "subnet_ids": [PLANE],
        "cluster_security_group_id": CLUSTER_GROUP,
        "security_group_ids": [],
        "endpoint_private_access": True,
        "endpoint_public_access": True,
        "public_access_cidrs": ["0.0.0.0/0"],
    },
}
INSTANCE_TYPE = {"network_info": {"maximum_network_interfaces": 3, "ipv4_addresses_per_interface": 10}}


def cluster(network: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    """The cluster with other members, or others of its network."""
    vpc = {**CLUSTER_OF_NODES["resources_vpc_config"], **(network or {})}
    return {**CLUSTER_OF_NODES, "resources_vpc_config": vpc, **members}


def case(family: str = "al2023", text: str | None = None, **members: Any) -> Case:
    """A running instance; ``text`` is its user data, ``members`` are others of the instance."""
    instance = {
        "instance_id": INSTANCE,
        "instance_type": "m7i.large",
        "image_id": IMAGE,
        "state": {"name": "running"},
        "launch_time": "2026-01-01T11:00:00+00:00",
        "vpc_id": VPC,
        "subnet_id": SUBNET,
        "private_ip_address": "10.0.0.9",
        "iam_instance_profile": {"arn": PROFILE, "id": "AIPA1"},
        "security_groups": [{"group_id": NODE_GROUP}],
        "metadata_options": {"http_endpoint": "enabled"},
        "tags": [{"key": TAG, "value": "owned"}],
        **members,
    }
    told = read_user_data((user_data(family) if text is None else text).encode(), family)
    node = {"instance_id": INSTANCE, "name": INSTANCE, "kind": "self_managed", "group": "workers"}
    return Case({**node, "status": "not_joined", "reason": "no Node has appeared"}, instance, told=told, console="")


def evidence(**members: Any) -> Evidence:
    """Surroundings in which the instance would join; ``members`` replace what is known."""
    healthy = Evidence(
        CLUSTER_OF_NODES,
        NOW,
        subnets={
            SUBNET: {"subnet_id": SUBNET, "cidr_block": "10.0.0.0/24", "available_ip_address_count": 200},
            PLANE: {"subnet_id": PLANE, "cidr_block": "10.0.1.0/24", "available_ip_address_count": 200},
        },
        route_tables=[
            table("rtb-node", [SUBNET], nat_gateway_id="nat-1"),
            table("rtb-public", [PUBLIC], gateway_id="igw-1"),
        ],
        network_acls=[acl(acl_entry(True), acl_entry(False))],
        security_groups={
            NODE_GROUP: group(NODE_GROUP, [from_group(CLUSTER_GROUP), from_group(NODE_GROUP)], [EVERYTHING], True),
            CLUSTER_GROUP: group(CLUSTER_GROUP, [from_group(NODE_GROUP)], [EVERYTHING]),
        },
        nat_gateways={
            "nat-1": {
                "nat_gateway_id": "nat-1",
                "vpc_id": VPC,
                "state": "available",
                "subnet_id": PUBLIC,
                "nat_gateway_addresses": [{"public_ip": "198.51.100.7"}],
            }
        },
        vpc_dns={"enable_dns_support": True, "enable_dns_hostnames": True},
        images={IMAGE: {"image_id": IMAGE, "name": "amazon-eks-node-al2023-x86_64-standard-1.33-v20261105"}},
        instance_types={"m7i.large": INSTANCE_TYPE},
        profiles={PROFILE: Profile("AIPA1", role())},
        access_entries={ROLE: {"type": "EC2_LINUX"}},
        cni={"spec": {}},
    )
    return replace(healthy, **members)


def role(*lacking: str, **members: Any) -> Role:
    """The role of nodes without some of the policies that it needs."""
    policies = {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy"}
    found = Role(ROLE, "nodes", frozenset({"ec2.amazonaws.com"}), frozenset(policies - set(lacking)))
    return replace(found, **members)


def image(name: str) -> dict[str, Any]:
    """The images, with another name."""
    return {IMAGE: {"image_id": IMAGE, "name": name}}


Defect = tuple[str, str, str, Case, dict[str, Any]]
"""The check that has to find it, with which severity and words; the instance, and what is other around it."""


def blocks(check: str, words: str, one: Case | None = None, **members: Any) -> Defect:
    return check, "blocking", words, one or case(), members


def looks_bad(check: str, words: str, one: Case | None = None, **members: Any) -> Defect:
    return check, "suspicious", words, one or case(), members


def prove(defect: Defect) -> None:
    """That a single defect is found as what it is, and nothing else is."""
    check, severity, words, one, members = defect
    examination = examine(one, evidence(**members))
    first = examination.findings[0]
    assert (first.check, first.severity) == (check, severity)
    assert words in first.problem
    assert first.evidence
    assert first.fix
    assert {finding.check for finding in examination.findings} == {check}
    assert check not in examination.passed
