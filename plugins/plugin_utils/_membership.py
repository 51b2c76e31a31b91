# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cluster a host of the inventory is a node of, and how that cluster is asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CONTROLLER = "localhost"
_WANTED = (
    "Set it to the inventory host of the cluster that the host is to be a node of. Where that host may be missing, as"
    " in a slice of a job of AWX, set eks_cluster_name and eks_region for the nodes, too."
)


def cluster_of(host: str, hostvars: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The cluster that `host` names in ``eks_cluster``, as ``name``, ``region``, ``profile`` and ``delegate_to``, each
    empty where nobody says; ``problem`` is what is wrong, or empty.

    What the host says itself counts, then what the inventory host of the cluster says. That host may be missing: AWX
    gives each slice of a job every nth host of the inventory, so a node's slice need not be that of its cluster
    (https://ansible.readthedocs.io/projects/awx/en/latest/userguide/job_slices.html). A host that says enough does
    without.
    """
    own = hostvars[host]
    inventory_host = own.get("eks_cluster")
    listed = bool(inventory_host) and inventory_host in hostvars
    if not inventory_host or not (listed or own.get("eks_cluster_name")):
        return _refused(f"Host {host}: eks_cluster is {_found(inventory_host)}. {_WANTED}")
    beside = hostvars[inventory_host] if listed else {}
    said = {name: own.get(f"eks_{name}") or beside.get(f"eks_{name}") or "" for name in ("region", "profile")}
    named = beside.get("eks_cluster_name") or inventory_host
    name = own.get("eks_cluster_name") or named
    if listed and name != named:
        return _refused(
            f"Host {host}: eks_cluster_name is {name}, but eks_cluster is {inventory_host}, which is cluster {named}."
            " Correct the one that is wrong, or leave out eks_cluster_name."
        )
    return {"name": name, **said, "delegate_to": inventory_host if listed else CONTROLLER, "problem": ""}


def _found(inventory_host: str | None) -> str:
    return f"{inventory_host}, which is not in the inventory" if inventory_host else "not set"


def _refused(problem: str) -> dict[str, str]:
    return {"name": "", "region": "", "profile": "", "delegate_to": CONTROLLER, "problem": problem}
