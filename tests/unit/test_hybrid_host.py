# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How nodeadm is run on a machine on premises: alone, for no longer than it may, and without packages of others."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.plan import complaints
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.work import Failed
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid import alone as _alone
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid import nodeadm as _nodeadm
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid import packages as _packages
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.alone import alone, busy
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.facts import LazyFacts
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.packages import (
    OWN,
    forget_upgrade,
    held,
    steps,
    strangers,
    strangers_held,
)
from support.checkout import CHECKOUT

SIMULATED = """NOTE: This is only a simulation!
Reading package lists...
The following packages will be upgraded:
  containerd libseccomp2 postgresql
Inst libseccomp2 [2.5.3-2] (2.5.4-1 Ubuntu:24.04/noble-updates [amd64])
Inst containerd [1.7.12-0] (1.7.28-0 Ubuntu:24.04/noble-updates [amd64])
Inst postgresql [16.1] (16.9 Ubuntu:24.04/noble-updates [all])
Conf libseccomp2 (2.5.4-1 Ubuntu:24.04/noble-updates [amd64])
Remv linux-image-6.8.0-31 [6.8.0-31.31]
"""
TRAPS = CHECKOUT / "tests" / "hosts" / "README.md"


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Those of a host on which nobody is at work."""
    monkeypatch.setattr(_alone, "PROCESSES", tmp_path / "proc")
    monkeypatch.setattr(_alone, "LOCK", tmp_path / "lock")
    (tmp_path / "proc" / "1").mkdir(parents=True)
    (tmp_path / "proc" / "1" / "comm").write_text("systemd\n")
    (tmp_path / "proc" / "1" / "cmdline").write_bytes(b"/sbin/init\0")
    return tmp_path / "proc"


@pytest.mark.usefixtures("processes")
def test_one_run_at_a_time() -> None:
    assert busy(0) == ""
    with alone(0):
        assert busy(0) == "another run"
        with pytest.raises(Failed, match="another run is at work on this host"), alone(0):
            pass
    assert busy(0) == ""


@pytest.mark.usefixtures("processes")
def test_a_look_leaves_nothing_on_the_host() -> None:
    assert busy(0) == ""
    assert not _alone.LOCK.exists()


def begin(processes: Path, name: str, command: bytes) -> None:
    """A process, as the kernel tells of it."""
    place = processes / "77"
    place.mkdir(exist_ok=True)
    (place / "comm").write_text(f"{name}\n")
    (place / "cmdline").write_bytes(command)


@pytest.mark.parametrize(
    "command", [b"/usr/local/bin/nodeadm\0init\0-c\0x", b"/usr/bin/python3\0/usr/local/bin/nodeadm\0init\0"]
)
def test_what_a_killed_run_has_begun_is_seen(processes: Path, command: bytes) -> None:
    begin(processes, "nodeadm", command)
    assert busy(0) == "nodeadm init (process 77)"
    with pytest.raises(Failed, match=r"nodeadm init \(process 77\) is at work on this host"), alone(0):
        pass


@pytest.mark.parametrize(
    ("name", "command"), [("vim", b"vim\0nodeadm\0"), ("man", b"man\0nodeadm\0"), ("nodeadm", b"")]
)
def test_who_reads_of_it_or_has_ended_is_not_at_work(processes: Path, name: str, command: bytes) -> None:
    begin(processes, name, command)
    assert busy(0) == ""


def test_a_program_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "nodeadm"
    program.write_text("#!/bin/sh\necho waits for the lock of apt\nsleep 1000 & wait\n")
    program.chmod(0o755)
    monkeypatch.setattr(_nodeadm, "NODEADM", program)
    monkeypatch.setattr(_nodeadm, "hint", lambda log: f"It said that it {log}")
    with pytest.raises(Failed, match=r"(?s)install was not done after 1 s.*waits for the lock"):
        _nodeadm.nodeadm(
            "install", timeout=1
        )  # which ends when nobody has its output open any more, nor what it started


def test_what_nodeadm_complains_of() -> None:
    lines = [
        "Usage: nodeadm",
        '{"level":"info","msg":"key"}',
        "[1]",
        '{"level":"fatal","msg":"Failed","error":"no disk"}',
    ]
    assert complaints("\n".join(lines)) == ["Failed: no disk"]


def test_packages_that_would_be_taken_along() -> None:
    assert steps(SIMULATED, "Remv") == ["linux-image-6.8.0-31"]
    everything = steps(SIMULATED, "Inst")
    assert everything == ["containerd", "libseccomp2", "postgresql"]
    assert strangers(everything, ["containerd", "libseccomp2"]) == ["postgresql"]
    assert strangers(OWN, []) == []


def test_what_an_upgrade_holds_is_let_go_also_when_it_was_killed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By the next upgrade, which holds it anew, or as soon as the host leaves."""
    marks: list[tuple[str, ...]] = []
    record = tmp_path / "upgrade.json"
    monkeypatch.setattr(_packages, "UPGRADE", record)
    monkeypatch.setattr(_packages, "mark", lambda how, names: marks.append((how, *names)))
    monkeypatch.setattr(_packages, "upgradable", lambda: ["vim"])
    with strangers_held(containerd=True):
        killed = record.read_text()
    assert marks == [("hold", "vim"), ("unhold", "vim")]
    record.write_text(killed)
    with strangers_held(containerd=False):
        assert marks[2:] == [("hold", "vim")]
    assert marks[3:] == [("unhold", "vim")]
    record.write_text(killed)
    forget_upgrade()
    assert (marks[4:], record.exists(), held()) == ([("unhold", "vim")], False, [])


def test_every_trap_has_tests_that_are_there() -> None:
    rows = re.findall(r"^\| (\d+)\. .*\|(.*)\|$", TRAPS.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number, _tests in rows] == list(range(1, 16))
    for _number, tests in rows:
        named = re.findall(r"`(\S+)::(\S+)`", tests)
        assert named
        for file, test in named:
            assert f"def {test}(" in (CHECKOUT / "tests" / file).read_text(encoding="utf-8")


def test_nothing_is_looked_for_that_nobody_asks_for() -> None:
    looked: list[str] = []
    found = LazyFacts({name: partial(_look, name, looked) for name in ("uid", "time", "memory")})
    assert (found["uid"], found["uid"], looked) == ("UID", "UID", ["uid"])
    assert (len(found), list(found)) == (3, ["uid", "time", "memory"])


def _look(name: str, looked: list[str]) -> str:
    looked.append(name)
    return name.upper()
