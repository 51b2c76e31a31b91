# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""STS's AssumeRole: a session of a role, of this account or another one, for whom the role's trust policy lets in.

Rules: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, the service model, and
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html on who is turned away, and in which words. What
IAM allows the caller itself is not looked at: policies of users and roles are not simulated.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from . import ACCOUNT
from .aws import Neighbours
from .callers import Identity, new_session
from .errors import ServiceError
from .moto_setup import moto_backend
from .operations import Call, operation
from .store import Region
from .trust import allows

if TYPE_CHECKING:
    from .world import World

SERVICE = "sts"
_DENIED, _WRONG, _UNSERVED = "AccessDenied", "ValidationError", "InvalidAction"
DURATION = 3600
"""Of a session for which nobody asks for another one, and the longest of one that was made from another session."""
ROLE_ARN = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):role/\S+")
_ALONG = {"Tags": "sts:TagSession", "SourceIdentity": "sts:SetSourceIdentity"}
"""What a role has to allow besides, where a request has these (id_session-tags.html and
id_credentials_temp_control-access_monitor.html of https://docs.aws.amazon.com/IAM/latest/UserGuide/)."""


@operation("AssumeRole", SERVICE)
def assume_role(call: Call) -> dict[str, Any]:
    arn, name, caller = call.parameters["RoleArn"], call.parameters["RoleSessionName"], call.caller()
    role = _role(call, arn)
    for action in ("sts:AssumeRole", *(_ALONG[member] for member in _ALONG if call.get(member))):
        if role is None or not allows(role, {"AWS": _names(caller)}, action, _context(call, caller)):
            raise ServiceError(
                _DENIED, f"User: {caller.told} is not authorized to perform: {action} on resource: {arn}"
            )
    session = new_session(arn, name, _duration(call, role, caller), call.region.name)
    credentials = {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "SessionToken": session.session_token,
        "Expiration": session.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return {"Credentials": credentials, "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn}}


@operation("AssumeRoleWithSAML", SERVICE)
@operation("AssumeRoleWithWebIdentity", SERVICE)
def refuse(call: Call) -> dict[str, Any]:
    """Nobody issues such tokens here, and moto would let anybody in."""
    raise ServiceError(_UNSERVED, f"The simulator does not serve {call.operation}.")


def make_role(arn: str) -> None:
    """Make a role that lets our account in, as somebody in the role's account would, which nobody else can enter; or
    leave it as it is, if it is there. Raises ValueError."""
    found = ROLE_ARN.fullmatch(arn)
    if found is None:
        raise ValueError(f"{arn!r} is not the ARN of a role, such as arn:aws:iam::210987654321:role/fleet")
    iam = moto_backend("iam")[found["account"]][found["partition"]]
    *path, name = arn.split(":role/")[1].split("/")
    if name in (role.name for role in iam.roles.values()):
        return
    principal = {"AWS": f"arn:{found['partition']}:iam::{ACCOUNT}:root"}
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    }
    iam.create_role(name, json.dumps(trust), "/".join(["", *path, ""]), None, "", [], str(DURATION))


def make_role_asked(_world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """`make_role` of an `arn`, as an admin page."""
    make_role(asked["arn"])
    return {}


def _role(call: Call, arn: str) -> Any | None:
    """The role, in whichever account, once IAM's news of it has spread."""
    found = ROLE_ARN.fullmatch(arn)
    if found is None or found["partition"] != call.region.partition:
        return None
    return Neighbours(Region(found["account"], call.region.name), call.aws.role_changes).role(arn)


def _names(caller: Identity) -> set[str]:
    """By which a policy may mean the caller
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html): everybody, the
    account, the user or role, the session."""
    partition = caller.arn.split(":")[1]
    return {"*", caller.account, f"arn:{partition}:iam::{caller.account}:root", caller.arn, caller.told}


def _context(call: Call, caller: Identity) -> dict[str, str]:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html"""
    told = {"ExternalId": "sts:ExternalId", "RoleSessionName": "sts:RoleSessionName"}
    given = {key: call.parameters[member] for member, key in told.items() if member in call.parameters}
    return {**given, "aws:PrincipalArn": caller.arn, "aws:PrincipalAccount": caller.account}


def _duration(call: Call, role: Any, caller: Identity) -> int:
    """In seconds: within the role's own limit, and with role chaining within an hour (AssumeRole, DurationSeconds)."""
    seconds = int(call.get("DurationSeconds") or DURATION)
    if caller.session and seconds > DURATION:
        raise ServiceError(
            _WRONG, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        )
    if seconds > int(role.max_session_duration or DURATION):
        raise ServiceError(_WRONG, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    return seconds
