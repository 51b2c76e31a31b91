# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ReplicaSets: as many pods of a template as are wanted.

https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/
"""

from __future__ import annotations

from collections.abc import Iterable

from ..deleting import remove
from ..objects import Event, Object
from ..types import POD, REPLICA_SET
from .context import Context, Key
from .pods import active, bound, leaving, ready
from .workloads import concerned, counts, create_pod, seconds_to_availability


class ReplicaSets:
    """Creates the pods that a ReplicaSet lacks, deletes those that it has too many."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def concerns(self, event: Event) -> Iterable[Key]:
        return concerned(self._context, event, REPLICA_SET)

    def reconcile(self, key: Key) -> None:
        replica_set = self._context.objects.find(REPLICA_SET, *key)
        if replica_set is None or leaving(replica_set):
            return
        live = [pod for pod in self._pods(replica_set) if active(pod)]
        lacking = replica_set["spec"].get("replicas", 1) - len(live)
        for _each in range(lacking):
            if not create_pod(self._context, replica_set):
                break
        for pod in _most_expendable_first(live)[: max(0, -lacking)]:
            remove(self._context.objects, POD, pod, {})
        self._report(key, replica_set)

    def _report(self, key: Key, replica_set: Object) -> None:
        pods = self._pods(replica_set)
        counted = counts(self._context, replica_set, pods)
        status = {
            "replicas": counted["replicas"],
            **{name: number for name, number in counted.items() if number},
            "fullyLabeledReplicas": counted["replicas"],
            "observedGeneration": replica_set["metadata"]["generation"],
        }
        self._context.objects.change(REPLICA_SET, replica_set, status=status)
        wait = seconds_to_availability(self._context, replica_set, pods)
        if wait is not None:
            self._context.after(wait, lambda: self.reconcile(key))

    def _pods(self, replica_set: Object) -> list[Object]:
        return self._context.index.owned(replica_set["metadata"]["uid"], POD)


def _most_expendable_first(pods: list[Object]) -> list[Object]:
    """Pods without a node, then those that do not run, then those that are not Ready; the youngest of these (the page
    above, "Scaling a ReplicaSet")."""
    youngest_first = sorted(pods, key=lambda pod: pod["metadata"]["creationTimestamp"], reverse=True)
    return sorted(youngest_first, key=lambda pod: (bound(pod), pod["status"].get("phase") == "Running", ready(pod)))
