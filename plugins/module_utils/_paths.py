# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values at a path: a dotted name such as ``resources_vpc_config.subnet_ids`` in nested dicts."""

from __future__ import annotations

from typing import Any


def pick(values: dict[str, Any] | None, path: str) -> Any:
    """The value at a dotted path of nested dicts, None where there is none."""
    found: Any = values
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def prune(values: Any, path: str) -> None:
    """Removes the value at a dotted path, if there is one; of a list of structures, from each."""
    if isinstance(values, list):
        for item in values:
            prune(item, path)
        return
    head, _dot, rest = path.partition(".")
    if rest and isinstance(values, dict):
        prune(values.get(head), rest)
    elif isinstance(values, dict):
        values.pop(head, None)


def graft(values: dict[str, Any], path: str, value: Any) -> None:
    """Sets the value at a dotted path, making the dicts on the way."""
    *parents, last = path.split(".")
    for name in parents:
        values = values.setdefault(name, {})
    values[last] = value
