# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Deployments, ReplicaSets, StatefulSets and DaemonSets have in common: a template, its revision, and pods."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from ..admission import admitted
from ..errors import ApiError
from ..objects import Event, Object, name_of
from ..types import POD, SERVICE_ACCOUNT, TYPES, Type
from .context import Context, Key, controller_of
from .pods import active, owned_by, ready, ready_for
from .recorder import record

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""What generated names are made of: no vowels, so that no words come out."""

_NO_SERVICE = ""
"""Pods are given no address of the services' range."""


def revision(template: Object) -> str:
    """A name for what a pod template says."""
    number = int.from_bytes(hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()[:6], "big")
    return "".join(_LETTERS[number // len(_LETTERS) ** place % len(_LETTERS)] for place in range(9))


def concerned(context: Context, event: Event, kind: Type, dependent: Type = POD) -> Iterable[Key]:
    """The workload of type `kind` that an event is about, or whose dependent it is about; and those that may have
    waited for a service account."""
    if event.kind is kind:
        yield name_of(event.object)
    elif event.kind is dependent:
        reference = controller_of(event.object)
        if reference and reference["kind"] == kind.kind:
            yield event.object["metadata"]["namespace"], reference["name"]
    elif event.kind is SERVICE_ACCOUNT and event.change == "ADDED":
        namespace = event.object["metadata"]["namespace"]
        yield from [name_of(thing) for its_kind, thing in context.index.within(namespace) if its_kind is kind]


def create_pod(
    context: Context, owner: Object, labels: dict[str, str] | None = None, name: str = "", **spec: Any
) -> bool:
    """Create a pod from the template of `owner`, with further labels and members of its `spec`. Unless it has a `name`,
    it gets one that begins with its owner's. Tell if that is forbidden, and return False."""
    template = owner["spec"]["template"]
    given = template.get("metadata") or {}
    metadata = {
        "name": name,
        "generateName": f"{owner['metadata']['name']}-",
        "namespace": owner["metadata"]["namespace"],
        "labels": {**(given.get("labels") or {}), **(labels or {})},
        "ownerReferences": owned_by(owner),
    }
    if given.get("annotations"):
        metadata["annotations"] = given["annotations"]
    pod = {"metadata": metadata, "spec": {**template["spec"], **spec}}
    try:
        context.objects.create(POD, admitted(context.objects, POD, pod, _NO_SERVICE))
    except ApiError as refused:
        kind = next(one for one in TYPES if one.kind == owner["kind"])
        source = f"{kind.kind.lower()}-controller"
        record(context, kind, owner, "Warning", "FailedCreate", f"Error creating: {refused.message}", source)
        return False
    return True


def is_available(context: Context, workload: Object, pod: Object) -> bool:
    """Whether a pod has been Ready for as long as its workload demands."""
    needed = _needed(workload)
    return ready_for(pod, context.timeline.now) >= needed if needed else ready(pod)


def counts(context: Context, workload: Object, pods: list[Object]) -> dict[str, int]:
    """How many of the pods are there, Ready and available, by the names that a status gives these."""
    live = [pod for pod in pods if active(pod)]
    return {
        "replicas": len(live),
        "readyReplicas": sum(map(ready, live)),
        "availableReplicas": sum(is_available(context, workload, pod) for pod in live),
    }


def seconds_to_availability(context: Context, workload: Object, pods: list[Object]) -> float | None:
    """When the next pod will have been Ready for long enough; None if there is none to wait for."""
    needed = _needed(workload)
    if not needed:
        return None
    waits = [needed - age for pod in pods if (age := ready_for(pod, context.timeline.now)) >= 0]
    return min((wait for wait in waits if wait > 0), default=None)


def without_zeros(status: dict[str, Any]) -> dict[str, Any]:
    """A status as the server writes it: counts of zero are left out."""
    return {name: value for name, value in status.items() if value != 0}


def _needed(workload: Object) -> int:
    return workload["spec"].get("minReadySeconds") or 0
