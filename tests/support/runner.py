# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as AWX runs them: what a job needs is transmitted to a worker, and its stream of events is processed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import ansible_runner
import yaml

from support.awx import Inventory, script
from support.checkout import COLLECTIONS
from support.playbook import kill_family

Event = dict[str, Any]


class Job:
    """One job, which begins when it is entered. ``events`` are those that have come so far, ``status`` is its last.

    Its playbook is one of the collection, or one of the project's own.
    """

    def __init__(
        self,
        directory: Path,
        environment: Mapping[str, str],
        playbook: str | Sequence[Mapping[str, Any]],
        inventory: Inventory,
        *,
        variables: Mapping[str, Any] | None = None,
        arguments: str = "",
    ) -> None:
        directory.mkdir()
        self.directory = directory
        self.events: list[Event] = []
        self.status = ""
        self._seen = threading.Condition()
        self._over = False
        self._environment = {
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_HOME": str(directory / "home"),
            "HOME": str(directory),
            "LC_ALL": "C.UTF-8",
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        }
        self._write("env/envvars", json.dumps({**self._environment, **environment}))
        self._write("env/extravars", json.dumps(dict(variables or {})))
        self._write("env/cmdline", arguments)
        plays = [{"import_playbook": f"flotilla.eks.{playbook}"}] if isinstance(playbook, str) else list(playbook)
        self._write("project/job.yml", yaml.safe_dump(plays))
        self._write("inventory/hosts", script(inventory), mode=0o700)

    def __enter__(self) -> Self:
        sent = self.directory / "sent"
        with sent.open("wb") as file, ThreadPoolExecutor() as pool:  # in the main thread it would take over SIGINT
            private = str(self.directory / "private")
            options = {"streamer": "transmit", "_output": file, "private_data_dir": private, "playbook": "job.yml"}
            pool.submit(ansible_runner.run, **options).result()
        command = ["ansible-runner", "worker", "--private-data-dir", str(self.directory / "worker")]
        with sent.open("rb") as file:
            self._worker = subprocess.Popen(
                command, env=self._environment, stdin=file, stdout=subprocess.PIPE, cwd=self.directory
            )
        self._processing = threading.Thread(target=self._process)
        self._processing.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind:
            self.cancel()
        self.wait()

    def wait(self) -> Self:
        """Until the job has ended."""
        self._processing.join()
        self._worker.wait()
        assert self._worker.stdout is not None
        self._worker.stdout.close()
        return self

    def until(self, seen: Callable[[Event], bool]) -> Event:
        """The first event that ``seen`` is true of, as soon as it comes."""
        with self._seen:
            while True:
                for event in self.events:
                    if seen(event):
                        return event
                assert not self._over, f"the job ended as {self.status}\n{self.output}"
                self._seen.wait()

    def cancel(self) -> None:
        """End the job as AWX does: SIGTERM for the worker; what it leaves ends with the container that it was in."""
        left = [Process.of(pid) for pid in descendants(self._worker.pid)]
        self._worker.send_signal(signal.SIGTERM)
        self._worker.wait()
        for process in left:
            process.kill()

    @property
    def output(self) -> str:
        """What a user of AWX sees."""
        return "".join(event["stdout"] + "\n" for event in self.events)

    @property
    def artifacts(self) -> dict[str, Any]:
        """What AWX hands on to the next jobs of a workflow, as variables."""
        return dict(self.events[-1]["event_data"]["artifact_data"])

    def _process(self) -> None:
        assert self._worker.stdout is not None
        ansible_runner.run(
            streamer="process",
            _input=self._worker.stdout,
            private_data_dir=str(self.directory / "processed"),
            event_handler=self._on_event,
            status_handler=self._on_status,
            quiet=True,
        )
        with self._seen:
            self._over = True
            self._seen.notify_all()

    def _on_event(self, event: Event) -> bool:
        with self._seen:
            self.events.append(event)
            self._seen.notify_all()
        return True

    def _on_status(self, status: Mapping[str, Any], runner_config: object) -> None:
        with self._seen:
            self.status = status["status"]
            self._seen.notify_all()

    def _write(self, path: str, content: str, mode: int = 0o600) -> None:
        file = self.directory / "private" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        file.chmod(mode)


class Process:
    """A process that is known again, also when its number is another one's."""

    def __init__(self, pid: int, begun: str) -> None:
        self._pid = pid
        self._begun = begun

    @classmethod
    def of(cls, pid: int) -> Self:
        return cls(pid, begin_of(pid))

    def kill(self) -> None:
        """End it and its descendants, if it is still there."""
        if self._begun and begin_of(self._pid) == self._begun:
            kill_family(self._pid)


def begin_of(pid: int) -> str:
    """When a process was started, in ticks; empty if there is none."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    return ""


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that these have."""
    with suppress(FileNotFoundError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return [one for child in map(int, children) for one in (child, *descendants(child))]
    return []
