# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the bodies of requests: JSON, YAML, and the protobuf of kubectl's imperative commands."""

from __future__ import annotations

import json
from typing import Any

import yaml

from ..wire import Request
from . import messages
from .errors import ApiError

JSON = "application/json"
_YAML = ("application/yaml", "application/apply-patch+yaml")
_PROTOBUF = "application/vnd.kubernetes.protobuf"


def media_type(request: Request) -> str:
    """Without a word on it a body is JSON."""
    return request.headers.get("content-type", JSON).split(";")[0].strip().lower() or JSON


def read(request: Request) -> Any:
    """The object (for a JSON patch the list) in a body; `{}` for none.

    Raises ApiError BadRequest, UnsupportedMediaType.
    """
    if not request.body:
        return {}
    media = media_type(request)
    try:
        value = _value(media, request.body)
    except (ValueError, yaml.YAMLError, IndexError) as problem:
        message = f"the object provided is unrecognized (must be of type {media}): {problem}"
        raise ApiError("BadRequest", message) from None
    if isinstance(value, list) == (media == "application/json-patch+json") and isinstance(value, dict | list):
        return value
    raise ApiError("BadRequest", f"the body is not what {media} holds: found {type(value).__name__}")


def _value(media: str, body: bytes) -> Any:
    if media in _YAML:
        return yaml.safe_load(body)
    if media == _PROTOBUF:
        return messages.read(body)
    if media.endswith(("/json", "+json")):
        return json.loads(body)
    raise ApiError("UnsupportedMediaType", f"the body of the request was in an unknown format - found {media}")
