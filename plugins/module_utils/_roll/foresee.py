# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a roll would come to if all went well: its steps to the end, and what each makes of the group. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from ansible_collections.flotilla.eks.plugins.module_utils._roll.model import (
    Cordon,
    Done,
    Forget,
    Machine,
    Policy,
    Remember,
    Remove,
    Resize,
    Resume,
    Retire,
    State,
    Step,
    Suspend,
    Uncordon,
    Wait,
    names,
)
from ansible_collections.flotilla.eks.plugins.module_utils._roll.steps import next_step

NEW = "new-"


def foreseen(state: State, policy: Policy) -> Iterator[tuple[Step, State]]:
    """The steps, each with the group as it is before it."""
    while not isinstance(step := next_step(state, policy), Done):
        yield step, state
        state = after(step, state)


def after(step: Step, state: State) -> State:
    """The group once a step is done and all that it sets in motion has come to its end."""
    match step:
        case Remember(memory):
            return replace(state, memory=memory)
        case Forget():
            return replace(state, memory=None)
        case Suspend(processes):
            return replace(state, suspended=state.suspended | set(processes))
        case Resume(processes):
            return replace(state, suspended=state.suspended - set(processes))
        case Resize(sizes):
            return _filled(replace(state, sizes=sizes))
        case Cordon(machines):
            return _changed(state, {machine: replace(machine, cordoned=True, marked=True) for machine in machines})
        case Uncordon(machines):
            return _changed(state, {machine: replace(machine, cordoned=False, marked=False) for machine in machines})
        case Retire(machines):
            return _without(state, machines)
        case Remove(_replaced, dropped):
            sizes = state.sizes._replace(desired=state.sizes.desired - len(dropped))
            return _filled(replace(_without(state, step.machines), sizes=sizes))
        case _:
            return _settled(state)


def _settled(state: State) -> State:
    """Who was on the way has come, or gone; of too many, the last have gone."""
    surplus = state.alive[state.sizes.desired :]
    left = tuple(machine for machine in state.machines if not machine.leaving and machine not in surplus)
    ready = {machine: _ready(machine) for machine in left if machine.alive and not machine.reasons}
    return _filled(_changed(replace(state, machines=left), ready))


def _ready(machine: Machine) -> Machine:
    return replace(machine, lifecycle="InService", node=machine.node or machine.id, ready=True, trouble="")


def _filled(state: State) -> State:
    """With new instances as far as the desired size asks for them, spread over the zones."""
    zones = Counter(dict.fromkeys(state.zones, 0))
    zones.update(machine.zone for machine in state.alive)
    known = {machine.id for machine in state.machines}
    free = (name for name in (f"{NEW}{number}" for number in count(1)) if name not in known)
    machines = list(state.machines)
    for _number in range(state.sizes.desired - len(state.alive)):
        zone = min(zones, key=lambda zone: zones[zone], default="")
        zones[zone] += 1
        machines.append(_ready(Machine(next(free), zone)))
    return replace(state, machines=tuple(machines))


def _changed(state: State, changes: dict[Machine, Machine]) -> State:
    return replace(state, machines=tuple(changes.get(machine, machine) for machine in state.machines))


def _without(state: State, gone: tuple[Machine, ...]) -> State:
    ids = {machine.id for machine in gone}
    return replace(state, machines=tuple(machine for machine in state.machines if machine.id not in ids))


def told(step: Step, state: State) -> str:
    """A step in words, as plans and progress show it."""
    match step:
        case Remember():
            return "write into the group's tag what to return to"
        case Forget():
            return "remove the tag"
        case Suspend(processes):
            return f"suspend {', '.join(processes)}"
        case Resume(processes):
            return f"resume {', '.join(processes)}"
        case Resize(sizes):
            found = state.sizes._asdict().items()
            changes = [
                f"{name} {value} -> {getattr(sizes, name)}" for name, value in found if value != getattr(sizes, name)
            ]
            return f"resize: {', '.join(changes)}"
        case Retire(machines):
            return f"terminate in the warm pool: {names(machines)}"
        case Cordon(machines):
            return f"cordon {names(machines)}"
        case Uncordon(machines):
            return f"uncordon {names(machines)}"
        case Remove(replaced, dropped):
            kinds = (("replace", replaced), ("remove", dropped))
            return "drain and " + ", ".join(f"{verb} {names(some)}" for verb, some in kinds if some)
        case Wait(what, machines):
            return f"wait for {names(machines)} {what}" if machines else f"wait {what}"
        case _:
            return "done"
