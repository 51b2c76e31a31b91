# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubelets, the life cycle of nodes, and garbage collection: how pods start and end."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.living_cluster import LivingCluster, node, phases

from eks_simulator.kubernetes.controllers.pods import condition, ready
from eks_simulator.kubernetes.objects import Object
from eks_simulator.kubernetes.types import CONFIG_MAP, DEPLOYMENT, NODE, POD, REPLICA_SET

SOON = 30
ANYWHERE = {"operator": "Exists"}


@pytest.fixture
def cluster() -> LivingCluster:
    """A node with two pods that run."""
    cluster = LivingCluster()
    cluster.node("a")
    cluster.deploy("web", 2)
    cluster.advance(SOON)
    return cluster


def keys(thing: Object) -> set[tuple[str, str]]:
    return {(taint["key"].rpartition("/")[2], taint["effect"]) for taint in thing["spec"].get("taints", [])}


def set_health(cluster: LivingCluster, name: str, health: str) -> None:
    found = cluster.get(NODE, name)
    status = node(name)["status"]
    cluster.change(NODE, found, status={**status, "conditions": [{**status["conditions"][0], "status": health}]})


def change_spec(cluster: LivingCluster, name: str, **members: Any) -> None:
    found = cluster.get(NODE, name)
    cluster.change(NODE, found, spec={**found["spec"], **members})


def test_a_pod_runs_a_while_after_it_was_bound() -> None:
    cluster = LivingCluster()
    cluster.node("a")
    cluster.deploy("web", 2)
    waiting = cluster.pods()[0]["status"]["containerStatuses"][0]
    assert waiting["state"]["waiting"]["reason"] == "ContainerCreating"
    cluster.advance(SOON)
    statuses = [pod["status"] for pod in cluster.pods()]
    assert len({status["podIP"] for status in statuses}) == 2
    assert {status["hostIP"] for status in statuses} == {"10.0.0.9"}
    assert {status["phase"] for status in statuses} == {"Running"}
    container = statuses[0]["containerStatuses"][0]
    assert container["ready"] is container["started"] is True
    assert container.keys() >= {"name", "image", "imageID", "ready", "restartCount", "state"}


def test_a_pod_of_the_nodes_network_runs_before_the_node_is_ready_and_has_its_address() -> None:
    cluster = LivingCluster()
    cluster.node("a", ready=False)
    cluster.deploy("network", 1, hostNetwork=True, tolerations=[ANYWHERE])
    cluster.deploy("web", 1, tolerations=[ANYWHERE])
    cluster.advance(SOON)
    assert [pod["status"].get("podIP") for pod in cluster.pods()] == ["10.0.0.9", None]
    set_health(cluster, "a", "True")
    cluster.advance(SOON)
    assert phases(cluster.pods()) == ["Running", "Running"]


def test_a_pod_ends_within_its_grace(cluster: LivingCluster) -> None:
    pod = cluster.pods()[0]
    name = pod["metadata"]["name"]
    cluster.objects.condemn(POD, "default", name, 30)
    cluster.timeline.settle()
    assert cluster.get(POD, name)["status"]["phase"] == "Running"
    cluster.advance(SOON)
    assert cluster.objects.find(POD, "default", name) is None


def test_a_finalizer_holds_a_pod_back(cluster: LivingCluster) -> None:
    pod = cluster.pods()[0]
    name = pod["metadata"]["name"]
    cluster.change(POD, pod, metadata={**pod["metadata"], "finalizers": ["example.com/mine"]})
    cluster.objects.condemn(POD, "default", name, 30)
    cluster.advance(SOON)
    held = cluster.get(POD, name)
    cluster.change(POD, held, metadata={**held["metadata"], "finalizers": []})
    cluster.advance(SOON)
    assert cluster.objects.find(POD, "default", name) is None


def test_a_pod_without_a_node_goes_with_its_last_finalizer() -> None:
    cluster = LivingCluster()
    cluster.deploy("web", 1)
    pod = cluster.pods()[0]
    cluster.change(POD, pod, metadata={**pod["metadata"], "finalizers": ["example.com/mine"]})
    cluster.objects.condemn(POD, "default", pod["metadata"]["name"], 0)
    cluster.timeline.settle()
    held = cluster.get(POD, pod["metadata"]["name"])
    cluster.change(POD, held, metadata={**held["metadata"], "finalizers": []})
    assert pod["metadata"]["name"] not in {one["metadata"]["name"] for one in cluster.pods()}


def test_a_node_that_goes_takes_its_pods_along(cluster: LivingCluster) -> None:
    cluster.node("b")
    cluster.objects.condemn(POD, "default", cluster.pods()[0]["metadata"]["name"], 30)
    undrained = cluster.pods()[1]["metadata"]["name"]
    cluster.delete(NODE, cluster.get(NODE, "a"))
    assert cluster.lost == [("a", f"default/{undrained}")]
    cluster.advance(SOON)
    assert [pod["spec"]["nodeName"] for pod in cluster.pods()] == ["b", "b"]


def test_a_pod_that_names_a_node_that_is_not_there_goes() -> None:
    cluster = LivingCluster()
    spec = {"nodeName": "nowhere", "containers": [{"name": "main", "image": "web:1"}]}
    metadata = {"name": "web", "namespace": "default"}
    cluster.create(POD, {"metadata": metadata, "spec": spec, "status": {"phase": "Pending"}})
    assert not cluster.pods()


def test_a_cordoned_node_has_the_taint_and_keeps_its_pods(cluster: LivingCluster) -> None:
    change_spec(cluster, "a", unschedulable=True)
    assert keys(cluster.get(NODE, "a")) == {("unschedulable", "NoSchedule")}
    cluster.advance(SOON)
    assert phases(cluster.pods()) == ["Running"] * 2
    change_spec(cluster, "a", unschedulable=False)
    assert "taints" not in cluster.get(NODE, "a")["spec"]


@pytest.mark.parametrize(("health", "taint"), [("False", "not-ready"), ("Unknown", "unreachable")])
def test_a_node_that_is_not_ready_is_tainted_and_its_pods_are_not_ready(health: str, taint: str) -> None:
    cluster = LivingCluster()
    cluster.node("a")
    cluster.deploy("web", 2, tolerations=[ANYWHERE])
    cluster.advance(SOON)
    assert all(ready(pod) for pod in cluster.pods())
    set_health(cluster, "a", health)
    assert keys(cluster.get(NODE, "a")) == {(taint, "NoSchedule"), (taint, "NoExecute")}
    assert not any(ready(pod) for pod in cluster.pods())
    set_health(cluster, "a", "True")
    assert not keys(cluster.get(NODE, "a"))
    assert all(ready(pod) for pod in cluster.pods())


def test_pods_leave_a_node_in_trouble_when_their_patience_ends() -> None:
    cluster = LivingCluster()
    cluster.node("a")
    patient = {
        "key": "node.kubernetes.io/not-ready",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 300,
    }
    cluster.deploy("web", 1, tolerations=[patient])
    cluster.advance(SOON)
    name = cluster.pods()[0]["metadata"]["name"]
    set_health(cluster, "a", "False")
    cluster.advance(200)
    assert cluster.get(POD, name)
    set_health(cluster, "a", "True")
    cluster.advance(200)
    assert cluster.get(POD, name)
    set_health(cluster, "a", "False")
    cluster.node("b")
    cluster.advance(300 + SOON)
    assert [pod["spec"]["nodeName"] for pod in cluster.pods()] == ["b"]
    assert not cluster.lost


def test_a_node_nobody_hears_of_ends_no_pods() -> None:
    cluster = LivingCluster()
    cluster.node("a")
    cluster.deploy("web", 1, tolerations=[ANYWHERE])
    cluster.advance(SOON)
    set_health(cluster, "a", "Unknown")
    cluster.objects.condemn(POD, "default", cluster.pods()[0]["metadata"]["name"], 30)
    cluster.advance(600)
    assert any("deletionTimestamp" in pod["metadata"] for pod in cluster.pods())
    set_health(cluster, "a", "True")
    cluster.advance(SOON)
    assert not any("deletionTimestamp" in pod["metadata"] for pod in cluster.pods())


def test_a_user_evicts_by_taint(cluster: LivingCluster) -> None:
    before = {pod["metadata"]["uid"] for pod in cluster.pods()}
    change_spec(cluster, "a", taints=[{"key": "mine", "effect": "NoExecute"}])
    cluster.advance(SOON)
    assert not before & {pod["metadata"]["uid"] for pod in cluster.pods()}
    assert phases(cluster.pods()) == ["Pending"] * 2


def test_what_a_deployment_owns_goes_with_it(cluster: LivingCluster) -> None:
    cluster.delete(DEPLOYMENT, cluster.get(DEPLOYMENT, "web"))
    assert not cluster.objects.list(REPLICA_SET)
    cluster.advance(SOON)
    assert not cluster.pods()


def delete_with(cluster: LivingCluster, finalizer: str) -> None:
    deployment = cluster.get(DEPLOYMENT, "web")
    metadata = {**deployment["metadata"], "finalizers": [finalizer]}
    cluster.objects.change(DEPLOYMENT, deployment, metadata=metadata)
    cluster.objects.condemn(DEPLOYMENT, "default", "web", 0)
    cluster.timeline.settle()


def test_in_the_foreground_it_goes_last(cluster: LivingCluster) -> None:
    delete_with(cluster, "foregroundDeletion")
    assert cluster.get(DEPLOYMENT, "web")
    assert cluster.objects.list(REPLICA_SET)
    cluster.advance(SOON)
    assert not [*cluster.pods(), *cluster.objects.list(REPLICA_SET), *cluster.objects.list(DEPLOYMENT)]


def test_orphans_stay(cluster: LivingCluster) -> None:
    delete_with(cluster, "orphan")
    cluster.advance(SOON)
    assert not cluster.objects.list(DEPLOYMENT)
    assert not cluster.objects.list(REPLICA_SET)[0]["metadata"]["ownerReferences"]
    assert phases(cluster.pods()) == ["Running"] * 2


def test_what_has_an_owner_that_never_was_goes(cluster: LivingCluster) -> None:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "none"}
    metadata = {"name": "stray", "namespace": "default", "ownerReferences": [owner]}
    cluster.create(CONFIG_MAP, {"metadata": metadata})
    assert cluster.objects.find(CONFIG_MAP, "default", "stray") is None


def test_of_two_owners_one_suffices(cluster: LivingCluster) -> None:
    owners = [cluster.create(CONFIG_MAP, {"metadata": {"name": name, "namespace": "default"}}) for name in "xy"]
    references = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "", "uid": one["metadata"]["uid"]} for one in owners
    ]
    cluster.create(CONFIG_MAP, {"metadata": {"name": "z", "namespace": "default", "ownerReferences": references}})
    cluster.delete(CONFIG_MAP, owners[0])
    assert cluster.get(CONFIG_MAP, "z")["metadata"]["ownerReferences"] == references[1:]
    cluster.delete(CONFIG_MAP, owners[1])
    assert cluster.objects.find(CONFIG_MAP, "default", "z") is None


def test_a_missing_image_is_told(cluster: LivingCluster) -> None:
    cluster.deploy("broken", 1, image="web:does-not-exist")
    cluster.advance(SOON)
    broken = next(pod for pod in cluster.pods() if pod["metadata"]["name"].startswith("broken"))
    assert broken["status"]["phase"] == "Pending"
    assert condition(broken, "Ready")["status"] == "False"
    waiting = broken["status"]["containerStatuses"][0]["state"]["waiting"]
    assert waiting["message"] == 'Back-off pulling image "web:does-not-exist": not found'
