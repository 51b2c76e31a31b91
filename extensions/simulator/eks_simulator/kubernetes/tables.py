# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables, the form in which `kubectl get` asks for objects (meta.k8s.io/v1): the rows that people read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from . import cells
from .objects import Object
from .types import Type

LIST_METADATA = ("resourceVersion", "continue", "remainingItemCount")


def wanted(accept: str) -> bool:
    """Whether the client's first choice is a table."""
    return "as=Table" in accept.split(",")[0]


def table(
    kind: Type, things: list[Object], metadata: dict[str, Any], now: datetime, include: str | None = None
) -> Object:
    """`things` as a Table. `include` is the parameter includeObject: None, Metadata or Object."""
    columns = cells.columns(kind)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": [_definition(cell) for cell in columns],
        "rows": [{"cells": [cell.show(thing, now) for cell in columns], **_object(thing, include)} for thing in things],
    }


def _object(thing: Object, include: str | None) -> dict[str, Any]:
    if include == "None":
        return {}
    if include == "Object":
        return {"object": thing}
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": thing["metadata"]}
    return {"object": partial}


def _definition(cell: cells.Cell) -> dict[str, Any]:
    form = "name" if cell.name == "Name" else ""
    return {
        "name": cell.name,
        "type": cell.type,
        "format": form,
        "description": cell.name,
        "priority": int(cell.wide),
    }
