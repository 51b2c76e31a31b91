# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto, set up for the simulator: imported late, with the settings it needs, quick to fill and quick to empty.

Every import of moto's state goes through `moto_backend`. What is replaced in moto is replaced for speed alone (measured
with moto 5.2.5) and answers the same, but for what moto lacks. Auto Scaling is none of moto's: see `scaling`.
"""

from __future__ import annotations

import copy
import importlib
import os
import threading
from functools import cache
from typing import Any

from . import ACCOUNT
from .instances import completed, console_output, counted
from .templates import versions

_SETTINGS = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true", "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
"""Read when moto is imported: AWS-managed policies by name; no 1,300 invented AMIs in every region, which nobody asks
for and which take longer to make than all else in EC2."""

_SETTING_UP = threading.Lock()


def moto_backend(service: str) -> Any:
    """moto's state of a service, by account and region."""
    with _SETTING_UP:
        _set_up()
    from moto.backends import get_backend

    backends: Any = get_backend
    return backends(service)


def account_of(access_key: str) -> str:
    """The account that an access key belongs to; the simulator's own for keys that nobody made."""
    iam = moto_backend("iam")
    for account in list(iam):
        if any(access_key in backend.access_keys for backend in iam[account].values()):
            return account
    return ACCOUNT


def reset() -> None:
    """Empty every service. moto's own reset first fills each anew, then throws that away as well."""
    with _SETTING_UP:
        if not _set_up.cache_info().currsize:
            return
    from moto.core.base_backend import BackendDict
    from moto.core.model_instances import reset_model_data

    filled: Any = vars(BackendDict)["_instances"]
    for backend in filled:
        backend.clear()
    filled.clear()
    reset_model_data()


@cache
def _set_up() -> None:
    os.environ.update(_SETTINGS)
    models: Any = importlib.import_module("moto.iam.models")
    # moto looks a key up in six partitions, and fills an IAM with 1,600 policies for each: 2 s at the first call.
    models.get_account_id_from = account_of
    # Of these policies only the attachment counts ever change, so a new IAM can do with shallow copies of one set.
    make_policies = cache(models.IAMBackend._init_aws_policies)
    models.IAMBackend._init_aws_policies = lambda self: [copy.copy(policy) for policy in make_policies(_Owner(self))]
    things: Any = importlib.import_module("moto.ec2.models.core")
    things.TaggedEC2Resource.get_tags = _tags_of
    machines: Any = importlib.import_module("moto.ec2.models.instances")
    machines.Instance.reboots = 0
    machines.Instance.reboot = counted(machines.Instance.reboot)
    machines.InstanceBackend.get_instance = _instance
    machines.InstanceBackend.run_instances = completed(machines.InstanceBackend.run_instances)
    templates: Any = importlib.import_module("moto.ec2.models.launch_templates")
    templates.LaunchTemplate.create_version = versions.add
    templates.LaunchTemplate.get_version = versions.numbered
    templates.LaunchTemplate.default_version = versions.default
    general: Any = importlib.import_module("moto.ec2.responses.general")
    general.General.get_console_output = console_output


def _instance(ec2: Any, instance_id: str) -> Any:
    """The instance of an id. moto's own copies all reservations first, three times for each of 300 instances."""
    from moto.ec2.exceptions import InvalidInstanceIdError

    for reservation in ec2.reservations.values():
        for instance in reservation.instances:
            if instance.id == instance_id:
                return instance
    raise InvalidInstanceIdError(instance_id)


def _tags_of(thing: Any) -> list[dict[str, str]]:
    """The tags of one thing in EC2. moto's own looks for them among those of all things, for each of 500 instances."""
    from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

    tags = thing.ec2_backend.tags.get(thing.id, {})
    about = (
        {"resource_id": thing.id, "resource_type": EC2_PREFIX_TO_RESOURCE.get(get_prefix(thing.id), "")} if tags else {}
    )
    return [{**about, "key": key, "value": value} for key, value in tags.items()]


class _Owner:
    """An IAM by account and partition: what the AWS-managed policies in it depend on, and all that a cache may keep."""

    def __init__(self, iam: Any) -> None:
        self.account_id, self.region_name = iam.account_id, iam.region_name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Owner) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.account_id, self.region_name))
