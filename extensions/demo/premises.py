# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two machines on premises for the demo: real ones, with systemd and sshd, where this computer can have any.

They are those of the tests, with what stands in for nodeadm and the kubelet there. This computer gets nothing installed
for them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
NAMES = ("edge-1", "edge-2")
NETWORKS = {"remote_node_networks": [{"cidrs": ["10.80.0.0/16"]}], "remote_pod_networks": [{"cidrs": ["10.81.0.0/16"]}]}


@contextmanager
def premises(simulator: Any, directory: Path) -> Iterator[Mapping[str, Any]]:
    """The inventory of the machines, which are there until the end of the context; empty where there can be none, after
    saying why. ``directory`` keeps their keys and consoles."""
    sys.path.insert(0, str(CHECKOUT / "tests"))
    from support.machines.base import hindrance, missing_packages

    missing = ", ".join(missing_packages())
    reason = hindrance() or (missing and f"Machines need more packages, which make test-hosts installs: {missing}")
    if reason:
        print(f"\nLEFT OUT: two machines on premises. {reason}", flush=True)
        yield {}
        return
    from support.hybrid_machines import HybridMachines, Releases, here
    from support.surroundings import Surroundings

    with ExitStack() as stack:
        (directory / "releases").mkdir(parents=True)
        releases = stack.enter_context(Releases(directory / "releases"))
        machines = stack.enter_context(HybridMachines(Surroundings(simulator), releases, directory, NAMES))
        print(f"\nTwo machines on premises are there: {', '.join(NAMES)}", flush=True)
        yield {
            "eks_clusters": {"hosts": {"demo": _cluster()}},
            "eks_hybrid_nodes": {"hosts": machines.hosts(eks_cluster="demo"), "vars": here(releases)},
        }


def _cluster() -> dict[str, Any]:
    """What the cluster needs besides: a network that reaches the machines, their role, and a network plug-in."""
    return {
        "cluster_options": {"remote_network_config": NETWORKS},
        "iam_roles": ["cluster", "node", "fargate", "hybrid"],
        "workloads_files": [str(Path(__file__).with_name("network_plugin.yml"))],
    }
