# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test asks of the simulator's ledger of AWS calls."""

from __future__ import annotations

from typing import Any, Protocol

Entry = dict[str, Any]
NOBODY = "simulator"
"""The service of entries that are no calls, but what happened by itself."""


class Recorder(Protocol):
    """The part of a simulator that keeps the ledger."""

    def ledger(self) -> list[Entry]:
        """Return every call so far, oldest first."""

    def clear_ledger(self) -> None:
        """Forget the calls."""


class Ledger:
    """Selects calls by service ("eks", "ec2") and operation ("CreateCluster")."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def calls(self, service: str | None = None, operation: str | None = None) -> list[Entry]:
        """Every call, or those of one service, one operation."""
        return [
            entry
            for entry in self.recorder.ledger()
            if entry["service"] != NOBODY
            and service in (None, entry["service"])
            and operation in (None, entry["operation"])
        ]

    def writes(self, service: str | None = None) -> list[Entry]:
        """The calls that would change something, refused ones included."""
        return [entry for entry in self.calls(service) if entry["write"]]

    def reads(self, service: str | None = None) -> list[Entry]:
        """The calls that only look."""
        return [entry for entry in self.calls(service) if not entry["write"]]

    def operations(self, service: str | None = None) -> list[str]:
        """The names of the operations called, in order."""
        return [entry["operation"] for entry in self.calls(service)]

    def lost_pods(self) -> list[str]:
        """The pods (namespace/name) that went down with a node which nobody had drained."""
        happened = [entry for entry in self.recorder.ledger() if entry["service"] == NOBODY]
        return [pod for entry in happened if entry["operation"] == "lose pods" for pod in entry["parameters"]["pods"]]

    def clear(self) -> None:
        """Forget the calls so far."""
        self.recorder.clear_ledger()
