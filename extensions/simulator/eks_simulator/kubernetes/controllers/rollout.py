# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large each ReplicaSet of a Deployment may be now, so that a rollout goes on and keeps its bounds. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .quantities import share


@dataclass(frozen=True)
class Part:
    """A ReplicaSet of a Deployment: how many pods it is to have, how many are available, and how many there are,
    those that are ending included."""

    name: str
    wanted: int
    available: int
    existing: int


@dataclass(frozen=True)
class Strategy:
    """`surge` more pods than desired may exist during a rollout, `unavailable` fewer may be available."""

    kind: str
    surge: int
    unavailable: int


def strategy_of(spec: dict[str, Any]) -> Strategy:
    """The strategy of a Deployment: 25 % of its replicas unless it says otherwise, the surge rounded up and what may be
    unavailable rounded down; one pod may be unavailable if nothing could move at all."""
    desired, given = spec.get("replicas", 1), spec.get("strategy") or {}
    bounds = given.get("rollingUpdate") or {}
    surge = share(bounds.get("maxSurge", "25%"), desired, up=True)
    unavailable = share(bounds.get("maxUnavailable", "25%"), desired, up=False)
    if surge == unavailable == 0:
        unavailable = 1
    return Strategy(given.get("type", "RollingUpdate"), surge, min(unavailable, desired))


def sizes(strategy: Strategy, desired: int, new: Part, old: Sequence[Part]) -> dict[str, int]:
    """How many pods each ReplicaSet is to have next; `old` from old to young."""
    if strategy.kind == "Recreate":
        gone = not any(part.existing for part in old)
        return {new.name: desired if gone else new.wanted, **{part.name: 0 for part in old}}
    total = new.wanted + sum(part.wanted for part in old)
    room = max(0, desired + strategy.surge - total)
    grown = min(desired, new.wanted + room)
    return {new.name: grown, **_shrunk(desired - strategy.unavailable, grown, new, old)}


def _shrunk(least: int, grown: int, new: Part, old: Sequence[Part]) -> dict[str, int]:
    """Take away old pods: those that are not available first, then others while `least` stay available."""
    after = {part.name: part.wanted for part in old}
    spare = grown + sum(after.values()) - least - (grown - new.available)
    for part in old:
        taken = max(0, min(spare, part.wanted - part.available))
        after[part.name] -= taken
        spare -= taken
    spare = min(spare, new.available + sum(part.available for part in old) - least)
    for part in old:
        taken = max(0, min(spare, after[part.name]))
        after[part.name] -= taken
        spare -= taken
    return after
