# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of a list: a size (of EKS 1 to 100, checked by the model; 100 if left out) and an opaque token."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .errors import ServiceError
from .operations import Call


@dataclass(frozen=True)
class Style:
    """What a service calls the size of a page and the token of the next one, and the size of a page of which none is
    given."""

    size: str = "maxResults"
    token: str = "nextToken"
    default: int = 100


EKS = Style()


def page(
    call: Call, key: str, items: Sequence[Any], refusal: str = "InvalidParameterException", style: Style = EKS
) -> dict[str, Any]:
    """The page of `items` that the call asks for, under `key`. Raises `refusal` for a token that is not ours."""
    start = _start(call, len(items), refusal, style)
    end = start + call.get(style.size, style.default)
    answer: dict[str, Any] = {key: list(items[start:end])}
    if end < len(items):
        answer[style.token] = base64.urlsafe_b64encode(f"{call.operation}:{end}".encode()).decode()
    return answer


def _start(call: Call, length: int, refusal: str, style: Style) -> int:
    token = call.get(style.token)
    if token is None:
        return 0
    try:
        operation, _unused, start = base64.urlsafe_b64decode(token).decode().partition(":")
        if operation == call.operation:
            return min(int(start), length)
    except (ValueError, binascii.Error):
        pass
    raise ServiceError(refusal, f"Invalid token: {token}")
