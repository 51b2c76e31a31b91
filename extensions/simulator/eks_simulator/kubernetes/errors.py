# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API refuses with: a Status object, whose reasons and codes are those of Kubernetes' StatusReason."""

from __future__ import annotations

from typing import Any

from .control import Attributes
from .types import Type

_CODES = {
    "BadRequest": 400,
    "Unauthorized": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "MethodNotAllowed": 405,
    "AlreadyExists": 409,
    "Conflict": 409,
    "Expired": 410,
    "UnsupportedMediaType": 415,
    "Invalid": 422,
    "TooManyRequests": 429,
    "InternalError": 500,
}


class ApiError(Exception):
    """A refusal with one of the reasons above, or with any other and a `code`; `details` is the member of that name."""

    def __init__(
        self, reason: str, message: str, details: dict[str, Any] | None = None, code: int | None = None
    ) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message
        self.details = details
        self.code = code or _CODES[reason]

    @property
    def headers(self) -> dict[str, str]:
        """What the HTTP answer says besides."""
        wait = (self.details or {}).get("retryAfterSeconds")
        return {"Retry-After": str(wait)} if wait else {}

    def status(self) -> dict[str, Any]:
        """The Status that the client gets."""
        answer = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        return {**answer, "details": self.details} if self.details else answer


def details_of(kind: Type, name: str) -> dict[str, Any]:
    """Of what a Status speaks."""
    return {"name": name, **({"group": kind.group} if kind.group else {}), "kind": kind.plural}


def not_found(kind: Type, name: str) -> ApiError:
    return ApiError("NotFound", f'{kind.resource} "{name}" not found', details_of(kind, name))


def already_exists(kind: Type, name: str) -> ApiError:
    return ApiError("AlreadyExists", f'{kind.resource} "{name}" already exists', details_of(kind, name))


def conflict(kind: Type, name: str) -> ApiError:
    """Somebody else was faster (the message is Kubernetes' own, which clients look for)."""
    message = (
        f'Operation cannot be fulfilled on {kind.resource} "{name}": the object has been modified;'
        " please apply your changes to the latest version and try again"
    )
    return ApiError("Conflict", message, details_of(kind, name))


def forbidden(user: str, attributes: Attributes) -> ApiError:
    """In the words of Kubernetes' authorisation filter."""
    if not attributes.resource:
        return ApiError("Forbidden", f'forbidden: User "{user}" cannot {attributes.verb} path "{attributes.path}"', {})
    resource = "/".join(filter(None, (attributes.resource, attributes.subresource)))
    where = f'in the namespace "{attributes.namespace}"' if attributes.namespace else "at the cluster scope"
    qualified = ".".join(filter(None, (attributes.resource, attributes.group)))
    subject = f'{qualified} "{attributes.name}"' if attributes.name else qualified
    return ApiError(
        "Forbidden",
        f'{subject} is forbidden: User "{user}" cannot {attributes.verb} resource "{resource}"'
        f' in API group "{attributes.group}" {where}',
        {"name": attributes.name, "group": attributes.group, "kind": attributes.resource},
    )


_CAUSES = {"Required": "Required", "Unsupported": "NotSupported", "Duplicate": "Duplicate", "Forbidden": "Forbidden"}


def invalid(kind: Type, name: str, problems: list[tuple[str, str]]) -> ApiError:
    """Values that are wrong: each with the path of the member, and a sentence such as `Required value`."""
    causes = [
        {"reason": f"FieldValue{_CAUSES.get(said.split()[0].strip(':'), 'Invalid')}", "message": said, "field": path}
        for path, said in problems
    ]
    listed = [f"{path}: {said}" for path, said in problems]
    words = listed[0] if len(listed) == 1 else f"[{', '.join(listed)}]"
    qualified = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    message = f'{qualified} "{name}" is invalid: {words}'
    return ApiError("Invalid", message, {**details_of(kind, name), "kind": kind.kind, "causes": causes})
