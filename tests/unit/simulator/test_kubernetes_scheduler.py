# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler: where pods go, and what it says when they can go nowhere."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.living_cluster import LivingCluster, node, template

from eks_simulator.kubernetes.controllers.fitting import pinned, pinned_to, selects, tolerates
from eks_simulator.kubernetes.controllers.pods import condition, requests
from eks_simulator.kubernetes.controllers.quantities import millis, share
from eks_simulator.kubernetes.objects import Object
from eks_simulator.kubernetes.types import EVENT, NODE, POD

GPU = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
HELPLESS = "Preemption is not helpful for scheduling"
VICTIMLESS = "No preemption victims found for incoming pod"


def pod(name: str, **members: Any) -> Object:
    made = template(name, **members)
    return {
        **made,
        "metadata": {**made["metadata"], "name": name, "namespace": "default"},
        "status": {"phase": "Pending"},
    }


def place(cluster: LivingCluster, name: str, **members: Any) -> str | None:
    """The node that a new pod gets."""
    cluster.create(POD, pod(name, **members))
    return cluster.get(POD, name)["spec"].get("nodeName")


def verdict(cluster: LivingCluster, name: str) -> str:
    said = condition(cluster.get(POD, name), "PodScheduled")
    assert (said["status"], said["reason"]) == ("False", "Unschedulable")
    return said["message"]


def test_pods_of_an_owner_are_spread() -> None:
    cluster = LivingCluster()
    for name in "abc":
        cluster.node(name)
    cluster.deploy("web", 7)
    placed = [one["spec"]["nodeName"] for one in cluster.pods()]
    assert sorted(placed.count(name) for name in "abc") == [2, 2, 3]


def test_between_equal_nodes_zones_take_turns() -> None:
    cluster = LivingCluster()
    for name, zone in (("a", "x"), ("b", "x"), ("c", "y")):
        cluster.node(name, labels={"topology.kubernetes.io/zone": zone})
    cluster.deploy("web", 2)
    assert {one["spec"]["nodeName"] for one in cluster.pods()} == {"a", "c"}


def test_without_nodes() -> None:
    cluster = LivingCluster()
    assert place(cluster, "web") is None
    assert verdict(cluster, "web") == "no nodes available to schedule pods"


def test_a_pod_waits_for_a_node_that_it_selects() -> None:
    cluster = LivingCluster()
    cluster.node("a")
    assert place(cluster, "web", nodeSelector={"disk": "fast"}) is None
    message = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
    assert verdict(cluster, "web") == f"{message} preemption: 0/1 nodes are available: 1 {HELPLESS}."
    cluster.node("b", labels={"disk": "fast"})
    assert cluster.get(POD, "web")["spec"]["nodeName"] == "b"


def test_each_node_has_its_reason() -> None:
    cluster = LivingCluster()
    cluster.node("cordoned", unschedulable=True)
    cluster.node("tainted", taints=[GPU])
    cluster.node("small", pods=0)
    cluster.node("other", pods=0)
    assert place(cluster, "web", cpu="3") is None
    assert verdict(cluster, "web") == (
        "0/4 nodes are available: 1 node(s) had untolerated taint {gpu: yes}, 1 node(s) were unschedulable,"
        " 2 Insufficient cpu, 2 Too many pods. preemption: 0/4 nodes are available: "
        f"2 {VICTIMLESS}, 2 {HELPLESS}."
    )


def test_what_is_told_once_is_counted_then() -> None:
    cluster = LivingCluster()
    place(cluster, "web")
    cluster.node("a", taints=[GPU])
    cluster.node("b", taints=[GPU])
    told = [one for one in cluster.objects.list(EVENT) if one["reason"] == "FailedScheduling"]
    assert [one["count"] for one in told] == [3]
    assert told[0]["message"] == verdict(cluster, "web")
    assert told[0]["involvedObject"]["name"] == "web"


def test_a_node_takes_what_its_resources_hold_and_no_more() -> None:
    cluster = LivingCluster()
    cluster.node("a")
    assert [place(cluster, f"web-{number}", cpu="500m") for number in range(5)] == ["a"] * 4 + [None]
    cluster.delete(POD, cluster.get(POD, "web-0"))
    assert cluster.get(POD, "web-4")["spec"]["nodeName"] == "a"


def test_a_node_takes_as_many_pods_as_it_allows() -> None:
    cluster = LivingCluster()
    cluster.node("a", pods=2)
    assert [place(cluster, f"web-{number}") for number in range(3)] == ["a", "a", None]
    assert "Too many pods" in verdict(cluster, "web-2")


def test_a_node_that_is_not_ready_takes_nothing_until_it_is() -> None:
    cluster = LivingCluster()
    cluster.node("a", ready=False)
    assert place(cluster, "web") is None
    assert "untolerated taint {node.kubernetes.io/not-ready: }" in verdict(cluster, "web")
    cluster.change(NODE, cluster.get(NODE, "a"), status=node("a")["status"])
    assert cluster.get(POD, "web")["spec"]["nodeName"] == "a"


def test_who_tolerates_a_taint_goes_there() -> None:
    cluster = LivingCluster()
    cluster.node("a", taints=[GPU])
    assert place(cluster, "web", tolerations=[{"key": "gpu", "operator": "Exists"}]) == "a"


def test_other_schedulers_have_pods_of_their_own() -> None:
    cluster = LivingCluster()
    cluster.node("a")
    assert place(cluster, "web", schedulerName="mine") is None
    assert "conditions" not in cluster.get(POD, "web")["status"]


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}, True),
        ({"key": "gpu", "value": "yes"}, True),
        ({"key": "gpu", "value": "no"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"operator": "Exists"}, True),
        ({"operator": "Equal", "value": "yes"}, False),
    ],
)
def test_tolerations(toleration: dict[str, str], tolerated: bool) -> None:
    assert tolerates(toleration, GPU) is tolerated


def affinity(*terms: list[tuple[Any, ...]]) -> dict[str, Any]:
    """Node affinity: any of the terms, all expressions of a term."""
    names = ("key", "operator", "values")
    made = [{"matchExpressions": [dict(zip(names, one, strict=False)) for one in term]} for term in terms]
    return {
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": made}}}
    }


@pytest.mark.parametrize(
    ("spec", "selected"),
    [
        ({}, True),
        ({"nodeSelector": {"zone": "a"}}, True),
        ({"nodeSelector": {"zone": "b"}}, False),
        (affinity([("zone", "In", ["b", "a"])]), True),
        (affinity([("zone", "NotIn", ["a"])]), False),
        (affinity([("gpu", "NotIn", ["a"])]), True),
        (affinity([("zone", "Exists"), ("gpu", "DoesNotExist")]), True),
        (affinity([("zone", "Exists"), ("gpu", "Exists")]), False),
        (affinity([("gpu", "Exists")], [("zone", "Exists")]), True),
        (affinity([("cores", "Gt", ["7"])]), True),
        (affinity([("cores", "Lt", ["8"])]), False),
        (affinity([("zone", "Gt", ["7"])]), False),
        (affinity([]), False),
        (affinity(), False),
    ],
)
def test_selection_of_nodes(spec: dict[str, Any], selected: bool) -> None:
    assert selects(spec, node("n", labels={"zone": "a", "cores": "8"})) is selected


def test_an_affinity_is_narrowed_down_to_a_node() -> None:
    narrowed = {"affinity": pinned_to(affinity([("zone", "In", ["a"])])["affinity"], "n")}
    assert pinned(narrowed) == "n"
    assert selects(narrowed, node("n", labels={"zone": "a"}))
    assert not selects(narrowed, node("n", labels={"zone": "b"}))
    assert not selects(narrowed, node("m", labels={"zone": "a"}))
    assert pinned({"affinity": pinned_to(None, "n")}) == "n"
    assert pinned({}) is None


def test_the_greediest_init_container_counts_if_it_asks_for_more() -> None:
    spec = template("web", cpu="100m")["spec"]
    greedy = {"resources": {"limits": {"cpu": "1"}, "requests": {"memory": "1Mi"}}}
    asked = requests({"spec": {**spec, "initContainers": [greedy]}})
    assert asked == {"cpu": 1000, "memory": millis("64Mi"), "pods": 1000}


@pytest.mark.parametrize(
    ("quantity", "thousandths"),
    [
        ("100m", 100),
        ("1", 1000),
        ("0.5", 500),
        (2, 2000),
        ("1Ki", 1024_000),
        ("1k", 1000_000),
        ("1e3", 1000_000),
        ("1u", 1),
    ],
)
def test_quantities(quantity: str | int, thousandths: int) -> None:
    assert millis(quantity) == thousandths


def test_percentages() -> None:
    assert [share("25%", 10, up) for up in (True, False)] == [3, 2]
    assert share(4, 10, up=True) == 4
