# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tells whether guides are right notices what is wrong: blocks that nobody runs, links that lead nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from support.checkout import CHECKOUT
from support.guides import GUIDES, ON_MACHINES, Block, of_guide
from support.hyperlinks import broken
from support.playbook import Playbook
from support.story import Command, Story, typed, unseen


def test_every_guide_is_in_the_table_of_contents() -> None:
    listed = yaml.safe_load((CHECKOUT / "docs/docsite/extra-docs.yml").read_text(encoding="utf-8"))["sections"]
    assert sorted(name for section in listed for name in section["toctree"]) == sorted(GUIDES)
    assert set(ON_MACHINES) < set(GUIDES)


def test_blocks_are_read_in_their_order(tmp_path: Path) -> None:
    guide = tmp_path / "guide.rst"
    guide.write_text(
        ".. code-block:: yaml\n   :caption: a.yml\n\n   a: 1\n\n- x\n\n  .. code-block:: console\n\n     $ b\n"
    )
    assert [(one.language, one.caption, one.text) for one in of_guide(guide)] == [
        ("yaml", "a.yml", "a: 1"),
        ("console", "", "$ b"),
    ]


def test_a_block_of_no_language_is_refused(tmp_path: Path) -> None:
    guide = tmp_path / "guide.rst"
    guide.write_text("So::\n\n   rm -rf /\n")
    with pytest.raises(ValueError, match=r"guide\.rst:.* of no language"):
        of_guide(guide)


@pytest.mark.parametrize(
    ("blocks", "problem"),
    [
        ([Block("yaml", "a: 1")], "nobody runs this"),
        ([Block("yaml", "a: 1", "a.yml"), Block("console", "$ cat b.yml || true")], "a.yml"),
        ([Block("console", "$ false")], "ended with 1"),
        ([Block("console", "$ true\nFAILED!")], "ended with 0"),
        ([Block("console", "$ echo one\ntwo")], "did not show 'two'"),
    ],
)
def test_what_does_not_come_true_is_told(tmp_path: Path, blocks: list[Block], problem: str) -> None:
    with pytest.raises(AssertionError, match=problem):
        Story(Playbook(tmp_path, {})).tell(blocks)


def test_files_and_exports_are_there_for_the_next_command(tmp_path: Path) -> None:
    known = {"vpc-0a1b": "vpc-1"}
    blocks = [
        Block("yaml", "vpc-0a1b", "a/b.yml"),
        Block("console", "$ export WHO=me\n$ cat a/*; echo $WHO\nvpc-1\nme"),
    ]
    Story(Playbook(tmp_path, {}), known=known).tell(blocks)


def test_commands_with_what_they_show() -> None:
    assert list(typed("$ a \\\n    b\nc\n\nd\n$ e")) == [Command("a b", ["c", "d"]), Command("e", [])]


@pytest.mark.parametrize(
    ("shown", "missing"),
    [(["one ... three"], ""), (["one", "three"], ""), (["three", "one"], "one"), (["on  e"], "on  e")],
)
def test_shown_lines_come_in_their_order(shown: list[str], missing: str) -> None:
    assert unseen(shown, "one   two\nthree") == missing


def test_links_to_nowhere_are_found(tmp_path: Path) -> None:
    good = (
        '<a href="b.html#there"></a><a href="https://example.org/x"></a><img src="data:,x"><a href="#top" id="top"></a>'
    )
    bad = '<a href="c.html"></a><a href="b.html#gone"></a><a href="htps://x"></a><a href="../x.html"></a>'
    (tmp_path / "a.html").write_text(good + bad)
    (tmp_path / "b.html").write_text('<p id="there">')
    assert [line.split(": ")[1] for line in broken(tmp_path)] == ["c.html", "b.html#gone", "htps://x", "../x.html"]
