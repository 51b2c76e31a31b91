# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do so that a resource becomes what is desired: (resource, desired, observed) -> [Change].

Pure: no clock, no client, no module. What cannot be done is refused here, before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._compare import Difference, differences, to_send
from ansible_collections.flotilla.eks.plugins.module_utils._model import Resource, Update, Values
from ansible_collections.flotilla.eks.plugins.module_utils._paths import graft, pick

RESERVED_TAGS = "aws:"


@dataclass(frozen=True)
class Desired:
    """What the user said of one resource. ``values`` holds only what was given; None means "leave alone"."""

    identity: Values
    values: Values = field(default_factory=dict)
    tags: Mapping[str, str] | None = None
    purge_tags: bool = True
    purge_attachments: bool = False
    modifiers: Values = field(default_factory=dict)
    replace: bool = False


@dataclass(frozen=True)
class Change:
    """One write call. ``params`` are in options' spelling and hold neither identity nor request token, but
    the id of a resource that the service calls by one."""

    action: str  # create, update, tag, untag, attach, detach or delete
    operation: str
    params: Values = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()


class Refused(Exception):
    """The desired state cannot be reached, or makes no sense. The text names the resource and each field."""


class Immutable(Refused):
    """The desired state cannot be reached by updates, but by another resource in its place."""


class Stillborn(Immutable):
    """The resource exists and never came to life; what made it so is to be removed first, and then it."""


def title(resource: Resource, identity: Values) -> str:
    """How messages call a resource: "node group web of cluster prod"."""
    *parents, own = identity.items()
    return f"{resource.label} {own[1]}" + "".join(f" of {_word(name)} {value}" for name, value in reversed(parents))


def _word(option: str) -> str:
    return option.removesuffix("_name").replace("_", " ")


def status(observed: Values | None) -> str:
    return str((observed or {}).get("status") or "")


def health(observed: Values | None) -> str:
    """The service's own words on what ails a resource: "NodeCreationFailure: ... (i-1, i-2); ..." or ""."""
    issues = (pick(observed, "health.issues") or []) + ((observed or {}).get("errors") or [])
    return "; ".join(_issue(issue) for issue in issues)


def ailment(resource: Resource, observed: Values | None) -> str:
    """The same, with what to do about it as far as that is known."""
    codes = [issue.get("code") for issue in pick(observed, "health.issues") or []]
    codes += [error.get("error_code") for error in (observed or {}).get("errors") or []]
    remedies = dict.fromkeys(resource.remedies[code] for code in codes if code in resource.remedies)
    return ". ".join([health(observed), *remedies])


def _issue(issue: Values) -> str:
    code = issue.get("code") or issue.get("error_code")
    message = issue.get("message") or issue.get("error_message")
    affected = ", ".join(issue.get("resource_ids") or [])
    return f"{code}: {message}" + (f" ({affected})" if affected else "")


def present(resource: Resource, desired: Desired, observed: Values | None) -> list[Change]:
    """The changes that make a resource what is desired; none if it is. Raises Refused."""
    _refuse(
        resource,
        desired,
        _tag_problems(desired) + resource.hooks.check({**desired.identity, **desired.values}, observed),
    )
    _refuse_unconfirmed(resource, desired, observed)
    if observed is None:
        return _creation(resource, desired)
    if resource.lifecycle and status(observed) in resource.lifecycle.stillborn:
        return _second_birth(resource, desired, observed)
    found = differences(resource.options, _without_attachments(resource, desired.values), observed)
    if found:
        _refuse_owned(resource, desired, observed)
    obstacles = [obstacle for difference in found if (obstacle := _obstacle(resource, difference))]
    if obstacles and resource.replaceable and desired.replace:
        return [*absent(resource, desired, observed, found), *_creation(resource, desired)]
    _refuse(resource, desired, [obstacle + _way_out(resource) for obstacle in obstacles], Immutable)
    return (
        _updates(resource, desired, observed, found)
        + _attachments(resource, desired, observed)
        + _tags(resource, desired, observed)
    )


def _refuse_unconfirmed(resource: Resource, desired: Desired, observed: Values | None) -> None:
    commitment = resource.hooks.commitment(desired.values, observed) if resource.hooks.commitment else None
    if commitment and not desired.modifiers.get(resource.confirmation):
        _refuse(resource, desired, [f"{commitment}. Set {resource.confirmation}: true if that is meant"])


def absent(
    resource: Resource, desired: Desired, observed: Values | None, why: Iterable[Difference] = ()
) -> list[Change]:
    """The changes that remove a resource. Raises Refused if it is protected and the protection is not lifted."""
    if observed is None or status(observed) == "DELETING":
        return []
    reason = resource.hooks.kept(observed) if resource.hooks.kept else None
    _refuse(resource, desired, [reason] if reason else [])
    _refuse_owned(resource, desired, observed)
    lifting: list[Change] = []
    if resource.protection and observed.get(resource.protection):
        if desired.values.get(resource.protection) is not False:
            problem = f"{resource.protection}: found true, which forbids deletion. Set it to false in the same task"
            _refuse(resource, desired, [problem])
        lifted = Difference(resource.protection, True, False)
        lifting = _updates(resource, desired, observed, [lifted])
    params = {**_service_id(resource, observed), **_modifiers(desired, resource.delete_modifiers)}
    return [*lifting, Change("delete", resource.delete_operation, params, tuple(why))]


def _modifiers(desired: Desired, taken: Iterable[str]) -> Values:
    return {name: value for name, value in desired.modifiers.items() if name in taken}


def _refuse_owned(resource: Resource, desired: Desired, observed: Values) -> None:
    owner = observed.get(resource.owner) if resource.owner else None
    if owner:
        problem = f"{resource.owner}: found {owner}, to which it belongs, and which would undo the change. Change that"
        _refuse(resource, desired, [problem])


def _service_id(resource: Resource, observed: Values) -> Values:
    """What requests call a resource that the service has an id of its own for; nothing before it has one."""
    finder = resource.finder
    return {finder.request: observed[finder.id]} if finder and finder.id in observed else {}


def _refuse(resource: Resource, desired: Desired, problems: list[str], kind: type[Refused] = Refused) -> None:
    if problems:
        raise kind(f"{title(resource, desired.identity)}: " + "; ".join(problems))


def _creation(resource: Resource, desired: Desired) -> list[Change]:
    missing = [name for name in resource.required if name not in desired.values]
    if missing:
        raise Refused(
            f"{title(resource, desired.identity)} does not exist, and to create it these options are missing: "
            + ", ".join(missing)
        )
    values = _without_attachments(resource, resource.hooks.complete(desired.values))
    all_tags = {**(desired.tags or {}), **_name_tag(resource, desired)}
    tags = {"tags": all_tags} if all_tags else {}
    created = tuple(Difference(name, None, value) for name, value in {**values, **tags}.items())
    if resource.envelope:
        values = {resource.envelope: {**resource.names(desired.identity), **values}}
    params = {**values, **tags, **_modifiers(desired, resource.create_modifiers)}
    creation = Change("create", resource.create_operation, params, created)
    return [creation, *_attachments(resource, desired, {})]


def _name_tag(resource: Resource, desired: Desired) -> dict[str, str]:
    """The tag by which the resource is found again, where the service does not tell names."""
    return {resource.finder.tag: desired.identity["name"]} if resource.finder and resource.finder.tag else {}


def _second_birth(resource: Resource, desired: Desired, observed: Values) -> list[Change]:
    """A resource whose creation failed can only be deleted; whether that may happen is the user's choice."""
    if resource.replaceable and desired.replace:
        return [*absent(resource, desired, observed), *_creation(resource, desired)]
    remedy = (
        "set replace: true to have it deleted and created again"
        if resource.replaceable
        else ("delete it (state: absent) and create it again")
    )
    raise Stillborn(
        f"{title(resource, desired.identity)}: status: found {status(observed)}, wanted ACTIVE; "
        f"the service says: {ailment(resource, observed) or 'nothing'}. Remove the cause, then {remedy}"
    )


def _obstacle(resource: Resource, difference: Difference) -> str | None:
    """Why a difference cannot be removed by an update, or None."""
    refuse = resource.option(difference.path).refuse
    if refuse is not None:
        reason = refuse(difference.before, difference.after)
    else:
        reason = None if resource.update_for(difference.path) else "it cannot be changed after creation"
    if reason is None:
        return None
    return f"{difference.path}: found {difference.before!r}, wanted {difference.after!r}, but {reason}"


def _way_out(resource: Resource) -> str:
    if resource.replaceable:
        return f". Keep the old value, or set replace: true to have the {resource.label} replaced"
    return ""


def _updates(resource: Resource, desired: Desired, observed: Values, found: list[Difference]) -> list[Change]:
    changes = []
    for update in resource.updates:
        carried = tuple(difference for difference in found if resource.update_for(difference.path) is update)
        if carried and update.otherwise:
            operation = update.operation if carried[0].after else update.otherwise
            changes.append(Change("update", operation, _service_id(resource, observed), carried))
        elif carried:
            params = _params(resource, update, desired, observed, carried)
            changes.append(Change("update", update.operation, params, carried))
    return changes


def _params(
    resource: Resource, update: Update, desired: Desired, observed: Values, carried: tuple[Difference, ...]
) -> Values:
    params = _service_id(resource, observed)
    for path in update.carries:
        if (
            update.together
            or path in update.always
            or any((difference.path + ".").startswith(path + ".") for difference in carried)
        ):
            value = to_send(resource.option(path), pick(observed, path), pick(desired.values, path))
            if value is not None:
                graft(params, path, value)
    return {**params, **_modifiers(desired, update.modifiers)}


def _without_attachments(resource: Resource, values: Values) -> Values:
    """The values that the resource's own operations carry."""
    attached = resource.attachments.option if resource.attachments else None
    return {name: value for name, value in values.items() if name != attached}


def _attachments(resource: Resource, desired: Desired, observed: Values) -> list[Change]:
    attached = resource.attachments
    if attached is None or attached.option not in desired.values:
        return []
    before = {item[attached.key]: item for item in observed.get(attached.option) or []}
    after = {item[attached.key]: item for item in desired.values[attached.option]}
    own = _service_id(resource, observed)
    changes = []
    for key in before if desired.purge_attachments else ():
        if key not in after:
            gone = Difference(f"{attached.option}[{key}]", before[key], None)
            changes.append(Change("detach", attached.remove, {**own, attached.key: key}, (gone,)))
    for key, item in after.items():
        if key not in before or differences(attached.item, item, before[key]):
            new = Difference(f"{attached.option}[{key}]", before.get(key), item)
            less, more = attached.split(before.get(key), item) if attached.split else ({}, item)
            if less:
                changes.append(Change("detach", attached.remove, {**own, attached.key: key, **less}, (new,)))
            if more:
                changes.append(Change("attach", attached.add, {**own, **more}, (new,)))
    return changes


def _tag_problems(desired: Desired) -> list[str]:
    reserved = [key for key in desired.tags or {} if key.startswith(RESERVED_TAGS)]
    return [
        f"tags: found the key {key!r}; keys with the prefix {RESERVED_TAGS} belong to AWS, remove it"
        for key in reserved
    ]


def _tags(resource: Resource, desired: Desired, observed: Values) -> list[Change]:
    if desired.tags is None:
        return []
    before = {key: value for key, value in (observed.get("tags") or {}).items() if not key.startswith(RESERVED_TAGS)}
    wanted = {**desired.tags, **_name_tag(resource, desired)}
    removed = [key for key in before if key not in wanted] if desired.purge_tags else []
    added = {key: value for key, value in wanted.items() if before.get(key) != value}
    arn = {"resource_arn": observed.get(resource.arn)}
    changes = []
    if removed:
        gone = tuple(Difference(f"tags.{key}", before[key], None) for key in removed)
        changes.append(Change("untag", "UntagResource", {**arn, "tag_keys": removed}, gone))
    if added:
        new = tuple(Difference(f"tags.{key}", before.get(key), value) for key, value in added.items())
        changes.append(Change("tag", "TagResource", {**arn, "tags": added}, new))
    return changes


def diff(changes: Iterable[Change], observed: Values | None) -> Values:
    """Ansible's before and after, of what changes only. Keys are paths' names, nested as the options are."""
    before: Values = {}
    after: Values = {}
    for change in changes:
        if change.action == "delete":
            before["status"] = status(observed) or "present"
            after["status"] = "absent"
        elif change.action == "create":
            before.setdefault("status", "absent")
            after["status"] = "present"
        for difference in change.differences:
            _show(before, difference.path, difference.before)
            _show(after, difference.path, difference.after)
    return {"before": before, "after": after}


def _show(side: Values, path: str, value: Any) -> None:
    if value is None:
        return
    head, _dot, key = path.partition(".")
    if head in ("tags", "group_tags") and key:  # a tag's key may hold dots: it is data, not a path
        side.setdefault(head, {})[key] = value
    else:
        graft(side, path, value)
