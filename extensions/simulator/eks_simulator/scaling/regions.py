# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Auto Scaling of all accounts and regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..store import Region
from .capacity import reconcile
from .region import ScalingRegion

if TYPE_CHECKING:
    from ..world import World


class AutoScaling:
    """One `ScalingRegion` for each account and region, made when it is first asked for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._regions: dict[tuple[str, str], ScalingRegion] = {}

    def of(self, region: Region) -> ScalingRegion:
        key = (region.account, region.name)
        if key not in self._regions:
            self._regions[key] = ScalingRegion(self._world, region, reconcile)
        return self._regions[key]

    def clear(self) -> None:
        self._regions.clear()
