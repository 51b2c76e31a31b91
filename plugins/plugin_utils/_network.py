# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster's own VPC: what is wanted, what was found, and what stands between the two. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._network_layout import (
    MAX_ZONES,
    MIN_ZONES,
    LayoutError,
    Slot,
    settle_zones,
    slots,
    usable_zones,
)
from ansible_collections.flotilla.eks.plugins.plugin_utils._ownership import Resource, foreign, owned, owner_text


@dataclass(frozen=True)
class Wanted:
    """What the role's variables ask for. Without ``zones``, up to ``zone_count`` of the region's zones are taken."""

    name: str
    cidr: str
    zones: Sequence[str]
    zone_count: int
    nat: str  # single, per_zone or none
    map_public_ip: bool
    owner: Mapping[str, str]
    tags: Mapping[str, str]

    def tagged(self, *suffix: str, **more: str) -> dict[str, str]:
        """The tags of a resource called ``NAME-SUFFIX``."""
        return {**self.tags, "Name": "-".join([self.name, *suffix]), **more, **self.owner}


@dataclass(frozen=True)
class Found:
    """What the info modules returned.

    ``observed`` holds lists under ``vpcs``, ``subnets``, ``route_tables``, ``internet_gateways``, ``nat_gateways``,
    ``addresses`` and ``zones``, any of them absent where nothing was asked.
    """

    observed: Mapping[str, Any]
    wanted: Wanted

    def ours(self, kind: str) -> list[Resource]:
        """The resources of a kind that carry the ownership tags."""
        return owned(self.observed.get(kind), self.wanted.owner)

    def others(self, kind: str) -> list[Resource]:
        """The resources of a kind that do not."""
        return foreign(self.observed.get(kind), self.wanted.owner)

    @cached_property
    def vpc(self) -> Resource:
        """The cluster's VPC, or an empty mapping."""
        return next(iter(self.ours("vpcs")), {})

    @cached_property
    def vpc_id(self) -> str:
        return str(self.vpc.get("vpc_id", ""))

    @cached_property
    def internet_gateway(self) -> Resource:
        """Our internet gateway, preferably the one that is attached, or an empty mapping."""
        gateways = sorted(self.ours("internet_gateways"), key=lambda gateway: self.vpc_id not in attached_to(gateway))
        return next(iter(gateways), {})

    @cached_property
    def subnets(self) -> dict[str, Resource]:
        """Our subnets by CIDR."""
        return {subnet["cidr_block"]: subnet for subnet in self.ours("subnets")}

    @cached_property
    def slots(self) -> list[Slot]:
        """Raises LayoutError."""
        return slots(self.wanted.cidr)

    @cached_property
    def occupied(self) -> dict[int, str]:
        """The zones that have subnets of ours, by slot."""
        return {
            number: self.subnets[cidr]["availability_zone"]
            for number, slot in enumerate(self.slots)
            for cidr in (slot.public, slot.private)
            if cidr in self.subnets
        }

    @cached_property
    def zones(self) -> dict[int, str]:
        """The zones that the VPC is to span, by slot."""
        number = len(self.wanted.zones) or self.wanted.zone_count
        return settle_zones(self.occupied, self.wanted.zones or self.region_zones, number)

    @cached_property
    def region_zones(self) -> list[str]:
        return usable_zones(self.observed.get("zones") or [])

    @cached_property
    def places(self) -> list[tuple[str, str, str]]:
        """(kind, zone, CIDR) of every subnet that is to be, private ones first."""
        return [
            (kind, zone, getattr(self.slots[number], kind))
            for kind in ("private", "public")
            for number, zone in self.zones.items()
        ]


def attached_to(internet_gateway: Resource) -> list[str]:
    """The VPCs that an internet gateway is attached to: one at most."""
    return [attachment["vpc_id"] for attachment in internet_gateway.get("attachments") or []]


def problems(found: Found) -> list[str]:
    """Everything that keeps the VPC from becoming what is wanted, with what to do: nothing may be written before."""
    try:
        return [
            *_vpc_problems(found),
            *(_zone_problems(found) or _overlap_problems(found)),
            *_gateway_problems(found),
        ]
    except LayoutError as error:
        return [str(error)]


def _vpc_problems(found: Found) -> Iterator[str]:
    if len(found.ours("vpcs")) > 1:
        ids = ", ".join(vpc["vpc_id"] for vpc in found.ours("vpcs"))
        yield (
            f"Several VPCs ({ids}) carry the tag {owner_text(found.wanted.owner)}: remove it from those that are not "
            "the cluster's, or remove them all with network_state: absent."
        )
    if found.vpc and found.vpc["cidr_block"] != found.wanted.cidr:
        yield (
            f"VPC {found.vpc_id} of cluster {found.wanted.name} has the CIDR {found.vpc['cidr_block']}, network_cidr "
            f"wants {found.wanted.cidr}: a VPC's CIDR cannot be changed. Set network_cidr back, or remove the network "
            "first with network_state: absent."
        )


def _zone_problems(found: Found) -> list[str]:
    wanted = found.wanted.zones
    number = len(wanted) if wanted else found.wanted.zone_count
    if len(set(wanted)) < len(wanted):
        return [f"network_zones_wanted names a zone twice: {', '.join(wanted)}."]
    if not MIN_ZONES <= number <= MAX_ZONES:
        source = f"network_zones_wanted ({', '.join(wanted)})" if wanted else "network_zone_count"
        return [
            f"{source} asks for {number} availability zone(s): EKS needs at least {MIN_ZONES}, the layout of the VPC "
            f"holds {MAX_ZONES}."
        ]
    return [*_unusable_zones(found), *_forgotten_zones(found)] or _missing_zones(found)


def _unusable_zones(found: Found) -> list[str]:
    asked = [zone for zone in found.wanted.zones if zone not in found.occupied.values()]
    return [
        f"Zone {zone} of network_zones_wanted is not one where EKS can place a cluster here; these are: "
        f"{', '.join(found.region_zones)}."
        for zone in asked
        if found.region_zones and zone not in found.region_zones
    ]


def _forgotten_zones(found: Found) -> list[str]:
    return [
        f"Zone {zone} has subnets of cluster {found.wanted.name}, but network_zones_wanted does not name it: a cluster "
        "cannot leave a zone. Add it, or remove the network first with network_state: absent."
        for zone in sorted(set(found.occupied.values()))
        if found.wanted.zones and zone not in found.wanted.zones
    ]


def _missing_zones(found: Found) -> list[str]:
    if len(found.zones) >= MIN_ZONES:
        return []
    return [
        f"The region has {len(found.zones)} availability zone(s) where EKS can place a cluster "
        f"({', '.join(found.zones.values()) or 'none'}): it needs at least {MIN_ZONES}. Choose another region."
    ]


def _overlap_problems(found: Found) -> Iterator[str]:
    for other in found.others("subnets"):
        for kind, zone, cidr in found.places:
            if cidr not in found.subnets and IPv4Network(cidr).overlaps(IPv4Network(other["cidr_block"])):
                yield (
                    f"Subnet {other['subnet_id']} ({other['cidr_block']}) in VPC {found.vpc_id} lies where the {kind} "
                    f"subnet of {zone} ({cidr}) belongs, and does not carry the tag {owner_text(found.wanted.owner)}: "
                    "tag it if it is the cluster's, else remove it."
                )


def _gateway_problems(found: Found) -> Iterator[str]:
    for gateway in found.others("internet_gateways"):
        if found.vpc_id in attached_to(gateway):
            yield (
                f"Internet gateway {gateway['internet_gateway_id']} is attached to VPC {found.vpc_id} but does not "
                f"carry the tag {owner_text(found.wanted.owner)}: tag it if it is the cluster's, else detach it."
            )
