# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the modules about managed instances to Systems Manager and back."""

from __future__ import annotations

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._apply import Outcome
from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._compare import Difference
from ansible_collections.flotilla.eks.plugins.module_utils._entry import conclude, guarded
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid import managed_instances as _managed_instances
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import MANAGED_INSTANCE
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Change, Refused, diff

ARGUMENT_SPEC: Values = {
    "instance_id": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["absent"], "default": "absent"},
}
INFO_SPEC: Values = {
    "instance_ids": {"type": "list", "elements": "str"},
    "activation_ids": {"type": "list", "elements": "str"},
    "tags": {"type": "dict"},
}


def run() -> None:
    """main() of ssm_managed_instance."""
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    instance, client = module.params["instance_id"], client_for(module)
    who = f"managed instance {instance}"
    conclude(module, who, guarded(module, who, lambda: deregistered(client, instance, module.check_mode)))


def deregistered(client: Client, instance: str, check_mode: bool) -> Outcome:
    """Takes a host from those that Systems Manager knows. Raises Refused before any write, and AwsError."""
    if not MANAGED_INSTANCE.match(instance):
        raise Refused(
            f"managed instance {instance}: instance_id: found {instance!r}, wanted the id of a managed instance, "
            "which is mi- and 17 hexadecimal digits"
        )
    found = _managed_instances.by_ids(client, [instance])
    seen = [Difference("ping_status", one.get("ping_status"), None) for one in found]
    changes = [Change("delete", "DeregisterManagedInstance", {}, (difference,)) for difference in seen]
    if changes and not check_mode:
        try:
            client.write("ssm", "DeregisterManagedInstance", InstanceId=instance)
        except AwsError as error:
            if error.code != _managed_instances.UNKNOWN:
                raise
    return Outcome(None, changes, diff=diff(changes, None))


def run_info() -> None:
    """main() of ssm_managed_instance_info."""
    module = AnsibleAWSModule(argument_spec=INFO_SPEC, supports_check_mode=True, mutually_exclusive=[list(INFO_SPEC)])
    client, params = client_for(module), module.params

    def look() -> list[Values]:
        if params["instance_ids"] is not None:
            return _managed_instances.by_ids(client, params["instance_ids"])
        if params["activation_ids"] is not None:
            return _managed_instances.by_activations(client, params["activation_ids"])
        if params["tags"]:
            return _managed_instances.by_tags(client, {key: str(value) for key, value in params["tags"].items()})
        return _managed_instances.all_of_them(client)

    module.exit_json(changed=False, managed_instances=guarded(module, "managed instances", look))
