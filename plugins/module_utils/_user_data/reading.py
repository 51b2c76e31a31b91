# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""User data as an instance gets it, read with the leniency of somebody who wants to know what is wrong with it. Pure.

What cloud-init, nodeadm, Bottlerocket and EC2Launch take for what; what they reject of it is a problem, told.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import Message
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._user_data.al2023 import read_al2023
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.bottlerocket import read_bottlerocket
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.node_config_form import MEDIA_TYPE
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.scripts import (
    BOOTSTRAP,
    read_bootstrap,
    scripts_in_cloud_config,
)
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.told import (
    AL2,
    AL2023,
    BOTTLEROCKET,
    FAMILY_NAMES,
    FORM,
    UBUNTU,
    WINDOWS,
    Problem,
    Told,
)
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.windows import read_windows

_GZIP = b"\x1f\x8b"
_MOST = 2**20  # bytes that are unpacked: user data has 16 KB, and a bomb is none of ours
_HEADER = re.compile(rb"\s*(?:mime-version|content-type)\s*:", re.IGNORECASE)
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]+={0,2}\s*")
_DEFECTS = {
    "StartBoundaryNotFoundDefect": "its boundary does not occur: the lines between its parts are other ones",
    "CloseBoundaryNotFoundDefect": "it has no closing boundary, the one that ends with --",
    "NoBoundaryInMultipartDefect": "its Content-Type names no boundary",
    "MultipartInvariantViolationDefect": "it is called multipart, but has no parts",
}


@dataclass(frozen=True)
class Part:
    """A document with its content type, of which user data has one, or in MIME several."""

    kind: str
    content: str

    @property
    def bootstraps(self) -> bool:
        return BOOTSTRAP in self.content


def read_user_data(raw: bytes, family: str = "") -> Told:
    """What user data, as DescribeInstanceAttribute returns it but decoded, tells an instance of a family of AMIs.

    Without a family, the one that it is written for. Never raises.
    """
    plain, problems = _unpacked(raw)
    if not plain.strip():
        return Told(problems=(Problem(FORM, "there is no user data, so the instance knows of no cluster"),))
    parts, more = _parts(plain)
    problems = [*problems, *more]
    found = _family_of(parts)
    told = _read(family or found, found, parts, plain.decode(errors="replace"))
    return replace(told, family=found, problems=(*problems, *told.problems))


def _unpacked(raw: bytes) -> tuple[bytes, list[Problem]]:
    """Without gzip and a second layer of base64, both of which nodeadm and cloud-init take away from what IMDS says."""
    if raw.strip() and _BASE64.fullmatch(raw):
        try:
            inner = base64.b64decode(b"".join(raw.split()), validate=True)
        except binascii.Error:
            inner = b""
        raw = inner if inner.startswith(_GZIP) or _looks_like_text(inner) else raw
    if not raw.startswith(_GZIP):
        return raw, []
    try:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(raw, _MOST), []
    except (OSError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        return b"", [Problem(FORM, f"it begins like gzip, and cannot be unpacked: {error}")]


def _looks_like_text(data: bytes) -> bool:
    return bool(data) and not any(sign < 9 for sign in data) and not _BASE64.fullmatch(data)


def _parts(plain: bytes) -> tuple[list[Part], list[Problem]]:
    if not _HEADER.match(plain):
        return [_sniffed(plain.decode(errors="replace"))], []
    problems = []
    if plain[:1].isspace():
        problems.append(Problem(FORM, "a blank line stands before its MIME headers, so that it has none"))
    message = message_from_bytes(plain.lstrip())
    problems += [Problem(FORM, f"as MIME, {text}") for text in _defects(message)]
    if not message.is_multipart():
        return [Part(message.get_content_type(), _content(message))], problems
    return [
        Part(part.get_content_type(), _content(part)) for part in message.walk() if not part.is_multipart()
    ], problems


def _defects(message: Message[Any, Any]) -> Iterator[str]:
    names = {type(defect).__name__ for defect in message.defects}
    if "NoBoundaryInMultipartDefect" in names or "StartBoundaryNotFoundDefect" in names:
        names.discard("MultipartInvariantViolationDefect")  # follows from them
    yield from (_DEFECTS[name] for name in sorted(names) if name in _DEFECTS)


def _content(part: Message[Any, Any]) -> str:
    payload = part.get_payload(decode=True)
    data = _unpacked(payload)[0] if isinstance(payload, bytes) else b""
    return data.decode(errors="replace")


def _sniffed(content: str) -> Part:
    """One document without MIME, whose beginning says what it is."""
    start = content.lstrip("\ufeff \t\r\n")
    if start.startswith("#!"):
        return Part("text/x-shellscript", content)
    if start.startswith("#cloud-config"):
        return Part("text/cloud-config", content)
    if re.search(r"<(?:powershell|script)>", content, re.IGNORECASE):
        return Part("text/x-powershell", content)
    if re.search(r"^\s*\[+\s*\"?settings\b|^\s*settings\.", content, re.MULTILINE):
        return Part("application/toml", content)
    if re.search(r"\bNodeConfig\b|node\.eks\.aws", content):
        return Part(MEDIA_TYPE, content)
    return Part("", content)


def _family_of(parts: list[Part]) -> str:
    kinds = {part.kind for part in parts}
    if MEDIA_TYPE in kinds:
        return AL2023
    if "text/x-powershell" in kinds:
        return WINDOWS
    if "application/toml" in kinds:
        return BOTTLEROCKET
    bootstrapping = [part.kind for part in parts if part.bootstraps]
    if bootstrapping:
        return UBUNTU if "text/cloud-config" in bootstrapping else AL2
    return ""


def _read(family: str, found: str, parts: list[Part], whole: str) -> Told:
    """What the parts tell, each read as what it is, with what is wrong with that on the family's AMIs."""
    if found and not _fits(found, family):
        told = _read(found, found, parts, whole)
        return replace(told, problems=(Problem(FORM, _misplaced(found, family)), *told.problems))
    if family == AL2023:
        return read_al2023([part.content for part in parts if part.kind == MEDIA_TYPE], _strays(parts))
    if family == BOTTLEROCKET:
        return read_bottlerocket(whole)
    if family == WINDOWS:
        return read_windows(whole)
    if family in (UBUNTU, AL2):
        return read_bootstrap(list(_scripts(parts)))
    what = "neither a NodeConfig, nor Bottlerocket's settings, nor a call of a bootstrap script is in it"
    return Told(problems=(Problem(FORM, f"{what}, so the instance knows of no cluster"),))


def _fits(found: str, family: str) -> bool:
    """Ubuntu's and Amazon Linux 2's AMIs both have the script that either way of calling it calls."""
    return found == family or {found, family} == {UBUNTU, AL2}


def _misplaced(found: str, family: str) -> str:
    if (found, family) == (AL2, AL2023):
        return (
            f"it calls {BOOTSTRAP}, which on {FAMILY_NAMES[AL2023]} only prints an error: nodeadm joins the cluster "
            "there, and wants a NodeConfig"
        )
    return f"it is written for {FAMILY_NAMES[found]}, but the AMI is of {FAMILY_NAMES.get(family, family)}"


def _strays(parts: list[Part]) -> list[str]:
    """The content types of parts that are NodeConfigs but by them."""
    return [part.kind for part in parts if part.kind != MEDIA_TYPE and "node.eks.aws/" in part.content]


def _scripts(parts: list[Part]) -> Iterator[str]:
    for part in parts:
        if part.kind == "text/cloud-config":
            yield from scripts_in_cloud_config(part.content)
        else:
            yield part.content
