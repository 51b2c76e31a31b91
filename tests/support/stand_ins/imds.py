# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instance metadata service of one machine, over IMDSv2 only, on the address and with the data of its file.

The data: ``address``, ``port``, and ``documents`` by their paths below ``latest``.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DATA = Path("/etc/stand-ins/imds.json")
TOKENS: set[str] = set()


class Handler(BaseHTTPRequestHandler):
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html"""

    def do_PUT(self) -> None:
        seconds = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if self.path != "/latest/api/token" or not seconds.isdigit() or not 1 <= int(seconds) <= 21600:
            self._answer(400)
            return
        TOKENS.add(token := secrets.token_urlsafe(40))
        self._answer(200, token)

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") not in TOKENS:
            self._answer(401)
            return
        document = json.loads(DATA.read_text())["documents"].get(self.path.removeprefix("/latest/"))
        self._answer(404) if document is None else self._answer(200, document)

    def _answer(self, status: int, text: str = "") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """It answers with credentials, and writes nothing down."""


def main() -> None:
    """Serve, and tell systemd when that has begun."""
    data = json.loads(DATA.read_text())
    server = ThreadingHTTPServer((data["address"], data["port"]), Handler)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
    server.serve_forever()


if __name__ == "__main__":
    main()
