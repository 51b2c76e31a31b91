# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is there a way from the instance to the cluster's endpoint, and to the AWS services that it needs? Routes, DNS. Pure.

https://docs.aws.amazon.com/eks/latest/userguide/ cluster-endpoint.html, private-clusters.html
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from ansible_collections.flotilla.eks.plugins.module_utils._join.evidence import (
    Answer,
    Case,
    Evidence,
    Unread,
    blocking,
    suspicious,
)
from ansible_collections.flotilla.eks.plugins.module_utils._join.network import HTTPS, peer_of
from ansible_collections.flotilla.eks.plugins.module_utils._join.reach import (
    ANYWHERE,
    WayOut,
    receives,
    route_table_of,
    way_out,
)
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick

NEEDED = {"ec2": "the bootstrap asks EC2 for the name of the node"}
WANTED = {
    "ecr.api": "images are pulled from ECR",
    "ecr.dkr": "images are pulled from ECR",
    "s3": "the layers of images are in S3",
    "sts": "pods with roles of their own ask STS",
}
"""What instances without a way to the internet need endpoints for."""


def route(case: Case, evidence: Evidence) -> Iterator[Answer]:
    if evidence.vpc_of(case) != evidence.vpc_id:
        yield suspicious(
            "the instance is in another VPC than the cluster",
            f"it is in {evidence.vpc_of(case)}, the cluster in {evidence.vpc_id}",
            "launch it in subnets of the cluster's VPC, or see that the VPCs are connected and resolve each other's "
            "private names",
        )
        return
    trouble = _no_way_out(case, evidence)
    if trouble and not evidence.is_private:
        yield blocking(
            "the cluster's endpoint is public only, and the instance has no way to the internet",
            trouble,
            "let the cluster have a private endpoint too (flotilla.eks.cluster: resources_vpc_config."
            "endpoint_private_access: true), or route 0.0.0.0/0 of the subnet to a working NAT gateway",
        )


def service_endpoints(case: Case, evidence: Evidence) -> Iterator[Answer]:
    trouble = _no_way_out(case, evidence)
    if not trouble:
        return
    lacks = {name: why for name in (*NEEDED, *WANTED) if (why := _no_endpoint(name, case, evidence))}
    if not lacks:
        return
    grave = any(name in NEEDED for name in lacks)
    reasons = dict.fromkeys({**NEEDED, **WANTED}[name] for name in lacks)
    yield (blocking if grave else suspicious)(
        f"the instance has no way to the internet, and none to AWS services that it needs: {', '.join(lacks)} "
        f"({'; '.join(reasons)})",
        f"{trouble}; {'; '.join(lacks.values())}",
        "make these VPC endpoints, with private DNS and a security group that lets the nodes in on port 443; or route "
        "0.0.0.0/0 of the subnet to a NAT gateway",
    )


def _no_endpoint(service: str, case: Case, evidence: Evidence) -> str:
    """Why no VPC endpoint leads the instance to a service; empty if one does."""
    found = [one for one in evidence.vpc_endpoints if str(one.get("service_name")).endswith(f".{service}")]
    reasons = [_unusable(one, case, evidence) for one in found]
    if "" in reasons:
        return ""
    return reasons[0] if reasons else f"no endpoint of {service}"


def _unusable(endpoint: Values, case: Case, evidence: Evidence) -> str:
    name = f"{endpoint.get('vpc_endpoint_id')} ({str(endpoint.get('service_name')).rpartition('.')[2]})"
    if str(endpoint.get("state")).lower() != "available":
        return f"{name} is {endpoint.get('state')}"
    if endpoint.get("vpc_endpoint_type") == "Gateway":
        table = route_table_of(case.subnet_id, evidence.vpc_of(case), evidence.route_tables)
        known = table is not None and table.get("route_table_id") in (endpoint.get("route_table_ids") or [])
        return "" if known else f"{name} is not in the route table of {case.subnet_id}"
    if endpoint.get("private_dns_enabled") is False:
        return f"{name} has no private DNS"
    ids = [group["group_id"] for group in endpoint.get("groups") or []]
    groups = [evidence.security_groups[group] for group in ids if group in evidence.security_groups]
    closed = len(groups) == len(ids) and receives(groups, peer_of(case), HTTPS) is False
    return f"{name} does not let the instance in ({', '.join(ids)})" if ids and closed else ""


def endpoint_access(case: Case, evidence: Evidence) -> Iterator[Answer]:
    allowed = pick(evidence.cluster, "resources_vpc_config.public_access_cidrs") or [ANYWHERE]
    if evidence.is_private or ANYWHERE in allowed or _no_way_out(case, evidence):
        return
    addresses = _seen_from(case, evidence)
    if not addresses:
        yield Unread(
            f"the public endpoint is open to {', '.join(allowed)} alone; from which address the instance comes there "
            "is not known"
        )
    elif not any(_within(address, allowed) for address in addresses):
        yield blocking(
            "the cluster's public endpoint is not open to the address that the instance comes from",
            f"it comes from {', '.join(addresses)}; public_access_cidrs are {', '.join(allowed)}",
            f"flotilla.eks.cluster: add {addresses[0]}/32 to resources_vpc_config.public_access_cidrs, or set "
            "endpoint_private_access: true",
        )


def _within(address: str, cidrs: list[str]) -> bool:
    found = ip_address(address)
    networks = [ip_network(cidr, strict=False) for cidr in cidrs]
    return any(found in network for network in networks if network.version == found.version)


def _seen_from(case: Case, evidence: Evidence) -> list[str]:
    way = _way(case, evidence)
    if way.kind == "internet_gateway":
        return [address for address in [_public_address(case)] if address]
    gateway = evidence.nat_gateways.get(way.target) or {}
    return [one["public_ip"] for one in gateway.get("nat_gateway_addresses") or [] if one.get("public_ip")]


def dns(case: Case, evidence: Evidence) -> Iterator[Answer]:
    off = [name for name, on in evidence.vpc_dns.items() if not on]
    if not off or not (evidence.is_private or "enable_dns_support" in off):
        return
    public = pick(evidence.cluster, "resources_vpc_config.endpoint_public_access")
    grave = not public or "enable_dns_support" in off
    yield (blocking if grave else suspicious)(
        "the VPC does not resolve the cluster's endpoint to its private addresses",
        f"{', '.join(off)} of {evidence.vpc_id} {'is' if len(off) == 1 else 'are'} false",
        f"amazon.aws.ec2_vpc_net: dns_support: true, dns_hostnames: true for {evidence.vpc_id}",
    )


def _no_way_out(case: Case, evidence: Evidence) -> str:
    """Why the instance does not get to the internet; empty if it does, as far as one can see."""
    way = _way(case, evidence)
    where = f"the route table {way.table} of {case.subnet_id}"
    if not way.kind:
        return f"{where} has no route to {ANYWHERE}"
    if way.dead:
        return f"the route to {ANYWHERE} in {where} leads to {way.target}, which is gone (blackhole)"
    if way.kind == "internet_gateway" and not _public_address(case):
        return f"{where} leads to {way.target}, but the instance has no public address"
    return _bad_nat(way, evidence) if way.kind == "nat_gateway" else ""


def _bad_nat(way: WayOut, evidence: Evidence) -> str:
    gateway = evidence.nat_gateways.get(way.target)
    if gateway is None:
        return ""
    if gateway.get("state") != "available":
        return f"the NAT gateway {way.target} is {gateway.get('state')}"
    if gateway.get("connectivity_type") == "private":
        return f"the NAT gateway {way.target} is a private one"
    subnet = str(gateway.get("subnet_id") or "")
    beyond = way_out(route_table_of(subnet, str(gateway.get("vpc_id") or ""), evidence.route_tables))
    if beyond.kind != "internet_gateway":
        return f"the NAT gateway {way.target} is in {subnet}, which has no route to an internet gateway"
    return ""


def _way(case: Case, evidence: Evidence) -> WayOut:
    return way_out(route_table_of(case.subnet_id, evidence.vpc_of(case), evidence.route_tables))


def _public_address(case: Case) -> str:
    return str(case.instance.get("public_ip_address") or "")
