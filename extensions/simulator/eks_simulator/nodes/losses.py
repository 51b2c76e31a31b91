# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods that are lost with their node, in the ledger: nobody drained it before its instance was terminated.

What a drain would have moved counts: not the pods of DaemonSets, nor those that have ended. A pod that was already told
to go is not lost.
"""

from __future__ import annotations

from ..control_plane.plane import ControlPlane
from ..ledger import SIMULATOR, Ledger
from ..store import Region
from .draining import tenants


def record(ledger: Ledger, region: Region, plane: ControlPlane, node: str, instance_id: str) -> None:
    """Enter the pods that are lost with a node, if there are any."""
    lost = [pod["metadata"] for pod in tenants(plane.objects, node)]
    names = [f"{one['namespace']}/{one['name']}" for one in lost if "deletionTimestamp" not in one]
    if names:
        ledger.record(
            {
                "service": SIMULATOR,
                "operation": "lose pods",
                "write": False,
                "status": 200,
                "error": None,
                "region": region.name,
                "account": region.account,
                "parameters": {
                    "cluster": plane.cluster.name,
                    "node": node,
                    "instance": instance_id,
                    "pods": sorted(names),
                },
                "at": plane.now().isoformat(timespec="milliseconds"),
            }
        )
