# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How resources come, change and go: the transitions that every kind shares, with the faults that spoil them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from .errors import in_use
from .operations import Call
from .store import Cluster, Resource, Update

_RESTING = "ACTIVE"
_NAMED = {"nodegroup": "nodegroupName", "addon": "addonName"}
"""The member of an error that names the resource, where the model has one beside clusterName."""


def being_created(call: Call, resource: Resource, seconds: float, finish: Callable[[], None] | None = None) -> None:
    """Let `resource`, now CREATING, become ACTIVE after `seconds`; `finish` fills in what exists only then."""

    def end() -> None:
        fault = call.faults.for_ending(resource.kind, resource.name, "create")
        if fault:
            fail(resource, fault)
        else:
            resource.status = _RESTING
        if finish and resource.status in ("ACTIVE", "DEGRADED"):
            finish()

    call.timeline.after(seconds, end)


def being_deleted(call: Call, resource: Resource, seconds: float, remove: Callable[[], None]) -> None:
    """Turn `resource` DELETING, and let `remove` take it away after `seconds`."""
    resource.status = "DELETING"

    def end() -> None:
        fault = call.faults.for_ending(resource.kind, resource.name, "delete")
        if fault:
            fail(resource, fault)
        else:
            remove()

    call.timeline.after(seconds, end)


def being_updated(
    call: Call,
    cluster: Cluster,
    resource: Resource,
    kind: str,
    params: dict[str, Any],
    seconds: float,
    apply: Callable[[], None],
    revert: Callable[[], None] | None = None,
) -> Update:
    """Begin an update of type `kind` that takes so many seconds. Raises ResourceInUseException, as `begin_update`."""
    update, conclude = begin_update(call, cluster, resource, kind, params, apply, revert)
    call.timeline.after(seconds, lambda: conclude(None))
    return update


def begin_update(
    call: Call,
    cluster: Cluster,
    resource: Resource,
    kind: str,
    params: dict[str, Any],
    apply: Callable[[], None],
    revert: Callable[[], None] | None = None,
) -> tuple[Update, Callable[[dict[str, Any] | None], None]]:
    """Begin an update of type `kind`; the resource is UPDATING until the function that comes with the update is called.
    It lets `apply` change the resource, or `revert` take back what the beginning of the update already showed, if it is
    given the fault in which the update ends, or another was asked for.

    Raises ResourceInUseException if another update of the resource is in progress.
    """
    refuse_if_busy(cluster, resource, kind)
    description: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "status": "InProgress",
        "type": kind,
        "params": [{"type": name, "value": _as_text(value)} for name, value in params.items()],
        "createdAt": call.now,
        "errors": [],
    }
    update = Update(resource, description)
    cluster.updates[description["id"]] = update
    resource.status = "UPDATING"

    def conclude(failure: dict[str, Any] | None) -> None:
        if not update.running:
            return
        fault = failure or call.faults.for_ending(resource.kind, resource.name, "update")
        resource.status = _RESTING
        if fault is None:
            description["status"] = "Successful"
            resource.description["health"] = {"issues": []}
            apply()
            return
        if revert:
            revert()
        description["status"] = "Cancelled" if fault["becomes"] == "CANCELLED" else "Failed"
        if fault["becomes"] != "CANCELLED":
            description["errors"] = [_problem(fault, "errorCode", "errorMessage")]
        if fault["becomes"] == "DEGRADED":
            fail(resource, fault)
        elif resource.kind == "addon" and fault["becomes"] == "FAILED":
            fail(resource, {**fault, "becomes": "UPDATE_FAILED"})

    return update, conclude


def refuse_if_busy(cluster: Cluster, resource: Resource, kind: str) -> None:
    """One update at a time per resource. Raises ResourceInUseException (AWS's wording)."""
    running = cluster.running_update(resource)
    if running is None:
        return
    noun = resource.kind.replace("_", " ")
    raise in_use(
        f"Cannot {kind} because {noun} {resource.name} currently has update {running.description['id']} in progress",
        clusterName=cluster.name,
        **{_NAMED[resource.kind]: resource.name} if resource.kind in _NAMED else {},
    )


def fail(resource: Resource, fault: dict[str, Any]) -> None:
    """Leave `resource` in the state that the fault names, with its issue among the health issues."""
    resource.status = fault["becomes"]
    issue = _problem(fault, "code", "message")
    if resource.kind == "capability":
        del issue["resourceIds"]  # service model, CapabilityIssue
    resource.description.setdefault("health", {})["issues"] = [issue]


def _problem(fault: dict[str, Any], code: str, message: str) -> dict[str, Any]:
    default = "NodeCreationFailure" if fault.get("resource") == "nodegroup" else "InternalFailure"
    text = fault.get("message") or "Injected by the simulator."
    return {code: fault.get("code") or default, message: text, "resourceIds": fault.get("resourceIds") or []}


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
