# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a role's trust policy lets a service have it, under the conditions that the policy names.

https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html. An operator that
is not known here, or a key that the request does not have, does not hold.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": operator.eq,
    "StringLike": fnmatchcase,
    "ArnEquals": fnmatchcase,
    "ArnLike": fnmatchcase,
}


def allows(role: Any, service: str, action: str, context: Mapping[str, str]) -> bool:
    """Whether a statement of the role's trust policy lets a service do `action`; `context` are the keys that conditions
    and policy variables can name."""
    document = json.loads(role.assume_role_policy_document or "{}")
    return any(_applies(one, service, action, context) for one in _listed(document.get("Statement")))


def _applies(statement: dict[str, Any], service: str, action: str, context: Mapping[str, str]) -> bool:
    principal = statement.get("Principal")
    services = _listed(principal.get("Service")) if isinstance(principal, dict) else []
    actions = _listed(statement.get("Action"))
    return (
        statement.get("Effect") == "Allow"
        and service in services
        and any(fnmatchcase(action, one) for one in actions)
        and all(
            _holds(kind, key, _listed(values), context)
            for kind, keys in (statement.get("Condition") or {}).items()
            for key, values in keys.items()
        )
    )


def _holds(kind: str, key: str, values: list[str], context: Mapping[str, str]) -> bool:
    compare, found = _OPERATORS.get(kind), context.get(key)
    if compare is None or found is None:
        return False
    return any(compare(found, _filled(value, context)) for value in values)


def _filled(value: str, context: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: context.get(match.group(1), ""), value)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
