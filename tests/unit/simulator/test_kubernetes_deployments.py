# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments and their ReplicaSets: rollouts within bounds, and what the status says meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.living_cluster import LivingCluster, phases, template, workload

from eks_simulator.kubernetes.controllers.pods import condition
from eks_simulator.kubernetes.controllers.rollout import Part, Strategy, sizes, strategy_of
from eks_simulator.kubernetes.objects import Object
from eks_simulator.kubernetes.types import DEPLOYMENT, POD, REPLICA_SET

SOON = 30


@pytest.fixture
def cluster() -> LivingCluster:
    cluster = LivingCluster()
    for name in ("a", "b"):
        cluster.node(name)
    return cluster


def set_image(cluster: LivingCluster, name: str, image: str) -> None:
    deployment = cluster.get(DEPLOYMENT, name)
    cluster.change(DEPLOYMENT, deployment, spec={**deployment["spec"], "template": template(name, image)})


def scale(cluster: LivingCluster, name: str, replicas: int) -> None:
    deployment = cluster.get(DEPLOYMENT, name)
    cluster.change(DEPLOYMENT, deployment, spec={**deployment["spec"], "replicas": replicas})


def images(pods: list[Object]) -> set[str]:
    return {pod["spec"]["containers"][0]["image"] for pod in pods}


def test_a_deployment_comes_to_life(cluster: LivingCluster) -> None:
    cluster.deploy("web", 3)
    assert phases(cluster.pods()) == ["Pending"] * 3
    status = cluster.get(DEPLOYMENT, "web")["status"]
    assert (status["unavailableReplicas"], status["observedGeneration"]) == (3, 1)
    cluster.advance(SOON)
    deployment = cluster.get(DEPLOYMENT, "web")
    status = deployment["status"]
    counted = {name: status[name] for name in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")}
    assert set(counted.values()) == {3}
    assert "unavailableReplicas" not in status
    assert condition(deployment, "Available")["reason"] == "MinimumReplicasAvailable"
    assert condition(deployment, "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert deployment["metadata"]["annotations"] == {"deployment.kubernetes.io/revision": "1"}
    assert phases(cluster.pods()) == ["Running"] * 3


def test_at_rest_nothing_changes(cluster: LivingCluster) -> None:
    cluster.deploy("web", 3)
    cluster.advance(3600)
    revision = cluster.objects.revision
    cluster.advance(86400)
    assert cluster.objects.revision == revision


def test_a_rollout_keeps_its_bounds(cluster: LivingCluster) -> None:
    cluster.deploy("web", 4)
    cluster.advance(SOON)
    revision = cluster.objects.revision
    set_image(cluster, "web", "web:2")
    cluster.advance(300)
    assert images(cluster.pods()) == {"web:2"}
    existing = available = 4
    for event in cluster.objects.since(revision):
        if event.kind is DEPLOYMENT and event.object["metadata"]["generation"] == 2:
            existing = max(existing, event.object["status"].get("replicas", 0))
            available = min(available, event.object["status"].get("availableReplicas", 0))
    assert (existing, available) == (5, 3)
    assert cluster.get(DEPLOYMENT, "web")["status"]["observedGeneration"] == 2


def test_a_rollout_to_an_image_that_is_not_there_stops_and_is_reported(cluster: LivingCluster) -> None:
    cluster.deploy("web", 4)
    cluster.advance(SOON)
    set_image(cluster, "web", "web:does-not-exist")
    cluster.advance(300)
    assert cluster.get(DEPLOYMENT, "web")["status"]["availableReplicas"] == 3
    broken = [pod for pod in cluster.pods() if pod["status"]["phase"] == "Pending"]
    assert broken[0]["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ImagePullBackOff"
    cluster.advance(600)
    progressing = condition(cluster.get(DEPLOYMENT, "web"), "Progressing")
    assert (progressing["status"], progressing["reason"]) == ("False", "ProgressDeadlineExceeded")
    set_image(cluster, "web", "web:1")
    cluster.advance(SOON)
    deployment = cluster.get(DEPLOYMENT, "web")
    assert condition(deployment, "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    assert phases(cluster.pods()) == ["Running"] * 4


def test_scaling_down_takes_what_is_worth_least(cluster: LivingCluster) -> None:
    cluster.deploy("web", 2)
    cluster.advance(SOON)
    running = {pod["metadata"]["name"] for pod in cluster.pods()}
    scale(cluster, "web", 5)
    scale(cluster, "web", 2)
    cluster.advance(SOON)
    assert {pod["metadata"]["name"] for pod in cluster.pods()} == running


def test_recreate_ends_all_old_pods_first(cluster: LivingCluster) -> None:
    cluster.create(DEPLOYMENT, workload("web", replicas=2, spec={"strategy": {"type": "Recreate"}}))
    cluster.advance(SOON)
    set_image(cluster, "web", "web:2")
    assert images(cluster.pods()) == {"web:1"}
    cluster.advance(SOON)
    assert images(cluster.pods()) == {"web:2"}
    assert phases(cluster.pods()) == ["Running"] * 2


def test_a_paused_deployment_does_not_roll(cluster: LivingCluster) -> None:
    cluster.deploy("web", 2)
    cluster.advance(SOON)
    deployment = cluster.get(DEPLOYMENT, "web")
    cluster.change(DEPLOYMENT, deployment, spec={**deployment["spec"], "paused": True})
    set_image(cluster, "web", "web:2")
    cluster.change(DEPLOYMENT, deployment, spec={**deployment["spec"], "paused": True, "replicas": 3})
    cluster.advance(SOON)
    assert images(cluster.pods()) == {"web:1"}
    assert len(cluster.pods()) == 3


def test_pods_count_as_available_when_they_were_ready_for_long_enough(cluster: LivingCluster) -> None:
    cluster.create(DEPLOYMENT, workload("web", replicas=1, spec={"minReadySeconds": 60}))
    cluster.advance(SOON)
    status = cluster.get(DEPLOYMENT, "web")["status"]
    assert (status["readyReplicas"], status.get("availableReplicas")) == (1, None)
    cluster.advance(60)
    assert cluster.get(DEPLOYMENT, "web")["status"]["availableReplicas"] == 1


def test_a_deleted_pod_is_replaced_before_it_has_ended(cluster: LivingCluster) -> None:
    cluster.deploy("web", 1)
    cluster.advance(SOON)
    old = cluster.pods()[0]
    cluster.objects.condemn(POD, "default", old["metadata"]["name"], 30)
    cluster.timeline.settle()
    assert len(cluster.pods()) == 2
    cluster.advance(SOON)
    assert [pod["metadata"]["uid"] == old["metadata"]["uid"] for pod in cluster.pods()] == [False]


def test_old_replica_sets_are_kept_as_far_as_the_history_goes(cluster: LivingCluster) -> None:
    cluster.create(DEPLOYMENT, workload("web", replicas=1, spec={"revisionHistoryLimit": 2}))
    for number in range(2, 7):
        cluster.advance(SOON)
        deployment = cluster.get(DEPLOYMENT, "web")
        new = template("web", f"web:{number}")
        cluster.change(DEPLOYMENT, deployment, spec={**deployment["spec"], "template": new})
    cluster.advance(SOON)
    assert len(cluster.objects.list(REPLICA_SET)) == 3


ROLLING = Strategy("RollingUpdate", 1, 0)


@pytest.mark.parametrize(
    ("strategy", "new", "old", "expected"),
    [
        (ROLLING, Part("new", 0, 0, 0), [], {"new": 4}),
        (ROLLING, Part("new", 6, 6, 6), [], {"new": 4}),
        (ROLLING, Part("new", 0, 0, 0), [Part("old", 4, 4, 4)], {"new": 1, "old": 4}),
        (ROLLING, Part("new", 1, 0, 1), [Part("old", 4, 4, 4)], {"new": 1, "old": 4}),
        (ROLLING, Part("new", 1, 1, 1), [Part("old", 4, 4, 4)], {"new": 1, "old": 3}),
        (ROLLING, Part("new", 0, 0, 0), [Part("old", 4, 2, 4)], {"new": 1, "old": 4}),
        (Strategy("RollingUpdate", 0, 2), Part("new", 0, 0, 0), [Part("old", 4, 4, 4)], {"new": 0, "old": 2}),
        (
            Strategy("RollingUpdate", 0, 2),
            Part("new", 2, 0, 2),
            [Part("broken", 1, 0, 1), Part("old", 2, 2, 2)],
            {"new": 2, "broken": 0, "old": 2},
        ),
        (Strategy("Recreate", 0, 0), Part("new", 0, 0, 0), [Part("old", 4, 4, 4)], {"new": 0, "old": 0}),
        (Strategy("Recreate", 0, 0), Part("new", 0, 0, 0), [Part("old", 0, 0, 1)], {"new": 0, "old": 0}),
        (Strategy("Recreate", 0, 0), Part("new", 0, 0, 0), [Part("old", 0, 0, 0)], {"new": 4, "old": 0}),
    ],
)
def test_sizes_of_a_rollout(strategy: Strategy, new: Part, old: list[Part], expected: dict[str, int]) -> None:
    """Four pods are desired."""
    assert sizes(strategy, 4, new, old) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"replicas": 10}, (3, 2)),
        ({"replicas": 1}, (1, 0)),
        ({"replicas": 3, "strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "20%"}}}, (0, 1)),
        ({"replicas": 3, "strategy": {"rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 9}}}, (3, 3)),
    ],
)
def test_bounds_of_a_rollout(spec: dict[str, Any], expected: tuple[int, int]) -> None:
    strategy = strategy_of(spec)
    assert (strategy.surge, strategy.unavailable) == expected
