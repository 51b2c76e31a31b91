# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with data by a JSON schema. Pure.

The keywords that configuration schemas of add-ons use, of draft 4 to 2020-12; the library jsonschema is not asked for,
so that every host says the same. A keyword that is unknown here forbids nothing: the service has the last word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Any  # a mapping, or a boolean that allows everything or nothing


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _number(value) and float(value).is_integer(),
    "number": _number,
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def problems(schema: Schema, value: Any, path: str) -> list[str]:
    """What is wrong, as "path.member: found ..., wanted ..."; nothing if the schema allows the value."""
    return list(_Checker(schema).walk(schema, value, path))


def _said(value: Any) -> str:
    """A value as JSON says it, which tells true from "true" and 1, but not 1 from 1.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class _Checker:
    """Walks a value and a schema; ``root`` is what references point into. Up to draft 7, a reference stands alone."""

    def __init__(self, root: Schema) -> None:
        self.root = root
        self.alone = isinstance(root, Mapping) and "/draft-0" in str(root.get("$schema"))

    def walk(self, schema: Schema, value: Any, path: str, entered: tuple[str, ...] = ()) -> Iterator[str]:
        if schema is False:
            yield f"{path}: found {_said(value)}, which is not allowed here; remove it"
        if not isinstance(schema, Mapping):
            return
        target = schema.get("$ref")
        if isinstance(target, str) and target not in entered:  # else a reference in a circle, which says nothing
            yield from self.walk(self.target(target), value, path, (*entered, target))
            if self.alone:
                return
        yield from self.type(schema, value, path)
        yield from self.values(schema, value, path)
        yield from self.combined(schema, value, path, entered)
        if isinstance(value, str):
            yield from self.text(schema, value, path)
        elif isinstance(value, list):
            yield from self.items(schema, value, path)
        elif isinstance(value, dict):
            yield from self.members(schema, value, path)
        elif _number(value):
            yield from self.number(schema, value, path)

    def target(self, reference: str) -> Schema:
        """What a reference within the schema points to; True, which allows everything, for any other."""
        if not reference.startswith("#"):
            return True
        found: Any = self.root
        for part in reference[1:].split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or name not in found:
                return True
            found = found[name]
        return found

    def type(self, schema: Schema, value: Any, path: str) -> Iterator[str]:
        kinds = _listed(schema.get("type", []))
        if kinds and not any(TYPES[kind](value) for kind in kinds if kind in TYPES):
            hint = ", in quotes" if kinds == ["string"] and (_number(value) or isinstance(value, bool)) else ""
            yield f"{path}: found {_said(value)}, wanted a value of type {' or '.join(map(str, kinds))}{hint}"

    def values(self, schema: Schema, value: Any, path: str) -> Iterator[str]:
        choices = [schema["enum"]] if "enum" in schema else []
        choices += [[schema["const"]]] if "const" in schema else []
        for allowed in choices:
            if _said(value) not in map(_said, allowed):
                yield f"{path}: found {_said(value)}, wanted {' or '.join(map(_said, allowed))}"

    def text(self, schema: Schema, value: str, path: str) -> Iterator[str]:
        yield from _bounds(schema, len(value), ("minLength", "maxLength"), path, "characters")
        pattern = schema.get("pattern")
        if pattern is not None and _matches(pattern, value) is False:
            yield f"{path}: found {_said(value)}, wanted text that matches {pattern}"

    def number(self, schema: Schema, value: float, path: str) -> Iterator[str]:
        yield from _bounds(schema, value, ("minimum", "maximum"), path)
        low, high = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")  # booleans in draft 4: not judged
        if _number(low) and value <= low:
            yield f"{path}: found {value}, wanted more than {low}"
        if _number(high) and value >= high:
            yield f"{path}: found {value}, wanted less than {high}"

    def items(self, schema: Schema, value: list[Any], path: str) -> Iterator[str]:
        yield from _bounds(schema, len(value), ("minItems", "maxItems"), path, "items")
        if schema.get("uniqueItems") is True and len(set(map(_said, value))) < len(value):
            yield f"{path}: found an item twice; give it once"
        each = schema.get("items")
        if isinstance(each, (Mapping, bool)) and "prefixItems" not in schema:
            for index, item in enumerate(value):
                yield from self.walk(each, item, f"{path}[{index}]")

    def members(self, schema: Schema, value: dict[str, Any], path: str) -> Iterator[str]:
        yield from _bounds(schema, len(value), ("minProperties", "maxProperties"), path, "members")
        known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        required = schema.get("required")
        for name in required if isinstance(required, list) else ():  # a boolean in draft 3
            if name not in value:
                yield f"{path}.{name}: missing; it is required"
        for name, member in value.items():
            below = f"{path}.{name}"
            if "propertyNames" in schema and self.refuses(schema["propertyNames"], name):
                yield f"{below}: such a name is not allowed here"
            fitting = [known[name]] if name in known else []
            fitting += [each for pattern, each in patterns.items() if _matches(pattern, name) is not False]
            if not fitting and schema.get("additionalProperties") is False:
                names = ", ".join(sorted(known)) or "none"
                yield f"{below}: there is no such value; there are: {names}"
            elif not fitting:
                fitting = [schema.get("additionalProperties", True)]
            for each in fitting:
                yield from self.walk(each, member, below)

    def combined(self, schema: Schema, value: Any, path: str, entered: tuple[str, ...]) -> Iterator[str]:
        for each in schema.get("allOf", ()):
            yield from self.walk(each, value, path, entered)
        for keyword, allowed in (("anyOf", None), ("oneOf", 1)):
            choices = schema.get(keyword)
            if choices:
                fitting = [each for each in choices if not self.refuses(each, value, entered)]
                if not fitting or (allowed and len(fitting) > allowed):
                    how = "fits none" if not fitting else "fits more than one"
                    yield f"{path}: found {_said(value)}, which {how} of {len(choices)} forms: {_said(choices)}"
        if "not" in schema and not self.refuses(schema["not"], value, entered):
            yield f"{path}: found {_said(value)}, which is not allowed here"

    def refuses(self, schema: Schema, value: Any, entered: tuple[str, ...] = ()) -> bool:
        return next(self.walk(schema, value, "", entered), None) is not None


def _bounds(schema: Schema, size: float, names: tuple[str, str], path: str, unit: str = "") -> Iterator[str]:
    least, most = (schema.get(name) for name in names)
    found = f"{size} {unit}".strip()
    if least is not None and size < least:
        yield f"{path}: found {found}, wanted at least {least}"
    if most is not None and size > most:
        yield f"{path}: found {found}, wanted at most {most}"


def _matches(pattern: str, text: str) -> bool | None:
    """Whether a pattern is found in a text; None for one that Python does not understand."""
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return None
