# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of its network keeps a machine on premises from becoming a node of a cluster. Pure, and runs on hosts.

The facts are those of `facts.facts`. https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-networking.html
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.checks import endpoint
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.preflight import Facts, Problem, Unknown
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.install import SSM

VXLAN = ("8472/udp", "4789/udp")
"""Of Cilium and Calico. nodeadm wants one of them to be open."""
PORTS = (10250, 10256)
"""Of the kubelet and of kube-proxy."""


def proxy(facts: Facts) -> Problem | None:
    """nodeadm takes both spellings, and wants them to agree (internal/network/proxy_validator.go)."""
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        small, large = facts["environment"].get(name), facts["environment"].get(name.upper())
        if small and large and small != large:
            return Problem(f"{name} and {name.upper()} differ", "Set them to the same, or one of them")
    if facts["proxy"]:
        return Problem("; ".join(facts["proxy"]), "Correct hybrid_nodes_proxy, or what is on the host")
    if facts["proxy_down"]:
        return Problem(facts["proxy_down"], "Check hybrid_nodes_proxy; what lies beyond it was not looked at")
    return None


def reach(facts: Facts) -> Problem | None:
    if not facts["unreachable"]:
        return None
    problems = list(dict.fromkeys(facts["unreachable"].values()))
    urls = {one: [url for url, problem in facts["unreachable"].items() if problem == one] for one in problems}
    told = "; ".join(f"{', '.join(urls[problem])} ({problem})" for problem in problems)
    refused = any(" 407 " in f" {problem} " for problem in problems)
    return Problem(
        f"these cannot be reached from the host: {told}",
        "The proxy wants another name or password: correct hybrid_nodes_proxy"
        if refused
        else "Check name server, route, proxy and firewall",
    )


def firewall(facts: Facts) -> Problem | None:
    firewall = facts["firewall"]
    if not firewall or any(port in firewall["ports"] for port in VXLAN):
        return None
    return Problem(
        f"{firewall['name']} is active, and lets the network of pods through nowhere",
        f"Open {VXLAN[0]} for Cilium or {VXLAN[1]} for Calico, or skip this check and nodeadm's cni-validation",
    )


def ports(facts: Facts) -> Problem | None:
    taken = [port for port in PORTS if port in facts["listening"]]
    if not taken or facts["joined"]["kubelet"] == "active":
        return None
    return Problem(
        f"somebody listens on the ports {', '.join(map(str, taken))} already",
        "They are the kubelet's and kube-proxy's: stop what listens there (ss -ltnp)",
    )


def node_ip(facts: Facts) -> Problem | Unknown | None:
    networks = remote_networks(facts["cluster"])
    if not networks:
        return Problem(
            f"the cluster {facts['cluster'].get('name')} has no remote node networks",
            "Give it some: remote_network_config of the cluster",
        )
    address = facts["node_ip"]
    if not address:
        return Unknown("which address the host has")
    if address not in facts["addresses"]:
        return Problem(
            f"the host does not have the address {address}", "Correct --node-ip of hybrid_nodes_kubelet_flags"
        )
    if any(ip_address(address) in ip_network(network) for network in networks):
        return None
    return Problem(
        f"its address {address} is in none of the cluster's remote node networks, {', '.join(networks)}",
        "Add its network to them, or set --node-ip in hybrid_nodes_kubelet_flags",
    )


def api(facts: Facts) -> Problem | Unknown | None:
    return endpoint(
        facts,
        "Check the route to it (VPN, Direct Connect), the name server, and that the security group of the cluster lets "
        "the remote networks in to port 443",
    )


def remote_networks(cluster: Mapping[str, Any]) -> list[str]:
    """The networks that the cluster expects nodes on premises in."""
    networks = (cluster.get("remote_network_config") or {}).get("remote_node_networks") or []
    return [cidr for network in networks for cidr in network.get("cidrs") or []]


def endpoints(region: str, partition: str, provider: str) -> list[str]:
    """The services of AWS that a host has to reach, and the bucket that the agent of Systems Manager comes from, also
    in private mode, whatever the list of releases says (github.com/aws/eks-hybrid: internal/ssm/source.go).
    https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-networking.html"""
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    services = ["eks", "sts", "api.ecr"]
    services += ["ssm", "ssmmessages"] if provider == SSM else ["rolesanywhere"]
    bucket = [f"https://amazon-ssm-{region}.s3.{region}.{suffix}"] if provider == SSM else []
    return [*(f"https://{service}.{region}.{suffix}" for service in services), *bucket]
