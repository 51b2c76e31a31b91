# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subnets of a cluster's VPC: arithmetic over a CIDR and the region's zones. Pure.

The VPC's block is cut into eighths. The first six hold the private subnets of up to six zones (nodes and pods live
there); the last one is cut into eighths again, whose first six hold the public subnets (load balancers, NAT gateways).
The place of a zone's subnets depends on nothing else, so that adding a zone later moves no subnet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import count
from typing import Any

MAX_ZONES = 6
MIN_ZONES = 2  # EKS demands subnets of at least two zones
PREFIX_LENGTHS = range(16, 22)  # a VPC has /16 at most; a /21 still leaves public subnets of 27 addresses

# By these the load balancer controllers find the subnets of each kind.
ROLE_TAGS = {"private": "kubernetes.io/role/internal-elb", "public": "kubernetes.io/role/elb"}

# EKS places no network interfaces here: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
ZONE_IDS_WITHOUT_EKS = frozenset({"use1-az3", "usw1-az2", "cac1-az3"})


class LayoutError(ValueError):
    """The CIDR or the zones cannot hold a cluster's subnets; the message says what to change."""


@dataclass(frozen=True)
class Slot:
    """The two CIDRs that one zone gets."""

    private: str
    public: str


def slots(cidr: str) -> list[Slot]:
    """The places for zones in a VPC's IPv4 CIDR; raises LayoutError for one that EC2 refuses or that is too small."""
    try:
        vpc = IPv4Network(cidr)
    except ValueError as error:
        text = f"network_cidr {cidr!r} is not an IPv4 network: {error}. Write it like 10.0.0.0/16."
        raise LayoutError(text) from error
    if vpc.prefixlen not in PREFIX_LENGTHS:
        raise LayoutError(
            f"network_cidr {cidr} has a prefix of /{vpc.prefixlen}: it must lie between /{PREFIX_LENGTHS[0]} (the "
            f"largest VPC) and /{PREFIX_LENGTHS[-1]} (smaller ones leave no room for load balancers). For another "
            "layout make the subnets yourself and name them in network_given_private_subnet_ids."
        )
    eighths = list(vpc.subnets(prefixlen_diff=3))
    return [
        Slot(str(private), str(public))
        for private, public in zip(eighths[:MAX_ZONES], eighths[-1].subnets(prefixlen_diff=3), strict=False)
    ]


def usable_zones(described: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names of the zones where EKS can place a cluster, in order, from what ``amazon.aws.aws_az_info`` returns."""
    return sorted(
        zone["zone_name"]
        for zone in described
        if zone.get("state") == "available"
        and zone.get("zone_type", "availability-zone") == "availability-zone"
        and zone.get("opt_in_status") != "not-opted-in"
        and zone.get("zone_id") not in ZONE_IDS_WITHOUT_EKS
    )


def settle_zones(occupied: Mapping[int, str], candidates: Sequence[str], wanted: int) -> dict[int, str]:
    """Give zones to slots until ``wanted`` zones have one: ``{slot number: zone}``.

    Zones that already ``occupied`` a slot keep it, even beyond the wanted number: nodes may run in their subnets.
    Fewer zones than wanted come out where there are fewer candidates.
    """
    settled = dict(occupied)
    free_slots = (number for number in count() if number not in occupied)
    for zone in candidates:
        if len(settled) >= wanted:
            break
        if zone not in settled.values():
            settled[next(free_slots)] = zone
    return dict(sorted(settled.items()))
