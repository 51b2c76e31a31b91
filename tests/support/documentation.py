# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules say of themselves, brought into one form with what they are, and compared with it.

A *page* describes values: ``{name: {"type": "dict", ..., "below": page}}``. It is made of a documentation, of an
argument_spec or of a shape of the service model. A finding reads "path: what is wrong"; the elements of a list stand
below the list's name.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import get_docstring

from ansible_collections.flotilla.eks.plugins.module_utils._shapes import snake
from support.checkout import CHECKOUT

Page = dict[str, dict[str, Any]]

MODULES = sorted(path.stem for path in (CHECKOUT / "plugins" / "modules").glob("[!_]*.py"))
OF_HOSTS = [
    "ec2_node",
    "ec2_node_preflight",
    "hybrid_node",
    "hybrid_node_install",
    "hybrid_node_preflight",
    "hybrid_node_proxy",
]
"""Modules that run on hosts, where there is neither boto3 nor anybody's credentials."""
TYPES = {"string": "str", "integer": "int", "boolean": "bool", "list": "list", "map": "dict", "structure": "dict"}
TIMES = {"timestamp": "str"}  # as ISO 8601


@dataclass(frozen=True)
class Documentation:
    """The texts of a module as ``ansible-doc`` reads them, fragments included."""

    options: dict[str, Any]
    examples: list[dict[str, Any]]
    examples_text: str
    returned: dict[str, Any]


def documentation(module: str) -> Documentation:
    """The documentation of a module of this collection."""
    path = str(CHECKOUT / "plugins" / "modules" / f"{module}.py")
    texts, examples, returned, _metadata = get_docstring(
        path, fragment_loader, collection_name="flotilla.eks", plugin_type="module"
    )
    return Documentation(texts["options"], yaml.safe_load(examples), examples, returned)


def argument_spec(module: str) -> dict[str, Any]:
    """The whole argument_spec that a module hands to Ansible, with what amazon.aws may add to it."""

    class Taken(Exception):
        pass

    def take(*_self: Any, **arguments: Any) -> None:
        raise Taken(arguments["argument_spec"])

    main = importlib.import_module(f"ansible_collections.flotilla.eks.plugins.modules.{module}").main
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AnsibleModule, "__init__", take)  # AnsibleAWSModule makes one too
        with pytest.raises(Taken) as taken:
            main()
    spec: dict[str, Any] = taken.value.args[0]
    return spec


def options_page(options: Mapping[str, Any], below: str) -> Page:
    """The page of an argument_spec (``below`` is "options") or of documented options ("suboptions")."""
    return {
        name: {
            "type": option.get("type", "str"),
            "elements": option.get("elements"),
            "required": option.get("required", False),
            "default": option.get("default"),
            "choices": list(option.get("choices") or []),
            "aliases": sorted(option.get("aliases") or []),
            "below": options_page(option.get(below) or {}, below),
        }
        for name, option in options.items()
    }


def returned_page(returned: Mapping[str, Any]) -> Page:
    """The page of documented return values."""
    return {
        name: {
            "type": value["type"],
            "elements": value.get("elements"),
            "below": returned_page(value.get("contains") or {}),
        }
        for name, value in returned.items()
    }


def shape_page(shape: Any) -> Page:
    """The page of a structure of the service model."""
    return {snake(name): _shape_entry(member) for name, member in shape.members.items()}


def _shape_entry(shape: Any) -> dict[str, Any]:
    item = shape.member if shape.type_name == "list" else shape
    return {
        "type": (TYPES | TIMES)[shape.type_name],
        "elements": (TYPES | TIMES)[item.type_name] if item is not shape else None,
        "below": shape_page(item) if item.type_name == "structure" else {},
    }


def findings(documented: Page, actual: Page, place: str = "") -> list[str]:
    """How a documentation differs from what it describes, both ways."""
    found = [f"{place}{name}: is not documented" for name in actual if name not in documented]
    found += [f"{place}{name}: is documented, and does not exist" for name in documented if name not in actual]
    for name in documented.keys() & actual.keys():
        said, true = documented[name], actual[name]
        found += [
            f"{place}{name}: {fact} is {true[fact]!r}, documented as {said[fact]!r}"
            for fact in true
            if fact != "below" and said[fact] != true[fact]
        ]
        found += findings(said["below"], true["below"], f"{place}{name}.")
    return sorted(found)


def holders(page: Page, place: str = "") -> Iterator[tuple[str, str, Page]]:
    """Every value of a page: its path, its name and the page that holds it."""
    for name, entry in page.items():
        yield f"{place}{name}", name, page
        yield from holders(entry["below"], f"{place}{name}.")
