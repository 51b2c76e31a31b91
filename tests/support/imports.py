# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file of the collection imports, found without importing it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from support.checkout import CHECKOUT

COLLECTION = "ansible_collections.flotilla.eks."


@cache
def parsed(file: Path, version: tuple[int, int] | None = None) -> ast.Module:
    """The file, as a version of Python reads it. Raises SyntaxError if that cannot."""
    return ast.parse(file.read_text(encoding="utf-8"), feature_version=version)


def imported(tree: ast.Module) -> set[str]:
    """The dotted names of all that is imported: modules, and what is imported from them."""
    nodes = list(ast.walk(tree))
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    return modules | {f"{node.module}.{alias.name}" for node in froms for alias in node.names}


def files_imported(tree: ast.Module) -> set[Path]:
    """The files of the collection among what is imported."""
    ours = {name.removeprefix(COLLECTION) for name in imported(tree) if name.startswith(COLLECTION)}
    paths = {CHECKOUT.joinpath(*name.split(".")) for name in ours}
    candidates = {path.with_suffix(".py") for path in paths} | {path.parent.with_suffix(".py") for path in paths}
    return {path for path in candidates if path.is_file()}
