# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes to the API of a simulated cluster: creations, changes, dry runs, deletions, evictions."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.api_server import (
    APPLY,
    DEPLOYMENTS,
    JSON,
    MERGE,
    PODS,
    STRATEGIC,
    ApiServer,
    config_map,
    deployment,
)

from eks_simulator.kubernetes.types import CONFIG_MAP, DISRUPTION_BUDGET, NAMESPACE, POD

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
WEB = f"{DEPLOYMENTS}/web"


@pytest.fixture
def server() -> ApiServer:
    return ApiServer()


def test_new_objects_get_what_they_leave_out(server: ApiServer) -> None:
    made = server.ask("POST", DEPLOYMENTS, deployment(), 201)
    assert made["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": "25%"}
    assert made["metadata"]["generation"] == 1
    assert made["status"] == {}
    pod = {"metadata": {"generateName": "job-"}, "spec": {"containers": [{"name": "main", "image": "nginx:1.29"}]}}
    made = server.ask("POST", PODS, pod, 201)
    assert made["metadata"]["name"].startswith("job-")
    assert len(made["metadata"]["name"]) == 9
    assert made["status"] == {"phase": "Pending"}
    assert made["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    seconds = {one["key"]: one["tolerationSeconds"] for one in made["spec"]["tolerations"]}
    assert seconds == {"node.kubernetes.io/not-ready": 300, "node.kubernetes.io/unreachable": 300}
    namespace = server.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "new"}}, 201)
    assert namespace["metadata"]["labels"] == {"kubernetes.io/metadata.name": "new"}
    assert (namespace["spec"], namespace["status"]) == ({"finalizers": ["kubernetes"]}, {"phase": "Active"})
    secret = {"metadata": {"name": "s"}, "stringData": {"a": "b"}}
    made = server.ask("POST", "/api/v1/namespaces/default/secrets", secret, 201)
    assert (made["data"], made["type"]) == ({"a": "Yg=="}, "Opaque")


def test_services_get_addresses_of_the_cluster_and_keep_them(server: ApiServer) -> None:
    services = "/api/v1/namespaces/default/services"
    wanted: dict[str, Any] = {"spec": {"selector": {"app": "a"}, "ports": [{"port": 80}]}}
    made = [server.ask("POST", services, {**wanted, "metadata": {"name": name}}, 201) for name in ("a", "b")]
    assert [one["spec"]["clusterIP"] for one in made] == ["10.100.0.11", "10.100.0.12"]
    again = server.ask("PUT", f"{services}/b", {**wanted, "metadata": {"name": "b"}})
    assert again["metadata"]["resourceVersion"] == made[1]["metadata"]["resourceVersion"]
    moved = {"spec": {"clusterIP": "10.100.9.9"}}
    assert "field is immutable" in server.ask("PATCH", f"{services}/b", moved, 422, media=MERGE)["message"]


def test_what_exists_cannot_be_made_and_what_does_not_cannot_be_changed(server: ApiServer) -> None:
    server.ask("POST", CONFIG_MAPS, config_map("a"), 201)
    assert server.ask("POST", CONFIG_MAPS, config_map("a"), 409)["reason"] == "AlreadyExists"
    said = server.ask("PUT", WEB, deployment(), 404)
    assert said["message"] == 'deployments.apps "web" not found'
    assert said["details"] == {"name": "web", "group": "apps", "kind": "deployments"}
    lost = server.ask("POST", "/api/v1/namespaces/none/configmaps", config_map("a"), 404)
    assert lost["message"] == 'namespaces "none" not found'


@pytest.mark.parametrize(
    ("target", "body", "said"),
    [
        (CONFIG_MAPS, deployment(), "apiVersion in the data (apps/v1) does not match the expected one (v1)"),
        (CONFIG_MAPS, {"metadata": {"name": "a", "namespace": "web"}}, "the namespace of the object (web) does not"),
        ("/api/v1/nodes", {"metadata": {"name": "a", "namespace": "web"}}, "nodes are in no namespace, found web"),
        (DEPLOYMENTS, deployment(replicas="3"), "cannot unmarshal string into Go struct field spec.replicas"),
        (CONFIG_MAPS, {"data": {"a": 1}}, "cannot unmarshal number into Go struct field data of type string"),
        (CONFIG_MAPS, {"metadata": {"labels": {"a": True}}}, "cannot unmarshal bool into Go struct field metadata.lab"),
        (DEPLOYMENTS, deployment(template=[]), "cannot unmarshal array into Go struct field spec.template of type obj"),
        (CONFIG_MAPS, b"{", "the object provided is unrecognized"),
        (CONFIG_MAPS, ["a"], "found list"),
        (f"{CONFIG_MAPS}?dryRun=Some", config_map("a"), "dryRun: supported values: All"),
    ],
)
def test_bodies_that_are_no_such_object(server: ApiServer, target: str, body: Any, said: str) -> None:
    answer = server.ask("POST", target, body, 400)
    assert answer["reason"] == "BadRequest"
    assert said in answer["message"]


@pytest.mark.parametrize("media", [MERGE, STRATEGIC, APPLY])
def test_patches_are_looked_at_as_closely(server: ApiServer, media: str) -> None:
    server.ask("POST", DEPLOYMENTS, deployment(), 201)
    wrong = {"spec": {"template": {"spec": {"containers": [{"name": ["main"]}]}}}}
    assert "containers.name of type string" in server.ask("PATCH", WEB, wrong, 400, media=media)["message"]
    server.ask("DELETE", WEB, {"gracePeriodSeconds": "soon"}, 400)


def test_a_media_type_that_nobody_reads(server: ApiServer) -> None:
    assert server.ask("POST", CONFIG_MAPS, {}, 415, media="text/csv")["reason"] == "UnsupportedMediaType"
    server.ask("POST", CONFIG_MAPS, config_map("a"), 201)
    said = server.ask("PATCH", f"{CONFIG_MAPS}/a", {}, 415, media=JSON)["message"]
    assert STRATEGIC in said


def test_a_dry_run_stores_nothing(server: ApiServer) -> None:
    made = server.ask("POST", f"{CONFIG_MAPS}?dryRun=All", config_map("a", x="1"), 201)
    assert made["metadata"]["uid"]
    assert "resourceVersion" not in made["metadata"]
    stored = server.ask("POST", CONFIG_MAPS, config_map("a", x="1"), 201)
    changed = server.ask("PATCH", f"{CONFIG_MAPS}/a?dryRun=All", {"data": {"x": "2"}}, media=MERGE)
    assert changed["data"] == {"x": "2"}
    assert changed["metadata"]["resourceVersion"] == stored["metadata"]["resourceVersion"]
    server.ask("DELETE", f"{CONFIG_MAPS}/a?dryRun=All")
    server.ask("DELETE", f"{CONFIG_MAPS}/a", {"dryRun": ["All"]})
    server.ask("DELETE", f"{CONFIG_MAPS}?dryRun=All")
    assert server.ask("GET", f"{CONFIG_MAPS}/a") == stored


@pytest.mark.parametrize(
    ("media", "body"),
    [
        (MERGE, {"spec": {"replicas": 1}}),
        (STRATEGIC, {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "nginx:1.29"}]}}}}),
        ("application/json-patch+json", [{"op": "replace", "path": "/spec/replicas", "value": 1}]),
    ],
)
def test_a_change_to_what_is_already_so_changes_nothing(server: ApiServer, media: str, body: Any) -> None:
    made = server.ask("POST", DEPLOYMENTS, deployment(), 201)
    assert server.ask("PATCH", WEB, body, media=media) == made
    assert server.ask("PUT", WEB, deployment()) == made


def test_the_status_has_its_own_path(server: ApiServer) -> None:
    server.ask("POST", DEPLOYMENTS, deployment(), 201)
    changed = server.ask("PATCH", f"{WEB}/status", {"spec": {"replicas": 7}, "status": {"replicas": 1}}, media=MERGE)
    assert (changed["spec"]["replicas"], changed["status"]) == (1, {"replicas": 1})
    assert changed["metadata"]["generation"] == 1
    changed = server.ask("PATCH", WEB, {"spec": {"replicas": 2}, "status": {"replicas": 9}}, media=MERGE)
    assert (changed["spec"]["replicas"], changed["status"]) == (2, {"replicas": 1})
    assert changed["metadata"]["generation"] == 2


def test_scale(server: ApiServer) -> None:
    server.ask("POST", DEPLOYMENTS, deployment(), 201)
    scale = server.ask("PATCH", f"{WEB}/scale", {"spec": {"replicas": 4}}, media=MERGE)
    assert (scale["kind"], scale["apiVersion"], scale["spec"]) == ("Scale", "autoscaling/v1", {"replicas": 4})
    assert server.ask("GET", f"{WEB}/scale")["status"] == {"replicas": 0, "selector": "app=web"}
    assert server.ask("GET", WEB)["spec"]["replicas"] == 4
    assert "spec.replicas" in server.ask("PUT", f"{WEB}/scale", {"spec": {"replicas": -1}}, 422)["message"]
    old = {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 5}}
    assert server.ask("PUT", f"{WEB}/scale", old, 409)["reason"] == "Conflict"


def test_an_old_revision_is_a_conflict(server: ApiServer) -> None:
    made = server.ask("POST", CONFIG_MAPS, config_map("a"), 201)
    server.ask("PUT", f"{CONFIG_MAPS}/a", {**made, "data": {"x": "1"}})
    said = server.ask("PUT", f"{CONFIG_MAPS}/a", {**made, "data": {"x": "2"}}, 409)["message"]
    assert "please apply your changes to the latest version" in said
    server.ask("PUT", f"{CONFIG_MAPS}/a", config_map("a", x="3"))


def test_pods_get_the_time_to_end(server: ApiServer) -> None:
    server.pod("running")
    server.pod("waiting", node="")
    going = server.ask("DELETE", f"{PODS}/running", {"gracePeriodSeconds": None, "propagationPolicy": "Background"})
    assert going["metadata"]["deletionGracePeriodSeconds"] == 30
    assert server.ask("DELETE", f"{PODS}/waiting")["kind"] == "Pod"
    assert server.objects.find(POD, "default", "waiting") is None
    server.ask("DELETE", f"{PODS}/running?gracePeriodSeconds=0")
    assert server.objects.find(POD, "default", "running") is None


def test_objects_wait_for_their_finalizers(server: ApiServer) -> None:
    held = {**config_map("a"), "metadata": {"name": "a", "finalizers": ["x.io/held"]}}
    server.ask("POST", CONFIG_MAPS, held, 201)
    assert server.ask("DELETE", f"{CONFIG_MAPS}/a")["metadata"]["deletionTimestamp"]
    server.ask("PATCH", f"{CONFIG_MAPS}/a", {"metadata": {"finalizers": None}}, media=MERGE)
    assert server.objects.find(CONFIG_MAP, "default", "a") is None


def test_deletions_answer_with_what_is_gone_and_mind_preconditions(server: ApiServer) -> None:
    made = server.ask("POST", DEPLOYMENTS, deployment(), 201)
    server.ask("DELETE", WEB, {"preconditions": {"uid": "another"}}, 409)
    server.ask("DELETE", WEB, {"propagationPolicy": "Sometime"}, 400)
    answer = server.ask("DELETE", WEB, {"propagationPolicy": "Background"})
    uid = made["metadata"]["uid"]
    assert answer["details"] == {"name": "web", "group": "apps", "kind": "deployments", "uid": uid}
    server.ask("POST", DEPLOYMENTS, deployment(), 201)
    waiting = server.ask("DELETE", WEB, {"propagationPolicy": "Foreground"})
    assert waiting["metadata"]["finalizers"] == ["foregroundDeletion"]


def test_collections_are_deleted_by_selector(server: ApiServer) -> None:
    for name, app in (("a", "x"), ("b", "x"), ("c", "y")):
        made = config_map(name)
        made["metadata"]["labels"] = {"app": app}
        server.ask("POST", CONFIG_MAPS, made, 201)
    assert len(server.ask("DELETE", f"{CONFIG_MAPS}?labelSelector=app=x")["items"]) == 2
    assert [one["metadata"]["name"] for one in server.objects.list(CONFIG_MAP)] == ["c"]


def test_a_namespace_that_ends_takes_nothing_new(server: ApiServer) -> None:
    assert server.ask("DELETE", "/api/v1/namespaces/web")["status"]["phase"] == "Terminating"
    said = server.ask("POST", "/api/v1/namespaces/web/configmaps", config_map("a"), 403)
    assert "because it is being terminated" in said["message"]
    assert said["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    assert "may not be deleted" in server.ask("DELETE", "/api/v1/namespaces/default", status=403)["message"]


def test_pods_need_their_service_account(server: ApiServer) -> None:
    pod = {
        "metadata": {"name": "a"},
        "spec": {"serviceAccountName": "robot", "containers": [{"name": "a", "image": "b"}]},
    }
    assert 'serviceaccount "robot" not found' in server.ask("POST", PODS, pod, 403)["message"]


def budget(server: ApiServer, name: str = "web", **status: int) -> None:
    selector = {"matchLabels": {"app": "web"}}
    server.objects.create(
        DISRUPTION_BUDGET,
        {
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"minAvailable": 2, "selector": selector},
            "status": {"desiredHealthy": 2, **status},
        },
    )


def evict(server: ApiServer, name: str, status: int = 201, options: dict[str, Any] | None = None) -> Any:
    body = {"kind": "Eviction", "apiVersion": "policy/v1", "metadata": {"name": name}, "deleteOptions": options or {}}
    return server.ask("POST", f"{PODS}/{name}/eviction", body, status)


def test_evictions_are_deletions_that_budgets_may_refuse(server: ApiServer) -> None:
    for name in ("a", "b", "c"):
        server.pod(name, app="web")
    server.pod("free")
    budget(server, observedGeneration=1, currentHealthy=3, disruptionsAllowed=1)
    assert evict(server, "free")["status"] == "Success"
    assert evict(server, "a", options={"dryRun": ["All"]})["status"] == "Success"
    assert "deletionTimestamp" not in server.objects.get(POD, "default", "a")["metadata"]
    evict(server, "a", options={"gracePeriodSeconds": 5})
    assert server.objects.get(POD, "default", "a")["metadata"]["deletionGracePeriodSeconds"] == 5
    refused = server.request("POST", f"{PODS}/b/eviction", {})
    assert (refused.status, "Retry-After" in refused.headers) == (429, False)
    said = evict(server, "b", 429)
    assert said["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    cause = "The disruption budget web needs 2 healthy pods and has 3 currently"
    assert said["details"]["causes"] == [{"reason": "DisruptionBudget", "message": cause}]
    evict(server, "none", 404)


def test_a_budget_that_nobody_has_looked_at_asks_to_wait(server: ApiServer) -> None:
    server.pod("a", app="web")
    budget(server)
    response = server.request("POST", f"{PODS}/a/eviction", {})
    assert (response.status, response.headers["Retry-After"]) == (429, "10")
    assert b"still being processed" in response.body


def test_two_budgets_for_one_pod_are_an_error_and_what_has_ended_needs_none(server: ApiServer) -> None:
    pod = server.pod("a", app="web")
    budget(server, "one", observedGeneration=1, currentHealthy=9, disruptionsAllowed=9)
    budget(server, "two", observedGeneration=1, currentHealthy=9, disruptionsAllowed=9)
    assert "more than one PodDisruptionBudget" in evict(server, "a", 500)["message"]
    server.objects.change(POD, pod, status={"phase": "Failed"})
    evict(server, "a")
    assert server.objects.find(POD, "default", "a") is None


def test_who_applies_what_is_not_there_needs_to_be_allowed_to_create(server: ApiServer) -> None:
    server.cluster.denied = {("create", "configmaps")}
    said = server.ask("PATCH", f"{CONFIG_MAPS}/a?fieldManager=m", config_map("a"), 403, media=APPLY)
    assert 'cannot create resource "configmaps"' in said["message"]
    server.cluster.denied = set()
    server.ask("PATCH", f"{CONFIG_MAPS}/a?fieldManager=m", config_map("a", x="1"), 201, media=APPLY)
    server.ask("PATCH", f"{CONFIG_MAPS}/a?fieldManager=m", b"data:\n  x: '2'\n", media=APPLY)
    assert server.objects.get(CONFIG_MAP, "default", "a")["data"] == {"x": "2"}


def test_applying_the_same_again_changes_nothing_and_conflicts_name_the_field(server: ApiServer) -> None:
    applied = server.ask("PATCH", f"{WEB}?fieldManager=m", deployment(replicas=2), 201, media=APPLY)
    assert server.ask("PATCH", f"{WEB}?fieldManager=m", deployment(replicas=2), media=APPLY) == applied
    server.ask("PATCH", f"{WEB}/scale?fieldManager=hand", {"spec": {"replicas": 5}}, media=MERGE)
    said = server.ask("PATCH", f"{WEB}?fieldManager=m", deployment(replicas=2), 409, media=APPLY)
    assert said["details"]["causes"][0]["field"] == ".spec.replicas"
    server.ask("PATCH", f"{WEB}?fieldManager=m", deployment(), media=APPLY)
    assert server.ask("GET", WEB)["spec"]["replicas"] == 5
    forced = server.ask("PATCH", f"{WEB}?fieldManager=m&force=true", deployment(replicas=2), media=APPLY)
    assert forced["spec"]["replicas"] == 2
    assert [entry["manager"] for entry in forced["metadata"]["managedFields"]] == ["m"]


def test_a_deleted_namespace_is_marked_once(server: ApiServer) -> None:
    first = server.ask("DELETE", "/api/v1/namespaces/web")
    assert server.ask("DELETE", "/api/v1/namespaces/web") == first
    assert server.objects.get(NAMESPACE, "", "web") == first
