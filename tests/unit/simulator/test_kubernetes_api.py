# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API server of a simulated cluster: who gets in, what it tells of itself, how it reads, lists and watches."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from unit.simulator.api_server import PODS, ApiServer, config_map

from eks_simulator.kubernetes.types import CONFIG_MAP, POD, TYPES

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def server() -> ApiServer:
    return ApiServer()


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> ApiServer:
    """One whose log is short."""
    monkeypatch.setattr("eks_simulator.kubernetes.objects._MEMORY", 10)
    return ApiServer()


def refusal(server: ApiServer, method: str, target: str, status: int, token: str = "good") -> str:
    answer = server.ask(method, target, status=status, token=token)
    assert (answer["kind"], answer["status"], answer["code"]) == ("Status", "Failure", status)
    return f"{answer['reason']}: {answer['message']}"


@pytest.mark.parametrize("token", ["", "bad"])
def test_nobody_is_told_anything_without_a_good_token(server: ApiServer, token: str) -> None:
    for path in ("/api/v1/nodes", "/apis", "/version", "/nowhere"):
        assert refusal(server, "GET", path, 401, token) == "Unauthorized: Unauthorized"


def test_health_is_for_everybody_and_the_version_was_before_1_32(server: ApiServer) -> None:
    assert server.request("GET", "/readyz", token="").body == b"ok"
    server.cluster.kubernetes = "1.31"
    assert server.ask("GET", "/version", token="")["minor"] == "31"
    assert refusal(server, "GET", "/version", 401, "bad") == "Unauthorized: Unauthorized"


def test_what_is_not_permitted_is_forbidden_in_kubernetes_words(server: ApiServer) -> None:
    server.cluster.denied = {("list", "nodes"), ("create", "pods"), ("get", "/metrics"), ("get", "deployments")}
    who = 'User "ada" cannot'
    said = refusal(server, "GET", "/api/v1/nodes", 403)
    assert said == f'Forbidden: nodes is forbidden: {who} list resource "nodes" in API group "" at the cluster scope'
    said = refusal(server, "GET", "/apis/apps/v1/namespaces/web/deployments/a", 403)
    where = 'resource "deployments" in API group "apps" in the namespace "web"'
    assert said == f'Forbidden: deployments.apps "a" is forbidden: {who} get {where}'
    assert f'{who} create resource "pods/eviction"' in refusal(server, "POST", f"{PODS}/a/eviction", 403)
    assert refusal(server, "GET", "/metrics", 403) == f'Forbidden: forbidden: {who} get path "/metrics"'


def test_requests_enter_the_ledger(server: ApiServer) -> None:
    server.ask("POST", f"{CONFIG_MAPS}?dryRun=All", config_map("a"), 201)
    server.ask("POST", CONFIG_MAPS, config_map("b"), 201)
    server.ask("GET", f"{CONFIG_MAPS}/none", status=404)
    seen = [(what.verb, what.name, how.status, how.error, how.idle) for what, how in server.cluster.recorded]
    assert seen == [
        ("create", "a", 201, None, True),
        ("create", "b", 201, None, False),
        ("get", "none", 404, "NotFound", False),
    ]


def test_faults_strike(server: ApiServer) -> None:
    server.cluster.injected = {"error": "ServiceUnavailable", "status": 503, "message": "later"}
    assert refusal(server, "GET", "/api/v1/nodes", 503) == "ServiceUnavailable: later"
    server.cluster.injected = {"drop": True}
    assert server.request("POST", CONFIG_MAPS, config_map("a")).lost
    assert server.objects.find(CONFIG_MAP, "default", "a")


@pytest.mark.parametrize("target", ["/nowhere", "/apis/none/v1", "/apis/none/v1/things", "/api/v1/things", "/api/v2"])
def test_what_is_not_there_is_plain_text(server: ApiServer, target: str) -> None:
    response = server.request("GET", target)
    assert (response.status, response.body) == (404, b"404 page not found\n")


@pytest.mark.parametrize(
    ("method", "target"),
    [("POST", f"{PODS}/a"), ("PUT", PODS), ("POST", "/api/v1/pods"), ("DELETE", "/api/v1/pods"), ("POST", "/version")],
)
def test_other_methods_are_not_allowed(server: ApiServer, method: str, target: str) -> None:
    assert "does not allow this method" in refusal(server, method, target, 405)


def test_both_forms_of_discovery_tell_of_every_type(server: ApiServer) -> None:
    groups = [group["preferredVersion"]["groupVersion"] for group in server.ask("GET", "/apis")["groups"]]
    legacy = [server.ask("GET", path) for path in ("/api/v1", *(f"/apis/{group}" for group in groups))]
    named = {(one["groupVersion"], entry["name"]) for one in legacy for entry in one["resources"]}
    aggregated = [item for path in ("/api", "/apis") for item in server.ask("GET", path, accept=AGGREGATED)["items"]]
    listed = {
        (item["metadata"].get("name", ""), entry["resource"])
        for item in aggregated
        for entry in item["versions"][0]["resources"]
    }
    assert listed == {(kind.group, kind.plural) for kind in TYPES}
    assert named == {
        (kind.group_version, "/".join(filter(None, (kind.plural, sub))))
        for kind in TYPES
        for sub in ("", *kind.subresources)
    }
    (eviction,) = (one for one in legacy[0]["resources"] if one["name"] == "pods/eviction")
    assert {"group": "policy", "version": "v1", "kind": "Eviction"}.items() <= eviction.items()


def test_openapi_names_every_type_and_its_field_validation(server: ApiServer) -> None:
    index = server.ask("GET", "/openapi/v3")["paths"]
    found = set()
    for document in index.values():
        for path in server.ask("GET", document["serverRelativeURL"])["paths"].values():
            assert {"name": "fieldValidation", "in": "query"} in path["patch"]["parameters"]
            found.add(tuple(path["patch"]["x-kubernetes-group-version-kind"].values()))
    assert found == {(kind.group, kind.version, kind.kind) for kind in TYPES}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "a b c"),
        ("labelSelector=", "a b c"),
        ("labelSelector=app=x", "a b"),
        ("labelSelector=app==x,tier!=back", "a"),
        ("labelSelector=tier", "b"),
        ("labelSelector=!tier", "a c"),
        ("labelSelector=app+in+(x,y),tier+notin+(front)", "a b c"),
        ("labelSelector=app+notin+(x)", "c"),
        ("fieldSelector=spec.nodeName=one", "a c"),
        ("fieldSelector=spec.nodeName!=one,status.phase=Running", "b"),
        ("fieldSelector=metadata.name=c,metadata.namespace=default", "c"),
        ("fieldSelector=spec.hostNetwork=false&labelSelector=app=y", "c"),
    ],
)
def test_selectors(server: ApiServer, query: str, names: str) -> None:
    server.pod("a", app="x")
    server.pod("b", "two", app="x", tier="back")
    server.pod("c", app="y")
    found = server.ask("GET", f"/api/v1/pods?{query}")
    assert " ".join(pod["metadata"]["name"] for pod in found["items"]) == names
    assert (found["kind"], found["apiVersion"]) == ("PodList", "v1")


@pytest.mark.parametrize("query", ["labelSelector=a=b=c", "labelSelector=(a)", "fieldSelector=spec.x=y", "limit=many"])
def test_queries_that_make_no_sense(server: ApiServer, query: str) -> None:
    assert refusal(server, "GET", f"/api/v1/pods?{query}", 400).startswith("BadRequest: ")


def test_the_pages_of_a_list_belong_together(server: ApiServer) -> None:
    for name in "abcde":
        server.pod(name)
    first = server.ask("GET", f"{PODS}?limit=2")
    assert first["metadata"]["remainingItemCount"] == 3
    server.objects.remove(POD, "default", "d")
    server.pod("f")
    server.objects.change(POD, server.objects.get(POD, "default", "e"), status={"phase": "Failed"})
    pages, token = [first], first["metadata"]["continue"]
    while token:
        pages.append(server.ask("GET", f"{PODS}?limit=2&continue={token}"))
        token = pages[-1]["metadata"].get("continue")
    pods = [pod for page in pages for pod in page["items"]]
    assert "".join(pod["metadata"]["name"] for pod in pods) == "abcde"
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    assert len({page["metadata"]["resourceVersion"] for page in pages}) == 1
    assert "not valid" in refusal(server, "GET", f"{PODS}?continue=x", 400)


def test_a_page_that_nobody_remembers_has_expired(forgetful: ApiServer) -> None:
    for name in "abc":
        forgetful.pod(name)
    token = forgetful.ask("GET", f"{PODS}?limit=1")["metadata"]["continue"]
    for number in range(11):
        forgetful.objects.change(POD, forgetful.objects.get(POD, "default", "a"), status={"phase": str(number)})
    assert refusal(forgetful, "GET", f"{PODS}?continue={token}", 410).startswith("Expired: ")


def events(server: ApiServer, target: str, accept: str = "application/json") -> tuple[list[str], Iterator[bytes]]:
    """What a watch tells at first, and the watch."""
    stream = server.request("GET", target, accept=accept).stream
    assert stream is not None
    return told(stream), stream


def told(stream: Iterator[bytes]) -> list[str]:
    """The changes that a watch tells of before it waits again."""
    changes = []
    for line in stream:
        if not line:
            break
        event = json.loads(line)
        thing = event["object"]
        thing = thing["rows"][0]["object"] if thing["kind"] == "Table" else thing
        changes.append(f"{event['type']} {thing.get('metadata', {}).get('name', thing.get('reason'))}")
    return changes


def test_a_watch_tells_what_comes_changes_and_goes(server: ApiServer) -> None:
    server.pod("a", app="x")
    began, stream = events(server, f"{PODS}?watch=1&labelSelector=app=x")
    assert began == ["ADDED a"]
    b = server.pod("b", app="x")
    server.pod("c", app="y")
    server.objects.change(POD, b, status={"phase": "Failed"})
    server.objects.remove(POD, "default", "a")
    assert told(stream) == ["ADDED b", "MODIFIED b", "DELETED a"]
    changed = server.objects.get(POD, "default", "b")
    server.objects.change(POD, changed, metadata={**changed["metadata"], "labels": {"app": "y"}})
    assert told(stream) == ["DELETED b"]


def test_a_watch_goes_on_after_a_revision_in_rows_if_wanted(server: ApiServer) -> None:
    server.pod("a")
    revision = server.ask("GET", PODS)["metadata"]["resourceVersion"]
    server.pod("b")
    seen, stream = events(server, f"{PODS}?watch=true&resourceVersion={revision}&fieldSelector=metadata.name=b", TABLE)
    assert seen == ["ADDED b"]
    assert told(stream) == []


def test_a_watch_from_too_long_ago_ends_with_an_error(forgetful: ApiServer) -> None:
    forgetful.pod("a")
    for number in range(11):
        forgetful.objects.change(POD, forgetful.objects.get(POD, "default", "a"), status={"phase": str(number)})
    assert events(forgetful, f"{PODS}?watch=true&resourceVersion=2")[0] == ["ERROR Expired"]


def cells(server: ApiServer, target: str) -> list[dict[str, object]]:
    table = server.ask("GET", target, accept=TABLE)
    columns = [column["name"] for column in table["columnDefinitions"]]
    return [dict(zip(columns, row["cells"], strict=True)) for row in table["rows"]]


def test_tables_tell_what_people_read(server: ApiServer) -> None:
    server.pod("a")
    (pod,) = cells(server, PODS)
    assert pod.items() >= {"Name": "a", "Ready": "0/1", "Status": "Running", "Age": "0s", "Node": "one"}.items()
    (node,) = cells(server, "/api/v1/nodes")
    assert node.items() >= {"Status": "Ready", "Roles": "<none>", "Version": "v1.32.3"}.items()
    assert {one["Name"]: one["Status"] for one in cells(server, "/api/v1/namespaces")} == {
        "default": "Active",
        "web": "Active",
    }


def test_every_type_has_a_table(server: ApiServer) -> None:
    for kind in TYPES:
        if kind.stored:
            root = f"/apis/{kind.group_version}" if kind.group else "/api/v1"
            assert server.ask("GET", f"{root}/{kind.plural}", accept=TABLE)["kind"] == "Table"


def test_reviews_tell_what_the_caller_may_do_and_who_it_is(server: ApiServer) -> None:
    server.cluster.denied = {("delete", "nodes")}
    root = "/apis/authorization.k8s.io/v1/selfsubject"
    for verb, allowed in (("get", True), ("delete", False)):
        asked = {"spec": {"resourceAttributes": {"verb": verb, "resource": "nodes"}}}
        assert server.ask("POST", f"{root}accessreviews", asked, 201)["status"] == {"allowed": allowed}
    rules = server.ask("POST", f"{root}rulesreviews", {"spec": {"namespace": "default"}}, 201)["status"]
    assert [rule["verbs"] for rule in rules["resourceRules"]] == [["get"]]
    assert rules["nonResourceRules"][0]["nonResourceURLs"] == ["/version"]
    who = server.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, 201)["status"]
    assert who["userInfo"] == {"username": "ada", "groups": ["system:authenticated"]}
    server.ask("POST", f"{root}accessreviews", {"spec": {}}, 400)
    server.ask("GET", f"{root}accessreviews", status=405)


def test_the_log_of_a_pod_is_empty(server: ApiServer) -> None:
    server.pod("a")
    assert server.request("GET", f"{PODS}/a/log").body == b""
    assert "not valid for pod a" in refusal(server, "GET", f"{PODS}/a/log?container=b", 400)
