# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs steps side by side, each once those that it needs are done. Knows nothing of AWS."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

MOST_THREADS = 64  # a step mostly sleeps between two polls


@dataclass(frozen=True)
class Step:
    """A piece of work. Of the steps with the same ``lock`` one runs at a time, in the order in which they are given.

    ``needs`` are keys of steps; a key that no step has counts as done.
    """

    key: str
    work: Callable[[], Any]
    needs: frozenset[str] = frozenset()
    lock: str = ""


@dataclass(frozen=True)
class Result:
    """How a step ended: with a value, with an error, or never begun, as those in ``because_of`` did not end well."""

    key: str
    value: Any = None
    error: Exception | None = None
    because_of: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def well(self) -> bool:
        return self.error is None and not self.because_of


def run(steps: Iterable[Step], clock: Callable[[], float] = time.monotonic) -> dict[str, Result]:
    """Runs all steps; the results by key, in the order in which they ended. Raises ValueError if they need one another.

    An error of a step stops those that need it, and no others.
    """
    return _Run(list(steps), clock).all()


class _Run:
    def __init__(self, steps: list[Step], clock: Callable[[], float]) -> None:
        self.waiting = {step.key: step for step in steps}
        self.keys = frozenset(self.waiting)
        self.running: dict[Future[Result], Step] = {}
        self.results: dict[str, Result] = {}
        self.clock = clock

    def all(self) -> dict[str, Result]:
        with ThreadPoolExecutor(max(1, min(MOST_THREADS, len(self.keys)))) as pool:
            while self.waiting or self.running:
                self._give_up()
                for step in self._ready():
                    del self.waiting[step.key]
                    self.running[pool.submit(self._work, step)] = step
                if self.running:
                    self._collect()
                elif self.waiting:
                    raise ValueError(f"steps that need one another: {', '.join(sorted(self.waiting))}")
        return self.results

    def _give_up(self) -> None:
        """Ends what needs a step that did not end well, and what needs that."""
        while lost := [step for step in self.waiting.values() if self._obstacles(step)]:
            for step in lost:
                del self.waiting[step.key]
                self.results[step.key] = Result(step.key, because_of=self._obstacles(step))

    def _obstacles(self, step: Step) -> tuple[str, ...]:
        return tuple(sorted(key for key in step.needs if key in self.results and not self.results[key].well))

    def _ready(self) -> list[Step]:
        held = {step.lock for step in self.running.values() if step.lock}
        ready = []
        for step in self.waiting.values():
            if step.lock not in held and all(key in self.results for key in step.needs & self.keys):
                ready.append(step)
                held |= {step.lock} - {""}
        return ready

    def _work(self, step: Step) -> Result:
        begun = self.clock()
        try:
            return Result(step.key, value=step.work(), seconds=self.clock() - begun)
        except Exception as error:  # whoever asked for the step judges it
            return Result(step.key, error=error, seconds=self.clock() - begun)

    def _collect(self) -> None:
        done, _others = wait(self.running, return_when=FIRST_COMPLETED)
        for future in done:
            self.results[self.running.pop(future).key] = future.result()
