# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an update of a managed node group's version replaces its nodes: batch by batch, the new ones first.

https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html: of the phases there, "scale up" is
done for each batch anew. "If the Pods don't leave the node within 15 minutes and there's no force flag, the upgrade
phase fails with a PodEvictionFailure error"; an empty node is terminated 60 seconds later.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import autoscaling, durations
from ..operations import Call
from ..store import Resource
from .boots import Boot
from .draining import cordon, evict, tenants, vacate

_NOT_JOINING = "Couldn't proceed with upgrade process as new nodes are not joining"
Conclude = Callable[[dict[str, Any] | None], None]
"""Ends the update: with nothing if all went well, else with what went wrong, as a fault."""


class Replacement:
    """The replacement of all instances that a group has at the beginning. `force` is that of the update."""

    def __init__(self, call: Call, group: Resource, force: bool, conclude: Conclude) -> None:
        self._call = call
        self._group = group
        self._force = force
        self._conclude = conclude
        self._old = {boot.instance.id for boot in call.boots.of(group)}
        self._batch: list[Boot] = []
        self._new: list[Boot] = []
        self._waited = 0
        call.timeline.after(durations.NODEGROUP_VERSION_BASE, self._begin_batch)

    def _begin_batch(self) -> None:
        left = [boot for boot in self._call.boots.of(self._group) if boot.instance.id in self._old]
        if not left:
            self._conclude(None)
            return
        self._batch = left[: self._batch_size()]
        before = {boot.instance.id for boot in self._call.boots.of(self._group)}
        autoscaling.launch(self._call, self._group, len(self._batch))
        self._new = [boot for boot in self._call.boots.of(self._group) if boot.instance.id not in before]
        self._waited = 0
        self._await_new_nodes()

    def _batch_size(self) -> int:
        """How many nodes may be unavailable at once: a number, or a percentage of them all, rounded down."""
        config = self._group.description["updateConfig"]
        share = math.floor(len(self._old) * config.get("maxUnavailablePercentage", 0) / 100)
        return int(config.get("maxUnavailable") or max(1, share))

    def _await_new_nodes(self) -> None:
        ailing = [boot.instance.id for boot in self._new if boot.plane is None or boot.problem]
        if not ailing and len(self._new) == len(self._batch):
            for boot in self._placed():
                cordon(boot.objects, boot.node)
            self._waited = 0
            self._drain()
        elif self._waited >= durations.NODE_PATIENCE:
            self._fail("NodeCreationFailure", _NOT_JOINING, ailing)
        else:
            self._later(self._await_new_nodes)

    def _drain(self) -> None:
        full = [boot for boot in self._placed() if evict(boot.objects, boot.node)]
        if full and self._waited >= durations.EVICTION_PATIENCE and not self._force:
            message = f"Reached max retries while trying to evict pods from nodes in node group {self._group.name}"
            self._fail("PodEvictionFailure", message, [boot.node for boot in full])
        elif full and self._waited < durations.EVICTION_PATIENCE:
            self._later(self._drain)
        else:
            self._call.timeline.after(durations.NODE_RETIREMENT, self._retire)

    def _retire(self) -> None:
        autoscaling.terminate(self._call, self._group, [boot.instance.id for boot in self._batch])
        self._begin_batch()

    def _later(self, action: Callable[[], None]) -> None:
        self._waited += durations.NODE_LOOK
        self._call.timeline.after(durations.NODE_LOOK, action)

    def _fail(self, code: str, message: str, affected: list[str]) -> None:
        """Give up: of old and new, those stay that have most work to do, as many as the group has to have; with as
        much, the old ones."""
        for boot in self._placed():
            cordon(boot.objects, boot.node, closed=False)
        surplus = sorted([*self._new, *self._batch], key=_burden)[: len(self._new)]
        for boot in surplus:
            if boot.plane:
                vacate(boot.objects, boot.node)
        autoscaling.terminate(self._call, self._group, [boot.instance.id for boot in surplus])
        fault = {"becomes": "FAILED", "code": code, "message": message, "resourceIds": affected}
        self._conclude(fault)

    def _placed(self) -> list[Boot]:
        """The instances of the batch that are nodes."""
        return [boot for boot in self._batch if boot.plane]


def _burden(boot: Boot) -> int:
    """How many pods an instance carries; one without a Node is worth less than any."""
    return len(tenants(boot.objects, boot.node)) if boot.plane else -1
