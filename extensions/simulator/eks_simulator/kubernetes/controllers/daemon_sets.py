# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DaemonSets: a pod on every node that can take it.

https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from ..deleting import remove
from ..objects import Event, Object, name_of
from ..types import DAEMON_SET, NODE, POD
from .context import Context, Key
from .fitting import NOT_READY, UNREACHABLE, UNSCHEDULABLE, pinned, pinned_to, selects, untolerated
from .pods import active, ended, leaving, ready
from .quantities import share
from .workloads import concerned, create_pod, is_available, revision, seconds_to_availability

_REVISION = "controller-revision-hash"
_PRESSURES = ("disk", "memory", "pid")


class DaemonSets:
    """Creates a pod for each node, for the scheduler to bind to that one, and replaces those of an old template."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[Key, None] = {}

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
        spec = _spec(daemon_set)
        mark = revision(daemon_set["spec"]["template"])
        fit = [node for node in self._context.objects.list(NODE) if _fits(spec, node, "NoSchedule", "NoExecute")]
        wanted = {node["metadata"]["name"] for node in fit}
        self._place(daemon_set, spec, mark, wanted)
        self._update(daemon_set, mark, wanted)
        self._report(key, daemon_set, mark, wanted)

    def _place(self, daemon_set: Object, spec: dict[str, Any], mark: str, wanted: set[str]) -> None:
        """One pod on each wanted node; none where even one that runs already cannot stay."""
        here = self._by_node(daemon_set)
        for node in sorted(wanted - here.keys()):
            affinity = pinned_to(spec.get("affinity"), node)
            create_pod(self._context, daemon_set, {_REVISION: mark}, **{**spec, "affinity": affinity})
        for name, pods in here.items():
            host = self._context.objects.find(NODE, "", name)
            stays = name in wanted or (host is not None and _fits(spec, host, "NoExecute"))
            live = [pod for pod in pods if active(pod)]
            for pod in [pod for pod in pods if ended(pod)] + live[1 if stays else 0 :]:
                if not leaving(pod):
                    remove(self._context.objects, POD, pod, {})

    def _update(self, daemon_set: Object, mark: str, wanted: set[str]) -> None:
        """Replace old pods, as many at a time as may be unavailable; those that do not work anyway come on top."""
        strategy = daemon_set["spec"].get("updateStrategy") or {}
        live = [pod for pod in self._pods(daemon_set) if active(pod)]
        old = [pod for pod in live if pod["metadata"]["labels"].get(_REVISION) != mark]
        if strategy.get("type") == "OnDelete" or not old:
            return
        working = {pod["metadata"]["uid"] for pod in live if is_available(self._context, daemon_set, pod)}
        limit = share((strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1), len(wanted), up=True)
        spare = max(0, limit - (len(wanted) - len(working)))
        replaced = [pod for pod in old if pod["metadata"]["uid"] in working][:spare]
        for pod in [pod for pod in old if pod["metadata"]["uid"] not in working] + replaced:
            remove(self._context.objects, POD, pod, {})

    def _report(self, key: Key, daemon_set: Object, mark: str, wanted: set[str]) -> None:
        live = {pinned(pod["spec"]): pod for pod in self._pods(daemon_set) if active(pod)}
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
            "updatedNumberScheduled": sum(pod["metadata"]["labels"].get(_REVISION) == mark for pod in placed.values()),
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
            found[pinned(pod["spec"]) or pod["spec"].get("nodeName", "")].append(pod)
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


def _fits(spec: dict[str, Any], node: Object, *effects: str) -> bool:
    return untolerated(spec, node, *effects) is None and selects(spec, node)


def _matters(event: Event) -> bool:
    """Whether a node came, went, or changed what DaemonSets choose by."""
    return event.before is None or event.change == "DELETED" or _choice(event.before) != _choice(event.object)


def _choice(node: Object) -> tuple[Any, ...]:
    return node["spec"].get("taints"), node["metadata"].get("labels")
