# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster's own VPC lacks: found and wanted in, what to make or change out. Pure.

Every item of a plan says in ``changes`` what differs; an item without changes needs no module run. Identifiers of things that
do not exist yet are empty. Only what carries the ownership tags is ever an item.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._network import Found, Wanted, attached_to, problems
from ansible_collections.flotilla.eks.plugins.plugin_utils._network_layout import ROLE_TAGS
from ansible_collections.flotilla.eks.plugins.plugin_utils._ownership import Resource, tag_changes

Item = dict[str, Any]

EVERYWHERE = "0.0.0.0/0"
MAKE = "make it"
STEPS = ("internet_gateway", "subnets", "addresses", "nat_gateways", "route_tables", "surplus_nat_gateways", "surplus_addresses")
USABLE_NAT = ("pending", "available")


def plan_network(observed: Mapping[str, Any], wanted: Mapping[str, Any]) -> Item:
    """The plan of a VPC: ``observed`` as Found describes it, ``wanted`` with the fields of Wanted.

    Returns ``problems`` (then nothing else counts), ``changes`` (one line each), ``zones``, ``subnet_ids`` by kind, the item
    ``vpc``, and a list of items for each of STEPS, in the order in which they can be made.
    """
    found = Found(observed, Wanted(**wanted))
    if troubles := problems(found):
        return {"problems": troubles, "changes": []}
    subnets = _subnets(found)
    gateways = _nat_gateways(found, subnets)
    addresses = _addresses(found, gateways)
    plan: Item = {
        "problems": [],
        "zones": list(found.zones.values()),
        "subnet_ids": {kind: [item["id"] or _placeholder(item) for item in subnets if item["kind"] == kind] for kind in ROLE_TAGS},
        "vpc": _vpc(found),
        "internet_gateway": [_internet_gateway(found)],
        "subnets": subnets,
        "addresses": addresses,
        "nat_gateways": gateways,
        "route_tables": _route_tables(found, subnets, gateways),
        "surplus_nat_gateways": _surplus_nat_gateways(found, gateways),
        "surplus_addresses": _surplus_addresses(found, gateways),
    }
    return {**plan, "changes": _lines([plan["vpc"], *(item for step in STEPS for item in plan[step])])}


def _lines(items: Iterable[Item]) -> list[str]:
    return [f"{item['label']}: {', '.join(item['changes'])}" for item in items if item["changes"]]


def _placeholder(subnet: Item) -> str:
    """What stands for a subnet in a plan before it exists: subnet-planned-private-a."""
    return f"subnet-planned-{subnet['kind']}-{subnet['zone'][-1]}"


def _vpc(found: Found) -> Item:
    tags = found.wanted.tagged()
    settings = {"enable_dns_support": "switch DNS support on", "enable_dns_hostnames": "switch DNS host names on"}
    repairs = [text for key, text in settings.items() if not found.vpc.get(key)] + tag_changes(found.vpc, tags)
    return {
        "label": f"VPC {found.wanted.name} ({found.wanted.cidr})",
        "id": found.vpc_id,
        "name": tags["Name"],
        "cidr": found.wanted.cidr,
        "tags": tags,
        "changes": repairs if found.vpc_id else [MAKE],
    }


def _internet_gateway(found: Found) -> Item:
    gateway = found.internet_gateway
    tags = found.wanted.tagged()
    repairs = ["attach it to the VPC"] * (found.vpc_id not in attached_to(gateway)) + tag_changes(gateway, tags)
    return {
        "label": f"internet gateway {tags['Name']}",
        "id": gateway.get("internet_gateway_id", ""),
        "tags": tags,
        "changes": repairs if gateway else [MAKE],
    }


def _subnets(found: Found) -> list[Item]:
    return [_subnet(found, kind, zone, cidr) for kind, zone, cidr in found.places]


def _subnet(found: Found, kind: str, zone: str, cidr: str) -> Item:
    subnet = found.subnets.get(cidr, {})
    shared = {ROLE_TAGS[kind]: "1", f"kubernetes.io/cluster/{found.wanted.name}": "shared"}
    tags = found.wanted.tagged(kind, zone, **shared)
    map_public_ip = kind == "public" and found.wanted.map_public_ip
    switch = f"switch public addresses {'on' if map_public_ip else 'off'}"
    repairs = [switch] * (subnet.get("map_public_ip_on_launch") != map_public_ip) + tag_changes(subnet, tags)
    return {
        "label": f"subnet {tags['Name']} ({cidr})",
        "id": subnet.get("subnet_id", ""),
        "kind": kind,
        "zone": zone,
        "cidr": cidr,
        "map_public_ip": map_public_ip,
        "tags": tags,
        "changes": repairs if subnet else [MAKE],
    }


def _nat_gateways(found: Found, subnets: list[Item]) -> list[Item]:
    """One per zone, or one for all: then one that exists stays, wherever it is."""
    usable = {gateway["subnet_id"]: gateway for gateway in found.ours("nat_gateways") if gateway["state"] in USABLE_NAT}
    homes = [subnet for subnet in subnets if subnet["kind"] == "public"]
    if found.wanted.nat == "none":
        homes = []
    elif found.wanted.nat == "single":
        homes = [next((home for home in homes if home["id"] in usable), homes[0])]
    spare = iter([address["allocation_id"] for address in found.ours("addresses") if not address.get("association_id")])
    return [_nat_gateway(found.wanted, home, usable.get(home["id"], {}), spare) for home in homes]


def _nat_gateway(wanted: Wanted, home: Item, gateway: Resource, spare: Iterable[str]) -> Item:
    tags = wanted.tagged("nat", home["zone"])
    allocations = [address["allocation_id"] for address in gateway.get("nat_gateway_addresses") or []]
    return {
        "label": f"NAT gateway {tags['Name']}",
        "id": gateway.get("nat_gateway_id", ""),
        "zone": home["zone"],
        "subnet_id": home["id"],
        "allocation_id": next(iter(allocations), None) if gateway else next(iter(spare), ""),
        "tags": tags,
        "changes": tag_changes(gateway, tags) if gateway else [MAKE],
    }


def _addresses(found: Found, gateways: list[Item]) -> list[Item]:
    """The elastic addresses of the NAT gateways: those to allocate, and those of ours to repair."""
    tags = found.wanted.tagged("nat")
    used = {gateway["allocation_id"] for gateway in gateways}
    kept = [address for address in found.ours("addresses") if address["allocation_id"] in used]
    return [
        {"label": f"elastic address {tags['Name']}", "public_ip": public_ip, "tags": tags, "changes": changes}
        for public_ip, changes in [
            *((address["public_ip"], tag_changes(address, tags)) for address in kept),
            *(("", ["allocate it"]) for gateway in gateways if not gateway["allocation_id"]),
        ]
    ]


def _surplus_nat_gateways(found: Found, gateways: list[Item]) -> list[Item]:
    wanted = {gateway["id"] for gateway in gateways}
    return [
        {"label": f"NAT gateway {gateway['nat_gateway_id']}", "id": gateway["nat_gateway_id"], "changes": ["remove it"]}
        for gateway in found.ours("nat_gateways")
        if gateway["state"] in USABLE_NAT and gateway["nat_gateway_id"] not in wanted
    ]


def _surplus_addresses(found: Found, gateways: list[Item]) -> list[Item]:
    used = {gateway["allocation_id"] for gateway in gateways}
    return [
        {"label": f"elastic address {address['public_ip']}", "public_ip": address["public_ip"], "changes": ["release it"]}
        for address in found.ours("addresses")
        if address["allocation_id"] not in used
    ]


def _route_tables(found: Found, subnets: list[Item], gateways: list[Item]) -> list[Item]:
    """One table for the public subnets and one for each private subnet, so that no change of NAT moves a subnet elsewhere."""
    public = [subnet for subnet in subnets if subnet["kind"] == "public"]
    internet = {"gateway_id": found.internet_gateway.get("internet_gateway_id", "")}
    tables = [_route_table(found, ("public",), public, internet)]
    for subnet in subnets:
        if subnet["kind"] == "private":
            gateway = next((item for item in gateways if item["zone"] == subnet["zone"]), next(iter(gateways), None))
            way_out = {"nat_gateway_id": gateway["id"]} if gateway else {}
            tables.append(_route_table(found, ("private", subnet["zone"]), [subnet], way_out))
    return tables


def _route_table(found: Found, suffix: tuple[str, ...], subnets: list[Item], way_out: Mapping[str, str]) -> Item:
    tags = found.wanted.tagged(*suffix)
    ids = {subnet["id"] for subnet in subnets}
    table = _matching_table(found.ours("route_tables"), ids, tags["Name"])
    associated = _subnets_of(table)
    taken = [subnet for other in found.observed.get("route_tables") or [] for subnet in _subnets_of(other)]
    dead = _dead_default_route(found, table) if not way_out else False
    repairs = [
        *([f"send {EVERYWHERE} to the {'internet' if 'gateway_id' in way_out else 'NAT'} gateway"] * _misses(table, way_out)),
        *([f"remove the route of {EVERYWHERE}"] * dead),
        *(f"associate subnet {subnet['tags']['Name']}" for subnet in subnets if subnet["id"] not in associated),
        *tag_changes(table, tags),
    ]
    return {
        "label": f"route table {tags['Name']}",
        "id": table.get("route_table_id", ""),
        "subnet_ids": [subnet["id"] for subnet in subnets],
        "moves_subnets": bool(ids.intersection(taken) - set(associated)),
        "routes": [{"dest": EVERYWHERE, "gateway_id": way_out.get("nat_gateway_id", "igw")}] if way_out else _other_routes(table),
        "purge_routes": dead,
        "tags": tags,
        "changes": repairs if table else [MAKE],
    }


def _matching_table(tables: list[Resource], subnet_ids: set[str], name: str) -> Resource:
    """The table that has the subnets already; else the one of that name, left by a run that was stopped."""
    by_subnet = (table for table in tables if subnet_ids.intersection(_subnets_of(table)))
    by_name = (table for table in tables if table["tags"].get("Name") == name)
    return next(by_subnet, None) or next(by_name, {})


def _subnets_of(table: Resource) -> list[str]:
    return [association["subnet_id"] for association in table.get("associations") or [] if association.get("subnet_id")]


def _default_route(table: Resource) -> Resource:
    return next((route for route in table.get("routes") or [] if route.get("destination_cidr_block") == EVERYWHERE), {})


def _misses(table: Resource, way_out: Mapping[str, str]) -> bool:
    """Whether the default route leads elsewhere, or into a gateway that is gone."""
    route = _default_route(table)
    return any(not target or route.get(key) != target for key, target in way_out.items()) or (
        bool(way_out) and route.get("state") == "blackhole"
    )


def _dead_default_route(found: Found, table: Resource) -> bool:
    """Whether the default route leads to a NAT gateway of ours, gone or going; one that the user made elsewhere stays."""
    route = _default_route(table)
    known = {gateway["nat_gateway_id"] for gateway in found.ours("nat_gateways")}
    return bool(route.get("nat_gateway_id")) and (route["nat_gateway_id"] in known or route.get("state") == "blackhole")


def _other_routes(table: Resource) -> list[dict[str, str]]:
    """The routes that somebody added, in the words of ec2_vpc_route_table, which purges all that it is not told."""
    ignored = ("instance_id", "interface_id")  # the network interface says the same
    return [
        {"dest": route["destination_cidr_block"], **targets}
        for route in table.get("routes") or []
        if route.get("origin") == "CreateRoute" and route.get("destination_cidr_block") not in (None, EVERYWHERE)
        if (targets := {key: value for key, value in route.items() if key.endswith("_id") and value and key not in ignored})
    ]
