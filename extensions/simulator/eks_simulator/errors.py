# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors that the simulated EKS answers with.

Codes, HTTP statuses and extra members are those of the service model's exception shapes; the few that every AWS
service shares come from https://docs.aws.amazon.com/eks/latest/APIReference/CommonErrors.html.
"""

from __future__ import annotations

from typing import Any

COMMON_ERRORS = {
    "AccessDeniedException": 403,
    "IncompleteSignature": 403,
    "InvalidSignatureException": 403,
    "MissingAuthenticationToken": 403,
    "ThrottlingException": 429,
    "UnknownOperationException": 404,
    "ValidationException": 400,
}


class ServiceError(Exception):
    """An error answer: `code` is the exception's name, `members` its modelled members beside `message`.

    Members whose value is None are left out.
    """

    def __init__(self, code: str, message: str, **members: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.members = {name: value for name, value in members.items() if value is not None}


def invalid_parameter(message: str, **members: Any) -> ServiceError:
    """A value that is wrong in itself or against what it refers to (400)."""
    return ServiceError("InvalidParameterException", message, **members)


def invalid_request(message: str, **members: Any) -> ServiceError:
    """A request that the state of the cluster does not allow (400)."""
    return ServiceError("InvalidRequestException", message, **members)


def in_use(message: str, **members: Any) -> ServiceError:
    """The resource exists already, is busy, or something depends on it (409)."""
    return ServiceError("ResourceInUseException", message, **members)


def not_found(message: str, **members: Any) -> ServiceError:
    """No such resource (404)."""
    return ServiceError("ResourceNotFoundException", message, **members)


def limit_exceeded(message: str, **members: Any) -> ServiceError:
    """A service quota is used up (400)."""
    return ServiceError("ResourceLimitExceededException", message, **members)
