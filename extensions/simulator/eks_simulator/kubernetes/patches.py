# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches by their media type: JSON merge patches (RFC 7396), JSON patches (RFC 6902), strategic ones. Pure."""

from __future__ import annotations

import copy
from typing import Any

from . import strategic
from .errors import ApiError

MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


def patched(media: str, value: dict[str, Any], patch: Any) -> dict[str, Any]:
    """`value` with `patch` upon it. Raises ApiError UnsupportedMediaType, BadRequest, Invalid."""
    if media == MERGE:
        return merged(value, patch)
    if media == STRATEGIC:
        return strategic.patched(value, patch)
    if media == JSON:
        return json_patched(value, patch)
    accepted = ", ".join((JSON, MERGE, STRATEGIC, APPLY))
    message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    raise ApiError("UnsupportedMediaType", message)


def merged(value: Any, patch: Any) -> Any:
    """RFC 7396: maps merge, null deletes, all else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for name, wanted in patch.items():
        if wanted is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), wanted)
    return result


def json_patched(value: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any]:
    """RFC 6902, one operation after the other, or none at all."""
    result = copy.deepcopy(value)
    for operation in operations:
        try:
            _perform(result, operation)
        except (KeyError, IndexError, ValueError, TypeError, AttributeError):
            message = f"the server rejected our request due to an error in our request: {operation}"
            raise ApiError("Invalid", message) from None
    return result


def _perform(document: dict[str, Any], operation: dict[str, Any]) -> None:
    kind, path = operation["op"], _pointer(operation["path"])
    if kind == "test":
        if _find(document, path) != operation["value"]:
            raise ValueError
    elif kind == "remove":
        _remove(document, path)
    elif kind == "replace":
        _find(document, path)
        _remove(document, path)
        _add(document, path, operation["value"])
    elif kind == "add":
        _add(document, path, operation["value"])
    elif kind == "copy":
        _add(document, path, copy.deepcopy(_find(document, _pointer(operation["from"]))))
    elif kind == "move":
        _add(document, path, _remove(document, _pointer(operation["from"])))
    else:
        raise ValueError


def _pointer(text: str) -> list[str]:
    """RFC 6901. The whole document is none of our paths."""
    first, *parts = text.split("/")
    if first or not parts:
        raise ValueError
    return [part.replace("~1", "/").replace("~0", "~") for part in parts]


def _find(document: Any, path: list[str]) -> Any:
    for part in path:
        document = document[_index(document, part)]
    return document


def _index(holder: Any, part: str) -> Any:
    if not isinstance(holder, list):
        return part
    if not part.isdigit():
        raise ValueError
    return int(part)


def _add(document: Any, path: list[str], value: Any) -> None:
    holder, last = _find(document, path[:-1]), path[-1]
    if not isinstance(holder, list):
        holder[last] = value
    elif last == "-":
        holder.append(value)
    else:
        if _index(holder, last) > len(holder):
            raise IndexError
        holder.insert(_index(holder, last), value)


def _remove(document: Any, path: list[str]) -> Any:
    holder = _find(document, path[:-1])
    return holder.pop(_index(holder, path[-1]))
