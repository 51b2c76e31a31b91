# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a value that says only some of it compares with a whole one, where no descriptor tells more. Pure.

A structure matches on the members that are given, so an empty one always; a list as a whole, in any order unless its
name says that order means something. What the service leaves out of an answer counts as empty.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any


def matches(given: Any, seen: Any, ordered: Collection[str] = (), name: str = "") -> bool:
    """Whether what is ``seen`` is as ``given``. ``ordered`` are names of members whose lists have an order."""
    if isinstance(given, Mapping):
        seen = seen or {}
        return all(matches(value, seen.get(key), ordered, key) for key, value in given.items())
    return _tidy(given, ordered, name) == _tidy(seen, ordered, name)


def _tidy(value: Any, ordered: Collection[str], name: str = "") -> Any:
    if isinstance(value, Mapping):
        return {key: kept for key, item in value.items() if (kept := _tidy(item, ordered, key)) is not None} or None
    if isinstance(value, list):
        items = [_tidy(item, ordered) for item in value]
        return (items if name in ordered else sorted(items, key=lambda item: json.dumps(item, sort_keys=True))) or None
    return None if says_nothing(value) or value is False else value


def says_nothing(value: Any) -> bool:
    """Whether a value is none, or has nothing in it. Zero and false say something."""
    return value is None or value in ("", [], {})


def merged(before: Any, given: Any) -> Any:
    """A whole value with what is given put into it; lists are replaced."""
    if not isinstance(before, Mapping) or not isinstance(given, Mapping):
        return given
    return {**before, **{key: merged(before.get(key), value) for key, value in given.items()}}


def portion(seen: Any, given: Any) -> Any:
    """Of a whole value the part that is given, for people who compare the two."""
    if not isinstance(seen, Mapping) or not isinstance(given, Mapping):
        return seen
    return {key: portion(seen[key], value) for key, value in given.items() if key in seen}
