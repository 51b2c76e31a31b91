# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server-side apply: who manages which fields, and what comes of it when somebody applies some ("Server-Side Apply").

Pure. The fields of an entry of `metadata.managedFields` are handled as paths: see `fields`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import fields, strategic
from .errors import ApiError
from .fields import FieldPath
from .objects import Object
from .types import Type


@dataclass(frozen=True)
class Writer:
    """Who writes, in which way: `operation` is Apply or Update. `now` is a timestamp."""

    manager: str
    operation: str
    kind: Type
    subresource: str
    now: str

    def entry(self, paths: set[FieldPath]) -> Object:
        said = {
            "manager": self.manager,
            "operation": self.operation,
            "apiVersion": self.kind.group_version,
            "time": self.now,
            "fieldsType": "FieldsV1",
            "fieldsV1": fields.encoded(paths),
        }
        return {**said, "subresource": self.subresource} if self.subresource else said

    def wrote(self, entry: Object) -> bool:
        """Whether an entry is this writer's."""
        own = (self.manager, self.operation, self.subresource)
        return own == (entry["manager"], entry.get("operation"), entry.get("subresource", ""))


def updated(before: Object | None, after: Object, writer: Writer) -> list[Object]:
    """The entries after an update: what it changed becomes the writer's, and nobody else's."""
    old, new = fields.leaves(before or {}), fields.leaves(after)
    changed = {path for path, value in new.items() if path not in old or old[path] != value}
    entries = _entries(before, after)
    if not changed and old.keys() <= new.keys():
        return entries
    lost = changed | (old.keys() - new.keys())
    own = [fields.decoded(entry["fieldsV1"]) for entry in entries if writer.wrote(entry)]
    others = _without(lost, [entry for entry in entries if not writer.wrote(entry)])
    mine = (set().union(*own) - (old.keys() - new.keys())) | changed
    return [*others, writer.entry(mine)] if mine else others


def applied(current: Object | None, wanted: Object, writer: Writer, force: bool) -> tuple[Object, list[Object]]:
    """The object that `wanted` makes of `current`, and its entries. What the writer applied before and now does not,
    goes, unless others manage it, too.

    Raises ApiError Conflict if others manage fields that it would change, unless it is to `force` them.
    """
    base, said = current or {}, fields.leaves(wanted)
    entries = _entries(current, None)
    others = [entry for entry in entries if not writer.wrote(entry)]
    clashes = _clashes(others, said, fields.leaves(base))
    if any(paths for _entry, paths in clashes) and not force:
        raise _conflict(clashes)
    others = [left for entry, paths in clashes for left in _without(paths, [entry])]
    former = [entry for entry in entries if writer.wrote(entry)]
    kept = set(said).union(*(fields.decoded(entry["fieldsV1"]) for entry in others))
    dropped = set().union(*(fields.decoded(entry["fieldsV1"]) for entry in former)) - kept
    new = fields.removed(strategic.patched(base, wanted), dropped, kept)
    entry = writer.entry(set(said))
    same = [one for one in former if all(one.get(name) == entry[name] for name in ("fieldsV1", "apiVersion"))]
    return new, [*others, *(same or [entry])]


def with_entries(thing: Object, entries: list[Object]) -> Object:
    """The object with these entries in its metadata."""
    metadata = {name: value for name, value in thing["metadata"].items() if name != "managedFields"}
    return {**thing, "metadata": {**metadata, "managedFields": entries} if entries else metadata}


def _entries(before: Object | None, after: Object | None) -> list[Object]:
    """Those of the object; a client may write them, too, an empty one to be rid of them all."""
    found = [(thing or {}).get("metadata", {}).get("managedFields") for thing in (after, before)]
    written = found[0] if found[0] is not None else found[1]
    return [entry for entry in written or [] if entry.get("manager") and "fieldsV1" in entry]


def _without(lost: set[FieldPath], entries: list[Object]) -> list[Object]:
    """The entries without these fields; one that has no more goes."""
    left = []
    for entry in entries:
        paths = fields.decoded(entry["fieldsV1"])
        if paths - lost:
            left.append({**entry, "fieldsV1": fields.encoded(paths - lost)} if paths & lost else entry)
    return left


def _clashes(
    others: list[Object], said: dict[FieldPath, Any], live: dict[FieldPath, Any]
) -> list[tuple[Object, set[FieldPath]]]:
    """Each entry with those of its fields that would be changed."""
    differing = {path for path, value in said.items() if path in live and live[path] != value}
    return [(entry, fields.decoded(entry["fieldsV1"]) & differing) for entry in others]


def _conflict(clashes: list[tuple[Object, set[FieldPath]]]) -> ApiError:
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {_described(entry)}", "field": fields.text(path)}
        for entry, paths in clashes
        for path in sorted(paths)
    ]
    count = f"{len(causes)} conflict{'s' if len(causes) > 1 else ''}"
    listed = "; ".join(f"{cause['message']}: {cause['field']}" for cause in causes)
    return ApiError("Conflict", f"Apply failed with {count}: {listed}", {"causes": causes})


def _described(entry: Object) -> str:
    manager = f'"{entry["manager"]}"'
    if entry.get("subresource"):
        manager += f' with subresource "{entry["subresource"]}"'
    return manager if entry.get("operation") == "Apply" else f"{manager} using {entry.get('apiVersion')}"
