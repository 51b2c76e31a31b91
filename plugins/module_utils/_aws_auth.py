# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of the ConfigMap aws-auth: which Kubernetes user an IAM role or user is. Pure.

Its data are texts in YAML that several tools and people write. Only the rows that are asked for are edited; all else,
comments and order included, stays as it is. Shape: https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._yaml_text import (
    NotYaml,
    apply,
    compose,
    dump,
    edit_items,
    insert_below,
    load,
)

SECTIONS = {"mapRoles": "rolearn", "mapUsers": "userarn"}
"""The texts of the ConfigMap that hold rows, and what a row of each is found by."""

_NODE = ("system:bootstrappers", "system:nodes")
TYPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "EC2_LINUX": ("system:node:{{EC2PrivateDNSName}}", _NODE),
    "EC2_WINDOWS": ("system:node:{{EC2PrivateDNSName}}", (*_NODE, "eks:kube-proxy-windows")),
    "FARGATE_LINUX": ("system:node:{{SessionName}}", (*_NODE, "system:node-proxier")),
}
"""User name and groups of nodes by what they are. https://docs.aws.amazon.com/eks/latest/userguide/:
auth-configmap.html, windows-support.html, fargate-getting-started.html"""

_REPAIR = "Nothing was written. Repair the text: as it is, the cluster lets nobody in by it"
_ARNS = {
    "mapRoles": re.compile(r"(arn:aws[a-z-]*:iam::\d{12}:role/)(?:[!-~]+/)?([\w+=,.@-]{1,64})", re.ASCII),
    "mapUsers": re.compile(r"(arn:aws[a-z-]*:iam::\d{12}:user/)((?:[!-~]+/)?[\w+=,.@-]{1,64})", re.ASCII),
}


class BadRows(ValueError):
    """A text or a wanted row that cannot be. Names the section, what was found and what to do."""


@dataclass(frozen=True)
class Row:
    """What is wanted of a row. What is None is left alone."""

    arn: str
    username: str | None = None
    groups: tuple[str, ...] | None = None


@dataclass
class Edited:
    """The data of the ConfigMap, and what was done to it; ``rewritten`` names the texts that lost their layout."""

    data: dict[str, str]
    changes: list[str] = field(default_factory=list)
    rewritten: list[str] = field(default_factory=list)


def edited(data: Mapping[str, str], wanted: Mapping[str, Sequence[Row]], present: bool) -> Edited:
    """The data with the wanted rows of each section, or without them. Raises BadRows."""
    result = Edited(dict(data))
    for section, rows in wanted.items():
        text = data.get(section) or ""
        before = rows_of(section, text)
        after, added = _rows(section, before, _checked(section, rows), present)
        changes = _told(section, before, after, added)
        if changes:
            result.changes += changes
            result.data[section], kept = _rendered(section, text, before, after, added)
            result.rewritten += [] if kept else [section]
    return result


def rows_of(section: str, text: str | None) -> list[dict[str, Any]]:
    """The rows of a text. Raises BadRows if it is no list of them."""
    try:
        rows = load(text or "") or []
    except NotYaml as error:
        raise BadRows(f"{section} {error}. {_REPAIR}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        kind = "a row that is none" if isinstance(rows, list) else type(rows).__name__
        raise BadRows(f"{section} is no list of rows, each with {SECTIONS[section]}: found {kind}. {_REPAIR}")
    return rows


def _checked(section: str, rows: Sequence[Row]) -> dict[str, Row]:
    """The wanted rows by the ARN that aws-auth finds them by. Raises BadRows.

    "The role ARN can't include a path" (auth-configmap.html), so it is left out; of users, it belongs to the ARN.
    """
    checked: dict[str, Row] = {}
    for row in rows:
        form = _ARNS[section].fullmatch(row.arn)
        if form is None:
            kind = "role" if section == "mapRoles" else "user"
            raise BadRows(
                f"{section}: {row.arn!r} is not the ARN of an IAM {kind}; give one such as "
                f"arn:aws:iam::123456789012:{kind}/NAME, of an assumed role the role's own"
            )
        bare = form[1] + form[2]
        if bare.lower() in checked:
            raise BadRows(f"{section}: {bare} is listed twice; give it one row")
        checked[bare.lower()] = Row(bare, row.username, row.groups)
    return checked


def _rows(
    section: str, before: Sequence[Mapping[str, Any]], wanted: Mapping[str, Row], present: bool
) -> tuple[list[dict[str, Any] | None], list[dict[str, Any]]]:
    """What becomes of each row, None for those that go; and the new rows. Of two rows of one ARN, the first stays."""
    after: list[dict[str, Any] | None] = []
    seen: set[str] = set()
    for found in before:
        arn = _found_by(section, found)
        row = wanted.get(arn)
        if row is None:
            after.append(dict(found))
        else:
            after.append(_filled(section, found, row) if present and arn not in seen else None)
            seen.add(arn)
    missing = [row for arn, row in wanted.items() if present and arn not in seen]
    return after, [_filled(section, {}, row) for row in missing]


def _found_by(section: str, row: Mapping[str, Any]) -> str:
    """The ARN as it would be without a path that makes the row worthless."""
    form = _ARNS[section].fullmatch(str(row.get(SECTIONS[section])))
    return (form[1] + form[2]).lower() if form else ""


def _filled(section: str, found: Mapping[str, Any], row: Row) -> dict[str, Any]:
    filled = {**found, SECTIONS[section]: row.arn}
    if row.username is not None:
        filled["username"] = row.username
    if row.groups is not None and sorted(row.groups) != sorted(map(str, found.get("groups") or [])):
        filled["groups"] = list(row.groups)
    return filled


def _told(
    section: str, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any] | None], added: Sequence[Any]
) -> list[str]:
    key = SECTIONS[section]
    told = [
        f"{section}: {'remove' if new is None else 'change'} {old.get(key)}"
        for old, new in zip(before, after, strict=True)
        if new != old
    ]
    return told + [f"{section}: add {row[key]}" for row in added]


def _rendered(
    section: str, text: str, before: Sequence[Any], after: Sequence[Any], added: Sequence[Any]
) -> tuple[str, bool]:
    """A text that means the rows, as close to the given one as can be; and whether the layout could be kept."""
    wanted = [row for row in after if row is not None] + list(added)
    node = compose(text)
    if node is None or not before:
        changed = apply(text, [insert_below(text, None, dump(wanted))]) if node is None else dump(wanted)
        return changed, True
    changed = "" if node.flow_style else apply(text, edit_items(text, node, before, after, added))
    try:
        if rows_of(section, changed) == wanted:
            return changed, True
    except BadRows:
        pass
    return dump(wanted), False
