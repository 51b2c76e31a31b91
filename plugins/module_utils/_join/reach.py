# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether rules let traffic through: security groups, network ACLs, routes. Pure.

A verdict is True, False, or None where the rules do not tell, as those with a prefix list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeAlias

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values

ANYWHERE = "0.0.0.0/0"
TCP, UDP = "tcp", "udp"
_NUMBERS = {TCP: "6", UDP: "17"}
_ALL = "-1"
_REPLIES = (1024, 65535)  # https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html

Verdict: TypeAlias = "bool | None"


@dataclass(frozen=True)
class Peer:
    """The other side: the security groups of its interfaces, and where they are. Nothing of it is in the VPC if it is
    the ``internet``."""

    groups: frozenset[str] = frozenset()
    networks: tuple[str, ...] = ()
    internet: bool = False

    def overlaps(self, cidr: str) -> bool:
        """Whether some of it may be in a network."""
        found = ip_network(cidr, strict=False)
        if self.internet:
            return not found.is_private
        return any(_overlap(found, ip_network(one, strict=False)) for one in self.networks)


INTERNET = Peer(internet=True)


def _overlap(one: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """True if one is; else None if one is; else False."""
    found = list(verdicts)
    return True if True in found else None if None in found else False


def sends(groups: Iterable[Values], peer: Peer, port: int, protocol: str = TCP) -> Verdict:
    """Whether security groups let traffic out to a peer."""
    return any_of(_admits(group.get("ip_permissions_egress") or [], peer, port, protocol) for group in groups)


def receives(groups: Iterable[Values], peer: Peer, port: int, protocol: str = TCP) -> Verdict:
    """Whether security groups let traffic in from a peer."""
    return any_of(_admits(group.get("ip_permissions") or [], peer, port, protocol) for group in groups)


def _admits(permissions: Iterable[Values], peer: Peer, port: int, protocol: str) -> Verdict:
    return any_of(_rule(rule, peer) for rule in permissions if _is_about(rule, port, protocol))


def _is_about(rule: Values, port: int, protocol: str) -> bool:
    if str(rule.get("ip_protocol")) == _ALL:
        return True
    if str(rule.get("ip_protocol")) not in (protocol, _NUMBERS[protocol]):
        return False
    first, last = rule.get("from_port"), rule.get("to_port")
    return first is None or last is None or int(first) <= port <= int(last)


def _rule(rule: Values, peer: Peer) -> Verdict:
    cidrs = [one["cidr_ip"] for one in rule.get("ip_ranges") or []]
    cidrs += [one["cidr_ipv6"] for one in rule.get("ipv6_ranges") or []]
    pairs = {pair.get("group_id") for pair in rule.get("user_id_group_pairs") or []}
    if pairs & peer.groups or any(peer.overlaps(cidr) for cidr in cidrs):
        return True
    return None if rule.get("prefix_list_ids") else False


def acl_lets(acl: Values, outward: bool, peer: str, port: int) -> Verdict:
    """Whether a network ACL lets TCP to or from a port pass, and the replies back; ``peer`` is a network."""
    asked = _acl_verdict(acl, outward, peer, (port, port))
    replies = _acl_verdict(acl, not outward, peer, _REPLIES)
    return False if False in (asked, replies) else None if None in (asked, replies) else True


def _acl_verdict(acl: Values, outward: bool, peer: str, ports: tuple[int, int]) -> Verdict:
    """The first rule that is about all of it decides. One that is about a part of it leaves the rest to the next."""
    entries = [entry for entry in acl.get("entries") or [] if bool(entry.get("egress")) is outward]
    found = ip_network(peer, strict=False)
    partly = False
    for entry in sorted(entries, key=lambda one: int(one["rule_number"])):
        if str(entry.get("protocol")) not in (_ALL, _NUMBERS[TCP]) or not entry.get("cidr_block"):
            continue
        network = ip_network(entry["cidr_block"], strict=False)
        first, last = _port_range(entry)
        if not _overlap(network, found) or last < ports[0] or ports[1] < first:
            continue
        allows = entry.get("rule_action") == "allow"
        if _covers(network, found) and first <= ports[0] and ports[1] <= last:
            return allows or (None if partly else False)
        partly = partly or allows
    return None if partly else False


def _port_range(entry: Values) -> tuple[int, int]:
    ports = entry.get("port_range") or {}
    return int(ports.get("from", 0)), int(ports.get("to", 65535))


def _covers(network: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    return network.version == other.version and other.subnet_of(network)  # type: ignore[arg-type]  # of one version


def acl_of(subnet_id: str, vpc_id: str, acls: Sequence[Values]) -> Values | None:
    """The network ACL of a subnet; without one of its own, the default one of the VPC."""
    for acl in acls:
        if any(one.get("subnet_id") == subnet_id for one in acl.get("associations") or []):
            return acl
    return next((acl for acl in acls if acl.get("is_default") and acl.get("vpc_id") == vpc_id), None)


def route_table_of(subnet_id: str, vpc_id: str, tables: Sequence[Values]) -> Values | None:
    """The route table of a subnet; without one of its own, the main one of the VPC."""
    for table in tables:
        if any(one.get("subnet_id") == subnet_id for one in table.get("associations") or []):
            return table
    mains = [table for table in tables if any(one.get("main") for one in table.get("associations") or [])]
    return next((table for table in mains if table.get("vpc_id") == vpc_id), None)


@dataclass(frozen=True)
class WayOut:
    """Where a subnet's default route leads: ``kind`` is internet_gateway, nat_gateway or other; empty for nowhere."""

    kind: str = ""
    target: str = ""
    table: str = ""
    dead: bool = False


def way_out(table: Values | None) -> WayOut:
    if table is None:
        return WayOut()
    name = str(table.get("route_table_id") or "")
    routes = [route for route in table.get("routes") or [] if route.get("destination_cidr_block") == ANYWHERE]
    for route in routes:
        dead = route.get("state") == "blackhole"
        if route.get("nat_gateway_id"):
            return WayOut("nat_gateway", route["nat_gateway_id"], name, dead)
        if str(route.get("gateway_id") or "").startswith("igw-"):
            return WayOut("internet_gateway", route["gateway_id"], name, dead)
        return WayOut("other", next(_targets(route), ""), name, dead)
    return WayOut(table=name)


def _targets(route: Mapping[str, object]) -> Iterator[str]:
    return (str(value) for key, value in route.items() if key.endswith("_id") and value)
