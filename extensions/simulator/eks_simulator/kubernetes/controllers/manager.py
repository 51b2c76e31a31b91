# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controllers of a cluster together, as kube-controller-manager runs them: woken by events, at rest otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from ...clock import Timeline
from ..objects import Event, Objects
from .context import Context, Controller, FargateProfile, Key
from .daemon_sets import DaemonSets
from .deployments import Deployments
from .disruption_budgets import DisruptionBudgets
from .fargate import Fargate
from .garbage import GarbageCollector
from .index import Index
from .kubelets import Kubelets
from .namespaces import Namespaces
from .network_plugins import NetworkPlugins
from .node_lifecycle import NodeLifecycle
from .replica_sets import ReplicaSets
from .scheduler import Scheduler
from .stateful_sets import StatefulSets

_ROUNDS = 1000
"""After so many rounds without rest, two controllers must be undoing each other's work."""

_CONTROLLERS: tuple[Callable[[Context], Controller], ...] = (
    Namespaces,
    GarbageCollector,
    NodeLifecycle,
    Deployments,
    ReplicaSets,
    StatefulSets,
    DaemonSets,
    Fargate,
    Scheduler,
    Kubelets,
    NetworkPlugins,
    DisruptionBudgets,
)
"""In the order in which they take their turns: who changes what others decide by comes first."""


class Controllers:
    """All controllers of one cluster. They see each event of `objects` and act in the same moment of simulated time,
    when the timeline settles next, so that nobody has to call them.

    `work` counts how often each controller looked at an object.
    """

    def __init__(
        self,
        objects: Objects,
        timeline: Timeline,
        *,
        profiles: Callable[[], Sequence[FargateProfile]],
        kubelet: Callable[[], str],
        authority: Callable[[], str],
        lose: Callable[[str, list[str]], None],
    ) -> None:
        """`profiles` gives the ACTIVE Fargate profiles, `kubelet` the version of the kubelet that a new Fargate node
        has (`v1.32.3-eks-5ad4801`), `authority` the cluster's certificate authority (PEM). `lose` is told of a node
        that is gone, and of the pods (namespace/name) that went down with it."""
        self._context = Context(objects, Index(), timeline, profiles, kubelet, authority, lose)
        self._queues: dict[Controller, dict[Key, None]] = {made(self._context): {} for made in _CONTROLLERS}
        self._called = False
        self.work: Counter[str] = Counter()
        objects.subscribe(self._notice)

    def close(self) -> None:
        """The cluster is gone: nothing happens in it any more."""
        self._context.closed = True

    def settle(self) -> None:
        """Let every controller do what events gave it to do, until nothing is left. Done by the timeline as well."""
        self._called = False
        for _round in range(_ROUNDS):
            if not any(self._queues.values()):
                return
            for controller, queue in self._queues.items():
                self._serve(controller, queue)
        raise RuntimeError("The controllers of the simulated cluster do not come to rest.")

    def _serve(self, controller: Controller, queue: dict[Key, None]) -> None:
        keys = list(queue)
        queue.clear()
        self.work[type(controller).__name__] += len(keys)
        for key in keys:
            controller.reconcile(key)

    def _notice(self, event: Event) -> None:
        if self._context.closed:
            return
        self._context.index.take(event)
        for controller, queue in self._queues.items():
            queue.update(dict.fromkeys(controller.concerns(event)))
        if not self._called and any(self._queues.values()):
            self._called = True
            self._context.after(0, self.settle)
