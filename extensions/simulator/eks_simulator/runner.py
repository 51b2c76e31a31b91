# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the server, alone or around a command, and sums up its ledger at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .environment import client_environment, without_elsewhere
from .ledger import summary
from .server import Application
from .wire import Server
from .world import World

_GLANCE = 0.5  # seconds between two looks at whether the parent lives
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@contextmanager
def serving(world: World, port: int) -> Iterator[str]:
    """A running server; gives its URL. moto is loaded in the background, so that the first call finds it there."""
    application = Application(world)
    server = Server(application, port)
    world.url = server.url
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    threading.Thread(target=application.moto.load, daemon=True).start()
    try:
        yield server.url
    finally:
        world.control_planes.clear()
        server.shutdown()
        server.server_close()


def run_command(world: World, port: int, command: Sequence[str]) -> int:
    """Run `command` against a fresh simulator. Returns its exit status, 128 + N if signal N ended it, 127 if it
    was not found and 126 if it could not be started, as a shell does."""
    with serving(world, port) as url:
        environment = {**without_elsewhere(os.environ), **client_environment(url)}
        with _forwarding_signals() as adopt:
            try:
                child = subprocess.Popen(command, env=environment, process_group=0)
            except OSError as problem:
                print(f"eks_simulator: {command[0]}: {problem.strerror}", file=sys.stderr)
                return 127 if isinstance(problem, FileNotFoundError) else 126
            adopt(child)
            with _lending_terminal(child):
                status = child.wait()
    return 128 - status if status < 0 else status


def serve(world: World, port: int, announce: bool) -> None:
    """Serve until interrupted, saying first how to reach the server. A program that had it announced and is gone,
    however it ended, needs no server any more."""
    parent = os.getppid()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with serving(world, port) as url:
        if announce:
            print(url, flush=True)
        else:
            for name, value in client_environment(url).items():
                print(f"export {name}={value}")
            print("unset AWS_PROFILE AWS_SESSION_TOKEN", flush=True)
        while not stop.wait(_GLANCE if announce else None) and os.getppid() == parent:
            pass


def close_books(world: World, ledger_file: Path | None, quiet: bool) -> None:
    """Write the ledger to `ledger_file`, and its summary to standard error unless `quiet`."""
    entries = world.ledger.since()
    if ledger_file:
        ledger_file.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    if not quiet:
        print(f"\nCalls of the simulated AWS\n{summary(entries)}", file=sys.stderr)


@contextmanager
def _forwarding_signals() -> Iterator[Callable[[subprocess.Popen[Any]], None]]:
    """Pass the signals that reach us on to the process group of the child that is adopted, and to no other process.
    Those that come before there is a child wait for it."""
    children: list[subprocess.Popen[Any]] = []
    waiting: list[int] = []

    def forward(number: int, frame: Any = None) -> None:
        if not children:
            waiting.append(number)
        elif children[0].poll() is None:
            os.killpg(children[0].pid, number)

    def adopt(child: subprocess.Popen[Any]) -> None:
        children.append(child)
        for number in waiting:
            forward(number)

    earlier = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        yield adopt
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


@contextmanager
def _lending_terminal(child: subprocess.Popen[Any]) -> Iterator[None]:
    """Put `child` in the foreground of our terminal, if we have one: in the background it could not ask anything."""
    if not sys.stdin.isatty():
        yield
        return
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # else taking the terminal back would stop us
    os.tcsetpgrp(sys.stdin.fileno(), child.pid)
    try:
        yield
    finally:
        os.tcsetpgrp(sys.stdin.fileno(), os.getpgrp())
