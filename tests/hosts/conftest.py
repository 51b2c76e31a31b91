# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests that run on real machines. They need root: make test-hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from eks_simulator.process import SimulatorProcess
from support.clusters import cluster_for_hosts
from support.ec2_machines import Ec2Machines, cluster_for_nodes
from support.hybrid_fleet import Fleet
from support.hybrid_machines import HybridMachines, Releases
from support.playbook import Playbook
from support.surroundings import Surroundings

Boot = Callable[..., HybridMachines]


@pytest.fixture
def aws(simulator: SimulatorProcess) -> Surroundings:
    """The simulated AWS with an ACTIVE cluster that lets the role of nodes in."""
    aws = Surroundings(simulator)
    cluster_for_nodes(aws, "prod")
    return aws


@pytest.fixture
def ec2(aws: Surroundings, tmp_path: Path) -> Iterator[Callable[..., Ec2Machines]]:
    """Boots instances by their names; they are gone when the test is over."""
    with ExitStack() as stack:

        def boot(*names: str, **options: Any) -> Ec2Machines:
            return stack.enter_context(Ec2Machines(aws, tmp_path / "machines", names, **options))

        yield boot


@pytest.fixture
def releases(tmp_path: Path) -> Iterator[Releases]:
    """A server with releases of nodeadm for machines on premises."""
    with Releases(tmp_path / "releases") as releases:
        yield releases


@pytest.fixture
def premises(simulator: SimulatorProcess, releases: Releases, tmp_path: Path) -> Iterator[Boot]:
    """Boots machines on premises by their names, for a cluster that is there; they are gone when the test is over."""
    aws = Surroundings(simulator)
    cluster_for_hosts(aws)
    with ExitStack() as stack:

        def boot(*names: str, **options: Any) -> HybridMachines:
            return stack.enter_context(HybridMachines(aws, releases, tmp_path / "machines", names, **options))

        yield boot


@pytest.fixture
def fleet(playbook: Playbook, premises: Boot, releases: Releases, simulator: SimulatorProcess) -> Callable[..., Fleet]:
    """Machines by their names, and what is done with them."""

    def make(*names: str, **options: Any) -> Fleet:
        return Fleet(playbook, premises(*names, **options), releases, Surroundings(simulator))

    return make
