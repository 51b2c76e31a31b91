# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checker of JSON schemas: each keyword by example, and by comparison with the library that it stands in for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema.validators import validator_for

from ansible_collections.flotilla.eks.plugins.module_utils._json_schema import problems

DRAFT_6, DRAFT_2019 = "http://json-schema.org/draft-06/schema#", "https://json-schema.org/draft/2019-09/schema"
PORT = {"type": "integer", "minimum": 1, "maximum": 9}
TAGS = {
    "patternProperties": {"^t": {"type": "string"}},
    "additionalProperties": False,
    "propertyNames": {"maxLength": 3},
}


@pytest.mark.parametrize(
    ("schema", "value", "found"),
    [
        ({"type": "string"}, 2, "c: found 2, wanted a value of type string, in quotes"),
        ({"type": "string"}, True, "c: found true, wanted a value of type string, in quotes"),
        ({"type": "string"}, [], "c: found [], wanted a value of type string"),
        ({"type": ["integer", "null"]}, "2", 'c: found "2", wanted a value of type integer or null'),
        ({"type": "integer"}, True, "c: found true, wanted a value of type integer"),
        ({"enum": ["a", 1]}, "1", 'c: found "1", wanted "a" or 1'),
        ({"const": 1}, True, "c: found true, wanted 1"),
        ({"const": 1, "enum": [2]}, 2, "c: found 2, wanted 1"),
        (PORT, 0, "c: found 0, wanted at least 1"),
        (PORT, 10, "c: found 10, wanted at most 9"),
        ({"exclusiveMinimum": 1}, 1, "c: found 1, wanted more than 1"),
        ({"exclusiveMaximum": 1}, 1, "c: found 1, wanted less than 1"),
        ({"minLength": 2}, "a", "c: found 1 characters, wanted at least 2"),
        ({"pattern": "^a+$"}, "b", 'c: found "b", wanted text that matches ^a+$'),
        (
            {"items": PORT, "maxItems": 1},
            [1, 0],
            "c: found 2 items, wanted at most 1; c[1]: found 0, wanted at least 1",
        ),
        ({"uniqueItems": True}, [1, 1], "c: found an item twice; give it once"),
        ({"properties": {"a": PORT}}, {"a": 0}, "c.a: found 0, wanted at least 1"),
        ({"required": ["a"]}, {}, "c.a: missing; it is required"),
        (
            {"properties": {"a": {}, "b": {}}, "additionalProperties": False},
            {"x": 1},
            "c.x: there is no such value; there are: a, b",
        ),
        ({"additionalProperties": PORT}, {"x": 0}, "c.x: found 0, wanted at least 1"),
        (TAGS, {"tip": 1}, "c.tip: found 1, wanted a value of type string, in quotes"),
        (TAGS, {"tips": "a"}, "c.tips: such a name is not allowed here"),
        ({"allOf": [PORT, {"maximum": 3}]}, 4, "c: found 4, wanted at most 3"),
        ({"anyOf": [{"type": "string"}]}, 1, 'c: found 1, which fits none of 1 forms: [{"type": "string"}]'),
        ({"oneOf": [{}, {}]}, 1, "c: found 1, which fits more than one of 2 forms: [{}, {}]"),
        ({"not": {}}, 1, "c: found 1, which is not allowed here"),
        ({"properties": {"a": False}}, {"a": 1}, "c.a: found 1, which is not allowed here; remove it"),
        ({"$ref": "#/definitions/P", "definitions": {"P": PORT}}, 0, "c: found 0, wanted at least 1"),
        ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": PORT}}, 0, "c: found 0, wanted at least 1"),
        ({"$schema": DRAFT_2019, "$ref": "#/$defs/P", "$defs": {"P": {}}, **PORT}, 0, "c: found 0, wanted at least 1"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(schema: dict[str, Any], value: Any, found: str) -> None:
    assert "; ".join(problems(schema, value, "c")) == found


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (True, 1),
        ({"$ref": "https://elsewhere.example.org/schema"}, 1),
        ({"$ref": "#/definitions/missing"}, 1),
        ({"$ref": "#"}, 1),
        ({"$schema": DRAFT_6, "$ref": "#/definitions/P", "definitions": {"P": {}}, **PORT}, 0),
        ({"minimum": 1, "exclusiveMinimum": True}, 1),
        ({"pattern": "("}, "a"),
        ({"futureKeyword": {"a": 1}}, "a"),
        ({"type": "integer", "enum": [2]}, 2.0),
    ],
)
def test_what_is_not_understood_forbids_nothing(schema: Any, value: Any) -> None:
    assert problems(schema, value, "c") == []


NAMES = st.sampled_from(["a", "b", "ab"])
SCALARS = st.none() | st.booleans() | st.integers(-2, 4) | NAMES
DATA: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
KINDS = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])


def schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keywords: dict[str, st.SearchStrategy[Any]] = {
        "type": KINDS | st.lists(KINDS, min_size=1, max_size=2, unique=True),
        "enum": st.lists(DATA, min_size=1, max_size=3),
        "const": DATA,
        "minimum": st.integers(-1, 3),
        "exclusiveMaximum": st.integers(-1, 3),
        "maxLength": st.integers(0, 2),
        "pattern": st.sampled_from(["^a", "b$"]),
        "items": inner,
        "minItems": st.integers(0, 2),
        "properties": st.dictionaries(NAMES, inner, max_size=2),
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b$"]), inner, max_size=2),
        "additionalProperties": inner,
        "propertyNames": inner,
        "required": st.lists(NAMES, max_size=2, unique=True),
        "maxProperties": st.integers(0, 2),
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "oneOf": st.lists(inner, min_size=1, max_size=2),
        "not": inner,
        "$ref": st.sampled_from(["#/definitions/one", "#/definitions/two"]),
    }
    return st.booleans() | st.sets(st.sampled_from(sorted(keywords)), max_size=3).flatmap(
        lambda names: st.fixed_dictionaries({name: keywords[name] for name in names})
    )


SCHEMAS = st.recursive(st.booleans() | st.builds(lambda kind: {"type": kind}, KINDS), schemas, max_leaves=5)
PLAIN = st.recursive(st.booleans() | st.builds(lambda kind: {"type": kind}, KINDS), schemas, max_leaves=2).filter(
    lambda schema: "$ref" not in str(schema)  # so that no reference goes in circles, which the library does not end
)


@given(schema=SCHEMAS, one=PLAIN, two=PLAIN, dialect=st.sampled_from([DRAFT_6, DRAFT_2019]), value=DATA)
def test_the_verdict_is_that_of_the_library(schema: Any, one: Any, two: Any, dialect: str, value: Any) -> None:
    root = {"$schema": dialect, "allOf": [schema], "definitions": {"one": one, "two": two}}
    assert bool(problems(root, value, "c")) != validator_for(root)(root).is_valid(value)
