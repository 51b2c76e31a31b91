# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets get from a node to its cluster's endpoint and back if security groups and routes let them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from eks_simulator.reachability import kubelet_obstacle, obstacle

ALL, NODE, OTHER, PLANE = "0.0.0.0/0", "sg-node", "sg-other", "sg-plane"
Rule = Any


def rule(group: str = "", cidr: str = "", ports: tuple[int, int] = (443, 443), protocol: str = "tcp") -> Rule:
    """A rule about a security group or a range."""
    return SimpleNamespace(
        ip_protocol=protocol,
        from_port=None if protocol == "-1" else ports[0],
        to_port=None if protocol == "-1" else ports[1],
        source_group={"GroupId": group} if group else {},
        cidr_ipv4=cidr or None,
    )


EVERYTHING = rule(cidr=ALL, protocol="-1")


class Surroundings:
    """As much of Neighbours as is asked: a subnet 10.0.9.0/24 for nodes, two more for the control plane."""

    def __init__(self, ingress: dict[str, list[Rule]], egress: dict[str, list[Rule]], routes: list[Any]) -> None:
        self._rules = ingress, egress
        self._routes = routes

    def security_group(self, group: str) -> Any:
        ingress, egress = self._rules
        return SimpleNamespace(ingress_rules=ingress.get(group, []), egress_rules=egress.get(group, []))

    def default_security_groups(self, vpc: str) -> list[str]:
        return ["sg-default"]

    def subnet(self, number: str) -> Any:
        return SimpleNamespace(
            id=number, cidr_block={"one": "10.0.1.0/24", "two": "10.0.2.0/24"}.get(number, "10.0.9.0/24")
        )

    def routes(self, subnet: Any) -> list[Any]:
        return self._routes

    def addresses_of_nat(self, gateway: str) -> list[str]:
        return [gateway]


def cluster(private: bool = True, public: bool = False, cidrs: tuple[str, ...] = (ALL,)) -> Any:
    config = {
        "vpcId": "vpc",
        "subnetIds": ["one", "two"],
        "securityGroupIds": [OTHER],
        "clusterSecurityGroupId": PLANE,
        "endpointPrivateAccess": private,
        "endpointPublicAccess": public,
        "publicAccessCidrs": list(cidrs),
    }
    return SimpleNamespace(description={"resourcesVpcConfig": config}, arn="arn")


def instance(*groups: str, address: str | None = None, vpc: str = "vpc") -> Any:
    return SimpleNamespace(
        security_groups=[SimpleNamespace(id=group) for group in groups],
        nics={},
        private_ip="10.0.9.4",
        public_ip=address,
        subnet_id="nodes",
        vpc_id=vpc,
    )


def around(
    ingress: dict[str, list[Rule]] | None = None, egress: dict[str, list[Rule]] | None = None, *routes: Any
) -> Any:
    out = {NODE: [EVERYTHING], PLANE: [EVERYTHING], "sg-default": [EVERYTHING]}
    return Surroundings(ingress or {}, out if egress is None else egress, list(routes))


@pytest.mark.parametrize(
    ("ingress", "open_"),
    [
        ({}, False),
        ({PLANE: [rule(NODE)]}, True),
        ({OTHER: [rule(NODE)]}, True),
        ({PLANE: [rule(PLANE, protocol="-1")]}, False),
        ({PLANE: [rule(NODE, ports=(0, 65535))]}, True),
        ({PLANE: [rule(NODE, ports=(444, 65535))]}, False),
        ({PLANE: [rule(NODE, protocol="udp")]}, False),
        ({PLANE: [rule(NODE, protocol="-1")]}, True),
        ({PLANE: [rule(cidr="10.0.0.0/16")]}, True),
        ({PLANE: [rule(cidr="10.0.9.4/32")]}, True),
        ({PLANE: [rule(cidr="10.0.8.0/24")]}, False),
        ({NODE: [rule(cidr=ALL)]}, False),
    ],
)
def test_the_control_plane_lets_the_node_in(ingress: dict[str, list[Rule]], open_: bool) -> None:
    found = obstacle(around(ingress), cluster(), instance(NODE))
    assert (not found) is open_, found


@pytest.mark.parametrize(
    ("egress", "open_"),
    [
        ([], False),
        ([rule(PLANE)], True),
        ([rule(OTHER)], True),
        ([rule(NODE)], False),
        ([rule(cidr="10.0.0.0/22")], True),
        ([rule(cidr="10.0.1.0/24"), rule(cidr="10.0.2.0/24")], True),
        ([rule(cidr="10.0.1.0/24")], False),
        ([rule(cidr=ALL, ports=(80, 80))], False),
    ],
)
def test_the_node_is_let_out(egress: list[Rule], open_: bool) -> None:
    found = obstacle(around({PLANE: [rule(NODE)]}, {NODE: egress}), cluster(), instance(NODE))
    assert (not found) is open_, found


def test_one_group_of_several_suffices_and_none_is_the_default_one() -> None:
    assert not obstacle(around({PLANE: [rule(NODE)]}), cluster(), instance("sg-x", NODE))
    assert not obstacle(around({PLANE: [rule("sg-default")]}), cluster(), instance())


def route(nat: str | None = None, gateway: str | None = None, to: str = ALL) -> Any:
    return SimpleNamespace(destination_cidr_block=to, nat_gateway=nat, gateway_id=gateway)


@pytest.mark.parametrize(
    ("routes", "address", "cidrs", "open_"),
    [
        ([], None, (ALL,), False),
        ([route(gateway="local", to="10.0.0.0/16")], None, (ALL,), False),
        ([route("198.51.100.7")], None, (ALL,), True),
        ([route("198.51.100.7")], None, ("198.51.100.0/24",), True),
        ([route("198.51.100.7")], None, ("203.0.113.0/24", "2001:db8::/32"), False),
        ([route(gateway="igw-1")], None, (ALL,), False),
        ([route(gateway="igw-1")], "203.0.113.9", (ALL,), True),
        ([route(gateway="igw-1")], "203.0.113.9", ("203.0.113.9/32",), True),
        ([route(gateway="igw-1")], "203.0.113.9", ("198.51.100.0/24",), False),
        ([route(gateway="vgw-1")], None, (ALL,), True),
        ([route(gateway="vgw-1")], None, ("198.51.100.0/24",), False),
    ],
)
def test_a_public_endpoint_needs_a_way_out(routes: list[Any], address: str | None, cidrs: Any, open_: bool) -> None:
    there = cluster(private=False, public=True, cidrs=cidrs)
    found = obstacle(around({}, None, *routes), there, instance(NODE, address=address))
    assert (not found) is open_, found


def test_a_public_endpoint_needs_a_rule_for_the_internet() -> None:
    there = cluster(private=False, public=True)
    assert obstacle(around({}, {NODE: [rule(PLANE)]}, route("198.51.100.7")), there, instance(NODE))


def test_a_private_endpoint_is_not_seen_from_another_vpc() -> None:
    far = instance(NODE, vpc="vpc-2")
    assert "the endpoint is private" in obstacle(around({PLANE: [rule(NODE)]}), cluster(), far)
    assert not obstacle(around({}, None, route("198.51.100.7")), cluster(public=True), far)


@pytest.mark.parametrize(
    ("ingress", "open_"),
    [
        ([], False),
        ([rule(PLANE, ports=(10250, 10250))], True),
        ([rule(OTHER, ports=(1025, 65535))], True),
        ([rule(PLANE)], False),
        ([rule(cidr="10.0.0.0/16", protocol="-1")], True),
    ],
)
def test_the_kubelet_lets_the_control_plane_in(ingress: list[Rule], open_: bool) -> None:
    found = kubelet_obstacle(around({NODE: ingress}), cluster(), instance(NODE))
    assert (not found) is open_, found
