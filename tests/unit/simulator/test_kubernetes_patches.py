# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of an object: patches, and who manages which fields."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from eks_simulator.kubernetes import fields, managed
from eks_simulator.kubernetes.errors import ApiError
from eks_simulator.kubernetes.managed import Writer
from eks_simulator.kubernetes.objects import Object
from eks_simulator.kubernetes.patches import JSON, MERGE, STRATEGIC, patched
from eks_simulator.kubernetes.types import POD

A, B = {"name": "a", "image": "1"}, {"name": "b", "image": "1"}


def containers(*items: Any) -> dict[str, Any]:
    return {"spec": {"containers": list(items)}}


@pytest.mark.parametrize(
    ("media", "value", "patch", "result"),
    [
        (MERGE, {"a": {"b": 1, "c": 2}}, {"a": {"b": None, "d": 3}}, {"a": {"c": 2, "d": 3}}),
        (MERGE, containers(A, B), containers(A), containers(A)),
        (MERGE, {"a": "text"}, {"a": {"b": {"c": None}}}, {"a": {"b": {}}}),
        (STRATEGIC, containers(A, B), containers({"name": "b", "image": "2"}), containers(A, {**B, "image": "2"})),
        (STRATEGIC, containers(A), containers(B), containers(A, B)),
        (STRATEGIC, containers(A, B), containers({"name": "a", "$patch": "delete"}), containers(B)),
        (STRATEGIC, containers(A, B), containers({"$patch": "replace"}, A), containers(A)),
        (STRATEGIC, {"a": {"b": 1}}, {"a": {"$patch": "replace", "c": 2}}, {"a": {"c": 2}}),
        (STRATEGIC, {"a": {"b": 1}}, {"a": {"$patch": "delete"}}, {"a": {}}),
        (STRATEGIC, {"a": {"b": 1, "c": 2}}, {"a": {"$retainKeys": ["c"], "c": 3}}, {"a": {"c": 3}}),
        (STRATEGIC, {"spec": {"taints": [A]}}, {"spec": {"taints": [B]}}, {"spec": {"taints": [B]}}),
        (STRATEGIC, {"spec": {"x": 1}}, {"spec": {"x": None, "$setElementOrder/y": ["z"]}}, {"spec": {}}),
        (
            STRATEGIC,
            {"spec": {"ports": [{"port": 80, "protocol": "TCP", "nodePort": 1}]}},
            {"spec": {"ports": [{"port": 80, "name": "web"}, {"port": 80, "protocol": "UDP"}]}},
            {
                "spec": {
                    "ports": [
                        {"port": 80, "protocol": "TCP", "nodePort": 1, "name": "web"},
                        {"port": 80, "protocol": "UDP"},
                    ]
                }
            },
        ),
        (
            STRATEGIC,
            {"metadata": {"finalizers": ["a", "b"]}},
            {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["b", "c"]}},
            {"metadata": {"finalizers": ["b", "c"]}},
        ),
        (JSON, {"a": [1, 2]}, [{"op": "add", "path": "/a/1", "value": 9}], {"a": [1, 9, 2]}),
        (JSON, {"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}], {"a": [1, 2]}),
        (JSON, {"a": {"x/y~": 1}}, [{"op": "remove", "path": "/a/x~1y~0"}], {"a": {}}),
        (JSON, {"a": 1}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": 1, "b": 1}),
        (JSON, {"a": 1}, [{"op": "move", "from": "/a", "path": "/b"}], {"b": 1}),
        (
            JSON,
            {"a": 1},
            [{"op": "test", "path": "/a", "value": 1}, {"op": "replace", "path": "/a", "value": 2}],
            {"a": 2},
        ),
    ],
)
def test_patches(media: str, value: Any, patch: Any, result: Any) -> None:
    before = repr(value)
    assert patched(media, value, patch) == result
    assert repr(value) == before


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "remove", "path": "/b"},
        {"op": "replace", "path": "/b", "value": 1},
        {"op": "add", "path": "/list/7", "value": 1},
        {"op": "add", "path": "/b/c", "value": 1},
        {"op": "bend", "path": "/a"},
        {"op": "add", "path": "a", "value": 1},
        {"op": "add", "value": 1},
        {},
    ],
)
def test_a_json_patch_works_as_a_whole_or_not_at_all(operation: Any) -> None:
    value = {"a": 1, "list": []}
    with pytest.raises(ApiError, match="Invalid: the server rejected our request"):
        patched(JSON, value, [{"op": "replace", "path": "/a", "value": 1}, operation])


def test_items_need_their_key_and_directives_their_meaning() -> None:
    with pytest.raises(ApiError, match="does not contain declared merge key: name"):
        patched(STRATEGIC, containers(A), containers({"image": "2"}))
    with pytest.raises(ApiError, match="unrecognized"):
        patched(STRATEGIC, {}, {"$patch": "bend"})


def writer(manager: str, operation: str = "Apply") -> Writer:
    return Writer(manager, operation, POD, "", "2026-11-06T00:00:00Z")


def apply(current: Object | None, wanted: Object, manager: str, force: bool = False) -> Object:
    return managed.with_entries(*managed.applied(current, {"metadata": {}, **wanted}, writer(manager), force))


def update(current: Object, wanted: Object, manager: str) -> Object:
    return managed.with_entries(wanted, managed.updated(current, wanted, writer(manager, "Update")))


def managers(thing: Object) -> dict[str, set[str]]:
    """The fields that each one manages, as messages have them; items only by their members."""
    entries = thing["metadata"].get("managedFields", [])
    return {one["manager"]: {fields.text(path) for path in fields.decoded(one["fieldsV1"])} for one in entries}


def test_who_applies_fields_manages_them() -> None:
    first = apply(None, {"data": {"a": "1", "b": "2"}}, "ann")
    both = apply(first, {"data": {"b": "2", "c": "3"}}, "bob")
    assert both["data"] == {"a": "1", "b": "2", "c": "3"}
    assert managers(both) == {"ann": {".data.a", ".data.b"}, "bob": {".data.b", ".data.c"}}


def test_what_is_no_longer_applied_goes_unless_others_manage_it() -> None:
    both = apply(apply(None, {"data": {"a": "1", "b": "2"}}, "ann"), {"data": {"b": "2"}}, "bob")
    left = apply(both, {"data": {"c": "3"}}, "ann")
    assert left["data"] == {"b": "2", "c": "3"}
    assert managers(left) == {"ann": {".data.c"}, "bob": {".data.b"}}
    empty = apply(apply(left, {}, "bob"), {}, "ann")
    assert "data" not in empty


def test_who_applies_nothing_twice_is_entered_once() -> None:
    """As for a namespace, of which a manifest may say its name alone; a new entry would be a new object."""
    first = apply(None, {}, "ann")
    later = replace(writer("ann"), now="2026-11-07T00:00:00Z")
    assert managed.applied(first, {"metadata": {}}, later, False)[1] == first["metadata"]["managedFields"]


def test_items_go_with_who_applied_them() -> None:
    both = apply(apply(None, containers(A), "ann"), containers(B), "bob")
    assert both["spec"]["containers"] == [A, B]
    assert apply(both, {}, "ann")["spec"]["containers"] == [B]
    shared = apply(apply(None, containers(A), "ann"), containers({"name": "a", "tty": True}), "bob")
    assert apply(shared, {}, "ann")["spec"]["containers"] == [{"name": "a", "tty": True}]
    held = apply(None, {"metadata": {"finalizers": ["x/a", "x/b"]}}, "ann")
    assert apply(held, {"metadata": {"finalizers": ["x/b"]}}, "ann")["metadata"]["finalizers"] == ["x/b"]


def test_another_value_for_what_somebody_else_manages_is_a_conflict() -> None:
    first = update({"metadata": {}}, containers(A) | {"metadata": {}}, "kubectl")
    with pytest.raises(ApiError) as refused:
        apply(first, containers({**A, "image": "2"}), "bob")
    place = '.spec.containers[name="a"].image'
    assert refused.value.message == f'Apply failed with 1 conflict: conflict with "kubectl" using v1: {place}'
    (cause,) = refused.value.details["causes"]  # type: ignore[index]
    assert (cause["reason"], cause["field"]) == ("FieldManagerConflict", place)
    forced = apply(first, containers({**A, "image": "2"}), "bob", force=True)
    assert forced["spec"]["containers"] == [{**A, "image": "2"}]
    assert place not in managers(forced)["kubectl"]


def test_an_update_takes_over_what_it_changes_and_nothing_else() -> None:
    applied = apply(None, {"data": {"a": "1", "b": "2"}}, "ann")
    same = update(applied, applied, "bob")
    assert same == applied
    changed = update(applied, {**applied, "data": {"a": "9"}}, "bob")
    assert managers(changed) == {"bob": {".data.a"}}


def test_a_client_may_write_the_entries_itself() -> None:
    applied = apply(None, {"data": {"a": "1"}}, "ann")
    cleared = update(applied, {**applied, "metadata": {"managedFields": [{}]}}, "bob")
    assert managers(cleared) == {}


def test_fields_are_written_as_trees_and_read_again() -> None:
    thing = {"metadata": {"name": "x", "labels": {"a.b/c": "d"}, "finalizers": ["f"]}, **containers(A), "e": {}}
    paths = set(fields.leaves(thing))
    tree = fields.encoded(paths)
    assert tree["f:spec"]["f:containers"] == {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:image": {}}}
    assert tree["f:metadata"] == {"f:labels": {"f:a.b/c": {}}, "f:finalizers": {'v:"f"': {}}}
    assert fields.decoded(tree) == paths
