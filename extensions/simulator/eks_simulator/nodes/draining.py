# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emptying nodes, as EKS does before it takes their instances away.

https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html ("automatically drains nodes using the
Kubernetes API during terminations or updates"): updates respect disruption budgets, what shrinks or deletes a group
does not.
"""

from __future__ import annotations

from ..kubernetes.controllers.context import controller_of
from ..kubernetes.deleting import remove
from ..kubernetes.errors import ApiError
from ..kubernetes.evictions import displace
from ..kubernetes.objects import Object, Objects
from ..kubernetes.types import NODE, POD

_ENDED = ("Succeeded", "Failed")


def cordon(objects: Objects, node: str, closed: bool = True) -> None:
    """Keep new pods from a node, or let them come again."""
    found = objects.find(NODE, "", node)
    if found:
        spec = {name: value for name, value in found["spec"].items() if name != "unschedulable"}
        objects.change(NODE, found, spec={**spec, "unschedulable": True} if closed else spec)


def evict(objects: Objects, node: str) -> list[Object]:
    """Ask every pod of a node to go whose budget lets it. Gives the pods that are still there, also those that are on
    their way."""
    for pod in tenants(objects, node):
        if "deletionTimestamp" not in pod["metadata"]:
            try:
                displace(objects, pod, {})
            except ApiError:
                continue
    return tenants(objects, node)


def vacate(objects: Objects, node: str) -> None:
    """Take every pod off a node, whatever budgets say: their controllers make others elsewhere."""
    for pod in tenants(objects, node):
        remove(objects, POD, pod, {"gracePeriodSeconds": 0})


def tenants(objects: Objects, node: str) -> list[Object]:
    """The pods that have to go before the node can: all but those of DaemonSets, and those that have ended."""
    pods = [pod for pod in objects.list(POD) if pod["spec"].get("nodeName") == node]
    return [pod for pod in pods if _is_tenant(pod)]


def _is_tenant(pod: Object) -> bool:
    owner = controller_of(pod) or {}
    return owner.get("kind") != "DaemonSet" and pod.get("status", {}).get("phase") not in _ENDED
