# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers deletions. Pods go when their kubelet has ended them, namespaces when they are empty, objects with
finalizers when these are gone; all else goes at once ("Graceful deletion", "Finalizers", "Namespaces")."""

from __future__ import annotations

from typing import Any

from ..wire import Response
from . import selectors
from .calls import Call
from .errors import ApiError, conflict, details_of
from .objects import Object, Objects, name_of
from .types import NAMESPACE, POD, Type

_PROPAGATION = {"Foreground": "foregroundDeletion", "Orphan": "orphan", "Background": None}
"""The finalizers that let the garbage collector see to the dependents first ("Garbage collection")."""
_GRACE = 30
"""Seconds that a pod has by default to end."""
_ENDED = ("Succeeded", "Failed")


def delete(call: Call) -> Response:
    kind = call.kind
    current = call.objects.get(kind, call.namespace, call.name)
    _require_same(kind, current, call.options.get("preconditions") or {})
    left = remove(call.stage, kind, current, call.options)
    return Response.json(200, left if left is not None else _gone(kind, current))


def delete_collection(call: Call) -> Response:
    """The objects as they were."""
    matches = selectors.by_query(call.kind, call.target.parameters)
    found = [one for one in call.objects.list(call.kind, call.namespace or None) if matches(one)]
    for one in found:
        remove(call.stage, call.kind, one, call.options)
    metadata = {"resourceVersion": str(call.stage.revision)}
    head = {"kind": f"{call.kind.kind}List", "apiVersion": call.kind.group_version, "metadata": metadata}
    return Response.json(200, {**head, "items": found})


def remove(objects: Objects, kind: Type, current: Object, options: dict[str, Any]) -> Object | None:
    """Delete by DeleteOptions: what is left of the object, and nothing if it went at once.

    Raises ApiError BadRequest, Forbidden.
    """
    namespace, name = name_of(current)
    current = _finalized(objects, kind, current, options)
    grace = _grace(kind, current, options)
    if kind is NAMESPACE:
        return _terminate(objects, name)
    if grace or current["metadata"].get("finalizers"):
        return objects.condemn(kind, namespace, name, grace)
    removed = objects.remove(kind, namespace, name)
    return removed if kind is POD else None


def _finalized(objects: Objects, kind: Type, current: Object, options: dict[str, Any]) -> Object:
    """With the finalizer that the propagation policy wants."""
    policy = options.get("propagationPolicy") or ("Orphan" if options.get("orphanDependents") else "Background")
    if policy not in _PROPAGATION:
        raise ApiError("BadRequest", f"propagationPolicy: found {policy!r}, supported: {', '.join(_PROPAGATION)}")
    finalizer, kept = _PROPAGATION[policy], current["metadata"].get("finalizers") or []
    if finalizer is None or finalizer in kept or kind in (POD, NAMESPACE):
        return current
    return objects.change(kind, current, metadata={**current["metadata"], "finalizers": [*kept, finalizer]})


def _grace(kind: Type, current: Object, options: dict[str, Any]) -> int:
    """A pod that no node has, or that has ended, needs none."""
    if kind is not POD:
        return 0
    if not current["spec"].get("nodeName") or current.get("status", {}).get("phase") in _ENDED:
        return 0
    asked = options.get("gracePeriodSeconds")
    return int(current["spec"].get("terminationGracePeriodSeconds", _GRACE) if asked is None else asked)


def _terminate(objects: Objects, name: str) -> Object:
    if name in ("default", "kube-system", "kube-public"):
        message = f'namespaces "{name}" is forbidden: this namespace may not be deleted'
        raise ApiError("Forbidden", message, {"name": name, "kind": "namespaces"})
    condemned = objects.condemn(NAMESPACE, "", name, 0)
    return objects.change(NAMESPACE, condemned, status={**condemned.get("status", {}), "phase": "Terminating"})


def _require_same(kind: Type, current: Object, preconditions: dict[str, Any]) -> None:
    for member in ("uid", "resourceVersion"):
        if preconditions.get(member) not in (None, current["metadata"][member]):
            raise conflict(kind, current["metadata"]["name"])


def _gone(kind: Type, was: Object) -> Object:
    details = {**details_of(kind, was["metadata"]["name"]), "uid": was["metadata"]["uid"]}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
