# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the modules about hybrid activations to Systems Manager and back."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._apply import Outcome
from ansible_collections.flotilla.eks.plugins.module_utils._client import Client, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._entry import conclude, guarded, is_discreet
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid import activations as _activations
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.activations import Wish
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values

MEMBERS = ("iam_role", "default_instance_name", "description")
ARGUMENT_SPEC: Values = {
    "name": {"type": "str"},
    "activation_id": {"type": "str"},
    "registration_limit": {"type": "int"},
    "expires_in": {"type": "int", "default": 3600},
    "iam_role": {"type": "str"},
    "default_instance_name": {"type": "str"},
    "description": {"type": "str"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
INFO_SPEC: Values = {"name": {"type": "str"}, "activation_id": {"type": "str"}, "iam_role": {"type": "str"}}


def run() -> None:
    """main() of ssm_activation."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
        required_if=[
            ("state", "present", ["name", "registration_limit"]),
            ("state", "absent", ["name", "activation_id"], True),
        ],
        mutually_exclusive=[("name", "activation_id")],
    )
    who = f"activation {module.params['name'] or module.params['activation_id']}"
    converge = _present if module.params["state"] == "present" else _absent
    conclude(module, who, guarded(module, who, lambda: converge(module, client_for(module))))


def _present(module: Any, client: Client) -> Outcome:
    params = module.params
    wish = Wish(
        name=params["name"],
        registrations=params["registration_limit"],
        lifetime=params["expires_in"],
        members={name: params[name] for name in MEMBERS if params[name]},
        tags={str(key): str(value) for key, value in (params["tags"] or {}).items()},
    )
    return _activations.make_present(client, wish, check_mode=module.check_mode, discreet=is_discreet(module))


def _absent(module: Any, client: Client) -> Outcome:
    return _activations.make_absent(client, _found(module, client), check_mode=module.check_mode)


def run_info() -> None:
    """main() of ssm_activation_info."""
    module = AnsibleAWSModule(argument_spec=INFO_SPEC, supports_check_mode=True)
    client = client_for(module)
    module.exit_json(changed=False, activations=guarded(module, "activations", lambda: _found(module, client)))


def _found(module: Any, client: Client) -> list[Values]:
    params = module.params
    found = _activations.read(client, params["activation_id"] or "", params["iam_role"] or "")
    return _activations.named(found, params["name"]) if params["name"] else found
