# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kubeconfig as text: read, and edited so that comments, order and layout of all that does not change stay.

The edit replaces, adds or takes out whole entries at the places where YAML's own parser saw them. The outcome is read
again; where it does not mean what was wanted (a layout too unusual to be edited), the whole document is written anew.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

with suppress(ImportError):  # the module reports it
    import yaml

from ansible_collections.flotilla.eks.plugins.module_utils._kubeconfig.contents import (
    SECTIONS,
    Document,
    KubeconfigError,
    check,
)
from ansible_collections.flotilla.eks.plugins.module_utils._yaml_text import (
    Edit,
    NotYaml,
    apply,
    compose,
    dump,
    edit_items,
    insert_below,
    load,
    replace,
)


def parse(text: str) -> Document:
    """The document that a text means, {} for an empty one. Raises KubeconfigError, which shows nothing of the text."""
    try:
        document = load(text)
    except NotYaml as error:
        raise KubeconfigError(str(error)) from None
    return check(document)


def render(text: str, wanted: Document) -> tuple[str, bool]:
    """A text that means ``wanted``, as close to the given one as can be; and whether the layout could be kept."""
    try:
        edited = apply(text, _edits(text, wanted))
        if parse(edited) == wanted:
            return edited, True
    except KubeconfigError:
        pass
    return dump(wanted), False


def _edits(text: str, wanted: Document) -> list[Edit]:
    before, root = parse(text), compose(text)
    nodes = {key.value: (key, value) for key, value in root.value} if isinstance(root, yaml.MappingNode) else {}
    edits: list[Edit] = []
    for key, value in wanted.items():
        if key not in nodes:
            edits.append(insert_below(text, root, dump({key: value})))
        elif before[key] != value:
            edits += _replace(text, *nodes[key], before[key], value)
    return edits


def _replace(text: str, key: Any, node: Any, before: Any, value: Any) -> list[Edit]:
    """Edits that give a key of the document another value: entry by entry in a section, else as a whole."""
    if key.value in SECTIONS and before and value and not node.flow_style:
        return _edit_section(text, node, before, value)
    return [replace(text, key, node, {key.value: value})]


def _edit_section(text: str, node: Any, before: list[Document], wanted: list[Document]) -> list[Edit]:
    kept = {entry["name"]: entry for entry in wanted}
    present = [entry["name"] for entry in before]
    added = [entry for entry in wanted if entry["name"] not in present]
    return edit_items(text, node, before, [kept.get(name) for name in present], added)
