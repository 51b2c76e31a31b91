# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the modules that run on machines on premises."""

from __future__ import annotations

from collections.abc import Callable

from support.documentation import documentation
from support.hybrid_fleet import Fleet
from support.hybrid_machines import EXPIRES, NOT_HERE


def test_the_examples_of_the_modules_run(fleet: Callable[..., Fleet]) -> None:
    hosts = fleet("edge-1")
    defaults = {
        "flotilla.eks.hybrid_node_preflight": {"endpoints": [], "skip_checks": NOT_HERE},
        "flotilla.eks.ssm_activation": {"expires_in": EXPIRES},
        "flotilla.eks.hybrid_node_install": {"releases": hosts.variables["hybrid_nodes_releases"]},
    }
    installs, uninstalls = documentation("hybrid_node_install").examples
    tasks = [*documentation("hybrid_node_preflight").examples, installs, *documentation("hybrid_node").examples]
    inventory = {**hosts.inventory, "eks_clusters": {"hosts": {"localhost": {}}}}
    for several in (tasks, [uninstalls, *documentation("hybrid_node_proxy").examples]):
        play = {"hosts": "eks_hybrid_nodes", "module_defaults": defaults}
        run = hosts.playbook.tasks(*several, play=play, inventory=inventory)
        assert [(line["task"], line["status"]) for line in run.lines] == [(task["name"], "ok") for task in several]
        if several is tasks:  # a node that runs would have to be drained
            hosts.machines.run("edge-1", "systemctl", "stop", "kubelet")
