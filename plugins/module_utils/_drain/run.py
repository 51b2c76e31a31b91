# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drains nodes of a cluster in batches: cordons them, evicts their pods as the budgets allow, and undoes its cordons if
it fails. `Drain` has these as parts, too, for those who do more with nodes than draining them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.flotilla.eks.plugins.module_utils._drain.pods import (
    Consent,
    Pod,
    batches,
    cordoned,
    pods_to_evict,
)
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Kubernetes, KubernetesError, Object
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience, Unsettled

PARALLEL = 16
PODS = "/api/v1/pods"
NODES = "/api/v1/nodes"


@dataclass
class Report:
    """What was done, or in check mode would be. ``stuck`` has the pods that did not go, with the reason."""

    cordoned: list[str] = field(default_factory=list)
    evicted: list[Pod] = field(default_factory=list)
    stuck: dict[Pod, str] = field(default_factory=dict)


class Undrained(Unsettled):
    """Some pods did not go in time. ``report`` says which, and why."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


@dataclass(frozen=True)
class Drain:
    """How nodes are drained. ``patience`` bounds each batch; ``grace``, in seconds, overrides the pods' own. A node
    that is cordoned gets the annotation ``mark``, if there is one. With ``disable_eviction``, pods are deleted, which
    no budget holds back.
    """

    kubernetes: Kubernetes
    patience: Patience
    consent: Consent
    batch_size: int = 1
    grace: int | None = None
    keep_cordoned: bool = False
    dry_run: bool = False
    mark: str = ""
    disable_eviction: bool = False

    def drain(self, nodes: Sequence[Object]) -> Report:
        """Empties the nodes. All are cordoned first, so that no pod moves from one of them to the next.

        Raises Refused before anything was written; Undrained and KubernetesError after every node that was not cordoned
        before has been uncordoned again, unless ``keep_cordoned``.
        """
        names = [node["metadata"]["name"] for node in nodes]
        try:
            pods = self.pods(names)
        except Refused as refusal:
            raise Refused(f"{refusal}. Nothing was touched") from None
        report = Report()
        try:
            report.cordoned = self.cordon(nodes)
            for batch in batches(names, self.batch_size):
                self.empty([pod for pod in pods if pod.node in batch], report)
        except BaseException as failure:  # also if the user interrupts it
            if not self.keep_cordoned:
                self._undo([node for node in nodes if not cordoned(node)], failure)
            if isinstance(failure, Undrained):
                raise Undrained(f"{failure}. {self._advice()}", report) from None
            raise
        return report

    def pods(self, nodes: Sequence[str]) -> list[Pod]:
        """What has to go from the nodes. Raises Refused without the consent that it takes, and KubernetesError."""
        return pods_to_evict(self.kubernetes.list_all(PODS), nodes, self.consent)

    def cordon(self, nodes: Iterable[Object]) -> list[str]:
        """Keeps new pods off the nodes that are not cordoned yet; their names."""
        return self._schedule([node for node in nodes if not cordoned(node)], True)

    def uncordon(self, nodes: Iterable[Object]) -> list[str]:
        """Lets pods onto the nodes that are cordoned; their names."""
        return self._schedule([node for node in nodes if cordoned(node)], None)

    def _schedule(self, nodes: Sequence[Object], unschedulable: bool | None) -> list[str]:
        names = [node["metadata"]["name"] for node in nodes]
        change: Object = {"spec": {"unschedulable": unschedulable}}
        if self.mark:
            change["metadata"] = {"annotations": {self.mark: "cordoned" if unschedulable else None}}

        def patch(name: str) -> None:
            if not self.dry_run:
                self.kubernetes.patch(f"{NODES}/{name}", change)

        with ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(patch, names))
        return names

    def _undo(self, nodes: Sequence[Object], failure: BaseException) -> None:
        try:
            self._schedule(nodes, None)
        except KubernetesError as error:
            names = ", ".join(node["metadata"]["name"] for node in nodes)
            raise Unsettled(
                f"{failure}. Of {names}, some stay cordoned, as that could not be undone: {error}"
            ) from failure

    def empty(self, pods: Sequence[Pod], report: Report, silent: Set[str] = frozenset()) -> None:
        """Evicts the pods and waits until they are gone. A dry run asks once, and nothing goes.

        Nodes that are ``silent`` have no kubelet that would tell of a pod's end: having been told to go is all that can
        be asked of their pods. Raises Undrained with those that stay, and KubernetesError.
        """
        nodes = sorted({pod.node for pod in pods})
        left = {pod.uid: pod for pod in pods}
        told = {pod.uid for pod in pods if pod.leaving}
        objections: dict[Pod, str] = {}
        for _try in self.patience.tries():
            asked = [pod for pod in left.values() if pod.uid not in told]
            with ThreadPoolExecutor(PARALLEL) as pool:
                objections = dict(zip(asked, pool.map(self._evict, asked), strict=True))
            told |= {pod.uid for pod, objection in objections.items() if not objection}
            seen = {uid for uid, pod in left.items() if uid not in told or pod.node not in silent}
            present = left.keys() - told if self.dry_run else self._present(nodes, seen)
            report.evicted += [pod for uid, pod in left.items() if uid not in present]
            left = {uid: pod for uid, pod in left.items() if uid in present}
            if self.dry_run or not left:
                break
        terminating = "has been told to go, and is still there: see its grace period and its finalizers"
        report.stuck |= {pod: objections.get(pod) or terminating for pod in left.values()}
        if report.stuck and not self.dry_run:
            raise Undrained(self._complaint(nodes, report), report)

    def _evict(self, pod: Pod) -> str:
        """Asks for an eviction; what stands against it, empty if nothing does."""
        options = {"preconditions": {"uid": pod.uid}} | (
            {} if self.grace is None else {"gracePeriodSeconds": self.grace}
        )
        identity = {"name": pod.name, "namespace": pod.namespace}
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": identity, "deleteOptions": options}
        try:
            if self.disable_eviction:
                self.kubernetes.delete(pod.path, options, dry_run=self.dry_run)
            else:
                self.kubernetes.create(f"{pod.path}/eviction", eviction, dry_run=self.dry_run)
        except KubernetesError as error:
            if error.not_found or error.reason == "Conflict":  # gone, or another one of its name has come
                return ""
            if not error.transient:
                raise
            return "; ".join(error.blocked) or error.message
        return ""

    def _present(self, nodes: Sequence[str], pods: Set[str]) -> Set[str]:
        """Which of the pods are on the nodes still: all of them, if that cannot be seen just now."""

        def uids(node: str) -> set[str]:
            return {pod["metadata"]["uid"] for pod in self.kubernetes.list_all(PODS, fields=f"spec.nodeName={node}")}

        try:
            with ThreadPoolExecutor(PARALLEL) as pool:
                return pods & set[str]().union(*pool.map(uids, nodes)) if pods else pods
        except KubernetesError as error:
            if not error.transient:
                raise
            return pods

    def _complaint(self, nodes: Sequence[str], report: Report) -> str:
        pods = [f"{pod} on {pod.node}: {reason}" for pod, reason in report.stuck.items()]
        return (
            f"waited {self.patience.timeout:g} s for the pods of {', '.join(nodes)} to go, in vain. {'. '.join(pods)}"
        )

    def _advice(self) -> str:
        after = "They stay cordoned" if self.keep_cordoned else "Every node takes pods again that did before"
        return f"{after}. Raise timeout, make the budgets or the number of replicas larger, and run again"


def marked(nodes: Iterable[Object], mark: str) -> list[Object]:
    """The nodes with an annotation of that name; all, without a name."""
    return [node for node in nodes if not mark or mark in (node["metadata"].get("annotations") or {})]
