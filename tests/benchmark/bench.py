# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures our modules next to those of community.aws, in one run on the same simulated AWS.

Prints ``name: value`` lines and writes them to build/bench.json. Ratios are medians of several pairs of runs, taken in
turn, so that a machine that slows down slows both sides down. docs/performance.md says what they mean.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT / "tests"), str(CHECKOUT / "extensions" / "simulator")]

from support.checkout import install_collection  # noqa: E402  # found by the line above

install_collection()  # some of what follows imports from it

from benchmark import clusters, fleets, hybrid, nodes  # noqa: E402

from eks_simulator.process import SimulatorProcess  # noqa: E402
from support.ledger import Ledger  # noqa: E402
from support.playbook import Playbook, Task  # noqa: E402
from support.surroundings import Surroundings  # noqa: E402

TASKS = 20
ROUNDS = 5
PEERS = {"cluster": "eks_cluster", "nodegroup": "eks_nodegroup", "fargate_profile": "eks_fargate_profile"}

# A Python process that makes given calls, as small as it can be.
BARE = """
import boto3, json, sys
eks = boto3.client("eks")
for operation, parameters in json.loads(sys.argv[1]):
    getattr(eks, operation)(**parameters)
"""


class Bench:
    """One cluster with one node group and one Fargate profile, and what it costs to find them as they should be."""

    def __init__(self, simulator: SimulatorProcess, directory: Path) -> None:
        self.simulator = simulator
        self.ledger = Ledger(simulator)
        self.playbook = Playbook(directory, simulator.env, warm=False)
        self.options = self._resources(Surroundings(simulator))

    def _resources(self, aws: Surroundings) -> dict[str, dict[str, Any]]:
        group = aws.security_group("control-plane")
        aws.cluster(resourcesVpcConfig={"securityGroupIds": [group]})
        aws.nodegroup(
            "web", scalingConfig={"minSize": 1, "maxSize": 2, "desiredSize": 1}, updateConfig={"maxUnavailable": 1}
        )
        aws.fargate_profile("apps", selectors=[{"namespace": "apps", "labels": {"a": "b"}}])
        own = {"cluster_name": "prod", "subnets": aws.private_subnets}
        selectors = [{"namespace": "apps", "labels": {"a": "b"}}]
        return {
            "cluster": {
                "name": "prod",
                "role_arn": aws.role("cluster"),
                "subnets": aws.private_subnets,
                "security_groups": [group],
            },
            "nodegroup": {**own, "name": "web", "node_role": aws.role("node"), "tags": {}},
            "fargate_profile": {
                **own,
                "name": "apps",
                "role_arn": aws.role("fargate"),
                "selectors": selectors,
                "wait": True,
            },
        }

    def task(self, kind: str, *, peer: bool) -> Task:
        module = f"community.aws.{PEERS[kind]}" if peer else f"flotilla.eks.{kind}"
        return {module: self.options[kind]}

    def calls(self, kind: str, *, peer: bool) -> list[dict[str, Any]]:
        """The AWS calls of one task that finds nothing to do."""
        self.ledger.clear()
        run = self.playbook.tasks(self.task(kind, peer=peer), warns=peer)
        assert peer or run.changed == 0, f"{kind}: the task was to find nothing to do\n{run.output}"
        return self.ledger.calls()

    def seconds_of_task(self, kind: str, *, peer: bool) -> float:
        """Wall time of one of TASKS equal tasks, Ansible's own start among them."""
        start = time.perf_counter()
        run = self.playbook.tasks(*[self.task(kind, peer=peer)] * TASKS, warns=peer)
        assert peer or run.changed == 0  # theirs takes an update strategy in the answer for a change, each time
        return (time.perf_counter() - start) / TASKS

    def seconds_bare(self, calls: list[dict[str, Any]]) -> float:
        """Wall time of a bare process that makes the same calls once."""
        from botocore import xform_name

        made = json.dumps([(xform_name(call["operation"]), call["parameters"]) for call in calls])
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", BARE, made], env=self.simulator.env, check=True)
        return time.perf_counter() - start

    def overhead(self, *, peer: bool) -> float:
        """A task's wall time over that of a bare process with the same calls: the median of ROUNDS pairs."""
        calls = self.calls("nodegroup", peer=peer)
        pairs = [(self.seconds_of_task("nodegroup", peer=peer), self.seconds_bare(calls)) for _round in range(ROUNDS)]
        return median(task / bare for task, bare in pairs)


def measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as directory, SimulatorProcess(600) as simulator:
        bench = Bench(simulator, Path(directory))
        figures: dict[str, float] = {}
        for side, peer in (("", False), ("_peer", True)):
            print(f"measuring {'community.aws' if peer else 'flotilla.eks'} ...", file=sys.stderr, flush=True)
            for kind in PEERS:
                figures[f"calls_noop_{kind}{side}"] = len(bench.calls(kind, peer=peer))
            figures[f"module_overhead_ratio{side}"] = round(bench.overhead(peer=peer), 2)
    return {**figures, **fleets.measure(), **nodes.measure(), **clusters.measure(), **hybrid.measure()}


def main() -> None:
    figures = measure()
    for name, value in figures.items():
        print(f"{name}: {value}")
    results = CHECKOUT / "build" / "bench.json"
    results.parent.mkdir(exist_ok=True)
    results.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
