# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth table of comparison: which values are the same, and what an update sends of those that are not."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._compare import Difference, differences, to_send
from ansible_collections.flotilla.eks.plugins.module_utils._model import (
    Option,
    flag,
    integer,
    many,
    mapping,
    struct,
    text,
)

PAIR = struct(key=text(), value=text())

SAME = [
    ("text", text(), "a", "a"),
    ("empty text is none", text(), "", None),
    ("false is none", flag(), False, None),
    ("zero", integer(), 0, 0),
    ("list in another order", many(text()), ["a", "b"], ["b", "a"]),
    ("empty list is none", many(text()), [], None),
    ("structures in another order", many(PAIR), [{"key": "a"}, {"key": "b"}], [{"key": "b"}, {"key": "a"}]),
    ("structures with empty members", many(PAIR), [{"key": "a"}], [{"key": "a", "value": ""}]),
    (
        "structures with members in another order",
        many(PAIR),
        [{"key": "a", "value": "b"}],
        [{"value": "b", "key": "a"}],
    ),
    ("list in a list in another order", many(struct(of=many(text()))), [{"of": ["a", "b"]}], [{"of": ["b", "a"]}]),
    ("list with meaning in its order", many(text(), ordered=True), ["a", "b"], ["a", "b"]),
    ("map in another order", mapping(), {"a": "1", "b": "2"}, {"b": "2", "a": "1"}),
    ("empty map is none", mapping(), {}, None),
    ("other spelling of the same", text(normal=str.lower), "A", "a"),
    ("what is not echoed", text(echoed=False), "a", None),
]
OTHER = [
    ("text", text(), "a", "b"),
    ("text of other case", text(), "a", "A"),
    ("true and none", flag(), True, None),
    ("zero and none", integer(), 0, None),
    ("zero and one", integer(), 0, 1),
    ("list with more", many(text()), ["a"], ["a", "b"]),
    ("list with one twice", many(text()), ["a", "a"], ["a"]),
    ("list of the same characters", many(text()), ["ab"], ["ba"]),
    ("empty list and some", many(text()), [], ["a"]),
    ("order with a meaning", many(text(), ordered=True), ["a", "b"], ["b", "a"]),
    ("map's value", mapping(), {"a": "1"}, {"a": "2"}),
    ("map's key of other case", mapping(), {"A": "1"}, {"a": "1"}),
    ("map with more", mapping(), {"a": "1"}, {"a": "1", "b": "2"}),
    ("map's empty value and no key", mapping(), {"a": ""}, {}),
    ("structures", many(PAIR), [{"key": "a", "value": "1"}], [{"key": "a", "value": "2"}]),
    ("structure with a member more", many(PAIR), [{"key": "a"}], [{"key": "a", "value": "1"}]),
]


def table(rows: list[tuple[Any, ...]]) -> Any:
    return pytest.mark.parametrize(
        ("option", "desired", "observed"), [pytest.param(*row, id=name) for name, *row in rows]
    )


@table(SAME)
def test_same(option: Option, desired: Any, observed: Any) -> None:
    assert differences(struct(it=option), {"it": desired}, {"it": observed}) == []


@table(OTHER)
def test_other(option: Option, desired: Any, observed: Any) -> None:
    assert differences(struct(it=option), {"it": desired}, {"it": observed}) == [Difference("it", observed, desired)]


NESTED = struct(top=struct(left=text(), right=struct(low=integer(), high=integer())))


@pytest.mark.parametrize(
    ("desired", "observed", "paths"),
    [
        pytest.param({}, {"top": {"left": "a"}}, [], id="nothing given"),
        pytest.param({"top": {}}, {"top": {"left": "a"}}, [], id="empty structure given"),
        pytest.param({"top": {"left": "a"}}, {"top": {"left": "a", "right": {"low": 1}}}, [], id="member left out"),
        pytest.param({"top": {"left": "a"}}, {}, ["top.left"], id="structure is absent"),
        pytest.param({"top": {"left": "a"}}, None, ["top.left"], id="all is absent"),
        pytest.param(
            {"top": {"right": {"low": 1, "high": 2}}}, {"top": {"right": {"low": 1}}}, ["top.right.high"], id="deep"
        ),
        pytest.param(
            {"top": {"left": "b", "right": {"low": 2}}},
            {"top": {"left": "a", "right": {"low": 1, "high": 9}}},
            ["top.left", "top.right.low"],
            id="two at once",
        ),
    ],
)
def test_structure_matches_on_the_members_given(desired: Any, observed: Any, paths: list[str]) -> None:
    assert [found.path for found in differences(NESTED, desired, observed)] == paths


EXCLUSIVE = struct({"exclusive": (("count", "percentage"),)}, count=integer(), percentage=integer(), mood=text())


@pytest.mark.parametrize(
    ("option", "before", "after", "sent"),
    [
        pytest.param(text(), "a", "b", "b", id="plain value"),
        pytest.param(text(), "a", None, "a", id="nothing given keeps what is"),
        pytest.param(text(), None, None, None, id="nothing at all"),
        pytest.param(many(text()), ["a"], [], [], id="empty list"),
        pytest.param(
            PAIR, {"key": "a", "value": "1"}, {"value": "2"}, {"key": "a", "value": "2"}, id="whole structure"
        ),
        pytest.param(PAIR, None, {"value": "2"}, {"value": "2"}, id="structure that is new"),
        pytest.param(
            PAIR, {"key": "a", "told_by_describe": 1}, {"value": "2"}, {"key": "a", "value": "2"}, id="own members"
        ),
        pytest.param(
            struct({"subset": True}, low=integer(), high=integer()),
            {"low": 1, "high": 2},
            {"high": 3},
            {"high": 3},
            id="subset",
        ),
        pytest.param(
            EXCLUSIVE, {"count": 1, "mood": "x"}, {"percentage": 5}, {"percentage": 5, "mood": "x"}, id="displaced"
        ),
        pytest.param(EXCLUSIVE, {"count": 1}, {"mood": "y"}, {"count": 1, "mood": "y"}, id="not displaced"),
        pytest.param(
            struct(it=mapping(patch=lambda before, after: {"was": before, "is": after})),
            {"it": {"a": "1"}},
            {"it": {}},
            {"it": {"was": {"a": "1"}, "is": {}}},
            id="patch",
        ),
    ],
)
def test_update_sends_whole_structures(option: Option, before: Any, after: Any, sent: Any) -> None:
    assert to_send(option, before, after) == sent
