# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of an object as paths, and as the trees that `metadata.managedFields` has of them (FieldsV1). Pure.

The steps of a path are a tree's keys: `f:replicas` for a member, `k:{"name":"web"}` for the item of a list that has
this key, `v:"x"` for a value of a set, `.` for the item itself.
"""

from __future__ import annotations

import json
from typing import Any

from . import schema
from .objects import Object
from .schema import Path

FieldPath = tuple[str, ...]

_ITSELF = "."
_UNMANAGED = {
    (): ("apiVersion", "kind", "status"),
    ("metadata",): (
        "name",
        "generateName",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "managedFields",
    ),
}
"""What nobody manages: identity, and what the server writes. Conflicts about a status do not arise here."""
_HOLLOW = ((), ("f:metadata",))
"""What is no field when it is empty."""


def leaves(thing: Object) -> dict[FieldPath, Any]:
    """Every field of an object with its value. An item of a list counts as a field that is there."""
    found: dict[FieldPath, Any] = {}
    _collect(thing, (), (), found)
    return found


def _collect(value: Any, path: Path, steps: FieldPath, found: dict[FieldPath, Any]) -> None:
    if isinstance(value, dict) and value:
        for name, member in value.items():
            if name not in _UNMANAGED.get(path, ()):
                _collect(member, (*path, name), (*steps, f"f:{name}"), found)
    elif isinstance(value, list) and schema.is_set(path):
        found.update({(*steps, f"v:{json.dumps(item)}"): item for item in value})
    elif isinstance(value, list) and value and schema.keys(path):
        for item in value:
            place = (*steps, _key(item, schema.keys(path)))
            found[(*place, _ITSELF)] = True
            _collect(item, path, place, found)
    elif steps not in _HOLLOW:
        found[steps] = value


def _key(item: dict[str, Any], names: tuple[str, ...]) -> str:
    key = dict(zip(names, schema.key_of(item, names), strict=True))
    return f"k:{json.dumps(key, separators=(',', ':'), sort_keys=True)}"


def encoded(paths: set[FieldPath]) -> dict[str, Any]:
    """FieldsV1 of these paths."""
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        branch = tree
        for step in path:
            branch = branch.setdefault(step, {})
    return tree


def decoded(tree: Any, steps: FieldPath = ()) -> set[FieldPath]:
    """The paths of FieldsV1."""
    if not tree or not isinstance(tree, dict):
        return {steps} if steps else set()
    return {path for step, branch in tree.items() for path in decoded(branch, (*steps, step))}


def text(path: FieldPath) -> str:
    """A path as messages have it: `.spec.template.spec.containers[name="web"].image`."""
    words = ""
    for step in path:
        kind, _colon, rest = step.partition(":")
        if kind == "f":
            words += f".{rest}"
        elif kind == "k":
            words += "[" + ",".join(f"{name}={json.dumps(value)}" for name, value in json.loads(rest).items()) + "]"
        elif kind == "v":
            words += f"[{rest}]"
    return words


def removed(thing: Object, dropped: set[FieldPath], kept: set[FieldPath]) -> Object:
    """The object without the fields `dropped`, and without the maps and items that this empties. An item goes as a
    whole unless something of it is `kept`."""
    for path in sorted(dropped, key=lambda path: path[-1] != _ITSELF):
        within = path[:-1] if path[-1] == _ITSELF else path
        if not any(other[: len(within)] == within for other in kept):
            thing = _pruned(thing, within)
    return thing


def _pruned(value: Any, path: FieldPath) -> Any:
    """`value` without what is at `path`, if that is there."""
    step, rest = path[0], path[1:]
    if isinstance(value, list):
        return [left for item in value for left in _item_pruned(item, step, rest)]
    name = step.removeprefix("f:")
    if not isinstance(value, dict) or name not in value:
        return value
    left = _pruned(value[name], rest) if rest else None
    if left in (None, {}, []):
        return {member: one for member, one in value.items() if member != name}
    return {**value, name: left}


def _item_pruned(item: Any, step: str, rest: FieldPath) -> list[Any]:
    """An item of a list, or nothing if it is the one that goes. What stays keeps its key."""
    if not _is(item, step):
        return [item]
    if not rest:
        return []
    is_key = step.startswith("k:") and rest[0].removeprefix("f:") in json.loads(step.removeprefix("k:"))
    return [item if is_key else _pruned(item, rest)]


def _is(item: Any, step: str) -> bool:
    kind, _colon, wanted = step.partition(":")
    if kind == "v":
        return bool(item == json.loads(wanted))
    key = json.loads(wanted)
    return schema.key_of(item, tuple(key)) == tuple(key.values())
