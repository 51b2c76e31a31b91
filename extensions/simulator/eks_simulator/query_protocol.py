# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's query protocol, straight from a service model of botocore: forms in, XML out. EC2 speaks a dialect of it.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html, https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import OperationModel, ServiceModel

from .errors import ServiceError
from .ledger import is_dry_run
from .moto_gateway import ServiceCall, identify, refusal
from .protocol import Protocol
from .wire import Request, Response

_BOOLEANS = {"true": True, "false": False}
_UNKNOWN = "InvalidAction"
_REFUSALS = {"ec2": "InvalidParameterValue", "query": "ValidationError"}
"""What a request that breaks the model is answered with."""
_DRY_RUN = "DryRunOperation"
_STATUS = {_DRY_RUN: 412, "AccessDenied": 403}


class QueryProtocol(Protocol):
    """Speaks the protocol of one service, as `autoscaling`, or `ec2` in its dialect."""

    style = "query"

    def __init__(self, service: ServiceModel) -> None:
        self.service = service
        self._ec2 = service.metadata["protocol"] == "ec2"

    def operation(self, request: Request) -> tuple[OperationModel, dict[str, str]]:
        name = identify(self.service.service_name, request).operation
        if name not in self.service.operation_names:
            raise ServiceError(_UNKNOWN, f"The action {name} is not valid for this web service.")
        return self.service.operation_model(name), {}

    def parameters(self, operation: OperationModel, labels: dict[str, str], request: Request) -> dict[str, Any]:
        """The members of a request. What does not fit the model stays as it is, for the validation to name."""
        tree: dict[str, Any] = {}
        for name, value in identify(self.service.service_name, request).parameters.items():
            _plant(tree, name.split("."), value)
        shape = operation.input_shape
        found: dict[str, Any] = self._read(shape, tree) if shape else tree
        return found

    def check(self, operation: OperationModel, parameters: dict[str, Any]) -> None:
        """Besides, raises what EC2 answers a dry run with that is in order."""
        super().check(operation, parameters)
        if is_dry_run(parameters):
            raise ServiceError(_DRY_RUN, "Request would have succeeded, but DryRun flag is set.")

    def refusal(self, operation: OperationModel, message: str) -> ServiceError:
        return ServiceError(_REFUSALS[self.service.metadata["protocol"]], message)

    def error(self, error: ServiceError) -> Response:
        call = ServiceCall(self.service.service_name, "", self.style, {})
        return refusal(call, error.code, error.message, _STATUS.get(error.code, 400))

    def answer(self, operation: OperationModel, result: dict[str, Any]) -> Response:
        """`result` as XML. Raises KeyError if it has a member that the model does not know: that is a bug of ours."""
        shape: Any = operation.output_shape
        body = "".join(_structure(shape, result, self._ec2)) if shape else ""
        wrapper = shape.serialization.get("resultWrapper") if shape else None
        if wrapper:
            body = f"<{wrapper}>{body}</{wrapper}>"
        request_id = "<requestId>0</requestId>" if self._ec2 else _METADATA
        space = self.service.metadata["xmlNamespace" if not self._ec2 else "apiVersion"]
        space = f"http://ec2.amazonaws.com/doc/{space}/" if self._ec2 else space
        name = f"{operation.name}Response"
        text = f'<{name} xmlns="{space}">{body}{request_id}</{name}>'
        return Response(200, text.encode(), {"Content-Type": "text/xml"})

    def _read(self, shape: Any, node: Any) -> Any:
        kind = shape.type_name
        if kind == "structure":
            return self._read_structure(shape, {} if node == "" else node)
        if kind == "list":
            return self._read_list(shape, node)
        if kind == "boolean":
            return _BOOLEANS.get(node, node) if isinstance(node, str) else node
        if kind in ("integer", "long"):
            return int(node) if isinstance(node, str) and node.lstrip("-").isdigit() else node
        if kind in ("float", "double"):
            return _number(node)
        return node

    def _read_structure(self, shape: Any, node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        names = {self._wire_name(name, member): name for name, member in shape.members.items()}
        return {
            names.get(wire, wire): self._read(shape.members[names[wire]], value) if wire in names else value
            for wire, value in node.items()
        }

    def _read_list(self, shape: Any, node: Any) -> Any:
        if node == "":
            return []
        wrapped = not self._ec2 and not shape.serialization.get("flattened")
        if wrapped and isinstance(node, dict):
            node = node.get(shape.member.serialization.get("name", "member"), node)
        if not isinstance(node, dict) or not all(key.isdigit() for key in node):
            return node
        return [self._read(shape.member, node[key]) for key in sorted(node, key=int)]

    def _wire_name(self, name: str, member: Any) -> str:
        if not self._ec2:
            return str(member.serialization.get("name", name))
        if "queryName" in member.serialization:
            return str(member.serialization["queryName"])
        wire = str(member.serialization.get("name", name))
        return wire[:1].upper() + wire[1:]


_METADATA = "<ResponseMetadata><RequestId>0</RequestId></ResponseMetadata>"


def _plant(tree: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        below = tree.setdefault(part, {})
        if not isinstance(below, dict):
            below = tree[part] = {}
        tree = below
    tree[path[-1]] = value


def _number(node: Any) -> Any:
    try:
        return float(node)
    except (TypeError, ValueError):
        return node


def _structure(shape: Any, value: dict[str, Any], ec2: bool) -> Iterable[str]:
    for name, item in value.items():
        if item is not None:
            member = shape.members[name]
            yield from _element(member, member.serialization.get("name", name), item, ec2)


def _element(shape: Any, name: str, value: Any, ec2: bool) -> Iterable[str]:
    if shape.type_name == "structure":
        yield f"<{name}>"
        yield from _structure(shape, value, ec2)
        yield f"</{name}>"
    elif shape.type_name == "list":
        inner = shape.member.serialization.get("name", "item" if ec2 else "member")
        yield f"<{name}>"
        for item in value:
            yield from _element(shape.member, inner, item, ec2)
        yield f"</{name}>"
    else:
        yield f"<{name}>{_text(value)}</{name}>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return escape(str(value))
