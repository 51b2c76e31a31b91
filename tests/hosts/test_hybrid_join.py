# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines on premises join a cluster, and what was interrupted is taken up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.hybrid_fleet import FAULT, INSTALL, JOIN, PREFLIGHT, Fleet
from support.hybrid_machines import NOT_HERE, Releases
from support.ledger import Ledger
from support.machines import File, Files

ADDRESSES = """1: lo    inet 127.0.0.1/8 scope host lo
2: lan    inet 10.81.0.9/24 brd 10.81.0.255 scope global lan
3: docker0    inet 10.0.0.1/8 scope global docker0
"""
CLOSED = {"ip": "cat /etc/stand-ins/addresses", "iptables": "echo -P INPUT DROP"}
"""Programs that tell of a host behind a packet filter, outside of the remote networks of its cluster."""
WRONG = """set -e
printf 'MemTotal: 524288 kB\\n' > /run/meminfo; mount --bind /run/meminfo /proc/meminfo
printf 'Filename Type Size Used Priority\\n/dev/sda3 partition 1 0 -2\\n' > /run/swaps
mount --bind /run/swaps /proc/swaps
python3 -c 'import socket; socket.sethostname("Edge_1")'
cd /usr/local/bin
printf '#!/bin/sh\\necho no\\n' > timedatectl
printf '#!/bin/sh\\necho Status: active\\n' > ufw
printf '#!/bin/sh\\necho The following packages are only half configured: vim\\n' > dpkg
chmod 755 timedatectl ufw dpkg
"""
"""Makes a machine that is wrong in many ways at once."""
LABELS = {"site": "north", "eks.amazonaws.com/compute-type": "hybrid"}


def test_hosts_join_and_are_left_alone(fleet: Callable[..., Fleet], ledger: Ledger, subtests: pytest.Subtests) -> None:
    names = ("edge-1", "edge-2", "edge-3")
    hosts = fleet(*names)
    with subtests.test("check mode tells, and does nothing"):
        assert hosts.run(check=True).on("edge-1")[INSTALL]["changed"]
        hosts.machines.run("edge-1", "test", "-e", "/usr/local/bin/nodeadm", fails=True)
        assert [name for name in ledger.operations("ssm") if name.startswith(("Create", "Delete"))] == []
    with subtests.test("a run that is killed while hosts register is taken up, without another activation"):
        hosts.killed("nodes_hybrid", "edge-1", "init:register", lambda: len(hosts.registered()) == len(names))
        (left,) = hosts.aws.ssm.describe_activations()["ActivationList"]
        assert (left["RegistrationsCount"], left["RegistrationLimit"]) == (3, 3)
        ids = hosts.registered()
        hosts.run()
        assert hosts.registered() == ids
    with subtests.test("all become nodes by one activation, which is gone"):
        assert sorted(hosts.registered()) == [*names]
        for name in hosts.registered():
            node = hosts.node(name)
            assert node is not None
            assert node["metadata"]["labels"].items() >= LABELS.items()
            assert hosts.runs(name) in (["install", "init"], ["install", "init", "init"])
        assert ledger.operations("ssm").count("CreateActivation") == 1
        assert hosts.aws.ssm.describe_activations()["ActivationList"] == []
    with subtests.test("the second run changes nothing, and looks at each host by few modules"):
        before = [hosts.units(name) for name in hosts.registered()]
        ledger.clear()
        ran = hosts.run(arguments=["-vvv"])
        assert ran.changed == 0
        assert [hosts.units(name) for name in hosts.registered()] == before
        assert ledger.writes() == []
        assert {hosts.executions(ran, name) for name in names} == {3}
    with subtests.test("a secret is nowhere: not in what is told, nor on disk, nor among the processes"):
        codes = hosts.machines.run("edge-1", "cat", "/run/stand-ins/codes").split()
        assert len(codes) == 1
        for place in ("/etc", "/home", "/opt", "/root", "/tmp", "/usr/local", "/var"):
            hosts.machines.run("edge-1", "grep", "-rqF", codes[0], place, fails=True)
        assert codes[0] not in hosts.machines.run("edge-1", "ps", "axww", "-o", "args")
        hosts.machines.run("edge-1", "test", "-e", "/run/flotilla-eks", fails=True)
    with subtests.test(
        "what is changed reaches the nodes, by a registration for those alone that are not known any more"
    ):
        ids = hosts.registered()
        hosts.aws.ssm.deregister_managed_instance(InstanceId=ids["edge-2"])
        left_over = [{"Key": "flotilla.eks/activation", "Value": "prod-join"}]
        hosts.aws.ssm.create_activation(IamRole="prod-hybrid", Tags=left_over)
        hosts.aws.simulator.advance(2 * 24 * 3600)
        hosts.machines.run("edge-2", "sh", "-c", f"echo agent:expired > {FAULT}")
        ledger.clear()
        ran = hosts.run(variables={"hybrid_nodes_labels": {"site": "south"}})
        assert ran.on("edge-1")[JOIN]["reasons"] == ["its NodeConfig is not the one that the kubelet runs by"]
        node = hosts.node("edge-1")
        assert node is not None
        assert node["metadata"]["labels"]["site"] == "south"
        assert hosts.registered() == {**ids, "edge-2": hosts.registered()["edge-2"]} != ids
        assert hosts.node("edge-2") is not None
    with subtests.test(
        "an activation that expires at once is followed by another, and nothing is left, also of old runs"
    ):
        made = [call["parameters"]["RegistrationLimit"] for call in ledger.calls("ssm", "CreateActivation")]
        assert made == [1, 1]
        assert hosts.aws.ssm.describe_activations()["ActivationList"] == []


def test_what_was_interrupted_is_taken_up(
    fleet: Callable[..., Fleet], releases: Releases, ledger: Ledger, subtests: pytest.Subtests
) -> None:
    faults = {
        "containerd": "install:Kubelet",
        "untracked": "install:tracker",
        "registered": "init:register",
        "configured": "init:kubelet",
        "late": "agent:stolen",
    }
    wrong: Files = {
        "/etc/os-release": File('ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n'),
        "/etc/rancher/k3s/k3s.yaml": File(),
        "/root/.aws/credentials": File("[default]\n"),
        "/etc/stand-ins/wrong": File(WRONG),
    }
    closed: Files = {
        "/etc/stand-ins/addresses": File(ADDRESSES),
        "/var/lib/kubelet/kubeconfig": File("    server: https://other.example\n"),
        **{f"/usr/local/bin/{name}": File(f"#!/bin/sh\n{does}\n", mode=0o755) for name, does in CLOSED.items()},
    }
    files = {name: {FAULT: File(fault)} for name, fault in faults.items()}
    hosts = fleet(*faults, "wrong", "closed", "altered", files={**files, "wrong": wrong, "closed": closed})
    hosts.machines.run("wrong", "sh", "/etc/stand-ins/wrong")
    given = hosts.inventory["eks_hybrid_nodes"]["hosts"]
    given["wrong"] |= {"hybrid_nodes_skip_checks": ["node_ip", "overlap", "disk"]}
    given["closed"] |= {
        "hybrid_nodes_skip_checks": ["disk", "memory", "swap", "time"],
        "hybrid_nodes_version": "1.35",
        "hybrid_nodes_containerd_source": "none",
        "hybrid_nodes_kubelet_flags": ["--node-ip=10.81.0.9"],
        "hybrid_nodes_endpoints": ["http://127.0.0.1:9"],
    }
    releases.put("v1.0.22", b"#!/bin/sh\n", checksum_of=b"something else")
    given["altered"]["hybrid_nodes_nodeadm_version"] = "v1.0.22"
    ran = hosts.run(arguments=["-vvv"], fails=True)
    with subtests.test("a nodeadm that is not what its checksum says is not run, nor kept"):
        assert "has not the checksum sha256:" in ran.on("altered")[INSTALL]["msg"]
        hosts.machines.run("altered", "test", "-e", "/usr/local/bin/nodeadm", fails=True)
        del given["altered"]["hybrid_nodes_nodeadm_version"]
    with subtests.test("all that is wrong with a host is told at once, and it is left as it was"):
        found = ran.on("wrong")[PREFLIGHT]
        assert [one["check"] for one in found["findings"]] == [
            *("system", "memory", "swap", "time", "hostname", "packages", "firewall", "other_kubernetes", "credentials")
        ]
        assert "Debian GNU/Linux 12" in found["msg"]
        assert [one["check"] for one in ran.on("closed")[PREFLIGHT]["findings"]] == [
            *("containerd_source", "reach", "inbound", "version_skew", "node_ip", "overlap"),
            "other_cluster",
        ]
        hosts.machines.run("wrong", "test", "-e", "/usr/local/bin/nodeadm", fails=True)
    with subtests.test("each says where it was stopped"):
        for name, fault in [*faults.items()][:-1]:
            command, place = fault.split(":")
            task = INSTALL if command == "install" else JOIN
            assert f"{command} was stopped at {place}" in ran.on(name)[task]["msg"]
        assert hosts.aws.ssm.describe_activations()["ActivationList"] == []
    with subtests.test("a host that an activation does not let in any more gets another one, in the same run"):
        assert hosts.node("late") is not None
        assert hosts.aws.ssm.describe_activations()["ActivationList"] == []
        made = [call["parameters"]["RegistrationLimit"] for call in ledger.calls("ssm", "CreateActivation")]
        assert (made[0], len(made)) == (3, 2)
        codes = hosts.machines.run("late", "cat", "/run/stand-ins/codes").split()
        assert len(codes) == 2
        assert not [code for code in codes if code in ran.output]
    with subtests.test("the next run has them join, without another registration where there is one"):
        before = hosts.registered()
        assert sorted(before) == ["configured", "late", "registered", "stranger"]
        for name in faults:
            hosts.machines.run(name, "rm", "-f", FAULT)
        ran = hosts.run(fails=True)
        assert [name for name, stats in ran.stats.items() if stats["failures"]] == ["wrong", "closed"]
        assert "an installation was not finished" in ran.on("containerd")[INSTALL]["reasons"][0]
        assert all(hosts.node(name) for name in faults)
        assert hosts.registered().items() >= before.items()
    with subtests.test("nodeadm goes on caring for the containerd that it has installed"):
        for name in faults:
            assert "Containerd: distro" in hosts.machines.run(name, "cat", "/opt/nodeadm/tracker")
    with subtests.test("a check can be skipped by name"):
        hosts.machines.run(
            "wrong", "sh", "-c", "rm -r /etc/rancher /root/.aws /usr/local/bin/*; touch /etc/stand-ins/any-system"
        )
        hosts.machines.run("wrong", "python3", "-c", 'import socket; socket.sethostname("wrong")')
        skipped = {"hybrid_nodes_skip_checks": [*NOT_HERE, "system"]}
        ran = hosts.run(variables=skipped, arguments=["--limit", "!closed"])
        assert hosts.node("wrong") is not None
        assert not ran.on("containerd")[JOIN]["changed"]
