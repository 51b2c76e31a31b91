# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who a request says it comes from: the credential of its SigV4 signature, in the header or in the query.

Signatures are not verified: the simulator knows no secret keys. A request without one is refused, as AWS refuses it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qsl

from .errors import ServiceError
from .wire import Request

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request")
_UNSIGNED_ACTIONS = ("AssumeRoleWithWebIdentity", "AssumeRoleWithSAML")


@dataclass(frozen=True)
class Credential:
    """The scope of a signature."""

    access_key: str
    region: str
    service: str


def credential_of(request: Request) -> Credential:
    """The credential of a signed request. Raises MissingAuthenticationToken or IncompleteSignature (403).

    A presigned request gets the header that its query stands for, which is what moto looks at.
    """
    authorization = request.headers.get("authorization")
    if authorization is None:
        query = dict(parse_qsl(request.query))
        if "X-Amz-Credential" in query:
            authorization = (
                f"AWS4-HMAC-SHA256 Credential={query['X-Amz-Credential']}, "
                f"SignedHeaders={query.get('X-Amz-SignedHeaders', '')}, Signature={query.get('X-Amz-Signature', '')}"
            )
            request.headers["authorization"] = authorization
        elif any(action.encode() in request.body for action in _UNSIGNED_ACTIONS):
            return Credential("", "us-east-1", "sts")
        else:
            raise ServiceError("MissingAuthenticationToken", "Missing Authentication Token")
    match = _CREDENTIAL.search(authorization)
    if match is None:
        raise ServiceError("IncompleteSignature", "Authorization header requires 'Credential' parameter.")
    access_key, _unused, region, service = match.groups()
    return Credential(access_key, region, service)


@cache
def eks_regions() -> frozenset[str]:
    """The regions that have EKS, of every partition that botocore knows."""
    import botocore.session

    session = botocore.session.Session()
    partitions = session.get_available_partitions()
    return frozenset(region for partition in partitions for region in session.get_available_regions("eks", partition))


def require_eks_region(region: str) -> None:
    """Raises InvalidSignatureException for a region without EKS. On AWS its endpoint has no address; what the
    endpoint of another region says to such a signature is the nearest that one address for all regions can say."""
    if region not in eks_regions():
        raise ServiceError(
            "InvalidSignatureException", f"Credential should be scoped to a valid region, not '{region}'."
        )
