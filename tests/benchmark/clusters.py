# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to find many clusters, of several regions and accounts, as the inventory has them: playbook site."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmark.memory import peak_memory

from eks_simulator.process import SimulatorProcess
from support.ledger import Ledger
from support.playbook import Playbook
from support.surroundings import Surroundings

SOME, MANY = 10, 40
FORKS = ("--forks", "10")
COLD = ("--extra-vars", f"ansible_python_interpreter={sys.executable}")
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1")
OTHER = "arn:aws:iam::210987654321:role/fleet"
PROFILE = f"[profile other]\nrole_arn = {OTHER}\ncredential_source = Environment\n"
SITE = "flotilla.eks.site"


class Look(NamedTuple):
    """What one run cost: wall time, calls of AWS and of Kubernetes, and the largest process."""

    seconds: float
    calls: int
    mib: float


class Clusters:
    """So many clusters, one after the other in each region, every second region of them in the other account."""

    def __init__(self, simulator: SimulatorProcess, directory: Path, number: int) -> None:
        (directory / "aws").write_text(PROFILE, encoding="utf-8")
        environment = {**simulator.env, "AWS_CONFIG_FILE": str(directory / "aws")}
        self.ledger = Ledger(simulator)
        self.playbook = Playbook(directory, environment)
        self.number = number
        mine, others = ({region: Surroundings(simulator, region, role) for region in REGIONS} for role in ("", OTHER))
        hosts = {}
        for index in range(number):
            region, shared = REGIONS[index % len(REGIONS)], bool(index % 2)
            own = {"eks_profile": "other"} if shared else {}
            hosts[f"cluster-{index:02}"] = {"eks_region": region, **own, **given((others if shared else mine)[region])}
        self.inventory = {"eks_clusters": {"hosts": hosts, "vars": {"managed_nodes_groups": [GROUP]}}}

    def make(self) -> None:
        """Bring them into being, as fast as that can be: this is not measured, so modules start warm."""
        run = self.playbook.run(SITE, inventory=self.inventory, arguments=FORKS)
        assert len(run.stats) == self.number

    def look(self) -> Look:
        """One run that finds nothing to do."""
        self.ledger.clear()
        start = time.perf_counter()
        memory = peak_memory(self.playbook, SITE, *FORKS, *COLD)
        seconds = time.perf_counter() - start
        assert self.ledger.writes() == []
        return Look(seconds, len(self.ledger.calls()), memory)


GROUP = {"name": "web", "scaling_config": {"min_size": 1, "max_size": 2, "desired_size": 1}}


def given(aws: Surroundings) -> dict[str, Any]:
    """Subnets and roles that are there already: what is measured is what the clusters themselves cost."""
    for subnet in aws.private_subnets:
        aws.ec2.create_tags(Resources=[subnet], Tags=[{"Key": "kubernetes.io/role/internal-elb", "Value": "1"}])
    roles = {f"iam_given_{purpose}_role_arn": aws.role(purpose) for purpose in ("cluster", "node", "fargate")}
    return {"network_given_private_subnet_ids": aws.private_subnets, **roles}


@contextmanager
def clusters(number: int) -> Iterator[Clusters]:
    with tempfile.TemporaryDirectory() as directory, SimulatorProcess(3600) as simulator:
        ours = Clusters(simulator, Path(directory), number)
        print(f"making {number} clusters ...", file=sys.stderr, flush=True)
        ours.make()
        yield ours


def measure() -> dict[str, float]:
    """Wall time of a run that finds nothing to do with many clusters over that with some; calls and memory of it."""
    with clusters(SOME) as ours:
        some = ours.look()
    with clusters(MANY) as ours:
        many = ours.look()
    return {
        "clusters_growth": round(many.seconds / some.seconds, 2),
        "clusters_seconds_each": round(many.seconds / MANY, 2),
        "clusters_calls_each": round(many.calls / MANY, 1),
        "clusters_peak_memory_mib": round(many.mib),
    }
