# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""YAML as text that people read: written plainly, and edited at the places where YAML's own parser sees its parts.

What an edit does not touch stays as it is: comments, order and layout. Whoever edits reads the outcome again.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

try:
    import yaml

    HAS_YAML = True
except ImportError:  # the module reports it
    HAS_YAML = False

# Text that YAML 1.1, or the YAML of Kubernetes clients, takes for a number or a boolean and PyYAML writes unquoted.
AMBIGUOUS = re.compile(r"[-+]?[.\d].*|[yYnN]")

Edit = tuple[int, int, str]  # from, to (character offsets), what comes there


class NotYaml(ValueError):
    """A text that is no YAML. Says where it is not, and shows nothing of the text."""


def load(text: str) -> Any:
    """What a text means. Raises NotYaml."""
    try:
        return yaml.load(text, _loader())
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    raise NotYaml(f"is not valid YAML{place}")


def compose(text: str) -> Any:
    """The node of a text that load takes, with the places of its parts; None of an empty text."""
    loader = _loader()(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def dump(value: Any) -> str:
    """YAML in block style, keys in the order given."""
    return str(yaml.dump(value, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=4096))


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text after edits that do not overlap."""
    pieces, done = [], 0
    for start, end, replacement in sorted(edits, key=lambda edit: edit[:2]):
        pieces += [text[done:start], replacement]
        done = end
    return "".join([*pieces, text[done:]])


def edit_items(
    text: str, node: Any, before: Sequence[Any], after: Sequence[Any], added: Sequence[Any] = ()
) -> list[Edit]:
    """Edits of a list in block style: each item of ``before`` becomes that of ``after``, or goes if that is None."""
    edits = [
        _take_out(text, item) if new is None else replace(text, item, item, new)
        for item, old, new in zip(node.value, before, after, strict=True)
        if new != old
    ]
    return [*edits, insert_below(text, node, dump(list(added)))] if added else edits


def replace(text: str, first: Any, last: Any, value: Any) -> Edit:
    """Puts a value in the place of what reaches from one node to another."""
    column = first.start_mark.column
    return first.start_mark.index, _end(text, last), _indented(dump(value), column)


def insert_below(text: str, node: Any, block: str) -> Edit:
    """Puts lines after the last one of a node, in line with its first."""
    if node is None:
        return len(text), len(text), ("" if text.endswith("\n") or not text else "\n") + block
    end = _line_end(text, _end(text, node))
    return end, end, "\n" + " " * node.start_mark.column + _indented(block, node.start_mark.column)


def _take_out(text: str, item: Any) -> Edit:
    """Takes the lines of a list's item away, from its dash on."""
    dash = text.rfind("-", 0, item.start_mark.index)
    start = text.rfind("\n", 0, dash) + 1
    return start, _line_end(text, _end(text, item)) + 1, ""


def _end(text: str, node: Any) -> int:
    """Where the content of a node ends. PyYAML's end of a block lies where the next begins, comments included."""
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return len(text[: node.end_mark.index].rstrip())


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _indented(block: str, column: int) -> str:
    """Lines for a place that is already ``column`` wide, without the last line's end."""
    return textwrap.indent(block, " " * column).strip()


def _loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _dumper() -> Any:
    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def represent_text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar(
            "tag:yaml.org,2002:str", value, style="'" if AMBIGUOUS.fullmatch(value) else None
        )

    Dumper.add_representer(str, represent_text)
    return Dumper
