# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data of a version of a launch template, in options' spelling: as EC2 keeps it, and when two are the same. Pure.

A version is whole: what one does not say is not taken from the one before. So two versions are the same only if each
says what the other does. The order of no list in it means anything: block devices go by their names, network
interfaces by their indices, tags by their keys.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._compare import Difference
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values

USER_DATA = "user_data"
USER_DATA_LIMIT = 16384  # bytes before they are encoded
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html

# What EC2 may answer for members of metadata_options that were not given, and what nobody can give.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LaunchTemplateInstanceMetadataOptionsRequest.html
METADATA_DEFAULTS = {
    "http_endpoint": "enabled",
    "http_protocol_ipv6": "disabled",
    "http_put_response_hop_limit": 1,
    "instance_metadata_tags": "disabled",
}
ONLY_ANSWERED = {"metadata_options": ("state",), "operator": ("managed", "hidden_by_default")}


def stored(given: Values) -> Values:
    """The data as EC2 takes it, of what a user gives: the user data encoded."""
    text = given.get(USER_DATA)
    return given if text is None else {**given, USER_DATA: b64encode(text.encode()).decode("ascii")}


def text_of(data: Values) -> str | None:
    """The user data of a stored version as a text; None if there is none or it is no text."""
    try:
        return _decoded(data).decode() if data.get(USER_DATA) else None
    except UnicodeDecodeError:
        return None


def fingerprint(data: Values) -> str | None:
    """What tells the user data of stored versions apart without telling them: ``sha256:...``, or None."""
    return f"sha256:{hashlib.sha256(_decoded(data)).hexdigest()}" if data.get(USER_DATA) else None


def _decoded(data: Values) -> bytes:
    """The user data; as it is where somebody stored what is not encoded."""
    try:
        return b64decode(data[USER_DATA])
    except ValueError:
        return str(data[USER_DATA]).encode()


def same(one: Values, other: Values) -> bool:
    """Whether two stored versions launch the same."""
    return _normal(one) == _normal(other)


def differences(before: Values | None, after: Values) -> list[Difference]:
    """The members in which two stored versions differ, user data as their fingerprint."""
    old, new = _normal(before or {}), _normal(after)
    names = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    return [Difference(name, old.get(name), new.get(name)) for name in names]


def _normal(data: Values) -> Values:
    """The form that all versions share that launch the same."""
    data = {name: _without(value, ONLY_ANSWERED.get(name, ())) for name, value in data.items()}
    data[USER_DATA] = fingerprint(data)
    metadata = data.get("metadata_options")
    if metadata:
        data["metadata_options"] = {
            name: value for name, value in metadata.items() if METADATA_DEFAULTS.get(name) != value
        }
    tidy: Values = _tidy(data) or {}
    return tidy


def _without(value: Any, names: tuple[str, ...]) -> Any:
    return {name: item for name, item in value.items() if name not in names} if isinstance(value, Mapping) else value


def _tidy(value: Any) -> Any:
    """A value without its empty parts and with its lists in one order; None for nothing. False is something."""
    if isinstance(value, Mapping):
        return {name: kept for name, item in value.items() if (kept := _tidy(item)) is not None} or None
    if isinstance(value, list):
        items = [kept for item in value if (kept := _tidy(item)) is not None]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) or None
    return None if value == "" else value
