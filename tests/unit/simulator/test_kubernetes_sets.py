# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DaemonSets and StatefulSets."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.living_cluster import LivingCluster, node, phases, template, workload

from eks_simulator.kubernetes.controllers.fitting import pinned
from eks_simulator.kubernetes.objects import Object
from eks_simulator.kubernetes.types import DAEMON_SET, EVENT, NODE, POD, SERVICE_ACCOUNT, STATEFUL_SET, Type

SOON = 30


@pytest.fixture
def cluster() -> LivingCluster:
    cluster = LivingCluster()
    for name in "abc":
        cluster.node(name)
    return cluster


def set_image(cluster: LivingCluster, kind: Type, name: str, image: str) -> None:
    found = cluster.get(kind, name)
    cluster.change(kind, found, spec={**found["spec"], "template": template(name, image)})


def placed(cluster: LivingCluster) -> list[str]:
    return sorted(str(pod["spec"].get("nodeName")) for pod in cluster.pods())


def images(cluster: LivingCluster) -> list[str]:
    """From the first pod by name to the last."""
    return [pod["spec"]["containers"][0]["image"] for pod in cluster.pods()]


def status(cluster: LivingCluster, kind: Type, name: str) -> dict[str, Any]:
    found: dict[str, Any] = cluster.get(kind, name)["status"]
    return found


def cordon(cluster: LivingCluster, name: str) -> None:
    found = cluster.get(NODE, name)
    cluster.change(NODE, found, spec={**found["spec"], "unschedulable": True})


def test_a_daemon_set_has_a_pod_on_every_node(cluster: LivingCluster) -> None:
    cluster.create(DAEMON_SET, workload("agent"))
    cluster.advance(SOON)
    assert placed(cluster) == ["a", "b", "c"]
    assert all(pod["spec"]["nodeName"] == pinned(pod["spec"]) for pod in cluster.pods())
    counted = status(cluster, DAEMON_SET, "agent")
    names = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "numberAvailable")
    assert [counted[name] for name in (*names, "updatedNumberScheduled")] == [3] * 5
    assert (counted["numberMisscheduled"], counted["observedGeneration"]) == (0, 1)
    cluster.node("d")
    assert placed(cluster) == ["a", "b", "c", "d"]
    cluster.delete(NODE, cluster.get(NODE, "d"))
    assert placed(cluster) == ["a", "b", "c"]
    assert not cluster.lost


def test_it_selects_nodes(cluster: LivingCluster) -> None:
    cluster.node("gpu", labels={"gpu": "yes"})
    cluster.create(DAEMON_SET, workload("agent", nodeSelector={"gpu": "yes"}))
    assert placed(cluster) == ["gpu"]


def test_it_runs_on_nodes_that_are_cordoned_or_not_ready_but_not_on_tainted_ones(cluster: LivingCluster) -> None:
    cluster.node("tainted", taints=[{"key": "mine", "effect": "NoSchedule"}])
    cluster.node("new", ready=False)
    cordon(cluster, "a")
    cluster.create(DAEMON_SET, workload("agent"))
    assert placed(cluster) == ["a", "b", "c"]
    cluster.create(DAEMON_SET, workload("network", tolerations=[{"operator": "Exists"}]))
    assert placed(cluster) == ["a", "a", "b", "b", "c", "c", "new", "tainted"]


def test_a_later_taint_leaves_its_pods_alone_unless_it_drives_them_out(cluster: LivingCluster) -> None:
    cluster.create(DAEMON_SET, workload("agent"))
    cluster.advance(SOON)
    for name, effect in (("a", "NoSchedule"), ("b", "NoExecute")):
        found = cluster.get(NODE, name)
        cluster.change(NODE, found, spec={"taints": [{"key": "mine", "effect": effect}]})
    cluster.advance(SOON)
    assert placed(cluster) == ["a", "c"]
    assert status(cluster, DAEMON_SET, "agent")["numberMisscheduled"] == 1


def test_it_is_updated_one_node_at_a_time(cluster: LivingCluster) -> None:
    cluster.create(DAEMON_SET, workload("agent"))
    cluster.advance(SOON)
    revision = cluster.objects.revision
    set_image(cluster, DAEMON_SET, "agent", "web:2")
    cluster.advance(300)
    assert images(cluster) == ["web:2"] * 3
    running = [one.object["status"] for one in cluster.objects.since(revision) if one.kind is DAEMON_SET]
    assert min(one["numberReady"] for one in running) == 2


def test_on_delete_means_what_it_says(cluster: LivingCluster) -> None:
    for kind in (DAEMON_SET, STATEFUL_SET):
        cluster.create(kind, workload("x", spec={"updateStrategy": {"type": "OnDelete"}}))
        cluster.advance(SOON)
        before = {pod["metadata"]["uid"] for pod in cluster.pods()}
        set_image(cluster, kind, "x", "web:2")
        cluster.advance(300)
        assert {pod["metadata"]["uid"] for pod in cluster.pods()} == before


def names(cluster: LivingCluster) -> list[str]:
    return [pod["metadata"]["name"] for pod in cluster.pods()]


def test_a_stateful_set_grows_one_after_the_other(cluster: LivingCluster) -> None:
    cluster.create(STATEFUL_SET, workload("db", replicas=3))
    assert names(cluster) == ["db-0"]
    cluster.advance(4)
    assert names(cluster) == ["db-0", "db-1"]
    cluster.advance(SOON)
    assert names(cluster) == ["db-0", "db-1", "db-2"]
    counted = status(cluster, STATEFUL_SET, "db")
    members = ("replicas", "readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas")
    assert [counted[name] for name in members] == [3] * 5
    assert counted["currentRevision"] == counted["updateRevision"]
    pod = cluster.get(POD, "db-1")
    assert pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == "1"
    assert pod["spec"]["hostname"] == "db-1"


def test_it_shrinks_from_the_top(cluster: LivingCluster) -> None:
    cluster.create(STATEFUL_SET, workload("db", replicas=3))
    cluster.advance(SOON)
    found = cluster.get(STATEFUL_SET, "db")
    cluster.change(STATEFUL_SET, found, spec={**found["spec"], "replicas": 1})
    leaving = [pod["metadata"]["name"] for pod in cluster.pods() if "deletionTimestamp" in pod["metadata"]]
    assert leaving == ["db-2"]
    cluster.advance(SOON)
    assert names(cluster) == ["db-0"]


def test_a_lost_member_comes_back_by_its_name(cluster: LivingCluster) -> None:
    cluster.create(STATEFUL_SET, workload("db", replicas=2))
    cluster.advance(SOON)
    before = cluster.get(POD, "db-0")
    cluster.delete(NODE, cluster.get(NODE, before["spec"]["nodeName"]))
    cluster.advance(SOON)
    assert cluster.get(POD, "db-0")["metadata"]["uid"] != before["metadata"]["uid"]
    assert phases(cluster.pods()) == ["Running"] * 2


@pytest.mark.parametrize(("partition", "expected"), [(0, ["web:2"] * 3), (2, ["web:1", "web:1", "web:2"])])
def test_it_is_updated_from_the_top_down_to_the_partition(
    cluster: LivingCluster, partition: int, expected: list[str]
) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}
    cluster.create(STATEFUL_SET, workload("db", replicas=3, spec={"updateStrategy": strategy}))
    cluster.advance(SOON)
    set_image(cluster, STATEFUL_SET, "db", "web:2")
    cluster.advance(4)
    assert images(cluster)[0] == "web:1"
    cluster.advance(SOON)
    assert images(cluster) == expected
    counted = status(cluster, STATEFUL_SET, "db")
    assert (counted["currentRevision"] == counted["updateRevision"]) is (partition == 0)


def test_an_update_stops_at_a_broken_pod(cluster: LivingCluster) -> None:
    cluster.create(STATEFUL_SET, workload("db", replicas=3))
    cluster.advance(SOON)
    set_image(cluster, STATEFUL_SET, "db", "web:does-not-exist")
    cluster.advance(300)
    assert images(cluster) == ["web:1", "web:1", "web:does-not-exist"]


def test_in_parallel_they_come_and_go_together(cluster: LivingCluster) -> None:
    spec = {"podManagementPolicy": "Parallel", "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}
    cluster.create(STATEFUL_SET, workload("db", replicas=3, spec=spec))
    assert names(cluster) == ["db-0", "db-1", "db-2"]
    claim = {"name": "data", "persistentVolumeClaim": {"claimName": "data-db-1"}}
    assert cluster.get(POD, "db-1")["spec"]["volumes"] == [claim]


def failures(cluster: LivingCluster) -> list[Object]:
    return [one for one in cluster.objects.list(EVENT) if one["reason"] == "FailedCreate"]


@pytest.mark.parametrize("kind", [DAEMON_SET, STATEFUL_SET])
def test_what_is_forbidden_is_told_and_done_when_it_no_longer_is(kind: Type) -> None:
    cluster = LivingCluster()
    cluster.node("a")
    cluster.create(kind, workload("x", serviceAccountName="robot"))
    assert not cluster.pods()
    assert 'serviceaccount "robot" not found' in failures(cluster)[0]["message"]
    assert failures(cluster)[0]["involvedObject"]["kind"] == kind.kind
    cluster.create(SERVICE_ACCOUNT, {"metadata": {"name": "robot", "namespace": "default"}})
    assert len(cluster.pods()) == 1


def test_a_deployment_tells_of_it_once_for_all_its_pods() -> None:
    cluster = LivingCluster()
    cluster.node("a")
    cluster.deploy("web", 3, serviceAccountName="robot")
    assert [one["involvedObject"]["kind"] for one in failures(cluster)] == ["ReplicaSet"]
    cluster.create(SERVICE_ACCOUNT, {"metadata": {"name": "robot", "namespace": "default"}})
    cluster.advance(SOON)
    assert phases(cluster.pods()) == ["Running"] * 3


def test_an_unready_node_keeps_its_daemons() -> None:
    cluster = LivingCluster()
    cluster.node("a")
    cluster.create(DAEMON_SET, workload("agent"))
    cluster.advance(SOON)
    before = cluster.pods()[0]["metadata"]["uid"]
    cluster.change(NODE, cluster.get(NODE, "a"), status=node("a", ready=False)["status"])
    cluster.advance(900)
    assert [pod["metadata"]["uid"] for pod in cluster.pods()] == [before]
    assert status(cluster, DAEMON_SET, "agent")["numberReady"] == 0
