# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulator whose time stands still until a test advances it, and an account in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from unit.simulator.account import Account

from eks_simulator.errors import COMMON_ERRORS
from eks_simulator.operations import HANDLERS
from eks_simulator.process import SimulatorProcess
from eks_simulator.protocols import protocol_of

UNMODELLED = {
    ("CreateNodegroup", "ResourceNotFoundException"),
    ("CreateFargateProfile", "ResourceNotFoundException"),
    ("CreateFargateProfile", "ResourceInUseException"),
    ("DeleteFargateProfile", "ResourceInUseException"),
}
"""Errors that AWS is known to answer with though the operation's model does not have them."""


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
def account(built_account: Account, sim: SimulatorProcess, modelled_errors: dict[str, set[str]]) -> Iterator[Account]:
    """The account, shared by the tests of a module: each makes its own clusters in it.

    After each test, every error that EKS answered with must be one that its operation knows.
    """
    since = max((entry["n"] for entry in sim.ledger()), default=0)
    yield built_account
    for entry in sim.ledger(since):
        if entry["service"] == "eks" and entry["error"] and "fault" not in entry:
            known = modelled_errors[entry["operation"]] | set(COMMON_ERRORS)
            assert entry["error"] in known or (entry["operation"], entry["error"]) in UNMODELLED


@pytest.fixture(scope="session")
def modelled_errors() -> dict[str, set[str]]:
    """The names of the errors that the service model gives each operation that is served; any refusal for others."""
    operations = protocol_of("eks").operations
    unserved = {name: {"InvalidRequestException"} for name in operations if name not in HANDLERS["eks"]}
    return {
        name: {shape.name for shape in operation.error_shapes} | unserved.get(name, set())
        for name, operation in operations.items()
    }


@pytest.fixture(scope="module")
def standing_cluster(built_account: Account) -> str:
    """An ACTIVE cluster for tests that leave it as it is, but for node groups and profiles of their own."""
    return built_account.cluster(accessConfig={"authenticationMode": "API"})
