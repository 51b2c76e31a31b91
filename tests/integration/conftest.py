# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests that run playbooks against the simulated AWS."""

from __future__ import annotations

import pytest
from eks_simulator.process import SimulatorProcess

from support.surroundings import Surroundings


@pytest.fixture
def aws(simulator: SimulatorProcess) -> Surroundings:
    """The simulated AWS with what clusters need around them, made as a test asks for it."""
    return Surroundings(simulator)
