# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documents: what is data to us and a text in JSON or YAML to the API. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.yaml import HAS_YAML, yaml_load


def data_of(given: Any) -> Any:
    """What a text says, or the data itself, as JSON knows it. Raises ValueError if it is neither JSON nor YAML."""
    if not isinstance(given, str):
        return _plain(given)
    if not given.strip():
        return {}
    try:
        return json.loads(given)
    except ValueError as error:
        return _plain(_from_yaml(given, str(error)))


def canonical(data: Any) -> str:
    """The text that equal documents share; of one that says nothing, the empty one."""
    return json.dumps(data, sort_keys=True) if data else ""


def merged(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Both, mapping by mapping; what stands in both is theirs."""
    both = {
        key: merged(ours[key], value) if isinstance(value, dict) and isinstance(ours.get(key), dict) else value
        for key, value in theirs.items()
    }
    return {**ours, **both}


def _from_yaml(text: str, reason: str) -> Any:
    if not HAS_YAML:
        raise ValueError(f"not JSON ({reason}), and this host has no PyYAML to read it as YAML")
    try:
        return yaml_load(text)
    except Exception as error:  # PyYAML's own classes cannot be imported where it is missing
        raise ValueError(f"neither JSON ({reason}) nor YAML ({' '.join(str(error).split())})") from error


def _plain(data: Any) -> Any:
    """Keys as text, and nothing but what JSON can say."""
    try:
        return json.loads(json.dumps(data))
    except TypeError as error:
        raise ValueError(f"cannot be said in JSON: {error}") from error


def text_of(value: Any) -> str:
    """A value of a map as Kubernetes and AWS write it: YAML's true is "true"."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
