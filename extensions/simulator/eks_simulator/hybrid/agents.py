# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent on a host asks of Systems Manager. On the wire that is an operation that no service model has, so it
is an admin page here.

The agent registers with the id and code of an activation
(https://docs.aws.amazon.com/systems-manager/latest/userguide/hybrid-multicloud-ssm-agent-install-linux.html); the
activation's tags are copied to the managed instance (service model, CreateActivation).
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Any

from ..aws import Neighbours
from ..callers import keys_of, new_session
from ..errors import ServiceError
from ..store import Activation, ManagedInstance, Region
from .activations import role_arn

if TYPE_CHECKING:
    from ..world import World

LIFETIME = 3600
"""Of a host's credentials, in seconds."""
AGENT_VERSION = "3.3.3598.0"
_TOLD = {
    "computer_name": "ComputerName",
    "ip_address": "IPAddress",
    "platform_name": "PlatformName",
    "platform_version": "PlatformVersion",
}
"""What a host may tell of itself when it registers, and the member of DescribeInstanceInformation that says it."""


def register(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """Register a host: `activation_id`, `activation_code`, and what it tells of itself. The id that it gets.

    Raises ServiceError for an activation that does not let it in, KeyError and ValueError for a bad request.
    """
    odd = asked.keys() - {"activation_id", "activation_code", *_TOLD}
    if odd:
        raise ValueError(f"unknown members: {', '.join(sorted(odd))}")
    region, activation = _activation(world, asked["activation_id"], asked["activation_code"])
    _require_usable(world, region, activation)
    told = {member: asked[name] for name, member in _TOLD.items() if name in asked}
    named = activation.description.get("DefaultInstanceName")
    description = {
        "InstanceId": f"mi-{secrets.token_hex(9)[:17]}",
        "PingStatus": "Online",
        "LastPingDateTime": world.timeline.now,
        "AgentVersion": AGENT_VERSION,
        "IsLatestVersion": True,
        "PlatformType": "Linux",
        **told,
        "ActivationId": activation.description["ActivationId"],
        "IamRole": activation.description["IamRole"],
        "RegistrationDate": world.timeline.now,
        "ResourceType": "ManagedInstance",
        **({"Name": named} if named else {}),
        "SourceId": "",
        "SourceType": "AWS::SSM::ManagedInstance",
    }
    described = {**description, "SourceId": description["InstanceId"]}
    instance = ManagedInstance(described, dict(activation.tags), secrets.token_urlsafe(24))
    region.managed_instances[instance.id] = instance
    activation.description["RegistrationsCount"] += 1
    return {"instance_id": instance.id, "region": region.name, "agent_key": instance.key}


def renew(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """New credentials for a host, of an hour, by its `instance_id` and the `agent_key` that it got when it registered:
    a session of the role that bears its id. Raises ServiceError if it is not registered any more."""
    region, instance = _instance(world, asked["instance_id"])
    if not hmac.compare_digest(instance.key.encode(), str(asked["agent_key"]).encode()):
        raise ServiceError("AccessDeniedException", "The key is not that of the agent.")
    arn = role_arn(region, instance.description["IamRole"])
    aws = Neighbours(region, world.role_changes)
    role = aws.role(arn)
    if role is None or not aws.trusts(role, "ssm.amazonaws.com"):
        raise ServiceError("AccessDeniedException", f"Systems Manager's role {arn} is unable to be assumed.")
    instance.description |= {"PingStatus": "Online", "LastPingDateTime": world.timeline.now}
    return keys_of(new_session(arn, instance.id, LIFETIME, region.name))


def fall_silent(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """Nothing is heard any more of the agent on a host, by its `instance_id`."""
    _region, instance = _instance(world, asked["instance_id"])
    instance.description["PingStatus"] = "ConnectionLost"
    return {}


def _instance(world: World, number: str) -> tuple[Region, ManagedInstance]:
    for region in world.store.regions():
        if number in region.managed_instances:
            return region, region.managed_instances[number]
    raise ServiceError("InvalidInstanceId", f"Instance {number} is not registered as a managed instance.")


def _activation(world: World, activation: str, code: str) -> tuple[Region, Activation]:
    """The activation, whichever account and region has it. An id and a code that do not belong together look the same
    as an activation that there is not."""
    for region in world.store.regions():
        found = region.activations.get(activation)
        if found and hmac.compare_digest(found.code.encode(), str(code).encode()):
            return region, found
    raise ServiceError(
        "InvalidActivation", "The activation is not valid: it does not exist, or the code is not its own."
    )


def _require_usable(world: World, region: Region, activation: Activation) -> None:
    told = activation.description
    if told["ExpirationDate"] <= world.timeline.now:
        raise ServiceError("InvalidActivation", f"The activation {told['ActivationId']} has expired.")
    if told["RegistrationsCount"] >= told["RegistrationLimit"]:
        limit = told["RegistrationLimit"]
        raise ServiceError("InvalidActivation", f"The activation's registration limit is reached: {limit}.")
    if Neighbours(region, world.role_changes).role(role_arn(region, told["IamRole"])) is None:
        raise ServiceError("InvalidActivation", f"The activation's role {told['IamRole']} does not exist any more.")
