# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DaemonSets: a pod on every node that can take it.

https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..deleting import remove
from ..objects import Event, Object, name_of
from ..types import DAEMON_SET, NODE, POD
from .context import Context, Key
from .fitting import NOT_READY, UNREACHABLE, UNSCHEDULABLE, pinned, pinned_to, selects, untolerated
from .pods import REVISION, active, ended, leaving, ready
from .quantities import share
from .workloads import concerned, create_pod, is_available, revision, seconds_to_availability

_PRESSURES = ("disk", "memory", "pid")


@dataclass(frozen=True)
class Verdict:
    """What a DaemonSet says of a node, as it was at a `revision`: whether a pod is `wanted` there, or if not, whether
    the node is `bearable` for one that is there."""

    revision: str
    wanted: bool
    bearable: bool


class DaemonSets:
    """Creates a pod for each node, for the scheduler to bind to that one, and replaces those of an old template."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[Key, None] = {}
        self._said: dict[tuple[str, int], dict[str, Verdict]] = {}
        """By a DaemonSet's uid and generation, and the node's name."""

    def concerns(self, event: Event) -> Iterator[Key]:
        if event.kind is DAEMON_SET:
            self._known[name_of(event.object)] = None
            if event.change == "DELETED":
                del self._known[name_of(event.object)]
        if event.kind is NODE and _matters(event):
            yield from self._known
        yield from concerned(self._context, event, DAEMON_SET)

    def reconcile(self, key: Key) -> None:
        daemon_set = self._context.objects.find(DAEMON_SET, *key)
        if daemon_set is None or leaving(daemon_set):
            return
        mark = revision(daemon_set["spec"]["template"])
        verdicts = self._verdicts(daemon_set)
        wanted = {name for name, verdict in verdicts.items() if verdict.wanted}
        self._place(daemon_set, mark, wanted, {name for name, verdict in verdicts.items() if verdict.bearable})
        self._update(daemon_set, mark, wanted)
        self._report(key, daemon_set, mark, wanted)

    def _verdicts(self, daemon_set: Object) -> dict[str, Verdict]:
        """What it says of each node. A node that is as it was is not asked again."""
        asked = daemon_set["metadata"]["uid"], daemon_set["metadata"]["generation"]
        before, spec = self._said.get(asked, {}), _spec(daemon_set)
        now: dict[str, Verdict] = {}
        for node in self._context.objects.list(NODE):
            name, at = node["metadata"]["name"], node["metadata"]["resourceVersion"]
            known = before.get(name)
            now[name] = known if known and known.revision == at else _judge(spec, node)
        self._said = {one: said for one, said in self._said.items() if one[0] != asked[0]} | {asked: now}
        return now

    def _place(self, daemon_set: Object, mark: str, wanted: set[str], bearable: set[str]) -> None:
        """One pod on each wanted node; none where even one that runs already cannot stay."""
        here = self._by_node(daemon_set)
        for node in sorted(wanted - here.keys()):
            spec = _spec(daemon_set)
            affinity = pinned_to(spec.get("affinity"), node)
            if not create_pod(self._context, daemon_set, {REVISION: mark}, **{**spec, "affinity": affinity}):
                break
        for name, pods in here.items():
            live = [pod for pod in pods if active(pod)]
            for pod in [pod for pod in pods if ended(pod)] + live[1 if name in bearable else 0 :]:
                if not leaving(pod):
                    remove(self._context.objects, POD, pod, {})

    def _update(self, daemon_set: Object, mark: str, wanted: set[str]) -> None:
        """Replace old pods, as many at a time as may be unavailable; those that do not work anyway come on top."""
        strategy = daemon_set["spec"].get("updateStrategy") or {}
        live = [pod for pod in self._pods(daemon_set) if active(pod)]
        old = [pod for pod in live if pod["metadata"]["labels"].get(REVISION) != mark]
        if strategy.get("type") == "OnDelete" or not old:
            return
        working = {pod["metadata"]["uid"] for pod in live if is_available(self._context, daemon_set, pod)}
        limit = share((strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1), len(wanted), up=True)
        spare = max(0, limit - (len(wanted) - len(working)))
        replaced = [pod for pod in old if pod["metadata"]["uid"] in working][:spare]
        for pod in [pod for pod in old if pod["metadata"]["uid"] not in working] + replaced:
            remove(self._context.objects, POD, pod, {})

    def _report(self, key: Key, daemon_set: Object, mark: str, wanted: set[str]) -> None:
        live = {_home(pod): pod for pod in self._pods(daemon_set) if active(pod)}
        placed = {name: pod for name, pod in live.items() if name in wanted}
        available = sum(is_available(self._context, daemon_set, pod) for pod in placed.values())
        status = {
            "currentNumberScheduled": len(placed),
            "desiredNumberScheduled": len(wanted),
            "numberMisscheduled": len(live) - len(placed),
            "numberReady": sum(ready(pod) for pod in placed.values()),
            "observedGeneration": daemon_set["metadata"]["generation"],
        }
        optional = {
            "numberAvailable": available,
            "numberUnavailable": len(wanted) - available,
            "updatedNumberScheduled": sum(pod["metadata"]["labels"].get(REVISION) == mark for pod in placed.values()),
        }
        status |= {name: number for name, number in optional.items() if number}
        self._context.objects.change(DAEMON_SET, daemon_set, status=status)
        wait = seconds_to_availability(self._context, daemon_set, list(live.values()))
        if wait is not None:
            self._context.after(wait, lambda: self.reconcile(key))

    def _by_node(self, daemon_set: Object) -> dict[str, list[Object]]:
        """Its pods by the node that each is for; those that are still ending, too."""
        found: defaultdict[str, list[Object]] = defaultdict(list)
        for pod in self._pods(daemon_set):
            found[_home(pod)].append(pod)
        return found

    def _pods(self, daemon_set: Object) -> list[Object]:
        return self._context.index.owned(daemon_set["metadata"]["uid"], POD)


def _spec(daemon_set: Object) -> dict[str, Any]:
    """The spec of its pods, with the tolerations that every DaemonSet's pods get (the page above, "Taints and
    tolerations")."""
    spec = daemon_set["spec"]["template"]["spec"]
    own = [{"key": key, "operator": "Exists", "effect": "NoExecute"} for key in (NOT_READY, UNREACHABLE)]
    calm = [f"node.kubernetes.io/{what}-pressure" for what in _PRESSURES]
    calm += [UNSCHEDULABLE, *(["node.kubernetes.io/network-unavailable"] if spec.get("hostNetwork") else [])]
    own += [{"key": key, "operator": "Exists", "effect": "NoSchedule"} for key in calm]
    return {**spec, "tolerations": [*(spec.get("tolerations") or []), *own]}


def _judge(spec: dict[str, Any], node: Object) -> Verdict:
    selected = selects(spec, node)
    bearable = selected and untolerated(spec, node, "NoExecute") is None
    wanted = bearable and untolerated(spec, node, "NoSchedule") is None
    return Verdict(node["metadata"]["resourceVersion"], wanted, bearable)


def _home(pod: Object) -> str:
    """The node that a pod is for."""
    return pod["spec"].get("nodeName") or pinned(pod["spec"]) or ""


def _matters(event: Event) -> bool:
    """Whether a node came, went, or changed what DaemonSets choose by."""
    return event.before is None or event.change == "DELETED" or _choice(event.before) != _choice(event.object)


def _choice(node: Object) -> tuple[Any, ...]:
    return node["spec"].get("taints"), node["metadata"].get("labels")
