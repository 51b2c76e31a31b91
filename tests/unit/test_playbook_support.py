# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The helper behind every playbook test sees results, failures and warnings as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.playbook import Playbook


def test_results_and_stats(tmp_path: Path) -> None:
    run = Playbook(tmp_path, {}).tasks(
        {"name": "Say", "ansible.builtin.debug": {"msg": "{{ word }}"}},
        {"name": "Change", "ansible.builtin.copy": {"content": "new\n", "dest": f"{tmp_path}/file"}},
        inventory={"all": {"hosts": {"one": {}, "two": {}}}},
        variables={"word": "hello"},
        check=True,
        diff=True,
    )
    assert run.on("one")["Say"]["msg"] == run.results["Say"]["msg"] == "hello"
    assert run.changed == 2
    assert run.stats["two"]["ok"] == 2
    assert "+new" in run.stdout
    assert not (tmp_path / "file").exists()


def test_failure_must_be_announced(tmp_path: Path) -> None:
    playbook = Playbook(tmp_path, {})
    task = {"name": "Fail", "ansible.builtin.fail": {"msg": "no such luck"}}
    assert playbook.tasks(task, fails=True).last["msg"] == "no such luck"
    with pytest.raises(AssertionError, match="no such luck"):
        playbook.tasks(task)


def test_warning_fails_the_test(tmp_path: Path) -> None:
    playbook = Playbook(tmp_path, {})
    nobody = {"hosts": "nobody"}
    assert playbook.tasks(play=nobody, warns=True).rc == 0
    with pytest.raises(AssertionError, match="Could not match supplied host pattern"):
        playbook.tasks(play=nobody)
