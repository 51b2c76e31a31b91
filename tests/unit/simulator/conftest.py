# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulator whose time stands still until a test advances it, and an account in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from unit.simulator.account import Account

from eks_simulator.process import SimulatorProcess


@pytest.fixture(scope="session")
def standing_simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess(0) as process:
        yield process


@pytest.fixture(scope="module")
def built_account(standing_simulator: SimulatorProcess) -> Account:
    standing_simulator.reset()
    account = Account(standing_simulator)
    account.build()
    return account


@pytest.fixture
def sim(standing_simulator: SimulatorProcess) -> Iterator[SimulatorProcess]:
    """The simulator, without faults before and after."""
    standing_simulator.clear_faults()
    yield standing_simulator
    standing_simulator.clear_faults()


@pytest.fixture
def account(built_account: Account, sim: SimulatorProcess) -> Account:
    """The account, shared by the tests of a module: each makes its own clusters in it."""
    return built_account


@pytest.fixture(scope="module")
def standing_cluster(built_account: Account) -> str:
    """An ACTIVE cluster for tests that leave it as it is, but for node groups and profiles of their own."""
    return built_account.cluster(accessConfig={"authenticationMode": "API"})
