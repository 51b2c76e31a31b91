# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test of the conformance test: a descriptor with one line less, or one word changed, is found out by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._model import Option, Resource, Update, leaves
from ansible_collections.flotilla.eks.plugins.module_utils._shapes import snake
from support.conformance import findings, statuses, subject
from support.coverage import unclaimed
from support.descriptors import RESOURCES, model_of

Path = tuple[str, ...]
ENVELOPES = {resource.envelope for resource in RESOURCES.values()} - {""}
EACH = pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES)


def complaints(mutant: Resource) -> list[str]:
    """All that is found when one descriptor is replaced by a mutant, whose operations nobody else claims."""
    others = [resource for resource in RESOURCES.values() if resource.kind != mutant.kind]
    model = model_of(mutant)
    return [*findings(mutant, model), *unclaimed([mutant, *others], model)]


def options(option: Option, path: Path = ()) -> Iterator[tuple[Path, Option]]:
    """Every option below one, through lists as well."""
    for name, member in (option.members or {}).items():
        yield (*path, name), member
        yield from options(member, (*path, name))
    if option.elements is not None:
        yield from options(option.elements, path)


def altered(option: Option, path: Path, **facts: Any) -> Option:
    """An option in which the one at a path has other facts; or is gone, if none are given."""
    if not path:
        return replace(option, **facts)
    if option.elements is not None:
        return replace(option, elements=altered(option.elements, path, **facts))
    members = dict(option.members or {})
    if len(path) == 1 and not facts:
        del members[path[0]]
    else:
        members[path[0]] = altered(members[path[0]], path[1:], **facts)
    return replace(option, members=members)


def with_option(resource: Resource, path: Path, **facts: Any) -> Resource:
    """A descriptor with one option altered or gone; also in the attachments, which share the option."""
    changes: dict[str, Any] = {"options": altered(resource.options, path, **facts)}
    attached = resource.attachments
    if attached and path[0] == attached.option and len(path) > 1:
        changes["attachments"] = replace(attached, item=altered(attached.item, path[1:], **facts))
    return replace(resource, **changes)


def names(finding: str, path: Path) -> bool:
    """Whether a finding's subject is the option at a path. A request's structure of changes may stand in between."""
    places = [snake(part) for part in subject(finding).split(".")[1:]]
    inside = [part for part in places if not part.startswith(("add_or_update", "remove_")) and part not in ENVELOPES]
    if len(inside) < len(places) and inside == list(path[: len(inside)]):
        return True  # of an item of a list that the API wants to be told the changes of
    return inside == list(path) or (len(path) > 1 and inside == list(path[1:]))


ALL_OPTIONS: list[Any] = [
    pytest.param(resource, path, option, id=f"{kind}-{'.'.join(path)}")
    for kind, resource in RESOURCES.items()
    for path, option in options(resource.options)
]
LEAVES = [case for case in ALL_OPTIONS if case.values[2].members is None]
CHOICES = [
    pytest.param(*case.values, choice, id=f"{case.id}-{choice}")
    for case in ALL_OPTIONS
    for choice in (case.values[2].choices or getattr(case.values[2].elements, "choices", ()))
]
UPDATES: list[Any] = [
    pytest.param(resource, index, id=f"{kind}-{update.operation}-{update.carries[0]}")
    for kind, resource in RESOURCES.items()
    for index, update in enumerate(resource.updates)
]
CARRIED = [
    pytest.param(*case.values, path, id=f"{case.values[0].kind}-{path}")
    for case in UPDATES
    for path in case.values[0].updates[case.values[1]].carries
]


def cases(attribute: str) -> list[Any]:
    """A case for each entry of one of a descriptor's tuples or dicts."""
    found = ((resource, name) for resource in RESOURCES.values() for name in getattr(resource, attribute))
    return [pytest.param(resource, name, id=f"{resource.kind}-{name}") for resource, name in found]


@pytest.mark.parametrize(("resource", "path", "option"), LEAVES)
def test_missing_option_is_named(resource: Resource, path: Path, option: Option) -> None:
    found = complaints(with_option(resource, path))
    assert found
    assert [finding for finding in found if not names(finding, path)] == []


@pytest.mark.parametrize(("resource", "path", "option"), LEAVES)
def test_wrong_type_is_named(resource: Resource, path: Path, option: Option) -> None:
    wrong = {"kind": "str" if option.kind == "int" else "int", "elements": None, "choices": (), "patch": None}
    found = complaints(with_option(resource, path, **wrong))
    assert found
    assert [finding for finding in found if not names(finding, path)] == []


@pytest.mark.parametrize(("resource", "path", "option", "choice"), CHOICES)
def test_missing_enum_value_is_named(resource: Resource, path: Path, option: Option, choice: str) -> None:
    holder = option if option.choices else option.elements
    assert holder is not None
    fewer = replace(holder, choices=tuple(value for value in holder.choices if value != choice))
    facts = {"choices": fewer.choices} if option.choices else {"elements": fewer}
    found = complaints(with_option(resource, path, **facts))
    assert found
    assert [line for line in found if not names(line, path) or f" {choice} " not in line] == []


@pytest.mark.parametrize(("resource", "path", "option", "choice"), CHOICES[:3])
def test_invented_enum_value_is_named(resource: Resource, path: Path, option: Option, choice: str) -> None:
    found = complaints(with_option(resource, path, choices=(*option.choices, "INVENTED")))
    assert found
    assert [line for line in found if not names(line, path) or "INVENTED" not in line] == []


def uncovered(resource: Resource, finding: str, update: Update, paths: tuple[str, ...]) -> bool:
    """Whether a finding is about what an update carried, or about the update's operations themselves."""
    operation = update.operation
    if finding in (f"{operation}: no module reaches it", f"{update.otherwise}: no module reaches it"):
        return True
    place = ".".join(snake(part) for part in subject(finding).split(".")[1:])
    return subject(finding).startswith(operation) and any(f"{place}.".startswith(f"{path}.") for path in paths)


@pytest.mark.parametrize(("resource", "index"), UPDATES)
def test_missing_update_is_named(resource: Resource, index: int) -> None:
    gone = resource.updates[index]
    found = complaints(replace(resource, updates=(*resource.updates[:index], *resource.updates[index + 1 :])))
    assert found
    assert [line for line in found if not uncovered(resource, line, gone, gone.carries)] == []


@pytest.mark.parametrize(("resource", "index", "path"), CARRIED)
def test_missing_carried_path_is_named(resource: Resource, index: int, path: str) -> None:
    update = resource.updates[index]
    poorer = replace(update, carries=tuple(carried for carried in update.carries if carried != path))
    updates = tuple(poorer if other is update else other for other in resource.updates)
    found = complaints(replace(resource, updates=updates))
    assert found
    assert [line for line in found if not uncovered(resource, line, update, (path,))] == []


@pytest.mark.parametrize(("resource", "index", "path"), CARRIED[:3])
def test_invented_carried_path_is_named(resource: Resource, index: int, path: str) -> None:
    update = resource.updates[index]
    richer = replace(update, carries=(*update.carries, "invented"))
    found = complaints(replace(resource, updates=tuple(richer if u is update else u for u in resource.updates)))
    assert found == [f"{update.operation}.invented: carried, but there is no such option"]


@pytest.mark.parametrize(("resource", "name"), cases("modifiers"))
def test_missing_modifier_is_named(resource: Resource, name: str) -> None:
    """Nor one that there is, and that is not sent with the requests that take it."""
    no_option = replace(resource, modifiers={key: option for key, option in resource.modifiers.items() if key != name})
    not_sent = replace(
        resource,
        updates=tuple(replace(update, modifiers=()) for update in resource.updates),
        create_modifiers=(),
        delete_modifiers=(),
    )
    takers = {update.operation for update in resource.updates if name in update.modifiers}
    takers |= {resource.create_operation} if name in resource.create_modifiers else set()
    takers |= {resource.delete_operation} if name in resource.delete_modifiers else set()
    for mutant in (no_option, not_sent):
        places = [subject(line).split(".") for line in complaints(mutant)]
        assert {place for place, member in places if snake(member) == name} == takers


@pytest.mark.parametrize(("resource", "place"), cases("excluded"))
def test_missing_exclusion_is_named(resource: Resource, place: str) -> None:
    found = complaints(replace(resource, excluded={key: why for key, why in resource.excluded.items() if key != place}))
    assert found
    assert all(f"{subject(line)}.".startswith(f"{place}.") for line in found)


@EACH
def test_exclusion_of_nothing_is_named(resource: Resource) -> None:
    place = f"{resource.create_operation}.invented"
    assert complaints(replace(resource, excluded={**resource.excluded, place: "why not"})) == [
        f"{place}: excluded, but the API has no such member"
    ]


@pytest.mark.parametrize(("resource", "name"), cases("required"))
def test_missing_requirement_is_named(resource: Resource, name: str) -> None:
    found = complaints(replace(resource, required=tuple(other for other in resource.required if other != name)))
    assert [names(line, (name,)) for line in found] == [True]


@pytest.mark.parametrize(("resource", "name"), cases("shorthands"))
def test_shorthand_for_nothing_is_named(resource: Resource, name: str) -> None:
    (line,) = complaints(replace(resource, shorthands={name: "invented"}))
    assert name in line
    assert "invented" in line


@pytest.mark.parametrize("changed", [{"listing": "invented"}, {"arn": "invented"}, {"answer": "invented"}], ids=str)
@EACH
def test_misread_answer_is_named(resource: Resource, changed: dict[str, Any]) -> None:
    found = complaints(replace(resource, **changed))
    assert any("invented: not in the answer" in line for line in found)


@EACH
def test_wrong_echo_is_named(resource: Resource) -> None:
    for dotted, option in leaves(resource.options):
        path = tuple(dotted.split("."))
        found = complaints(with_option(resource, path, echoed=not option.echoed))
        assert [names(line, path) for line in found] == [True]


STATUSES = [
    pytest.param(resource, status, id=f"{kind}-{status}")
    for kind, resource in RESOURCES.items()
    if resource.lifecycle
    for status in statuses(resource, model_of(resource)) or ()
    if status not in resource.lifecycle.resting | {"PENDING"}
]


@pytest.mark.parametrize(("resource", "status"), STATUSES)
def test_missing_status_is_named(resource: Resource, status: str) -> None:
    known = resource.lifecycle
    assert known is not None
    poorer = replace(known, moving=known.moving - {status}, failed=known.failed - {status})
    place = f"{resource.describe_operation}.status"
    assert complaints(replace(resource, lifecycle=poorer)) == [f"{place}: {status} is unknown to the lifecycle"]


@pytest.mark.parametrize("changed", [{"answer": "invented"}, {"key": "invented"}], ids=str)
def test_misread_attachments_are_named(changed: dict[str, Any]) -> None:
    resource = RESOURCES["access_entry"]
    assert resource.attachments is not None
    assert complaints(replace(resource, attachments=replace(resource.attachments, **changed)))
