# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of a cluster's network is removed, what stands in the way, and whether given subnets will do."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.plugin_utils._network_checks import check_subnets
from ansible_collections.flotilla.eks.plugins.plugin_utils._network_removal import KINDS, plan_removal

OWNER = {"flotilla.eks/cluster": "demo"}
OURS = {"tags": OWNER, "vpc_id": "vpc-1"}
THEIRS = {"tags": {"Name": "theirs"}, "vpc_id": "vpc-1"}
VPC = {"vpc_id": "vpc-1", "tags": OWNER}


def removal(**observed: Any) -> dict[str, Any]:
    return plan_removal({"vpcs": [VPC], **observed}, "demo", OWNER)


def interface(**members: Any) -> dict[str, Any]:
    return {"network_interface_id": "eni-1", "status": "in-use", "vpc_id": "vpc-1", "tags": {}, **members}


def test_what_is_ours_goes_in_an_order_that_works() -> None:
    plan = removal(
        subnets=[{**OURS, "subnet_id": "subnet-1"}],
        route_tables=[{**OURS, "route_table_id": "rtb-1", "associations": []}],
        internet_gateways=[{**OURS, "internet_gateway_id": "igw-1"}],
        nat_gateways=[{**OURS, "nat_gateway_id": "nat-1", "state": "available"}],
        addresses=[{**OURS, "public_ip": "203.0.113.1"}],
        security_groups=[{**OURS, "group_id": "sg-1", "group_name": "nodes"}],
    )
    assert plan["blockers"] == []
    assert plan["changes"] == [
        "NAT gateway nat-1: remove it",
        "elastic address 203.0.113.1: remove it",
        "internet gateway igw-1: remove it",
        "route table rtb-1: remove it",
        "subnet subnet-1: remove it",
        "security group sg-1: remove it",
        "VPC vpc-1: remove it",
    ]


def test_where_nothing_is_nothing_is_to_be_done() -> None:
    plan = plan_removal({}, "demo", OWNER)
    assert plan == {**{kind: [] for kind in KINDS}, "blockers": [], "changes": []}


def test_what_the_vpc_takes_along_does_not_block() -> None:
    plan = removal(
        route_tables=[{**THEIRS, "route_table_id": "rtb-1", "associations": [{"main": True}]}],
        security_groups=[{**THEIRS, "group_id": "sg-1", "group_name": "default"}],
        nat_gateways=[{**THEIRS, "nat_gateway_id": "nat-1", "state": "deleted"}],
        internet_gateways=[{**THEIRS, "internet_gateway_id": "igw-1", "attachments": [{"vpc_id": "vpc-2"}]}],
        addresses=[{**THEIRS, "public_ip": "203.0.113.1"}],
    )
    assert plan["blockers"] == []
    assert plan["changes"] == ["VPC vpc-1: remove it"]


@pytest.mark.parametrize(
    ("kind", "item", "text"),
    [
        ("subnets", {"subnet_id": "subnet-1"}, "subnet subnet-1 (theirs) is in VPC vpc-1: it does not carry the tag"),
        ("route_tables", {"route_table_id": "rtb-1", "associations": []}, "route table rtb-1 (theirs)"),
        ("security_groups", {"group_id": "sg-1", "group_name": "k8s-web"}, "security group sg-1 (k8s-web)"),
        ("nat_gateways", {"nat_gateway_id": "nat-1", "state": "available"}, "NAT gateway nat-1"),
        ("internet_gateways", {"internet_gateway_id": "igw-1", "attachments": [{"vpc_id": "vpc-1"}]}, "igw-1"),
    ],
)
def test_what_others_made_blocks_and_stays(kind: str, item: dict[str, Any], text: str) -> None:
    plan = removal(**{kind: [{**THEIRS, **item}]})
    [blocker] = plan["blockers"]
    assert text in blocker
    assert "flotilla.eks/cluster=demo" in blocker
    assert plan[kind] == []


@pytest.mark.parametrize(
    ("members", "advice"),
    [
        ({"description": "Amazon EKS demo"}, "remove the cluster first"),
        ({"description": "ELB app/k8s-web/1"}, "delete the Kubernetes Service or Ingress"),
        ({"attachment": {"instance_id": "i-1"}}, "terminate instance i-1"),
        ({"status": "available"}, "remove what uses it"),
        ({"status": "available", "tags": {"cluster.k8s.amazonaws.com/name": "other"}}, "remove what uses it"),
    ],
)
def test_an_interface_in_use_says_what_to_do(members: dict[str, Any], advice: str) -> None:
    plan = removal(network_interfaces=[interface(**members)])
    assert advice in "".join(plan["blockers"])
    assert plan["network_interfaces"] == []


@pytest.mark.parametrize("tags", [OWNER, {"cluster.k8s.amazonaws.com/name": "demo"}])
def test_an_interface_that_the_cluster_left_behind_goes(tags: dict[str, str]) -> None:
    plan = removal(network_interfaces=[interface(status="available", tags=tags)])
    assert plan["blockers"] == []
    assert "network interface eni-1: remove it" in plan["changes"]


def test_the_interface_of_a_nat_gateway_goes_with_it() -> None:
    gateway = {**OURS, "nat_gateway_id": "nat-1", "nat_gateway_addresses": [{"network_interface_id": "eni-1"}]}
    plan = removal(nat_gateways=[{**gateway, "state": "available"}], network_interfaces=[interface()])
    assert plan["blockers"] == []
    assert plan["network_interfaces"] == []


# Given subnets


def subnet(name: str, zone: str, **members: Any) -> dict[str, Any]:
    kind = "elb" if "public" in name else "internal-elb"
    return {
        "subnet_id": name,
        "vpc_id": "vpc-1",
        "availability_zone": zone,
        "available_ip_address_count": 251,
        "tags": {f"kubernetes.io/role/{kind}": "1"},
        **members,
    }


def tables(*public: str, vpc: str = "vpc-1") -> list[dict[str, Any]]:
    """A main table without a way out, and one to the internet for the public subnets."""
    main = {"route_table_id": "rtb-main", "vpc_id": vpc, "associations": [{"main": True}], "routes": []}
    associations = [{"main": False, "subnet_id": name} for name in public]
    routes = [{"destination_cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"}]
    return [main, {"route_table_id": "rtb-open", "vpc_id": vpc, "associations": associations, "routes": routes}]


SUBNETS = [subnet("subnet-a", "z-a"), subnet("subnet-b", "z-b"), subnet("subnet-public", "z-a")]
GIVEN: dict[str, Any] = {
    "private": ["subnet-a", "subnet-b"],
    "public": ["subnet-public"],
    "check_tags": True,
    "min_free_addresses": 16,
}


def findings(subnets: list[dict[str, Any]], routes: list[dict[str, Any]] | None = None, **given: Any) -> list[str]:
    observed = {"subnets": subnets, "route_tables": tables("subnet-public") if routes is None else routes}
    return list(check_subnets(observed, {**GIVEN, **given})["problems"])


def test_good_subnets_are_handed_on() -> None:
    result = check_subnets({"subnets": SUBNETS, "route_tables": tables("subnet-public")}, GIVEN)
    assert result == {
        "problems": [],
        "vpc_id": "vpc-1",
        "zones": ["z-a", "z-b"],
        "subnet_ids": {"private": ["subnet-a", "subnet-b"], "public": ["subnet-public"]},
    }


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"available_ip_address_count": 9},
            "Subnet subnet-b (private, z-b) has 9 free addresses, network_min_free_add",
        ),
        ({"tags": {}}, "lacks the tag kubernetes.io/role/internal-elb: without kubernetes.io/role/internal-elb=1"),
        ({"tags": {"kubernetes.io/role/internal-elb": "0"}}, "has the value '0' in the tag"),
        ({"availability_zone": "z-a"}, "(subnet-a in z-a, subnet-b in z-a) cover 1 availability zone(s): EKS needs"),
        ({"availability_zone_id": "use1-az3"}, "lies in zone use1-az3, where EKS cannot place a cluster"),
    ],
)
def test_a_subnet_that_will_not_do_is_named(change: dict[str, Any], text: str) -> None:
    [finding] = findings([SUBNETS[0], {**SUBNETS[1], **change}, SUBNETS[2]])
    assert text in finding


def test_an_empty_role_tag_will_do_and_tags_need_not_be_looked_at() -> None:
    tagless = [{**one, "tags": {}} for one in SUBNETS]
    assert findings([{**SUBNETS[0], "tags": {"kubernetes.io/role/internal-elb": ""}}, *SUBNETS[1:]]) == []
    assert findings(tagless, check_tags=False) == []


def test_routes_tell_private_from_public() -> None:
    [private, public] = findings(SUBNETS, tables("subnet-b"))
    assert "Subnet subnet-b (private, z-b) is not private: its route table rtb-open sends traffic to" in private
    assert "Subnet subnet-public (public, z-a) is not public: its route table rtb-main has no route to" in public


def test_everything_is_found_at_once() -> None:
    other = {**SUBNETS[1], "vpc_id": "vpc-2", "available_ip_address_count": 3, "tags": {}}
    text = "\n".join(findings([SUBNETS[0], other], private=["subnet-a", "subnet-b", "subnet-a"]))
    assert "Subnet subnet-public does not exist in this account and region: check network_given_public" in text
    assert "Subnet subnet-a is named 2 times" in text
    assert "The subnets lie in 2 VPCs (" in text
    assert "subnet-b in vpc-2" in text
    assert "has 3 free addresses" in text
    assert "lacks the tag" in text


def test_where_no_subnet_exists_each_is_named() -> None:
    text = "\n".join(findings([], []))
    assert text.count("does not exist") == 3
    assert "(none found) cover 0 availability zone(s)" in text
