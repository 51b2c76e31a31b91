# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small threaded HTTP/1.1 server with keep-alive, over TLS if wanted, and the requests and responses that pass it.

Werkzeug's development server closes the connection after each answer, which costs a client more than the call itself.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class Request:
    """An HTTP request: `target` is what the request line says, header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> str:
        return urlsplit(self.target).query


@dataclass
class Response:
    """An HTTP answer. One that is `lost` closes the connection without a word.

    One with a `stream` sends its chunks as they come, in place of the body; an empty one only asks whether the client
    is still there, who ends the stream by leaving.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    lost: bool = False
    stream: Iterator[bytes] | None = None

    @classmethod
    def json(cls, status: int, value: Any, headers: dict[str, str] | None = None) -> Response:
        body = json.dumps(value).encode()
        return cls(status, body, {"Content-Type": "application/json", **(headers or {})})


class Server(ThreadingHTTPServer):
    """Serves `application` on a loopback port; port 0 chooses a free one.

    With `tls` every connection is secured by the context that it names at that moment. Connections that `admits`
    does not want are closed before a word.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        application: Callable[[Request], Response],
        port: int = 0,
        tls: Callable[[], ssl.SSLContext] | None = None,
        admits: Callable[[], bool] = lambda: True,
    ) -> None:
        self.application = application
        self._tls = tls
        self._admits = admits
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        """End the connections at once, and listening within the second; until then nobody is admitted."""
        self._admits = lambda: False
        for connection in tuple(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        threading.Thread(target=self._stop, daemon=True).start()

    def _stop(self) -> None:
        self.shutdown()
        self.server_close()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection, in a thread of its own."""
        if not self._admits():
            return
        if self._tls is None:
            return super().finish_request(request, client_address)
        try:
            secured = self._tls().wrap_socket(request, server_side=True)
        except OSError:  # the client does not trust the certificate, or speaks no TLS
            return None
        with secured:
            self._connections.add(secured)
            try:
                super().finish_request(secured, client_address)
            finally:
                self._connections.discard(secured)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "eks-simulator"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self._body(headers))
        response = self.server.application(request)
        if response.lost:
            self.close_connection = True
            return
        self._begin(response)
        if response.stream is not None:
            self._send_chunks(response.stream)
        elif self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = _serve

    def _begin(self, response: Response) -> None:
        self.send_response_only(response.status)
        self.send_header("Server", self.version_string())
        self.send_header("Date", response.headers.get("Date") or self.date_time_string())
        for name, value in response.headers.items():
            if name.lower() not in ("content-length", "connection", "date", "server"):
                self.send_header(name, value)
        if response.stream is None:
            self.send_header("Content-Length", str(len(response.body)))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _send_chunks(self, stream: Iterator[bytes]) -> None:
        self.wfile.flush()
        for chunk in stream:
            if chunk:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                self.wfile.flush()
            elif self._forsaken():
                self.close_connection = True
                return
        self.wfile.write(b"0\r\n\r\n")

    def _forsaken(self) -> bool:
        """Whether the client has left: while it waits for chunks it has nothing else to say."""
        return bool(select.select([self.connection], [], [], 0)[0])

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        return self.rfile.read(int(headers.get("content-length", 0)))

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)
        chunk = self.rfile.read(size)
        self.rfile.readline()
        return chunk

    def handle_expect_100(self) -> bool:
        """The base class leaves its "100 Continue" in the buffer, and the client waiting."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the ledger is the log."""

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError, ssl.SSLError):
            self.close_connection = True
