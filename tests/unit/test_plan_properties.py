# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the plan of every resource, whatever is desired."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.module_utils._compare import normal
from ansible_collections.flotilla.eks.plugins.module_utils._model import Option, Resource, Values, leaves
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Change, Desired, Refused, absent, diff, present
from ansible_collections.flotilla.eks.plugins.module_utils._shapes import snake, to_api
from support.conformance import sample
from support.descriptors import IDENTITIES, RESOURCES, model_of
from support.interpreter import ID, applied
from support.strategies import desired, reachable, shuffled, values

EACH = pytest.mark.parametrize("kind", RESOURCES)


def created(resource: Resource, data: st.DataObject) -> tuple[Desired, Values]:
    """A desired state, and what is observed after its creation."""
    wanted = data.draw(desired(resource, values(resource.kind)))
    observed = applied(resource, present(resource, wanted, None), None)
    assert observed is not None
    return wanted, observed


def next_desired(resource: Resource, observed: Values, data: st.DataObject) -> Desired:
    """Another desired state that what is observed can become."""
    anything = values(resource.kind, creating=False)
    return data.draw(desired(resource, anything.map(lambda drawn: reachable(resource, drawn, observed))))


@EACH
@given(data=st.data())
def test_nothing_is_left_to_do_after_creation(kind: str, data: st.DataObject) -> None:
    resource = RESOURCES[kind]
    wanted, observed = created(resource, data)
    assert present(resource, wanted, observed) == []


@EACH
@given(data=st.data())
def test_empty_members_may_be_left_out_of_answers(kind: str, data: st.DataObject) -> None:
    resource = RESOURCES[kind]
    wanted, observed = created(resource, data)
    assert present(resource, wanted, without_empty(observed)) == []


def without_empty(value: Any) -> Any:
    """A value without members that are empty or false, at all levels."""
    if isinstance(value, dict):
        kept = {name: without_empty(member) for name, member in value.items()}
        return {name: member for name, member in kept.items() if member not in ([], {}) and member is not False}
    return value


@EACH
@given(data=st.data())
def test_nothing_is_left_to_do_after_updates(kind: str, data: st.DataObject) -> None:
    resource = RESOURCES[kind]
    _first, observed = created(resource, data)
    wanted = next_desired(resource, observed, data)
    assert present(resource, wanted, applied(resource, present(resource, wanted, observed), observed)) == []


@EACH
@given(data=st.data())
def test_what_is_not_given_is_left_alone(kind: str, data: st.DataObject) -> None:
    resource = RESOURCES[kind]
    _first, observed = created(resource, data)
    wanted = next_desired(resource, observed, data)
    after = applied(resource, present(resource, wanted, observed), observed)
    for path, option in leaves(resource.options):
        if pick(wanted.values, path) is None and option.echoed and not displaced(resource, path, wanted.values):
            assert normal(option, pick(after, path)) == normal(option, pick(observed, path)), path
    if wanted.tags is None:
        assert after is not None
        assert after.get("tags") == observed.get("tags")


def displaced(resource: Resource, path: str, given_values: Values) -> bool:
    """Whether a member gives way to another one, given, that excludes it."""
    parent, _dot, name = path.rpartition(".")
    if parent == "compute_config" and pick(given_values, "compute_config.enabled") is False:
        return True  # node pools and role are part of Auto Mode that is on
    if not parent:
        return False
    groups = [group for group in resource.option(parent).exclusive if name in group]
    return any(other in (pick(given_values, parent) or {}) for group in groups for other in group)


@EACH
@given(data=st.data())
def test_order_has_no_meaning_where_it_has_none(kind: str, data: st.DataObject) -> None:
    resource = RESOURCES[kind]
    wanted, observed = created(resource, data)
    other = shuffled(resource.options, wanted.values, lambda items: data.draw(st.permutations(items)))
    assert present(resource, replace(wanted, values=other), observed) == []


@EACH
@given(data=st.data())
def test_planning_is_pure(kind: str, data: st.DataObject) -> None:
    resource = RESOURCES[kind]
    _first, observed = created(resource, data)
    wanted = next_desired(resource, observed, data)
    copies = deepcopy((wanted, observed))
    plans = [present(resource, wanted, observed) for _time in range(2)]
    assert plans[0] == plans[1]
    assert (wanted, observed) == copies


@EACH
@given(data=st.data())
def test_requests_are_valid(kind: str, data: st.DataObject) -> None:
    resource = RESOURCES[kind]
    wanted, observed = created(resource, data)
    following = next_desired(resource, observed, data)
    for change in (
        *present(resource, wanted, None),
        *present(resource, following, observed),
        *absent(deletable(resource), replace(following, values={"deletion_protection": False}), observed),
    ):
        shape = model_of(resource).operation_model(change.operation).input_shape
        names = resource.names(wanted.identity)
        assert not has_none(change.params), change
        assert not names.keys() & change.params.keys(), change
        assert set(change.params) <= set(map(snake, shape.members)), change
        known = {resource.finder.request: ID} if resource.finder else {}  # after a creation, its answer tells it
        report = ParamValidator().validate(to_api(shape, {**known, **names, **change.params}), shape)
        assert not report.has_errors(), report.generate_report()


def deletable(resource: Resource) -> Resource:
    """The resource without what the service keeps from being deleted."""
    return replace(resource, hooks=replace(resource.hooks, kept=None))


def has_none(value: Any) -> bool:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is None or any(map(has_none, below))


@EACH
@given(data=st.data())
def test_diff_shows_what_differs_and_nothing_else(kind: str, data: st.DataObject) -> None:
    resource = RESOURCES[kind]
    _first, observed = created(resource, data)
    changes = present(resource, next_desired(resource, observed, data), observed)
    shown = diff(changes, observed)
    found = [difference for change in changes for difference in change.differences]
    assert all(difference.before != difference.after for difference in found)
    for side in ("before", "after"):
        assert count(shown[side], found) == sum(getattr(difference, side) is not None for difference in found)


def count(side: Values, found: list[Any]) -> int:
    """How many of the differences one side of a diff shows, having checked that it shows no more."""
    paths = {difference.path for difference in found}
    heads = {path.partition(".")[0] for path in paths}
    assert set(side) <= heads
    return sum(tag_or_value(side, path) is not None for path in paths)


def tag_or_value(side: Values, path: str) -> Any:
    head, _dot, key = path.partition(".")
    return side.get("tags", {}).get(key) if head == "tags" else pick(side, path) if "[" not in path else side.get(path)


IMMUTABLE = [
    pytest.param(resource, path, option, id=f"{kind}-{path}")
    for kind, resource in RESOURCES.items()
    for path, option in leaves(resource.options)
    if option.echoed and resource.update_for(path) is None and len(option.choices) != 1
    if path != (resource.attachments and resource.attachments.option)
]


@pytest.mark.parametrize(("resource", "path", "option"), IMMUTABLE)
def test_immutable_is_refused_by_name_or_replaced(resource: Resource, path: str, option: Option) -> None:
    plain = replace(resource, hooks=replace(resource.hooks, check=lambda desired, observed: []))
    required = {name: sample(resource.option(name), "given") for name in resource.required}
    before, after = (nested(path, sample(option, mark)) for mark in ("before", "after"))
    wanted = Desired(IDENTITIES[resource.kind], {**required, **after})
    observed = {**wanted.values, **before, "status": "ACTIVE"}
    with pytest.raises(Refused) as refused:
        present(plain, wanted, observed)
    assert f"{path}: found {pick(before, path)!r}, wanted {pick(after, path)!r}" in str(refused.value)
    if resource.replaceable:
        changes = present(plain, replace(wanted, replace=True), observed)
        assert [change.action for change in changes] == ["delete", "create"]


def nested(path: str, value: Any) -> Values:
    for name in reversed(path.split(".")):
        value = {name: value}
    return dict(value)


@EACH
def test_absent_stays_absent(kind: str) -> None:
    resource = deletable(RESOURCES[kind])
    wanted = Desired(IDENTITIES[resource.kind])
    assert absent(resource, wanted, None) == []
    assert absent(resource, wanted, {"status": "DELETING"}) == []
    known, called = ({resource.finder.id: "1"}, {resource.finder.request: "1"}) if resource.finder else ({}, {})
    assert absent(resource, wanted, {**known, "status": "ACTIVE"}) == [
        Change("delete", resource.delete_operation, called)
    ]
