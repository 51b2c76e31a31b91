# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Auto Scaling groups to be rolled, as the pure core of the roll sees them, and one that lives through its steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._roll.model import (
    Cordon,
    Forget,
    Machine,
    Remember,
    Remove,
    Resize,
    Resume,
    Retire,
    State,
    Step,
    Suspend,
    Uncordon,
)
from ansible_collections.flotilla.eks.plugins.module_utils._roll.sizes import LAUNCH, Sizes

ZONES = ("a", "b", "c")
OLD = ("AMI: ami-1 -> ami-2",)


def machine(number: int, **members: Any) -> Machine:
    """One in service that is a Ready node, launched in the order of its number."""
    name = f"i-{number}"
    given = {"zone": ZONES[number % 3], "launched": f"2026-01-01T{number:02}", "node": f"node-{number}", "ready": True}
    return Machine(name, **{**given, **members})


def group(*machines: Machine, **members: Any) -> State:
    """A group that has the sizes of its machines."""
    count = sum(machine.alive for machine in machines)
    return State("web", **{"sizes": Sizes(0, count, count + 1), "machines": machines, "zones": ZONES, **members})


class World:
    """A group in a world where launching, joining and terminating take their time, and where a step can be cut short.

    ``choose(n)`` gives a number below n: who is next to move.
    """

    def __init__(self, state: State, choose: Callable[[int], int]) -> None:
        self.state = state
        self.choose = choose
        self.launched = 0
        self.gone: list[str] = []

    def act(self, step: Step, killed: bool = False) -> None:
        """Do a step; if the run is killed at it, only a part of one that takes more than one call."""
        match step:
            case Remember(memory):
                self._become(memory=memory)
            case Forget():
                self._become(memory=None)
            case Suspend(processes):
                self._become(suspended=self.state.suspended | set(processes))
            case Resume(processes):
                self._become(suspended=self.state.suspended - set(processes))
            case Resize(sizes):
                least = min(self.state.sizes.desired, len(self.state.alive))
                assert sizes.desired >= least, "Auto Scaling would choose who goes"
                self._become(sizes=sizes)
            case Cordon(machines) | Uncordon(machines):
                shut = isinstance(step, Cordon)
                for one in self._part(machines, killed):
                    self._change(one, cordoned=shut, marked=shut)
            case Retire(machines):
                for one in machines:
                    self._change(one, lifecycle="Warmed:Terminating")
            case Remove(_replaced, dropped):
                for one in self._part(step.machines, killed):
                    self._remove(one, one in dropped)
        assert self.state.sizes.min <= self.state.sizes.desired <= self.state.sizes.max, "AWS would refuse it"

    def _part(self, machines: tuple[Machine, ...], killed: bool) -> tuple[Machine, ...]:
        return machines[: self.choose(len(machines) + 1)] if killed else machines

    def _remove(self, one: Machine, decrement: bool) -> None:
        (now,) = (other for other in self.state.machines if other.id == one.id)
        assert now.cordoned or not now.node, "pods could still come"
        self.gone.append(one.id)
        self._change(one, lifecycle="Terminating")
        if decrement:
            sizes = self.state.sizes
            assert sizes.desired > sizes.min, "AWS would refuse it"
            self._become(sizes=sizes._replace(desired=sizes.desired - 1))

    def live(self) -> None:
        """Something moves: an instance is launched, or one becomes a node, or Ready, or is gone."""
        moves: list[Callable[[], None]] = []
        if len(self.state.alive) < self.state.sizes.desired and LAUNCH not in self.state.suspended:
            moves.append(self._launch)
        for one in self.state.machines:
            if one.leaving:
                moves.append(lambda one=one: self._drop(one))  # type: ignore[misc]
            elif one.alive and not one.ready:
                moves.append(lambda one=one: self._change(one, node=one.node or one.id, ready=True))  # type: ignore[misc]
        if moves:
            moves[self.choose(len(moves))]()

    def scale(self, desired: int) -> None:
        """Somebody else sets the desired size; of too many, Auto Scaling chooses who goes."""
        self._become(sizes=self.state.sizes._replace(desired=desired))
        for one in self.state.alive[desired:]:
            self._change(one, lifecycle="Terminating")

    def freeze(self) -> None:
        """A run that steps back keeps the group from launching, and is killed."""
        if self.state.memory:
            self.act(Remember(replace(self.state.memory, suspended=(*self.state.memory.suspended, LAUNCH))))
            self.act(Suspend((LAUNCH,)))

    def outdate(self) -> None:
        """The template changes once more: all are outdated."""
        self._become(machines=tuple(replace(one, reasons=OLD) for one in self.state.machines))

    def _launch(self) -> None:
        self.launched += 1
        zones = Counter(one.zone for one in self.state.alive)
        emptiest = [zone for zone in ZONES if zones[zone] == min(zones[zone] for zone in ZONES)]
        zone = emptiest[self.choose(len(emptiest))]
        fresh = Machine(f"i-new-{self.launched}", zone, "Pending", f"2026-02-01T{self.launched:04}")
        self._become(machines=(*self.state.machines, fresh))

    def _drop(self, one: Machine) -> None:
        self._become(machines=tuple(other for other in self.state.machines if other.id != one.id))

    def _change(self, one: Machine, **members: Any) -> None:
        changed = tuple(replace(other, **members) if other.id == one.id else other for other in self.state.machines)
        self._become(machines=changed)

    def _become(self, **members: Any) -> None:
        self.state = replace(self.state, **members)
