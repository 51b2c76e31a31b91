# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the code blocks of our prose, in the order of reading."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path

from antsibull_docutils.rst_code_finder import IgnoreDirective, find_code_blocks, mark_antsibull_code_block
from docutils import nodes
from docutils.parsers.rst import Directive, directives

from support.checkout import CHECKOUT

GUIDES = {path.stem: path for path in sorted((CHECKOUT / "docs" / "docsite" / "rst").glob("*.rst"))}
ON_MACHINES = ("existing_instances", "premises_nodes")
"""Guides whose commands need machines to be done on."""
FENCED = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A code block. Its ``caption`` is the name of the file that it is, if it is one."""

    language: str
    text: str
    caption: str = ""
    place: str = ""


class _CodeBlock(Directive):
    """``code-block``, with the options that we use."""

    has_content = True
    optional_arguments = 1
    option_spec = {"caption": directives.unchanged_required}  # noqa: RUF012 # as docutils has it

    def run(self) -> list[nodes.Node]:
        text = "\n".join(self.content)
        block = nodes.literal_block(text, text)
        language = self.arguments[0] if self.arguments else None
        caption = self.options.get("caption", "")
        mark_antsibull_code_block(
            block, language=language, content_offset=self.content_offset, other={"caption": caption}
        )
        return [block]


def of_guide(path: Path) -> list[Block]:
    """The blocks of a guide. Raises ValueError for a literal block that does not say what language it is in."""

    def unknown(line: int | str, _column: int, text: str, _is_directive: bool) -> None:
        raise ValueError(f"{path.name}:{line}: a literal block of no language: {text!r}")

    known: dict[str, type[Directive]] = {"code-block": _CodeBlock, "literalinclude": IgnoreDirective}
    with warnings.catch_warnings():  # antsibull-docutils 1.4 calls what docutils 2 will not have
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        found = list(
            find_code_blocks(
                path.read_text(encoding="utf-8"),
                path=path,
                extra_directives=known,
                warn_unknown_block_w_unknown_info=unknown,
            )
        )
    return [
        Block(
            language=block.language or "",
            text=block.content.rstrip("\n"),
            caption=block.attributes["antsibull-other-caption"],
            place=f"{path.name}:{block.row_offset + 1}",
        )
        for block in found
    ]


def of_markdown(path: Path) -> list[Block]:
    """The fenced blocks of a file, which have no captions."""
    text = path.read_text(encoding="utf-8")
    return [Block(found[1], found[2], place=path.name) for found in FENCED.finditer(text)]
