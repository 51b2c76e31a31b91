# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of the Kubernetes API: paging, what it sends, and what its errors say."""

from __future__ import annotations

import socket
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._client import WriteInCheckMode
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import (
    Kubernetes,
    KubernetesError,
    Untrusted,
)
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.endpoint import Endpoint
from support.scripted_kubernetes import Asked, Reply, ScriptedKubernetes, certificate, refusal, scripted_kubernetes

TOKEN = "k8s-aws-v1.a-secret-that-never-shows"
NODES = "/api/v1/nodes"
BUDGET = {"causes": [{"reason": "DisruptionBudget", "message": "The disruption budget web needs 2 healthy pods"}]}


class Script:
    """Answers from a list, one a request; the last one stays."""

    def __init__(self) -> None:
        self.answers: list[Any] = []

    def __call__(self, asked: Asked) -> Any:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def api(script: Script) -> Iterator[ScriptedKubernetes]:
    with scripted_kubernetes(script) as api:
        yield api


def client(api: ScriptedKubernetes, **settings: Any) -> Kubernetes:
    return Kubernetes(Endpoint(api.url, api.certificate_authority), lambda: TOKEN, **settings)


def error_of(work: Callable[[], Any]) -> KubernetesError:
    with pytest.raises(KubernetesError) as caught:
        work()
    assert TOKEN not in str(caught.value)
    return caught.value


def query(asked: Asked) -> dict[str, list[str]]:
    return parse_qs(urlsplit(asked.path).query)


def test_a_list_is_read_from_every_page(api: ScriptedKubernetes, script: Script) -> None:
    script.answers = [
        {"metadata": {"continue": "more"}, "items": [{"n": 1}, {"n": 2}]},
        {"metadata": {}, "items": [{"n": 3}]},
    ]
    found = client(api).list_all(NODES, labels="a=b", fields="spec.nodeName=c")
    assert [item["n"] for item in found] == [1, 2, 3]
    selected = {"labelSelector": ["a=b"], "fieldSelector": ["spec.nodeName=c"], "limit": ["500"]}
    assert [query(asked) for asked in api.asked] == [selected, {**selected, "continue": ["more"]}]


def test_a_list_that_grew_too_old_is_read_anew_at_once(api: ScriptedKubernetes, script: Script) -> None:
    script.answers = [
        {"metadata": {"continue": "more"}, "items": [{"n": 1}]},
        refusal(410, "Expired"),
        {"metadata": {}, "items": [{"n": 1}, {"n": 2}]},
    ]
    assert [item["n"] for item in client(api).list_all(NODES)] == [1, 2]
    assert [str(asked) for asked in api.asked][-1] == "GET /api/v1/nodes"


def test_what_is_sent(api: ScriptedKubernetes, script: Script) -> None:
    script.answers = [{"kind": "Node"}]
    kubernetes = client(api)
    kubernetes.get(f"{NODES}/a")
    kubernetes.patch(f"{NODES}/a", {"spec": {"unschedulable": None}})
    kubernetes.create("/api/v1/namespaces/x/pods/y/eviction", {"kind": "Eviction"}, dry_run=True)
    kubernetes.delete("/api/v1/namespaces/x/pods/y", {"gracePeriodSeconds": 0})
    assert [str(asked) for asked in api.asked] == [
        "GET /api/v1/nodes/a",
        "PATCH /api/v1/nodes/a",
        "POST /api/v1/namespaces/x/pods/y/eviction?dryRun=All",
        "DELETE /api/v1/namespaces/x/pods/y",
    ]
    assert [asked.body for asked in api.asked] == [
        None,
        {"spec": {"unschedulable": None}},
        {"kind": "Eviction"},
        {"gracePeriodSeconds": 0},
    ]
    assert [asked.headers.get("Content-Type") for asked in api.asked] == [
        None,
        "application/merge-patch+json",
        "application/json",
        "application/json",
    ]
    assert {asked.headers["Authorization"] for asked in api.asked} == {f"Bearer {TOKEN}"}
    assert kubernetes.now == datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_check_mode_writes_nothing(api: ScriptedKubernetes, script: Script) -> None:
    script.answers = [{}]
    kubernetes = client(api, read_only=True)
    writes: list[Callable[..., Any]] = [
        lambda **dry: kubernetes.create(NODES, {}, **dry),
        lambda **dry: kubernetes.patch(NODES, {}, **dry),
        lambda **dry: kubernetes.delete(NODES, **dry),
    ]
    for write in writes:
        with pytest.raises(WriteInCheckMode):
            write()
    assert api.asked == []
    for write in writes:
        write(dry_run=True)
    assert [query(asked) for asked in api.asked] == [{"dryRun": ["All"]}] * 3


def test_what_is_not_there(api: ScriptedKubernetes, script: Script) -> None:
    script.answers = [refusal(404, "NotFound", 'nodes "a" not found')]
    assert client(api).find(f"{NODES}/a") is None
    error = error_of(lambda: client(api).get(f"{NODES}/a"))
    assert str(error) == 'GET /api/v1/nodes/a: nodes "a" not found (NotFound)'
    assert (error.not_found, error.transient) == (True, False)


@pytest.mark.parametrize(
    ("code", "reason", "advice"),
    [(401, "Unauthorized", "access entry"), (403, "Forbidden", "access policy")],
)
def test_refused_access_says_what_to_do(
    api: ScriptedKubernetes, script: Script, code: int, reason: str, advice: str
) -> None:
    script.answers = [refusal(code, reason, "as the server says")]
    error = error_of(lambda: client(api).list_all(NODES))
    assert "GET /api/v1/nodes: as the server says. " in str(error)
    assert advice in str(error)
    assert not error.transient


def test_a_busy_server_is_asked_again_as_it_wants(api: ScriptedKubernetes, script: Script) -> None:
    busy = refusal(429, "TooManyRequests")
    busy.headers = {"Retry-After": "7"}
    pauses: list[float] = []
    script.answers = [busy, busy, {"kind": "Node"}]
    assert client(api, sleep=pauses.append).get(NODES) == {"kind": "Node"}
    assert pauses == [7, 7]
    script.answers = [busy]
    assert error_of(lambda: client(api, sleep=pauses.append).get(NODES)).transient
    assert len(pauses) == 5


def test_a_budget_is_not_waited_for(api: ScriptedKubernetes, script: Script) -> None:
    blocked = refusal(429, "TooManyRequests", details=BUDGET)
    blocked.headers = {"Retry-After": "10"}
    script.answers = [blocked]
    error = error_of(lambda: client(api, sleep=pytest.fail).create("/eviction", {}))
    assert error.blocked == ["The disruption budget web needs 2 healthy pods"]
    assert len(api.asked) == 1


def test_an_answer_of_somebody_else(api: ScriptedKubernetes, script: Script) -> None:
    script.answers = [Reply(b"<html>", 502), Reply(b"<html>"), Reply(b"", 302, {"Location": f"{api.url}/elsewhere"})]
    assert "GET /api/v1/nodes: HTTP status 502, Bad Gateway" in str(error_of(lambda: client(api).get(NODES)))
    assert "whoever gave it is no Kubernetes API" in str(error_of(lambda: client(api).get(NODES)))
    assert "HTTP status 302" in str(error_of(lambda: client(api).get(NODES)))
    assert len(api.asked) == 3


def test_another_authority_is_not_trusted(api: ScriptedKubernetes, script: Script) -> None:
    foreign = b64encode(certificate("somebody else")[0]).decode()
    error = error_of(lambda: Kubernetes(Endpoint(api.url, foreign), lambda: TOKEN).get(NODES))
    assert isinstance(error, Untrusted)
    assert f"the server at {api.url} has no certificate of this cluster's authority (" in str(error)
    assert not error.transient
    assert api.asked == []


def test_what_is_no_certificate() -> None:
    for text in ("not base64!", b64encode(b"no PEM").decode()):
        error = error_of(lambda text=text: Kubernetes(Endpoint("https://a", text), lambda: TOKEN))  # type: ignore[misc]
        assert "certificate_authority: is no certificate" in str(error)


def test_nobody_answers(api: ScriptedKubernetes) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{closed.getsockname()[1]}"
    endpoint = Endpoint(url, api.certificate_authority, "it is private")
    error = error_of(lambda: Kubernetes(endpoint, lambda: TOKEN).get(NODES))
    assert str(error) == f"GET /api/v1/nodes: nobody answers at {url} (Connection refused): it is private"
    assert (error.code, error.transient) == (0, True)


def test_a_connection_that_is_dropped(api: ScriptedKubernetes) -> None:
    """As the endpoint of a cluster does that is not open to the caller's address."""
    with socket.create_server(("127.0.0.1", 0)) as dropping:
        url = f"https://127.0.0.1:{dropping.getsockname()[1]}"
        endpoint = Endpoint(url, api.certificate_authority, "it is private")

        def drop() -> None:
            dropping.accept()[0].close()

        thread = Thread(target=drop)
        thread.start()
        error = error_of(lambda: Kubernetes(endpoint, lambda: TOKEN).get(NODES))
        thread.join()
    assert f"nobody answers at {url} (" in str(error)
    assert str(error).endswith(": it is private")
