# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done on a host to make a node of it, and how its kubelet is waited for. Runs on hosts, as root."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.host import ENVIRONMENT, UNIT, unit
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.plan import complaints

SETTLED = 3
"""Seconds for which a kubelet has to be up without a restart to count as running; it ends within two if its flags or
its configuration are wrong."""
FOR_SYSTEMD = 60  # seconds
RESTARTS = 3  # of a kubelet, after which it is not expected to come up; one or two happen while containerd starts


class Failed(Exception):
    """The host is not as wanted; the text says what is wrong, and what to do. ``told`` is for the module's result."""

    def __init__(self, message: str, **told: bool) -> None:
        super().__init__(message)
        self.told = told


def await_kubelet() -> None:
    """Give the kubelet the time to come up, and to fall down again."""
    begun = time.monotonic()
    while time.monotonic() - begun < FOR_SYSTEMD:
        state = unit("ActiveState", "ActiveEnterTimestampMonotonic", "NRestarts")
        now = time.monotonic()
        since = int(state.get("ActiveEnterTimestampMonotonic") or 0) / 1e6
        up = state.get("ActiveState") == "active" and now - since >= SETTLED
        down = int(state.get("NRestarts") or 0) >= RESTARTS or state.get("ActiveState") == "failed"
        never = state.get("ActiveState") in ("inactive", "") and now - begun >= SETTLED  # systemd may have it queued
        if up or down or never:
            return
        time.sleep(0.5)


def hint(log: str) -> str:
    """What nodeadm and the kubelet complain of, and where there is more."""
    journal = run("journalctl", "--unit", UNIT, "--lines=5", "--output=cat", "--no-pager").stdout.strip()
    said = [f"nodeadm says: {'; '.join(found)}"] if (found := complaints(log)) else []
    said += [f"the kubelet says: {journal}"] if journal and "-- No entries --" not in journal else []
    return ". ".join([*said, f"More: journalctl -u {UNIT}, and nodeadm init by hand"])


def stamp() -> int:
    """When nodeadm last wrote what the kubelet starts by."""
    return ENVIRONMENT.stat().st_mtime_ns if ENVIRONMENT.exists() else 0


def systemctl(*arguments: str) -> None:
    """Raises Failed."""
    done = run("systemctl", *arguments)
    if done.returncode:
        raise Failed(f"systemctl {' '.join(arguments)}: {done.stderr.strip()}. {hint('')}")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """What became of a command. Raises OSError."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace a file at once; by default, it is for root's eyes only."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")  # no suffix that nodeadm reads
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.chmod(mode)
    temporary.replace(path)
