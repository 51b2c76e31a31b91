# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests that run playbooks against the simulated AWS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eks_simulator.process import SimulatorProcess
from support.ledger import Ledger
from support.playbook import Playbook
from support.steps import Steps
from support.surroundings import Surroundings


@pytest.fixture
def aws(simulator: SimulatorProcess) -> Surroundings:
    """The simulated AWS with what clusters need around them, made as a test asks for it."""
    return Surroundings(simulator)


@pytest.fixture
def steps(playbook: Playbook, ledger: Ledger) -> Steps:
    """Runs single tasks in the acceptance form of a module."""
    return Steps(playbook, ledger)


@pytest.fixture
def slow_simulator() -> Iterator[SimulatorProcess]:
    """A simulated AWS in real time, where nothing that was begun ends during a test."""
    with SimulatorProcess(speed=1) as process:
        yield process


@pytest.fixture
def slow_aws(slow_simulator: SimulatorProcess) -> Surroundings:
    return Surroundings(slow_simulator)


@pytest.fixture
def slow_steps(slow_simulator: SimulatorProcess, tmp_path: Path) -> Steps:
    return Steps(Playbook(tmp_path, slow_simulator.env), Ledger(slow_simulator))
