# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that start warm: each run is a fork of a process that has imported what the program begins with.

Half of a short run of ``ansible-playbook`` is spent on importing Ansible, and a third of a module's on importing boto3.
A run still is a process of its own with arguments, environment, directory and streams of its own; it only never sees
the imports happen. Forks are nobody's children, so what is to die with its parent must be started cold.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from support.warm_client import ask

HERE = Path(__file__).resolve().parent


class Warm:
    """A process that forks for each run of a program, and ends when this process does.

    Of the programs, ``module`` runs a Python script from standard input, as an interpreter does, and ``playbook`` is
    ``ansible-playbook`` with the settings that are in ``environment``: those it reads when it is imported. In
    ``shared``, a directory, is what others may use, too.
    """

    def __init__(self, program: str, directory: Path, environment: Mapping[str, str], shared: Path) -> None:
        self.address = str(directory / program)
        self._life, theirs = os.pipe()[::-1]  # nothing is ever written: its end is the end of ours
        command = [sys.executable, str(HERE / "warm_server.py"), program, self.address, str(theirs), str(shared)]
        self._process = subprocess.Popen(
            command,
            env=dict(environment),
            pass_fds=[theirs],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            cwd=directory,
            text=True,
        )
        os.close(theirs)
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError(f"the warm {program} did not start; it ended with status {self._process.wait()}")

    def stop(self) -> None:
        """End the process, not the runs that it has forked."""
        os.close(self._life)
        self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def run(
        self, arguments: Sequence[str], directory: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run the program to its end, with its output captured."""
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors, open(os.devnull, "rb") as nothing:
            status = ask(
                self.address,
                [argument.encode() for argument in arguments],
                str(directory).encode(),
                {name.encode(): value.encode() for name, value in environment.items()},
                [file.fileno() for file in (nothing, output, errors)],
            )
            return subprocess.CompletedProcess(list(arguments), status, _text(output), _text(errors))


def interpreter(warm: Warm, directory: Path) -> Path:
    """A program that takes a Python interpreter's place for the scripts that Ansible pipes into one."""
    client = [sys.executable, "-SE", str(HERE / "warm_client.py"), warm.address, sys.executable]
    program = directory / "python"
    program.write_text(f'#!/bin/sh\nexec {" ".join(client)} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return program


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
