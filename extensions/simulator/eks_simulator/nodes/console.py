# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the console of an instance shows of its boot (EC2's GetConsoleOutput): that of the family of its AMI.

On real machines some of this is in the journal alone (journalctl -u kubelet, -u nodeadm-config). Here all of it is on
the console, since there is no machine whose journal could be read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .. import durations
from ..clock import Timeline
from .hindrance import Hindrance

_MOST = 64 * 1024
"""How much of the output EC2 keeps: "Only the most recent 64 KB" (API reference, GetConsoleOutput)."""


@dataclass
class Console:
    """The console of an instance since it was powered on."""

    instance: Any
    timeline: Timeline
    since: datetime = field(init=False)
    lines: list[str] = field(default_factory=list)
    latest: datetime = field(init=False)
    _said: str = ""

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Power on: nothing is left of what was there."""
        self.since = self.latest = self.timeline.now
        self.lines, self._said = ["Booting `Amazon Linux'"], ""

    def tell(self, hindrance: Hindrance | None) -> None:
        """Show how an attempt to join ended; the same again only once."""
        said = str(hindrance or "joined")
        if said == self._said:
            return
        self._said, self.latest = said, self.timeline.now
        seconds = (self.timeline.now - self.since).total_seconds()
        program, message = (
            (hindrance.program, hindrance.message) if hindrance else ("kubelet", '"Successfully registered node"')
        )
        self.lines += [f"[{seconds:12.6f}] {program}[1234]: {line}" for line in message.splitlines()]

    def output(self) -> tuple[datetime, str]:
        """When the console changed last, and what is on it; nothing in the first half minute."""
        if (self.timeline.now - self.since).total_seconds() < durations.INSTANCE_BOOT / 2:
            return self.since, ""
        return self.latest, "\n".join([*self.lines, ""])[-_MOST:]
