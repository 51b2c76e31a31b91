# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An AWS that answers from a script, below botocore's real client: requests, retries and errors are botocore's own."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import botocore.session
from botocore.awsrequest import AWSResponse

REGION = "eu-central-1"
LOADER = botocore.session.get_session().get_component("data_loader")  # shared, as it keeps the service models


class Clock:
    """Time that passes only by sleeping. ``pauses`` are those of our own waits, in seconds; botocore's pass unseen."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def sleep_unseen(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Refusal:
    """An error of the service."""

    code: str
    message: str = "no"
    status: int = 400


HEADERS: dict[str, str] = {}
"""Of every answer that is no refusal."""
NOT_FOUND = Refusal("ResourceNotFoundException", "No such thing", 404)
IN_USE = Refusal("ResourceInUseException", "Something is in progress", 409)
THROTTLED = Refusal("ThrottlingException", "Rate exceeded", 429)
BROKEN = Refusal("InternalFailure", "Try again", 500)


@dataclass
class ScriptedAws:
    """Answers each operation with its list of answers, one a call; the last one stays.

    An answer is a dict in the API's spelling, bytes (a body as it is), a Refusal, or an exception to be raised as if
    the connection had failed. ``calls`` are the operations of all attempts, ``sent`` their bodies.
    """

    answers: dict[str, list[Any]]
    region: str = REGION
    credentials: bool = True
    calls: list[str] = field(default_factory=list)
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)

    def connect(self, service: str, config: Any) -> Any:
        """Makes a client, as Client wants it."""
        self.connections.append(service)
        session = botocore.session.Session()
        session.register_component("data_loader", LOADER)
        if self.credentials:
            session.set_credentials("AKIDEXAMPLE", "scripted")
        client = session.create_client(service, region_name=self.region, config=config)
        client.meta.events.register(f"before-send.{service}", self._answer)
        return client

    @property
    def writes(self) -> list[str]:
        return [operation for operation in self.calls if not operation.startswith(("Describe", "List"))]

    def bodies(self, operation: str) -> list[dict[str, Any]]:
        """What the attempts of an operation sent, without the request token."""
        bodies = [body for name, body in self.sent if name == operation]
        return [{name: value for name, value in body.items() if name != "clientRequestToken"} for body in bodies]

    def _answer(self, request: Any, event_name: str, **_event: Any) -> AWSResponse:
        operation = event_name.rpartition(".")[2]
        self.calls.append(operation)
        self.sent.append((operation, _json(request.body)))
        script = self.answers[operation]
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return _response(request.url, answer)


def _json(body: Any) -> dict[str, Any]:
    try:
        return dict(json.loads(body))
    except (TypeError, ValueError):
        return {}


def _response(url: str, answer: Any) -> AWSResponse:
    status, headers = 200, dict(HEADERS)
    if isinstance(answer, Refusal):
        status, headers = answer.status, {"x-amzn-ErrorType": answer.code}
        answer = {"message": answer.message, "__type": answer.code}
    response = AWSResponse(url, status, headers, None)
    response._content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return response
