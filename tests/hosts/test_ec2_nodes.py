# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host part of the role self_managed_nodes: existing EC2 instances become nodes, and leave."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from support.awx import sliced
from support.clusters import api_of
from support.documentation import documentation
from support.ec2_machines import Ec2Machines, cluster_for_nodes
from support.ledger import Ledger
from support.machines import File, Files
from support.playbook import Playbook, Run
from support.surroundings import Surroundings

CONFIG = "/etc/eks/nodeadm.d/90-flotilla-eks.json"
NODES = "/api/v1/nodes"
FAULT = "/etc/stand-ins/nodeadm-fault"
HYBRID_NODEADM = File("#!/bin/sh\nprintf 'Commands:\\n  init\\n  install\\n  uninstall\\n  upgrade\\n'\n", mode=0o755)
JOINING = {
    "self_managed_nodes_host_labels": {"tier": "batch", "team": "a"},
    "self_managed_nodes_host_taints": [{"key": "batch", "effect": "NO_SCHEDULE"}],
    "self_managed_nodes_host_ready_timeout": 60,
}
JOIN = "Have the kubelet serve the cluster"
PREFLIGHT = "Look for all that keeps the host from joining"
Boot = Callable[..., Ec2Machines]


class Fleet:
    """Machines, the playbook that is run for them, and the cluster that they join."""

    def __init__(self, playbook: Playbook, machines: Ec2Machines, aws: Surroundings) -> None:
        self.playbook = playbook
        self.machines = machines
        self.api = api_of(aws)
        self.inventory: dict[str, Any] = {
            "eks_clusters": {"hosts": {"prod": {}, "other": {}}},
            "eks_ec2_nodes": {"hosts": machines.hosts(eks_cluster="prod")},
        }

    def run(self, **options: Any) -> Run:
        variables = {**JOINING, **options.pop("variables", {})}
        return self.playbook.run("flotilla.eks.nodes_ec2", inventory=self.inventory, variables=variables, **options)

    def slice(self, number: int, **options: Any) -> Run:
        """Run the playbook for one of two slices of the inventory."""
        nodes = {**self.inventory["eks_ec2_nodes"], "vars": {"eks_cluster_name": "prod"}}
        part = sliced({**self.inventory, "eks_ec2_nodes": nodes}, number, 2)
        return self.playbook.run("flotilla.eks.nodes_ec2", inventory=part, variables=JOINING, **options)

    def node(self, name: str) -> dict[str, Any] | None:
        """The Node of a machine, if there is one."""
        return self.api.find(f"{NODES}/{self.machines.instances[name].name}")

    def kubelet(self, name: str) -> str:
        """The state of a machine's kubelet, with the moment at which it was started."""
        show = "--property=ActiveState,UnitFileState,ActiveEnterTimestampMonotonic"
        return self.machines.run(name, "systemctl", "show", "kubelet.service", show)

    def nodeadm_runs(self, name: str) -> int:
        return len(self.machines.run(name, "cat", "/var/log/nodeadm-runs").splitlines())


def test_instances_join_change_and_are_left_alone(
    playbook: Playbook, ec2: Boot, aws: Surroundings, ledger: Ledger, subtests: pytest.Subtests
) -> None:
    fleet = Fleet(playbook, ec2("node-1", "node-2"), aws)
    with subtests.test("check mode tells, and does nothing"):
        assert fleet.run(check=True).changed == 2
        fleet.machines.run("node-1", "test", "-e", CONFIG, fails=True)
    with subtests.test("a slice of AWX that lacks the cluster's inventory host can be planned"):
        assert fleet.slice(1, check=True).changed == 1
    with subtests.test("both become nodes, and nothing secret is told"):
        ran = fleet.run(arguments=["-vvv"])
        for name in ("node-1", "node-2"):
            node = fleet.node(name)
            assert node is not None
            assert node["metadata"]["labels"].items() >= {"tier": "batch", "team": "a"}.items()
            assert node["spec"]["taints"] == [{"key": "batch", "effect": "NoSchedule"}]
            assert fleet.machines.run(name, "stat", "-c", "%a %U", CONFIG) == "600 root\n"
            assert "ActiveState=active\nUnitFileState=enabled" in fleet.kubelet(name)
            documents = fleet.machines.instances[name].documents
            keys = json.loads(documents["meta-data/iam/security-credentials/test-node"])
            assert not [key for key in ("SecretAccessKey", "Token") if keys[key] in ran.output]
    with subtests.test("the second run changes nothing, and asks AWS twice for both"):
        before = [fleet.kubelet(name) for name in ("node-1", "node-2")]
        ledger.clear()
        ran = fleet.run()
        assert ran.changed == 0
        nodes = {name: {"cluster": "prod", "node": one.id} for name, one in fleet.machines.instances.items()}
        assert ran.artifacts == {"eks_nodes_ec2": nodes}
        assert [fleet.kubelet(name) for name in ("node-1", "node-2")] == before
        assert ledger.operations("eks") == ["DescribeCluster", "ListAccessEntries", "DescribeCluster"]
        assert [fleet.nodeadm_runs(name) for name in ("node-1", "node-2")] == [1, 1]
    with subtests.test("what is changed reaches kubelet and Node"):
        changed = {"self_managed_nodes_host_labels": {"tier": "gpu"}, "self_managed_nodes_host_taints": []}
        result = fleet.run(variables=changed, diff=True).on("node-1")[JOIN]
        assert (result["initialized"], result["restarted"]) == (True, True)
        assert "--node-labels=tier=gpu" in result["diff"]["after"]
        assert fleet.kubelet("node-1") != before[0]
        node = fleet.node("node-1")
        assert node is not None
        assert "taints" not in node["spec"]
        assert (node["metadata"]["labels"]["tier"], "team" in node["metadata"]["labels"]) == ("gpu", False)
        assert fleet.run(variables=changed).changed == 0
    with subtests.test("a kubelet that was stopped comes back"):
        fleet.machines.run("node-2", "systemctl", "stop", "kubelet")
        ran = fleet.run(variables=changed)
        assert ran.on("node-2")[JOIN]["reasons"] == ["the kubelet is inactive"]
        assert (ran.stats["node-1"]["changed"], ran.stats["node-2"]["changed"]) == (0, 1)


def test_what_nodeadm_says_counts_for_nothing(
    playbook: Playbook, ec2: Boot, aws: Surroundings, subtests: pytest.Subtests
) -> None:
    never = "no Node has appeared for it"  # if the machine is so slow that the kubelet seems to stay up
    said = {
        "nothing": ["nodeadm has written nothing, though it ended with 0"],
        "not-started": ["its unit is inactive"],
        "bad-flag": ["unknown flag: --no-such-flag", never],
        "fatal": ["nodeadm says: Command failed: operation error EC2: DescribeInstances"],
    }
    machines = ec2(*said, "well", files={name: {FAULT: File(name)} for name in said})
    fleet = Fleet(playbook, machines, aws)
    ran = fleet.run(fails=True)
    for name, texts in said.items():
        with subtests.test(name):
            (failure,) = [line for line in ran.lines if line["host"] == name and line["status"] == "failed"]
            assert any(text in failure["result"]["msg"] for text in texts)
    with subtests.test("the others join"):
        assert ran.stats["well"]["failures"] == 0
        assert fleet.node("well") is not None
    with subtests.test("what was mended joins, whatever state it was left in, two at a time"):
        for name in said:
            machines.run(name, "rm", FAULT)
        assert fleet.run(variables={"nodes_ec2_serial": 2}).stats["well"]["changed"] == 0
        assert all(fleet.node(name) for name in said)


def test_preflight_reports_all_that_is_wrong_at_once(
    playbook: Playbook, ec2: Boot, aws: Surroundings, subtests: pytest.Subtests
) -> None:
    wrong: Files = {
        "/etc/os-release": File('ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n'),
        "/etc/stand-ins/kubelet-version": File("v1.34.1-eks-1234567"),
        "/usr/bin/nodeadm": HYBRID_NODEADM,
    }
    fleet = Fleet(playbook, ec2("wrong", "well", files={"wrong": wrong}), aws)
    ran = fleet.run(fails=True)
    found = ran.on("wrong")[PREFLIGHT]
    with subtests.test("each problem is told"):
        assert [finding["check"] for finding in found["findings"]] == ["system", "nodeadm", "version_skew"]
        for text in ("3 of 13 checks failed", "Debian GNU/Linux 12", "for machines on premises", "v1.34.1-eks-1234567"):
            assert text in found["msg"]
    with subtests.test("the host is left as it was, and the other joins"):
        fleet.machines.run("wrong", "test", "-e", CONFIG, fails=True)
        assert (fleet.node("wrong"), fleet.node("well") is None) == (None, False)
    with subtests.test("checks can be skipped by name, which is told"):
        skipped = {"self_managed_nodes_host_skip_checks": ["system", "nodeadm"]}
        ran = fleet.run(variables=skipped, fails=True)
        assert [finding["check"] for finding in ran.on("wrong")[PREFLIGHT]["findings"]] == ["version_skew"]
        assert "Host well was not checked for: system, nodeadm" in ran.output
    with subtests.test("a role without an access entry"):
        aws.eks.delete_access_entry(clusterName="prod", principalArn=aws.role("node"))
        finding = fleet.run(fails=True).on("well")[PREFLIGHT]["findings"]
        assert [(one["check"], "test-node" in one["problem"]) for one in finding] == [("access", True)]


def test_the_examples_of_the_modules_run(playbook: Playbook, ec2: Boot, aws: Surroundings) -> None:
    fleet = Fleet(playbook, ec2("node-1"), aws)
    for module in ("ec2_node_preflight", "ec2_node"):
        tasks = documentation(module).examples
        inventory = {**fleet.inventory, "eks_clusters": {"hosts": {"localhost": {}}}}
        run = playbook.tasks(*tasks, play={"hosts": "eks_ec2_nodes"}, inventory=inventory)
        assert [line["task"] for line in run.lines] == [task["name"] for task in tasks]
        assert {line["status"] for line in run.lines} == {"ok"}


def test_a_run_that_was_killed_is_taken_up_by_the_next(playbook: Playbook, ec2: Boot, aws: Surroundings) -> None:
    machines = ec2("node-1", files={"node-1": {FAULT: File("hang")}})
    fleet = Fleet(playbook, machines, aws)

    def waits_in_nodeadm() -> bool:
        return "nodeadm" in machines.run("node-1", "ps", "ax")

    playbook.killed("flotilla.eks.nodes_ec2", waits_in_nodeadm, inventory=fleet.inventory, variables=JOINING)
    assert fleet.node("node-1") is None
    machines.run("node-1", "rm", FAULT)
    assert fleet.run().on("node-1")[JOIN]["initialized"]
    assert fleet.node("node-1") is not None
    assert fleet.run().changed == 0


def test_instances_leave_and_come_again(
    playbook: Playbook, ec2: Boot, aws: Surroundings, subtests: pytest.Subtests
) -> None:
    fleet = Fleet(playbook, ec2("node-1"), aws)
    absent = {"self_managed_nodes_host_state": "absent"}
    fleet.run()
    with subtests.test("check mode leaves the node where it is"):
        assert fleet.run(variables=absent, check=True).changed > 0
        node = fleet.node("node-1")
        assert node is not None
        assert "unschedulable" not in node["spec"]
    with subtests.test("nothing is left that leads it back"):
        fleet.run(variables=absent)
        assert fleet.node("node-1") is None
        assert "ActiveState=inactive\nUnitFileState=disabled" in fleet.kubelet("node-1")
        for path in (CONFIG, "/var/lib/kubelet/kubeconfig", "/etc/eks/kubelet/environment"):
            fleet.machines.run("node-1", "test", "-e", path, fails=True)
        assert fleet.run(variables=absent).changed == 0
    with subtests.test("it can join again"):
        fleet.run()
        assert fleet.node("node-1") is not None
    with subtests.test("another cluster does not get it by mistake, only by intent"):
        cluster_for_nodes(aws, "other")
        fleet.inventory["eks_ec2_nodes"]["hosts"]["node-1"]["eks_cluster"] = "other"
        found = fleet.run(fails=True).on("node-1")[PREFLIGHT]["findings"]
        assert [finding["check"] for finding in found] == ["other_cluster"]
        fleet.run(variables={"self_managed_nodes_host_skip_checks": ["other_cluster"]})
        assert api_of(aws, "other").find(f"{NODES}/{fleet.machines.instances['node-1'].name}") is not None
