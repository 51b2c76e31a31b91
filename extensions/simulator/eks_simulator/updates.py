# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeUpdate, ListUpdates, CancelUpdate: the updates of a cluster and of what belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .errors import ServiceError, invalid_parameter, not_found
from .operations import Call, operation
from .paging import page
from .store import Cluster, Resource, Update

_OWNERS: dict[str, Callable[[Cluster], dict[str, Resource]]] = {
    "nodegroupName": lambda cluster: cluster.nodegroups,
    "capabilityName": lambda cluster: cluster.capabilities,
    "addonName": lambda cluster: {},
}
"""The parameters that name the resource of an update which is not the cluster's own, and where it stands."""


@operation("DescribeUpdate")
def describe_update(call: Call) -> dict[str, Any]:
    """An update by id. nodegroupName "is required if the update is a node group update" (service model)."""
    return {"update": _update(call).description}


@operation("ListUpdates")
def list_updates(call: Call) -> dict[str, Any]:
    """The ids of one resource's updates, oldest first."""
    cluster = call.cluster()
    owner = _owner(call, cluster)
    return page(call, "updateIds", [id for id, update in cluster.updates.items() if update.resource is owner])


@operation("CancelUpdate")
def cancel_update(call: Call) -> dict[str, Any]:
    """Refused for every update that the simulator knows: "Currently, this is supported for VersionRollback update
    types on EKS Auto Mode clusters when nodes are rolling back" (service model)."""
    update = _update(call)
    raise ServiceError(
        "InvalidStateException",
        f"Update {update.description['id']} of type {update.description['type']} cannot be cancelled.",
        clusterName=call.get("name"),
    )


def _update(call: Call) -> Update:
    cluster = call.cluster()
    owner = _owner(call, cluster)
    update = cluster.updates.get(call.parameters["updateId"])
    if update is None or update.resource is not owner:
        raise not_found(f"No update found for ID: {call.parameters['updateId']}", clusterName=cluster.name)
    return update


def _owner(call: Call, cluster: Cluster) -> Resource:
    given = {name: call.get(name) for name in _OWNERS if call.get(name)}
    if len(given) > 1:
        raise invalid_parameter(f"Specify one of {', '.join(given)}.", clusterName=cluster.name)
    for parameter, name in given.items():
        if name not in _OWNERS[parameter](cluster):
            noun = {"nodegroupName": "node group"}.get(parameter, parameter)
            raise not_found(f"No {noun} found for name: {name}.", clusterName=cluster.name)
        return _OWNERS[parameter](cluster)[name]
    return cluster
