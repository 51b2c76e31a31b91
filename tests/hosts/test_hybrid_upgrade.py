# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines on premises are upgraded, and leave."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.hybrid_fleet import FAULT, NODES, Fleet, Workload
from support.hybrid_machines import PACKAGES
from support.ledger import Ledger


def test_hosts_are_upgraded_and_leave(fleet: Callable[..., Fleet], ledger: Ledger, subtests: pytest.Subtests) -> None:
    names = ("edge-1", "edge-2", "edge-3")
    hosts = fleet(*names, files={"edge-1": PACKAGES})
    with subtests.test("two jobs of slices that run at the same time make nodes of their own, one without the cluster"):
        hosts.variables["hybrid_nodes_version"] = "1.33"
        with ThreadPoolExecutor() as pool:
            joined = list(pool.map(hosts.job, (1, 2)))
        assert sorted(name for job in joined for name in job.artifacts["eks_nodes_hybrid"]) == [*names]
        assert sorted(hosts.registered()) == [*names]
        assert hosts.aws.ssm.describe_activations()["ActivationList"] == []
        del hosts.variables["hybrid_nodes_version"]
    handed_on = {name: {"cluster": "prod", "node": node} for name, node in hosts.registered().items()}
    with subtests.test("to join is not to be upgraded, and the next job is told who is a node"):
        ran = hosts.run()
        assert ran.changed == 0
        assert ran.artifacts == {"eks_nodes_hybrid": handed_on}
    pods = Workload(hosts)
    third = hosts.registered()["edge-3"]
    hosts.api.patch(f"{NODES}/{third}", {"spec": {"unschedulable": True}})
    with subtests.test("a run that is killed in the middle of an upgrade leaves the others alone"):
        hosts.killed("nodes_hybrid_upgrade", "edge-1", "upgrade:CniPlugins", lambda: "upgrade" in hosts.runs("edge-1"))
        assert "upgrade" not in hosts.runs("edge-2")
    with subtests.test("the next one ends it, and stops at the first host that fails"):
        hosts.machines.run("edge-2", "sh", "-c", f"echo upgrade:CniPlugins > {FAULT}")
        ran = hosts.run("nodes_hybrid_upgrade", fails=True)
        assert "upgrade was stopped at CniPlugins" in ran.on("edge-2")["Bring the kubelet to the version"]["msg"]
        assert "upgrade" not in hosts.runs("edge-3")
        hosts.machines.run("edge-2", "rm", FAULT)
    with subtests.test("packages of somebody else are as they were"):
        found = json.loads(hosts.machines.run("edge-1", "cat", "/etc/stand-ins/packages.json"))
        assert [name for name, one in found.items() if one["new"]] == ["postgresql", "pinned", "orphan"]
        assert [name for name, one in found.items() if one["held"]] == ["pinned"]
    with subtests.test("all get the version of the cluster, and no pod is lost"):
        hosts.slice(1, "nodes_hybrid_upgrade")
        hosts.slice(2, "nodes_hybrid_upgrade")
        for name in names:
            node = hosts.node(name)
            assert node is not None
            assert node["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.34")
            assert ("unschedulable" in node["spec"]) == (name == "edge-3")  # as it was
        assert (ledger.lost_pods(), pods.number()) == ([], 2)
    with subtests.test("once"):
        before = [hosts.units(name) for name in names]
        ran = hosts.run("nodes_hybrid_upgrade")
        assert ran.changed == 0
        assert ran.artifacts == {"eks_nodes_hybrid_upgrade": handed_on}
        assert [hosts.units(name) for name in names] == before
    with subtests.test("a host does not leave with what is somebody else's, which is told before its pods go"):
        hosts.machines.run("edge-1", "sh", "-c", "echo [backup] >> /root/.aws/config; mkdir /opt/cni/mine")
        ran = hosts.run("nodes_hybrid_leave", arguments=["--limit", "edge-1"], fails=True)
        told = ran.on("edge-1")["See whether it can be uninstalled"]["msg"]
        assert "/opt/cni/mine" in told
        assert "the profile backup in /root/.aws" in told
        node = hosts.node("edge-1")
        assert node is not None
        assert "unschedulable" not in node["spec"]
        hosts.machines.run("edge-1", "rm", "-r", "/opt/cni/mine", "/root/.aws/config")
    with subtests.test("nothing is left of a host that leaves, though it may not deregister itself"):
        number = hosts.registered()["edge-1"]
        hosts.machines.run("edge-1", "sh", "-c", f"echo uninstall:deregister > {FAULT}")
        hosts.inventory["eks_clusters"]["hosts"]["a"] = {}  # so that a slice has another cluster than its hosts
        hosts.slice(2, "nodes_hybrid_leave")
        assert hosts.runs("edge-1")[-2:] == ["uninstall", "uninstall"]
        assert sorted(hosts.registered()) == ["edge-2"]
        assert hosts.api.find(f"{NODES}/{number}") is None
        for path in ("/usr/local/bin/nodeadm", "/opt/nodeadm", "/var/lib/kubelet", "/var/lib/flotilla-eks", "/etc/eks"):
            hosts.machines.run("edge-1", "test", "-e", path, fails=True)
        found = json.loads(hosts.machines.run("edge-1", "cat", "/etc/stand-ins/packages.json"))
        assert [*found] == ["runc", "postgresql", "pinned", "orphan"]
        assert found["orphan"]["auto"]
        assert hosts.run("nodes_hybrid_leave", arguments=["--limit", "edge-1"]).changed == 0
    with subtests.test("one that is dead leaves without its help"):
        hosts.machines.run("edge-2", "systemctl", "stop", "kubelet")  # it would make its Node anew
        hosts.inventory["eks_hybrid_nodes"]["hosts"]["edge-2"]["ansible_host"] = "127.0.79.1"
        limited = ["--limit", "edge-2"]
        hosts.run("nodes_hybrid_leave", arguments=limited, fails=True)
        assert sorted(hosts.registered()) == ["edge-2"]
        number = hosts.registered()["edge-2"]
        dead = {"hybrid_nodes_unreachable": "remove", "hybrid_nodes_drain": False}
        ran = hosts.run("nodes_hybrid_leave", arguments=limited, variables=dead)
        assert ran.artifacts == {"eks_nodes_hybrid_leave": {"edge-2": handed_on["edge-2"]}}
        assert hosts.registered() == {}
        assert hosts.api.find(f"{NODES}/{number}") is None
