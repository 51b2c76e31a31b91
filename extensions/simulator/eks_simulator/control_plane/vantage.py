# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From where clients reach a cluster's endpoint.

https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html: a private endpoint is reached from within the
VPC, a public one from the public access CIDRs. From within a VPC whose cluster has no private endpoint, "requests leave
the VPC but not Amazon's network", with the address of a NAT gateway, or their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any

WITHIN = "vpc"
"""The vantage of clients within each cluster's own VPC: where bastions, CI runners and the nodes are."""


def checked(vantage: str) -> str:
    """`vpc` or an IP address. Raises ValueError for anything else."""
    return vantage if vantage == WITHIN else str(ip_address(vantage))


def reaches(vantage: str, vpc_config: dict[str, Any], nat_addresses: Iterable[str]) -> bool:
    """Whether a client at `vantage` reaches the endpoint of a cluster with that resourcesVpcConfig.

    `nat_addresses` are those of the VPC's NAT gateways. A VPC without any is taken to have clients with public
    addresses of their own, of which only an endpoint that is open to everybody is sure to let all in.
    """
    if vantage == WITHIN and vpc_config["endpointPrivateAccess"]:
        return True
    if not vpc_config["endpointPublicAccess"]:
        return False
    networks = [ip_network(cidr) for cidr in vpc_config["publicAccessCidrs"]]
    addresses = [vantage] if vantage != WITHIN else list(nat_addresses)
    if not addresses:
        return any(network.prefixlen == 0 for network in networks)
    return any(ip_address(address) in network for address in addresses for network in networks)
