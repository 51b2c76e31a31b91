# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example of the README works as it is printed there."""

from __future__ import annotations

import re

import yaml

from support.checkout import CHECKOUT
from support.ledger import Ledger
from support.playbook import Playbook

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
INVENTORY, TASK = (
    yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
)


def test_inventory_can_be_planned(playbook: Playbook, ledger: Ledger) -> None:
    run = playbook.run("flotilla.eks.site", inventory=INVENTORY, check=True, diff=True)
    assert run.changed
    assert ledger.calls("eks")
    assert ledger.writes() == []


def test_task_can_be_planned(playbook: Playbook, ledger: Ledger) -> None:
    assert playbook.tasks(*TASK, check=True).changed == 1
    assert ledger.writes() == []
