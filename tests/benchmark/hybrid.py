# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it takes to have machines on premises join, and to find them joined, next to one machine after the other."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from eks_simulator.process import SimulatorProcess
from support.clusters import cluster_for_hosts
from support.hybrid_fleet import Fleet, certified
from support.hybrid_machines import EXPIRES, NODEADM, HybridMachines, Releases
from support.machines.base import hindrance, missing_packages
from support.playbook import Playbook, Task
from support.surroundings import Surroundings

MANY, SOME = 20, 2
TOGETHER = [f"together-{number:02}" for number in range(1, MANY + 1)]
SERIAL = [f"serial-{number}" for number in range(1, SOME + 1)]
PLAIN = [f"plain-{number}" for number in range(1, SOME + 1)]
CERTIFIED = "certified"
FORKS = ("--forks", "10")


class Premises:
    """So many machines, and what a run takes for some of them."""

    def __init__(self, hosts: Fleet) -> None:
        self.hosts = hosts
        self.plain = _plain(hosts)

    def seconds_each(self, names: Sequence[str], **variables: Any) -> float:
        """Wall time of a run of the playbook, for each machine."""
        start = time.perf_counter()
        self.hosts.run(arguments=[*FORKS, *_only(names)], variables=variables)
        return (time.perf_counter() - start) / len(names)

    def seconds_each_plain(self) -> float:
        start = time.perf_counter()
        inventory = {"all": {"hosts": {name: self.hosts.machines.hosts()[name] for name in PLAIN}}}
        self.hosts.playbook.run([self.plain], inventory=inventory, warns=True)  # of Ansible itself
        return (time.perf_counter() - start) / len(PLAIN)

    def noop_tasks(self, name: str) -> int:
        """How many modules are executed on a machine that has joined; each is one command over SSH."""
        run = self.hosts.run(arguments=["-vvv", *_only([name])])
        assert run.changed == 0
        return self.hosts.executions(run, name)


def _only(names: Sequence[str]) -> list[str]:
    return ["--limit", ",".join(names)]


def _plain(hosts: Fleet) -> dict[str, Any]:
    """The steps of AWS's guide as tasks that believe exit codes, and wait for the unit as k3s-ansible does, for one
    machine after the other: https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-join.html"""
    made = hosts.aws.ssm.create_activation(
        IamRole="prod-hybrid",
        RegistrationLimit=SOME,
        ExpirationDate=datetime.fromisoformat(hosts.aws.simulator.now()) + timedelta(seconds=EXPIRES),
    )
    found = hosts.aws.eks.describe_cluster(name="prod")["cluster"]
    activation = {"activationId": made["ActivationId"], "activationCode": made["ActivationCode"]}
    cluster = {
        "name": "prod",
        "region": hosts.aws.region,
        "apiServerEndpoint": found["endpoint"],
        "certificateAuthority": found["certificateAuthority"]["data"],
        "cidr": found["kubernetesNetworkConfig"]["serviceIpv4Cidr"],
    }
    config = {
        "apiVersion": "node.eks.aws/v1alpha1",
        "kind": "NodeConfig",
        "spec": {"cluster": cluster, "hybrid": {"ssm": activation}},
    }
    nodeadm = {"url": f"{hosts.releases.url}/{NODEADM}/bin/linux/amd64/nodeadm", "dest": "/usr/local/bin/nodeadm"}
    install = f"nodeadm install 1.34 --credential-provider ssm --region {hosts.aws.region}"
    init = "nodeadm init --config-source file:///root/nodeConfig.yaml"
    copy = {"content": config, "dest": "/root/nodeConfig.yaml", "mode": "0600"}
    active = {"ansible.builtin.command": "systemctl is-active kubelet", "register": "it", "until": "it is succeeded"}
    tasks: list[Task] = [
        {"name": "Fetch nodeadm", "ansible.builtin.get_url": {**nodeadm, "mode": "0755"}},
        {"name": "Install", "ansible.builtin.command": install},
        {"name": "Configure", "ansible.builtin.copy": copy},
        {"name": "Join", "ansible.builtin.command": init},
        {"name": "Wait", **active},
    ]
    return {"hosts": "all", "gather_facts": False, "become": True, "serial": 1, "tasks": tasks}


@contextmanager
def premises() -> Iterator[Premises]:
    with (
        tempfile.TemporaryDirectory() as name,
        SimulatorProcess(600) as simulator,
        Releases(Path(name) / "releases") as releases,
    ):
        directory = Path(name)
        aws = Surroundings(simulator)
        cluster_for_hosts(aws)
        names = [*TOGETHER, *SERIAL, *PLAIN, CERTIFIED]
        with HybridMachines(aws, releases, directory / "machines", names, warm=False) as machines:
            hosts = Fleet(Playbook(directory, simulator.env, warm=False), machines, releases, aws)
            hosts.inventory["eks_hybrid_nodes"]["hosts"][CERTIFIED] |= certified(aws, directory)
            yield Premises(hosts)


def measure() -> dict[str, float]:
    """Executions of modules, and the wall time for each of many machines over that one after the other."""
    if hindrance() or missing_packages():
        print("LEFT OUT: machines on premises; as root on Debian or Ubuntu, make test-hosts once", file=sys.stderr)
        return {}
    print(f"having {MANY} machines join ...", file=sys.stderr, flush=True)
    with premises() as ours:
        figures: dict[str, float] = {}
        for what in ("first", "noop"):
            together = ours.seconds_each(TOGETHER)
            serial = ours.seconds_each(SERIAL, nodes_hybrid_serial=1)
            plain = ours.seconds_each_plain()
            figures[f"hybrid_{what}_ratio_in_turn"] = round(together / serial, 2)
            figures[f"hybrid_{what}_ratio_plain"] = round(together / plain, 2)
        ours.seconds_each([CERTIFIED])
        figures["hybrid_noop_tasks"] = ours.noop_tasks(TOGETHER[0])
        figures["hybrid_noop_tasks_certificates"] = ours.noop_tasks(CERTIFIED)
        return figures
