# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps run as soon as they may, never sooner, and a failure stops only those that need it."""

from __future__ import annotations

from threading import Barrier, Lock
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.module_utils._schedule import Result, Step, run


class Diary:
    """Notes when steps begin and end."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, str]] = []
        self.lock = Lock()

    def step(self, key: str, *needs: str, fails: bool = False, lock: str = "") -> Step:
        def work() -> str:
            self.note("begin", key)
            self.note("end", key)
            if fails:
                raise RuntimeError(f"{key} failed")
            return key.upper()

        return Step(key, work, frozenset(needs), lock)

    def note(self, what: str, key: str) -> None:
        with self.lock:
            self.notes.append((what, key))

    def place(self, what: str, key: str) -> int:
        return self.notes.index((what, key))


def test_results_are_those_of_the_work() -> None:
    diary = Diary()
    results = run([diary.step("b", "a"), diary.step("a")])
    assert [(key, result.value, result.well) for key, result in results.items()] == [("a", "A", True), ("b", "B", True)]


def test_what_is_independent_runs_at_the_same_time() -> None:
    both = Barrier(2, timeout=30)  # breaks unless two are at work together
    results = run([Step("a", both.wait), Step("b", both.wait)])
    assert all(result.well for result in results.values())


def test_a_lock_is_held_by_one_at_a_time_in_the_order_given() -> None:
    diary = Diary()
    run([diary.step(key, lock="fargate") for key in "cab"])
    assert diary.notes == [(what, key) for key in "cab" for what in ("begin", "end")]


def test_a_failure_stops_what_needs_it_and_nothing_else() -> None:
    diary = Diary()
    steps = [
        diary.step("a", fails=True),
        diary.step("b", "a"),
        diary.step("c", "b"),
        diary.step("d"),
        diary.step("e", "d"),
    ]
    results = run(steps)
    assert str(results["a"].error) == "a failed"
    assert (results["b"].because_of, results["c"].because_of) == (("a",), ("b",))
    assert results["e"].well
    assert {key for what, key in diary.notes} == {"a", "d", "e"}


def test_a_need_that_nobody_has_counts_as_done() -> None:
    assert run([Diary().step("a", "elsewhere")])["a"].well


def test_steps_that_need_one_another_are_an_error() -> None:
    with pytest.raises(ValueError, match="need one another: a, b"):
        run([Diary().step("a", "b"), Diary().step("b", "a")])


def test_the_time_of_a_step_is_told() -> None:
    ticks = iter([10.0, 12.5])
    assert run([Step("a", lambda: None)], clock=lambda: next(ticks)) == {"a": Result("a", seconds=2.5)}


def test_nothing_to_do() -> None:
    assert run([]) == {}


@given(st.data())
def test_any_graph_runs_whole_and_in_order(data: Any) -> None:
    """Each step needs some of those before it; some fail; every step ends, after those that it needs."""
    diary, steps, keys = Diary(), [], [str(number) for number in range(data.draw(st.integers(0, 12)))]
    for index, key in enumerate(keys):
        needs = data.draw(st.lists(st.sampled_from(keys[:index]), unique=True)) if index else []
        steps.append(
            diary.step(key, *needs, fails=data.draw(st.booleans()), lock=data.draw(st.sampled_from(["", "x"])))
        )
    results = run(data.draw(st.permutations(steps)))
    assert results.keys() == set(keys)
    for step in steps:
        lost = {need for need in step.needs if not results[need].well}
        assert lost >= set(results[step.key].because_of)  # of several that fail, the first one decides
        assert bool(lost) == bool(results[step.key].because_of)
        if not lost:
            assert all(diary.place("end", need) < diary.place("begin", step.key) for need in step.needs)
