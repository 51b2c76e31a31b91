# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many pods a disruption budget lets go."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.api_server import NOW

from eks_simulator.kubernetes import budgets
from eks_simulator.kubernetes.objects import Object


def pod(ready: bool = True, phase: str = "Running", leaving: bool = False, app: str = "web") -> Object:
    marks = {"deletionTimestamp": "2026-11-06T00:00:00Z"} if leaving else {}
    conditions = [{"type": "Ready", "status": str(ready)}]
    metadata = {"namespace": "default", "labels": {"app": app}, **marks}
    return {"metadata": metadata, "status": {"phase": phase, "conditions": conditions}}


def status(pods: list[Object], wanted: int = 4, **spec: Any) -> Object:
    selector = {"matchLabels": {"app": "web"}}
    budget = {"metadata": {"namespace": "default", "generation": 3}, "spec": {"selector": selector, **spec}}
    return budgets.status(budget, pods, lambda selected: wanted, NOW)


@pytest.mark.parametrize(
    ("spec", "expected", "desired", "allowed"),
    [
        ({"minAvailable": 2}, 4, 2, 2),
        ({"minAvailable": "60%"}, 4, 3, 1),
        ({"minAvailable": 9}, 4, 9, 0),
        ({"maxUnavailable": 1}, 4, 3, 1),
        ({"maxUnavailable": "30%"}, 4, 2, 2),
        ({"maxUnavailable": 0}, 4, 4, 0),
        ({"maxUnavailable": 9}, 4, 0, 4),
        ({}, 4, 1, 3),
    ],
)
def test_numbers_and_percentages(spec: dict[str, Any], expected: int, desired: int, allowed: int) -> None:
    found = status([pod() for _number in range(4)], **spec)
    assert (found["expectedPods"], found["desiredHealthy"], found["disruptionsAllowed"]) == (expected, desired, allowed)
    assert found["observedGeneration"] == 3


def test_only_pods_that_are_ready_and_stay_are_healthy() -> None:
    pods = [pod(), pod(ready=False), pod(leaving=True), pod(phase="Failed"), pod(app="other")]
    found = status(pods, minAvailable=1)
    assert (found["expectedPods"], found["currentHealthy"], found["disruptionsAllowed"]) == (3, 1, 0)


def test_pods_that_nobody_controls_count_for_nothing_in_percentages() -> None:
    assert status([pod()], wanted=0, minAvailable="0%")["disruptionsAllowed"] == 0


def test_the_condition_tells_since_when() -> None:
    first = status([pod(), pod()], minAvailable=1)
    (condition,) = first["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == (
        "DisruptionAllowed",
        "True",
        "SufficientPods",
    )
    budget = {
        "metadata": {"namespace": "default", "generation": 4},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "minAvailable": 1},
        "status": {"conditions": [{**condition, "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
    }
    same = budgets.status(budget, [pod(), pod()], len, NOW)
    assert same["conditions"][0]["lastTransitionTime"] == "2026-01-01T00:00:00Z"
    other = budgets.status(budget, [pod()], len, NOW)
    assert other["conditions"][0]["lastTransitionTime"] == "2026-11-06T00:00:00Z"
