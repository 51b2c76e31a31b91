# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of tests on the loopback interface, each in a thread of its own, for as long as a context lasts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from threading import Thread
from types import TracebackType
from typing import Self

FREE = ("127.0.0.1", 0)
"""A free port."""


@contextmanager
def answering(server: HTTPServer) -> Iterator[None]:
    """The server answers until the end of the context."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Serving(ABC):
    """What is answered for by a server while its context lasts, on ``port``, at ``url``."""

    @abstractmethod
    def make_server(self) -> HTTPServer:
        """One on a free port."""

    def __enter__(self) -> Self:
        server = self.make_server()
        self.port = server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._answering = answering(server)
        self._answering.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._answering.__exit__(kind, problem, trace)
