# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of nodes, and of the pods on them when something is wrong with a node.

https://kubernetes.io/docs/concepts/architecture/nodes/ and
https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..deleting import remove
from ..objects import Event, Object, name_of
from ..types import NODE, POD
from .context import Context, Key, controller_of
from .fitting import NOT_READY, UNREACHABLE, UNSCHEDULABLE, taints, tolerates
from .pods import active, bound, condition, ended, leaving

_OURS = (UNSCHEDULABLE, NOT_READY, UNREACHABLE)
_TROUBLE = {"False": NOT_READY, "Unknown": UNREACHABLE}
"""The taint for each status of the condition Ready that is not True."""

Taint = dict[str, Any]


class NodeLifecycle:
    """Taints nodes that are cordoned or not Ready, evicts what does not tolerate it, and buries the pods of a node
    that is gone: those are `lost` that nobody had asked to end."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sentenced: set[tuple[str, str]] = set()
        """A pod's uid, and since when the taint is there that it bears for some time only."""

    def concerns(self, event: Event) -> Iterator[Key]:
        if event.kind is NODE:
            yield name_of(event.object)
        elif event.kind is POD and event.change != "DELETED" and bound(event.object) and not bound(event.before):
            yield "", event.object["spec"]["nodeName"]

    def reconcile(self, key: Key) -> None:
        node = self._context.objects.find(NODE, *key)
        if node is None:
            self._bury(key[1])
            return
        wanted = self._wanted(node)
        if wanted != taints(node):
            spec = {name: value for name, value in node["spec"].items() if name != "taints"}
            node = self._context.objects.change(NODE, node, spec={**spec, "taints": wanted} if wanted else spec)
        self._evict(node)

    def _wanted(self, node: Object) -> list[Taint]:
        """The taints of others, and those that the node's state calls for."""
        called_for = [(UNSCHEDULABLE, "NoSchedule")] if node["spec"].get("unschedulable") else []
        trouble = _TROUBLE.get(condition(node, "Ready").get("status", "Unknown"))
        if trouble:
            called_for += [(trouble, "NoSchedule"), (trouble, "NoExecute")]
        here = {(one["key"], one["effect"]): one for one in taints(node)}
        new = {"timeAdded": self._context.now}
        ours = [here.get(each, {"key": each[0], "effect": each[1], **new}) for each in called_for]
        return [one for one in taints(node) if one["key"] not in _OURS] + ours

    def _evict(self, node: Object) -> None:
        driving = [taint for taint in taints(node) if taint["effect"] == "NoExecute"]
        if not driving:
            return
        for pod in self._context.index.pods_on(node["metadata"]["name"]):
            patience = _patience(pod, driving) if active(pod) else None
            if patience is not None and patience <= 0:
                remove(self._context.objects, POD, pod, {})
            elif patience is not None:
                self._sentence(pod, node, driving, patience)

    def _sentence(self, pod: Object, node: Object, driving: list[Taint], seconds: float) -> None:
        """Delete a pod in a while, if it is still on a node with the same taints then."""
        sentence = pod["metadata"]["uid"], str(driving)
        if sentence in self._sentenced:
            return
        self._sentenced.add(sentence)

        def act() -> None:
            self._sentenced.discard(sentence)
            current = self._context.index.find(pod["metadata"]["uid"])
            still = self._context.index.find(node["metadata"]["uid"])
            same = still is not None and all(taint in taints(still[1]) for taint in driving)
            if current and active(current[1]) and same:
                remove(self._context.objects, *current, {})

        self._context.after(seconds, act)

    def _bury(self, node: str) -> None:
        """Remove the pods of a node that does not exist (any more): no kubelet will (pod garbage collector)."""
        pods = list(self._context.index.pods_on(node))
        lost = ["/".join(name_of(pod)) for pod in pods if _is_missed(pod)]
        if lost:
            self._context.lose(node, sorted(lost))
        for pod in pods:
            self._context.objects.remove(POD, *name_of(pod))


def _is_missed(pod: Object) -> bool:
    """What a drain would have moved: no pod of a DaemonSet, none that has ended or was told to."""
    owner = controller_of(pod) or {"kind": ""}
    return not leaving(pod) and not ended(pod) and owner["kind"] != "DaemonSet"


def _patience(pod: Object, driving: list[Taint]) -> float | None:
    """How many seconds a pod stays on a node with these taints; None if for ever."""
    shortest: float | None = None
    for taint in driving:
        matching = [one for one in pod["spec"].get("tolerations") or [] if tolerates(one, taint)]
        if not matching:
            return 0
        limits = [one["tolerationSeconds"] for one in matching if one.get("tolerationSeconds") is not None]
        if limits:
            shortest = min([*limits, *([] if shortest is None else [shortest])])
    return shortest
