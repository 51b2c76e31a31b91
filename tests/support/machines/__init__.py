# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real machines for tests of hosts: systemd as PID 1, sshd on an address of its own, no container engine.

    with Machines({"node-1": {}, "node-2": {"/etc/motd": File("Hello\n")}}, directory) as machines:
        playbook.run("flotilla.eks.nodes_ec2", inventory={"eks_ec2_nodes": {"hosts": machines.hosts()}})

They need root, and Debian or Ubuntu. For programs other than pytest: ``python -m support.machines``.
"""

from __future__ import annotations

from support.machines.base import CannotMake
from support.machines.files import File, Files
from support.machines.fleet import Machines

__all__ = ["CannotMake", "File", "Files", "Machines"]
