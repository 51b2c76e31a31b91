# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to see the nodes of a cluster, few or many."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from eks_simulator.process import SimulatorProcess
from support.ledger import Ledger
from support.playbook import Playbook, Run
from support.surroundings import Surroundings

GROUPS = 2
SOME, MANY = 50, 500
ROUNDS = 3


class Nodes:
    """A cluster with so many managed nodes, and the task that shows them."""

    def __init__(self, simulator: SimulatorProcess, directory: Path, nodes: int) -> None:
        self.nodes = nodes
        self.ledger = Ledger(simulator)
        self.playbook = Playbook(directory, simulator.env, warm=False)
        aws = Surroundings(simulator)
        aws.cluster()
        size = nodes // GROUPS
        for number in range(GROUPS):
            scaling = {"minSize": 0, "maxSize": size, "desiredSize": size}
            aws.nodegroup(f"group-{number}", scalingConfig=scaling, settle=False)
        aws.settle()

    def look(self) -> Run:
        run = self.playbook.tasks({"flotilla.eks.nodes_info": {"cluster_name": "prod"}})
        assert len(run.last["nodes"]) == self.nodes
        return run

    def calls(self) -> int:
        self.ledger.clear()
        self.look()
        return len(self.ledger.calls())

    def seconds(self) -> float:
        start = time.perf_counter()
        self.look()
        return time.perf_counter() - start


@contextmanager
def cluster(nodes: int) -> Iterator[Nodes]:
    with tempfile.TemporaryDirectory() as directory, SimulatorProcess(600) as simulator:
        yield Nodes(simulator, Path(directory), nodes)


def measure() -> dict[str, float]:
    """Calls for many nodes, and the wall time of the whole run over that for some."""
    with cluster(SOME) as some, cluster(MANY) as many:
        calls = many.calls()
        pairs = [(many.seconds(), some.seconds()) for _round in range(ROUNDS)]
        ratio = median(larger / smaller for larger, smaller in pairs)
        return {f"nodes_info_calls_{MANY}": calls, "nodes_info_growth": round(ratio, 2)}
