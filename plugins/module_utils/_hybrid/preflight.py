# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a machine on premises from becoming a node of a cluster. Pure, and runs on hosts.

The facts are those of `_hybrid_facts.facts`, and ``cluster`` as module ``bootstrap_info`` returns it. What AWS asks
for: https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-prereqs.html, hybrid-nodes-os.html and
hybrid-nodes-networking.html; and what nodeadm does: github.com/aws/eks-hybrid.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.checks import (
    USABLE,
    cluster_is_usable,
    endpoint,
    minor,
    privileges,
    skew,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.preflight import Checks, Facts, Problem, Unknown
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.install import SSM
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.release import ARCHITECTURES

SYSTEMS = {"ubuntu": ("20.04", "22.04", "24.04"), "rhel": ("8", "9"), "amzn": ("2023",)}
"""By ID of /etc/os-release, what VERSION_ID begins with."""
NO_SOURCE = {("rhel", "distro"), ("amzn", "docker")}
"""Systems, and where nodeadm has no containerd for them from (internal/containerd/validate.go)."""
MEMORY = 900  # MiB, of the 1 GiB that AWS asks for, less what the kernel keeps
DISK = 5  # GiB for programs, images and logs
VXLAN = ("8472/udp", "4789/udp")
"""Of Cilium and Calico. nodeadm wants one of them to be open."""
PORTS = (10250, 10256)
"""Of the kubelet and of kube-proxy."""
NO_CGROUP_V1 = 35
"""The minor version of the first kubelet that does not start with cgroup v1 unless it is told to.
https://kubernetes.io/docs/concepts/architecture/cgroups/"""
_HOSTNAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


def _systemd(facts: Facts) -> Problem | None:
    if facts["systemd"]:
        return None
    return Problem("systemd does not run this host", "A kubelet is a service of systemd: take another machine")


def _system(facts: Facts) -> Problem | None:
    found = facts["os"]
    releases = SYSTEMS.get(found.get("ID", ""), ())
    if any(re.match(rf"{re.escape(one)}(\.|$)", found.get("VERSION_ID", "")) for one in releases):
        return None
    return Problem(
        f"the system is {found.get('PRETTY_NAME') or 'unknown'}",
        "nodeadm knows Ubuntu 20.04, 22.04 and 24.04, Red Hat Enterprise Linux 8 and 9, and Amazon Linux 2023",
    )


def _architecture(facts: Facts) -> Problem | None:
    if facts["machine"] in ARCHITECTURES:
        return None
    return Problem(f"the machine is {facts['machine']}", "There is nodeadm for x86_64 and aarch64 alone")


def _containerd_source(facts: Facts) -> Problem | None:
    system, source = facts["os"].get("ID"), facts["containerd_source"]
    if source == "none" and not facts["containerd"]:
        return Problem("there is no containerd, and none is to be installed", "Install one, or take another source")
    if (system, source) in NO_SOURCE:
        return Problem(f"there is no containerd from {source} for {system}", "Set hybrid_nodes_containerd_source")
    return None


def _memory(facts: Facts) -> Problem | None:
    if facts["memory"] >= MEMORY:
        return None
    return Problem(f"there are {facts['memory']} MiB of memory", "A node needs 1 GiB, and what its pods need")


def _disk(facts: Facts) -> Problem | None:
    short = {path: free for path, free in facts["disks"].items() if free < DISK}
    if not short or facts["installed"]:
        return None
    told = ", ".join(f"{free:.1f} GiB below {path}" for path, free in short.items())
    return Problem(f"there are only {told} free", f"Programs, images and logs need {DISK} GiB")


def _cgroup(facts: Facts) -> Problem | Unknown | None:
    version = minor(facts["version"])
    if version is None:
        return Unknown("which version of Kubernetes it is to get")
    if facts["cgroup"] == 2 or version < NO_CGROUP_V1:
        return None
    return Problem(
        f"the system has cgroup v1, with which a kubelet of {facts['version']} does not start",
        "Boot it with systemd.unified_cgroup_hierarchy=1, or take a newer system",
    )


def _swap(facts: Facts) -> Problem | None:
    """nodeadm turns off swap in files, and fails for that on partitions, after it has registered the host."""
    if not facts["swap_partitions"]:
        return None
    return Problem(
        f"there is swap on {', '.join(facts['swap_partitions'])}",
        "nodeadm can only turn off swap in files: swapoff --all, and take these lines out of /etc/fstab",
    )


def _time(facts: Facts) -> Problem | Unknown | None:
    if facts["time_synchronized"] is None:
        return Unknown("whether the clock is synchronized")
    if facts["time_synchronized"]:
        return None
    return Problem(
        "the clock is not synchronized", "AWS refuses signatures of another time: set up chrony or systemd-timesyncd"
    )


def _hostname(facts: Facts) -> Problem | None:
    if _HOSTNAME.fullmatch(facts["hostname"]):
        return None
    return Problem(
        f"the host is called {facts['hostname']!r}",
        "Take a name of small letters, digits, hyphens and dots (hostnamectl set-hostname)",
    )


def _proxy(facts: Facts) -> Problem | None:
    """nodeadm takes both spellings, and wants them to agree (internal/network/proxy.go)."""
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        small, large = facts["environment"].get(name), facts["environment"].get(name.upper())
        if small and large and small != large:
            return Problem(f"{name} and {name.upper()} differ", "Set them to the same, or one of them")
    return None


def _reach(facts: Facts) -> Problem | None:
    if not facts["unreachable"]:
        return None
    told = "; ".join(f"{url} ({problem})" for url, problem in facts["unreachable"].items())
    return Problem(f"these cannot be reached from the host: {told}", "Check name server, route, proxy and firewall")


def _firewall(facts: Facts) -> Problem | None:
    firewall = facts["firewall"]
    if not firewall or any(port in firewall["ports"] for port in VXLAN):
        return None
    return Problem(
        f"{firewall['name']} is active, and lets the network of pods through nowhere",
        f"Open {VXLAN[0]} for Cilium or {VXLAN[1]} for Calico, or skip this check and nodeadm's cni-validation",
    )


def _ports(facts: Facts) -> Problem | None:
    taken = [port for port in PORTS if port in facts["listening"]]
    if not taken or facts["joined"]["kubelet"] == "active":
        return None
    return Problem(
        f"somebody listens on the ports {', '.join(map(str, taken))} already",
        "They are the kubelet's and kube-proxy's: stop what listens there (ss -ltnp)",
    )


def _authentication(facts: Facts) -> Problem | Unknown | None:
    if facts["cluster"].get("status") not in USABLE:
        return Unknown("how the cluster lets nodes in")
    mode = (facts["cluster"].get("access_config") or {}).get("authentication_mode") or "CONFIG_MAP"
    if "API" in mode:
        return None
    return Problem(
        f"the cluster knows no access entries ({mode})", "Set its authentication_mode to API_AND_CONFIG_MAP, or API"
    )


def _version_skew(facts: Facts) -> Problem | Unknown | None:
    return skew(facts["version"], facts, "Set hybrid_nodes_version, or upgrade it (playbook nodes_hybrid_upgrade)")


def _node_ip(facts: Facts) -> Problem | Unknown | None:
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


def _endpoint(facts: Facts) -> Problem | Unknown | None:
    return endpoint(
        facts,
        "Check the route to it (VPN, Direct Connect), the name server, and that the security group of the cluster lets "
        "the remote networks in to port 443",
    )


def _other_cluster(facts: Facts) -> Problem | None:
    joined, wanted = facts["joined"], facts["cluster"].get("endpoint")
    if not joined["endpoint"] or joined["endpoint"] == wanted:
        return None
    return Problem(
        f"its kubelet was configured for another cluster, {joined['endpoint']}",
        "Take it out of that one first (hybrid_nodes_state: absent)",
    )


def _other_kubernetes(facts: Facts) -> Problem | None:
    if not facts["other_kubernetes"]:
        return None
    return Problem(
        f"there is another Kubernetes here: {', '.join(facts['other_kubernetes'])}",
        "Remove it with its own means (kubeadm reset, k3s-uninstall.sh), as both would manage the same files",
    )


def _provider(facts: Facts) -> Problem | None:
    there, wanted = facts["provider"], facts["credential_provider"]
    if not there or there == wanted:
        return None
    return Problem(
        f"its credential provider is {there}, not {wanted}",
        "nodeadm cannot change that: have the host leave first (hybrid_nodes_state: absent)",
    )


def _credentials(facts: Facts) -> Problem | None:
    """Systems Manager's agent writes root's credentials, and uninstall removes the directory that they are in."""
    if facts["credential_provider"] != SSM or facts["instance_id"] or not facts["profiles"]:
        return None
    return Problem(
        f"root has credentials of AWS already (profiles {', '.join(facts['profiles'])} in /root/.aws)",
        "Systems Manager's agent will overwrite them, and they go when the host leaves: move them elsewhere",
    )


CHECKS: Checks = {
    "privileges": privileges,
    "systemd": _systemd,
    "system": _system,
    "architecture": _architecture,
    "containerd_source": _containerd_source,
    "memory": _memory,
    "disk": _disk,
    "cgroup": _cgroup,
    "swap": _swap,
    "time": _time,
    "hostname": _hostname,
    "proxy": _proxy,
    "reach": _reach,
    "firewall": _firewall,
    "ports": _ports,
    "cluster": cluster_is_usable,
    "authentication": _authentication,
    "version_skew": _version_skew,
    "node_ip": _node_ip,
    "endpoint": _endpoint,
    "other_cluster": _other_cluster,
    "other_kubernetes": _other_kubernetes,
    "provider": _provider,
    "credentials": _credentials,
}
TO_LEAVE = ("privileges", "systemd")
"""The checks of a host that is to leave its cluster."""


def remote_networks(cluster: Mapping[str, Any]) -> list[str]:
    """The networks that the cluster expects nodes on premises in."""
    networks = (cluster.get("remote_network_config") or {}).get("remote_node_networks") or []
    return [cidr for network in networks for cidr in network.get("cidrs") or []]


def endpoints(region: str, partition: str, provider: str) -> list[str]:
    """The services of AWS that a host has to reach.
    https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-networking.html"""
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    services = ["eks", "sts", "api.ecr"]
    services += ["ssm", "ssmmessages"] if provider == SSM else ["rolesanywhere"]
    return [f"https://{service}.{region}.{suffix}" for service in services]
