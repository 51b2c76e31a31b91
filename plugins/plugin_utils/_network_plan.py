# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster's own VPC lacks: found and wanted in, what to make or change out. Pure.

Every item of a plan says in ``changes`` what differs; an item without changes needs no module run. Identifiers of
things that do not exist yet are empty. Only what carries the ownership tags is ever an item.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._network import Found, Wanted, attached_to, problems
from ansible_collections.flotilla.eks.plugins.plugin_utils._network_layout import ROLE_TAGS
from ansible_collections.flotilla.eks.plugins.plugin_utils._network_routes import plan_route_tables
from ansible_collections.flotilla.eks.plugins.plugin_utils._ownership import Resource, tag_changes

Item = dict[str, Any]

USABLE_NAT = ("pending", "available")


def plan_network(observed: Mapping[str, Any], wanted: Mapping[str, Any]) -> Item:
    """The plan of a VPC: ``observed`` as Found describes it, ``wanted`` with the fields of Wanted.

    Returns ``problems`` (then nothing else counts), ``changes`` (one line each), ``zones``, ``subnet_ids`` by kind, and
    lists of items in the order in which they can be made: ``vpcs`` and ``internet_gateways`` (of one item each),
    ``subnets``, ``addresses``, ``nat_gateways``, ``route_tables``, ``surplus_nat_gateways``, ``surplus_addresses``.
    """
    numbers = {"zone_count": int(wanted["zone_count"])}  # ansible-core 2.18 hands on numbers as text
    found = Found(observed, Wanted(**{**wanted, **numbers}))
    if troubles := problems(found):
        return {"problems": troubles, "changes": []}
    subnets = [_subnet(found, kind, zone, cidr) for kind, zone, cidr in found.places]
    gateways = _nat_gateways(found, subnets)
    items = {
        "vpcs": [_vpc(found)],
        "internet_gateways": [_internet_gateway(found)],
        "subnets": subnets,
        "addresses": [*_kept_addresses(found, gateways), *_new_addresses(found, gateways)],
        "nat_gateways": gateways,
        "route_tables": plan_route_tables(found, subnets, gateways),
        "surplus_nat_gateways": list(_surplus_nat_gateways(found, gateways)),
        "surplus_addresses": list(_surplus_addresses(found, gateways)),
    }
    return {
        "problems": [],
        "changes": [
            f"{item['label']}: {', '.join(item['changes'])}" for item in chain(*items.values()) if item["changes"]
        ],
        "zones": list(found.zones.values()),
        "subnet_ids": {kind: [_id(subnet) for subnet in subnets if subnet["kind"] == kind] for kind in ROLE_TAGS},
        **items,
    }


def _id(subnet: Item) -> str:
    """The subnet's identifier, or what stands for it in a plan before it exists: ``subnet-planned-private-a``."""
    return subnet["id"] or f"subnet-planned-{subnet['kind']}-{subnet['zone'][-1]}"


def _vpc(found: Found) -> Item:
    tags = found.wanted.tagged()
    repairs = tag_changes(found.vpc, tags)
    repairs += [] if found.vpc.get("enable_dns_support") else ["switch DNS support on"]
    repairs += [] if found.vpc.get("enable_dns_hostnames") else ["switch DNS host names on"]
    return {
        "label": f"VPC {found.wanted.name} ({found.wanted.cidr})",
        "id": found.vpc_id,
        "cidr": found.wanted.cidr,
        "tags": tags,
        "changes": repairs if found.vpc else ["make it"],
    }


def _internet_gateway(found: Found) -> Item:
    gateway = found.internet_gateway
    tags = found.wanted.tagged()
    repairs = tag_changes(gateway, tags)
    repairs += [] if found.vpc_id in attached_to(gateway) else ["attach it to the VPC"]
    return {
        "label": f"internet gateway {tags['Name']}",
        "id": gateway.get("internet_gateway_id", ""),
        "tags": tags,
        "changes": repairs if gateway else ["make it"],
    }


def _subnet(found: Found, kind: str, zone: str, cidr: str) -> Item:
    subnet = found.subnets.get(cidr, {})
    shared = f"kubernetes.io/cluster/{found.wanted.name}"
    tags = found.wanted.tagged(kind, zone, **{ROLE_TAGS[kind]: "1", shared: "shared"})
    map_public_ip = kind == "public" and found.wanted.map_public_ip
    repairs = tag_changes(subnet, tags)
    if subnet.get("map_public_ip_on_launch") != map_public_ip:
        repairs += [f"switch public addresses {'on' if map_public_ip else 'off'}"]
    return {
        "label": f"subnet {tags['Name']} ({cidr})",
        "id": subnet.get("subnet_id", ""),
        "kind": kind,
        "zone": zone,
        "cidr": cidr,
        "map_public_ip": map_public_ip,
        "tags": tags,
        "changes": repairs if subnet else ["make it"],
    }


def _nat_gateways(found: Found, subnets: list[Item]) -> list[Item]:
    """One in each zone, or one for all: then one that exists stays, wherever it is."""
    usable = {gateway["subnet_id"]: gateway for gateway in found.ours("nat_gateways") if gateway["state"] in USABLE_NAT}
    homes = [subnet for subnet in subnets if subnet["kind"] == "public"]
    if found.wanted.nat == "none":
        homes = []
    elif found.wanted.nat == "single":
        homes = [next((home for home in homes if home["id"] in usable), homes[0])]
    spare = iter([address["allocation_id"] for address in found.ours("addresses") if not address.get("association_id")])
    return [_nat_gateway(found.wanted, home, usable.get(home["id"], {}), spare) for home in homes]


def _nat_gateway(wanted: Wanted, home: Item, gateway: Resource, spare: Iterator[str]) -> Item:
    tags = wanted.tagged("nat", home["zone"])
    own = (address["allocation_id"] for address in gateway.get("nat_gateway_addresses") or [])
    return {
        "label": f"NAT gateway {tags['Name']}",
        "id": gateway.get("nat_gateway_id", ""),
        "zone": home["zone"],
        "subnet_id": home["id"],
        "allocation_id": next(own if gateway else spare, ""),
        "tags": tags,
        "changes": tag_changes(gateway, tags) if gateway else ["make it"],
    }


def _kept_addresses(found: Found, gateways: list[Item]) -> Iterator[Item]:
    used = {gateway["allocation_id"] for gateway in gateways}
    for address in found.ours("addresses"):
        if address["allocation_id"] in used:
            yield _address(found.wanted, address["public_ip"], tag_changes(address, found.wanted.tagged("nat")))


def _new_addresses(found: Found, gateways: list[Item]) -> Iterator[Item]:
    for gateway in gateways:
        if not gateway["allocation_id"]:
            yield _address(found.wanted, "", ["allocate it"])


def _address(wanted: Wanted, public_ip: str, changes: list[str]) -> Item:
    tags = wanted.tagged("nat")
    return {"label": f"elastic address {tags['Name']}", "public_ip": public_ip, "tags": tags, "changes": changes}


def _surplus_nat_gateways(found: Found, gateways: list[Item]) -> Iterator[Item]:
    wanted = {gateway["id"] for gateway in gateways}
    for gateway in found.ours("nat_gateways"):
        name = gateway["nat_gateway_id"]
        if gateway["state"] in USABLE_NAT and name not in wanted:
            yield {"label": f"NAT gateway {name}", "id": name, "changes": ["remove it"]}


def _surplus_addresses(found: Found, gateways: list[Item]) -> Iterator[Item]:
    used = {gateway["allocation_id"] for gateway in gateways}
    for address in found.ours("addresses"):
        public_ip = address["public_ip"]
        if address["allocation_id"] not in used:
            yield {"label": f"elastic address {public_ip}", "public_ip": public_ip, "changes": ["release it"]}
