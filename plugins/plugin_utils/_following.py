# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module and shows, while it runs, the lines of progress that it writes to a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

PAUSE = 0.25  # seconds between two looks at the file


class FollowingAction(ActionBase):
    """The action plugin of a ``module`` that has the options show_progress and progress_path."""

    module: str
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        if not self._can_follow(arguments):
            return result | self._module(arguments, task_vars)
        with followed(self._display.display) as path:
            return result | self._module({**arguments, "progress_path": path}, task_vars)

    def _can_follow(self, arguments: dict[str, Any]) -> bool:
        """Whether there will be lines, on this very machine, while the task is waited for."""
        wanted = boolean(arguments.get("show_progress", True), strict=False) and not arguments.get("progress_path")
        here = self._connection.transport == "local"
        return bool(wanted and here and not self._task.check_mode and not self._task.async_val)

    def _module(self, arguments: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        result: dict[str, Any] = self._execute_module(
            module_name=self.module,
            module_args=arguments,
            task_vars=task_vars,
            wrap_async=bool(self._task.async_val),
        )
        return result


@contextmanager
def followed(show: Callable[[str], None]) -> Iterator[str]:
    """Gives the path of a new file; each line that is appended to it is shown at once."""
    with tempfile.TemporaryDirectory(prefix="flotilla-eks-") as directory:
        path = Path(directory) / "progress"
        path.touch(mode=0o600)
        over = Event()
        follower = Thread(target=_follow, args=(path, show, over), daemon=True)
        follower.start()
        try:
            yield os.fspath(path)
        finally:
            over.set()
            follower.join()


def _follow(path: Path, show: Callable[[str], None], over: Event) -> None:
    with path.open(encoding="utf-8") as file:
        last_look = False
        while not last_look:
            last_look = over.wait(PAUSE)
            for line in file:
                show(line.rstrip("\n"))
