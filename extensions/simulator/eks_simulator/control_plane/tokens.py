# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bearer tokens of EKS, as a cluster checks them: a presigned GetCallerIdentity of STS, in base64.

Rules: aws-iam-authenticator, which is what answers for EKS
(https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster, and the checks of
its server: the prefix, the host of STS, the path, known parameters once each, the action, the signed header, the
dates). What STS adds is the signature itself. Clients live in real time, and so do the dates of their tokens.
"""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
LONGEST = 4096
VALIDITY = timedelta(minutes=15)
LONGEST_EXPIRY = 900
CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of its own clock AWS takes a signature to be current
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html)."""
_STS_HOST = re.compile(r"sts(-fips)?(\.[a-z]{2}(-[a-z]+)+-\d)?\.(amazonaws\.com(\.cn)?|api\.aws)")
_PARAMETERS = {
    *("action", "version", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires"),
    *("x-amz-security-token", "x-amz-signature", "x-amz-signedheaders", "x-amz-user-agent"),
}
_SIGNATURE = "x-amz-signature="
_DATE = "%Y%m%dT%H%M%SZ"
_SIGNED = {"host", CLUSTER_HEADER}
"""What a cluster sends along when it asks STS, and thus all that can have been signed."""


class BadToken(Exception):
    """Why a token is refused. Clients never learn it; the simulator's log may."""


@dataclass(frozen=True)
class Presigned:
    """The presigned request in a token: who signed it (`session_token` only of temporary credentials), and when."""

    url: str
    access_key: str
    region: str
    session_token: str
    signed: datetime

    def is_signature_of(self, secret: str, cluster: str) -> bool:
        """Whether the request was signed with `secret`, and for the cluster of this name."""
        from botocore.auth import SigV4QueryAuth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        parts = urlsplit(self.url)
        pairs = parts.query.split("&")
        unsigned = "&".join(pair for pair in pairs if not pair.lower().startswith(_SIGNATURE))
        (signature,) = (pair[len(_SIGNATURE) :] for pair in pairs if pair.lower().startswith(_SIGNATURE))
        headers = {"host": parts.netloc, CLUSTER_HEADER: cluster}
        request = AWSRequest("GET", parts._replace(query=unsigned).geturl(), headers)
        request.context["timestamp"] = self.signed.strftime(_DATE)
        signer = SigV4QueryAuth(Credentials(self.access_key, secret), "sts", self.region)
        text = signer.string_to_sign(request, signer.canonical_request(request))
        return hmac.compare_digest(signature, signer.signature(text, request))


def read(token: str, now: datetime, own_url: str = "") -> Presigned:
    """The request in `token`, every part of it checked but the signature. `now` is the real time, `own_url` where the
    simulated STS is. Raises BadToken."""
    if len(token) > LONGEST:
        raise BadToken("token is too large")
    if not token.startswith(PREFIX):
        raise BadToken(f"token is missing expected {PREFIX!r} prefix")
    url = _decoded(token.removeprefix(PREFIX))
    parts = urlsplit(url)
    if not _is_sts(parts.scheme, parts.netloc, own_url):
        raise BadToken(f"unexpected scheme or host in the pre-signed URL: {parts.scheme}://{parts.netloc}")
    if parts.path not in ("", "/"):
        raise BadToken(f"unexpected path in the pre-signed URL: {parts.path}")
    given = _parameters(parts.query)
    _require_form(given)
    signed = _require_current(given, now)
    access_key, _unused, region, *_rest = given["x-amz-credential"].split("/")
    return Presigned(url, access_key, region, given.get("x-amz-security-token", ""), signed)


def _decoded(text: str) -> str:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise BadToken("token is not base64 of a URL") from None


def _is_sts(scheme: str, host: str, own_url: str) -> bool:
    own = urlsplit(own_url)
    return (scheme == "https" and _STS_HOST.fullmatch(host) is not None) or (
        bool(own_url) and (scheme, host) == (own.scheme, own.netloc)
    )


def _parameters(query: str) -> dict[str, str]:
    """The query's parameters by name in lower case, each of them known and there once."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name.lower() not in _PARAMETERS:
            raise BadToken(f"non-whitelisted query parameter {name!r}")
        if name.lower() in found:
            raise BadToken(f"query parameter {name!r} with multiple values")
        found[name.lower()] = value
    return found


def _require_form(given: dict[str, str]) -> None:
    if given.get("action") != "GetCallerIdentity":
        raise BadToken(f"unexpected action parameter in the pre-signed URL: {given.get('action')}")
    if CLUSTER_HEADER not in given.get("x-amz-signedheaders", ""):
        raise BadToken(f"client did not sign the {CLUSTER_HEADER} header in the pre-signed URL")
    if set(given["x-amz-signedheaders"].lower().split(";")) != _SIGNED:
        raise BadToken(f"signed headers that STS does not get: {given['x-amz-signedheaders']}")
    if not re.fullmatch(r"[^/]+/\d{8}/[^/]+/sts/aws4_request", given.get("x-amz-credential", "")):
        raise BadToken("X-Amz-Credential is not scoped to STS")
    if "x-amz-signature" not in given:
        raise BadToken("there is no signature")


def _require_current(given: dict[str, str], now: datetime) -> datetime:
    """When the request was signed: no more than 15 minutes ago, whatever it says of its expiry below that."""
    expires = given.get("x-amz-expires", "")
    if not expires.isdigit() or int(expires) > LONGEST_EXPIRY:
        raise BadToken(f"invalid X-Amz-Expires parameter in the pre-signed URL: {expires!r}")
    try:
        signed = datetime.strptime(given.get("x-amz-date", ""), _DATE).replace(tzinfo=UTC)
    except ValueError:
        raise BadToken(f"error parsing X-Amz-Date parameter {given.get('x-amz-date')!r}") from None
    if now > signed + VALIDITY:
        raise BadToken(f"X-Amz-Date parameter is expired (15 minute expiration): {signed}")
    if signed > now + CLOCK_SKEW:
        raise BadToken(f"signature not yet current: {signed}")
    return signed
