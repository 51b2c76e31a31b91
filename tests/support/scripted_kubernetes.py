# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kubernetes API over TLS that answers from a script, for tests of what asks it."""

from __future__ import annotations

import json
import ssl
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support.serving import FREE, answering

SERVER_TIME = "Thu, 01 Jan 2026 12:00:00 GMT"


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    verb: str
    path: str  # with the query
    headers: Mapping[str, str]
    body: Any = None

    def __str__(self) -> str:
        return f"{self.verb} {self.path}"


@dataclass
class Reply:
    """An answer: a JSON document, or bytes as they are."""

    body: Any
    code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal(code: int, reason: str, message: str = "no", **members: Any) -> Reply:
    """A Status of Kubernetes that says no; ``members`` are more of it, say details."""
    status = {"kind": "Status", "status": "Failure", "reason": reason, "message": message, "code": code}
    return Reply({**status, **members}, code)


@dataclass
class ScriptedKubernetes:
    """``answer`` takes each request and says what it gets; ``asked`` are the requests so far."""

    url: str
    certificate_authority: str
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def scripted_kubernetes(answer: Callable[[Asked], Any]) -> Iterator[ScriptedKubernetes]:
    """Serves on a free port of 127.0.0.1. What ``answer`` returns is a Reply, or the document of one."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = Asked(self.command, self.path, dict(self.headers), json.loads(text) if text else None)
            api.asked.append(asked)
            given = answer(asked)
            reply = given if isinstance(given, Reply) else Reply(given)
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response_only(reply.code)
            for name, value in {"Date": SERVER_TIME, "Content-Length": str(len(body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(FREE, Handler)
    server.socket = _server_context().wrap_socket(server.socket, server_side=True)
    api = ScriptedKubernetes(f"https://127.0.0.1:{server.server_port}", b64encode(certificate()[0]).decode())
    with answering(server):
        yield api


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "server.pem"
        file.write_bytes(b"".join(certificate()))
        context.load_cert_chain(file)
    return context


@cache
def certificate(name: str = "kubernetes") -> tuple[bytes, bytes]:
    """A certificate of 127.0.0.1 that is its own authority, and its key; PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    return made.public_bytes(pem), key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
