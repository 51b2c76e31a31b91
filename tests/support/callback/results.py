# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes each task's result and the recap, a line of JSON each, to the file that PLAYBOOK_RESULTS names.

What stands on the screen stays what a user would see.
"""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: results
type: aggregate
short_description: Results of a test's playbook run as lines of JSON
description:
  - Writes one line per host and task with the keys O(host), O(task), O(status), O(result).
  - The last one has the recap, and what C(set_stats) was told.
author: flotilla.eks contributors (!UNKNOWN)
options: {}
"""


def _of(event: Any, name: str) -> Any:
    """A member of an event; until ansible-core 2.19, they were called as if they were private."""
    return getattr(event, name) if hasattr(event, name) else getattr(event, f"_{name}")


class CallbackModule(CallbackBase):
    """One method per event that the tests ask about."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "results"

    def _write(self, line: dict[str, Any]) -> None:
        with open(os.environ["PLAYBOOK_RESULTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def _record(self, status: str, event: Any) -> None:
        host, task, result = (_of(event, name) for name in ("host", "task", "result"))
        told = {key: value for key, value in result.items() if not key.startswith("_ansible")}
        self._write({"host": host.name, "task": task.name or task.action, "status": status, "result": told})

    def v2_runner_on_ok(self, result: Any) -> None:
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._record("failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._record("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._record("unreachable", result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        told = {"stats": {host: stats.summarize(host) for host in stats.processed}}
        self._write({**told, "artifacts": stats.custom.get("_run", {})})
