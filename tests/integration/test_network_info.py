# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module network_info: one task tells what eight of amazon.aws tell, in the same words."""

from __future__ import annotations

from typing import Any

import pytest

from eks_simulator.process import SimulatorProcess
from support.ledger import Ledger
from support.playbook import Playbook
from support.surroundings import Surroundings

TASK = {"name": "ours", "flotilla.eks.network_info": {"cluster_name": "demo"}}
THEIRS = {
    "vpcs": ("ec2_vpc_net_info", "vpcs"),
    "subnets": ("ec2_vpc_subnet_info", "subnets"),
    "route_tables": ("ec2_vpc_route_table_info", "route_tables"),
    "nat_gateways": ("ec2_vpc_nat_gateway_info", "result"),
    "internet_gateways": ("ec2_vpc_igw_info", "internet_gateways"),
    "addresses": ("ec2_eip_info", "addresses"),
    "security_groups": ("ec2_security_group_info", "security_groups"),
    "network_interfaces": ("ec2_eni_info", "network_interfaces"),
}
# What amazon.aws adds to an interface, a route and a VPC without EC2's saying so, or leaves out (owner_id).
THEIR_OWN = {"id", "instance_id", "interface_id", "name", "network_interface_id", "owner_id", "tag_set"}


def play(*tasks: dict[str, Any]) -> dict[str, Any]:
    return {"hosts": "all", "gather_facts": False, "tasks": list(tasks)}


@pytest.fixture
def network(aws: Surroundings) -> str:
    """A VPC of the cluster demo with one thing of each kind; returns its id."""
    owner = [{"Key": "flotilla.eks/cluster", "Value": "demo"}]
    ec2 = aws.ec2
    vpc = str(ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    interface = ec2.create_network_interface(SubnetId=subnet, Description="a node")["NetworkInterface"]
    things = [vpc, gateway, subnet, address, nat, interface["NetworkInterfaceId"]]
    ec2.create_tags(Resources=things, Tags=[*owner, {"Key": "CostCenter", "Value": "1"}])
    return vpc


def test_it_tells_what_amazon_aws_tells(playbook: Playbook, ledger: Ledger, aws: Surroundings, network: str) -> None:
    aws.private_subnets  # noqa: B018 - a VPC of somebody else
    ledger.clear()
    ours = playbook.run([play(TASK)], check=True).results["ours"]
    assert (ours["changed"], len(ledger.calls()), ledger.writes()) == (False, len(THEIRS) + 2, [])
    assert {kind: len(ours[kind]) for kind in THEIRS} == dict.fromkeys(THEIRS, 1) | {"network_interfaces": 2}
    assert ours["vpcs"][0]["vpc_id"] == network
    assert ours["subnets"][0]["tags"] == {"flotilla.eks/cluster": "demo", "CostCenter": "1"}

    theirs = playbook.run([play(*[ask(kind, network) for kind in THEIRS])], warns=True).results
    for kind, (_module, key) in THEIRS.items():
        assert by_id(kind, ours[kind]) == by_id(kind, theirs[kind][key])


def ask(kind: str, vpc: str) -> dict[str, Any]:
    """The task of amazon.aws that reads the same."""
    if kind == "addresses":
        filters = {"tag:flotilla.eks/cluster": "demo"}
    else:
        filters = {"attachment.vpc-id" if kind == "internet_gateways" else "vpc-id": vpc}
    return {"name": kind, f"amazon.aws.{THEIRS[kind][0]}": {"filters": filters}}


def by_id(kind: str, things: list[dict[str, Any]]) -> dict[str, Any]:
    """Each thing under its id, without what is amazon.aws's own."""
    key = {"addresses": "allocation_id", "security_groups": "group_id"}.get(kind, f"{kind.removesuffix('s')}_id")
    return {thing[key]: without(thing) for thing in things}


def without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without(item) for key, item in value.items() if key not in THEIR_OWN}
    return [without(item) for item in value] if isinstance(value, list) else value


def test_only_what_is_asked_for_is_read(playbook: Playbook, ledger: Ledger, network: str) -> None:
    task = {"name": "ours", "flotilla.eks.network_info": {"cluster_name": "demo", "include": ["addresses"]}}
    ledger.clear()
    ours = playbook.run([play(task)]).results["ours"]
    assert len(ours["addresses"]) == 1
    assert "subnets" not in ours
    assert sorted(set(ledger.operations())) == ["DescribeAddresses", "DescribeVpcAttribute", "DescribeVpcs"]


def test_a_cluster_without_a_network_has_empty_lists(playbook: Playbook, ledger: Ledger) -> None:
    ledger.clear()
    ours = playbook.run([play(TASK)]).results["ours"]
    assert {kind: ours[kind] for kind in THEIRS} == {kind: [] for kind in THEIRS}
    assert sorted(ledger.operations()) == ["DescribeAddresses", "DescribeInternetGateways", "DescribeVpcs"]


def test_a_refusal_is_one_sentence(playbook: Playbook, simulator: SimulatorProcess, network: str) -> None:
    simulator.fault(operation="ec2:DescribeNatGateways", error="UnauthorizedOperation", status=403)
    result = playbook.run([play(TASK)], fails=True).results["ours"]
    assert result["msg"].startswith("network of cluster demo: DescribeNatGateways: ")
    assert "UnauthorizedOperation" in result["msg"]
    assert "Traceback" not in str(result)
