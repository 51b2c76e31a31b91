# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What controllers ask of a pod, and how they change one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from ..objects import Object
from .quantities import millis

REVISION = "controller-revision-hash"
"""The label that tells pods of a DaemonSet's or StatefulSet's templates apart."""


def ended(pod: Object) -> bool:
    """Whether its containers have ended for good."""
    return pod["status"].get("phase") in ("Succeeded", "Failed")


def leaving(thing: Object) -> bool:
    """Whether an object is being deleted."""
    return "deletionTimestamp" in thing["metadata"]


def active(pod: Object) -> bool:
    """Whether a pod counts towards the replicas of its controller."""
    return not ended(pod) and not leaving(pod)


def bound(pod: Object | None) -> bool:
    """Whether a pod, if there is one, has a node."""
    return pod is not None and bool(pod["spec"].get("nodeName"))


def occupies(pod: Object) -> bool:
    """Whether a pod takes room on its node: also while it is being deleted, as its containers still run."""
    return bound(pod) and not ended(pod)


def condition(thing: Object, kind: str) -> dict[str, Any]:
    """A condition of a pod, node or workload; empty if it has none of that type."""
    for one in (thing.get("status") or {}).get("conditions") or ():
        if one["type"] == kind:
            found: dict[str, Any] = one
            return found
    return {}


def ready(thing: Object) -> bool:
    """Whether a pod or node is Ready."""
    return condition(thing, "Ready").get("status") == "True"


def ready_for(pod: Object, now: datetime) -> float:
    """How many seconds a pod has been Ready; -1 if it is not."""
    if not ready(pod):
        return -1
    since = datetime.fromisoformat(condition(pod, "Ready")["lastTransitionTime"])
    return (now - since) / timedelta(seconds=1)


def with_conditions(status: dict[str, Any], now: str, conditions: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """A status with these conditions in the place of those of their types. One that keeps its `status` keeps the time
    of its last transition, too."""
    known = {one["type"]: one for one in status.get("conditions") or []}
    for new in conditions:
        old = known.get(new["type"], {})
        since = old.get("lastTransitionTime", now) if old.get("status") == new["status"] else now
        known[new["type"]] = {**new, "lastTransitionTime": since}
    return {**status, "conditions": list(known.values())}


def requests(pod: Object) -> Counter[str]:
    """What a pod asks of its node, in thousandths: the sum over its containers, or what the greediest init container
    asks if that is more
    (https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers)."""
    total: Counter[str] = Counter()
    for container in pod["spec"].get("containers") or []:
        total.update(_of_container(container))
    for container in pod["spec"].get("initContainers") or []:
        total |= _of_container(container)
    total["pods"] = millis(1)
    return total


def _of_container(container: dict[str, Any]) -> Counter[str]:
    """A limit without a request is a request, too."""
    resources = container.get("resources") or {}
    wanted = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return Counter({name: millis(amount) for name, amount in wanted.items()})


def owned_by(owner: Object) -> list[dict[str, Any]]:
    """The ownerReferences of what a controller makes for `owner`."""
    return [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
