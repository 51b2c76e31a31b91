# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM's OpenID Connect providers, where moto is laxer than AWS or lacks the operation.

Rules: the service model of IAM (CreateOpenIDConnectProvider and its kin) and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from .aws import Neighbours
from .moto_gateway import ServiceCall, refusal
from .wire import Response

MOST_PROVIDERS = 100
MOST_CLIENT_IDS = 100
_EKS_ISSUERS = "https://oidc.eks."
_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"


def answer(aws: Neighbours, call: ServiceCall, issuers: Callable[[], set[str]]) -> Response | None:
    """The answer to a call about providers, where it is not moto's to give. `issuers` tells those of all clusters."""
    if call.service != "iam":
        return None
    if call.operation == "CreateOpenIDConnectProvider":
        return _refused_creation(aws, call, issuers)
    if call.operation in ("AddClientIDToOpenIDConnectProvider", "RemoveClientIDFromOpenIDConnectProvider"):
        return _change_client_ids(aws, call)
    return None


def after(aws: Neighbours, call: ServiceCall) -> None:
    """What IAM adds to a provider that was just made: "If it is not included, IAM will retrieve and use the top
    intermediate certificate authority (CA) thumbprint of the OpenID Connect identity provider server certificate"."""
    if (call.service, call.operation) != ("iam", "CreateOpenIDConnectProvider"):
        return
    host = urlsplit(call.parameters["Url"]).netloc
    for provider in aws.iam.open_id_providers.values():
        if provider.url.startswith(host) and not provider.thumbprint_list:
            provider.thumbprint_list = [hashlib.sha1(host.encode(), usedforsecurity=False).hexdigest()]


def _refused_creation(aws: Neighbours, call: ServiceCall, issuers: Callable[[], set[str]]) -> Response | None:
    """Why a provider cannot be made, if that is so."""
    url = call.parameters.get("Url", "")
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return refusal(call, "InvalidInput", f"The URL must begin with https://: {url}")
    if parts.query or parts.fragment:
        return refusal(call, "InvalidInput", f"Query parameters are not allowed in the URL: {url}")
    if parts.port is not None:
        return refusal(call, "InvalidInput", f"The URL should not contain a port number: {url}")
    if len(aws.iam.open_id_providers) >= MOST_PROVIDERS:
        return refusal(
            call, "LimitExceeded", f"Cannot exceed quota for OpenIdConnectProvidersPerAccount: {MOST_PROVIDERS}", 409
        )
    if url.startswith(_EKS_ISSUERS) and url not in issuers():
        # IAM looks at the provider's certificate, and EKS answers for the clusters that it has.
        return refusal(call, "OpenIdIdpCommunicationError", f"Could not reach the identity provider: {url}")
    return None


def _change_client_ids(aws: Neighbours, call: ServiceCall) -> Response:
    """Both are idempotent: adding what is there, or removing what is not, "does not fail or return an error"."""
    provider = aws.iam.open_id_providers.get(call.parameters.get("OpenIDConnectProviderArn", ""))
    client_id = call.parameters.get("ClientID", "")
    if provider is None:
        arn = call.parameters.get("OpenIDConnectProviderArn")
        return refusal(call, "NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}", 404)
    if not 1 <= len(client_id) <= 255:
        return refusal(call, "ValidationError", "A client ID has 1 to 255 characters")
    present: list[Any] = [one for one in provider.client_id_list if one != client_id]
    if call.operation.startswith("Add"):
        if len(present) >= MOST_CLIENT_IDS:
            message = f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MOST_CLIENT_IDS}"
            return refusal(call, "LimitExceeded", message, 409)
        present.append(client_id)
    provider.client_id_list = present
    body = f'<{call.operation}Response xmlns="{_NAMESPACE}"><ResponseMetadata><RequestId>0</RequestId>'
    body += f"</ResponseMetadata></{call.operation}Response>"
    return Response(200, body.encode(), {"Content-Type": "text/xml"})
