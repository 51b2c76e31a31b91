# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PID 1 of the namespaces in which the machines of a fleet live, run by `fleet`; it boots them and waits for its end.

Whatever way it ends, also killed, the kernel ends all processes of its PID namespace, and with the last one the mount
namespace goes, with every mount in it and the memory that they are in. There is nothing to clean up.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from support.machines.doors import HERE, make_namespace, open_door
from support.machines.files import File, put

CGROUPS = Path("/sys/fs/cgroup")
OURS = "flotilla-machines-"
PATIENCE = 120  # seconds for all machines to boot
NSPAWN = ["systemd-nspawn", "--register=no", "--keep-unit", "--boot", "--console=pipe", "--quiet"]
NSPAWN += ["--resolv-conf=off", "--timezone=off", "--link-journal=no"]
"""The machine shares the network of this computer, where it has an address of its own, unless it is locked in. No
systemd around it is told of it: where tests run, there often is none."""

INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
ENOUGH = 1024
"""Of these, each systemd has some, and all together are root's, which may usually have 128: too few for 20 machines."""


def main() -> None:
    """Boot the machines of the fleet that standard input describes in its first line, say so, and wait for its end."""
    fleet = json.loads(sys.stdin.readline())
    if int(INSTANCES.read_text()) < ENOUGH:
        INSTANCES.write_text(str(ENOUGH))
    with _CGroup(f"{OURS}{fleet['slot']}") as cgroup:
        work = Path(fleet["work"])
        _mount("tmpfs", work, "mode=0755")
        base = work / "base"
        base.mkdir()
        subprocess.run(["tar", "--extract", "--file", fleet["base"], "--directory", str(base)], check=True)
        consoles = Path(fleet["consoles"])
        binds = [f"--bind={bind}" for bind in fleet["binds"]]
        networks = {name: _network(work, name, machine) for name, machine in fleet["machines"].items()}
        running = {
            name: _boot(name, _root(base, work, name, machine["files"]), cgroup, consoles, [*networks[name], *binds])
            for name, machine in fleet["machines"].items()
        }
        for name, machine in fleet["machines"].items():
            _await_sshd(name, machine["address"], running[name], consoles)
        print("ready", flush=True)
        sys.stdin.read()  # until whoever started us says no more


class _CGroup:
    """The machines' control groups, one each: in a common one, systemd would stop the other machines' services as well.

    The whole hierarchy is mounted anew, so that all computers look alike, also those that have cgroup v1 beside it.
    """

    def __init__(self, name: str) -> None:
        _mount("cgroup2", CGROUPS)
        memberships = Path("/proc/self/cgroup").read_text().splitlines()
        self._home = CGROUPS / next(line[4:] for line in memberships if line.startswith("0::/"))
        self._own = self._home / name

    def __enter__(self) -> Path:
        for left_over in self._home.glob(f"{OURS}*"):
            if "populated 0" in (left_over / "cgroup.events").read_text():
                _remove(left_over)
        self._own.mkdir()
        (self._own / "cgroup.procs").write_text("0")
        return self._own

    def __exit__(self, *_exception: object) -> None:
        (self._home / "cgroup.procs").write_text("0")
        (self._own / "cgroup.kill").write_text("1")
        while "populated 1" in (self._own / "cgroup.events").read_text():
            with suppress(ChildProcessError):
                os.wait()
        _remove(self._own)


def _remove(cgroup: Path) -> None:
    for directory, _directories, _files in os.walk(cgroup, topdown=False):
        os.rmdir(directory)


def _root(base: Path, work: Path, name: str, files: dict[str, dict[str, Any]]) -> Path:
    """The file system of a machine: the base below a layer of its own in memory."""
    upper, scratch, root = (work / name / part for part in ("upper", "scratch", "root"))
    for directory in (upper, scratch, root):
        directory.mkdir(parents=True)
    _mount("overlay", root, f"lowerdir={base},upperdir={upper},workdir={scratch}")
    put(root, {path: File(**file) for path, file in files.items()})
    return root


def _network(work: Path, name: str, machine: dict[str, Any]) -> list[str]:
    """What has a machine that is locked in be so, but for its sshd, and the ports that it may leave by."""
    if machine["ports"] is None:
        return []
    namespace = work / f"{name}.network"
    make_namespace(namespace)
    sshd = (machine["address"], 22)
    open_door(HERE, sshd, namespace, sshd)
    for port in machine["ports"]:
        open_door(namespace, ("127.0.0.1", port), HERE, ("127.0.0.1", port))
    return [f"--network-namespace-path={namespace}"]


def _boot(name: str, root: Path, cgroup: Path, consoles: Path, options: list[str]) -> subprocess.Popen[bytes]:
    own = cgroup / name
    own.mkdir()
    with (consoles / f"{name}.log").open("wb") as console:
        return subprocess.Popen(
            [*NSPAWN, *options, f"--machine={name}", f"--directory={root}"],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: (own / "cgroup.procs").write_text("0") and None,
        )


def _await_sshd(name: str, address: str, process: subprocess.Popen[bytes], consoles: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection((address, 22), timeout=1) as connection:
            if connection.recv(4) == b"SSH-":
                return
        time.sleep(0.05)
    console = (consoles / f"{name}.log").read_text(errors="replace")
    sys.exit(f"The machine {name} did not boot; the end of what it said:\n{console[-4000:]}")


def _mount(kind: str, where: str | Path, options: str = "") -> None:
    subprocess.run(["mount", "-t", kind, *(["-o", options] if options else []), kind, str(where)], check=True)


if __name__ == "__main__":
    main()
