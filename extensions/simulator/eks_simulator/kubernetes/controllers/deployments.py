# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments: a ReplicaSet for each template that a Deployment had, and the way from one to the next.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
"""

from __future__ import annotations

from collections.abc import Iterator

from ..objects import Event, Object, name_of
from ..types import DEPLOYMENT, POD, REPLICA_SET
from .context import Context, Key, controller_of
from .deployment_status import DEADLINE, UNDER_WAY, status_of
from .pods import condition, ended, leaving, owned_by
from .rollout import Part, sizes, strategy_of
from .workloads import concerned, revision

_HASH = "pod-template-hash"
_REVISION = "deployment.kubernetes.io/revision"
_HISTORY = 10
"""How many old ReplicaSets are kept unless revisionHistoryLimit says otherwise."""


class Deployments:
    """Rolls out what a Deployment's template says, within the bounds of its strategy."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def concerns(self, event: Event) -> Iterator[Key]:
        yield from concerned(self._context, event, DEPLOYMENT, REPLICA_SET)
        if event.kind is POD and event.change == "DELETED":
            yield from self._waiting_for_its_end(event.object)

    def _waiting_for_its_end(self, pod: Object) -> Iterator[Key]:
        """The Deployment of a pod: one that recreates its pods waits until the old ones are gone."""
        owner = controller_of(pod)
        replica_set = self._context.index.find(owner["uid"]) if owner else None
        deployment = controller_of(replica_set[1]) if replica_set else None
        if deployment and deployment["kind"] == DEPLOYMENT.kind:
            yield pod["metadata"]["namespace"], deployment["name"]

    def reconcile(self, key: Key) -> None:
        deployment = self._context.objects.find(DEPLOYMENT, *key)
        if deployment is None or leaving(deployment):
            return
        name = _set_name(deployment)
        sets = self._sets(deployment)
        if not deployment["spec"].get("paused"):
            if name not in {one["metadata"]["name"] for one in sets}:
                self._create_set(deployment, name)
            self._number(deployment, name)
            self._roll(deployment, name)
        elif len(sets) == 1:
            self._resize(sets[0], deployment["spec"].get("replicas", 1))
        self._report(key, name)

    def _create_set(self, deployment: Object, name: str) -> None:
        spec, template = deployment["spec"], deployment["spec"]["template"]
        given = template.get("metadata") or {}
        mark = {_HASH: revision(template)}
        labels = {**(given.get("labels") or {}), **mark}
        selector = {**spec["selector"], "matchLabels": {**(spec["selector"].get("matchLabels") or {}), **mark}}
        wanted = {
            "replicas": 0,
            "minReadySeconds": spec.get("minReadySeconds") or 0,
            "selector": selector,
            "template": {**template, "metadata": {**given, "labels": labels}},
        }
        metadata = {
            "name": name,
            "namespace": deployment["metadata"]["namespace"],
            "labels": labels,
            "ownerReferences": owned_by(deployment),
        }
        status = {"replicas": 0}
        self._context.objects.create(REPLICA_SET, {"metadata": metadata, "spec": wanted, "status": status})

    def _number(self, deployment: Object, name: str) -> None:
        """Number the current ReplicaSet as the latest revision, and the Deployment with it."""
        sets = {one["metadata"]["name"]: one for one in self._sets(deployment)}
        latest = max((_revision(one) for its_name, one in sets.items() if its_name != name), default=0)
        number = max(_revision(sets[name]), latest + 1)
        for kind, thing in ((REPLICA_SET, sets[name]), (DEPLOYMENT, deployment)):
            metadata = thing["metadata"]
            annotations = {**(metadata.get("annotations") or {}), _REVISION: str(number)}
            self._context.objects.change(kind, thing, metadata={**metadata, "annotations": annotations})

    def _roll(self, deployment: Object, name: str) -> None:
        spec = deployment["spec"]
        sets = {one["metadata"]["name"]: one for one in self._sets(deployment)}
        parts = {its_name: self._part(one) for its_name, one in sets.items()}
        old = [part for its_name, part in parts.items() if its_name != name]
        for its_name, size in sizes(strategy_of(spec), spec.get("replicas", 1), parts[name], old).items():
            self._resize(sets[its_name], size)
        idle = [part for part in old if not part.wanted and not part.existing]
        for part in idle[: max(0, len(idle) - spec.get("revisionHistoryLimit", _HISTORY))]:
            self._context.objects.remove(REPLICA_SET, deployment["metadata"]["namespace"], part.name)

    def _part(self, replica_set: Object) -> Part:
        pods = self._context.index.owned(replica_set["metadata"]["uid"], POD)
        metadata, status = replica_set["metadata"], replica_set.get("status") or {}
        existing = sum(not ended(pod) for pod in pods)
        return Part(metadata["name"], replica_set["spec"]["replicas"], status.get("availableReplicas", 0), existing)

    def _resize(self, replica_set: Object, size: int) -> None:
        current = self._context.objects.get(REPLICA_SET, *name_of(replica_set))
        self._context.objects.change(REPLICA_SET, current, spec={**current["spec"], "replicas": size})

    def _report(self, key: Key, name: str) -> None:
        deployment = self._context.objects.get(DEPLOYMENT, *key)
        status = status_of(deployment, name, self._sets(deployment), self._context.timeline.now)
        self._context.objects.change(DEPLOYMENT, deployment, status=status)
        if status != deployment.get("status") and condition({"status": status}, "Progressing")["reason"] == UNDER_WAY:
            deadline = deployment["spec"].get("progressDeadlineSeconds", DEADLINE)
            self._context.after(deadline, lambda: self.reconcile(key))

    def _sets(self, deployment: Object) -> list[Object]:
        """Its ReplicaSets, from the oldest revision to the latest."""
        return sorted(self._context.index.owned(deployment["metadata"]["uid"], REPLICA_SET), key=_revision)


def _set_name(deployment: Object) -> str:
    return f"{deployment['metadata']['name']}-{revision(deployment['spec']['template'])}"


def _revision(replica_set: Object) -> int:
    return int((replica_set["metadata"].get("annotations") or {}).get(_REVISION, 0))
