# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a role's trust policy lets somebody have it, under the conditions that the policy names. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html: what no statement allows is
denied, and a statement that denies outdoes those that allow.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html: a key that the
request does not have fulfils no condition. An operator that is not known here is taken for what refuses.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase
from typing import Any

_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": operator.eq,
    "StringLike": fnmatchcase,
    "ArnEquals": fnmatchcase,
    "ArnLike": fnmatchcase,
}

Principals = Mapping[str, Collection[str]]
"""The names by which a policy may mean whoever asks, by kind: AWS, Service, Federated."""


def allows(role: Any, principals: Principals, action: str, context: Mapping[str, str] | None) -> bool:
    """Whether the role's trust policy lets `principals` do `action`. `context` are the keys that conditions and policy
    variables can name; without it, conditions are taken for fulfilled."""
    document = json.loads(role.assume_role_policy_document or "{}")
    statements = [
        one
        for one in _listed(document.get("Statement"))
        if _names(one.get("Principal"), principals)
        and any(fnmatchcase(action, pattern) for pattern in _listed(one.get("Action")))
    ]
    denied = any(_is_fulfilled(one, context, True) for one in statements if one.get("Effect") != "Allow")
    return not denied and any(_is_fulfilled(one, context, False) for one in statements if one.get("Effect") == "Allow")


def _names(told: Any, principals: Principals) -> bool:
    """ "*" alone is everybody, as {"AWS": "*"} is
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html)."""
    by_kind = told if isinstance(told, dict) else {"AWS": told}
    return any(name in names for kind, names in principals.items() for name in _listed(by_kind.get(kind)))


def _is_fulfilled(statement: dict[str, Any], context: Mapping[str, str] | None, unknown: bool) -> bool:
    """Whether all conditions hold; one whose operator is not known is `unknown`."""
    conditions = statement.get("Condition") or {}
    return context is None or all(
        _holds(kind, key, _listed(values), context) if kind in _OPERATORS else unknown
        for kind, keys in conditions.items()
        for key, values in keys.items()
    )


def _holds(kind: str, key: str, values: list[str], context: Mapping[str, str]) -> bool:
    found = context.get(key)
    return found is not None and any(_OPERATORS[kind](found, _filled(value, context)) for value in values)


def _filled(value: str, context: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: context.get(match.group(1), ""), value)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
