# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads objects in Kubernetes' protobuf encoding, which kubectl writes in its imperative commands ("Kubernetes Protobuf
encoding" of the API concepts). Which member has which number is for `messages` to say."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_MAGIC = b"k8s\x00"
_VARINT, _BYTES = 0, 2

Reader = Callable[[Any], Any]
"""Makes a value of a number or of bytes."""


@dataclass(frozen=True)
class Member:
    """A member of a message: `many` of them are a list, `pairs` a map. One without a name is passed over."""

    name: str
    read: Reader
    many: bool = False
    pairs: bool = False


Message = dict[int, Member]


def envelope(body: bytes) -> tuple[str, str, bytes]:
    """API version, kind and content of an encoded object. Raises ValueError."""
    if not body.startswith(_MAGIC):
        raise ValueError("it does not begin with k8s")
    kind: dict[int, Any] = {}
    content = b""
    for number, value in _parts(body[len(_MAGIC) :]):
        if number == 1:
            kind = dict(_parts(value))
        elif number == 2:
            content = value
    return text(kind.get(1, b"")), text(kind.get(2, b"")), content


def decoded(members: Message, content: bytes) -> dict[str, Any]:
    """The message. What is empty has not been said. Raises ValueError for a member that we do not know."""
    result: dict[str, Any] = {}
    for number, value in _parts(content):
        member = members.get(number)
        if member is None:
            if value:
                known = ", ".join(one.name for one in members.values())
                raise ValueError(f"the simulator does not know member {number} beside {known}")
        elif member.pairs:
            pair = dict(_parts(value))
            result.setdefault(member.name, {})[text(pair.get(1, b""))] = member.read(pair.get(2, b""))
        elif member.many:
            result.setdefault(member.name, []).append(member.read(value))
        elif member.name and (read := member.read(value)) not in ("", {}, None):
            result[member.name] = read
    return result


def text(value: bytes) -> str:
    return value.decode()


def data(value: bytes) -> str:
    """Bytes as JSON has them."""
    return base64.b64encode(value).decode()


def number(value: int) -> int:
    """Negative ones are encoded as those beyond 2^63."""
    return value - (1 << 64) if value >> 63 else value


def number_or_text(value: bytes) -> int | str:
    """IntOrString."""
    parts = dict(_parts(value))
    return text(parts.get(3, b"")) if parts.get(1) else number(parts.get(2, 0))


def message(members: Message) -> Reader:
    return lambda value: decoded(members, value)


def _parts(content: bytes) -> Iterator[tuple[int, Any]]:
    """The numbers of the members, and their values: numbers or bytes."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        value, at = _varint(content, at)
        if key & 7 == _BYTES:
            value, at = content[at : at + value], at + value  # type: ignore[assignment]
        elif key & 7 != _VARINT:
            raise ValueError(f"there is no wire type {key & 7} in Kubernetes")
        yield key >> 3, value


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number, and where it ends."""
    value = shift = 0
    while True:
        byte = content[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at
