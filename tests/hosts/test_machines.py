# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines for tests: each a computer of its own, and none of them outlives whoever asked for it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.checkout import CHECKOUT
from support.machines import File, Files, Machines
from support.machines.keeper import CGROUPS, OURS
from support.playbook import Playbook

HOLDER = """
import sys
from pathlib import Path
from support.machines import Machines
with Machines({"lone": {}}, Path(sys.argv[1])) as machines:
    print(machines.addresses["lone"], flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    files: dict[str, Files] = {"node-1": {}, "node-2": {"/etc/greeting": File("Hello from the second\n", mode=0o640)}}
    with Machines(files, tmp_path_factory.mktemp("machines"), common={"/etc/motd": File("For both\n")}) as both:
        yield both


def test_ansible_finds_a_computer_of_its_own_at_each_address(machines: Machines, tmp_path: Path) -> None:
    inventory = {"eks_ec2_nodes": {"hosts": machines.hosts(ansible_become=True)}}
    facts = {"name": "Look", "ansible.builtin.setup": {"gather_subset": ["min", "service_mgr"]}}
    # In common control groups, the one's systemd would stop the other's services too.
    stopped = {
        "name": "Stop a service of the first",
        "ansible.builtin.systemd_service": {"name": "dbus.socket", "state": "stopped"},
        "when": "inventory_hostname == 'node-1'",
    }
    run = Playbook(tmp_path, {}).tasks(facts, stopped, inventory=inventory)
    for name in ("node-1", "node-2"):
        found = run.on(name)["Look"]["ansible_facts"]
        assert (found["ansible_hostname"], found["ansible_service_mgr"]) == (name, "systemd")
    assert machines.run("node-2", "systemctl", "is-active", "dbus.socket") == "active\n"
    assert machines.run("node-2", "stat", "-c", "%a %U", "/etc/greeting") == "640 root\n"
    assert machines.run("node-1", "cat", "/etc/motd") == "For both\n"
    machines.run("node-1", "cat", "/etc/greeting", fails=True)


@pytest.mark.parametrize("end", ["killed", "over"])
def test_nothing_of_a_machine_outlives_whoever_asked_for_it(tmp_path: Path, end: str) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        cwd=CHECKOUT / "tests",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    slot = holder.stdout.readline().split(".")[2]
    keeper = _only_child(holder.pid)
    watch = os.pidfd_open(_only_child(keeper))  # PID 1 of the namespace: all others end before it does
    if end == "killed":
        holder.kill()
    holder.stdin.close()
    assert holder.wait() == (-signal.SIGKILL if end == "killed" else 0)
    assert select.select([watch], [], [], 60)[0], "the keeper of the machine goes on"
    os.close(watch)
    holder.stdout.close()
    assert [mount for mount in Path("/proc/mounts").read_text().splitlines() if str(tmp_path) in mount] == []
    assert list(CGROUPS.rglob(f"{OURS}{slot}")) == []


def _only_child(pid: int) -> int:
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)
