# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EKS demands of subnets, security groups and address ranges.

Source, where no other is named: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, ip_network
from typing import Any

from .errors import ServiceError, invalid_parameter
from .operations import Call

LEAST_SUBNETS = 2
LEAST_ZONES = 2
LEAST_FREE_ADDRESSES = 6
"""Per subnet of a cluster: "at least six IP addresses for use by Amazon EKS"; sixteen are recommended."""
ZONES_WITHOUT_EKS = {"use1-az3", "usw1-az2", "cac1-az3"}
"""By zone id, as https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html lists them."""
MOST_SECURITY_GROUPS = 5
PRIVATE_RANGES = [IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16")]
MOST_PUBLIC_CIDRS = 40
"""Per cluster (https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html)."""


def existing_subnets(call: Call, subnet_ids: Sequence[str], **members: Any) -> list[Any]:
    """The subnets of these ids. Raises InvalidParameterException, in EC2's words, for one that does not exist."""
    subnets = []
    for subnet_id in subnet_ids:
        subnet = call.aws.subnet(subnet_id)
        if subnet is None:
            raise invalid_parameter(f"The subnet ID '{subnet_id}' does not exist", **members)
        subnets.append(subnet)
    if len(set(subnet_ids)) != len(subnet_ids):
        raise invalid_parameter("Subnets must not be listed twice", **members)
    return subnets


def require_cluster_subnets(call: Call, subnet_ids: Sequence[str], vpc_id: str | None = None) -> list[Any]:
    """Subnets for a control plane: two at least, in two zones at least, of one VPC, with addresses to spare."""
    members = {"clusterName": call.get("name")}
    if len(subnet_ids) < LEAST_SUBNETS:
        raise invalid_parameter("Subnets specified must be in at least two different AZs", **members)
    subnets = existing_subnets(call, subnet_ids, **members)
    vpcs = {subnet.vpc_id for subnet in subnets}
    if len(vpcs) > 1:
        raise invalid_parameter(f"Subnets must belong to the same VPC, not to {', '.join(sorted(vpcs))}", **members)
    if vpc_id and vpcs != {vpc_id}:
        raise invalid_parameter(f"Provided subnets belong to another VPC than the cluster's, {vpc_id}", **members)
    if len({subnet.availability_zone for subnet in subnets}) < LEAST_ZONES:
        raise invalid_parameter("Subnets specified must be in at least two different AZs", **members)
    for subnet in subnets:
        if subnet.available_ip_address_count < LEAST_FREE_ADDRESSES:
            raise invalid_parameter(
                f"Subnet {subnet.id} has {subnet.available_ip_address_count} free IP addresses;"
                f" a cluster needs at least {LEAST_FREE_ADDRESSES} in each subnet",
                **members,
            )
    return subnets


def require_zones_with_eks(call: Call, subnets: Sequence[Any]) -> None:
    """Raises UnsupportedAvailabilityZoneException (AWS's wording) for a zone where no control plane can be made."""
    bad = next(
        (subnet.availability_zone for subnet in subnets if subnet.availability_zone_id in ZONES_WITHOUT_EKS), None
    )
    if bad:
        zones = call.aws.ec2.describe_availability_zones()
        valid = [zone.name for zone in zones if zone.zone_id not in ZONES_WITHOUT_EKS]
        raise ServiceError(
            "UnsupportedAvailabilityZoneException",
            f"Cannot create cluster '{call.get('name')}' because {bad}, the targeted availability zone, does not"
            " currently have sufficient capacity to support the cluster. Retry and choose from these availability"
            f" zones: {', '.join(valid)}",
            clusterName=call.get("name"),
            validZones=valid,
        )


def require_security_groups(call: Call, group_ids: Sequence[str], vpc_id: str) -> None:
    """Security groups for a control plane: five at most ("up to five", service model), of the cluster's VPC."""
    members = {"clusterName": call.get("name")}
    if len(group_ids) > MOST_SECURITY_GROUPS:
        raise invalid_parameter(
            f"You can specify up to {MOST_SECURITY_GROUPS} security groups; {len(group_ids)} were given", **members
        )
    for group_id in group_ids:
        group = call.aws.security_group(group_id)
        if group is None:
            raise invalid_parameter(f"The security group '{group_id}' does not exist", **members)
        if group.vpc_id != vpc_id:
            raise invalid_parameter(f"Security group {group_id} does not belong to VPC {vpc_id}", **members)


def require_endpoint_access(call: Call, vpc_config: dict[str, Any], ip_family: str) -> None:
    """One endpoint at least; public CIDRs only for a public endpoint, well-formed, and IPv6 only for IPv6 clusters
    ("You can't add IPv6 CIDR blocks to IPv4 clusters", service model)."""
    members = {"clusterName": call.get("name")}
    if not (vpc_config["endpointPublicAccess"] or vpc_config["endpointPrivateAccess"]):
        raise invalid_parameter("Private and public endpoint access cannot be false at the same time", **members)
    cidrs = vpc_config["publicAccessCidrs"]
    if len(cidrs) > MOST_PUBLIC_CIDRS:
        raise invalid_parameter(f"At most {MOST_PUBLIC_CIDRS} publicAccessCidrs can be set", **members)
    for cidr in cidrs:
        network = _network(cidr, "publicAccessCidrs", **members)
        if network.version == 6 and ip_family != "ipv6":
            raise invalid_parameter(f"The IPv6 CIDR {cidr} cannot be set on an IPv4 cluster", **members)


def require_service_cidr(call: Call, cidr: str, vpc_blocks: Iterable[str]) -> None:
    """The service CIDR: private, /24 to /12, apart from the VPC (service model, serviceIpv4Cidr)."""
    members = {"clusterName": call.get("name")}
    network = _network(cidr, "serviceIpv4Cidr", **members)
    if not _is_private(network):
        raise invalid_parameter(
            f"serviceIpv4Cidr {cidr} is not within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16", **members
        )
    if not 12 <= network.prefixlen <= 24:
        raise invalid_parameter(f"serviceIpv4Cidr {cidr} is not between /24 and /12", **members)
    _require_apart(cidr, vpc_blocks, "serviceIpv4Cidr", "the VPC's CIDR block", **members)


def require_remote_networks(
    call: Call, config: dict[str, Any], vpc_blocks: Iterable[str], service_cidr: str | None
) -> None:
    """Networks of hybrid nodes and pods: private IPv4, /32 to /8, apart from each other, the VPC and the services
    (https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-networking.html)."""
    members = {"clusterName": call.get("name")}
    seen: list[str] = []
    for kind in ("remoteNodeNetworks", "remotePodNetworks"):
        for cidr in (cidr for network in config.get(kind) or () for cidr in network.get("cidrs") or ()):
            network = _network(cidr, kind, **members)
            if not _is_private(network) or network.prefixlen < 8:
                raise invalid_parameter(f"{kind} {cidr} is not a private (RFC 1918) IPv4 range", **members)
            _require_apart(cidr, vpc_blocks, kind, "the VPC's CIDR block", **members)
            _require_apart(cidr, [service_cidr] if service_cidr else [], kind, "the service CIDR", **members)
            _require_apart(cidr, seen, kind, "the remote network", **members)
            seen.append(cidr)
    if config.get("remotePodNetworks") and not config.get("remoteNodeNetworks"):
        raise invalid_parameter("remotePodNetworks cannot be set without remoteNodeNetworks", **members)


def default_service_cidr(vpc_blocks: Iterable[str]) -> str:
    """Of the two that Kubernetes assigns from (service model), the first that does not meet the VPC."""
    blocks = [ip_network(block) for block in vpc_blocks]
    first, second = "10.100.0.0/16", "172.20.0.0/16"
    return second if any(ip_network(first).overlaps(block) for block in blocks) else first


def _network(cidr: str, field: str, **members: Any) -> Any:
    try:
        return ip_network(cidr)
    except ValueError as problem:
        raise invalid_parameter(f"Invalid CIDR in {field}: {problem}", **members) from None


def _is_private(network: Any) -> bool:
    return network.version == 4 and any(network.subnet_of(block) for block in PRIVATE_RANGES)


def _require_apart(cidr: str, others: Iterable[str], field: str, what: str, **members: Any) -> None:
    for other in others:
        if ip_network(cidr).overlaps(ip_network(other)):
            raise invalid_parameter(f"{field} {cidr} overlaps with {what} {other}", **members)
