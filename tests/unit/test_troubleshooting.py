# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides quote messages that the collection can print, and the one on troubleshooting leaves no check out."""

from __future__ import annotations

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._hosts import ec2_preflight
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid import preflight
from ansible_collections.flotilla.eks.plugins.module_utils._join import diagnosis
from support.guides import GUIDES, Block, of_guide
from support.messages import HOLE, exists
from support.story import MESSAGE

QUOTED = [block for path in GUIDES.values() for block in of_guide(path) if block.language == MESSAGE]
CHECKS = [*ec2_preflight.CHECKS, *preflight.CHECKS, *(check.id for check in diagnosis.CHECKS)]


@pytest.mark.parametrize("block", QUOTED, ids=lambda block: block.place)
def test_a_message_is_in_the_code(block: Block) -> None:
    assert len(block.text.replace(HOLE, "")) > 15, "too short to be found for sure"
    assert exists(block.text), f"{block.place}: nothing prints this any more: {block.text}"


def test_what_nobody_prints_is_noticed() -> None:
    assert exists("… cannot be deleted while these exist: …. Delete them first")
    assert not exists("… cannot be deleted while those exist: …. Delete them first")


@pytest.mark.parametrize("check", dict.fromkeys(CHECKS))
def test_a_check_is_told_of(check: str) -> None:
    assert f"``{check}``" in GUIDES["troubleshooting"].read_text(encoding="utf-8")
