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

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.checks import (
    USABLE,
    cluster_is_usable,
    minor,
    privileges,
    skew,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.preflight import Checks, Facts, Problem, Unknown
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid import network_checks
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.install import SSM
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.release import ARCHITECTURES

SYSTEMS = {"ubuntu": ("20.04", "22.04", "24.04"), "rhel": ("8", "9"), "amzn": ("2023",)}
"""By ID of /etc/os-release, what VERSION_ID begins with."""
NO_SOURCE = {("rhel", "distro"), ("amzn", "docker")}
"""Systems, and where nodeadm has no containerd for them from (internal/containerd/validate.go)."""
MEMORY = 900  # MiB, of the 1 GiB that AWS asks for, less what the kernel keeps
DISK = 5  # GiB for programs, images and logs
LIMITS = {"nofile": 1024, "nproc": 4096}
"""Limits of processes that nodeadm debug asks for (internal/system)."""
LONGEST_NAME = 64
"""Bytes of a node's name by certificates, which is the name of its session."""
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


def _node_name(facts: Facts) -> Problem | None:
    """Systems Manager chooses a name itself. By certificates, it is the subject's, and that of the session."""
    name = facts["node_name"]
    if facts["credential_provider"] == SSM or (_HOSTNAME.fullmatch(name) and len(name) <= LONGEST_NAME):
        return None
    return Problem(
        f"the node is to be called {name!r}",
        f"Take at most {LONGEST_NAME} small letters, digits, hyphens and dots (hybrid_nodes_node_name)",
    )


def _limits(facts: Facts) -> Problem | None:
    low = {name: least for name, least in LIMITS.items() if 0 <= facts["limits"][name] < least}
    if not low:
        return None
    told = ", ".join(f"{name} {facts['limits'][name]}" for name in low)
    wanted = ", ".join(f"{name} {least}" for name, least in low.items())
    return Problem(f"processes are limited to {told}", f"Raise that to {wanted} (/etc/security/limits.d)")


def _packages(facts: Facts) -> Problem | None:
    """nodeadm would try to install packages again and again until its time is over."""
    if not facts["packages"]:
        return None
    return Problem(
        f"packages were not installed to the end ({facts['packages']})",
        "dpkg --configure -a, apt-get --fix-broken install",
    )


def _busy(facts: Facts) -> Problem | None:
    """What is looked at now may be otherwise in a moment."""
    if not facts["busy"]:
        return None
    return Problem(
        f"{facts['busy']} is at work on this host, maybe of a run that was killed",
        "Run again when it is done; if it never is, end it",
    )


def _private_mode(facts: Facts) -> Problem | None:
    """nodeadm installs no packages then (github.com/aws/eks-hybrid: internal/packagemanager)."""
    if not facts["private"] or facts["installed"]:
        return None
    return Problem(
        f"in private mode, these have to be there before, and are not: {', '.join(facts['private'])}",
        "Install them on the host, or put them into its image",
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
    "limits": _limits,
    "packages": _packages,
    "busy": _busy,
    "proxy": network_checks.proxy,
    "private_mode": _private_mode,
    "reach": network_checks.reach,
    "firewall": network_checks.firewall,
    "inbound": network_checks.inbound,
    "ports": network_checks.ports,
    "mtu": network_checks.mtu,
    "cluster": cluster_is_usable,
    "authentication": _authentication,
    "version_skew": _version_skew,
    "node_ip": network_checks.node_ip,
    "overlap": network_checks.overlap,
    "node_name": _node_name,
    "taken": network_checks.taken,
    "endpoint": network_checks.api,
    "other_cluster": _other_cluster,
    "other_kubernetes": _other_kubernetes,
    "provider": _provider,
    "credentials": _credentials,
}
TO_LEAVE = ("privileges", "systemd", "busy")
"""The checks of a host that is to leave its cluster."""
