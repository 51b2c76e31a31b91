# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire protocols of services (rest-json, json), straight from the service models that ship with botocore.

A protocol finds the operation of a request, reads its parameters, checks them against the model, and writes answers and
errors.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.model import OperationModel, ServiceModel, Shape

from .errors import COMMON_ERRORS, ServiceError
from .validation import problems
from .wire import Request, Response

_REFUSALS = ("InvalidParameterException", "InvalidRequestException", "BadRequestException", "ClientException")
"""What a request that breaks the model is answered with: the first of these that its operation knows."""


class Protocol:
    """Speaks the protocol of one rest-json service."""

    style = "rest"

    def __init__(self, service: ServiceModel) -> None:
        self.service = service
        self.operations = {name: service.operation_model(name) for name in service.operation_names}
        self._errors = {shape.name: shape for shape in service.error_shapes}
        self._routes: dict[tuple[str, int], list[tuple[list[str], OperationModel]]] = {}
        for operation in self.operations.values():
            parts = operation.http["requestUri"].split("/")
            self._routes.setdefault((operation.http["method"], len(parts)), []).append((parts, operation))
        for candidates in self._routes.values():
            candidates.sort(key=lambda candidate: sum(part.startswith("{") for part in candidate[0]))

    def operation(self, request: Request) -> tuple[OperationModel, dict[str, str]]:
        """The operation that `request` asks for, with the parameters in its path (decoded after splitting: an ARN in
        a path holds slashes). Raises UnknownOperationException (404)."""
        parts = urlsplit(request.target).path.split("/")
        for pattern, operation in self._routes.get((request.method, len(parts)), ()):
            labels = _match(pattern, parts)
            if labels is not None:
                return operation, labels
        raise ServiceError("UnknownOperationException", f"No operation at {request.method} {request.path}")

    def parameters(self, operation: OperationModel, labels: dict[str, str], request: Request) -> dict[str, Any]:
        """The request's parameters by member name. Raises the operation's `refusal` if the body is no JSON object."""
        shape = operation.input_shape
        found: dict[str, Any] = {}
        query = parse_qs(urlsplit(request.target).query, keep_blank_values=True)
        for name, member in shape.members.items() if shape else ():
            wire_name = member.serialization.get("name", name)
            location = member.serialization.get("location")
            if location == "uri":
                found[name] = labels[wire_name]
            elif location == "querystring" and wire_name in query:
                found[name] = _from_query(member, query[wire_name])
        return {**found, **self._body(operation, request)}

    def check(self, operation: OperationModel, parameters: dict[str, Any]) -> None:
        """Raises the operation's own kind of refusal if the parameters break the model."""
        message = problems(operation.input_shape, parameters) if operation.input_shape else None
        if message:
            raise self.refusal(operation, message)

    def refusal(self, operation: OperationModel, message: str) -> ServiceError:
        known = {shape.name for shape in operation.error_shapes}
        return ServiceError(next((code for code in _REFUSALS if code in known), "ValidationException"), message)

    def answer(self, operation: OperationModel, result: dict[str, Any]) -> Response:
        shape = operation.output_shape
        body = _to_wire(shape, result) if shape else {}
        return Response.json(operation.http.get("responseCode", 200), body)

    def error(self, error: ServiceError) -> Response:
        """An error the rest-json way: its name in a header, its message and other members in the body."""
        shape: Any = self._errors.get(error.code)
        status = shape.metadata["error"]["httpStatusCode"] if shape else COMMON_ERRORS[error.code]
        members = {name: value for name, value in error.members.items() if shape and name in shape.members}
        return Response.json(status, {"message": error.message, **members}, {"x-amzn-ErrorType": error.code})

    def _body(self, operation: OperationModel, request: Request) -> dict[str, Any]:
        if not request.body:
            return {}
        try:
            body = json.loads(request.body)
        except ValueError as problem:
            raise self.refusal(operation, f"The request's body is not JSON: {problem}") from None
        if not isinstance(body, dict):
            raise self.refusal(operation, "The request's body is not a JSON object")
        return {name: value for name, value in body.items() if value is not None}


class JsonProtocol(Protocol):
    """Speaks the protocol of one service whose requests name their operation in a header, all else in the body."""

    style = "json"

    def operation(self, request: Request) -> tuple[OperationModel, dict[str, str]]:
        name = request.headers.get("x-amz-target", "").rpartition(".")[2]
        if name not in self.operations:
            raise ServiceError("UnknownOperationException", f"No operation {name}")
        return self.operations[name], {}

    def parameters(self, operation: OperationModel, labels: dict[str, str], request: Request) -> dict[str, Any]:
        return self._body(operation, request)

    def error(self, error: ServiceError) -> Response:
        """An error the json way: its name beside its message."""
        body = {"__type": error.code, "message": error.message}
        return Response.json(COMMON_ERRORS.get(error.code, 400), body, {"x-amzn-ErrorType": error.code})


def _match(pattern: list[str], parts: list[str]) -> dict[str, str] | None:
    labels = {}
    for wanted, part in zip(pattern, parts, strict=True):
        if wanted.startswith("{"):
            labels[wanted.strip("{}")] = unquote(part)
        elif wanted != part:
            return None
    return labels


def _from_query(shape: Any, values: list[str]) -> Any:
    if shape.type_name == "list":
        return [_from_query(shape.member, [value]) for value in values]
    value = values[-1]
    if shape.type_name == "boolean":
        return {"true": True, "false": False}.get(value, value)
    if shape.type_name in ("integer", "long") and value.lstrip("-").isdigit():
        return int(value)
    return value


def _to_wire(shape: Shape | Any, value: Any) -> Any:
    """`value` as JSON. Raises KeyError if it has a member that the model does not know: that is a bug of ours."""
    if shape.type_name == "structure":
        return {name: _to_wire(shape.members[name], item) for name, item in value.items() if item is not None}
    if shape.type_name == "list":
        return [_to_wire(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {key: _to_wire(shape.value, item) for key, item in value.items()}
    if isinstance(value, datetime) and shape.serialization.get("timestampFormat") == "iso8601":
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    return value
