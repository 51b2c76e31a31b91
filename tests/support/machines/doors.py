# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways into and out of a machine that has a network namespace of its own, with nothing but its loopback in it.

There is no cable to it: no interface, no route. A socket stays in the namespace that it was made in, whoever uses it
afterwards, and so one process may listen on one side and connect on the other.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

Address = tuple[str, int]
HERE = Path("/proc/self/ns/net")
_NETWORK = 0x40000000  # CLONE_NEWNET
_libc = ctypes.CDLL(None, use_errno=True)


def make_namespace(where: Path) -> None:
    """A network namespace that lasts as long as the mount of the file ``where``; its loopback is up."""
    where.touch()
    subprocess.run(["unshare", f"--net={where}", "ip", "link", "set", "lo", "up"], check=True)


def open_door(outside: Path, listen: Address, inside: Path, connect: Address) -> None:
    """Hand on all that connects to ``listen`` in one namespace to ``connect`` in another, for as long as we live."""
    with _within(outside):
        door = socket.create_server(listen)

    def serve() -> None:
        while True:
            guest, _address = door.accept()
            threading.Thread(target=_lead, args=(guest, inside, connect), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()


def _lead(guest: socket.socket, inside: Path, connect: Address) -> None:
    with guest, suppress(OSError):
        with _within(inside):
            host = socket.create_connection(connect)
        with host:
            back = threading.Thread(target=_pump, args=(host, guest), daemon=True)
            back.start()
            _pump(guest, host)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def _within(namespace: Path) -> Iterator[None]:
    """Have this thread, and no other, be in a network namespace."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _enter(namespace)
        yield
    finally:
        _set(before)
        os.close(before)


def _enter(namespace: Path) -> None:
    number = os.open(namespace, os.O_RDONLY)
    try:
        _set(number)
    finally:
        os.close(number)


def _set(number: int) -> None:
    if _libc.setns(number, _NETWORK):
        raise OSError(ctypes.get_errno(), "setns")
