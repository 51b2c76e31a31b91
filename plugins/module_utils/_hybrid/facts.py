# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is so on a machine on premises that is to become a node. Only looks. Runs on hosts."""

from __future__ import annotations

import os
import platform
import re
import resource
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

from ansible.module_utils.urls import open_url

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.host import (
    TIMEOUT,
    endpoint_problem,
    joined,
    kubelet_version,
    os_release,
    said,
    text,
    unit,
    why,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.alone import busy
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.firewalls import interfaces
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.host import (
    has_containerd,
    installation,
    instance_id,
    profiles,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.install import source_for
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.proxy import NAMES, Proxy, lacking, plan, problems
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.proxy_host import files, in_environment, silent

KUBERNETES = {
    "kubeadm": "/etc/kubernetes/admin.conf",
    "k3s": "/etc/rancher/k3s",
    "rke2": "/etc/rancher/rke2",
    "k0s": "/var/lib/k0s",
    "microk8s": "/var/snap/microk8s",
}
"""What others leave on a host."""
LIMITS = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
BY_PROXIES = (407, 502, 503, 504)
"""Answers that come from a proxy, and not from where one wanted to go."""
PACKAGES = ("containerd", "runc", "iptables")
"""What nodeadm installs from packages of the system, but for private mode."""
_LISTENS = {"tcp": "0A", "udp": "07"}
_UFW = re.compile(r"^([\d:,]+(?:/(?:tcp|udp))?)\s+(?:\(.*?\)\s+)?ALLOW", re.MULTILINE)
_NODE_IP = re.compile(r"--node-ip=(\S+)")


class LazyFacts(Mapping[str, Any]):
    """What the checks of `_hybrid.preflight` judge, each looked for when it is first asked for: some take long, and
    checks may be skipped."""

    def __init__(self, looks: Mapping[str, Callable[[], Any]]) -> None:
        self._looks = looks
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            self._found[name] = self._looks[name]()
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._looks)

    def __len__(self) -> int:
        return len(self._looks)


def facts(cluster: Mapping[str, Any], params: Mapping[str, Any], urls: Sequence[str]) -> LazyFacts:
    """Those of this host, as soon as nobody else is at work on it, or that has taken too long."""
    working = busy(params["patience"])
    found, system, version = installation(), os_release(), kubelet_version()
    stays = found.complete and not params["upgrade"]  # a kubelet without the tracker is replaced
    invalid = problems(Proxy(**params["proxy"])) if params["proxy"] else []
    down = silent(in_environment()) if (urls or cluster) and not invalid else ""
    blind = bool(invalid or down)  # what lies beyond the proxy cannot be seen
    given = ("credential_provider", "node_name", "nodes", "vpc_cidrs")
    known = {
        **{name: params[name] for name in given},
        "cluster": cluster,
        "busy": working,
        "os": system,
        "containerd_source": params["containerd_source"] or source_for(system.get("ID", "")),
        "version": version if stays else params["version"],
        "kubelet_version": version,
        "installed": found.complete,
        "provider": found.provider,
        "environment": {name: os.environ.get(name, "") for name in NAMES},
        "proxy_down": down,
    }
    looks: dict[str, Callable[[], Any]] = {
        "uid": os.geteuid,
        "systemd": lambda: Path("/run/systemd/system").is_dir(),
        "machine": platform.machine,
        "containerd": has_containerd,
        "memory": _memory,
        "disks": lambda: {path: _free(path) for path in ("/usr", "/var/lib")},
        "cgroup": lambda: 2 if Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1,
        "swap_partitions": _swap_partitions,
        "time_synchronized": _time_synchronized,
        "hostname": socket.gethostname,
        "limits": lambda: {name: resource.getrlimit(limit)[0] for name, limit in LIMITS.items()},
        "packages": lambda: " ".join(said("dpkg", "--audit").split("\n\n")[0].split()),
        "private": lambda: _private(params),
        "proxy": lambda: [*invalid, *_proxy(system.get("ID", ""), params)],
        "unreachable": lambda: {} if blind else _unreachable(urls),
        "firewall": _firewall,
        "rules": lambda: said("iptables", "-S", "INPUT"),
        "listening": lambda: _ports("tcp"),
        "listening_udp": lambda: _ports("udp"),
        "node_ip": lambda: _node_ip(cluster, params["kubelet_flags"]),
        "interfaces": lambda: interfaces(said("ip", "-o", "-4", "addr", "show")),
        "mtu": lambda: {path.parent.name: int(text(path) or 0) for path in Path("/sys/class/net").glob("*/mtu")},
        "endpoint": lambda: "" if blind else endpoint_problem(cluster),
        "joined": joined,
        "other_kubernetes": lambda: [name for name, path in KUBERNETES.items() if os.path.exists(path)],
        "instance_id": instance_id,
        "profiles": profiles,
    }
    return LazyFacts({**looks, **{name: partial(known.get, name) for name in known}})


def _memory() -> int:
    found = re.search(r"^MemTotal:\s+(\d+) kB", text(Path("/proc/meminfo")), re.MULTILINE)
    return int(found.group(1)) // 1024 if found else 0


def _free(path: str) -> float:
    """In GiB."""
    try:
        found = os.statvfs(path)
    except OSError:
        return 0.0
    return found.f_bavail * found.f_frsize / 2**30


def _swap_partitions() -> list[str]:
    lines = [line.split() for line in text(Path("/proc/swaps")).splitlines()[1:]]
    return [words[0] for words in lines if words[1:2] == ["partition"]]


def _time_synchronized() -> bool | None:
    answer = said("timedatectl", "show", "--property=NTPSynchronized", "--value").strip()
    return {"yes": True, "no": False}.get(answer)


def _unreachable(urls: Sequence[str]) -> dict[str, str]:
    """Why, by those from which no answer comes. Any answer will do."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = zip(urls, pool.map(_problem, urls))  # noqa: B905 - Python 3.9
    return {url: problem for url, problem in found if problem}


def _problem(url: str) -> str:
    try:
        open_url(url, timeout=TIMEOUT).close()
    except HTTPError as answer:
        answer.close()
        if answer.code in BY_PROXIES and in_environment():
            return f"{answer.code} {answer.reason}"
    except (OSError, HTTPException, ValueError) as error:
        return why(error)
    return ""


def _proxy(system: str, params: Mapping[str, Any]) -> list[str]:
    """What is in the way of the proxy that is told, or what nodeadm will miss of that which the environment names."""
    provider, found = params["credential_provider"], files()
    if params["proxy"]:
        return plan(Proxy(**params["proxy"]), system, provider, found).problems
    named = in_environment()
    lack = lacking(named, system, provider, found) if named else []
    return [f"the environment names a proxy, and {', '.join(lack)} do not: set hybrid_nodes_proxy"] if lack else []


def _private(params: Mapping[str, Any]) -> list[str]:
    """What is missing of what private mode takes for granted."""
    packages = PACKAGES if params["private_mode"] else ()
    missing = [name for name in packages if not shutil.which(name)]
    scheme, _colon, path = (params["manifest"] or "").partition("://")
    return [*missing, *([path] if scheme == "file" and not os.path.isfile(path) else [])]


def _firewall() -> dict[str, Any] | None:
    """The name of the one that is active, and the ports that are open; None if there is none."""
    status = said("ufw", "status")
    if "Status: active" in status:
        return {"name": "ufw", "ports": _UFW.findall(status)}
    if unit("ActiveState", name="firewalld.service").get("ActiveState") == "active":
        return {"name": "firewalld", "ports": said("firewall-cmd", "--list-ports").split()}
    return None


def _ports(protocol: str) -> list[int]:
    """Those that somebody listens on (https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.txt)."""
    names = (protocol, f"{protocol}6")
    words = [line.split() for name in names for line in text(Path("/proc/net", name)).splitlines()[1:]]
    return sorted({int(word[1].rpartition(":")[2], 16) for word in words if word[3] == _LISTENS[protocol]})


def _node_ip(cluster: Mapping[str, Any], flags: Sequence[str]) -> str:
    """The one that the kubelet is told, or that with which the host goes to the cluster; nothing is sent for that."""
    told = _NODE_IP.search(" ".join(flags))
    if told:
        return told.group(1)
    host = urlsplit(cluster.get("endpoint") or "").hostname
    if not host:
        return ""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((host, 443))
            return str(probe.getsockname()[0])
    except OSError:
        return ""
