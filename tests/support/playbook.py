# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the real ``ansible-playbook`` for a test, sealed off from the user's settings, and hands back what happened."""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import yaml

from support.checkout import COLLECTIONS
from support.permissions import COLLECTION, watched
from support.warm import Warm, interpreter

CALLBACKS = Path(__file__).with_name("callback")
BLINK = 0.1  # seconds between two looks at a run that is to be killed
WARNING = re.compile(r"^\[(?:DEPRECATION )?WARNING\]:.*", re.MULTILINE)

# Warnings that a module of another collection gives on every call, whatever its options, and Ansible's line about them.
FOREIGN_WARNINGS = (
    "iam_role.assume_role_policy_document_raw will no longer be returned",  # amazon.aws 10, iam_role and iam_role_info
    "Deprecation warnings can be disabled by setting",
)

LOCALHOST: dict[str, Any] = {"all": {"hosts": {"localhost": {}}}}

SETTINGS = f"""\
[defaults]
callback_plugins = {CALLBACKS}
callbacks_enabled = results
collections_path = {COLLECTIONS}
deprecation_warnings = true
localhost_warning = false
nocows = true
pipelining = true
retry_files_enabled = false
[inventory]
inventory_unparsed_warning = false
"""

Task = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What one run of ``ansible-playbook`` did.

    ``lines`` are the results in order, each a dict of host, task, status (ok, failed, skipped, unreachable) and result;
    ``artifacts`` is what AWX would hand on to the next jobs of a workflow.
    """

    rc: int
    stdout: str
    stderr: str
    lines: list[dict[str, Any]]
    stats: dict[str, dict[str, int]]
    artifacts: dict[str, Any]

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        """The result of each task by its name (of the last, where a name or a host occurs more than once)."""
        return {line["task"]: line["result"] for line in self.lines}

    def on(self, host: str) -> dict[str, dict[str, Any]]:
        """The result of each task by its name on one host."""
        return {line["task"]: line["result"] for line in self.lines if line["host"] == host}

    @property
    def last(self) -> dict[str, Any]:
        """The result of the last task that was recorded."""
        result: dict[str, Any] = self.lines[-1]["result"]
        return result

    @property
    def changed(self) -> int:
        """How many tasks changed something, over all hosts."""
        return sum(host["changed"] for host in self.stats.values())

    @property
    def warnings(self) -> list[str]:
        """The warnings that this collection, or the way it was used, gave rise to."""
        return [line for line in WARNING.findall(self.output) if not any(text in line for text in FOREIGN_WARNINGS)]

    @property
    def output(self) -> str:
        """Everything that the user would have seen."""
        return self.stdout + self.stderr


def kill_family(pid: int) -> None:
    """Kill a process and its descendants, each stopped before its children are looked for, so that none slips away."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    with suppress(FileNotFoundError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
            kill_family(int(child))
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True)
class Programs:
    """What all tests of this process share: Ansible's settings, and programs that start warm under them.

    ``shared`` is a directory for what the processes of one run of all tests share, if there is more than one.
    """

    shared: ClassVar[Path | None] = None
    settings: dict[str, str]
    playbook: Warm
    python: Path

    @classmethod
    @cache
    def get(cls) -> Programs:
        """Started at the first use."""
        directory = Path(tempfile.mkdtemp(prefix="warm-"))
        atexit.register(shutil.rmtree, directory)
        configuration = directory / "ansible.cfg"
        configuration.write_text(SETTINGS, encoding="utf-8")
        settings = {
            "ANSIBLE_CONFIG": str(configuration),
            "ANSIBLE_HOME": str(directory / "ansible"),
            "LC_ALL": "C.UTF-8",
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        }
        shared = cls.shared or directory
        module, playbook = (Warm(program, directory, settings, shared) for program in ("module", "playbook"))
        atexit.register(playbook.stop)
        atexit.register(module.stop)
        return cls(settings, playbook, interpreter(module, directory))


class Playbook:
    """Runs playbooks in a directory of the test's own, with ``environment`` on top of the bare necessities.

    What measures or kills a run does not start it ``warm``.
    """

    def __init__(self, directory: Path, environment: Mapping[str, str], *, warm: bool = True) -> None:
        self.directory = directory
        self.environment = environment
        self.warm = warm

    def tasks(self, *tasks: Task, play: Mapping[str, Any] | None = None, **options: Any) -> Run:
        """Run ``tasks`` as one play without facts; ``play`` adds keywords to it, ``options`` are those of `run`."""
        return self.run([{"hosts": "all", "gather_facts": False, **(play or {}), "tasks": list(tasks)}], **options)

    def run(
        self,
        playbook: str | Sequence[Mapping[str, Any]],
        *,
        inventory: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
        check: bool = False,
        diff: bool = False,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        fails: bool = False,
        warns: bool = False,
    ) -> Run:
        """Run a playbook, given as plays or by name (``flotilla.eks.site``, a path), and return what it did.

        The run must succeed (fail, if the test says that it ``fails``), and without a warning unless it ``warns``.
        """
        options = [*arguments, *(["--check"] if check else []), *(["--diff"] if diff else [])]
        arguments = self._arguments(playbook, inventory, variables, options, self.warm)
        with watched(arguments[0], self.environment):
            run = self._collect(self._process(arguments, self.variables() | dict(environment or {})))
        assert (run.rc != 0) == fails, f"ansible-playbook ended with {run.rc}:\n{run.output}"
        assert warns or not run.warnings, "ansible-playbook warned:\n" + "\n".join([*run.warnings, run.output])
        return run

    def typed(self, arguments: Sequence[str], *, local: bool = True) -> Run:
        """Run ``ansible-playbook`` with arguments as a user types them, whatever comes of it.

        With ``local``, all its hosts are this one, on which modules start warm, whatever the inventory says.
        """
        temporary = self.directory / "tmp"
        temporary.mkdir(exist_ok=True)
        here = {"ansible_python_interpreter": str(Programs.get().python), "ansible_remote_tmp": str(temporary)}
        extra = ["--extra-vars", json.dumps(here)] if local else []
        ours = next((argument for argument in arguments if argument.startswith(COLLECTION)), "")
        with watched(ours, self.environment):
            return self._collect(self._process([*arguments, *extra], self.variables()))

    def killed(
        self,
        playbook: str | Sequence[Mapping[str, Any]],
        when: Callable[[], bool],
        *,
        inventory: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        """Run a playbook and, as soon as ``when()`` holds, end it and all its processes as a power cut would.

        All of them are descendants of one process: this run does not start warm.
        """
        arguments = self._arguments(playbook, inventory, variables, [], warm=False)
        process = subprocess.Popen(
            ["ansible-playbook", *arguments],
            cwd=self.directory,
            env=self.variables(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while not when():
                with suppress(subprocess.TimeoutExpired):
                    rc = process.wait(timeout=BLINK)
                    raise AssertionError(f"ansible-playbook ended with {rc} before it could be killed")
        finally:
            kill_family(process.pid)
            process.wait()
            (self.directory / "results.jsonl").unlink(missing_ok=True)

    def _process(self, arguments: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        if self.warm:
            return Programs.get().playbook.run(arguments, self.directory, environment)
        command = ["ansible-playbook", *arguments]
        return subprocess.run(command, cwd=self.directory, env=environment, capture_output=True, text=True, check=False)

    def _arguments(
        self,
        playbook: str | Sequence[Mapping[str, Any]],
        inventory: Mapping[str, Any] | None,
        variables: Mapping[str, Any] | None,
        options: Sequence[str],
        warm: bool,
    ) -> list[str]:
        extra = ["--extra-vars", json.dumps(variables)] if variables else []
        python = str(Programs.get().python) if warm else sys.executable
        hosts = self._inventory(inventory or LOCALHOST, python)
        return [self._playbook(playbook), "--inventory", hosts, *extra, *options]

    def _playbook(self, playbook: str | Sequence[Mapping[str, Any]]) -> str:
        if isinstance(playbook, str):
            return playbook
        return self._write("playbook.yml", list(playbook))

    def _inventory(self, inventory: Mapping[str, Any], python: str) -> str:
        groups = {name: dict(group) for name, group in inventory.items()}
        temporary = self.directory / "tmp"
        temporary.mkdir(exist_ok=True)  # with pipelining, the first module to need it would make it, and warn
        local = {
            "ansible_connection": "local",
            "ansible_python_interpreter": python,
            "ansible_remote_tmp": str(temporary),
        }
        groups["all"] = {**groups.get("all", {}), "vars": {**local, **groups.get("all", {}).get("vars", {})}}
        return self._write("inventory.yml", groups)

    def _write(self, name: str, content: Any) -> str:
        path = self.directory / name
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return str(path)

    def variables(self) -> dict[str, str]:
        """The environment of a run: nothing of the user's ANSIBLE_*, AWS_* or home directory reaches it."""
        return {
            **Programs.get().settings,
            "HOME": str(self.directory),
            "PLAYBOOK_RESULTS": str(self.directory / "results.jsonl"),
            **self.environment,
        }

    def _collect(self, process: subprocess.CompletedProcess[str]) -> Run:
        results = self.directory / "results.jsonl"
        lines = (
            [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()] if results.exists() else []
        )
        results.unlink(missing_ok=True)
        end = lines.pop() if lines and "stats" in lines[-1] else {"stats": {}, "artifacts": {}}
        return Run(process.returncode, process.stdout, process.stderr, lines, **end)
