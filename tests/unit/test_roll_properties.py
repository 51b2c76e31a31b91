# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every roll, whatever group it meets and whenever it is killed: model-checked in a small world."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as some

from ansible_collections.flotilla.eks.plugins.module_utils._roll.foresee import foreseen
from ansible_collections.flotilla.eks.plugins.module_utils._roll.model import (
    Done,
    Machine,
    Policy,
    Remove,
    State,
)
from ansible_collections.flotilla.eks.plugins.module_utils._roll.sizes import (
    LAUNCH,
    PROCESSES,
    Allowance,
    Memory,
    Sizes,
    Wish,
    agreed,
    memory_of,
)
from ansible_collections.flotilla.eks.plugins.module_utils._roll.steps import goal, next_step
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import ROLL_TAG
from support.rolls import OLD, ZONES, World, group, machine

STEPS = 2000  # far more than any of these rolls takes

counts = some.integers(0, 6)
allowances = some.sampled_from(
    [
        Allowance(),
        Allowance("2"),
        Allowance("0", "1"),
        Allowance("34%", "0"),
        Allowance("0", "50%"),
        Allowance("1", "2"),
    ]
)


@some.composite
def machines(draw: some.DrawFn) -> Machine:
    joined, marked = draw(some.booleans()), draw(some.booleans())
    return Machine(
        "",
        draw(some.sampled_from(ZONES)),
        draw(some.sampled_from(["InService"] * 6 + ["Pending", "Standby", "Terminating", "Warmed:Stopped"])),
        f"2026-01-01T{draw(some.integers(0, 99)):02}",
        draw(some.booleans()),
        draw(some.sampled_from([(), OLD])),
        "node" if joined else "",
        joined and draw(some.booleans()),
        cordoned=joined and (marked or draw(some.booleans())),
        marked=joined and marked,
    )


@some.composite
def states(draw: some.DrawFn) -> State:
    drawn = draw(some.lists(machines(), max_size=7))
    members = tuple(replace(one, id=f"i-{number}") for number, one in enumerate(drawn))
    alive = sum(one.alive for one in members)
    least, more = draw(some.integers(0, alive)), draw(some.integers(0, 2))
    sizes = Sizes(least, alive, alive + more)
    suspended = frozenset(draw(some.sets(some.sampled_from(PROCESSES), max_size=2)))
    return State("web", sizes, members, suspended, zones=ZONES)


@some.composite
def policies(draw: some.DrawFn, state: State) -> Policy:
    desired = draw(some.none() | counts)
    wish = Wish(None, None, None) if desired is None else Wish(draw(some.integers(0, desired)), desired, desired + 2)
    return Policy(draw(allowances), wish)


class Watch:
    """Asserts after each step what must never happen."""

    def __init__(self, state: State, policy: Policy) -> None:
        self.aim = goal(state, policy)
        surge, unavailable = policy.allowed.of(self.aim.after.desired)
        self.needed = self.aim.after.desired - unavailable
        self.least = min(self.ready(state), self.needed)
        self.most = max(len(state.alive), self.aim.after.desired + surge)

    def ready(self, state: State) -> int:
        return sum(one.ready for one in state.alive)

    def look(self, state: State) -> None:
        assert self.ready(state) >= self.least
        self.least = max(self.least, min(self.ready(state), self.needed))
        assert len(state.alive) <= self.most
        assert state.sizes.desired <= self.most


def finish(world: World, policy: Policy, watch: Watch | None, data: some.DataObject, kills: int = 0) -> None:
    """Run to the end, killed so many times at any moment, each time begun again."""
    for _number in range(STEPS):
        step = next_step(world.state, policy)
        if isinstance(step, Done):
            return
        killed = kills > 0 and data.draw(some.booleans())
        kills -= killed
        world.act(step, killed)
        if watch:
            watch.look(world.state)
        world.live()
        if watch:
            watch.look(world.state)
    raise AssertionError("it does not come to an end")


def check_end(world: World, aim: Memory, before: State) -> None:
    state = world.state
    assert (state.memory, state.sizes, state.outdated) == (None, aim.after, ())
    assert state.suspended == before.suspended
    assert not [one for one in state.machines if one.warm and one.reasons and not one.leaving]
    assert not [one for one in state.alive if one.marked]
    untouched = {one.id for one in state.alive if one.cordoned}
    assert untouched <= {one.id for one in before.machines if one.cordoned}
    assert len(world.gone) == len(set(world.gone))
    assert {one.id for one in before.outdated} <= set(world.gone)


@given(some.data())
def test_every_roll_comes_to_its_end(data: some.DataObject) -> None:
    before = data.draw(states())
    policy = data.draw(policies(before))
    world = World(before, lambda count: data.draw(some.integers(0, count - 1)))
    watch = Watch(before, policy)
    finish(world, policy, watch, data, kills=3)
    check_end(world, watch.aim, before)
    surplus = max(0, len(before.alive) - watch.aim.after.desired)
    surge, _unavailable = policy.allowed.of(watch.aim.after.desired)
    assert len(world.gone) <= len(before.outdated) + max(surplus, surge), "none goes needlessly"


@given(some.data())
def test_a_template_that_changes_between_two_runs(data: some.DataObject) -> None:
    before = data.draw(states())
    policy = data.draw(policies(before))
    world = World(before, lambda count: data.draw(some.integers(0, count - 1)))
    watch = Watch(before, policy)
    for _number in range(data.draw(some.integers(0, 30))):
        world.act(next_step(world.state, policy))
        world.live()
    if data.draw(some.booleans()):
        world.freeze()
    world.outdate()
    finish(world, policy, watch, data, kills=2)
    check_end(world, watch.aim, before)


@given(some.data())
def test_zones_that_were_even_are_so_in_the_end(data: some.DataObject) -> None:
    outdated = data.draw(some.lists(some.booleans(), min_size=1, max_size=9))
    before = group(*(machine(number, reasons=OLD if old else ()) for number, old in enumerate(outdated)))
    policy = data.draw(policies(before))
    world = World(before, lambda count: data.draw(some.integers(0, count - 1)))
    finish(world, policy, None, data)
    zones = Counter(one.zone for one in world.state.alive)
    counts = [zones[zone] for zone in ZONES]
    assert max(counts) - min(counts) <= 1, "Auto Scaling would balance them, and drain nothing"


@given(some.data())
def test_others_may_set_the_desired_size_meanwhile(data: some.DataObject) -> None:
    before = data.draw(states())
    policy = Policy(data.draw(allowances))
    world = World(before, lambda count: data.draw(some.integers(0, count - 1)))
    for _number in range(data.draw(some.integers(0, 30))):
        world.act(next_step(world.state, policy))
        world.live()
    sizes = world.state.sizes
    world.scale(data.draw(some.integers(sizes.min, sizes.max)))
    finish(world, policy, None, data, kills=1)
    for _number in range(STEPS // 10):
        world.live()  # a group that nothing was done about is not waited for
    state = world.state
    assert (state.memory, state.outdated, state.suspended) == (None, (), before.suspended)
    assert (state.sizes.min, state.sizes.max) == (before.sizes.min, before.sizes.max)
    assert len(state.alive) == state.sizes.desired


@given(some.data())
def test_what_is_foreseen_is_what_happens(data: some.DataObject) -> None:
    outdated = data.draw(some.lists(some.booleans(), min_size=1, max_size=9))
    before = group(*(machine(number, reasons=OLD if old else ()) for number, old in enumerate(outdated)))
    policy = data.draw(policies(before))
    steps = list(foreseen(before, policy))
    assert len(steps) < STEPS
    gone = [
        one.id for step, _state in steps for one in getattr(step, "machines", ()) if type(step).__name__ == "Remove"
    ]
    world = World(before, lambda count: 0)
    finish(world, policy, Watch(before, policy), data)
    known = {one.id for one in before.machines}
    assert known.intersection(gone) == known.intersection(world.gone)
    assert len(gone) == len(world.gone)


@given(states(), some.sampled_from(PROCESSES), counts, counts)
def test_an_agreement_stands_and_can_be_written_down(state: State, process: str, low: int, high: int) -> None:
    stored = Memory(state.sizes, Sizes(0, low, low + high), high, (process,), "2026-01-01T00:00:00+00:00")
    for wish in (Wish(), Wish(0, low, high + low), Wish(max=20)):
        for memory in (None, stored):
            once = agreed(memory, state.sizes, state.suspended, wish, Allowance("25%"))
            assert agreed(once, state.sizes, state.suspended, wish, Allowance("25%")) == once
            assert memory_of(once.text(), "web") == once


def test_the_longest_memory_fits_into_a_tag() -> None:
    sizes = Sizes(10000, 10000, 10000)
    longest = Memory(sizes, sizes, 10000, (*PROCESSES, LAUNCH), "2026-01-01T00:00:00.000000+00:00")
    assert len(longest.text()) <= 256, ROLL_TAG


def test_big_groups_are_foreseen_in_no_time() -> None:
    members = tuple(Machine(f"i-{n}", ZONES[n % 3], launched=str(n), node=f"n-{n}", ready=True) for n in range(300))
    state = State("web", Sizes(0, 300, 300), tuple(replace(one, reasons=OLD) for one in members))
    steps = [step for step, _state in foreseen(state, Policy(Allowance("10%")))]
    assert [len(step.machines) for step in steps if isinstance(step, Remove)] == [30] * 10
