# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines on premises that have no way out but a proxy, or none at all but to what was made ready for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from eks_simulator.process import SimulatorProcess
from support.hybrid_fleet import PREFLIGHT, Fleet
from support.hybrid_machines import RELEASES, Releases
from support.ledger import Ledger
from support.machines import File, Files
from support.proxy_server import ProxyServer
from support.surroundings import Surroundings

PROXY = "Have each of its programs know the proxy"
PASSWORD = "open%21sesame-4f1c"
"""As it is written in addresses. To systemd, a percent sign is special, where it reads it."""
MANIFEST = "/srv/releases.json"
FOREIGN = "/etc/systemd/system/kubelet.service.d/10-site.conf"
READABLE = ("/etc", "/home", "/opt", "/root", "/srv", "/tmp", "/usr/lib/systemd", "/usr/local", "/var")
PROGRAMS = ("/usr/bin/containerd", "/usr/bin/runc", "/usr/sbin/iptables")
"""What has to be there in private mode."""
READY: Files = {
    **{path: File("#!/bin/sh\nexec sleep infinity\n", mode=0o755) for path in PROGRAMS},
    "/usr/sbin/iptables": File("#!/bin/sh\necho -P INPUT ACCEPT\n", mode=0o755),
    "/etc/systemd/system/containerd.service": File(
        "[Service]\nExecStart=/usr/bin/containerd\n[Install]\nWantedBy=multi-user.target\n"
    ),
}


def test_hosts_without_a_way_out_of_their_own(
    fleet: Callable[..., Fleet],
    releases: Releases,
    simulator: SimulatorProcess,
    ledger: Ledger,
    subtests: pytest.Subtests,
) -> None:
    with ProxyServer("edge", PASSWORD.replace("%21", "!")) as proxy:
        listed: Files = {MANIFEST: File(json.dumps(RELEASES))}
        files = {"edge": {FOREIGN: File("[Unit]\n")}, "sealed": {**READY, **listed}, "bare": listed}
        api = _endpoint(simulator)
        direct = [urlsplit(url).port for url in (releases.url, simulator.url, api)]
        doors = {"edge": [proxy.port], "denied": [proxy.port], "blind": [], "sealed": direct}
        hosts = fleet("edge", "denied", "blind", "sealed", "bare", files=files, locked_in=doors)
        variables = hosts.inventory["eks_hybrid_nodes"]["hosts"]
        variables["edge"]["hybrid_nodes_proxy"] = {"https": f"http://edge:{PASSWORD}@127.0.0.1:{proxy.port}"}
        variables["denied"]["hybrid_nodes_proxy"] = {"https": f"http://edge:no-{PASSWORD}@127.0.0.1:{proxy.port}"}
        for name in ("sealed", "bare"):
            variables[name] |= {"hybrid_nodes_private_mode": True, "hybrid_nodes_manifest": f"file://{MANIFEST}"}
        ran = hosts.run(fails=True, arguments=["-vvv"])
        with subtests.test("they join by the proxy, or by what was made ready for them"):
            assert sorted(hosts.registered()) == ["edge", "sealed"]
            assert all(hosts.node(name) for name in ("edge", "sealed"))
            assert ("CONNECT", urlsplit(api).netloc, 200) in proxy.seen
            assert ("POST", f"{simulator.url}/_simulator/managed-instances", 200) in proxy.seen
            assert "Containerd: none" in hosts.machines.run("sealed", "cat", "/opt/nodeadm/tracker")
        with subtests.test("the others are told what is in their way, and left as they were"):
            found = {name: _findings(ran.on(name)) for name in ("denied", "blind", "bare")}
            assert [list(checks) for checks in found.values()] == [["reach", "endpoint"]] * 2 + [["private_mode"]]
            assert "407" in found["denied"]["reach"]["problem"]
            assert "name or password" in found["denied"]["reach"]["fix"]
            assert "containerd, runc, iptables" in found["bare"]["private_mode"]["problem"]
            for name in found:
                hosts.machines.run(name, "test", "-e", "/etc/flotilla-eks", fails=True)
        with subtests.test("the password is in no output, no argument, and no file that others can read"):
            user = ("runuser", "-u", "ec2-user", "--")
            assert PASSWORD not in ran.output
            assert PASSWORD not in hosts.machines.run("edge", "ps", "axww", "-o", "args")
            hosts.machines.run("edge", "grep", "-rsqF", PASSWORD, "/etc")
            hosts.machines.run("edge", *user, "grep", "-rsqF", PASSWORD, *READABLE, fails=True)
            assert PASSWORD not in hosts.machines.run("edge", *user, "systemctl", "show", "kubelet", "containerd")
        with subtests.test("the second run changes nothing, and restarts nothing"):
            before = {name: hosts.units(name) for name in ("edge", "sealed")}
            ledger.clear()
            assert hosts.run(arguments=["--limit", "edge,sealed"]).changed == 0
            assert {name: hosts.units(name) for name in before} == before
            assert ledger.writes() == []
        with subtests.test("another proxy has those restarted that go by it, and changes nothing else"):
            variables["edge"]["hybrid_nodes_proxy"]["no_proxy"] = ["registry.example.com"]
            ran = hosts.run(arguments=["--limit", "edge"])
            assert [name for name, task in ran.on("edge").items() if task.get("changed")] == [PROXY]
            assert _moments(hosts.units("edge")).isdisjoint(_moments(before["edge"]))
            pid = hosts.machines.run("edge", "systemctl", "show", "kubelet", "--property=MainPID", "--value").strip()
            assert "registry.example.com" in hosts.machines.run("edge", "cat", f"/proc/{pid}/environ")
        with subtests.test("what was written goes with the host, and what others wrote stays"):
            hosts.run("nodes_hybrid_leave", arguments=["--limit", "edge"])
            assert sorted(hosts.registered()) == ["sealed"]
            hosts.machines.run("edge", "grep", "-rsqF", PASSWORD, *READABLE, fails=True)
            hosts.machines.run("edge", "test", "-e", "/etc/flotilla-eks", fails=True)
            hosts.machines.run("edge", "test", "-e", FOREIGN)


def _endpoint(simulator: SimulatorProcess) -> str:
    return str(Surroundings(simulator).eks.describe_cluster(name="prod")["cluster"]["endpoint"])


def _findings(results: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What the report says is wrong, by check."""
    return {one["check"]: one for one in results[PREFLIGHT]["findings"]}


def _moments(units: str) -> set[str]:
    """The lines that tell when units were started."""
    return {line for line in units.split() if line.startswith("ActiveEnterTimestampMonotonic=")}
