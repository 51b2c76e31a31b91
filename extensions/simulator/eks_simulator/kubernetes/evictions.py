# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers evictions: deletions of pods that disruption budgets may refuse ("API-initiated Eviction")."""

from __future__ import annotations

from typing import Any

from ..wire import Response
from . import budgets, deleting
from .calls import Call
from .errors import ApiError, conflict
from .objects import Object, Objects
from .types import DISRUPTION_BUDGET, POD

_SUCCESS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
_UNPROTECTED = ("Pending", "Succeeded", "Failed")
_WAIT = 10
"""Seconds after which to come back to a budget that its controller has not seen."""


def evict(call: Call) -> Response:
    pod = call.objects.get(POD, call.namespace, call.name)
    wanted = (call.options.get("preconditions") or {}).get("uid")
    if wanted not in (None, pod["metadata"]["uid"]):
        raise conflict(POD, call.name)
    displace(call.stage, pod, call.options)
    return Response.json(201, _SUCCESS)


def displace(objects: Objects, pod: Object, options: dict[str, Any]) -> None:
    """Delete a pod by DeleteOptions if its budget lets it go. Raises ApiError TooManyRequests, InternalError."""
    if pod.get("status", {}).get("phase") not in _UNPROTECTED and "deletionTimestamp" not in pod["metadata"]:
        _spend(objects, pod)
    deleting.remove(objects, POD, pod, options)


def _spend(objects: Objects, pod: Object) -> None:
    """Take the eviction from the budget that covers the pod. Raises ApiError TooManyRequests, InternalError."""
    budgets_there = objects.list(DISRUPTION_BUDGET, pod["metadata"]["namespace"])
    found = [one for one in budgets_there if budgets.covers(one, pod)]
    if len(found) > 1:
        message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise ApiError("InternalError", message)
    for budget in found:
        _require_room(budget, pod)
        status = budget["status"]
        if _counts(budget, pod):
            room = status["disruptionsAllowed"] - 1
            objects.change(DISRUPTION_BUDGET, budget, status={**status, "disruptionsAllowed": room})


def _counts(budget: Object, pod: Object) -> bool:
    """What does not work anyway costs nothing, while the others suffice (IfHealthyBudget) or always (AlwaysAllow)."""
    if budgets.is_healthy(pod):
        return True
    if budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return False
    status = budget["status"]
    return not (status["currentHealthy"] >= status["desiredHealthy"] and status["desiredHealthy"] > 0)


def _require_room(budget: Object, pod: Object) -> None:
    name, status = budget["metadata"]["name"], budget.get("status") or {}
    if status.get("observedGeneration", 0) < budget["metadata"]["generation"]:
        raise _refused(f"The disruption budget {name} is still being processed by the server.", wait=True)
    if _counts(budget, pod) and status["disruptionsAllowed"] <= 0:
        raise _refused(
            f"The disruption budget {name} needs {status['desiredHealthy']} healthy pods"
            f" and has {status['currentHealthy']} currently"
        )


def _refused(cause: str, wait: bool = False) -> ApiError:
    """Without Retry-After, but where waiting is known to help: clients repeat those by themselves."""
    details = {"causes": [{"reason": "DisruptionBudget", "message": cause}]}
    return ApiError("TooManyRequests", _REFUSED, {**details, "retryAfterSeconds": _WAIT} if wait else details)
