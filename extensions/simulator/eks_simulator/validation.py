# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a request against the service model: required members, types, enums, patterns, lengths and ranges.

Worded as AWS words its own constraint violations ("N validation errors detected: Value ... failed to satisfy
constraint ..."). A member that the model does not know is refused as well: AWS would drop it silently, but a boto3
client cannot send one, so it can only be a mistake of whoever wrote the request by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from botocore.model import Shape

_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
    "timestamp": (int, float, str),
    "blob": (str, bytes),
}


_MOST_SHOWN = 50


def problems(shape: Shape, value: dict[str, Any]) -> str | None:
    """Everything that is wrong with `value` as a `shape`, in one message; None if nothing is."""
    found = list(_walk(shape, value, ""))
    if not found:
        return None
    noun = "error" if len(found) == 1 else "errors"
    return f"{len(found)} validation {noun} detected: " + "; ".join(found)


def _walk(shape: Shape, value: Any, path: str) -> Iterator[str]:
    expected = _TYPES[shape.type_name]
    if not isinstance(value, expected) or (isinstance(value, bool) and shape.type_name != "boolean"):
        yield _violation(value, path, f"Member must be of type {shape.type_name}")
        return
    yield from _CHECKS.get(shape.type_name, _nothing)(shape, value, path)


def _structure(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _violation(None, _join(path, name), "Member must not be null")
    for name, member in value.items():
        if name not in shape.members:
            known = ", ".join(shape.members)
            yield f"Unknown member '{name}' at '{path or 'the request'}': the members are {known}"
        else:
            yield from _walk(shape.members[name], member, _join(path, name))


def _list(shape: Any, value: list[Any], path: str) -> Iterator[str]:
    yield from _length(shape, value, path)
    for number, item in enumerate(value, 1):
        yield from _walk(shape.member, item, f"{path}.{number}.member")


def _map(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    yield from _length(shape, value, path)
    for key, item in value.items():
        yield from _walk(shape.key, key, f"{path}.key")
        yield from _walk(shape.value, item, f"{path}.{key}.member")


def _string(shape: Any, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield _violation(value, path, f"Member must satisfy enum value set: [{_listed(shape.enum)}]")
    yield from _length(shape, value, path)
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield _violation(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _listed(values: list[str]) -> str:
    """The values of an enum; of a very long one, as that of all instance types, the first ones."""
    return ", ".join(values if len(values) <= _MOST_SHOWN else [*values[:_MOST_SHOWN], "..."])


def _number(shape: Any, value: float, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield _violation(value, path, f"Member must have value greater than or equal to {least}")
    if most is not None and value > most:
        yield _violation(value, path, f"Member must have value less than or equal to {most}")


def _length(shape: Any, value: Any, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and len(value) < least:
        yield _violation(value, path, f"Member must have length greater than or equal to {least}")
    if most is not None and len(value) > most:
        yield _violation(value, path, f"Member must have length less than or equal to {most}")


def _nothing(shape: Any, value: Any, path: str) -> Iterator[str]:
    return iter(())


_CHECKS: dict[str, Callable[[Any, Any, str], Iterator[str]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
}


def _violation(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


_CLASSES = {
    r"\p{L}": r"a-zA-Z\u00aa-\uffff",
    r"\p{N}": r"\d",
    r"\p{Z}": r" \u00a0",
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010FFFF",
}
"""The Unicode categories that models name, as near as Python's expressions come to them, and the characters that Java
writes in two."""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    for category, characters in _CLASSES.items():
        pattern = pattern.replace(category, characters)
    return re.compile(pattern)
