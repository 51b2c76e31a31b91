# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeUpdate, ListUpdates, CancelUpdate: the updates of a cluster and of what belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import durations, idempotency
from .errors import ServiceError, invalid_parameter, invalid_request, not_found
from .operations import Call, operation
from .paging import page
from .store import Cluster, Resource, Update

_OWNERS: dict[str, Callable[[Cluster], dict[str, Resource]]] = {
    "nodegroupName": lambda cluster: cluster.nodegroups,
    "capabilityName": lambda cluster: cluster.capabilities,
    "addonName": lambda cluster: cluster.addons,
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
    """ "Currently, this is supported for VersionRollback update types on EKS Auto Mode clusters when nodes are rolling
    back" (service model). What is asked for is done a little later, unless the control plane is faster: "If the control
    plane rollback has already begun, the cancellation request fails"."""
    update = _update(call)
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"update": earlier.description}
    _require_cancellable(call, update)
    update.description["cancellation"] = {"status": "InProgress", "reason": "The cancellation was asked for"}

    def end() -> None:
        if update.cancellable and update.running:
            update.description["cancellation"] = {"status": "Successful", "reason": "The node rollback was stopped"}
            update.description["status"] = "Cancelled"
        elif update.running:
            reason = "The control plane rollback has already begun"
            update.description["cancellation"] = {"status": "Failed", "reason": reason}

    call.timeline.after(durations.CANCELLATION, end)
    idempotency.remember(call, update)
    return {"update": update.description}


def _require_cancellable(call: Call, update: Update) -> None:
    """Raises InvalidStateException, for a second time of asking InvalidRequestException."""
    named = {"clusterName": call.get("name")}
    about = f"Update {update.description['id']} of type {update.description['type']}"
    if not update.running:
        raise ServiceError("InvalidStateException", f"{about} is {update.description['status']}", **named)
    if not update.cancellable:
        raise ServiceError("InvalidStateException", f"{about} cannot be cancelled.", **named)
    if update.description.get("cancellation", {}).get("status") == "InProgress":
        raise invalid_request(f"{about} is being cancelled already", **named)


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
