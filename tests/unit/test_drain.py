# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draining nodes: which pods go, what it takes them, and in what state the nodes are left."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._drain.pods import (
    Consent,
    chosen_nodes,
    pods_to_evict,
    selector,
)
from ansible_collections.flotilla.eks.plugins.module_utils._drain.run import Drain, Undrained, marked
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import KubernetesError
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience, Unsettled
from support.scripted import Clock

NO_CONSENT = Consent()
BUDGET = "The disruption budget web needs 2 healthy pods and has 2 currently"


def pod(name: str, node: str = "a", owner: str | None = "ReplicaSet", **members: Any) -> dict[str, Any]:
    owners = [{"kind": owner, "controller": True}] if owner else []
    metadata = {"name": name, "namespace": "shop", "uid": f"uid-{name}", "ownerReferences": owners}
    metadata |= members.pop("metadata", {})
    volumes = members.pop("volumes", [])
    return {
        "metadata": metadata,
        "spec": {"nodeName": node, "volumes": volumes},
        "status": {"phase": "Running"},
        **members,
    }


def node(name: str, cordoned: bool = False) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"unschedulable": True} if cordoned else {}}


def refused(reason: str, code: int, **details: Any) -> KubernetesError:
    return KubernetesError("POST", "no", code, reason, details)


class FakeApi:
    """Nodes and pods; ``object_to`` decides over each eviction, by raising what the API would answer."""

    def __init__(self, pods: list[dict[str, Any]], object_to: Callable[[str], None] = lambda name: None) -> None:
        self.pods = {pod["metadata"]["name"]: pod for pod in pods}
        self.object_to = object_to
        self.log: list[str] = []
        self.lingers: set[str] = set()
        self.lock = Lock()

    def list_all(self, path: str, labels: str = "", fields: str = "") -> list[dict[str, Any]]:
        where = fields.removeprefix("spec.nodeName=")
        return [pod for pod in self.pods.values() if where in ("", pod["spec"]["nodeName"])]

    def patch(self, path: str, change: dict[str, Any]) -> None:
        self.log.append(f"{'cordon' if change['spec']['unschedulable'] else 'uncordon'} {path.rpartition('/')[2]}")

    def create(self, path: str, body: dict[str, Any], dry_run: bool = False) -> None:
        name = body["metadata"]["name"]
        assert path == f"/api/v1/namespaces/shop/pods/{name}/eviction"
        assert body["deleteOptions"]["preconditions"] == {"uid": f"uid-{name}"}
        with self.lock:
            self.log.append(f"{'try' if dry_run else 'evict'} {name}")
            self.object_to(name)
            if not dry_run and name not in self.lingers:
                del self.pods[name]


def drain(api: Any, **settings: Any) -> Drain:
    clock = Clock()
    patience = Patience(timeout=60, delay=5, clock=clock, sleep=clock.sleep)
    return Drain(api, patience, settings.pop("consent", NO_CONSENT), **settings)


def blocked(*names: str) -> Callable[[str], None]:
    def object_to(name: str) -> None:
        if name in names:
            raise refused("TooManyRequests", 429, causes=[{"reason": "DisruptionBudget", "message": BUDGET}])

    return object_to


def test_which_pods_go() -> None:
    pods = [
        pod("web"),
        pod("elsewhere", node="z"),
        pod("agent", owner="DaemonSet"),
        pod("static", owner=None, metadata={"annotations": {"kubernetes.io/config.mirror": "x"}}),
        pod("done", owner=None, status={"phase": "Succeeded"}, volumes=[{"name": "x", "emptyDir": {}}]),
        {"metadata": {"name": "waiting", "namespace": "shop", "uid": "uid-waiting"}, "spec": {}},
    ]
    assert [str(pod) for pod in pods_to_evict(pods, ["a", "b"], NO_CONSENT)] == ["shop/web", "shop/done"]


def test_what_goes_only_with_consent() -> None:
    pods = [pod("lone", owner=None), pod("cache", volumes=[{"name": "x", "emptyDir": {}}])]
    with pytest.raises(Refused) as error:
        pods_to_evict(pods, ["a"], NO_CONSENT)
    assert "shop/lone; give force: true" in str(error.value)
    assert "shop/cache; give delete_emptydir_data: true" in str(error.value)
    assert len(pods_to_evict(pods, ["a"], Consent(unmanaged=True, local_data=True))) == 2


def test_nodes_by_name() -> None:
    assert [found["metadata"]["name"] for found in chosen_nodes([node("a"), node("b")], ["b", "a", "b"])] == ["b", "a"]
    with pytest.raises(Refused, match=r"nodes: x, y not in the cluster; it has: a"):
        chosen_nodes([node("a")], ["x", "a", "y"])


@pytest.mark.parametrize(
    ("groups", "labels", "wanted"),
    [
        (["web"], "", "eks.amazonaws.com/nodegroup in (web)"),
        (["web", "db"], "tier=x", "eks.amazonaws.com/nodegroup in (web,db),tier=x"),
        ([], "tier=x", "tier=x"),
    ],
)
def test_nodes_by_label(groups: list[str], labels: str, wanted: str) -> None:
    assert selector(groups, labels) == wanted


def test_all_are_cordoned_before_one_is_emptied() -> None:
    api = FakeApi([pod("one"), pod("two", node="b"), pod("three", node="c")])
    report = drain(api, batch_size=2).drain([node("a"), node("b", cordoned=True), node("c")])
    assert sorted(api.log[:2]) == ["cordon a", "cordon c"]
    assert sorted(api.log[2:4]) == ["evict one", "evict two"]
    assert api.log[4:] == ["evict three"]
    assert (report.cordoned, len(report.evicted), report.stuck) == (["a", "c"], 3, {})


def test_a_budget_is_waited_for() -> None:
    answers = [blocked("web"), blocked("web"), blocked()]

    def answer(name: str) -> Any:
        return answers.pop(0)(name)

    api = FakeApi([pod("web")], answer)
    assert [str(gone) for gone in drain(api).drain([node("a")]).evicted] == ["shop/web"]
    assert api.log == ["cordon a", "evict web", "evict web", "evict web"]


def test_a_budget_that_does_not_yield() -> None:
    api = FakeApi([pod("web"), pod("other"), pod("late", node="b")], blocked("web"))
    with pytest.raises(Undrained) as error:
        drain(api).drain([node("a"), node("b"), node("c", cordoned=True)])
    assert f"shop/web on a: {BUDGET}" in str(error.value)
    assert [str(pod) for pod in error.value.report.stuck] == ["shop/web"]
    assert [str(pod) for pod in error.value.report.evicted] == ["shop/other"]
    assert "evict late" not in api.log
    assert sorted(api.log[-2:]) == ["uncordon a", "uncordon b"]
    assert "uncordon c" not in api.log


def test_nodes_stay_cordoned_if_asked() -> None:
    api = FakeApi([pod("web")], blocked("web"))
    with pytest.raises(Undrained, match="They stay cordoned"):
        drain(api, keep_cordoned=True).drain([node("a")])
    assert not [entry for entry in api.log if entry.startswith("uncordon")]


def test_a_pod_that_was_told_to_go_and_stays() -> None:
    api = FakeApi([pod("slow"), pod("leaving", metadata={"deletionTimestamp": "x"})])
    api.lingers = {"slow"}
    with pytest.raises(Undrained, match="shop/slow on a: has been told to go"):
        drain(api).drain([node("a")])
    assert api.log.count("evict slow") == 1
    assert "evict leaving" not in api.log


@pytest.mark.parametrize(("reason", "code"), [("NotFound", 404), ("Conflict", 409)])
def test_a_pod_that_is_gone_is_no_trouble(reason: str, code: int) -> None:
    def vanish(name: str) -> None:
        api.pods.pop(name)
        raise refused(reason, code)

    api = FakeApi([pod("web")], vanish)
    assert len(drain(api).drain([node("a")]).evicted) == 1


def test_trouble_that_passes_is_sat_out() -> None:
    troubles = [refused("InternalError", 500), KubernetesError("POST", "nobody answers")]

    def stumble(name: str) -> None:
        if troubles:
            raise troubles.pop()

    api = FakeApi([pod("web")], stumble)
    assert len(drain(api).drain([node("a")]).evicted) == 1
    assert troubles == []


def test_an_error_leaves_no_node_cordoned() -> None:
    def forbid(name: str) -> None:
        raise refused("Forbidden", 403)

    api = FakeApi([pod("web")], forbid)
    with pytest.raises(KubernetesError):
        drain(api).drain([node("a")])
    assert api.log == ["cordon a", "evict web", "uncordon a"]


def test_nodes_that_cannot_be_uncordoned_are_named() -> None:
    api = FakeApi([pod("web")], blocked("web"))

    def patch(path: str, change: dict[str, Any]) -> None:
        if not change["spec"]["unschedulable"]:
            raise refused("Forbidden", 403)

    api.patch = patch  # type: ignore[method-assign]
    with pytest.raises(Unsettled, match=rf"{BUDGET}.*Of a, some stay cordoned, as that could not be undone: POST: no"):
        drain(api).drain([node("a")])


def test_a_dry_run_tells_what_budgets_hold_back() -> None:
    api = FakeApi([pod("web"), pod("other")], blocked("web"))
    report = drain(api, dry_run=True).drain([node("a")])
    assert sorted(api.log) == ["try other", "try web"]
    assert (report.cordoned, [str(pod) for pod in report.evicted]) == (["a"], ["shop/other"])
    assert {str(pod): reason for pod, reason in report.stuck.items()} == {"shop/web": BUDGET}


def test_again_nothing_is_done() -> None:
    api = FakeApi([pod("agent", owner="DaemonSet")])
    report = drain(api).drain([node("a", cordoned=True)])
    assert (api.log, report.cordoned, report.evicted) == ([], [], [])


def test_nodes_that_somebody_else_has_cordoned() -> None:
    own, bare, other = node("a", cordoned=True), node("b", cordoned=True), node("c", cordoned=True)
    own["metadata"]["annotations"] = {"example.com/upgrade": "cordoned"}
    other["metadata"]["annotations"] = {"example.com/repair": "cordoned"}
    assert marked([own, bare, other], "example.com/upgrade") == [own]
    assert marked([own, bare, other], "") == [own, bare, other]
