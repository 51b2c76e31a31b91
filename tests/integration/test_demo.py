# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's judgement: it goes red for every run that is not as it must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from extensions.demo import demo

READ: Mapping[str, Any] = {"operation": "DescribeCluster", "write": False}
WRITE: Mapping[str, Any] = {"operation": "CreateCluster", "write": True}


def recap(changed: int, failed: int = 0) -> str:
    counts = f"ok=9    changed={changed}    unreachable=0    failed={failed}    skipped=1    rescued=0    ignored=0"
    return f"PLAY RECAP ****\ndemo                       : {counts}\n"


def good(step: Any) -> Any:
    """A run that is as its step wants it."""
    changed = 0 if step.must == "nothing" else 3
    calls = [READ, READ, WRITE] if step.must == "change" else [READ, READ]
    return demo.Run(step, 0, recap(changed), 1.25, calls)


GOOD = [good(step) for step in demo.STEPS]
PLAN, CREATE, AGAIN, *_unused, DECOMMISSION, _LAST = GOOD


@pytest.mark.parametrize("run", GOOD, ids=[run.step.name for run in GOOD])
def test_a_run_that_is_as_it_must_be(run: Any) -> None:
    assert demo.problems(run) == []


@pytest.mark.parametrize(
    ("run", "says"),
    [
        pytest.param(replace(PLAN, calls=[WRITE]), "made 1 write calls, must be 0: CreateCluster", id="plan wrote"),
        pytest.param(replace(PLAN, output=recap(0)), "changed nothing", id="plan shows nothing"),
        pytest.param(replace(CREATE, output=recap(0)), "changed nothing", id="create does nothing"),
        pytest.param(replace(CREATE, calls=[READ]), "wrote nothing to AWS", id="create writes nothing"),
        pytest.param(replace(AGAIN, output=recap(2)), "changed 2 tasks, must be 0", id="again changed"),
        pytest.param(replace(AGAIN, calls=[READ, WRITE]), "made 1 write calls, must be 0", id="again wrote"),
        pytest.param(replace(CREATE, status=2), "ended with status 2", id="ended badly"),
        pytest.param(replace(CREATE, output=recap(3, failed=1)), "1 failed tasks", id="task failed"),
        pytest.param(
            replace(CREATE, output=recap(3).replace("unreachable=0", "unreachable=1")),
            "1 failed tasks",
            id="unreachable",
        ),
        pytest.param(replace(CREATE, output="[WARNING]: odd\n" + recap(3)), "warned: [WARNING]: odd", id="warned"),
        pytest.param(
            replace(CREATE, output="[DEPRECATION WARNING]: old\n" + recap(3)),
            "[DEPRECATION WARNING]: old",
            id="deprecated",
        ),
        pytest.param(replace(CREATE, output=""), "changed nothing", id="no recap"),
        pytest.param(replace(DECOMMISSION, left=["VPC vpc-1"]), "left behind: VPC vpc-1", id="left behind"),
    ],
)
def test_a_run_that_is_not(run: Any, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert any(says in problem for problem in demo.problems(run))
    assert demo.conclude([run if run.step is other.step else other for other in GOOD]) == 1
    shown = capsys.readouterr().out
    assert "NOT as it must be" in shown
    assert says in shown


def test_all_runs_good_is_a_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.conclude(GOOD) == 0
    assert "Every run was as it must be" in capsys.readouterr().out


def test_a_demo_cut_short_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.conclude(GOOD[:2]) == 1
    assert "decommission: not run" in capsys.readouterr().out


def test_the_table_has_a_line_for_each_run_and_the_totals() -> None:
    head, _ruler, *lines, _ruler, totals = demo.table([CREATE, replace(AGAIN, output=recap(2))]).splitlines()
    assert head.split() == ["run", "changed", "wall", "time", "API", "reads", "API", "writes"]
    assert [line.split(maxsplit=6) for line in lines] == [
        ["create", "3", "1.2", "s", "2", "1", "as it must be"],
        ["again", "2", "1.2", "s", "2", "0", "NOT as it must be"],
    ]
    assert totals.split() == ["all", "5", "2.5", "s", "4", "1"]


def test_every_edit_of_the_demo_meets_the_inventory(tmp_path: Path) -> None:
    inventory = tmp_path / "demo.yml"
    example = (demo.EXAMPLE / "host_vars" / "demo.yml").read_text(encoding="utf-8")
    inventory.write_text(example, encoding="utf-8")
    difference = demo.edit(inventory, demo.EDITS)
    assert '+cluster_version: "1.34"' in difference
    before, after = yaml.safe_load(example), yaml.safe_load(inventory.read_text(encoding="utf-8"))
    general = after["managed_nodes_groups"][0]
    assert (
        general["scaling_config"]["desired_size"]
        == before["managed_nodes_groups"][0]["scaling_config"]["desired_size"] + 1
    )
    assert general["labels"]["team"] == "platform"
    assert after["managed_nodes_groups"][1]["taints"][0]["effect"] == "NO_EXECUTE"


def test_an_edit_that_meets_nothing_is_an_error(tmp_path: Path) -> None:
    inventory = tmp_path / "demo.yml"
    inventory.write_text("a: 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="does not hold 'b: 1'"):
        demo.edit(inventory, [("b: 1", "b: 2")])


def test_nothing_of_the_users_own_reaches_a_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(demo, "WORKPLACE", tmp_path)
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("ANSIBLE_INVENTORY", "/etc/ansible/hosts")
    environment = demo.environment({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    assert not {"AWS_PROFILE", "ANSIBLE_INVENTORY"} & environment.keys()
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert environment["KUBECONFIG"].startswith(str(demo.CHECKOUT / "build"))
