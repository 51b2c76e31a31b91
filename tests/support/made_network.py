# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out the plan of a VPC on paper: what was found becomes what the info modules would find afterwards."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

Observed = dict[str, Any]
Item = dict[str, Any]

IDS = {
    "vpcs": ("vpc_id", "vpc"),
    "internet_gateways": ("internet_gateway_id", "igw"),
    "subnets": ("subnet_id", "subnet"),
    "addresses": ("public_ip", "203.0.113"),
    "nat_gateways": ("nat_gateway_id", "nat"),
    "route_tables": ("route_table_id", "rtb"),
}


def make(observed: Observed, plan: Item) -> Observed:
    """The account after the plan; ``observed`` itself stays as it is."""
    account = {kind: deepcopy(observed.get(kind, [])) for kind in (*IDS, "zones")}
    for kind in ("vpcs", "internet_gateways", "subnets", "addresses"):
        for item in plan[kind]:
            _put(account, kind, item, **_members(account, kind, item))
    for item in plan["nat_gateways"]:
        _make_nat_gateway(account, item)
    for item in plan["route_tables"]:
        _make_route_table(account, item)
    for item in plan["surplus_nat_gateways"]:
        next(one for one in account["nat_gateways"] if one["nat_gateway_id"] == item["id"])["state"] = "deleted"
    released = [item["public_ip"] for item in plan["surplus_addresses"]]
    account["addresses"] = [one for one in account["addresses"] if one["public_ip"] not in released]
    return account


def _put(account: Observed, kind: str, item: Item, **members: Any) -> Item:
    """Make or change one thing; what has no identifier yet gets the next one."""
    key, prefix = IDS[kind]
    name = item.get("id") or item.get("public_ip")
    found = next((one for one in account[kind] if one[key] == name), None)
    if found is None:
        separator = "." if kind == "addresses" else "-"
        found = {key: f"{prefix}{separator}{len(account[kind]) + 1}", "tags": {}}
        account[kind].append(found)
    found.update(members)
    found["tags"].update(item["tags"])
    return found


def _members(account: Observed, kind: str, item: Item) -> Item:
    vpc = account["vpcs"][0]["vpc_id"] if account["vpcs"] else ""
    if kind == "vpcs":
        return {"cidr_block": item["cidr"], "enable_dns_support": True, "enable_dns_hostnames": True}
    if kind == "internet_gateways":
        return {"attachments": [{"vpc_id": vpc}]}
    if kind == "subnets":
        place = {"vpc_id": vpc, "cidr_block": item["cidr"], "availability_zone": item["zone"]}
        return {**place, "map_public_ip_on_launch": item["map_public_ip"]}
    if not item["public_ip"]:
        return {"allocation_id": f"eipalloc-{len(account['addresses']) + 1}"}
    return {}


def _make_nat_gateway(account: Observed, item: Item) -> None:
    homes = {subnet["tags"]["Name"].removeprefix("demo-public-"): subnet["subnet_id"] for subnet in account["subnets"]}
    spare = (one for one in account["addresses"] if not one.get("association_id"))
    allocation = item["allocation_id"] or next(spare)["allocation_id"]
    address = next(one for one in account["addresses"] if one["allocation_id"] == allocation)
    address["association_id"] = f"eipassoc-{allocation}"
    members = {"state": "available", "subnet_id": item["subnet_id"] or homes[item["zone"]]}
    _put(account, "nat_gateways", item, nat_gateway_addresses=[{"allocation_id": allocation}], **members)


def _make_route_table(account: Observed, item: Item) -> None:
    """Like ec2_vpc_route_table, with subnets and NAT gateways known by now."""
    ids = {subnet["tags"]["Name"]: subnet["subnet_id"] for subnet in account["subnets"]}
    name = item["tags"]["Name"]
    wanted = [value for key, value in ids.items() if key == name or (name == "demo-public" and key.startswith(name))]
    for table in account["route_tables"]:
        table["associations"] = [one for one in table["associations"] if one["subnet_id"] not in wanted]
    table = _put(account, "route_tables", item)
    table["associations"] = [{"subnet_id": subnet} for subnet in wanted]
    kept = [] if item["purge_routes"] else table.get("routes", [])
    made = [_route(account, route, name) for route in item["routes"]]
    dests = [route["destination_cidr_block"] for route in made]
    table["routes"] = [route for route in kept if route["destination_cidr_block"] not in dests] + made


def _route(account: Observed, route: Item, table: str) -> Item:
    members = {"destination_cidr_block": route["dest"], "origin": "CreateRoute", "state": "active"}
    if route.get("gateway_id") == "igw":
        return {**members, "gateway_id": account["internet_gateways"][0]["internet_gateway_id"]}
    if "gateway_id" not in route:
        return {**members, **{key: value for key, value in route.items() if key != "dest"}}
    return {
        **members,
        "nat_gateway_id": route["gateway_id"] or _nearest_nat(account, table.removeprefix("demo-private-")),
    }


def _nearest_nat(account: Observed, zone: str) -> str:
    usable = [one for one in account["nat_gateways"] if one["state"] == "available"]
    near = [one for one in usable if one["tags"]["Name"].endswith(zone)] or usable
    return str(near[0]["nat_gateway_id"])
