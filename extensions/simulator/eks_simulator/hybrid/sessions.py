# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateSession of IAM Roles Anywhere: credentials of a role for whoever has a certificate. No service model has it.

https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html; the order of the checks
is ours. Certificates and sessions live in real time.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from ..aws import Neighbours
from ..callers import new_session
from ..errors import ServiceError, not_found
from ..store import AnywhereResource, Region
from ..trust import allows
from ..wire import Request, Response
from .anywhere import SERVICE, found, invalid
from .revocation import is_revoked
from .subjects import remember

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from ..world import World

PRINCIPAL = {"Service": ["rolesanywhere.amazonaws.com"]}
_ACTIONS = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
_ARN = re.compile(r"arn:[^:]+:[^:]+:(?P<region>[^:]*):(?P<account>\d{12}):\S+")
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_DURATIONS = (900, 43200)


def is_asked_for(service: str, request: Request) -> bool:
    return (service, request.method, request.path) == (SERVICE, "POST", "/sessions")


def parameters(request: Request) -> dict[str, Any]:
    """What a request asks for, in its query or in its body. Raises ValidationException."""
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise invalid("The body is no JSON object.")
    return {**dict(parse_qsl(request.query)), **body}


def create_session(world: World, request: Request) -> Response:
    """Raises ServiceError; the world lock must be held."""
    from .signing import denied, signer

    now = datetime.now(UTC)
    certificate, chain = signer(request, now)
    asked = parameters(request)
    region = _region(world, asked.get("trustAnchorArn"))
    anchor = found(region.trust_anchors, asked["trustAnchorArn"])
    profile = found(region.profiles, str(asked.get("profileArn")))
    _require_trusted(region, anchor, certificate, chain, now)
    if not profile.description["enabled"]:
        raise denied("The profile is disabled.")
    role_arn = str(asked.get("roleArn"))
    if role_arn not in profile.description["roleArns"]:
        raise denied(f"The profile does not have the role {role_arn}.")
    name = _session_name(asked.get("roleSessionName"), profile, certificate)
    _require_role(world, region, role_arn, anchor, name, certificate)
    seconds = _duration(asked.get("durationSeconds"), profile)
    session = new_session(role_arn, name, seconds, region.name)
    subject = remember(region, certificate, now)
    credentials = {
        "accessKeyId": session.access_key_id,
        "secretAccessKey": session.secret_access_key,
        "sessionToken": session.session_token,
        "expiration": session.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    user = {"arn": session.arn, "assumedRoleId": session.user_id}
    granted = {"assumedRoleUser": user, "credentials": credentials, "roleArn": role_arn, "packedPolicySize": 0}
    return Response.json(201, {"credentialSet": [granted], "subjectArn": subject["subjectArn"]})


def _region(world: World, anchor: Any) -> Region:
    """Where the trust anchor is. Raises ResourceNotFoundException."""
    match = _ARN.fullmatch(str(anchor))
    if match is None:
        raise not_found(f"Resource not found: {anchor}")
    return world.store.region(match["account"], match["region"])


def _require_trusted(
    region: Region, anchor: AnywhereResource, certificate: Certificate, chain: list[Certificate], now: datetime
) -> None:
    from .chains import authorities, flaw
    from .signing import denied

    if not anchor.description["enabled"]:
        raise denied("The trust anchor is disabled.")
    bundle = anchor.description["source"]["sourceData"].get("x509CertificateData")
    reason = flaw(certificate, chain, authorities(bundle) if bundle else [], now)
    if reason:
        raise denied(reason)
    if is_revoked(region, anchor, certificate):
        raise denied("Certificate revoked")


def _session_name(asked: Any, profile: AnywhereResource, certificate: Certificate) -> str:
    """The name that is asked for, if the profile accepts one; the certificate's serial number otherwise."""
    from .signing import denied

    if asked is None:
        return f"{certificate.serial_number:x}"
    if not profile.description["acceptRoleSessionName"]:
        raise denied("The profile does not accept a role session name.")
    if not _SESSION_NAME.fullmatch(str(asked)):
        raise invalid(f"Not the name of a session: {asked}")
    return str(asked)


def _require_role(
    world: World, region: Region, arn: str, anchor: AnywhereResource, session: str, certificate: Certificate
) -> None:
    """The role lets the service in: to assume, to tag and to set the source identity, under its conditions."""
    from .chains import common_name
    from .signing import denied

    role = Neighbours(region, world.role_changes).role(arn)
    context = {
        "aws:SourceArn": anchor.arn,
        "aws:SourceAccount": region.account,
        "sts:RoleSessionName": session,
        "aws:PrincipalTag/x509Subject/CN": common_name(certificate),
    }
    if role is None or not all(allows(role, PRINCIPAL, action, context) for action in _ACTIONS):
        raise denied(f"Unable to assume role for {arn}")


def _duration(asked: Any, profile: AnywhereResource) -> int:
    """ "The value you specify ... must be ... at most the profile's" (CreateSession, durationSeconds)."""
    least, most = _DURATIONS
    longest = profile.description["durationSeconds"]
    if asked is None:
        return int(longest)
    if not isinstance(asked, int) or not least <= asked <= most:
        raise ServiceError("ValidationException", f"durationSeconds must be {least} to {most}")
    return min(asked, longest)
