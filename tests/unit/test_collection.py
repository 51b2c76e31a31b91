# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection agrees with itself: what its metadata and its README claim is what its directories hold."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.flotilla.eks.plugins.filter.eks import FILTERS, PLUGINS
from support.checkout import CHECKOUT
from support.documentation import OF_HOSTS
from support.imports import files_imported, imported, parsed

MODULES = sorted(path.stem for path in (CHECKOUT / "plugins" / "modules").glob("[!_]*.py"))
ROLES = sorted(path.parent.parent.name for path in (CHECKOUT / "roles").glob("*/tasks/main.yml"))
PLAYBOOKS = sorted(path.stem for path in (CHECKOUT / "playbooks").glob("*.yml"))


def load(path: str | Path) -> Any:
    return yaml.safe_load((CHECKOUT / path).read_text(encoding="utf-8"))


RUNTIME = load("meta/runtime.yml")


def test_everything_promised_is_there() -> None:
    assert {"cluster", "nodegroup", "fargate_profile", "access_entry", "kubeconfig"} <= set(MODULES)
    assert {"network", "iam", "cluster", "managed_nodes", "fargate", "kubeconfig"} <= set(ROLES)
    assert {"site", "decommission"} <= set(PLAYBOOKS)


def test_action_group_lists_every_module() -> None:
    metadata, *members = RUNTIME["action_groups"]["aws"]
    assert metadata == {"metadata": {"extend_group": ["amazon.aws.aws"]}}
    assert members == [module for module in MODULES if module not in OF_HOSTS]


def test_redirects_lead_to_modules() -> None:
    redirects = {name: entry["redirect"] for name, entry in RUNTIME["plugin_routing"]["modules"].items()}
    assert redirects == {f"eks_{name}": f"flotilla.eks.{name}" for name in ("cluster", "fargate_profile", "nodegroup")}
    assert {target.rpartition(".")[2] for target in redirects.values()} <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_module_is_documented(module: str) -> None:
    tree = ast.parse((CHECKOUT / "plugins" / "modules" / f"{module}.py").read_text(encoding="utf-8"))
    texts: dict[str, Any] = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    documentation = yaml.safe_load(texts["DOCUMENTATION"])
    assert documentation["module"] == module
    assert documentation["author"]
    examples = yaml.safe_load(texts["EXAMPLES"])
    assert any(f"flotilla.eks.{module}" in task for task in examples)
    assert yaml.safe_load(texts["RETURN"])


def test_changelog_ends_with_the_version_of_galaxy_yml() -> None:
    version = load("galaxy.yml")["version"]
    assert list(load("changelogs/changelog.yaml")["releases"])[-1] == version
    assert f"\nv{version}\n" in (CHECKOUT / "CHANGELOG.rst").read_text(encoding="utf-8")


def test_changelog_announced_every_module_and_role() -> None:
    releases = load("changelogs/changelog.yaml")["releases"].values()
    assert {entry["name"] for release in releases for entry in release.get("modules", [])} == set(MODULES)
    assert {entry["name"] for release in releases for entry in release.get("objects", {}).get("role", [])} == set(ROLES)


def test_user_requirements_are_those_of_galaxy_yml() -> None:
    listed = {entry["name"]: entry["version"] for entry in load("requirements.yml")["collections"]}
    assert listed == load("galaxy.yml")["dependencies"]


@pytest.mark.parametrize("role", ROLES)
def test_role_documents_its_defaults(role: str) -> None:
    """Each variable of a role is documented, and a documented default is the one that holds.

    One that is computed, and is no text, can only be told in words: documentation checks the type of a default.
    """
    entry_points = load(f"roles/{role}/meta/argument_specs.yml")["argument_specs"].values()
    options = {name: option for entry_point in entry_points for name, option in entry_point["options"].items()}
    defaults = load(f"roles/{role}/defaults/main.yml") or {}
    told = {name for name in defaults if "{{" in str(defaults[name]) and options[name]["type"] != "str"}
    documented = {name: option["default"] for name, option in options.items() if "default" in option}
    assert documented == {name: default for name, default in defaults.items() if name not in told}
    assert all("The default is" in str(options[name]["description"]) for name in told)
    assert all(name.startswith(f"{role}_") for name in options)


def table(heading: str) -> set[str]:
    """The code words in the first column of README's table under ``heading``, links or not."""
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", readme, re.MULTILINE | re.DOTALL)
    assert section, f"README.md has no section {heading!r}"
    cells = re.findall(r"^\|([^|]*)\|", section.group(1), re.MULTILINE)
    return {word for cell in cells for word in re.findall(r"`([a-z0-9_.]+)`", cell)}


@pytest.mark.parametrize(("heading", "names"), [("Modules", MODULES), ("Roles", ROLES), ("Playbooks", PLAYBOOKS)])
def test_readme_lists(heading: str, names: list[str]) -> None:
    assert table(heading) == set(names)


def test_the_readme_says_what_ansible_is_needed() -> None:
    needs = yaml.safe_load((CHECKOUT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["requires_ansible"]
    lowest = needs.removeprefix(">=").removesuffix(".0")
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert f"[![ansible-core: {lowest} or newer](" in readme
    assert f"| ansible-core | {lowest} or newer |" in readme


def test_modules_say_what_the_collection_needs() -> None:
    text = (CHECKOUT / "requirements.txt").read_text(encoding="utf-8")
    bounds = re.findall(r"^(boto3|botocore)>=(\S+)$", text, re.MULTILINE)
    fragment = (CHECKOUT / "plugins" / "doc_fragments" / "boto.py").read_text(encoding="utf-8")
    assert [f"{name} >= {lowest}" for name, lowest in bounds] == re.findall(r"- (boto\w+ >= \S+)", fragment)


def test_each_filter_is_documented_and_has_a_function() -> None:
    assert sorted(FILTERS) == sorted(path.stem for path in (CHECKOUT / "plugins" / "filter").glob("*.yml"))
    for module, function in FILTERS.values():
        assert callable(getattr(import_module(f"{PLUGINS}.{module}"), function))


def test_filters_need_nothing_that_is_slow_to_import() -> None:
    """Ansible imports what it finds in the directory of filters anew for each task that uses one of them."""
    assert [path.name for path in (CHECKOUT / "plugins" / "filter").glob("*.py")] == ["eks.py"]
    assert files_imported(parsed(CHECKOUT / "plugins" / "filter" / "eks.py")) == set()
    homes = {module for module, _unused in FILTERS.values()}
    files, seen = {CHECKOUT.joinpath("plugins", *home.split(".")).with_suffix(".py") for home in homes}, set[Path]()
    while files:
        seen |= files
        files = {one for file in files for one in files_imported(parsed(file))} - seen
    slow = ("boto3", "botocore", "jsonschema", "kubernetes", "urllib.request", "ssl")
    outside = {name for file in seen for name in imported(parsed(file))}
    assert [name for name in sorted(outside) if f"{name}.".startswith(tuple(f"{one}." for one in slow))] == []
