# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kubeconfig as text: read, and edited so that comments, order and layout of all that does not change stay.

The edit replaces, adds or takes out whole entries at the places where YAML's own parser saw them. The outcome is read
again; where it does not mean what was wanted (a layout too unusual to be edited), the whole document is written anew.
"""

from __future__ import annotations

import re
import textwrap
from typing import Any

try:
    import yaml

    HAS_YAML = True
except ImportError:  # the module reports it
    HAS_YAML = False

from ansible_collections.flotilla.eks.plugins.module_utils._kubeconfig import (
    SECTIONS,
    Document,
    KubeconfigError,
    check,
)

# Text that YAML 1.1, or the YAML of Kubernetes clients, takes for a number or a boolean and PyYAML writes unquoted.
AMBIGUOUS = re.compile(r"[-+]?[.\d].*|[yYnN]")

Edit = tuple[int, int, str]  # from, to (character offsets), what comes there


def parse(text: str) -> Document:
    """The document that a text means, {} for an empty one. Raises KubeconfigError, which shows nothing of the text."""
    try:
        document = yaml.load(text, _loader())
    except yaml.MarkedYAMLError as error:
        place = (
            f"line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}" if error.problem_mark else ""
        )
        raise KubeconfigError(f"is not valid YAML ({place})") from None
    except (yaml.YAMLError, ValueError):
        raise KubeconfigError("is not valid YAML") from None
    return check(document)


def render(text: str, wanted: Document) -> tuple[str, bool]:
    """A text that means ``wanted``, as close to the given one as can be; and whether the layout could be kept."""
    try:
        edited = _apply(text, _edits(text, wanted))
        if parse(edited) == wanted:
            return edited, True
    except (KubeconfigError, yaml.YAMLError):
        pass
    return dump(wanted), False


def dump(value: Any) -> str:
    """YAML in block style, keys in the order given."""
    return str(yaml.dump(value, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=4096))


def _edits(text: str, wanted: Document) -> list[Edit]:
    before, root = parse(text), _compose(text)
    nodes = {key.value: (key, value) for key, value in root.value} if isinstance(root, yaml.MappingNode) else {}
    edits: list[Edit] = []
    for key, value in wanted.items():
        if key not in nodes:
            edits.append(_insert_below(text, root, dump({key: value})))
        elif before[key] != value:
            edits += _replace(text, *nodes[key], before[key], value)
    return edits


def _replace(text: str, key: Any, node: Any, before: Any, value: Any) -> list[Edit]:
    """Edits that give a key of the document another value: entry by entry in a section, else as a whole."""
    if key.value in SECTIONS and before and value and not node.flow_style:
        return _edit_section(text, node, before, value)
    return [(key.start_mark.index, _end(text, node), _indented(dump({key.value: value}), key.start_mark.column))]


def _edit_section(text: str, node: Any, before: list[Document], wanted: list[Document]) -> list[Edit]:
    present = {entry["name"]: (entry, item) for entry, item in zip(before, node.value, strict=True)}
    kept = {entry["name"]: entry for entry in wanted if entry["name"] in present}
    edits: list[Edit] = []
    for name, (entry, item) in present.items():
        if name not in kept:
            edits.append(_take_out(text, item))
        elif kept[name] != entry:
            edits.append((item.start_mark.index, _end(text, item), _indented(dump(kept[name]), item.start_mark.column)))
    added = [entry for entry in wanted if entry["name"] not in present]
    return [*edits, _insert_below(text, node, dump(added))] if added else edits


def _insert_below(text: str, node: Any, block: str) -> Edit:
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


def _apply(text: str, edits: list[Edit]) -> str:
    pieces, done = [], 0
    for start, end, replacement in sorted(edits, key=lambda edit: edit[:2]):
        pieces += [text[done:start], replacement]
        done = end
    return "".join([*pieces, text[done:]])


def _compose(text: str) -> Any:
    loader = _loader()(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


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
