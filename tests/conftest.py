# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of every test: the collection as an import, the simulated AWS, its ledger, and playbook runs against it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.checkout import install_collection
from support.ledger import Ledger
from support.playbook import Playbook, Programs

if TYPE_CHECKING:
    from eks_simulator.process import SimulatorProcess

pytest_plugins = ["support.per_file"]

install_collection()


@pytest.fixture(scope="session", autouse=True)
def shared_by_workers(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What one worker has compiled and packed, the others find: they are many, and it is what a short run does most."""
    own = tmp_path_factory.getbasetemp()
    Programs.shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[SimulatorProcess]:
    """One simulated AWS per test worker, on a clock ten minutes of which pass in a second."""
    from eks_simulator.process import SimulatorProcess

    with SimulatorProcess(speed=600) as process:
        yield process


@pytest.fixture
def simulator(simulator_process: SimulatorProcess) -> SimulatorProcess:
    """The simulated AWS, as new."""
    simulator_process.reset()
    return simulator_process


@pytest.fixture
def ledger(simulator: SimulatorProcess) -> Ledger:
    """The AWS calls of the test so far."""
    return Ledger(simulator)


@pytest.fixture
def playbook(simulator: SimulatorProcess, tmp_path: Path) -> Playbook:
    """Runs playbooks against the simulated AWS."""
    return Playbook(tmp_path, simulator.env)
