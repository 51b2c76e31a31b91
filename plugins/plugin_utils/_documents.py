# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data as YAML and TOML that every parser reads as it was meant. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class _Quoting(yaml.SafeDumper):
    """Quotes every string: which of them need it depends on the parser. Go's take 1e3, 0o7 and y for other things than
    Python's do."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_Quoting.add_representer(str, _quoted)
_Quoting.add_multi_representer(str, _quoted)  # Ansible's own kinds of text


def as_yaml(data: Any) -> str:
    """Plain data as a YAML document, in the order given."""
    return yaml.dump(data, Dumper=_Quoting, sort_keys=False, allow_unicode=False, width=float("inf"))


def as_toml(data: Mapping[str, Any]) -> str:
    """Plain data as TOML, in the order given, but values before tables. None stands for nothing."""
    return "\n".join(_table(data, ())).lstrip("\n") + "\n"


def _table(data: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    values = {key: value for key, value in data.items() if not isinstance(value, Mapping) and value is not None}
    tables = {key: value for key, value in data.items() if isinstance(value, Mapping)}
    if path and (values or not tables):
        yield f"\n[{'.'.join(map(_key, path))}]"
    yield from (f"{_key(key)} = {_value(value)}" for key, value in values.items())
    for key, table in tables.items():
        yield from _table(table, (*path, key))


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(key)} = {_value(one)}' for key, one in value.items() if one is not None)}}}"
    return json.dumps(value)  # numbers and booleans look the same


def _text(text: str) -> str:
    """JSON's escapes are TOML's, but that TOML wants DEL escaped too, and knows no surrogate pairs."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
