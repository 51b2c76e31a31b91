# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances that outlive the command that boots them, for molecule.

``python -m support.ec2_fleet DIRECTORY CLUSTER NAME...`` makes a cluster in the simulated AWS of its environment, boots
the instances, writes them to DIRECTORY/inventory/fleet.yml, and holds them in the background for as long as that file
is as it wrote it, and that AWS is there.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import yaml

from eks_simulator.process import Simulator
from support.ec2_machines import Ec2Machines, cluster_for_nodes
from support.machines import CannotMake
from support.surroundings import Surroundings

LOOK = 1  # seconds between two looks


def main() -> None:
    """Boot, and let whoever asked go on."""
    directory, cluster, names = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    aws = Surroundings(Simulator(os.environ["AWS_ENDPOINT_URL"], dict(os.environ)))
    try:
        cluster_for_nodes(aws, cluster)
        with Ec2Machines(aws, directory / "machines", names) as machines:
            inventory = directory / "inventory" / "fleet.yml"
            text = yaml.safe_dump({"eks_ec2_nodes": {"hosts": machines.hosts(eks_cluster=cluster)}})
            inventory.write_text(text)
            if os.fork():
                os._exit(0)  # the machines are the other one's now
            _leave_the_terminal()
            while inventory.exists() and inventory.read_text() == text and _is_there(aws):
                time.sleep(LOOK)
    except CannotMake as problem:
        sys.exit(str(problem))


def _leave_the_terminal() -> None:
    os.setsid()
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
