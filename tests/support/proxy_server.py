# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy that asks for a name and a password, and tells afterwards what went through it."""

from __future__ import annotations

import socket
import threading
from base64 import b64encode
from contextlib import suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from support.serving import FREE, Serving

HOP_BY_HOP = {"connection", "proxy-authorization", "proxy-connection", "transfer-encoding"}


class ProxyServer(Serving):
    """``seen`` are the words of each request line, with its answer's status."""

    def __init__(self, name: str, password: str) -> None:
        self.seen: list[tuple[str, str, int]] = []
        self._wanted = "Basic " + b64encode(f"{name}:{password}".encode()).decode()

    def make_server(self) -> HTTPServer:
        server = _Server(FREE, _Handler)
        server.seen, server.wanted = self.seen, self._wanted
        return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a tunnel may be open for as long as the program that has dug it lives
    seen: list[tuple[str, str, int]]
    wanted: str


class _Handler(BaseHTTPRequestHandler):
    """https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6 for CONNECT, and section 3.7 for the rest."""

    server: _Server

    def do_CONNECT(self) -> None:
        host, _colon, port = self.path.rpartition(":")
        if not self._lets_in():
            return
        with socket.create_connection((host, int(port))) as target:
            self._note(200)
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_pump, args=(target, self.connection), daemon=True)
            back.start()
            _pump(self.connection, target)
            back.join()
        self.close_connection = True

    def do_GET(self) -> None:
        if not self._lets_in():
            return
        place = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        target = HTTPConnection(place.netloc, timeout=30)
        target.request(self.command, f"{place.path or '/'}{'?' + place.query if place.query else ''}", body, headers)
        answer = target.getresponse()
        content = answer.read()
        self._note(answer.status)
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        target.close()

    do_POST = do_PUT = do_DELETE = do_GET

    def _lets_in(self) -> bool:
        if self.headers.get("Proxy-Authorization") == self.server.wanted:
            return True
        self._note(407)
        self.send_response(407)
        self.send_header("Proxy-Authenticate", 'Basic realm="proxy"')
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def _note(self, status: int) -> None:
        self.server.seen.append((self.command, self.path, status))

    def log_message(self, format: str, *_arguments: Any) -> None:
        """Say nothing."""


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
