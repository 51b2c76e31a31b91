# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts that the collection can print, as templates: what is put in by a run stands there as an ellipsis."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import yaml

from support.checkout import CHECKOUT

HOLE = "…"
EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
SAYS = ("fail_msg", "msg")
"""Keys of tasks whose values are printed."""


@cache
def templates() -> tuple[str, ...]:
    """Every text in the plugins' Python, and in the messages of tasks of roles and playbooks; spaces count as one."""
    code = [text for path in (CHECKOUT / "plugins").rglob("*.py") for text in _of_python(path.read_text("utf-8"))]
    paths = [path for name in ("roles/*/tasks/*.yml", "playbooks/*.yml") for path in CHECKOUT.glob(name)]
    tasks = [text for path in paths for text in _of_tasks(yaml.safe_load(path.read_text("utf-8")))]
    return tuple(dict.fromkeys(" ".join(text.split()) for text in [*code, *tasks]))


def exists(message: str) -> bool:
    """Whether a message, with ellipses for what differs from run to run, or a part of it, can be printed."""
    parts = [part.strip() for part in " ".join(message.split()).split(HOLE)]
    return any(_has(template, parts) for template in templates())


def _has(template: str, parts: Sequence[str]) -> bool:
    """Whether the parts stand in a template, one after the other."""
    place = 0
    for part in parts:
        found = template.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return True


def _of_python(source: str) -> Iterator[str]:
    yield from (text for node in ast.walk(ast.parse(source)) if (text := _text(node)))


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(value) or HOLE for value in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left), _text(node.right)
        return (left or HOLE) + (right or HOLE) if left or right else ""
    return ""


def _of_tasks(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _of_tasks(item)
    elif isinstance(value, dict):
        yield from (EXPRESSION.sub(HOLE, value[key]) for key in SAYS if isinstance(value.get(key), str))
        yield from _of_tasks(list(value.values()))
