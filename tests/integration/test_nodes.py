# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules nodes and bootstrap_info: labels and taints of Nodes that are there, and what Nodes to be need."""

from __future__ import annotations

from typing import Any

import pytest

from eks_simulator.process import SimulatorProcess
from support.clusters import api_of
from support.ledger import Ledger
from support.playbook import Playbook
from support.surroundings import Surroundings

NODES = "/api/v1/nodes"
GPU = {"key": "gpu", "value": "yes", "effect": "NO_SCHEDULE"}


def task(name: str, nodes: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    return {"name": name, "flotilla.eks.nodes": {"cluster_name": "prod", "nodes": nodes, **options}}


@pytest.fixture
def names(aws: Surroundings) -> list[str]:
    """The names of the two Nodes of a cluster."""
    aws.cluster("prod", accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})
    aws.nodegroup("web", scalingConfig={"minSize": 0, "maxSize": 5, "desiredSize": 2})
    return [node["metadata"]["name"] for node in api_of(aws).list_all(NODES)]


def test_labels_and_taints_are_kept(
    names: list[str], aws: Surroundings, playbook: Playbook, ledger: Ledger, subtests: pytest.Subtests
) -> None:
    api = api_of(aws)
    instance = api.get(f"{NODES}/{names[0]}")["spec"]["providerID"].rpartition("/")[2]
    wanted = [{"name": instance, "labels": {"tier": "gpu"}, "taints": [GPU]}, {"name": names[1], "labels": {"a": 1}}]
    ledger.clear()
    with subtests.test("check, for real, and again; by name or by instance"):
        plan = {**task("Plan", wanted), "check_mode": True}
        run = playbook.tasks(plan, task("Make", wanted), task("Again", wanted))
        told = [(run.results[name]["changed"], run.results[name]["nodes"]) for name in ("Plan", "Make", "Again")]
        assert told == [(True, sorted(names)), (True, sorted(names)), (False, [])]
        assert [call["operation"] for call in ledger.writes()] == ["patch nodes"] * 2
        assert api.get(f"{NODES}/{names[0]}")["spec"]["taints"] == [{**GPU, "effect": "NoSchedule"}]
        assert api.get(f"{NODES}/{names[1]}")["metadata"]["labels"]["a"] == "1"
    with subtests.test("what is not listed any more goes"):
        playbook.tasks(task("Change", [{"name": names[0], "labels": {}, "taints": []}]))
        node = api.get(f"{NODES}/{names[0]}")
        assert "taints" not in node["spec"]
        assert "tier" not in node["metadata"]["labels"]
        assert node["metadata"]["labels"]["eks.amazonaws.com/nodegroup"] == "web"


def test_nodes_are_waited_for_and_removed(
    names: list[str],
    aws: Surroundings,
    playbook: Playbook,
    ledger: Ledger,
    simulator: SimulatorProcess,
    subtests: pytest.Subtests,
) -> None:
    with subtests.test("who is missing is an error, at once or after a while"):
        wanted: list[dict[str, Any]] = [{"name": names[0], "labels": {"a": "b"}}, {"name": "i-0a1b2c3d4e5f60718"}]
        failed = {**task("Fail", wanted), "ignore_errors": True}
        waits = {**task("Wait", wanted, wait_timeout=1), "ignore_errors": True}
        run = playbook.tasks(failed, waits, task("Plan", wanted) | {"check_mode": True})
        missing = {"i-0a1b2c3d4e5f60718": "no Node has appeared for it"}
        assert run.results["Fail"]["unready"] == run.results["Wait"]["unready"] == missing
        assert "not Ready after 1 s: i-0a1b2c3d4e5f60718: no Node has appeared" in run.results["Wait"]["msg"]
        assert run.results["Plan"]["unready"] == {}
        assert api_of(aws).get(f"{NODES}/{names[0]}")["metadata"]["labels"]["a"] == "b"
    with subtests.test("a Node that is not Ready is waited for in vain"):
        simulator.fault(resource="node", name="sick", becomes="NotReady")
        aws.nodegroup("sick", scalingConfig={"minSize": 0, "maxSize": 5, "desiredSize": 1})
        (sick,) = {node["metadata"]["name"] for node in api_of(aws).list_all(NODES)} - set(names)
        message = playbook.tasks(task("Wait", [{"name": sick}], wait_timeout=1), fails=True).last["msg"]
        assert f"{sick} is NotReady, KubeletNotReady" in message
    with subtests.test("Nodes are removed once, and in check mode never"):
        gone = [{"name": name} for name in [*names, "gone-long-ago"]]
        ledger.clear()
        run = playbook.tasks(
            {**task("Plan", gone, state="absent"), "check_mode": True},
            task("Remove", gone, state="absent"),
            task("Again", gone, state="absent"),
        )
        told = [run.results[name]["nodes"] for name in ("Plan", "Remove", "Again")]
        assert told == [sorted(names), sorted(names), []]
        assert [call["operation"] for call in ledger.writes()] == ["delete nodes"] * 2


def test_what_a_cluster_lets_in(names: list[str], aws: Surroundings, playbook: Playbook, ledger: Ledger) -> None:
    role = "arn:aws:iam::123456789012:role/by-row"
    row = {"name": "Row", "flotilla.eks.aws_auth": {"cluster_name": "prod", "map_roles": [{"rolearn": role}]}}
    look = {"name": "Look", "flotilla.eks.bootstrap_info": {"cluster_name": "prod"}}
    found = playbook.tasks(row, look).results["Look"]
    assert found["cluster"]["endpoint"].startswith("https://")
    assert {role, aws.role("node")} <= set(found["roles"])
    ledger.clear()
    aws.eks.update_cluster_config(name="prod", accessConfig={"authenticationMode": "API"})
    aws.settle()
    ledger.clear()
    assert role not in playbook.tasks(look).last["roles"]
    assert ledger.operations() == ["DescribeCluster", "ListAccessEntries"]
    missing = {"name": "Look", "flotilla.eks.bootstrap_info": {"cluster_name": "nowhere"}}
    assert "EKS cluster 'nowhere' does not exist" in playbook.tasks(missing, fails=True).last["msg"]
