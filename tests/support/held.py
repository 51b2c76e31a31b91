# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What outlives the command that starts it, for molecule.

``python -m support.held KIND DIRECTORY NAME...`` makes what a scenario KIND needs: for ec2_nodes and hybrid_nodes a
cluster of that name in the simulated AWS of its environment, and machines of these names; for awx the stand-in of AWX.
It writes that to DIRECTORY/inventory/held.yml, and holds it in the background for as long as that file is as it wrote
it, and that AWS is there.
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
from support.awx_api.server import TOKEN, Awx
from support.checkout import CHECKOUT
from support.clusters import cluster_for_hosts
from support.ec2_machines import Ec2Machines, cluster_for_nodes
from support.hybrid_machines import HybridMachines, Releases, here
from support.machines import CannotMake
from support.surroundings import Surroundings

LOOK = 1  # seconds between two looks
READY = "ready"
EC2, HYBRID = "ec2_nodes", "hybrid_nodes"
REPOSITORY = "https://git.example.com/fleet.git"
"""That has the playbooks, as far as the stand-in of AWX knows."""
Inventory = dict[str, Any]


def main() -> None:
    """Have a process of its own start and hold it, and let whoever asked go on as soon as it is up."""
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
    with KINDS[kind](aws, directory, names) as held:
        inventory = directory / "inventory" / "held.yml"
        text = yaml.safe_dump(held)
        inventory.write_text(text)
        os.write(ready, READY.encode())
        os.close(ready)
        _leave_the_terminal()
        while inventory.exists() and inventory.read_text() == text and _is_there(aws):
            time.sleep(LOOK)


@contextmanager
def _ec2(aws: Surroundings, directory: Path, names: Sequence[str]) -> Iterator[Inventory]:
    cluster_for_nodes(aws, EC2)
    with Ec2Machines(aws, directory / "machines", names) as machines:
        hosts = machines.hosts(eks_cluster=EC2)
        yield {"eks_clusters": {"hosts": {EC2: {}}}, "eks_ec2_nodes": {"hosts": hosts}}


@contextmanager
def _hybrid(aws: Surroundings, directory: Path, names: Sequence[str]) -> Iterator[Inventory]:
    cluster_for_hosts(aws, HYBRID)
    with (
        Releases(directory / "releases") as releases,
        HybridMachines(aws, releases, directory / "machines", names) as machines,
    ):
        group = {"hosts": machines.hosts(eks_cluster=HYBRID), "vars": here(releases)}
        yield {"eks_clusters": {"hosts": {HYBRID: {}}}, "eks_hybrid_nodes": group}


@contextmanager
def _awx(_aws: Surroundings, _directory: Path, _names: Sequence[str]) -> Iterator[Inventory]:
    playbooks = [f"playbooks/{path.name}" for path in (CHECKOUT / "playbooks").glob("*.yml")]
    with Awx({REPOSITORY: playbooks}) as awx:
        variables = {"awx_host": awx.url, "awx_oauthtoken": TOKEN, "awx_project_url": REPOSITORY}
        yield {"eks_clusters": {"hosts": {"demo": variables}}}


KINDS = {EC2: _ec2, HYBRID: _hybrid, "awx": _awx}


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
