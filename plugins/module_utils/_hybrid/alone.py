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
    descriptor = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        end = time.monotonic() + patience
        while not _taken(descriptor) or _nodeadm():
            if time.monotonic() > end:
                raise Failed(f"{_nodeadm() or 'another run'} is at work on this host: run again when it is done")
            time.sleep(BLINK)
        yield
    finally:
        os.close(descriptor)


def busy(patience: float) -> str:
    """Who is at work on the host, if it takes longer than ``patience``; empty if nobody is."""
    try:
        with alone(patience):
            return ""
    except Failed:
        return _nodeadm() or "another run"
    except OSError:  # not root, which is a finding of its own
        return ""


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _nodeadm() -> str:
    """nodeadm, whoever has started it, with its command; empty if it does not run. It survives who has started it."""
    for path in PROCESSES.glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:  # it has ended
            continue
        for place, word in enumerate(words[:2]):  # the second, where it is a script
            if word.rpartition("/")[2] == NODEADM:
                return f"{NODEADM} {words[place + 1]} (process {path.parent.name})"
    return ""
