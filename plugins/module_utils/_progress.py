# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines that say how far each resource is, while it is waited for: ``prod  nodegroup/web  CREATING  1m40s``."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

AT_LEAST = 15  # seconds between two lines of a resource whose state stays the same


class Progress:
    """Writes a line for each change of a resource's state, and while there is none, one every 15 seconds.

    ``write`` takes one line. Safe to share between threads.
    """

    def __init__(self, cluster: str, write: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._write = write
        self._clock = clock
        self._lock = Lock()
        self._begun: dict[str, float] = {}
        self._last: dict[str, tuple[str, float]] = {}

    def tell(self, key: str, state: str) -> None:
        """Something was seen of a resource; the first time counts as its begin."""
        with self._lock:
            now = self._clock()
            begun = self._begun.setdefault(key, now)
            before, told = self._last.get(key, ("", now))
            if state != before or now - told >= AT_LEAST:
                self._last[key] = (state, now)
                self._write(f"{self._cluster}  {key}  {state}  {duration(now - begun)}")

    def of(self, key: str) -> Callable[[str], None]:
        return lambda state: self.tell(key, state)


def duration(seconds: float) -> str:
    """``45s``, ``1m40s`` or ``1h02m``."""
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"


def append_to(path: str | None) -> Callable[[str], None]:
    """A writer of lines to a file that somebody follows. That it cannot be written to is no reason to stop."""

    def write(line: str) -> None:
        with suppress(OSError), open(path or "", "a", encoding="utf-8") as file:
            file.write(line + "\n")

    return write if path else lambda line: None
