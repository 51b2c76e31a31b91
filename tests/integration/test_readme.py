# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the README work as they are printed there."""

from __future__ import annotations

import yaml

from support.checkout import CHECKOUT
from support.guides import of_markdown
from support.ledger import Ledger
from support.playbook import Playbook

README = of_markdown(CHECKOUT / "README.md")
INVENTORY, *TASKS = (yaml.safe_load(block.text) for block in README if block.language == "yaml")


def test_inventory_can_be_planned(playbook: Playbook, ledger: Ledger) -> None:
    run = playbook.run("flotilla.eks.site", inventory=INVENTORY, check=True, diff=True)
    assert run.changed
    assert ledger.calls("eks")
    assert ledger.writes() == []


def test_tasks_can_be_planned(playbook: Playbook, ledger: Ledger) -> None:
    """In check mode their cluster may be missing: an earlier task may be the one that makes it."""
    role = "arn:aws:iam::123456789012:role/harbour-node"
    groups = [{"name": "general", "node_role": role, "subnets": ["subnet-0a1b2c3d4e5f60001"]}]
    variables = {"node_groups": groups, "people": [{"principal_arn": role}]}
    run = playbook.tasks(*[task for tasks in TASKS for task in tasks], variables=variables, check=True)
    assert run.changed == len(TASKS)
    assert ledger.writes() == []
