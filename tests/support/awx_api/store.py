# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of the stand-in: made, changed and removed as AWX's serializers and its database let them be."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from support.awx_api import schema
from support.awx_api.schema import KINDS, Field, Kind

Object = dict[str, Any]
ENCRYPTED = "$encrypted$"
TYPES: dict[str, tuple[type, ...]] = {
    schema.TEXT: (str,),
    schema.NUMBER: (int,),
    schema.FLAG: (bool,),
    schema.DOCUMENT: (dict,),
}


class Refused(Exception):
    """What the API answers instead: ``status`` and ``body``."""

    def __init__(self, body: Any, status: int = 400) -> None:
        super().__init__(body)
        self.body = body
        self.status = status


class Store:
    """Objects by kind and id. Ids are unique over all kinds, as those of AWX are over all that can be started."""

    def __init__(self) -> None:
        self.ids = itertools.count(1)
        self.objects: dict[str, dict[int, Object]] = {kind: {} for kind in KINDS}
        self.lists: dict[tuple[int, str], list[int]] = {}
        self.surveys: dict[int, Object] = {}

    def all(self, kind: str) -> list[Object]:
        """Every object of a kind, those that can be started if it is ``unified_job_templates``."""
        kinds = schema.UNIFIED if kind == "unified_job_templates" else (kind,)
        return [item for name in kinds for item in self.objects[name].values()]

    def find(self, kind: str, number: int) -> Object:
        for item in self.all(kind):
            if item["id"] == number:
                return item
        raise Refused({"detail": "Not found."}, 404)

    def add(self, kind: str, values: Object) -> Object:
        """Keep a new object of checked ``values``, with the defaults of its fields."""
        defaults = {name: entry.default for name, entry in KINDS[kind].fields.items()}
        item = {"id": next(self.ids), "type": KINDS[kind].type, **defaults, **values}
        self.objects[kind][item["id"]] = item
        return item

    def check(self, kind: str, data: Object, existing: Object | None = None) -> Object:
        """What of ``data`` is to be kept. Raises Refused where AWX would, and for fields that nothing has."""
        known = KINDS[kind]
        errors: dict[str, list[str]] = {}
        for name, value in data.items():
            if name in known.fields:
                if wrong := list(self._wrong(known.fields[name], value)):
                    errors[name] = wrong
            elif name not in known.told:
                errors[name] = [f"{known.type} has no such field"]
        if existing is None:
            missing = [name for name, entry in known.fields.items() if entry.required and name not in data]
            errors |= {name: ["This field is required."] for name in missing}
        if errors:
            raise Refused(errors)
        values = {name: value for name, value in data.items() if name in known.fields}
        self._unique(kind, known, {**(existing or {}), **values}, existing)
        return values

    def _wrong(self, entry: Field, value: Any) -> Iterator[str]:
        if value is None:
            if entry.default is not None:
                yield "This field may not be null."
        elif not isinstance(value, TYPES[entry.type]) or (entry.type == schema.NUMBER and isinstance(value, bool)):
            yield f"Not a valid {entry.type}: {type(value).__name__}."
        elif entry.choices and value not in entry.choices:
            yield f'"{value}" is not a valid choice.'
        elif entry.required and value == "":
            yield "This field may not be blank."
        elif entry.refers and value not in {item["id"] for item in self.all(entry.refers)}:
            yield f'Invalid pk "{value}" - object does not exist.'

    def _unique(self, kind: str, known: Kind, wanted: Object, existing: Object | None) -> None:
        for item in self.objects[kind].values():
            if item is not existing and known.unique and all(item[name] == wanted.get(name) for name in known.unique):
                names = " and ".join(name.capitalize() for name in known.unique)
                raise Refused({"__all__": [f"{known.type} with this {names} already exists."]})

    def remove(self, kind: str, number: int) -> None:
        """Remove an object, what cannot be without it, and the mention of it in others."""
        removed = self.objects[kind].pop(number)
        self.surveys.pop(number, None)
        if kind == "workflow_job_template_nodes":  # an approval goes with its node (awx.main.signals)
            self.objects["workflow_approval_templates"].pop(removed["unified_job_template"], None)
        labels = self.lists.get((number, "labels"), [])
        for key in [key for key in self.lists if key[0] == number]:
            del self.lists[key]
        for members in self.lists.values():
            if number in members:
                members.remove(number)
        for other, known in KINDS.items():
            for item in list(self.objects[other].values()):
                for name, entry in known.fields.items():
                    if entry.refers not in (kind, "unified_job_templates") or item.get(name) != number:
                        continue
                    if entry.required or name == "organization":
                        self.remove(other, item["id"])
                        break
                    item[name] = None
        self.drop_labels(labels)

    def drop_labels(self, numbers: list[int]) -> None:
        """AWX drops a label that was taken off the last thing that carried it (awx.main.models.label)."""
        used = {member for (_owner, name), members in self.lists.items() if name == "labels" for member in members}
        for label in set(numbers) - used:
            self.objects["labels"].pop(label, None)

    def associated(self, number: int, name: str) -> list[int]:
        return self.lists.setdefault((number, name), [])
