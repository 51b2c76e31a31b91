# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The route tables of a cluster's own VPC: what they lack. Pure.

There is one table for the public subnets and one for each private subnet, so that no change of NAT moves a subnet from
one table to another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._network import Found
from ansible_collections.flotilla.eks.plugins.plugin_utils._ownership import Resource, tag_changes

Item = dict[str, Any]

EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class Exit:
    """Where a default route is to lead: ``target`` is empty as long as the gateway does not exist."""

    label: str
    key: str  # under which a route names such a target
    target: str


def plan_route_tables(found: Found, subnets: list[Item], gateways: list[Item]) -> list[Item]:
    """Items for the route tables of the planned ``subnets``; a private one goes through the NAT gateway of its zone, if
    there is none through the first of the ``gateways``, and without any nowhere.
    """
    public = [subnet for subnet in subnets if subnet["kind"] == "public"]
    internet = Exit("internet gateway", "gateway_id", found.internet_gateway.get("internet_gateway_id", ""))
    wanted: list[tuple[dict[str, str], list[Item], Exit | None]] = [(found.wanted.tagged("public"), public, internet)]
    for subnet in subnets:
        if subnet["kind"] == "private":
            tags = found.wanted.tagged("private", subnet["zone"])
            wanted.append((tags, [subnet], _nat(subnet["zone"], gateways)))
    names = [tags["Name"] for tags, *_unused in wanted]
    return [_table(found, tags, own, way_out, names) for tags, own, way_out in wanted]


def _nat(zone: str, gateways: list[Item]) -> Exit | None:
    near = [gateway for gateway in gateways if gateway["zone"] == zone] or gateways
    return Exit("NAT gateway", "nat_gateway_id", near[0]["id"]) if near else None


def _table(found: Found, tags: dict[str, str], subnets: list[Item], way_out: Exit | None, names: Sequence[str]) -> Item:
    """The item of one table; ``names`` are those of all tables that are to be."""
    ids = {subnet["id"] for subnet in subnets}
    table = _matching_table(found.ours("route_tables"), ids, tags["Name"], names)
    associated = _subnets_of(table)
    repairs = tag_changes(table, tags)
    repairs += [f"associate {subnet['label']}" for subnet in subnets if subnet["id"] not in associated]
    dead_end = way_out is None and _leads_to_nat_of_ours(found, table)
    if way_out and not _leads_to(table, way_out):
        repairs.append(f"send {EVERYWHERE} to the {way_out.label}")
    if dead_end:
        repairs.append(f"remove the route to {EVERYWHERE}")
    taken = {subnet for other in found.observed.get("route_tables") or [] for subnet in _subnets_of(other)}
    return {
        "label": f"route table {tags['Name']}",
        "id": table.get("route_table_id", ""),
        "subnet_ids": [subnet["id"] for subnet in subnets],
        "moves_subnets": bool((ids & taken).difference(associated)),
        "routes": [_default_route_to(way_out)] if way_out else _other_routes(table),
        "purge_routes": dead_end,
        "tags": tags,
        "changes": repairs if table else ["make it"],
    }


def _matching_table(tables: list[Resource], subnet_ids: set[str], name: str, names: Sequence[str]) -> Resource:
    """The table of that name; else one that lost its name, and has the subnets."""
    by_name = [table for table in tables if table["tags"].get("Name") == name]
    nameless = [table for table in tables if table["tags"].get("Name") not in names]
    by_subnet = [table for table in nameless if subnet_ids.intersection(_subnets_of(table))]
    return next(iter(by_name + by_subnet), {})


def _subnets_of(table: Resource) -> list[str]:
    return [one["subnet_id"] for one in table.get("associations") or [] if one.get("subnet_id")]


def _default_route(table: Resource) -> Resource:
    routes = table.get("routes") or []
    return next((route for route in routes if route.get("destination_cidr_block") == EVERYWHERE), {})


def _leads_to(table: Resource, way_out: Exit) -> bool:
    route = _default_route(table)
    return bool(way_out.target) and route.get(way_out.key) == way_out.target and route.get("state") != "blackhole"


def _leads_to_nat_of_ours(found: Found, table: Resource) -> bool:
    """Whether the default route leads to a NAT gateway of ours or to one that is gone; elsewhere the user sent it."""
    route = _default_route(table)
    ours = {gateway["nat_gateway_id"] for gateway in found.ours("nat_gateways")}
    return bool(route.get("nat_gateway_id")) and (route["nat_gateway_id"] in ours or route.get("state") == "blackhole")


def _default_route_to(way_out: Exit) -> Mapping[str, str]:
    """In the words of ec2_vpc_route_table, where "igw" stands for the internet gateway of the VPC."""
    return {"dest": EVERYWHERE, "gateway_id": "igw" if way_out.key == "gateway_id" else way_out.target}


def _other_routes(table: Resource) -> list[dict[str, str]]:
    """The routes that somebody added, in the words of ec2_vpc_route_table, which purges all that it is not told."""
    return [
        {"dest": route["destination_cidr_block"], **_targets(route)}
        for route in table.get("routes") or []
        if route.get("origin") == "CreateRoute" and route.get("destination_cidr_block") not in (None, EVERYWHERE)
    ]


def _targets(route: Resource) -> dict[str, str]:
    repeated = ("instance_id", "interface_id")  # network_interface_id says the same
    return {key: value for key, value in route.items() if key.endswith("_id") and value and key not in repeated}
