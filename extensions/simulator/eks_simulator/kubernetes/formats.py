# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, labels and their like: the forms of "Object Names and IDs" and "Labels and Selectors". Pure.

Each function tells what is wrong with a text, in Kubernetes' words, or nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

Problem = tuple[str, str]
"""The path of a member, and what is wrong with it."""

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_VARIABLE = re.compile(r"[ -<>-~]+")
_QUANTITY = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(m|[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?")


def dns_label(text: str) -> str | None:
    if len(text) > 63:
        return "must be no more than 63 characters"
    if not _LABEL.fullmatch(text):
        return (
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-',"
            " and must start and end with an alphanumeric character"
        )
    return None


def service_name(text: str) -> str | None:
    if len(text) > 63:
        return "must be no more than 63 characters"
    if not _SERVICE.fullmatch(text):
        return (
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-',"
            " start with an alphabetic character, and end with an alphanumeric character"
        )
    return None


def dns_subdomain(text: str) -> str | None:
    if len(text) > 253:
        return "must be no more than 253 characters"
    if not all(_LABEL.fullmatch(part) for part in text.split(".")):
        return (
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.',"
            " and must start and end with an alphanumeric character"
        )
    return None


def path_segment(text: str) -> str | None:
    if text in (".", ".."):
        return f"may not be '{text}'"
    return next((f"may not contain '{sign}'" for sign in "/%" if sign in text), None)


def label_key(text: str) -> str | None:
    prefix, slash, name = text.rpartition("/")
    if slash and (why := dns_subdomain(prefix) if prefix else "must be non-empty"):
        return f"prefix part {why}"
    if len(name) > 63:
        return "name part must be no more than 63 characters"
    if not _QUALIFIED.fullmatch(name):
        return (
            "name part must consist of alphanumeric characters, '-', '_' or '.',"
            " and must start and end with an alphanumeric character"
        )
    return None


def label_value(text: str) -> str | None:
    if len(text) > 63:
        return "must be no more than 63 characters"
    if text and not _QUALIFIED.fullmatch(text):
        return (
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.',"
            " and must start and end with an alphanumeric character"
        )
    return None


def data_key(text: str) -> str | None:
    if not _KEY.fullmatch(text) or text in (".", "..") or len(text) > 253:
        return "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
    return None


def variable(text: str) -> str | None:
    """Since Kubernetes 1.32: any printable ASCII but `=`."""
    return None if _VARIABLE.fullmatch(text) else "a valid environment variable name consists of printable ASCII"


def quantity(value: Any) -> str | None:
    if not _QUANTITY.fullmatch(str(value)):
        return "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    return "must be greater than or equal to 0" if str(value).startswith("-") else None


def required(path: str) -> Problem:
    return path, "Required value"


def wrong(path: str, value: Any, why: str) -> Problem:
    return path, f"Invalid value: {json.dumps(value)}: {why}"


def unsupported(path: str, value: Any, supported: tuple[str, ...]) -> Problem:
    listed = ", ".join(f'"{one}"' for one in supported)
    return path, f'Unsupported value: "{value}": supported values: {listed}'


def labels(path: str, given: dict[str, str]) -> Iterator[Problem]:
    for key, value in given.items():
        for text, check in ((key, label_key), (value, label_value)):
            why = check(text)
            if why:
                yield wrong(path, text, why)
