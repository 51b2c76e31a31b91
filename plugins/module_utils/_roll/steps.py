# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an Auto Scaling group is brought to instances that are up to date, and to the sizes that it shall have. Pure.

`next_step` tells from what there is, and from nothing else, what is to be done next. So a run that was killed at any
moment is finished by the next one: it looks, and goes on. Steps are what the two APIs can do in one go.
"""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.flotilla.eks.plugins.module_utils._roll.choice import leavers, removal
from ansible_collections.flotilla.eks.plugins.module_utils._roll.model import (
    Cordon,
    Done,
    Forget,
    Machine,
    Policy,
    Remember,
    Resize,
    Resume,
    Retire,
    State,
    Step,
    Suspend,
    Uncordon,
    Wait,
)
from ansible_collections.flotilla.eks.plugins.module_utils._roll.sizes import LAUNCH, PROCESSES, Memory, Sizes, agreed


def goal(state: State, policy: Policy) -> Memory:
    """What the group is to remember, and to end with."""
    since = max((machine.launched for machine in state.alive), default="") if policy.all else ""
    return agreed(state.memory, state.sizes, state.suspended, policy.wish, policy.allowed, since)


def next_step(state: State, policy: Policy) -> Step:
    """What is to be done now.

    There are never fewer Ready nodes than the desired size, less what may be unavailable, by anything done here; and
    never more instances than it, and the surge, or what there was.
    """
    aim = goal(state, policy)
    work = leavers(state, aim.after.desired)
    spared = tuple(machine for machine in state.alive if machine.marked and machine not in work)
    if spared:
        return Uncordon(spared)
    if LAUNCH in aim.suspended and LAUNCH in state.suspended:
        return Resume((LAUNCH,))  # a run was killed while it stepped back
    if _reached(state, aim, work):
        return _conclusion(state, aim)
    if state.memory != aim:
        return Remember(aim)
    awake = tuple(name for name in aim.suspended if name in PROCESSES and name not in state.suspended)
    return Suspend(awake) if awake else _work(state, aim, policy, work)


def _reached(state: State, aim: Memory, work: Sequence[Machine]) -> bool:
    """Whether no instance has to come, go or be waited for. What is on its way is a roll's matter while it lasts."""
    if work or _stale_pool(state) or state.sizes.desired != aim.after.desired:
        return False
    moving = state.unready or any(machine.leaving for machine in state.machines)
    return state.memory is None or not (moving or len(state.alive) != state.sizes.desired)


def _conclusion(state: State, aim: Memory) -> Step:
    if state.sizes != aim.after:
        return Resize(aim.after)
    asleep = tuple(name for name in aim.suspended if name in state.suspended) if state.memory else ()
    if asleep:
        return Resume(asleep)
    return Forget() if state.memory else Done()


def _work(state: State, aim: Memory, policy: Policy, work: Sequence[Machine]) -> Step:
    least, desired, most = state.sizes
    surge, unavailable = policy.allowed.of(aim.after.desired)
    peak = aim.after.desired + min(surge, len(state.outdated))
    if pool := _stale_pool(state):
        return Retire(pool)  # before anything is launched, which the pool would be asked for
    if least > aim.after.desired:
        return Resize(state.sizes._replace(min=aim.after.min))
    if desired < peak:
        return Resize(Sizes(least, peak, max(most, peak)))
    if len(state.alive) != desired:
        return Wait(f"for {desired} instances; there are {len(state.alive)}")
    if state.unready:
        return Wait("to become Ready nodes", state.unready)
    if not work:
        return Wait("to be gone", tuple(machine for machine in state.machines if machine.leaving))
    batch = removal(state, work, aim.after.desired, surge, unavailable)
    # where there is room for the pods of all, none of them moves twice; else only those are shut that go now
    shut = work if surge or desired - aim.after.desired >= len(work) else batch.machines
    if open_nodes := tuple(machine for machine in shut if machine.node and not machine.cordoned):
        return Cordon(open_nodes)
    return batch


def _stale_pool(state: State) -> tuple[Machine, ...]:
    return tuple(machine for machine in state.machines if machine.warm and machine.reasons and not machine.leaving)
