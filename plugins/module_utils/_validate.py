# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks values against an argument_spec as Ansible does, and says where in a list of structures it is that they fail.

Ansible's own messages name an option, but not the entry of a list that it stands in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from ansible.module_utils.common.parameters import DEFAULT_TYPE_VALIDATORS

from ansible_collections.flotilla.eks.plugins.module_utils._shapes import snake

Spec = Mapping[str, Mapping[str, Any]]
KINDS = {"string": "str", "integer": "int", "long": "int", "double": "float", "float": "float", "boolean": "bool"}
MOST_CHOICES = 32  # a longer enumeration, such as that of all instance types, grows while a botocore is in use


class Validator:
    """Brings values into the types of a spec. ``problems`` collects what is wrong: "nodegroups[2].ami_type: ..."."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def structure(self, spec: Spec, given: Any, place: str, exclusive: Any = ()) -> dict[str, Any]:
        """The options of ``spec``, under their own names, with None or the default for those that are not given."""
        if not isinstance(given, Mapping):
            self._refuse(place, f"found {given!r}, wanted a dictionary of options")
            return {}
        names = {alias: name for name, option in spec.items() for alias in (name, *(option.get("aliases") or ()))}
        unknown = [key for key in given if key not in names]
        for key in unknown:
            self._refuse(f"{place}.{key}", f"there is no such option; there are: {', '.join(sorted(spec))}")
        values: dict[str, Any] = {}
        for key, value in given.items():
            if key in names and value is not None:
                if names[key] in values:
                    self._refuse(
                        f"{place}.{key}", f"another name of {names[key]}, which is given too; give one of them"
                    )
                values[names[key]] = value
        for group in exclusive:
            both = [name for name in group if name in values]
            if len(both) > 1:
                self._refuse(place, f"found {' and '.join(both)}, of which only one may be given")
        return {name: self._option(option, values.get(name), f"{place}.{name}") for name, option in spec.items()}

    def _option(self, option: Mapping[str, Any], value: Any, place: str) -> Any:
        if value is None:
            if option.get("required"):
                self._refuse(place, "missing; it is required")
            return option.get("default")
        typed = self._typed(option.get("type", "str"), option, value, place)
        if option.get("type") == "list" and isinstance(typed, list):
            kind = option.get("elements", "str")
            return [self._typed(kind, option, item, f"{place}[{index}]") for index, item in enumerate(typed)]
        return typed

    def _typed(self, kind: str, option: Mapping[str, Any], value: Any, place: str) -> Any:
        """A value of one type; the members of a structure and the choices belong to a list's elements, not to it."""
        if kind == "dict" and option.get("options") is not None:
            return self.structure(option["options"], value, place, option.get("mutually_exclusive") or ())
        try:
            typed = DEFAULT_TYPE_VALIDATORS[kind](value)
        except (TypeError, ValueError):
            self._refuse(place, f"found {value!r}, wanted a value of type {kind}")
            return None
        if kind != "list" and option.get("choices") and typed not in option["choices"]:
            self._refuse(place, f"found {typed!r}, wanted one of {', '.join(map(str, option['choices']))}")
        return typed

    def shaped(self, shape: Any, given: Any, place: str) -> Any:
        """A value by a shape of botocore's service models, in options' spelling, freed of what is None."""
        if shape.type_name == "structure":
            return self.members(shape, given, place)
        if shape.type_name == "list":
            if not isinstance(given, list):
                self._refuse(place, f"found {given!r}, wanted a list")
                return []
            self._within(shape, len(given), place, "entries")
            return [self.shaped(shape.member, item, f"{place}[{index}]") for index, item in enumerate(given)]
        return self._shaped_scalar(shape, given, place)

    def members(
        self,
        shape: Any,
        given: Any,
        place: str,
        without: Collection[str] = (),
        beside: Collection[str] = (),
        optional: bool = False,
    ) -> dict[str, Any]:
        """A structure by its shape. Its members ``without`` are not the user's to say, ``beside`` them are options that
        somebody else checks; if ``optional``, none is missing that is not given.
        """
        if not isinstance(given, Mapping):
            self._refuse(place, f"found {given!r}, wanted a dictionary of options")
            return {}
        members = {snake(name): name for name in shape.members if snake(name) not in without}
        for key in given:
            if key not in {*members, *beside}:
                known = ", ".join(sorted({*members, *beside}))
                self._refuse(f"{place}.{key}", f"there is no such option; there are: {known}")
        values = {key: value for key, value in given.items() if key in members and value is not None}
        missing = {snake(name) for name in shape.required_members} & members.keys() - values.keys()
        for name in () if optional else sorted(missing):
            self._refuse(f"{place}.{name}", "missing; it is required")
        return {key: self.shaped(shape.members[members[key]], value, f"{place}.{key}") for key, value in values.items()}

    def _shaped_scalar(self, shape: Any, given: Any, place: str) -> Any:
        try:
            if shape.type_name == "timestamp":
                moment = datetime.fromisoformat(given)
                return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
            kind = KINDS[shape.type_name]
            if isinstance(given, (list, Mapping)) or (isinstance(given, bool) and kind != "bool"):
                raise TypeError
            value = DEFAULT_TYPE_VALIDATORS[kind](given)
        except (TypeError, ValueError):
            kind = "timestamp, such as 2030-01-31T12:00:00Z" if shape.type_name == "timestamp" else kind
            self._refuse(place, f"found {given!r}, wanted a value of type {kind}")
            return None
        choices = getattr(shape, "enum", None)
        if choices and len(choices) <= MOST_CHOICES and value not in choices:
            self._refuse(place, f"found {value!r}, wanted one of {', '.join(choices)}")
        if kind == "str":
            self._within(shape, len(value), place, "characters")
        elif kind != "bool":
            self._within(shape, value, place)
        return value

    def _within(self, shape: Any, size: float, place: str, unit: str = "") -> None:
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if (least is not None and size < least) or (most is not None and size > most):
            bounds = f"at least {least}" if most is None else f"{least or 0} to {most}"
            self._refuse(place, " ".join(filter(None, (f"found {size}", unit))) + f", wanted {bounds}")

    def _refuse(self, place: str, what: str) -> None:
        self.problems.append(f"{place}: {what}")
