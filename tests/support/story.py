# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does what a guide says, as its reader would: writes the files, types the commands, compares what is shown.

- A block with a caption is the file of that name; a later one of the same name takes its place.
- A block of the language ``console`` is typed: lines after ``$``. Lines below a command are shown by it, in their
  order, with anything in the place of ``...`` and between them. A command that shows ``FAILED!`` has to fail.
- A block of the language ``text`` is a message of the collection (`support.messages`), and not for a story to do.
- There are no others.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from support.checkout import CHECKOUT
from support.guides import Block
from support.playbook import Playbook

MESSAGE = "text"


@dataclass(frozen=True)
class Command:
    """A line that is typed, and lines that are shown below it."""

    typed: str
    shown: Sequence[str]

    @property
    def fails(self) -> bool:
        return any("FAILED!" in line for line in self.shown)


class Story:
    """Happens in the directory of ``playbook``, and in its environment; ``make`` in the checkout.

    ``known`` are texts that stand for what nobody knows before, such as ids, with what they are. ``machines`` are
    arguments for each run of ansible-playbook that tell where hosts are; without, there are none but this one.
    """

    def __init__(
        self, playbook: Playbook, *, known: Mapping[str, str] | None = None, machines: Sequence[str] = ()
    ) -> None:
        self.playbook = playbook
        self.known = known or {}
        self.machines = machines
        self._exports: list[str] = []

    def tell(self, blocks: Sequence[Block]) -> None:
        """Do all of it. Raises AssertionError with the place of what is not as the guide says."""
        commands: list[str] = []
        for block in blocks:
            if block.caption:
                self._write(block)
            elif block.language == "console":
                for command in typed(block.text):
                    commands.append(command.typed)
                    self._do(command, block.place)
            else:
                assert block.language == MESSAGE, f"{block.place}: neither a file nor commands: nobody runs this"
        unused = [f"{block.place}: {block.caption}" for block in blocks if not _is_used(block.caption, commands)]
        assert not unused, f"no command uses {unused}"

    def _write(self, block: Block) -> None:
        path = self.playbook.directory / block.caption
        path.parent.mkdir(parents=True, exist_ok=True)
        text = block.text
        for printed, real in self.known.items():
            text = text.replace(printed, real)
        path.write_text(text + "\n", encoding="utf-8")

    def _do(self, command: Command, place: str) -> None:
        program, *arguments = shlex.split(command.typed, comments=True)
        if program == "export":
            self._exports.append(command.typed)
            return
        if program == "ansible-playbook":
            run = self.playbook.typed([*arguments, *self.machines], local=not self.machines)
            assert not run.warnings, f"{place}: {command.typed}\nwarned:\n{run.output}"
            status, output = run.rc, run.output
        else:
            status, output = self._shell(command.typed, CHECKOUT if program == "make" else self.playbook.directory)
        assert (status != 0) == command.fails, f"{place}: {command.typed}\nended with {status}:\n{output}"
        missing = unseen(command.shown, output)
        assert not missing, f"{place}: {command.typed}\ndid not show {missing!r}, but:\n{output}"

    def _shell(self, line: str, directory: Path) -> tuple[int, str]:
        done = subprocess.run(
            ["sh", "-c", "\n".join([*self._exports, line])],
            cwd=directory,
            env=self.playbook.variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout


def _is_used(name: str, commands: Sequence[str]) -> bool:
    """Whether a command names a file, or a directory that it is in."""
    names = [name, *(str(parent) for parent in Path(name).parents if str(parent) != ".")]
    pattern = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, names))})(?![\w.-])")
    return not name or any(pattern.search(line) for line in commands)


def typed(text: str) -> Iterator[Command]:
    """The commands of a console, each with what it shows."""
    first, *rest = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert not first.strip(), f"a console begins with a command, not with {first!r}"
    for one in rest:
        line, *shown = re.sub(r"\\\n\s*", "", one).splitlines()
        yield Command(line, [part for part in shown if part.strip()])


def unseen(shown: Sequence[str], output: str) -> str:
    """The first line that is not in the output after those before it; empty if all are. Spaces count as one."""
    rest = " ".join(output.split())
    for line in shown:
        pattern = ".*?".join(re.escape(" ".join(part.split())) for part in line.split("..."))
        found = re.search(pattern, rest)
        if not found:
            return line
        rest = rest[found.end() :]
    return ""
