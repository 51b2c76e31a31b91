# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether subnets that somebody else made can carry a cluster: all findings at once, each with what to do. Pure.

The rules are those of https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html: subnets of one VPC in at
least two availability zones, six free addresses in each (sixteen recommended), role tags for load balancers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._network_layout import (
    MIN_ZONES,
    ROLE_TAGS,
    ZONE_IDS_WITHOUT_EKS,
)
from ansible_collections.flotilla.eks.plugins.plugin_utils._ownership import Resource

ROLE_TAG_VALUES = ("1", "")
VARIABLES = {"private": "network_given_private_subnet_ids", "public": "network_given_public_subnet_ids"}


@dataclass(frozen=True)
class Given:
    """The subnets that the role's variables name, and how strictly to look at them."""

    private: Sequence[str]
    public: Sequence[str]
    check_tags: bool
    min_free_addresses: int


@dataclass(frozen=True)
class Subnet:
    """A subnet that was found: ``kind`` is private or public, ``table`` the route table that is in force for it."""

    kind: str
    found: Resource
    table: Resource

    @property
    def label(self) -> str:
        return f"Subnet {self.found['subnet_id']} ({self.kind}, {self.found['availability_zone']})"


def check_subnets(observed: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Look at the given subnets; ``observed`` holds ``subnets`` and ``route_tables``, ``given`` the fields of Given.

    Returns ``problems`` (one text each), ``vpc_id``, ``zones`` and ``subnet_ids`` by kind.
    """
    numbers = {"min_free_addresses": int(given["min_free_addresses"])}  # ansible-core 2.18 hands on numbers as text
    wanted = Given(**{**given, **numbers})
    by_id = {subnet["subnet_id"]: subnet for subnet in observed.get("subnets") or []}
    tables = observed.get("route_tables") or []
    named = [(kind, name) for kind in VARIABLES for name in getattr(wanted, kind)]
    subnets = [Subnet(kind, by_id[name], _table_in_force(by_id[name], tables)) for kind, name in named if name in by_id]
    return {
        "problems": [
            *_missing(named, by_id),
            *_together(subnets),
            *(problem for subnet in subnets for problem in _alone(subnet, wanted)),
        ],
        "vpc_id": next((subnet.found["vpc_id"] for subnet in subnets), ""),
        "zones": sorted({subnet.found["availability_zone"] for subnet in subnets if subnet.kind == "private"}),
        "subnet_ids": {kind: list(getattr(wanted, kind)) for kind in VARIABLES},
    }


def _missing(named: list[tuple[str, str]], by_id: Mapping[str, Resource]) -> Iterator[str]:
    for kind, name in named:
        if name not in by_id:
            yield f"Subnet {name} does not exist in this account and region: check {VARIABLES[kind]} and eks_region."
    for name, times in Counter(name for _unused, name in named).items():
        if times > 1:
            yield f"Subnet {name} is named {times} times: name it once, in {' or '.join(VARIABLES.values())}."


def _together(subnets: list[Subnet]) -> Iterator[str]:
    vpcs = {subnet.found["vpc_id"] for subnet in subnets}
    if len(vpcs) > 1:
        yield (
            f"The subnets lie in {len(vpcs)} VPCs ({_homes(subnets, 'vpc_id')}): a cluster has one. Name subnets of "
            "one VPC."
        )
    private = [subnet for subnet in subnets if subnet.kind == "private"]
    zones = {subnet.found["availability_zone"] for subnet in private}
    if len(zones) < MIN_ZONES:
        yield (
            f"The private subnets ({_homes(private, 'availability_zone')}) cover {len(zones)} availability zone(s): "
            f"EKS needs subnets in at least {MIN_ZONES}. Add a subnet of another zone to {VARIABLES['private']}."
        )


def _homes(subnets: list[Subnet], key: str) -> str:
    return ", ".join(f"{subnet.found['subnet_id']} in {subnet.found[key]}" for subnet in subnets) or "none found"


def _alone(subnet: Subnet, given: Given) -> Iterator[str]:
    free = subnet.found["available_ip_address_count"]
    if free < given.min_free_addresses:
        yield (
            f"{subnet.label} has {free} free addresses, network_min_free_addresses wants {given.min_free_addresses}: "
            "EKS needs 6 in each subnet and recommends 16; pods and load balancers come on top. Free some, or name a "
            "larger subnet."
        )
    zone_id = subnet.found.get("availability_zone_id")
    if zone_id in ZONE_IDS_WITHOUT_EKS:
        yield f"{subnet.label} lies in zone {zone_id}, where EKS cannot place a cluster: name one of another zone."
    if given.check_tags:
        yield from _tags(subnet)
    yield from _routes(subnet)


def _tags(subnet: Subnet) -> Iterator[str]:
    key = ROLE_TAGS[subnet.kind]
    value = (subnet.found.get("tags") or {}).get(key)
    if value not in ROLE_TAG_VALUES:
        finding = f"lacks the tag {key}" if value is None else f"has the value {value!r} in the tag {key}"
        yield (
            f"{subnet.label} {finding}: without {key}=1 load balancers do not find it. Tag it, or set "
            "network_check_tags: false if none is to be there."
        )


def _routes(subnet: Subnet) -> Iterator[str]:
    gateway = _internet_gateway(subnet.table)
    table = subnet.table.get("route_table_id", "none")
    if subnet.kind == "private" and gateway:
        yield (
            f"{subnet.label} is not private: its route table {table} sends traffic to the internet gateway {gateway}. "
            f"Name it in {VARIABLES['public']}, or route it through a NAT gateway."
        )
    if subnet.kind == "public" and not gateway:
        yield (
            f"{subnet.label} is not public: its route table {table} has no route to an internet gateway. Name it in "
            f"{VARIABLES['private']}, or add the route."
        )


def _table_in_force(subnet: Resource, tables: Sequence[Resource]) -> Resource:
    """The table that a subnet is associated with, else the main table of its VPC."""

    def matches(key: str, value: Any, table: Resource) -> bool:
        return table["vpc_id"] == subnet["vpc_id"] and any(
            one.get(key) == value for one in table.get("associations") or []
        )

    own = (table for table in tables if matches("subnet_id", subnet["subnet_id"], table))
    main = (table for table in tables if matches("main", True, table))
    return next(own, None) or next(main, {})


def _internet_gateway(table: Resource) -> str:
    targets = (route.get("gateway_id") or "" for route in table.get("routes") or [])
    return next((target for target in targets if target.startswith("igw-")), "")
