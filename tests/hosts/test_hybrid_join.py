# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines on premises join a cluster, and what was interrupted is taken up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.hybrid_fleet import FAULT, INSTALL, JOIN, NOT_HERE, PREFLIGHT, Fleet
from support.hybrid_machines import Releases
from support.ledger import Ledger
from support.machines import File, Files

LABELS = {"site": "north", "eks.amazonaws.com/compute-type": "hybrid"}


def test_hosts_join_and_are_left_alone(fleet: Callable[..., Fleet], ledger: Ledger, subtests: pytest.Subtests) -> None:
    hosts = fleet("edge-1", "edge-2", "edge-3")
    with subtests.test("check mode tells, and does nothing"):
        assert hosts.run(check=True).on("edge-1")[INSTALL]["changed"]
        hosts.machines.run("edge-1", "test", "-e", "/usr/local/bin/nodeadm", fails=True)
        assert [name for name in ledger.operations("ssm") if name.startswith(("Create", "Delete"))] == []
    with subtests.test("all become nodes by one activation, which is gone"):
        ran = hosts.run(arguments=["-vvv"])
        assert sorted(hosts.registered()) == ["edge-1", "edge-2", "edge-3"]
        for name in hosts.registered():
            node = hosts.node(name)
            assert node is not None
            assert node["metadata"]["labels"].items() >= LABELS.items()
            assert hosts.runs(name) == ["install", "init"]
        assert ledger.operations("ssm").count("CreateActivation") == 1
        assert hosts.aws.ssm.describe_activations()["ActivationList"] == []
    with subtests.test("the second run changes nothing"):
        before = [hosts.units(name) for name in hosts.registered()]
        ledger.clear()
        assert hosts.run().changed == 0
        assert [hosts.units(name) for name in hosts.registered()] == before
        assert ledger.writes() == []
    with subtests.test("a secret is nowhere: not in what is told, nor on disk, nor among the processes"):
        codes = hosts.machines.run("edge-1", "cat", "/run/stand-ins/codes").split()
        assert len(codes) == 1
        assert codes[0] not in ran.output
        for place in ("/etc", "/home", "/opt", "/root", "/tmp", "/usr/local", "/var"):
            hosts.machines.run("edge-1", "grep", "-rqF", codes[0], place, fails=True)
        assert codes[0] not in hosts.machines.run("edge-1", "ps", "axww", "-o", "args")
        hosts.machines.run("edge-1", "test", "-e", "/run/flotilla-eks", fails=True)
    with subtests.test("what is changed reaches the node, and costs no registration"):
        ran = hosts.run(variables={"hybrid_nodes_labels": {"site": "south"}})
        assert ran.on("edge-1")[JOIN]["reasons"] == ["its NodeConfig is not the one that the kubelet runs by"]
        node = hosts.node("edge-1")
        assert node is not None
        assert node["metadata"]["labels"]["site"] == "south"
        assert ledger.operations("ssm").count("CreateActivation") == 0
    with subtests.test("a host that Systems Manager has forgotten registers anew, and what was left of old runs goes"):
        old = hosts.registered()["edge-2"]
        hosts.aws.ssm.deregister_managed_instance(InstanceId=old)
        hosts.aws.ssm.create_activation(
            IamRole="prod-hybrid", Tags=[{"Key": "flotilla.eks/activation", "Value": "prod-join"}]
        )
        hosts.aws.simulator.advance(2 * 24 * 3600)
        ran = hosts.run(variables={"hybrid_nodes_labels": {"site": "south"}})
        assert ran.on("edge-2")[JOIN]["reasons"] == [f"its registration as {old} is void"]
        assert hosts.registered()["edge-2"] != old
        assert hosts.node("edge-2") is not None
        assert hosts.aws.ssm.describe_activations()["ActivationList"] == []


def test_what_was_interrupted_is_taken_up(
    fleet: Callable[..., Fleet], releases: Releases, subtests: pytest.Subtests
) -> None:
    faults = {
        "containerd": "install:Kubelet",
        "untracked": "install:tracker",
        "registered": "init:register",
        "configured": "init:kubelet",
    }
    wrong: Files = {
        "/etc/os-release": File('ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n'),
        "/etc/rancher/k3s/k3s.yaml": File(),
        "/root/.aws/credentials": File("[default]\n"),
    }
    files = {name: {FAULT: File(fault)} for name, fault in faults.items()}
    hosts = fleet(*faults, "wrong", "altered", files={**files, "wrong": wrong})
    releases.put("v1.0.22", b"#!/bin/sh\n", checksum_of=b"something else")
    hosts.inventory["eks_hybrid_nodes"]["hosts"]["altered"]["hybrid_nodes_nodeadm_version"] = "v1.0.22"
    ran = hosts.run(fails=True)
    with subtests.test("a nodeadm that is not what its checksum says is not run, nor kept"):
        assert "has not the checksum sha256:" in ran.on("altered")[INSTALL]["msg"]
        hosts.machines.run("altered", "test", "-e", "/usr/local/bin/nodeadm", fails=True)
        del hosts.inventory["eks_hybrid_nodes"]["hosts"]["altered"]["hybrid_nodes_nodeadm_version"]
    with subtests.test("all that is wrong with a host is told at once, and it is left as it was"):
        found = ran.on("wrong")[PREFLIGHT]
        assert [one["check"] for one in found["findings"]] == ["system", "other_kubernetes", "credentials"]
        assert "Debian GNU/Linux 12" in found["msg"]
        hosts.machines.run("wrong", "test", "-e", "/usr/local/bin/nodeadm", fails=True)
    with subtests.test("each says where it was stopped"):
        for name, fault in faults.items():
            command, place = fault.split(":")
            task = INSTALL if command == "install" else JOIN
            assert f"{command} was stopped at {place}" in ran.on(name)[task]["msg"]
        assert hosts.aws.ssm.describe_activations()["ActivationList"] == []
    with subtests.test("the next run has them join, without another registration where there is one"):
        before = hosts.registered()
        assert sorted(before) == ["configured", "registered"]
        for name in faults:
            hosts.machines.run(name, "rm", FAULT)
        ran = hosts.run(fails=True)
        assert [name for name, stats in ran.stats.items() if stats["failures"]] == ["wrong"]
        assert "an installation was not finished" in ran.on("containerd")[INSTALL]["reasons"][0]
        assert all(hosts.node(name) for name in faults)
        assert hosts.registered().items() >= before.items()
    with subtests.test("nodeadm goes on caring for the containerd that it has installed"):
        for name in faults:
            assert "Containerd: distro" in hosts.machines.run(name, "cat", "/opt/nodeadm/tracker")
    with subtests.test("a check can be skipped by name"):
        hosts.machines.run("wrong", "rm", "-r", "/etc/rancher", "/root/.aws")
        hosts.machines.run("wrong", "touch", "/etc/stand-ins/any-system")
        ran = hosts.run(variables={"hybrid_nodes_skip_checks": [*NOT_HERE, "system"]})
        assert hosts.node("wrong") is not None
        assert not ran.on("containerd")[JOIN]["changed"]
