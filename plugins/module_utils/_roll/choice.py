# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which instances of a group go, in what order, and in whose place others are launched. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._roll.model import Machine, Remove, State
from ansible_collections.flotilla.eks.plugins.module_utils._roll.sizes import Sizes


def removal(state: State, work: Sequence[Machine], wanted: int, surge: int, unavailable: int) -> Remove:
    """Those that go next: as many Ready ones as can be spared, and others, which serve nobody.

    Those that are outdated go first. In place of one another is launched as long as the group has to keep its size, and
    where it could shrink, if its zones would end up uneven: Auto Scaling would even them itself, and drain nothing.
    """
    left, desired, outdated = list(work), state.sizes.desired, len(state.outdated)
    spare = sum(machine.ready for machine in state.alive) - (wanted - unavailable)
    zones = Counter(machine.zone for machine in state.alive)
    renewed = Counter(machine.zone for machine in state.alive if not machine.reasons)
    replaced: list[Machine] = []
    dropped: list[Machine] = []
    for _number in range(max(1, surge + unavailable)):
        fit = [machine for machine in left if spare > 0 or not machine.ready]
        if not fit:
            break
        if desired > wanted + min(surge, max(0, outdated - 1)):
            gone = min(fit, key=partial(_rank, zones=zones))
            shrinks = not gone.reasons or _even(zones, gone.zone, desired - wanted)
        else:  # such that each zone keeps as many as the surge gave it
            gone = min(fit, key=lambda machine: _rank(machine, {machine.zone: -renewed[machine.zone]}))
            shrinks = False
        if shrinks:
            dropped.append(gone)
            zones[gone.zone] -= 1
        else:
            replaced.append(gone)
            renewed[gone.zone] += 1
        left.remove(gone)
        spare, desired, outdated = spare - gone.ready, desired - shrinks, outdated - bool(gone.reasons)
    return Remove(tuple(replaced), tuple(dropped))


def _even(zones: Mapping[str, int], zone: str, drops: int) -> bool:
    """Whether a zone can lose an instance, if so many in all are dropped, the others where there are most."""
    counts = Counter(zones)
    counts[zone] -= 1
    for _number in range(drops - 1):
        counts[max(counts, key=lambda name: counts[name])] -= 1
    return counts[zone] >= max(counts.values()) - 1


def leavers(state: State, desired: int) -> tuple[Machine, ...]:
    """The instances that go: all that are outdated, and others as far as there are too many even then."""
    fresh = [machine for machine in state.alive if not machine.reasons]
    zones = Counter(machine.zone for machine in fresh)
    order = list(state.outdated)
    while len(state.alive) - len(order) > desired and fresh:
        gone = min(fresh, key=partial(_rank, zones=zones))
        fresh.remove(gone)
        zones[gone.zone] -= 1
        order.append(gone)
    return tuple(order)


def _rank(machine: Machine, zones: Mapping[str, int]) -> tuple[Any, ...]:
    """Who goes first: one that is outdated, then one that is not Ready, then one that Auto Scaling may scale in, then
    one of the zone with the highest number, then the oldest.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html
    """
    unfit = not machine.reasons, bool(machine.node), machine.ready, machine.protected
    return *unfit, -zones[machine.zone], *_age(machine)


def _age(machine: Machine) -> tuple[str, str]:
    return machine.launched or "9", machine.id  # who does not say so was launched just now


def retreat(state: State, before: Sizes) -> tuple[Machine, ...]:
    """Instances that can go because there are too many, if they carry no pods: those that are not Ready, then the
    newest, as long as there are as many Ready nodes as were desired."""
    surplus = state.sizes.desired - before.desired
    spare = sum(machine.ready for machine in state.alive) - before.desired
    newest = sorted((machine for machine in state.alive if not machine.reasons), key=_age, reverse=True)
    unready = [machine for machine in newest if not machine.ready]
    ready = [machine for machine in newest if machine.ready][: max(0, spare)]
    return tuple([*unready, *ready][: max(0, surplus)])
