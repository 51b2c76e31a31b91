# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges descriptors by botocore's model of their service. Pure: takes data, returns what is wrong as text.

A finding reads "Operation.member.member: what is wrong", in the API's own spelling; the part before the colon is its
subject. The members of a list's elements stand below the list's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._model import (
    Attachments,
    Option,
    References,
    Resource,
    Update,
    leaves,
)
from ansible_collections.flotilla.eks.plugins.module_utils._shapes import snake

KINDS = {"string": "str", "integer": "int", "boolean": "bool", "list": "list", "map": "dict", "structure": "dict"}

# Where a descriptor knows better than the service model, and why.
BETTER_KNOWN = {
    "CreateEksAnywhereSubscription.licenseQuantity": "required by us: how much is bought is for the user to say",
    "CreateFargateProfile.selectors": "required by us: a profile without selectors matches no pod",
    "DescribeCluster.accessConfig.bootstrapClusterCreatorAdminPermissions": "in the model, but AWS leaves it out",
    "DescribeCluster.status.PENDING": "only a connected cluster is ever pending",
}


def findings(resource: Resource, model: Any) -> list[str]:
    """What a descriptor lacks, has too much or has otherwise than the service model; sorted, none twice."""
    absent = [f"{name}: no such operation" for name in resource.operations if name not in model.operation_names]
    if absent:
        return absent
    judge = _Judge(resource, model)
    found = {
        *judge.creation(),
        *(finding for update in resource.updates for finding in judge.update(update)),
        *(finding for operation in _update_operations(resource) for finding in judge.uncarried(operation)),
        *(judge.attachments(resource.attachments) if resource.attachments else ()),
        *(judge.references(resource.references) if resource.references else ()),
        *judge.deletion(),
        *judge.answers(),
        *judge.statuses(),
        *judge.shorthands(),
    }
    return sorted({*(finding for finding in found if not _excluded(resource, finding)), *judge.exclusions()})


def statuses(resource: Resource, model: Any) -> list[str] | None:
    """The values of a resource's status; None if it has none. What is a plain string in the answer has its values
    in a shape of its own."""
    shape = _resolve(model.operation_model(resource.describe_operation).output_shape, f"{resource.answered}.status")[1]
    if shape is None:
        return None
    return list(shape.enum or model.shape_for(f"{resource.api}Status").enum)


def subject(finding: str) -> str:
    return finding.partition(":")[0]


def _excluded(resource: Resource, finding: str) -> bool:
    return any(f"{subject(finding)}.".startswith(f"{place}.") for place in resource.excluded)


def _update_operations(resource: Resource) -> set[str]:
    return {operation for update in resource.updates for operation in (update.operation, update.otherwise) if operation}


class _Judge:
    """Judges one descriptor; each method yields the findings on one part of it."""

    def __init__(self, resource: Resource, model: Any) -> None:
        self.resource = resource
        self.model = model
        self.names = set(resource.names(dict.fromkeys(resource.identity)))
        self.names |= {resource.finder.request} if resource.finder else set()

    def input(self, operation: str) -> Any:
        return self.model.operation_model(operation).input_shape

    def answer(self, operation: str) -> Any:
        return self.model.operation_model(operation).output_shape

    def own_members(self, operation: str) -> dict[str, Any]:
        """An operation's input without identity, tags and request token."""
        return self.own(self.input(operation))

    def own(self, shape: Any) -> dict[str, Any]:
        return {
            name: member
            for name, member in shape.members.items()
            if snake(name) not in self.names and name != "tags" and not member.metadata.get("idempotencyToken")
        }

    def missing_identity(self, operation: str, others: Iterable[str]) -> Iterator[str]:
        yield from self.missing(self.input(operation), operation, others)

    def missing(self, shape: Any, place: str, others: Iterable[str]) -> Iterator[str]:
        for name in shape.required_members:
            if snake(name) not in self.names and snake(name) not in others:
                yield f"{place}.{name}: required by the API, and no request holds it"

    def creation(self) -> Iterator[str]:
        operation = self.resource.create_operation
        attached = self.resource.attachments.option if self.resource.attachments else None
        members = {name: option for name, option in _members(self.resource.options).items() if name != attached}
        members |= self.modifiers(self.resource.create_modifiers)
        envelope = self.resource.envelope
        place, shape = _resolve(self.input(operation), envelope) if envelope else ("", self.input(operation))
        holder = f"{operation}.{place}".rstrip(".")
        if envelope:
            outside = {name: shape for name, shape in self.own_members(operation).items() if name != place}
            yield from _compare_members({}, outside, operation)
        yield from _compare_members(members, self.own(shape), holder)
        yield from self.missing_identity(operation, {*self.resource.required, envelope})
        yield from self.missing(shape, holder, self.resource.required)
        required = {snake(name) for name in shape.required_members}
        for name in self.resource.required:
            place = f"{holder}.{_api_name(shape, name)}"
            if name not in required and place not in BETTER_KNOWN:
                yield f"{place}: required here, optional in the API"
        for place in BETTER_KNOWN:
            if place.startswith(operation) and snake(place.partition(".")[2]) not in self.resource.required:
                yield f"{place}: not required, though {BETTER_KNOWN[place]}"

    def modifiers(self, names: Iterable[str]) -> dict[str, Option]:
        """The modifiers of the names given, as far as there are any."""
        return {name: option for name, option in self.resource.modifiers.items() if name in names}

    def deletion(self) -> Iterator[str]:
        operation = self.resource.delete_operation
        yield from self.missing_identity(operation, ())
        yield from _compare_members(
            self.modifiers(self.resource.delete_modifiers), self.own_members(operation), operation
        )

    def references(self, refer: References) -> Iterator[str]:
        """Whether what Describe answers with ARNs of can be asked for and tells what the option wants to know."""
        yield from self.missing_identity(refer.describe, {refer.id})
        told = _resolve(self.answer(refer.describe), refer.answer)[1]
        items = _option(self.resource, refer.option)
        wanted = [refer.id, refer.arn, *_members(items.elements if items and items.elements else Option("dict"))]
        yield from (f"{refer.describe}.{name}: not in the answer" for name in wanted if _resolve(told, name)[1] is None)

    def update(self, update: Update) -> Iterator[str]:
        """Whether what an update carries exists on both sides and is the same."""
        operation = update.operation
        if update.otherwise:
            yield from self.switch(update)
            return
        for path in update.carries:
            place, shape = _resolve(self.input(operation), path)
            option = _option(self.resource, path)
            if option is None:
                yield f"{operation}.{place}: carried, but there is no such option"
            elif shape is None:
                yield f"{operation}.{place}: carried, but the operation's input has no such member"
            else:
                yield from _compare_patched(option, shape, f"{operation}.{place}")
        modifiers = self.modifiers(update.modifiers)
        shapes = {name: shape for name, shape in self.own_members(operation).items() if snake(name) in update.modifiers}
        yield from _compare_members(modifiers, shapes, operation)
        for name in update.modifiers:
            if name not in map(snake, shapes):
                yield f"{operation}.{name}: a modifier that the operation does not take"
        yield from self.missing_identity(operation, {path.partition(".")[0] for path in update.carries})

    def switch(self, update: Update) -> Iterator[str]:
        """Whether two operations set one flag, and are told nothing beside what it is a flag of."""
        for operation in (update.operation, update.otherwise):
            yield from self.missing_identity(operation, ())
            yield from _compare_members({}, self.own_members(operation), operation)
        if not update.carries:
            yield f"{update.operation}.enabled: no Update carries it"
        for path in update.carries:
            option = _option(self.resource, path)
            if option is None or option.kind != "bool":
                yield f"{update.operation}.{path}: carried, but there is no such flag"

    def uncarried(self, operation: str) -> Iterator[str]:
        """The members of an update's input that no Update carries and no modifier is."""
        own = [update for update in self.resource.updates if update.operation == operation]
        known = {name for update in own for name in (*update.carries, *update.modifiers)}
        for name, shape in self.own_members(operation).items():
            for path in _leaf_paths(shape, name):
                places = [snake(part) for part in path.split(".")]
                if not any(".".join(places[:depth]) in known for depth in range(1, len(places) + 1)):
                    yield f"{operation}.{path}: no Update carries it"

    def attachments(self, attached: Attachments) -> Iterator[str]:
        options = _option(self.resource, attached.option)
        for item in (attached.item, options.elements if options else None):
            if item is None:
                yield f"{attached.add}.{attached.option}: no option lists what it adds"
            else:
                required = self.input(attached.add).required_members
                yield from _compare_members(_members(item), self.own_members(attached.add), attached.add, required)
        yield from self.missing_identity(attached.remove, {attached.key})
        listing = attached.listing or self.resource.describe_operation
        yield from self.missing_identity(listing, ())
        told = self.answer(listing)
        told = told if attached.listing else _resolve(told, self.resource.answered)[1]
        if attached.answer not in map(snake, getattr(told, "members", ())):
            yield f"{listing}.{attached.answer}: not in the answer"

    def answers(self) -> Iterator[str]:
        """Whether answers hold what is read from them, and echo the options that are said to be echoed."""
        operation = self.resource.describe_operation
        yield from self.missing_identity(operation, ())
        listing = self.answer(self.resource.list_operation).members
        if self.resource.listing not in map(snake, listing):
            yield f"{self.resource.list_operation}.{self.resource.listing}: not in the answer"
        _place, described = _resolve(self.answer(operation), self.resource.answered)
        if described is None:
            yield f"{operation}.{self.resource.answered}: not in the answer"
            return
        if _resolve(described, self.resource.arn)[1] is None:
            yield f"{operation}.{self.resource.arn}: not in the answer"
        for path, option in leaves(self.resource.options):
            place, shape = _resolve(described, path)
            if option.echoed != (shape is not None and f"{operation}.{place}" not in BETTER_KNOWN):
                yield f"{operation}.{place}: {'not ' * option.echoed}in the answer, and the option says otherwise"

    def statuses(self) -> Iterator[str]:
        place = f"{self.resource.describe_operation}.status"
        values = statuses(self.resource, self.model)
        lifecycle = self.resource.lifecycle
        if (values is None) != (lifecycle is None):
            yield f"{place}: {'no' if values is None else 'a'} status in the answer, and the lifecycle says otherwise"
        elif lifecycle is not None and values is not None:
            known = {*lifecycle.resting, *lifecycle.moving, *lifecycle.failed}
            unknown = [value for value in values if value not in known and f"{place}.{value}" not in BETTER_KNOWN]
            yield from (f"{place}: {value} is unknown to the lifecycle" for value in unknown)

    def shorthands(self) -> Iterator[str]:
        for name, path in self.resource.shorthands.items():
            if _option(self.resource, path) is None:
                yield f"{self.resource.create_operation}.{path}: {name} stands for it, and there is no such option"

    def exclusions(self) -> Iterator[str]:
        for place, reason in self.resource.excluded.items():
            operation, _dot, path = place.partition(".")
            known = operation in self.model.operation_names
            if not known or path not in _all_paths(self.input(operation)):
                yield f"{place}: excluded, but the API has no such member"
            elif not reason:
                yield f"{place}: excluded without a reason"


def _members(option: Option) -> dict[str, Option]:
    return dict(option.members or {})


def _compare_members(
    options: dict[str, Option], shapes: dict[str, Any], place: str, required: Iterable[str] = ()
) -> Iterator[str]:
    """The members of a structure against those of the API's, both ways."""
    by_name = {snake(name): name for name in shapes}
    for name, option in options.items():
        if name not in by_name:
            yield f"{place}.{name}: no member of the API"
        elif option.required != (by_name[name] in required):
            yield f"{place}.{by_name[name]}: required {'here' if option.required else 'in the API'} only"
    for name, shape in shapes.items():
        if snake(name) not in options:
            yield f"{place}.{name}: no option for it"
        else:
            yield from _compare(options[snake(name)], shape, f"{place}.{name}")


def _compare(option: Option, shape: Any, place: str) -> Iterator[str]:
    kind = "raw" if option.kind == "raw" and shape.type_name == "string" else KINDS.get(shape.type_name)
    if option.kind != kind or (option.members is not None) != (shape.type_name == "structure"):
        yield f"{place}: of type {option.kind} here, {shape.type_name} in the API"
        return
    enum = getattr(shape, "enum", ())
    yield from (f"{place}: the value {value} is missing" for value in enum if value not in option.choices)
    yield from (f"{place}: the API has no value {value}" for value in option.choices if value not in enum)
    if shape.type_name == "structure":
        yield from _compare_members(_members(option), shape.members, place, shape.required_members)
    if shape.type_name == "list":
        if option.elements is None:
            yield f"{place}: of what it is a list is not said"
        else:
            yield from _compare(option.elements, shape.member, place)


def _compare_patched(option: Option, shape: Any, place: str) -> Iterator[str]:
    """Like _compare, for an option whose ``patch`` may make a structure of changes: values to set, keys to remove."""
    if option.patch is None or option.members is not None or shape.type_name != "structure":
        yield from _compare(option, shape, place)
        return
    made = _made_by_patch(option)
    yield from (
        f"{place}.{name}: made by patch, no member of the API" for name in made - set(map(snake, shape.members))
    )
    for name, member in shape.members.items():
        if snake(name) not in made:
            yield f"{place}.{name}: never made by patch"
        elif not (option.kind == "dict" and member.type_name == "list"):  # else the keys of a map
            yield from _compare(option, member, f"{place}.{name}")


def _made_by_patch(option: Option) -> set[str]:
    """The members of the structure of changes; none if the patch cannot read the values of such an option."""
    assert option.patch is not None
    try:
        return set(option.patch(sample(option, "before"), sample(option, "after")))
    except (KeyError, TypeError):
        return set()


def sample(option: Option, mark: str) -> Any:
    """Some value of an option; another mark makes another value."""
    if option.elements is not None:
        return [sample(option.elements, mark)]
    if option.members is not None:
        return {name: sample(member, mark) for name, member in option.members.items()}
    if option.kind == "dict":
        return {mark: mark}
    if option.choices:
        return option.choices[len(mark) % len(option.choices)]
    return {"int": len(mark), "bool": len(mark) % 2 == 0}.get(option.kind, mark)


def _option(resource: Resource, path: str) -> Option | None:
    try:
        return resource.option(path)
    except KeyError:
        return None


def _api_name(shape: Any, name: str) -> str:
    """A member's name in the API's spelling, or the option's own if there is no such member."""
    return next((member for member in getattr(shape, "members", ()) if snake(member) == name), name)


def _resolve(shape: Any, path: str) -> tuple[str, Any]:
    """A path in the API's spelling as far as it leads, and the shape at its end or None."""
    place = []
    for name in path.split("."):
        found = _api_name(shape, name)
        place.append(found)
        shape = getattr(shape, "members", {}).get(found)
    return ".".join(place), shape


def _leaf_paths(shape: Any, path: str) -> Iterator[str]:
    if shape.type_name != "structure":
        yield path
    else:
        for name, member in shape.members.items():
            yield from _leaf_paths(member, f"{path}.{name}")


def _all_paths(shape: Any, path: str = "") -> set[str]:
    """The paths of all members below a shape, through lists as well."""
    while shape.type_name == "list":
        shape = shape.member
    found = set()
    for name, member in getattr(shape, "members", {}).items():
        below = f"{path}.{name}".lstrip(".")
        found |= {below, *_all_paths(member, below)}
    return found
