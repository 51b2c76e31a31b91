# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of its network keeps a machine on premises from becoming a node of a cluster. Pure, and runs on hosts.

The facts are those of `facts.facts`. https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-networking.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.checks import endpoint
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.preflight import Facts, Problem, Unknown
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.firewalls import (
    LOOPBACK,
    interface_of,
    is_open,
    lets_in,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.install import SSM

VXLAN = ("8472/udp", "4789/udp")
"""Of Cilium and Calico. nodeadm wants one of them to be open."""
KUBELET = 10250
PORTS = (KUBELET, 10256)
"""Of the kubelet and of kube-proxy, over TCP."""
USUAL, JUMBO = 1500, (8000, 9001)
"""MTUs that nodeadm debug is content with (internal/network)."""


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
    """nodeadm opens the kubelet's port itself, and wants one for the network of pods to be open."""
    found = facts["firewall"]
    if not found or any(is_open(port, found["ports"]) for port in VXLAN):
        return None
    return Problem(
        f"{found['name']} is active, and lets the network of pods through nowhere",
        f"Open {VXLAN[0]} for Cilium or {VXLAN[1]} for Calico, or skip this check and nodeadm's cni-validation",
    )


def ports(facts: Facts) -> Problem | None:
    """Those of the kubelet and of kube-proxy are free, and one of those that networks of pods take."""
    if facts["joined"]["kubelet"] == "active":
        return None
    taken = [f"{port}/tcp" for port in PORTS if port in facts["listening"]]
    tunnels = [port for port in VXLAN if int(port.partition("/")[0]) in facts["listening_udp"]]
    taken += tunnels if len(tunnels) == len(VXLAN) else []
    if not taken:
        return None
    return Problem(
        f"somebody listens on the ports {', '.join(taken)} already",
        "They are for the kubelet, kube-proxy and the network of pods: stop what listens there (ss -ltunp)",
    )


def node_ip(facts: Facts) -> Problem | Unknown | None:
    """The address that the node is to have is the host's, and one that the cluster expects nodes to have."""
    networks = remote_networks(facts["cluster"])
    if not networks:
        return Problem(
            f"the cluster {facts['cluster'].get('name')} has no remote node networks",
            "Give it some: remote_network_config of the cluster",
        )
    address = facts["node_ip"]
    if not address:
        return Unknown("which address the host has")
    if not interface_of(address, facts["interfaces"]):
        return Problem(
            f"the host does not have the address {address}",
            "Correct --node-ip of hybrid_nodes_kubelet_flags, which takes an address of IPv4",
        )
    if any(ip_address(address) in ip_network(network) for network in networks):
        return None
    return Problem(
        f"its address {address} is in none of the cluster's remote node networks, {', '.join(networks)}",
        "Add its network to them, or set --node-ip in hybrid_nodes_kubelet_flags",
    )


def inbound(facts: Facts) -> Problem | None:
    """Of packet filters, nodeadm knows ufw and firewalld alone. The control plane asks kubelets for logs."""
    if facts["firewall"] or lets_in(facts["rules"], KUBELET):
        return None
    return Problem(
        f"iptables lets nobody in to port {KUBELET}, by which the control plane asks the kubelet for logs",
        f"Accept TCP to port {KUBELET} from the VPC of the cluster (iptables -I INPUT -p tcp --dport {KUBELET} ...)",
    )


def mtu(facts: Facts) -> Problem | Unknown | None:
    """Of the interface that has the address of the node."""
    name = interface_of(facts["node_ip"], facts["interfaces"])
    if name in ("", LOOPBACK) or not facts["mtu"].get(name):
        return Unknown("which MTU the network to the cluster has")
    size = facts["mtu"][name]
    if size <= USUAL or JUMBO[0] <= size <= JUMBO[1]:
        return None
    return Problem(
        f"the MTU of {name} is {size}",
        f"Set it to {USUAL}, or with jumbo frames all the way to AWS to {JUMBO[0]} up to {JUMBO[1]}",
    )


def overlap(facts: Facts) -> Problem | Unknown | None:
    """The address of the node is nothing that routes elsewhere; nor are networks of the host, which would keep what
    goes to services, pods and the VPC on the host. Those of a node's own pods are."""
    if facts["vpc_cidrs"] is None:
        return Unknown("which networks the VPC of the cluster has")
    cluster = facts["cluster"]
    elsewhere = [(f"{cidr} of the VPC", cidr) for cidr in facts["vpc_cidrs"]]
    services = (cluster.get("kubernetes_network_config") or {}).get("service_ipv4_cidr")
    elsewhere += [(f"{services} of the services", services)] if services else []
    elsewhere += [(f"{cidr} of the pods", cidr) for cidr in remote_networks(cluster, "remote_pod_networks")]
    told = list(_overlaps(_own_networks(facts), elsewhere))
    if not told:
        return None
    return Problem(
        "; ".join(told),
        "Take another address or network for the host, or others for the cluster: they must not overlap",
    )


def _own_networks(facts: Facts) -> Iterator[tuple[str, str]]:
    """The address of the node, and before it is one, the networks of the interfaces."""
    if facts["node_ip"]:
        yield f"its address {facts['node_ip']}", facts["node_ip"]
    for name, addresses in facts["interfaces"].items() if not facts["joined"]["node_name"] else ():
        for address in addresses if name != LOOPBACK else ():
            yield f"its network {ip_interface(address).network} on {name}", str(ip_interface(address).network)


def _overlaps(own: Iterable[tuple[str, str]], elsewhere: Sequence[tuple[str, str]]) -> Iterator[str]:
    for who, mine in own:
        for whose, cidr in elsewhere:
            one, other = ip_network(mine), ip_network(cidr)
            if one.version == other.version and one.overlaps(other):
                within = one.subnet_of(other)  # type: ignore[arg-type]  # both are of one version
                yield f"{who} is in {whose}" if within else f"{who} has {whose} in it"


def taken(facts: Facts) -> Problem | Unknown | None:
    """Neither address nor name is that of another node that is alive."""
    if facts["nodes"] is None:
        return Unknown("which nodes the cluster has")
    own = {facts["joined"]["node_name"], facts["instance_id"]}
    others = [node for node in facts["nodes"] if node["ready"] and node["name"] not in own]
    same = [f"address {facts['node_ip']}" for node in others if node["address"] == facts["node_ip"] != ""]
    same += [f"name {facts['node_name']}" for node in others if node["name"] == facts["node_name"]]
    if not same:
        return None
    return Problem(
        f"another node of the cluster has its {' and its '.join(sorted(set(same)))}",
        "Take another one (--node-ip in hybrid_nodes_kubelet_flags, hybrid_nodes_node_name), or have the other leave",
    )


def api(facts: Facts) -> Problem | Unknown | None:
    return endpoint(
        facts,
        "Check the route to it (VPN, Direct Connect), the name server, and that the security group of the cluster lets "
        "the remote networks in to port 443",
    )


def remote_networks(cluster: Mapping[str, Any], kind: str = "remote_node_networks") -> list[str]:
    """The networks on premises that the cluster knows, of nodes or of pods."""
    networks = (cluster.get("remote_network_config") or {}).get(kind) or []
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
