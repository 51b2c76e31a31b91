# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods a node can take. Pure.

https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ and
https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from ..objects import Object
from .quantities import millis

UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"


def taints(node: Object) -> list[dict[str, Any]]:
    return node["spec"].get("taints") or []


def tolerates(toleration: dict[str, Any], taint: dict[str, Any]) -> bool:
    """Whether a toleration matches a taint: without an effect it matches all, without a key, if it `Exists`, too."""
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("key") not in (None, "", taint["key"]):
        return False
    exists = toleration.get("operator") == "Exists"
    return exists or (bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or ""))


def untolerated(spec: dict[str, Any], node: Object, *effects: str) -> dict[str, Any] | None:
    """The first taint of these effects that a pod of this spec does not tolerate."""
    tolerations = spec.get("tolerations") or []
    for taint in taints(node):
        if taint["effect"] in effects and not any(tolerates(one, taint) for one in tolerations):
            return taint
    return None


def selects(spec: dict[str, Any], node: Object) -> bool:
    """Whether a pod's node selector and required node affinity accept a node: any term of these, all of a term."""
    labels = node["metadata"].get("labels") or {}
    if not (spec.get("nodeSelector") or {}).items() <= labels.items():
        return False
    terms = _terms(spec)
    return terms is None or any(_accepts(term, node, labels) for term in terms)


def pinned(spec: dict[str, Any]) -> str | None:
    """The one node that a pod's affinity names, as that of a DaemonSet's pod does."""
    fields = [field for term in _terms(spec) or [] for field in term.get("matchFields") or []]
    return fields[0]["values"][0] if len(fields) == 1 and fields[0]["operator"] == "In" else None


def pinned_to(affinity: dict[str, Any] | None, node: str) -> dict[str, Any]:
    """An affinity narrowed down to one node."""
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    terms = _terms({"affinity": affinity}) or [{}]
    narrowed = {"nodeSelectorTerms": [{**term, "matchFields": [field]} for term in terms]}
    node_affinity = {**((affinity or {}).get("nodeAffinity") or {})}
    node_affinity["requiredDuringSchedulingIgnoredDuringExecution"] = narrowed
    return {**(affinity or {}), "nodeAffinity": node_affinity}


def shortages(wanted: Counter[str], taken: Counter[str], node: Object) -> list[str]:
    """What a node has too little of, in the scheduler's words."""
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    short = [
        name for name, amount in wanted.items() if amount and amount > millis(allocatable.get(name, 0)) - taken[name]
    ]
    return ["Too many pods" if name == "pods" else f"Insufficient {name}" for name in short]


def _terms(spec: dict[str, Any]) -> list[dict[str, Any]] | None:
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return None if required is None else required.get("nodeSelectorTerms") or []


def _accepts(term: dict[str, Any], node: Object, labels: dict[str, str]) -> bool:
    """A term that demands nothing accepts nothing (API reference, NodeSelectorTerm)."""
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not expressions and not fields:
        return False
    named = {"metadata.name": node["metadata"]["name"]}
    return _all_hold(expressions, labels) and _all_hold(fields, named)


def _all_hold(expressions: Iterable[dict[str, Any]], labels: dict[str, str]) -> bool:
    return all(_holds(one, labels.get(one["key"])) for one in expressions)


def _holds(expression: dict[str, Any], value: str | None) -> bool:
    values = expression.get("values") or []
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    if value is None or not value.lstrip("-").isdigit():
        return False
    return int(value) > int(values[0]) if expression["operator"] == "Gt" else int(value) < int(values[0])
