# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of every call that reached the simulator: what a test counts, and what the runner sums up."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

SIMULATOR = "simulator"
"""The service of entries that are no calls: what happened in the simulated world by itself."""
_SECRET = re.compile(
    r"password|secret|private_?key|user_?data|sessiontoken|webidentitytoken|activationcode", re.IGNORECASE
)
_READ = re.compile(
    r"^(CreateSession$|Describe|Get|List|Lookup|Search|Simulate|Assume|Head|Query|Scan|Filter|BatchGet|Decode|Validate|Estimate|Preview)"
)


def is_write(operation: str, parameters: dict[str, Any]) -> bool:
    """Whether a call changes anything. An EC2 call with DryRun=true does not."""
    return not (is_dry_run(parameters) or _READ.match(operation))


def is_dry_run(parameters: dict[str, Any]) -> bool:
    return str(parameters.get("DryRun", "")).lower() == "true"


def without_secrets(value: Any) -> Any:
    """`value` with every member that holds a secret replaced by a placeholder."""
    if isinstance(value, dict):
        return {key: "********" if _SECRET.search(str(key)) else without_secrets(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    return value


class Ledger:
    """The calls in the order of their answers; each entry is a dict as the README's table describes it."""

    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []
        self._next = 1

    def record(self, entry: dict[str, Any]) -> None:
        """Number `entry`, strip it of secrets and keep it."""
        kept = {"n": self._next, **entry, "parameters": without_secrets(entry["parameters"])}
        self._next += 1
        self._entries.append(kept)

    def happened(self, operation: str, region: str, account: str, at: datetime, parameters: dict[str, Any]) -> None:
        """Enter what nobody has called for."""
        self.record(
            {
                "service": SIMULATOR,
                "operation": operation,
                "write": False,
                "status": 200,
                "error": None,
                "region": region,
                "account": account,
                "parameters": parameters,
                "at": at.isoformat(timespec="milliseconds"),
            }
        )

    def since(self, number: int = 0) -> list[dict[str, Any]]:
        """The entries whose `n` is greater than `number`."""
        return [entry for entry in self._entries if entry["n"] > number]

    def clear(self) -> None:
        """Forget the entries. Numbers go on, so that `since` stays meaningful."""
        self._entries.clear()


def summary(entries: Iterable[dict[str, Any]]) -> str:
    """A table of reads, writes and errors by service, with a last line of totals."""
    rows: dict[str, list[int]] = {}
    for entry in (one for one in entries if one["service"] != SIMULATOR):
        row = rows.setdefault(entry["service"], [0, 0, 0])
        row[1 if entry["write"] else 0] += 1
        row[2] += entry["error"] is not None
    totals = [sum(row[column] for row in rows.values()) for column in range(3)]
    lines = [f"{'service':<24}{'reads':>8}{'writes':>8}{'errors':>8}"]
    lines += [f"{name:<24}{reads:>8}{writes:>8}{errors:>8}" for name, (reads, writes, errors) in sorted(rows.items())]
    return "\n".join([*lines, f"{'total':<24}{totals[0]:>8}{totals[1]:>8}{totals[2]:>8}"])
