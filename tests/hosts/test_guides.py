# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides about machines work as they are printed, on machines of the names that they print."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from eks_simulator.process import SimulatorProcess
from support.clusters import api_of, deploy_network_plugin
from support.ec2_machines import Ec2Machines
from support.guides import GUIDES, of_guide
from support.hybrid_machines import HybridMachines, Releases, here
from support.playbook import Playbook
from support.story import Story
from support.surroundings import Surroundings


def on_machines(playbook: Playbook, group: str, hosts: Mapping[str, Any], variables: Mapping[str, Any]) -> list[str]:
    """Arguments that tell where the hosts of a group really are."""
    path = playbook.directory / "machines.json"
    path.write_text(json.dumps({group: {"hosts": hosts}}), encoding="utf-8")
    return ["--inventory", str(path), "--extra-vars", json.dumps(variables)]


def test_instances_that_are_there_already(
    playbook: Playbook, aws: Surroundings, ec2: Callable[..., Ec2Machines]
) -> None:
    machines = on_machines(playbook, "eks_ec2_nodes", ec2("batch-1", "batch-2").hosts(), {})
    Story(playbook, machines=machines).tell(of_guide(GUIDES["existing_instances"]))


def test_machines_on_premises(
    playbook: Playbook, simulator: SimulatorProcess, releases: Releases, tmp_path: Path
) -> None:
    """The network plugin is deployed by somebody else meanwhile: here is no helm."""
    aws = Surroundings(simulator)
    inventory, site, *rest = of_guide(GUIDES["premises_nodes"])
    with HybridMachines(aws, releases, tmp_path / "machines", ("edge-1", "edge-2")) as machines:
        there = on_machines(playbook, "eks_hybrid_nodes", machines.hosts(), here(releases))
        story = Story(playbook, machines=there)
        story.tell([inventory, site])
        deploy_network_plugin(api_of(aws))
        story.tell(rest)
