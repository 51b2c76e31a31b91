# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which module reaches which operation of an API, that of EKS or another of which we have resources.

A module reaches what its descriptor says, or, without one, what the module_utils that it leads to call by name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._model import Resource
from support.checkout import CHECKOUT
from support.imports import files_imported, parsed

PLUGINS = CHECKOUT / "plugins"
UTILS = PLUGINS / "module_utils"
# What serves every descriptor: what that names says nothing of a module.
ENGINE = {"_apply", "_client", "_entry", "_generations", "_model", "_plan", "_read", "_resources", "_settle"}

# Operations that no module calls, and why none needs to.
NOT_CALLED: dict[str, dict[str, str]] = {
    "eks": {"ListTagsForResource": "Describe answers with the tags of every resource that has any"},
    "rolesanywhere": {
        "GetCrl": "ListCrls tells all of a list",
        "DisableCrl": "a list that is not to be heeded is removed",
        "ResetNotificationSettings": "what is wanted is said; an event that is not named is left alone",
    },
}


def reached(resources: Iterable[Resource], model: Any) -> dict[str, list[str]]:
    """The operations of the service that modules reach, each with the modules."""
    modules = {path.stem: path for path in sorted((PLUGINS / "modules").glob("[!_]*.py"))}
    calls = {module: set(_named(path)) for module, path in modules.items()}
    for resource in (one for one in resources if one.service == model.service_name):
        for module, operations in ((resource.kind, resource.operations), (f"{resource.kind}_info", _reads(resource))):
            if module in calls:
                calls[module] |= set(operations)
    return {
        operation: found
        for operation in model.operation_names
        if (found := [module for module, operations in calls.items() if operation in operations])
    }


def unclaimed(resources: Iterable[Resource], model: Any) -> list[str]:
    """What is wrong with the coverage: operations that no module reaches, and excuses that are none."""
    covered, known = set(reached(resources, model)), set(model.operation_names)
    excused = NOT_CALLED[model.service_name].keys()
    return sorted(
        [f"{name}: no module reaches it" for name in known - covered - excused]
        + [f"{name}: a module reaches it, yet it stands in NOT_CALLED" for name in covered & excused]
        + [f"{name}: stands in NOT_CALLED, yet is no operation" for name in excused - known]
    )


def table(resources: Iterable[Resource], model: Any) -> Iterator[str]:
    """The lines of the table: each operation with who reaches it or why nobody does; last, how many have either."""
    covered, excuses = reached(resources, model), NOT_CALLED[model.service_name]
    width = max(map(len, model.operation_names))
    for operation in sorted(model.operation_names):
        modules = ", ".join(covered.get(operation, ()))
        excuse = f"- ({excuses[operation]})" if operation in excuses else "- (missing)"
        yield f"{operation:<{width}}  {modules or excuse}"
    accounted = covered.keys() | excuses.keys()
    yield f"operations: {len(accounted)} of {len(model.operation_names)}"


def _reads(resource: Resource) -> set[str]:
    """What an info module calls."""
    attached = {resource.attachments.listing} if resource.attachments else set()
    return {resource.describe_operation, resource.list_operation, *attached, resource.tag_listing}


@cache
def _named(module: Path) -> frozenset[str]:
    """The text constants in those module_utils that a module's file leads to, operations among them."""
    found: set[Path] = set()
    ahead = [module]
    while ahead:
        new = set(_imported(ahead.pop())) - found
        found |= new
        ahead += new
    return frozenset().union(*map(_texts, found))


@cache
def _texts(file: Path) -> frozenset[str]:
    constants = (node.value for node in ast.walk(parsed(file)) if isinstance(node, ast.Constant))
    return frozenset(value for value in constants if isinstance(value, str))


@cache
def _imported(file: Path) -> frozenset[Path]:
    """The module_utils that a file imports, but for the engine."""
    utils = (path for path in files_imported(parsed(file)) if UTILS in path.parents)
    return frozenset(path for path in utils if path.relative_to(UTILS).with_suffix("").parts[0] not in ENGINE)
