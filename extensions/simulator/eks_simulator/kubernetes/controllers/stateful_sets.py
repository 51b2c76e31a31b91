# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StatefulSets: pods with an ordinal and a name of their own, one after the other.

https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..deleting import remove
from ..objects import Event, Object
from ..types import POD, STATEFUL_SET
from .context import Context, Key
from .pods import REVISION, active, ended, leaving
from .workloads import concerned, counts, create_pod, is_available, revision, seconds_to_availability, without_zeros

_NAME = "statefulset.kubernetes.io/pod-name"
_INDEX = "apps.kubernetes.io/pod-index"


class StatefulSets:
    """Creates pods upwards, deletes and replaces them downwards: the next when the last one is available."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def concerns(self, event: Event) -> Iterable[Key]:
        return concerned(self._context, event, STATEFUL_SET)

    def reconcile(self, key: Key) -> None:
        stateful_set = self._context.objects.find(STATEFUL_SET, *key)
        if stateful_set is None or leaving(stateful_set):
            return
        replicas = stateful_set["spec"].get("replicas", 1)
        for pod in self._pods(stateful_set).values():
            if ended(pod) and not leaving(pod):
                remove(self._context.objects, POD, pod, {})
        if self._grow(stateful_set, replicas) and self._shrink(stateful_set, replicas):
            self._update(stateful_set, replicas)
        self._report(key)

    def _grow(self, stateful_set: Object, replicas: int) -> bool:
        """Create what is missing: whether all are there and available, or need not wait for each other."""
        pods, parallel = self._pods(stateful_set), _is_parallel(stateful_set)
        for ordinal in range(replicas):
            if ordinal not in pods:
                self._create(stateful_set, ordinal)
            if not parallel and (ordinal not in pods or not self._works(stateful_set, pods[ordinal])):
                return False
        return True

    def _create(self, stateful_set: Object, ordinal: int) -> None:
        metadata, spec = stateful_set["metadata"], stateful_set["spec"]
        name = f"{metadata['name']}-{ordinal}"
        labels = {_NAME: name, _INDEX: str(ordinal), REVISION: revision(spec["template"])}
        claims = [one["metadata"]["name"] for one in spec.get("volumeClaimTemplates") or []]
        volumes = [{"name": one, "persistentVolumeClaim": {"claimName": f"{one}-{name}"}} for one in claims]
        identity = {"hostname": name, "subdomain": spec.get("serviceName") or ""}
        given = spec["template"]["spec"].get("volumes") or []
        create_pod(self._context, stateful_set, labels, name, **identity, volumes=[*given, *volumes])

    def _shrink(self, stateful_set: Object, replicas: int) -> bool:
        """Delete what is too much, the highest first: whether nothing is."""
        pods = self._pods(stateful_set)
        excess = sorted((ordinal for ordinal in pods if ordinal >= replicas), reverse=True)
        for ordinal in excess if _is_parallel(stateful_set) else excess[:1]:
            if not leaving(pods[ordinal]):
                remove(self._context.objects, POD, pods[ordinal], {})
        return not excess

    def _update(self, stateful_set: Object, replicas: int) -> None:
        """Replace the highest pod of an old template, if all above it are available."""
        strategy = stateful_set["spec"].get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete":
            return
        first, pods = (strategy.get("rollingUpdate") or {}).get("partition", 0), self._pods(stateful_set)
        for ordinal in range(replicas - 1, first - 1, -1):
            pod = pods.get(ordinal)
            if pod is not None and active(pod) and not _is_current(stateful_set, pod):
                remove(self._context.objects, POD, pod, {})
                return
            if pod is None or not self._works(stateful_set, pod):
                return

    def _report(self, key: Key) -> None:
        stateful_set = self._context.objects.get(STATEFUL_SET, *key)
        pods = list(self._pods(stateful_set).values())
        counted = counts(self._context, stateful_set, pods)
        updated = sum(active(pod) and _is_current(stateful_set, pod) for pod in pods)
        latest, before = revision(stateful_set["spec"]["template"]), stateful_set.get("status") or {}
        through = updated == counted["replicas"]
        current = latest if through else before.get("currentRevision", latest)
        status = {
            **without_zeros({**counted, "updatedReplicas": updated}),
            **without_zeros({"currentReplicas": updated if through else counted["replicas"] - updated}),
            "replicas": counted["replicas"],
            "currentRevision": current,
            "updateRevision": latest,
            "observedGeneration": stateful_set["metadata"]["generation"],
            "collisionCount": 0,
        }
        self._context.objects.change(STATEFUL_SET, stateful_set, status=status)
        wait = seconds_to_availability(self._context, stateful_set, pods)
        if wait is not None:
            self._context.after(wait, lambda: self.reconcile(key))

    def _works(self, stateful_set: Object, pod: Object) -> bool:
        return active(pod) and is_available(self._context, stateful_set, pod)

    def _pods(self, stateful_set: Object) -> dict[int, Object]:
        """Its pods by ordinal; those that are still ending, too."""
        pods = self._context.index.owned(stateful_set["metadata"]["uid"], POD)
        return {int(pod["metadata"]["name"].rpartition("-")[2]): pod for pod in pods}


def _is_parallel(stateful_set: dict[str, Any]) -> bool:
    return stateful_set["spec"].get("podManagementPolicy") == "Parallel"


def _is_current(stateful_set: Object, pod: Object) -> bool:
    return pod["metadata"]["labels"].get(REVISION) == revision(stateful_set["spec"]["template"])
