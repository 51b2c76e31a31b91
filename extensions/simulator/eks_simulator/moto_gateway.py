# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door to moto: every service but EKS.

Names each call for the ledger, passes it on, and turns what moto does not know into a plain refusal: moto answers
with HTTP 500 or an HTML page, which botocore repeats, or cannot parse.
"""

from __future__ import annotations

import io
import json
import re
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from . import ACCOUNT
from .moto_setup import moto_backend
from .wire import Request, Response

_ERROR_CODE = re.compile(rb"<Code>([^<]+)</Code>")


@dataclass(frozen=True)
class ServiceCall:
    """A call of some AWS service: `protocol` is query, json or rest."""

    service: str
    operation: str
    protocol: str
    parameters: dict[str, Any]


def identify(service: str, request: Request) -> ServiceCall:
    """The operation and parameters of a request, by the three wire protocols that AWS services speak."""
    target = request.headers.get("x-amz-target")
    if target:
        return ServiceCall(service, target.rpartition(".")[2], "json", _json_object(request.body))
    pairs = parse_qsl(request.query, keep_blank_values=True)
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        pairs += parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    form = {name: value for name, value in pairs if not name.startswith("X-Amz-")}
    action = form.pop("Action", None)
    if action:
        form.pop("Version", None)
        return ServiceCall(service, action, "query", form)
    name = "Get" if request.method in ("GET", "HEAD") else request.method.title()
    return ServiceCall(service, f"{name} {request.path}", "rest", {**form, **_json_object(request.body)})


class Moto:
    """moto's server application. Importing it takes seconds, so it is done when the first call needs it."""

    def __init__(self) -> None:
        self._application: Any = None
        self._loading = threading.Lock()

    @property
    def used(self) -> bool:
        """Whether moto is loaded: before, it can know of no account but its default one."""
        return self._application is not None

    def load(self) -> None:
        """Import what the first call would otherwise wait for."""
        with self._loading:
            if self._application is None:
                for service in ("ec2", "sts"):
                    moto_backend(service)
                moto_backend("iam")[ACCOUNT]["aws"]  # fills it with the AWS-managed policies
                from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

                self._application = DomainDispatcherApplication(create_backend_app)

    def perform(self, call: ServiceCall, request: Request) -> Response:
        """Pass the call on, and refuse it (400) if moto cannot answer it. moto must be loaded."""
        unserved = f"The simulator does not serve {call.service}:{call.operation}."
        try:
            response = self._forward(request)
        except Exception as problem:
            return refusal(call, "InvalidAction", f"{unserved} {problem}")
        page = response.headers.get("Content-Type", "").startswith("text/html") and response.body[:1] != b"{"
        html = page and b"<html" in response.body[:400].lower()
        if response.status >= 500 or html:
            return refusal(call, "InvalidAction", unserved)
        return response

    def _forward(self, request: Request) -> Response:
        answered: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            answered[:] = [int(status.split()[0]), dict(headers)]

        chunks = self._application(_environ(request), start_response)
        try:
            body = b"".join(chunks)
        finally:
            getattr(chunks, "close", lambda: None)()
        return Response(answered[0], body, answered[1])


def refusal(call: ServiceCall, code: str, message: str, status: int = 400) -> Response:
    """An error answer in the form of the call's own protocol."""
    if call.protocol != "query":
        headers = {"x-amzn-ErrorType": code, "Content-Type": "application/json"}
        return Response(status, json.dumps({"__type": code, "message": message}).encode(), headers)
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{_escaped(message)}</Message></Error>"
    if call.service == "ec2":
        body = f"<Response><Errors>{error}</Errors><RequestID>0</RequestID></Response>"
    else:
        body = f"<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>"
    return Response(status, body.encode(), {"Content-Type": "text/xml"})


def error_code(response: Response) -> str | None:
    """The error's name in an answer of any protocol; None if the call succeeded."""
    if response.status < 400:
        return None
    named = next((value for name, value in response.headers.items() if name.lower() == "x-amzn-errortype"), None)
    if named:
        return named.partition(":")[0]
    match = _ERROR_CODE.search(response.body)
    if match:
        return match.group(1).decode()
    answer = _json_object(response.body)
    return str(answer.get("__type", answer.get("code", response.status))).rpartition("#")[2]


def _environ(request: Request) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode().decode("latin-1"),
        "RAW_URI": request.target,
        "REQUEST_URI": request.target,
        "QUERY_STRING": request.query,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": request.headers.get("host", "").rpartition(":")[2] or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        if name not in ("content-type", "content-length", "transfer-encoding"):
            environ["HTTP_" + name.upper().replace("-", "_")] = value
    return environ


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body) if body else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
