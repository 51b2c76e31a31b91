# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IAM roles by name with their policies, and instance profiles: the names side by side, the calls of each in turn."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._entry import guarded
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._read import PARALLEL_READS

POLICIES = ["managed_policies", "inline_policies"]

ARGUMENT_SPEC = {
    "names": {"type": "list", "elements": "str", "required": True},
    "include": {"type": "list", "elements": "str", "choices": POLICIES, "default": POLICIES},
    "instance_profiles": {"type": "list", "elements": "str", "default": []},
}


def run() -> None:
    """main() of the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    names, profiles, kinds = (module.params[name] for name in ("names", "instance_profiles", "include"))
    who = f"IAM roles {', '.join(names)}" if names else "IAM roles"
    found = guarded(module, who, lambda: read_roles(client_for(module), names, profiles, kinds))
    module.exit_json(changed=False, **found)


def read_roles(client: Client, names: Sequence[str], profiles: Sequence[str], kinds: Sequence[str]) -> Values:
    """Lists ``iam_roles``, each with the asked ones of POLICIES, and ``iam_instance_profiles``, in the order of their
    names, tags as mappings. What does not exist is left out. Raises AwsError.
    """
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        roles = pool.map(lambda name: _role(client, name, kinds), dict.fromkeys(names))
        others = pool.map(lambda name: _instance_profile(client, name), dict.fromkeys(profiles))
        return {
            "iam_roles": [role for role in roles if role],
            "iam_instance_profiles": [profile for profile in others if profile],
        }


def _role(client: Client, name: str, kinds: Sequence[str]) -> Values | None:
    found = _found(client, "GetRole", role_name=name)
    if found is None:
        return None
    role = _tagged(found["role"])
    if "managed_policies" in kinds:
        role["managed_policies"] = client.listed("iam", "ListAttachedRolePolicies", "AttachedPolicies", RoleName=name)
    if "inline_policies" in kinds:
        own: list[Any] = client.listed("iam", "ListRolePolicies", "PolicyNames", RoleName=name)
        read = [_found(client, "GetRolePolicy", role_name=name, policy_name=policy) for policy in own]
        role["inline_policies"] = [
            {"policy_name": policy["policy_name"], "policy_document": policy["policy_document"]}
            for policy in read
            if policy
        ]
    return role


def _instance_profile(client: Client, name: str) -> Values | None:
    found = _found(client, "GetInstanceProfile", instance_profile_name=name)
    return _tagged(found["instance_profile"]) if found else None


def _found(client: Client, operation: str, **names: str) -> Values | None:
    try:
        return client.call_of("iam", operation, **names)
    except AwsError as error:
        if error.not_found:
            return None
        raise


def _tagged(item: Values) -> Values:
    return {**item, "tags": {tag["key"]: tag["value"] for tag in item.get("tags") or []}}
