# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controllers together: budgets that are kept, rest, and how much work many nodes and pods make."""

from __future__ import annotations

from typing import Any

from unit.simulator.living_cluster import LivingCluster, node, template, workload

from eks_simulator.kubernetes.objects import Object
from eks_simulator.kubernetes.types import DAEMON_SET, DEPLOYMENT, DISRUPTION_BUDGET, NODE, POD

SOON = 30
NODES = 60
PODS = 240


def budget(app: str, **spec: Any) -> Object:
    selector = {"matchLabels": {"app": app}}
    return {"metadata": {"name": "b", "namespace": "default"}, "spec": {"selector": selector, **spec}}


def allowed(cluster: LivingCluster) -> tuple[int, int, int]:
    """How many pods a budget expects, how many are healthy, how many may go."""
    status = cluster.get(DISRUPTION_BUDGET, "b")["status"]
    return status["expectedPods"], status["currentHealthy"], status["disruptionsAllowed"]


def test_a_budget_follows_its_pods() -> None:
    cluster = LivingCluster()
    cluster.node("a")
    cluster.deploy("web", 4)
    cluster.create(DISRUPTION_BUDGET, budget("web", maxUnavailable="25%"))
    assert allowed(cluster) == (4, 0, 0)
    cluster.advance(SOON)
    assert allowed(cluster) == (4, 4, 1)
    cluster.objects.condemn(POD, "default", cluster.pods()[0]["metadata"]["name"], 30)
    cluster.timeline.settle()
    assert allowed(cluster) == (4, 3, 0)
    cluster.advance(SOON)
    assert allowed(cluster) == (4, 4, 1)
    deployment = cluster.get(DEPLOYMENT, "web")
    cluster.change(DEPLOYMENT, deployment, spec={**deployment["spec"], "replicas": 8})
    assert allowed(cluster) == (8, 4, 0)


def test_pods_without_a_controller_are_not_expected() -> None:
    cluster = LivingCluster()
    cluster.node("a")
    made = template("web")
    metadata = {**made["metadata"], "name": "web", "namespace": "default"}
    cluster.create(POD, {**made, "metadata": metadata, "status": {"phase": "Pending"}})
    cluster.create(DISRUPTION_BUDGET, budget("web", maxUnavailable=1))
    cluster.advance(SOON)
    assert allowed(cluster) == (0, 1, 0)


def test_a_closed_cluster_is_dead() -> None:
    cluster = LivingCluster()
    cluster.node("a")
    cluster.deploy("web", 1)
    cluster.controllers.close()
    revision = cluster.objects.revision
    cluster.advance(SOON)
    assert cluster.objects.revision == revision


def test_work_grows_with_what_changes_and_not_with_what_is_there() -> None:
    """Many pods and nodes are looked at some times each while they come, and not at all when nothing happens."""
    cluster = LivingCluster()
    work = cluster.controllers.work
    for number in range(NODES):
        cluster.objects.create(NODE, node(f"n{number:02}"))
    cluster.create(DAEMON_SET, workload("agent"))
    cluster.deploy("web", PODS)
    cluster.advance(SOON)
    assert sum(pod["status"]["phase"] == "Running" for pod in cluster.pods()) == NODES + PODS
    assert cluster.objects.revision < 4 * (NODES + PODS) + 2 * NODES
    assert work["Scheduler"] < 5
    assert work["Deployments"] + work["ReplicaSets"] + work["DaemonSets"] < 25
    assert work["Kubelets"] <= 3 * (NODES + PODS)
    work.clear()
    cluster.advance(86400)
    assert not any(work.values())
    heartbeat = cluster.get(NODE, "n00")
    conditions = [{**one, "lastHeartbeatTime": "2026-11-07T00:00:00Z"} for one in heartbeat["status"]["conditions"]]
    cluster.change(NODE, heartbeat, status={**heartbeat["status"], "conditions": conditions})
    assert {name: count for name, count in work.items() if count} == {"NodeLifecycle": 1}
