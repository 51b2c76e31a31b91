# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on request: errors, delays and lost answers for calls; bad endings for resources.

A call fault names an operation (`DescribeCluster`, `eks:*`, `ec2:Describe*`, `*`); a state fault names a resource
kind and what it `becomes`. Both are plain dicts, as the README's table describes them.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

CALL_KEYS = {"operation", "error", "status", "message", "rate", "count", "after", "latency", "drop"}
STATE_KEYS = {"resource", "name", "becomes", "code", "message", "count"}
ENDINGS: dict[str, dict[str, set[str]]] = {
    "cluster": {"FAILED": {"create", "update"}, "CANCELLED": {"update"}},
    "nodegroup": {
        "CREATE_FAILED": {"create"},
        "DEGRADED": {"create", "update"},
        "FAILED": {"update"},
        "CANCELLED": {"update"},
        "DELETE_FAILED": {"delete"},
    },
    "capability": {
        "CREATE_FAILED": {"create"},
        "DEGRADED": {"create", "update"},
        "FAILED": {"update"},
        "DELETE_FAILED": {"delete"},
    },
    "fargate_profile": {"CREATE_FAILED": {"create"}, "DELETE_FAILED": {"delete"}},
    "addon": {
        "CREATE_FAILED": {"create"},
        "DEGRADED": {"create", "update"},
        "FAILED": {"update"},
        "CANCELLED": {"update"},
        "DELETE_FAILED": {"delete"},
    },
    "node": {"NOTREADY": {"create"}, "NOT_JOINED": {"create"}},
}
"""In what each kind of resource can end badly, and which of its phases end so. FAILED and CANCELLED end an update."""

_STATUS = {
    "ThrottlingException": 429,
    "TooManyRequestsException": 429,
    "InternalFailure": 500,
    "ServerException": 500,
    "ServiceUnavailableException": 503,
}


@dataclass
class _Fault:
    spec: dict[str, Any]
    seen: int = 0
    struck: int = 0
    dice: random.Random = field(default_factory=lambda: random.Random(1))

    def strikes(self) -> bool:
        """Count one more occasion, and say whether the fault takes it."""
        self.seen += 1
        count = self.spec.get("count")
        if self.seen <= self.spec.get("after", 0) or (count is not None and self.struck >= count):
            return False
        if self.dice.random() >= self.spec.get("rate", 1):
            return False
        self.struck += 1
        return True


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._calls: list[_Fault] = []
        self._endings: list[_Fault] = []

    def add(self, spec: dict[str, Any]) -> None:
        """Put a fault in force. Raises ValueError, naming the key, if the specification is not one."""
        known = STATE_KEYS if "resource" in spec else CALL_KEYS
        for key in spec:
            _known("key of a fault", key, known)
        if "resource" in spec:
            _known("resource", spec["resource"], ENDINGS)
            _known(f"ending of a {spec['resource']}", str(spec.get("becomes", "")).upper(), ENDINGS[spec["resource"]])
            self._endings.append(_Fault(spec))
            return
        if not any(spec.get(effect) for effect in ("error", "latency", "drop")):
            raise ValueError("a call fault needs an error, a latency or drop")
        self._calls.append(_Fault({"operation": "*", **spec}))

    def clear(self) -> None:
        self._calls.clear()
        self._endings.clear()

    def for_call(self, service: str, operation: str) -> dict[str, Any] | None:
        """The fault that strikes this call, with its `status` filled in, or None."""
        for fault in self._calls:
            pattern = fault.spec["operation"]
            name = f"{service}:{operation}" if ":" in pattern else operation
            if fnmatchcase(name, pattern) and fault.strikes():
                return {"status": _STATUS.get(fault.spec.get("error", ""), 400), **fault.spec}
        return None

    def for_ending(self, resource: str, name: str, phase: str, owner: str = "") -> dict[str, Any] | None:
        """The fault in which the `phase` (create, update, delete) of a resource ends, with `becomes` in capitals. It
        may name the resource, or its owner: that of a node is its node group."""
        for fault in self._endings:
            becomes = fault.spec["becomes"].upper()
            pattern = fault.spec.get("name", "*")
            wanted = fault.spec["resource"] == resource and (fnmatchcase(name, pattern) or fnmatchcase(owner, pattern))
            if wanted and phase in ENDINGS[resource].get(becomes, ()) and fault.strikes():
                return {**fault.spec, "becomes": becomes}
        return None


def _known(what: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        raise ValueError(f"unknown {what}: {value!r}; known: {', '.join(sorted(known))}")
