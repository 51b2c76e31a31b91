# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole clusters: what it costs to find them as they should be, and how close a creation comes to its critical path."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmark.memory import peak_memory

from eks_simulator import durations
from eks_simulator.process import SimulatorProcess
from support.ledger import Ledger
from support.playbook import Playbook, Run, Task
from support.surroundings import Surroundings

GROUPS = 50
MANY_GROUPS = 200
PROFILES = 3
CREATED_GROUPS = 10
ROUNDS = 3
LATENCY = 0.05  # seconds, roughly what an operation of EKS takes
SPEED_OF_CREATION = 10  # polls come once a second at most, so ten simulated seconds apart
ADDONS = ("vpc-cni", "kube-proxy", "eks-pod-identity-agent", "coredns", "metrics-server")
QUOTAS = (f"nodegroups_per_cluster={MANY_GROUPS + 50}", "fargate_profiles_per_cluster=50")

Figures = dict[str, float]


class Cluster:
    """A cluster with many node groups and a few Fargate profiles, as both sides' users would describe it."""

    def __init__(self, simulator: SimulatorProcess, directory: Path, groups: int) -> None:
        self.simulator = simulator
        self.playbook = Playbook(directory, simulator.env, warm=False)
        self.ledger = Ledger(simulator)
        self.aws = Surroundings(simulator)
        security_group = self.aws.security_group("control-plane")
        self.cluster = {
            "role_arn": self.aws.role("cluster"),
            "subnets": self.aws.private_subnets,
            "security_groups": [security_group],
        }
        scaling = {"min_size": 1, "max_size": 2, "desired_size": 1}
        nodes = {"node_role": self.aws.role("node"), "subnets": self.aws.private_subnets, "scaling_config": scaling}
        self.groups = [{"name": f"group-{number:03}", **nodes} for number in range(groups)]
        pods = {"role_arn": self.aws.role("fargate"), "subnets": self.aws.private_subnets}
        self.profiles = [
            {"name": f"profile-{number}", **pods, "selectors": [{"namespace": f"team-{number}", "labels": {"a": "b"}}]}
            for number in range(PROFILES)  # theirs takes a profile without labels for another one
        ]

    def fleet(self, **more: Any) -> Task:
        """One task for everything."""
        wanted = {"cluster": self.cluster, "nodegroups": self.groups, "fargate_profiles": self.profiles}
        return {"flotilla.eks.fleet": {"cluster_name": "prod", "wait_delay": 1, **wanted, **more}}

    def loops(self) -> list[Task]:
        """A task for each kind, with loops, as the documentation of community.aws has it."""
        group = {name: f"{{{{ item.{name} }}}}" for name in self.groups[0]}
        profile = {name: f"{{{{ item.{name} }}}}" for name in self.profiles[0]}
        return [
            {"community.aws.eks_cluster": {"name": "prod", **self.cluster, "wait": True}},
            {"community.aws.eks_nodegroup": {"cluster_name": "prod", **group}, "loop": self.groups},
            {
                "community.aws.eks_fargate_profile": {"cluster_name": "prod", **profile, "wait": True},
                "loop": self.profiles,
            },
        ]

    def make(self) -> None:
        """Bring everything into being, as fast as the simulated AWS can."""
        self.run([self.fleet()], changed=True)
        self.aws.settle()

    def run(self, tasks: list[Task], *, changed: bool | None = False) -> Run:
        run = self.playbook.tasks(*tasks, warns=True)
        assert changed is None or bool(run.changed) == changed, run.output
        return run

    def seconds(self, tasks: list[Task], *, changed: bool | None = False) -> float:
        start = time.perf_counter()
        self.run(tasks, changed=changed)
        return time.perf_counter() - start


@contextmanager
def cluster(groups: int, speed: float = 3600) -> Iterator[Cluster]:
    options = [word for quota in QUOTAS for word in ("--quota", quota)]
    with tempfile.TemporaryDirectory() as directory, SimulatorProcess(speed, *options) as simulator:
        yield Cluster(simulator, Path(directory), groups)


def noop() -> Figures:
    """Both sides on the same cluster, in turn, with and without the latency of a real API."""
    with cluster(GROUPS) as ours:
        say(f"making a cluster with {GROUPS} node groups ...")
        ours.make()
        figures: Figures = {"noop_calls": _calls(ours, [ours.fleet()])}
        figures["noop_calls_peer"] = _calls(ours, ours.loops())
        figures["noop_wall_ratio"] = _ratio(ours, ROUNDS)
        ours.simulator.fault(operation="*", latency=LATENCY)
        figures["noop_wall_ratio_50ms"] = _ratio(ours, 1)
        return figures


def _calls(ours: Cluster, tasks: list[Task]) -> int:
    ours.ledger.clear()
    ours.run(tasks, changed=None)
    return len(ours.ledger.calls())


def _ratio(ours: Cluster, rounds: int) -> float:
    say(f"comparing with community.aws on it, {rounds} rounds ...")
    # Theirs takes the update strategy in the answer for a change of every group, each time.
    pairs = [(ours.seconds([ours.fleet()]), ours.seconds(ours.loops(), changed=None)) for _round in range(rounds)]
    return round(median(own / theirs for own, theirs in pairs), 3)


def growth() -> Figures:
    """Our wall time with many groups over that with some, and the memory of the largest process of the former."""
    with cluster(GROUPS) as some, cluster(MANY_GROUPS) as many:
        say(f"making clusters with {GROUPS} and {MANY_GROUPS} node groups ...")
        some.make()
        many.make()
        pairs = [(many.seconds([many.fleet()]), some.seconds([some.fleet()])) for _round in range(ROUNDS)]
        ratio = median(larger / smaller for larger, smaller in pairs)
        many.run([many.fleet()])  # leaves its playbook and inventory behind
        return {"noop_growth": round(ratio, 2), "peak_memory_mib": round(peak_memory(many.playbook))}


def creation() -> Figures:
    """Simulated time from the first write to the last look, over the longest chain of what AWS itself takes."""
    with cluster(CREATED_GROUPS, SPEED_OF_CREATION) as ours:
        say("creating a cluster in slow motion ...")
        ours.run([ours.fleet(addons=[{"name": name} for name in ADDONS])], changed=True)
        calls = ours.ledger.calls("eks")
        begin = next(_time(call) for call in calls if call["operation"] == "CreateCluster")
        taken = _time(calls[-1]) - begin
    serial = (
        durations.CLUSTER_CREATE
        + CREATED_GROUPS * durations.NODEGROUP_CREATE
        + PROFILES * durations.FARGATE_CREATE
        + len(ADDONS) * durations.ADDON_CREATE
    )
    return {
        "create_critical_path_ratio": round(taken / _critical_path(), 3),
        "create_critical_path_ratio_in_order": round(serial / _critical_path(), 3),
    }


def _critical_path() -> float:
    """Cluster, add-ons that nodes need, then the longer one of: nodes and the other add-ons, or profile by profile."""
    nodes = durations.NODEGROUP_CREATE + durations.ADDON_CREATE
    profiles = PROFILES * durations.FARGATE_CREATE
    return durations.CLUSTER_CREATE + durations.ADDON_CREATE + max(nodes, profiles)


def _time(call: dict[str, Any]) -> float:
    return datetime.fromisoformat(call["at"]).timestamp()


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def measure() -> Figures:
    return {**noop(), **growth(), **creation()}
