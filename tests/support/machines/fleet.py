# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several machines that live as long as the process that asked for them, and what Ansible needs to reach them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from support.checkout import CHECKOUT
from support.compiled import __file__ as compiled
from support.machines.base import USER, CannotMake, base
from support.machines.files import File, Files, as_data

SLOTS = range(80, 120)
"""Fleets that may exist at a time on one computer: the third octets of their addresses."""
RESERVED = 254
"""The last octet of the address that reserves a slot."""
COMPILED = "/mnt/compiled"
"""Where machines keep what their Python has compiled, in a directory of this computer's."""
_PACKAGES = "/usr/lib/python3/dist-packages"
REMEMBERS: Files = {
    f"{_PACKAGES}/compiled.py": File(source=compiled),
    f"{_PACKAGES}/compiled.pth": File(f"import compiled; compiled.remember('{COMPILED}')\n"),
}
"""What has it do so."""
UNSHARE = ["unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc"]


class Machines:
    """Boots machines, each with files of its own by path, and logs in to them with keys that are made for them.

    ``directory`` keeps the keys and what the machines say on their consoles. ``locked_in`` are machines without a
    network, which reach some ports of this computer's loopback by the same ports of theirs, and nothing else. Unless
    they are ``warm``, their Python compiles every module anew. Raises CannotMake.
    """

    def __init__(
        self,
        machines: Mapping[str, Files],
        directory: Path,
        common: Files | None = None,
        locked_in: Mapping[str, Sequence[int]] | None = None,
        warm: bool = True,
    ) -> None:
        self._directory = directory
        self._warm = warm
        self._sockets = tempfile.TemporaryDirectory(prefix="ssh-")  # in a short path, as sockets have
        self._slot = _reserve()
        self._octet = self._slot.getsockname()[0].split(".")[2]
        self._locked_in = locked_in or {}
        self._files = {name: {**(common or {}), **files} for name, files in machines.items()}
        self.addresses = {name: f"127.0.{self._octet}.{number}" for number, name in enumerate(machines, 1)}

    def add(self, name: str, files: Files) -> None:
        """Give a machine that does not run yet more files, but for those that it has been given already."""
        self._files[name] = {**files, **self._files[name]}

    def __enter__(self) -> Self:
        try:
            archive = base()
        except CannotMake:
            self._close()
            raise
        self._directory.mkdir(parents=True, exist_ok=True)
        work = self._directory / "work"
        work.mkdir(exist_ok=True)
        for key in ("user", "host"):
            self._make_key(key)
        known = [f"{address} {self._key('host.pub')}" for address in self.addresses.values()]
        (self._directory / "known_hosts").write_text("\n".join([*known, ""]))
        machines = {
            name: {
                "address": self.addresses[name],
                "files": as_data({**self._own(name), **files}),
                "ports": self._locked_in.get(name),
            }
            for name, files in self._files.items()
        }
        fleet = {
            "slot": self._octet,
            "base": str(archive),
            "work": str(work),
            "consoles": str(self._directory),
            "binds": [f"{_compiled(archive)}:{COMPILED}"] if self._warm else [],
            "machines": machines,
        }
        self._keeper = subprocess.Popen(
            [*UNSHARE, sys.executable, "-m", "support.machines.keeper"],
            cwd=CHECKOUT / "tests",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        assert self._keeper.stderr is not None
        print(json.dumps(fleet), file=self._keeper.stdin, flush=True)
        if self._keeper.stdout.readline() != "ready\n":
            problem = self._keeper.stderr.read()
            self._end()
            raise CannotMake(problem)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def hosts(self, **variables: Any) -> dict[str, dict[str, Any]]:
        """The machines as hosts of an inventory, with ``variables`` each."""
        options = {
            "UserKnownHostsFile": self._directory / "known_hosts",
            "StrictHostKeyChecking": "yes",
            "IdentitiesOnly": "yes",
        }
        common = {
            "ansible_connection": "ssh",
            "ansible_user": USER,
            "ansible_ssh_private_key_file": str(self._directory / "user"),
            "ansible_ssh_common_args": " ".join(f"-o {name}={value}" for name, value in options.items()),
            "ansible_control_path_dir": self._sockets.name,
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_remote_tmp": "~/.ansible/tmp",
        }
        return {name: {**common, "ansible_host": address, **variables} for name, address in self.addresses.items()}

    def run(self, name: str, *command: str, fails: bool = False) -> str:
        """What a command says, as root, on a machine; its status must be 0, or not 0 if it ``fails``."""
        host = self.hosts()[name]
        key = ["-i", host["ansible_ssh_private_key_file"], *host["ansible_ssh_common_args"].split()]
        key += ["-o", "ControlMaster=auto", "-o", "ControlPersist=60", "-o", f"ControlPath={self._sockets.name}/%h"]
        words = " ".join(f"'{word}'" for word in command)
        login = ["ssh", *key, f"{USER}@{host['ansible_host']}", f"sudo {words}"]
        done = subprocess.run(login, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) == fails, f"{name}: {command} ended with {done.returncode}: {done.stderr}"
        return done.stdout

    def _own(self, name: str) -> dict[str, File]:
        """What makes a copy of the base this machine."""
        listen = f"ListenAddress {self.addresses[name]}\nHostKey /etc/ssh/host\n"
        return {
            "/etc/hostname": File(f"{name}\n"),
            "/etc/hosts": File(f"127.0.0.1 localhost\n{self.addresses[name]} {name}\n"),
            "/etc/machine-id": File(),
            "/etc/ssh/host": File(source=str(self._directory / "host"), mode=0o600),
            "/etc/ssh/sshd_config.d/machine.conf": File(f"{listen}AuthorizedKeysFile /etc/ssh/authorized_keys\n"),
            "/etc/ssh/authorized_keys": File(self._key("user.pub")),
            **(REMEMBERS if self._warm else {}),
        }

    def _make_key(self, name: str) -> None:
        path = self._directory / name
        path.unlink(missing_ok=True)
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
        subprocess.run(command, stdin=subprocess.DEVNULL, check=True)

    def _key(self, name: str) -> str:
        return (self._directory / name).read_text()

    def _end(self) -> None:
        self._keeper.communicate()  # closes its standard input, which ends it
        self._close()

    def _close(self) -> None:
        self._slot.close()
        self._sockets.cleanup()


def _compiled(archive: Path) -> Path:
    """The directory for the Python of a base."""
    directory = archive.with_suffix(".compiled")
    directory.mkdir(exist_ok=True)
    return directory


def _reserve() -> socket.socket:
    """A socket that reserves a slot for as long as it is open."""
    for slot in SLOTS:
        reserved = socket.socket()
        try:
            reserved.bind((f"127.0.{slot}.{RESERVED}", 22))
        except OSError:
            reserved.close()
            continue
        return reserved
    raise CannotMake(f"There are {len(SLOTS)} fleets of machines on this computer already")
