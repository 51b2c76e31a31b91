# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that outlive the command that boots them, for molecule.

``python -m support.held_fleet KIND DIRECTORY NAME...`` makes a cluster called KIND in the simulated AWS of its
environment, boots machines of that kind (ec2_nodes, hybrid_nodes), writes all that to DIRECTORY/inventory/fleet.yml,
and holds them in the background for as long as that file is as it wrote it, and that AWS is there.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from eks_simulator.process import Simulator
from support.clusters import cluster_for_hosts
from support.ec2_machines import Ec2Machines, cluster_for_nodes
from support.hybrid_machines import HybridMachines, Releases, here
from support.machines import CannotMake
from support.surroundings import Surroundings

LOOK = 1  # seconds between two looks
READY = "ready"
EC2, HYBRID = "ec2_nodes", "hybrid_nodes"
Group = dict[str, Any]
"""Of an inventory."""


def main() -> None:
    """Have a process of its own boot and hold them, and let whoever asked go on as soon as they are up."""
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        with open(reading, encoding="ascii") as told:
            sys.exit(told.read() != READY)
    os.close(reading)
    os.setsid()
    try:
        _hold(writing)
    except CannotMake as problem:
        sys.exit(str(problem))


def _hold(ready: int) -> None:
    kind, directory, names = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    aws = Surroundings(Simulator(os.environ["AWS_ENDPOINT_URL"], dict(os.environ)))
    with KINDS[kind](aws, directory, names) as fleet:
        inventory = directory / "inventory" / "fleet.yml"
        text = yaml.safe_dump({"eks_clusters": {"hosts": {kind: {}}}, f"eks_{kind}": fleet})
        inventory.write_text(text)
        os.write(ready, READY.encode())
        os.close(ready)
        _leave_the_terminal()
        while inventory.exists() and inventory.read_text() == text and _is_there(aws):
            time.sleep(LOOK)


@contextmanager
def _ec2(aws: Surroundings, directory: Path, names: Sequence[str]) -> Iterator[Group]:
    cluster_for_nodes(aws, EC2)
    with Ec2Machines(aws, directory / "machines", names) as machines:
        yield {"hosts": machines.hosts(eks_cluster=EC2)}


@contextmanager
def _hybrid(aws: Surroundings, directory: Path, names: Sequence[str]) -> Iterator[Group]:
    cluster_for_hosts(aws, HYBRID)
    with (
        Releases(directory / "releases") as releases,
        HybridMachines(aws, releases, directory / "machines", names) as machines,
    ):
        yield {"hosts": machines.hosts(eks_cluster=HYBRID), "vars": here(releases)}


KINDS = {EC2: _ec2, HYBRID: _hybrid}


def _leave_the_terminal() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)


def _is_there(aws: Surroundings) -> bool:
    try:
        aws.simulator.now()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
