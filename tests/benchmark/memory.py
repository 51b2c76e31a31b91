# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory of a run of ``ansible-playbook``."""

from __future__ import annotations

import subprocess
import sys

from support.playbook import Playbook

_SCRIPT = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)
_UNITS_PER_MIB = 1024 if sys.platform != "darwin" else 1024**2


def peak_memory(playbook: Playbook, name: str = "playbook.yml", *arguments: str) -> float:
    """MiB of the largest process of one more run with the inventory of the last, Ansible's own among them."""
    command = ["ansible-playbook", name, "--inventory", str(playbook.directory / "inventory.yml"), *arguments]
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, *command],
        cwd=playbook.directory,
        env=playbook.variables(),
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stdout) / _UNITS_PER_MIB
