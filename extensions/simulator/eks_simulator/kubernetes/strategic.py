# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategic merge patches: maps merge, null deletes, lists merge by the keys of their items. Pure.

The directives are those of "Update API Objects in Place Using kubectl patch" and of Kubernetes' design document
"Strategic Merge Patch".
"""

from __future__ import annotations

from typing import Any

from . import schema
from .errors import ApiError
from .schema import Path

_REMOVAL = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"
_PATCH = "$patch"
_RETAIN = "$retainKeys"


def patched(value: dict[str, Any], patch: dict[str, Any], path: Path = ()) -> dict[str, Any]:
    """`value` with `patch` upon it; neither is touched. Raises ApiError BadRequest."""
    directive = patch.get(_PATCH)
    if directive == "replace":
        return _plain({name: member for name, member in patch.items() if name != _PATCH})
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise ApiError("BadRequest", f"unrecognized {_PATCH} directive: {directive!r}")
    kept = patch.get(_RETAIN)
    result = {name: member for name, member in value.items() if kept is None or name in kept}
    for name, wanted in patch.items():
        if name.startswith(_REMOVAL):
            name = name.removeprefix(_REMOVAL)
            result[name] = [one for one in result.get(name) or [] if one not in wanted]
        elif wanted is None:
            result.pop(name, None)
        elif not name.startswith("$"):
            result[name] = _member(result.get(name), wanted, (*path, name))
    return result


def _member(value: Any, wanted: Any, path: Path) -> Any:
    if isinstance(wanted, dict):
        return patched(value if isinstance(value, dict) else {}, wanted, path)
    if isinstance(wanted, list):
        return _list(value if isinstance(value, list) else [], wanted, path)
    return wanted


def _list(value: list[Any], wanted: list[Any], path: Path) -> list[Any]:
    names = schema.keys(path)
    if schema.is_set(path):
        return list(dict.fromkeys([*value, *wanted]))
    if not names or not all(isinstance(item, dict) for item in wanted):
        return [_plain(item) for item in wanted]
    if {_PATCH: "replace"} in wanted:
        return [_plain(item) for item in wanted if item != {_PATCH: "replace"}]
    return _merged(value, wanted, names, path)


def _merged(
    value: list[dict[str, Any]], wanted: list[dict[str, Any]], names: tuple[str, ...], path: Path
) -> list[dict[str, Any]]:
    """Items of the same key become one; new ones come last."""
    result = {schema.key_of(item, names): item for item in value}
    for item in wanted:
        key = schema.key_of(item, names)
        if not isinstance(key[0], str | int):
            raise ApiError("BadRequest", f"map: {item} does not contain declared merge key: {names[0]}")
        if item.get(_PATCH) == "delete":
            result.pop(key, None)
        else:
            result[key] = patched(result.get(key, {}), item, path)
    return list(result.values())


def _plain(value: Any) -> Any:
    """A value that replaces another: without nulls and directives in maps."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if one is not None and not name.startswith("$")}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
