# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The acceptance form of a module: check, real, again, in one run of a playbook, with the ledger as witness."""

from __future__ import annotations

from typing import Any

from support.ledger import Ledger
from support.playbook import Playbook


class Steps:
    """Runs tasks of this collection's modules, named without the collection's name."""

    def __init__(self, playbook: Playbook, ledger: Ledger) -> None:
        self.playbook = playbook
        self.ledger = ledger

    def converge(self, module: str, **options: Any) -> dict[str, Any]:
        """Runs a task in check mode, then for real, then again; returns the real result.

        Check mode must foretell the real run, the second run must find nothing to do, and the writes in the ledger must
        be those that the one real run reports: so neither of the other two wrote anything.
        """
        task = {f"flotilla.eks.{module}": options, "diff": True}
        self.ledger.clear()
        run = self.playbook.tasks(
            {"name": "Plan", "check_mode": True, **task}, {"name": "Make", **task}, {"name": "Again", **task}
        )
        plan, made, again = (run.results[name] for name in ("Plan", "Make", "Again"))
        assert (plan["changed"], plan["changes"]) == (made["changed"], made["changes"])
        assert plan.get("diff") == made.get("diff")
        assert (again["changed"], again["changes"]) == (False, [])
        written = [entry["operation"] for entry in self.ledger.writes()]
        assert written == [change["operation"] for change in made["changes"]]
        return made

    def run(self, module: str, *, check: bool = False, **options: Any) -> dict[str, Any]:
        """Runs one task and returns its result."""
        self.ledger.clear()
        return self.playbook.tasks({f"flotilla.eks.{module}": options}, check=check).last

    def refused(self, module: str, *, check: bool = False, **options: Any) -> str:
        """Runs a task that must fail without having written anything; returns its message."""
        message = self.failed(module, check=check, **options)
        assert self.ledger.writes() == []
        return message

    def failed(self, module: str, *, check: bool = False, **options: Any) -> str:
        """Runs a task that must fail; returns its message."""
        self.ledger.clear()
        result = self.playbook.tasks({f"flotilla.eks.{module}": options}, check=check, fails=True).last
        assert "Traceback" not in result.get("exception", "")
        return str(result["msg"])


def operations(result: dict[str, Any]) -> list[str]:
    """The operations that a result reports, in order."""
    return [change["operation"] for change in result["changes"]]


def fields(result: dict[str, Any]) -> set[str]:
    """The fields that a result reports as changed."""
    return {name for change in result["changes"] for name in change["fields"]}
