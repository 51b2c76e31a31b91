# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one role of the collection on localhost, and tells what it handed on."""

from __future__ import annotations

from typing import Any

from support.playbook import Playbook, Run

HANDED_ON = "What the role handed on"


class Role:
    """The role ``name`` as a user runs it, with variables of its own on top of ``common``."""

    def __init__(self, playbook: Playbook, name: str, facts: list[str], **common: Any) -> None:
        self.playbook = playbook
        self.name = name
        self.common = common
        shown = {fact: f"{{{{ {fact} | default('') }}}}" for fact in facts}
        self.play = {
            "hosts": "all",
            "gather_facts": False,
            "roles": [f"flotilla.eks.{name}"],
            "post_tasks": [{"name": HANDED_ON, "ansible.builtin.debug": {"msg": shown}}],
        }

    def run(self, *, check: bool = False, fails: bool = False, **variables: Any) -> Run:
        """Run the role; deprecation warnings of amazon.aws's modules are not ours."""
        return self.playbook.run(
            [self.play], variables={**self.common, **variables}, check=check, fails=fails, warns=True
        )

    def refused(self, **variables: Any) -> str:
        """What the role says when it must not go on."""
        return str(self.run(fails=True, **variables).last["msg"])


def handed_on(run: Run) -> dict[str, Any]:
    """The facts of a run."""
    facts: dict[str, Any] = run.results[HANDED_ON]["msg"]
    return facts
