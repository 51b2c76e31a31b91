# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selectors: of labels and fields as the query has them, and of labels as objects have them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .errors import ApiError
from .objects import Object, member
from .types import EVENT, NAMESPACE, NODE, POD, REPLICA_SET, SECRET, SERVICE, Type

Test = Callable[[Object], bool]

_REQUIREMENT = re.compile(
    r"^(?P<absent>!)?\s*(?P<key>[\w./-]+)\s*"
    r"(?:(?P<sign>==|!=|=)\s*(?P<value>[\w.-]*)|\s(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?$"
)
_FIELDS = {
    POD: (
        "spec.nodeName spec.restartPolicy spec.schedulerName spec.serviceAccountName spec.hostNetwork status.phase"
        " status.podIP status.nominatedNodeName"
    ),
    NODE: "spec.unschedulable",
    NAMESPACE: "status.phase",
    SECRET: "type",
    SERVICE: "spec.clusterIP spec.type",
    REPLICA_SET: "status.replicas",
    EVENT: (
        "involvedObject.kind involvedObject.namespace involvedObject.name involvedObject.uid involvedObject.apiVersion"
        " involvedObject.resourceVersion involvedObject.fieldPath reason reportingComponent source type"
    ),
}
"""The fields besides metadata.name and metadata.namespace ("Field Selectors" of the Kubernetes documentation)."""

_FLAGS = ("spec.unschedulable", "spec.hostNetwork")

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
"""Of the expressions in a LabelSelector."""


def by_query(kind: Type, parameters: dict[str, str]) -> Test:
    """What labelSelector and fieldSelector of a query let through. Raises ApiError BadRequest."""
    labels = _labels(parameters.get("labelSelector", ""))
    fields = _fields(kind, parameters.get("fieldSelector", ""))
    return lambda thing: labels(thing["metadata"].get("labels") or {}) and fields(thing)


def selects(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    """Whether a LabelSelector selects these labels. None selects nothing, an empty one everything."""
    if selector is None:
        return False
    equal = all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())
    return equal and all(_meets(one, labels) for one in selector.get("matchExpressions") or [])


def text(selector: dict[str, Any]) -> str:
    """A LabelSelector as a query has it."""
    signs = {"In": "in", "NotIn": "notin"}
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for one in selector.get("matchExpressions") or []:
        if one["operator"] in signs:
            parts.append(f"{one['key']} {signs[one['operator']]} ({','.join(sorted(one['values']))})")
        else:
            parts.append(f"{'!' if one['operator'] == 'DoesNotExist' else ''}{one['key']}")
    return ",".join(parts)


def _meets(expression: dict[str, Any], labels: dict[str, str]) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values") or []
    return {
        "In": value is not None and value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }[expression["operator"]]


def _labels(query: str) -> Callable[[dict[str, str]], bool]:
    expressions = [_expression(part.strip()) for part in _split(query)]
    return lambda labels: all(_meets(one, labels) for one in expressions)


def _split(query: str) -> list[str]:
    """At the commas that stand outside of parentheses."""
    return [part for part in re.split(r",(?![^(]*\))", query) if part.strip()]


def _expression(part: str) -> dict[str, Any]:
    found = _REQUIREMENT.match(part)
    if not found or (found["absent"] and (found["sign"] or found["set"])):
        raise ApiError("BadRequest", f"unable to parse requirement: {part!r}")
    if found["set"]:
        values = [value.strip() for value in found["values"].split(",")]
        return {"key": found["key"], "operator": "In" if found["set"] == "in" else "NotIn", "values": values}
    if found["sign"]:
        operator = "NotIn" if found["sign"] == "!=" else "In"
        return {"key": found["key"], "operator": operator, "values": [found["value"]]}
    return {"key": found["key"], "operator": "DoesNotExist" if found["absent"] else "Exists"}


def _fields(kind: Type, query: str) -> Test:
    tests = [_field(kind, part.strip()) for part in _split(query)]
    return lambda thing: all(test(thing) for test in tests)


def _field(kind: Type, part: str) -> Test:
    found = re.match(r"^([\w.]+)(==|!=|=)(.*)$", part)
    if not found:
        raise ApiError("BadRequest", f"invalid selector: {part!r}; can't understand {part!r}")
    path, sign, wanted = found.groups()
    supported = ["metadata.name", *(["metadata.namespace"] if kind.namespaced else []), *_FIELDS.get(kind, "").split()]
    if path not in supported:
        raise ApiError("BadRequest", f"field label not supported: {path}")
    return lambda thing: (_text(thing, path) == wanted) == (sign != "!=")


def _text(thing: Object, path: str) -> str:
    """A member as text; one that is not there is empty, or false."""
    value = member(thing, path)
    if path in _FLAGS:
        return str(bool(value)).lower()
    return "" if value is None else str(value)
