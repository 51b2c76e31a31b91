# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a desired value compares with an observed one, and what of it an update has to send. Pure.

A structure matches on the members that are given; a map matches exactly; a list matches in any order unless order means
something, and its items match whole, as the list was given whole. What the service leaves out of an answer counts as
empty: no list is the empty list, no boolean is false.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._model import Option, Values


@dataclass(frozen=True)
class Difference:
    """A path whose value is not what is desired."""

    path: str
    before: Any
    after: Any


def differences(option: Option, desired: Values, observed: Values | None, path: str = "") -> list[Difference]:
    """The paths below a structure where ``observed`` is not what ``desired`` gives."""
    found: list[Difference] = []
    for name, wanted in desired.items():
        member = (option.members or {})[name]
        below = f"{path}.{name}" if path else name
        seen = (observed or {}).get(name)
        if not member.echoed:
            continue
        if member.members is not None:
            found += differences(member, wanted, seen, below)
        elif member.elements is not None and member.keyed:
            found += _keyed_differences(member.elements, member.keyed, wanted, seen or [], below)
        elif normal(member, wanted) != normal(member, seen):
            found.append(Difference(below, _as_far_as_known(member, seen), wanted))
    return found


def _keyed_differences(item: Option, key: str, wanted: list[Any], seen: list[Any], path: str) -> list[Difference]:
    """Of a list whose items a member tells apart: whether those that are wanted are there as they shall be."""
    before = _by_key(key, seen)
    if all(not differences(item, one, before.get(one[key])) for one in wanted):
        return []
    shown = [_as_far_as_known(item, before[one[key]]) for one in wanted if one[key] in before]
    return [Difference(path, shown, wanted)]


def _by_key(key: str, items: list[Any]) -> dict[str, Any]:
    return {item[key]: item for item in items}


def _as_far_as_known(option: Option, value: Any) -> Any:
    """An observed value without the members that no option is about."""
    if option.elements is not None and isinstance(value, list):
        return [_as_far_as_known(option.elements, item) for item in value]
    if option.members is not None and isinstance(value, dict):
        return {
            name: _as_far_as_known(option.members[name], item) for name, item in value.items() if name in option.members
        }
    return value


def normal(option: Option, value: Any) -> Any:
    """The form in which equal values are equal: without empty members, unordered lists sorted, None for nothing."""
    if option.normal is not None:
        value = option.normal(value)
    if value is None or value is False:
        return None
    if option.members is not None:
        members = {name: normal(member, value.get(name)) for name, member in option.members.items()}
        return {name: member for name, member in members.items() if member is not None} or None
    if option.elements is not None:
        items = [normal(option.elements, item) for item in value]
        return (items if option.ordered else sorted(items, key=_sort_key)) or None
    return None if value in ("", {}) else value


def _sort_key(item: Any) -> str:
    return json.dumps(item, sort_keys=True)


def to_send(option: Option, before: Any, after: Any) -> Any:
    """What an update request carries for a value: the whole structure as it shall be, so that no member is lost.

    A value that was not given stays as it is. Of members that exclude each other, the given one displaces the others.
    """
    if after is None:
        return before
    if option.patch is not None:
        return option.patch(before, after)
    if option.keyed and option.elements is not None:
        known = _by_key(option.keyed, before or [])
        return [to_send(option.elements, known.get(item[option.keyed]), item) for item in after]
    if option.members is None or option.subset:
        return after
    before = before or {}
    merged = {name: to_send(member, before.get(name), after.get(name)) for name, member in option.members.items()}
    displaced = {name for group in option.exclusive for name in group if _given(group, after) and name not in after}
    return {name: value for name, value in merged.items() if value is not None and name not in displaced}


def _given(group: tuple[str, ...], values: Mapping[str, Any]) -> bool:
    return any(name in values for name in group)
