# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The expression by which nodeadm can be told how many pods a node takes: whole numbers, names, arithmetic, comparisons
and choices of the Common Expression Language (https://github.com/google/cel-spec). Pure.

https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/examples/ has the names, and says that what cannot be evaluated
counts as if it was not there.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping

_TOKEN = re.compile(r"\s*(\d+|[A-Za-z_]\w*|[<>=!]=|[-+*/%()<>?:])")
_LEVELS: list[dict[str, Callable[[int, int], int]]] = [
    {
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "==": operator.eq,
        "!=": operator.ne,
    },
    {"+": operator.add, "-": operator.sub},
    {
        "*": operator.mul,
        "/": lambda one, other: int(one / other),
        "%": lambda one, other: one - int(one / other) * other,
    },
]
"""Operators, those that bind the least first."""
_DEEPEST = 50


def evaluated(expression: str, values: Mapping[str, int]) -> int | None:
    """The number that an expression has for these values of its names; None if it has none above 0."""
    try:
        reader = _Reader(expression, values)
        found = reader.choice(0)
        is_number = isinstance(found, int) and not isinstance(found, bool)
        return found if not reader.left and is_number and found > 0 else None
    except (IndexError, KeyError, OverflowError, ValueError, ZeroDivisionError):
        return None


class _Reader:
    """Evaluates while it reads. `left` are the words that are not read yet."""

    def __init__(self, expression: str, values: Mapping[str, int]) -> None:
        self.left = _words(expression)
        self._values = values

    def choice(self, depth: int) -> int:
        """`condition ? one : other`, or what is no choice."""
        found = self._operation(0, depth)
        if not self._has("?"):
            return found
        one = self.choice(depth + 1)
        if not self._has(":"):
            raise ValueError("no other")
        other = self.choice(depth + 1)
        return one if found else other

    def _operation(self, level: int, depth: int) -> int:
        if level == len(_LEVELS):
            return self._value(depth)
        found = self._operation(level + 1, depth)
        while self.left and self.left[0] in _LEVELS[level]:
            operate = _LEVELS[level][self.left.pop(0)]
            found = operate(found, self._operation(level + 1, depth))
        return found

    def _value(self, depth: int) -> int:
        if depth > _DEEPEST:
            raise ValueError("too deep")
        word = self.left.pop(0)
        if word == "-":
            return -self._value(depth + 1)
        if word == "(":
            found = self.choice(depth + 1)
            if not self._has(")"):
                raise ValueError("not closed")
            return found
        return int(word) if word.isdecimal() else self._values[word]

    def _has(self, word: str) -> bool:
        if self.left[:1] != [word]:
            return False
        self.left.pop(0)
        return True


def _words(expression: str) -> list[str]:
    """Raises ValueError for what is no word."""
    words, at = [], 0
    while at < len(expression.rstrip()):
        found = _TOKEN.match(expression, at)
        if not found:
            raise ValueError(expression[at:])
        words.append(found[1])
        at = found.end()
    return words
