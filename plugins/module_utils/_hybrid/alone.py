# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One at a time makes a node of a host, or unmakes it. Runs on hosts, as root.

Who kills a run on the control node kills nothing on the hosts: what was begun there goes on, and the next run must not
look at what is half done, nor register a host that registers at this moment.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.work import Failed

LOCK = Path("/run/flotilla-eks.lock")
PROCESSES = Path("/proc")
PATIENCE = 60  # seconds
BLINK = 0.2  # seconds
NODEADM = "nodeadm"


def exclusively(act: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    """What a module does to a host, alone."""

    def acting(module: Any) -> dict[str, Any]:
        if module.check_mode:
            return act(module)
        with alone(PATIENCE):
            return act(module)

    return acting


@contextmanager
def alone(patience: float) -> Iterator[None]:
    """Nobody else is at work on the host for as long as this lasts. Raises Failed if somebody is, after ``patience``
    in seconds."""
    lock = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        who = _after(patience, lock)
        if who:
            raise Failed(f"{who} is at work on this host: run again when it is done")
        yield
    finally:
        os.close(lock)


def busy(patience: float) -> str:
    """Who is at work on the host, if it takes longer than ``patience``; empty if nobody is. Only looks."""
    try:
        lock = os.open(LOCK, os.O_RDONLY)
    except OSError:  # nobody ever was; or we are not root, which is a finding of its own
        return _after(patience, None)
    try:
        return _after(patience, lock)
    finally:
        os.close(lock)


def _after(patience: float, lock: int | None) -> str:
    """Who is still at work then. If nobody is, nobody else has the lock from here on."""
    end = time.monotonic() + patience
    while True:
        who = _nodeadm() or ("" if lock is None or _taken(lock) else "another run")
        if not who or time.monotonic() > end:
            return who
        time.sleep(BLINK)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _nodeadm() -> str:
    """nodeadm, whoever has started it, with its command; empty if it does not run. It survives who has started it.

    The kernel calls a process by the file that was executed, also where that is a script
    (https://man7.org/linux/man-pages/man5/proc_pid_comm.5.html): a pager of its log has a name of its own.
    """
    for path in PROCESSES.glob("[0-9]*/comm"):
        try:
            name, words = path.read_text().strip(), path.with_name("cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:  # it has ended
            continue
        _before, found, arguments = words.partition(f"{NODEADM}\0")
        if name == NODEADM and found:
            return f"{NODEADM} {arguments.partition(chr(0))[0]} (process {path.parent.name})"
    return ""
