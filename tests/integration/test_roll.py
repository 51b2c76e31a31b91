# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module roll: outdated nodes are replaced and surplus ones removed, no pod is lost, and no run leaves a mess."""

from __future__ import annotations

import re
from typing import Any

import pytest

from support.ledger import Ledger
from support.playbook import Playbook, Run
from support.self_managed import SelfManaged
from support.surroundings import Surroundings


class Rolls:
    """Runs ``flotilla.eks.roll`` on the cluster prod."""

    def __init__(self, playbook: Playbook, ledger: Ledger) -> None:
        self.playbook, self.ledger = playbook, ledger

    def task(self, **options: Any) -> dict[str, Any]:
        return {"name": "Roll", "flotilla.eks.roll": {"cluster_name": "prod", "wait_delay": 1, **options}, "diff": True}

    def run(self, check: bool = False, fails: bool = False, **options: Any) -> Run:
        self.ledger.clear()
        return self.playbook.tasks(self.task(**options), check=check, fails=fails)

    def result(self, **options: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.run(**options).results["Roll"]
        assert "Traceback" not in str(result)
        return result

    def foreseen(self, **options: Any) -> dict[str, Any]:
        """The plan, which is made without one write."""
        result = self.result(check=True, **options)
        assert self.ledger.writes() == []
        return result

    def unchanged(self, **options: Any) -> None:
        result = self.result(**options)
        assert (result["changed"], self.ledger.writes()) == (False, [])
        assert not self.foreseen(**options)["changed"]

    def lost(self) -> list[dict[str, Any]]:
        """The pods that a node took with it."""
        return [entry for entry in self.ledger.calls() if "lost" in entry["operation"]]


@pytest.fixture
def rolls(playbook: Playbook, ledger: Ledger) -> Rolls:
    return Rolls(playbook, ledger)


@pytest.fixture
def web(aws: Surroundings) -> SelfManaged:
    return SelfManaged(aws)


def test_a_new_image(rolls: Rolls, web: SelfManaged, subtests: pytest.Subtests) -> None:
    web.deploy()
    old, watched = web.instances, web.watch()

    with subtests.test("a version that says the same is no reason"):
        web.change()
        rolls.unchanged()

    web.change(labels={"tier": "web"}, InstanceType="m5.large")
    with subtests.test("check mode tells who would go, and why"):
        plan = rolls.foreseen()
        assert sorted(one["instance_id"] for one in plan["plan"]) == old == sorted(plan["replaced"])
        assert {(*one["reasons"], one["action"], one["nodegroup"]) for one in plan["plan"]} == {
            ("user data", "replace", "web")
        }
        assert [one["batch"] for one in plan["plan"]] == [1, 2, 3]
        assert "resize: desired 3 -> 4, max 3 -> 4" in plan["groups"][0]["steps"]

    with subtests.test("all are replaced, and no pod is lost"):
        run = rolls.run()
        made = run.results["Roll"]
        assert sorted(made["replaced"]) == old
        assert (made["removed"], len(made["launched"])) == ([], 3)
        assert sorted(made["launched"]) == web.instances
        assert web.versions == {"3"}
        assert web.fewest_ready(watched) == 3
        assert rolls.lost() == []
        assert made["diff"] == plan["diff"]
        web.untouched(sizes=(1, 3, 3))
        assert re.search(r"^prod  roll/prod-web  cordon i-\w+ \(", run.stdout, re.MULTILINE)

    with subtests.test("again changes nothing"):
        rolls.unchanged()
