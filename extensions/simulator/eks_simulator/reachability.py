# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is between a cluster and its nodes: security groups, routes, and whom the endpoint lets in.

A private endpoint is reached from within the VPC, as far as the security groups of the instance and of the control
plane's network interfaces let port 443 through (https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html).
A public one is reached by way of the internet: a route to a NAT gateway, or to an internet gateway for an instance with
a public address, which the public access CIDRs must contain (cluster-endpoint.html). The control plane in turn reaches
kubelets, for logs and the like, at port 10250. Network ACLs are not looked at.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from ipaddress import IPv4Network, ip_address, ip_network
from typing import Any

from .aws import Neighbours
from .store import Cluster

_HTTPS = 443
_KUBELET = 10250
_EVERYWHERE = "0.0.0.0/0"
_FIRST_PUBLIC = int(ip_address("3.120.0.0"))


def obstacle(aws: Neighbours, cluster: Cluster, instance: Any) -> str:
    """Why packets of an instance do not reach its cluster's endpoint; nothing if they do."""
    config = cluster.description["resourcesVpcConfig"]
    if _is_within(config, instance):
        here, there = _ends(aws, config, instance)
        return _blocked(aws, here, there, _HTTPS)
    if not config["endpointPublicAccess"]:
        return f"the endpoint is private, and the instance is not in its VPC {config['vpcId']}"
    return _abroad(aws, config, instance)


def kubelet_obstacle(aws: Neighbours, cluster: Cluster, instance: Any) -> str:
    """Why packets of the control plane do not reach the kubelet of an instance; nothing if they do."""
    here, there = _ends(aws, cluster.description["resourcesVpcConfig"], instance)
    return _blocked(aws, there, here, _KUBELET)


def address(aws: Neighbours, cluster: Cluster, instance: Any) -> str:
    """The address that the endpoint's name has where the instance is: of a network interface, or a public one."""
    config = cluster.description["resourcesVpcConfig"]
    if _is_within(config, instance):
        subnet = aws.subnet(config["subnetIds"][0])
        return str(ip_network(subnet.cidr_block)[11]) if subnet else ""
    return str(ip_address(_FIRST_PUBLIC + zlib.crc32(cluster.arn.encode()) % 2**18))


def _is_within(config: dict[str, Any], instance: Any) -> bool:
    """Whether the endpoint's name leads an instance to the control plane's interfaces."""
    return bool(config["endpointPrivateAccess"]) and instance.vpc_id == config["vpcId"]


End = tuple[list[str], list[str]]
"""Of one end of a connection, the security groups, and the blocks of its addresses."""


def _ends(aws: Neighbours, config: dict[str, Any], instance: Any) -> tuple[End, End]:
    """The instance, and the control plane: an interface of it may be in any of its subnets."""
    subnets = [aws.subnet(number) for number in config["subnetIds"]]
    theirs = [*config["securityGroupIds"], config["clusterSecurityGroupId"]]
    here = security_groups(aws, instance), [f"{instance.private_ip}/32"]
    return here, (theirs, [subnet.cidr_block for subnet in subnets if subnet])


def _blocked(aws: Neighbours, source: End, target: End, port: int) -> str:
    """Which security groups do not let packets from one end to a port of the other."""
    if not _lets(_rules(aws, source[0], "egress_rules"), port, *target):
        return f"no egress rule of {', '.join(source[0])} leads to port {port} of {', '.join(target[0])}"
    if not _lets(_rules(aws, target[0], "ingress_rules"), port, *source):
        return f"no ingress rule of {', '.join(target[0])} lets {', '.join(source[0])} in at port {port}"
    return ""


def _abroad(aws: Neighbours, config: dict[str, Any], instance: Any) -> str:
    own = security_groups(aws, instance)
    if not _lets(_rules(aws, own, "egress_rules"), _HTTPS, [], [_EVERYWHERE]):
        return f"no egress rule of {', '.join(own)} leads to port {_HTTPS} of the internet"
    subnet: Any = aws.subnet(instance.subnet_id)
    route = next((one for one in aws.routes(subnet) if one.destination_cidr_block == _EVERYWHERE), None)
    if route is None:
        return f"the subnet {subnet.id} has no route to the internet, and the endpoint is not private"
    sources = _sources(aws, route, instance)
    if not sources:
        return f"the subnet {subnet.id} leads to an internet gateway, but the instance has no public address"
    if not any(_is_in(source, config["publicAccessCidrs"]) for source in sources):
        return f"the public access CIDRs do not contain {', '.join(sources)}"
    return ""


def _sources(aws: Neighbours, route: Any, instance: Any) -> list[str]:
    """From which addresses the endpoint hears of the instance: anywhere, where the way leads out through another
    network."""
    if route.nat_gateway is not None:
        return aws.addresses_of_nat(route.nat_gateway)
    if str(route.gateway_id or "").startswith("igw-"):
        return [instance.public_ip] if instance.public_ip else []
    return [_EVERYWHERE]


def security_groups(aws: Neighbours, instance: Any) -> list[str]:
    """The ids of an instance's security groups: its own, or those of its interfaces, or the VPC's default one."""
    groups = instance.security_groups or [group for nic in instance.nics.values() for group in nic.group_set]
    found = dict.fromkeys(group.id for group in groups)
    return list(found) or aws.default_security_groups(instance.vpc_id)


def _rules(aws: Neighbours, group_ids: Iterable[str], direction: str) -> list[Any]:
    groups = [aws.security_group(number) for number in group_ids]
    return [rule for group in groups if group for rule in getattr(group, direction)]


def _lets(rules: Iterable[Any], port: int, groups: Iterable[str], blocks: Iterable[str]) -> bool:
    """Whether one of the rules is about the port and one of these groups, or the rules about all of these blocks."""
    about = [rule for rule in rules if _is_about(rule, port)]
    if any(rule.source_group.get("GroupId") in set(groups) for rule in about):
        return True
    ranges = [rule.cidr_ipv4 for rule in about if rule.cidr_ipv4]
    given = list(blocks)
    return bool(given) and all(_is_in(block, ranges) for block in given)


def _is_in(block: str, ranges: Iterable[str]) -> bool:
    """Whether one of the ranges contains all of an IPv4 block."""
    return any(":" not in one and IPv4Network(block).subnet_of(IPv4Network(one, strict=False)) for one in ranges)


def _is_about(rule: Any, port: int) -> bool:
    if rule.ip_protocol == "-1":
        return True
    return rule.ip_protocol == "tcp" and rule.from_port <= port <= rule.to_port
