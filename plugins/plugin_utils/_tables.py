# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What roles and playbooks show of a cluster: tables, and how many pods run where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

GAP = "  "
OVER = ("Succeeded", "Failed")  # phases of pods that take no room on a node any more
NOWHERE = "(not scheduled)"


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> list[str]:
    """The lines of a table with a heading: a column for each named member of the rows, numbers to the right."""
    body = [[_cell(row.get(column)) for column in columns] for row in rows]
    numeric = [bool(body) and all(line[index].isdigit() for line in body) for index in range(len(columns))]
    heading = [column.replace("_", " ").upper() for column in columns]
    widths = [max(map(len, column)) for column in zip(heading, *body, strict=True)]
    return [_line(cells, widths, numeric) for cells in [heading, *body]]


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    placed = [
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    ]
    return GAP.join(placed).rstrip()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)


def placement(pods: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How many pods each node runs for each namespace, and how many of them are ready.

    ``pods`` are objects of the Kubernetes API. Pods that are over do not count.
    """
    found, ready = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for pod in pods:
        status = pod.get("status") or {}
        if status.get("phase") not in OVER:
            where = ((pod.get("spec") or {}).get("nodeName") or NOWHERE, pod["metadata"]["namespace"])
            found[where] += 1
            ready[where] += _is_ready(status)
    return [
        {"node": node, "namespace": namespace, "pods": found[node, namespace], "ready": ready[node, namespace]}
        for node, namespace in sorted(found)
    ]


def _is_ready(status: Mapping[str, Any]) -> bool:
    conditions = status.get("conditions") or []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
