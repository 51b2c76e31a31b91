# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Deployment's status says: its counts, whether it is available, and whether its rollout gets on. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from ..objects import Object, timestamp
from .pods import condition, with_conditions
from .rollout import strategy_of
from .workloads import without_zeros

DEADLINE = 600
"""Seconds without progress until a rollout is reported as failed, unless progressDeadlineSeconds says otherwise."""
UNDER_WAY = "ReplicaSetUpdated"
THROUGH = "NewReplicaSetAvailable"
"""Reasons of the condition Progressing."""
_COUNTED = ("replicas", "readyReplicas", "availableReplicas")


def status_of(deployment: Object, name: str, sets: Sequence[Object], now: datetime) -> dict[str, Any]:
    """The status of a Deployment whose ReplicaSets are `sets`; that of its template is `name`."""
    counts = {member: _sum(sets, member) for member in _COUNTED}
    current = [one for one in sets if one["metadata"]["name"] == name]
    counts["updatedReplicas"] = _sum(current, "replicas")
    wanted = sum(one["spec"]["replicas"] for one in sets)
    counts["unavailableReplicas"] = max(0, wanted - counts["availableReplicas"])
    status = {**counts, "observedGeneration": deployment["metadata"]["generation"]}
    old = deployment.get("status") or {}
    conditions = (_available(deployment["spec"], counts), _progressing(deployment, name, counts, now))
    known = {**without_zeros(status), "conditions": old.get("conditions") or []}
    return with_conditions(known, timestamp(now), conditions)


def _available(spec: dict[str, Any], counts: dict[str, int]) -> dict[str, Any]:
    enough = counts["availableReplicas"] >= spec.get("replicas", 1) - strategy_of(spec).unavailable
    return {
        "type": "Available",
        "status": str(enough),
        "reason": "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
        "message": f"Deployment {'has' if enough else 'does not have'} minimum availability.",
    }


def _progressing(deployment: Object, name: str, counts: dict[str, int], now: datetime) -> dict[str, Any]:
    """The condition Progressing: once a rollout is through, a pod that fails does not make it one again."""
    before = condition(deployment, "Progressing")
    through = before.get("reason") == THROUGH
    if deployment["spec"].get("paused"):
        return _said("Unknown", "DeploymentPaused", "Deployment is paused", before, now)
    if _complete(deployment["spec"], counts):
        message = f'ReplicaSet "{name}" has successfully progressed.'
        return _said("True", THROUGH, message, before, now)
    if through and counts["replicas"] == counts["updatedReplicas"]:
        return before
    if not before or through or _moved(deployment.get("status") or {}, counts):
        return _said("True", UNDER_WAY, f'ReplicaSet "{name}" is progressing.', {}, now)
    if now - datetime.fromisoformat(before["lastUpdateTime"]) < timedelta(
        seconds=deployment["spec"].get("progressDeadlineSeconds", DEADLINE)
    ):
        return before
    return _said("False", "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.', before, now)


def _said(status: str, reason: str, message: str, before: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A condition; the time of its last update is that of `before`, if that said the same."""
    said = {"type": "Progressing", "status": status, "reason": reason, "message": message}
    same = said.items() <= before.items()
    return {**said, "lastUpdateTime": before["lastUpdateTime"] if same else timestamp(now)}


def _complete(spec: dict[str, Any], counts: dict[str, int]) -> bool:
    desired = spec.get("replicas", 1)
    return all(counts[member] == desired for member in ("updatedReplicas", "replicas", "availableReplicas"))


def _moved(before: dict[str, Any], counts: dict[str, int]) -> bool:
    """Whether the rollout got on since the status was `before`."""
    old = {name: before.get(name, 0) for name in counts}
    more = ("updatedReplicas", "readyReplicas", "availableReplicas")
    fewer_old = counts["replicas"] - counts["updatedReplicas"] < old["replicas"] - old["updatedReplicas"]
    return fewer_old or any(counts[name] > old[name] for name in more)


def _sum(sets: Sequence[Object], member: str) -> int:
    return sum((one.get("status") or {}).get(member, 0) for one in sets)
