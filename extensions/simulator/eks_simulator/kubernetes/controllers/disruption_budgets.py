# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disruption budgets: keeps the status that evictions are decided by.

https://kubernetes.io/docs/concepts/workloads/pods/disruptions/
"""

from __future__ import annotations

from collections.abc import Iterator

from ..budgets import status
from ..objects import Event, Object, name_of
from ..types import DEPLOYMENT, DISRUPTION_BUDGET, POD, REPLICA_SET
from .context import Context, Key, controller_of


class DisruptionBudgets:
    """Counts the pods of each budget again when one changes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[Key, None] = {}

    def concerns(self, event: Event) -> Iterator[Key]:
        if event.kind is DISRUPTION_BUDGET:
            self._known[name_of(event.object)] = None
            if event.change == "DELETED":
                del self._known[name_of(event.object)]
            yield name_of(event.object)
        elif event.kind in (POD, REPLICA_SET, DEPLOYMENT):
            namespace = event.object["metadata"]["namespace"]
            yield from [key for key in self._known if key[0] == namespace]

    def reconcile(self, key: Key) -> None:
        budget = self._context.objects.find(DISRUPTION_BUDGET, *key)
        if budget is not None:
            pods = self._context.index.pods_in(key[0])
            news = status(budget, pods, self._expected, self._context.timeline.now)
            self._context.objects.change(DISRUPTION_BUDGET, budget, status=news)

    def _expected(self, pods: list[Object]) -> int:
        """How many pods the controllers of these want together. A pod without one counts for nothing ("Arbitrary
        workloads and arbitrary selectors" of the task Specifying a Disruption Budget)."""
        owners = {owner["uid"] for pod in pods if (owner := controller_of(pod))}
        scaled = {thing["metadata"]["uid"]: thing for uid in owners if (thing := self._scaled(uid))}
        return sum(one["spec"].get("replicas", 0) for one in scaled.values())

    def _scaled(self, uid: str) -> Object | None:
        """What is scaled: a controller, or the one that controls it, as a Deployment does its ReplicaSets."""
        found = self._context.index.find(uid)
        if found is None:
            return None
        above = controller_of(found[1])
        return (self._scaled(above["uid"]) if above else None) or found[1]
