# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disruption budgets: how many of the pods that one selects may be evicted now. Pure.

Rules: "Specifying a Disruption Budget for your Application", and the messages of the eviction subresource.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from . import selectors
from .objects import Object, timestamp

_ENDED = ("Succeeded", "Failed")


def covers(budget: Object, pod: Object) -> bool:
    """Whether the budget counts the pod."""
    same = budget["metadata"]["namespace"] == pod["metadata"]["namespace"]
    return same and selectors.selects(budget["spec"].get("selector"), pod["metadata"].get("labels") or {})


def status(budget: Object, pods: Iterable[Object], expected: Callable[[list[Object]], int], now: datetime) -> Object:
    """The status that the controller gives `budget`, of `pods` of its namespace.

    `expected` tells how many pods the controllers of the selected ones want.
    """
    spec, generation = budget["spec"], budget["metadata"]["generation"]
    selected = [pod for pod in pods if covers(budget, pod) and pod.get("status", {}).get("phase") not in _ENDED]
    healthy = sum(is_healthy(pod) for pod in selected)
    count = len(selected) if isinstance(spec.get("minAvailable"), int) else expected(selected)
    desired = _desired(spec, count)
    allowed = max(0, healthy - desired) if count else 0
    return {
        "conditions": _conditions(budget, allowed, now),
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "disruptionsAllowed": allowed,
        "expectedPods": count,
        "observedGeneration": generation,
    }


def is_healthy(pod: Object) -> bool:
    """Ready, and not about to go."""
    conditions = pod.get("status", {}).get("conditions") or []
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]


def _desired(spec: dict[str, Any], expected: int) -> int:
    """Percentages are rounded up, those of maxUnavailable, too."""
    if spec.get("maxUnavailable") is not None:
        return max(0, expected - _amount(spec["maxUnavailable"], expected))
    return _amount(spec.get("minAvailable", 1), expected)


def _amount(value: int | str, of: int) -> int:
    """A number, or a percentage such as `50%`."""
    if isinstance(value, int):
        return value
    return -(-int(value.removesuffix("%")) * of // 100)


def _conditions(budget: Object, allowed: int, now: datetime) -> list[dict[str, Any]]:
    """Whether there is room, since when."""
    state = "True" if allowed else "False"
    earlier = (budget.get("status") or {}).get("conditions") or []
    same = [one for one in earlier if one["type"] == "DisruptionAllowed" and one["status"] == state]
    return [
        {
            "type": "DisruptionAllowed",
            "status": state,
            "reason": "SufficientPods" if allowed else "InsufficientPods",
            "message": "",
            "observedGeneration": budget["metadata"]["generation"],
            "lastTransitionTime": same[0]["lastTransitionTime"] if same else timestamp(now),
        }
    ]
