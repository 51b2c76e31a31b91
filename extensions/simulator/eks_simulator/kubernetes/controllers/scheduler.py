# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler: a node for every pod that has none.

https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/ (filters, in their order, then scores)
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from ..objects import Event, Object, name_of
from ..types import NODE, POD
from .context import Context, Key, controller_of
from .fitting import UNSCHEDULABLE, pinned, selects, shortages, tolerates, untolerated
from .pods import REVISION, active, condition, leaving, occupies, requests, with_conditions
from .quantities import millis
from .recorder import record

NAME = "default-scheduler"
_PASS: Key = ("", "")
"""There is one thing to look at: all pods without a node."""
_CORDONED = {"key": UNSCHEDULABLE, "effect": "NoSchedule"}


class Scheduler:
    """Binds pods to nodes that can take them, spreads those of an owner, and says of the others what is in the way."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiting: dict[Key, None] = {}

    def concerns(self, event: Event) -> Iterator[Key]:
        if event.kind is POD:
            waits = event.change != "DELETED" and _is_waiting(event.object)
            if waits and name_of(event.object) not in self._waiting:
                self._waiting[name_of(event.object)] = None
                yield _PASS
            elif not waits:
                self._waiting.pop(name_of(event.object), None)
            if self._waiting and _makes_room(event):
                yield _PASS
        elif event.kind is NODE and self._waiting and _matters(event):
            yield _PASS

    def reconcile(self, key: Key) -> None:
        """One pass over the pods that wait. Those that are alike are filtered once."""
        nodes = {one["metadata"]["name"]: one for one in self._context.objects.list(NODE)}
        ranks = _ranks(nodes)
        alike: defaultdict[tuple[str, str], list[Object]] = defaultdict(list)
        for one in self._waiting:
            pod = self._context.objects.get(POD, *one)
            alike[_template(pod)].append(pod)
        for pods in alike.values():
            self._place(pods, nodes, ranks)

    def _place(self, pods: list[Object], nodes: dict[str, Object], ranks: dict[str, int]) -> None:
        """Bind pods of one template, each to the node that has fewest of them, and least to do."""
        spec, wanted = pods[0]["spec"], requests(pods[0])
        only = pinned(spec)
        candidates = nodes.values() if only is None else [nodes[only]] if only in nodes else []
        fitting = [node for node in candidates if _obstacle(spec, node) is None]
        mates = self._mates(pods[0])
        heap = [self._score(node, mates, ranks) for node in fitting if not self._shortages(wanted, node)]
        heapq.heapify(heap)
        left = iter(pods)
        while heap and (pod := next(left, None)):
            name = heapq.heappop(heap)[-1]
            self._bind(pod, name)
            mates[name] += 1
            if not self._shortages(wanted, nodes[name]):
                heapq.heappush(heap, self._score(nodes[name], mates, ranks))
        self._refuse(list(left), wanted, nodes.values())

    def _mates(self, pod: Object) -> Counter[str]:
        """How many pods of the same owner each node has."""
        owner = controller_of(pod)
        if owner is None or pinned(pod["spec"]) is not None:
            return Counter()
        mates = self._context.index.owned(owner["uid"], POD)
        return Counter(one["spec"].get("nodeName") for one in mates if active(one))

    def _score(self, node: Object, mates: Counter[str], ranks: dict[str, int]) -> tuple[int, float, int, str]:
        """The less, the better; between equals the zones take turns."""
        name = node["metadata"]["name"]
        cpu = millis(node["status"]["allocatable"].get("cpu", 0))
        return mates[name], self._context.index.requested(name)["cpu"] / max(cpu, 1), ranks[name], name

    def _shortages(self, wanted: Counter[str], node: Object) -> list[str]:
        return shortages(wanted, self._context.index.requested(node["metadata"]["name"]), node)

    def _bind(self, pod: Object, node: str) -> None:
        said = {"type": "PodScheduled", "status": "True"}
        status = with_conditions(pod["status"], self._context.now, [said])
        self._context.objects.change(POD, pod, spec={**pod["spec"], "nodeName": node}, status=status)

    def _refuse(self, pods: list[Object], wanted: Counter[str], nodes: Iterable[Object]) -> None:
        """Tell pods of one template that, and why, there is no node for them."""
        message = _explained([self._reasons(pods[0]["spec"], wanted, node) for node in nodes]) if pods else ""
        said = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        for pod in pods:
            if condition(pod, "PodScheduled").get("message") != message:
                status = with_conditions(pod["status"], self._context.now, [said])
                self._context.objects.change(POD, pod, status=status)
                record(self._context, POD, pod, "Warning", "FailedScheduling", message, NAME)

    def _reasons(self, spec: dict[str, Any], wanted: Counter[str], node: Object) -> tuple[bool, list[str]]:
        """Whether a node lacks but room for a pod, and why it cannot take it."""
        obstacle = _obstacle(spec, node)
        return (True, self._shortages(wanted, node)) if obstacle is None else (False, [obstacle])


def _template(pod: Object) -> tuple[str, str]:
    """What pods have in common that are alike: their controller, and its revision. One that is for one node, or has no
    controller, is like no other."""
    metadata, owner = pod["metadata"], controller_of(pod)
    if owner is None or pinned(pod["spec"]) is not None:
        return metadata["uid"], ""
    return owner["uid"], (metadata.get("labels") or {}).get(REVISION, "")


def _ranks(nodes: dict[str, Object]) -> dict[str, int]:
    """Which place each node has in its zone."""
    zones: Counter[str] = Counter()
    ranks = {}
    for name, node in nodes.items():
        zone = (node["metadata"].get("labels") or {}).get("topology.kubernetes.io/zone", "")
        ranks[name] = zones[zone]
        zones[zone] += 1
    return ranks


def _is_waiting(pod: Object) -> bool:
    spec = pod["spec"]
    return not spec.get("nodeName") and spec.get("schedulerName", NAME) == NAME and not leaving(pod)


def _makes_room(event: Event) -> bool:
    """Whether a node has a pod less to run."""
    if event.before is None or not occupies(event.before):
        return False
    return event.change == "DELETED" or not occupies(event.object)


def _matters(event: Event) -> bool:
    """Whether a change of a node can matter to a pod that waits: heartbeats do not."""
    return event.before is None or event.change == "DELETED" or _offer(event.before) != _offer(event.object)


def _offer(node: Object) -> tuple[Any, ...]:
    return node["spec"], node["metadata"].get("labels"), (node.get("status") or {}).get("allocatable")


def _obstacle(spec: dict[str, Any], node: Object) -> str | None:
    """Why a node cannot take a pod however much room it has, in the scheduler's words and the order of its filters."""
    cordoned = node["spec"].get("unschedulable")
    if cordoned and not any(tolerates(one, _CORDONED) for one in spec.get("tolerations") or []):
        return "node(s) were unschedulable"
    taint = untolerated(spec, node, "NoSchedule", "NoExecute")
    if taint:
        return f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value') or ''}}}"
    return None if selects(spec, node) else "node(s) didn't match Pod's node affinity/selector"


def _explained(nodes: list[tuple[bool, list[str]]]) -> str:
    """The message of a pod that no node can take."""
    if not nodes:
        return "no nodes available to schedule pods"
    reasons = Counter(reason for _roomless, its_reasons in nodes for reason in its_reasons)
    roomless = sum(lacks_room for lacks_room, _reasons in nodes)
    evictions = {
        "No preemption victims found for incoming pod": roomless,
        "Preemption is not helpful for scheduling": len(nodes) - roomless,
    }
    available = f"0/{len(nodes)} nodes are available: "
    return f"{available}{_counted(reasons)}. preemption: {available}{_counted(evictions)}."


def _counted(reasons: dict[str, int]) -> str:
    return ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items() if count))
