# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated world: its time, its resources, its faults, its ledger, and the one lock around them all."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from . import moto_setup
from .aws import RoleChanges
from .clock import Clock, Timeline
from .control_plane.plane import ControlPlanes
from .control_plane.vantage import WITHIN
from .faults import Faults
from .ledger import Ledger
from .nodes.boots import Boots
from .operations import Quotas
from .scaling.regions import AutoScaling
from .store import Store


@dataclass(frozen=True)
class Caller:
    """Who makes a request, as its signature says."""

    access_key: str
    account: str
    region: str


class World:
    """Everything that requests share. Hold `lock` while touching any of it, moto included.

    `vantage` is where the clients are, `url` where the simulator itself is.
    """

    def __init__(self, speed: float = 60, quotas: Quotas | None = None, vantage: str = WITHIN) -> None:
        self.lock = threading.RLock()
        self.clock = Clock(speed)
        self.timeline = Timeline(self.clock)
        self.store = Store()
        self.faults = Faults()
        self.ledger = Ledger()
        self.quotas = quotas or Quotas()
        self.role_changes = RoleChanges(self.clock.now)
        self.control_planes = ControlPlanes(self)
        self.boots = Boots(self)
        self.scaling = AutoScaling(self)
        self.vantage = self._first_vantage = vantage
        self.url = ""

    def reset(self) -> None:
        """Begin again: no resources, no faults, an empty ledger, time and vantage as at the start."""
        self.clock.reset()
        self.timeline.clear()
        self.store.clear()
        self.faults.clear()
        self.ledger.clear()
        self.role_changes.clear()
        self.control_planes.clear()
        self.boots.clear()
        self.scaling.clear()
        self.vantage = self._first_vantage
        moto_setup.reset()
