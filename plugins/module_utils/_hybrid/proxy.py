# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host, its package manager and its units are told of a proxy, as nodeadm demands it. Pure, and runs on hosts.

https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-proxy.html, and what nodeadm looks for:
github.com/aws/eks-hybrid (internal/network/proxy_validator.go), texts in files, as they are. systemd tells every user
of the host what is in Environment=, and takes a percent sign there for something else. So the drop-ins say in comments
what nodeadm looks for, and have the variables from one file, in which systemd changes nothing, and which it shows to
nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.install import ROLES_ANYWHERE, SSM
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.package_manager import (
    foreign_proxy,
    with_proxy,
    without_proxy,
)

MARK = "# Written by flotilla.eks.hybrid_node_proxy"
"""The first line of a file that is ours."""
ENVIRONMENT = "/etc/flotilla-eks/proxy.env"
APT = "/etc/apt/apt.conf.d/proxy.conf"
SHARED = {"rhel": "/etc/yum.conf", "amzn": "/etc/dnf/dnf.conf"}
"""By ID of /etc/os-release, the file that others write, too, of the package manager."""
VARIABLES = ("http_proxy", "https_proxy", "no_proxy")
NAMES = (*(name.upper() for name in VARIABLES), *VARIABLES)
CONTAINERD, KUBELET = "containerd.service", "kubelet.service"
AGENTS = {"ubuntu": "snap.amazon-ssm-agent.amazon-ssm-agent.service"}
AGENT = "amazon-ssm-agent.service"
"""Systems Manager's, by ID of /etc/os-release, and elsewhere."""
SNAPD = "snapd.service"
"""It fetches that agent on Ubuntu."""
HELPER = "aws_signing_helper_update.service"
_DIRECTORIES = {CONTAINERD: "/usr/lib/systemd/system"}
"""Where nodeadm looks for drop-ins of units, if not in /etc."""
_URL = re.compile(
    r"http://(?:[\w.~%!*+,;=&()-]+(?::[\w.~%!*+,;=&()-]*)?@)?(?:[\w.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?/?", re.ASCII
)
_EXCEPTION = re.compile(r"[\w.:/*\[\]-]+")


@dataclass(frozen=True)
class Proxy:
    """By which proxies requests go, addresses or empty, and what goes by none."""

    http: str
    https: str
    no_proxy: Sequence[str] = ()

    @property
    def variables(self) -> dict[str, str]:
        """Those of the environment, in both spellings."""
        values = (self.http, self.https, ",".join(self.no_proxy))
        return dict(zip(NAMES, (*values, *values)))  # noqa: B905 - Python 3.9

    @property
    def credentials(self) -> list[str]:
        """What is secret of it: names and passwords, as they are written."""
        found = {url.partition("://")[2].rpartition("@")[0] for url in (self.http, self.https)}
        return sorted(found - {""})

    @property
    def mode(self) -> int:
        """That of files that tell of it."""
        return 0o600 if self.credentials else 0o644


@dataclass(frozen=True)
class File:
    """A file that is there."""

    text: str
    mode: int


@dataclass
class Plan:
    """What is to be done: files to write, those to remove, and what of others is in the way."""

    write: dict[str, File] = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def problems(proxy: Proxy) -> list[str]:
    """What is wrong with the addresses, without what is secret of them."""
    found = [
        f"{name}: {url.rpartition('@')[2]!r} is no address of a proxy such as http://proxy.example.com:3128 or "
        "http://name:password@proxy.example.com:3128. It begins with http:// also for https, and what is special in "
        "name and password is written as %XX"
        for name, url in (("http", proxy.http), ("https", proxy.https))
        if url and not _URL.fullmatch(url)
    ]
    if not proxy.http and not proxy.https:
        found.append("neither http nor https is the address of a proxy")
    odd = [one for one in proxy.no_proxy if not _EXCEPTION.fullmatch(one)]
    return [*found, *(f"no_proxy: {one!r} is no name of a host, domain, address or network" for one in odd)]


def units(system: str, provider: str) -> list[str]:
    """The units that go by the proxy, in the order in which they are restarted."""
    agent = [AGENTS.get(system, AGENT)] if provider == SSM else []
    snap = [SNAPD] if agent and system in AGENTS else []
    return [*snap, CONTAINERD, KUBELET, *agent, *([HELPER] if provider == ROLES_ANYWHERE else [])]


def drop_in(unit: str) -> str:
    return f"{_DIRECTORIES.get(unit, '/etc/systemd/system')}/{unit}.d/http-proxy.conf"


OURS = (
    APT,
    *(drop_in(unit) for unit in (SNAPD, CONTAINERD, KUBELET, *AGENTS.values(), AGENT, HELPER)),
    ENVIRONMENT,
)
"""The files that may be ours. That with the environment is the last: a run that was killed is told by it."""


def plan(proxy: Proxy | None, system: str, provider: str, found: Mapping[str, File]) -> Plan:
    """``found``: those of OURS and of SHARED that are there, by path. Without a proxy, all that is ours goes."""
    todo = Plan()
    wanted = _files(proxy, system, provider) if proxy else {}
    for path in OURS:
        there = found.get(path)
        ours = there is not None and there.text.startswith(MARK)
        if path not in wanted:
            todo.remove += [path] if ours else []
        elif there is None or ours:
            if there != wanted[path]:
                todo.write[path] = wanted[path]
        elif proxy and not all(text in there.text for text in demands(path, proxy)):
            todo.problems.append(
                f"{path} is somebody else's, and does not name this proxy: remove it, or have it do so"
            )
    shared = SHARED.get(system, "")
    if shared:
        _plan_shared(todo, shared, proxy, found.get(shared))
    return todo


def demands(path: str, proxy: Proxy) -> list[str]:
    """The texts that nodeadm looks for in a file."""
    if path == APT:
        lines = {"http": proxy.http, "https": proxy.https}
        return [f'Acquire::{scheme}::Proxy "{url}"' for scheme, url in lines.items() if url]
    if path == ENVIRONMENT:
        return [f"{name}={value}" for name, value in proxy.variables.items()]
    if path in SHARED.values():
        return [f"proxy={proxy.http or proxy.https}"]
    return [f"{name}_PROXY={url}" for name, url in (("HTTP", proxy.http), ("HTTPS", proxy.https))]


def lacking(proxy: Proxy, system: str, provider: str, found: Mapping[str, File]) -> list[str]:
    """The files in which nodeadm misses something."""
    own = [APT] if system == "ubuntu" else [SHARED[system]] if system in SHARED else []
    paths = [*own, *(drop_in(unit) for unit in units(system, provider) if unit not in (SNAPD, HELPER))]
    texts = {path: found[path].text if path in found else "" for path in paths}
    return [path for path in paths if not all(text in texts[path] for text in demands(path, proxy))]


def stale(running: Mapping[str, str], before: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether a unit has to be restarted. All are variables: what it runs with, what our file said and is to say."""
    has = {name: running[name] for name in NAMES if name in running}
    return has != wanted if wanted else bool(before) and has == before


def variables_in(text: str) -> dict[str, str]:
    """What our file says; nothing if it is not ours."""
    lines = (line.partition("=") for line in text.splitlines()) if text.startswith(MARK) else ()
    return {name: value for name, equals, value in lines if equals and name in NAMES}


def _shown(line: str) -> str:
    """Without name and password."""
    return re.sub(r"//[^/]*@", "//", line.strip())


def _files(proxy: Proxy, system: str, provider: str) -> dict[str, File]:
    texts = {ENVIRONMENT: demands(ENVIRONMENT, proxy)}
    if system == "ubuntu":
        texts[APT] = [f"{line};" for line in demands(APT, proxy)]
    for unit in units(system, provider):
        path = drop_in(unit)
        comments = [f"# {line}" for line in demands(path, proxy)]
        texts[path] = [*comments, "[Service]", f"EnvironmentFile={ENVIRONMENT}"]
    return {path: File("\n".join([MARK, *lines, ""]), proxy.mode) for path, lines in texts.items()}


def _plan_shared(todo: Plan, path: str, proxy: Proxy | None, there: File | None) -> None:
    """Ours is but one line of it, and its mode as long as there is a password."""
    url = (proxy.http or proxy.https) if proxy else ""
    found = there or File("", 0o644)
    rest, mode = without_proxy(found.text, found.mode)
    other = foreign_proxy(rest)
    if url and other == f"proxy={url}":
        return
    if url and other:
        todo.problems.append(f"{path} says {_shown(other)!r}: take the line out, or have it be proxy=, and this proxy")
        return
    if url:
        wanted = File(with_proxy(rest, url, mode), (proxy.mode if proxy and proxy.credentials else mode))
    else:
        wanted = File(rest, mode)
    if wanted == found:
        return
    if wanted.text.strip():
        todo.write[path] = wanted
    elif there:
        todo.remove.append(path)
