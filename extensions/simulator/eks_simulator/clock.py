# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated time: it starts at a fixed moment, runs `speed` times as fast as real time, and can be advanced."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 6, tzinfo=UTC)
"""When simulated time begins. Fixed, so that the same Kubernetes versions are supported on every machine, every day."""


class Clock:
    """The simulated time. A speed of 0 stands still and moves only when advanced."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self.reset()

    def reset(self) -> None:
        self._began = time.monotonic()
        self._skipped = 0.0

    def now(self) -> datetime:
        elapsed = (time.monotonic() - self._began) * self.speed
        return START + timedelta(seconds=elapsed + self._skipped)

    def advance(self, seconds: float) -> None:
        """Jump `seconds` of simulated time ahead."""
        self._skipped += seconds


class Timeline:
    """What is due to happen. Nothing runs by itself: `settle` performs, in order, all that is due by now."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self.now = clock.now()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Let `action` happen `seconds` of simulated time from the moment that is being lived through."""
        heapq.heappush(self._events, (self.now + timedelta(seconds=seconds), next(self._order), action))

    def settle(self) -> None:
        """Perform what is due; while an action runs, `now` is the time at which it was due."""
        present = self.clock.now()
        while self._events and self._events[0][0] <= present:
            self.now, _unused, action = heapq.heappop(self._events)
            action()
        self.now = present

    def clear(self) -> None:
        self._events.clear()
        self.now = self.clock.now()
