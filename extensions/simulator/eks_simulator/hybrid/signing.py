# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signature of a request that comes with a certificate. Imported late, as what it verifies with takes its time.

https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import Certificate

from ..errors import ServiceError
from ..wire import Request

_AUTHORIZATION = re.compile(
    r"AWS4-X509-(?P<kind>RSA|ECDSA)-SHA256 "
    r"Credential=(?P<serial>\d+)/(?P<scope>\d{8}/[^/]+/rolesanywhere/aws4_request), ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]+)"
)
_DATE = "%Y%m%dT%H%M%SZ"
_SKEW = timedelta(minutes=5)
_SIGNED = {"host", "x-amz-date", "x-amz-x509"}
"""What has to be signed of the headers."""


def signer(request: Request, now: datetime) -> tuple[Certificate, list[Certificate]]:
    """The certificate that signed a request, and those that came with it. Raises AccessDeniedException."""
    match = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if match is None:
        raise denied("The authorization is not one of AWS4-X509.")
    certificate, chain = _certificates(request)
    headers = match["headers"].split(";")
    if str(certificate.serial_number) != match["serial"] or not set(headers) >= _SIGNED:
        raise denied("The credential is not the certificate's, or headers are not signed.")
    date = request.headers.get("x-amz-date", "")
    _require_current(date, match["scope"], now)
    digest = hashlib.sha256(_canonical(request, headers).encode()).hexdigest()
    text = f"AWS4-X509-{match['kind']}-SHA256\n{date}\n{match['scope']}\n{digest}"
    if not _is_signature(certificate, match["kind"], bytes.fromhex(match["signature"]), text.encode()):
        raise denied("The signature does not match.")
    return certificate, chain


def denied(message: str) -> ServiceError:
    return ServiceError("AccessDeniedException", message)


def _certificates(request: Request) -> tuple[Certificate, list[Certificate]]:
    own, *others = [
        request.headers.get("x-amz-x509", ""),
        *filter(None, request.headers.get("x-amz-x509-chain", "").split(",")),
    ]
    try:
        read = [x509.load_der_x509_certificate(base64.b64decode(one, validate=True)) for one in (own, *others)]
    except (ValueError, binascii.Error):
        raise denied("X-Amz-X509 is not a certificate.") from None
    return read[0], read[1:]


def _require_current(date: str, scope: str, now: datetime) -> None:
    try:
        signed = datetime.strptime(date, _DATE).replace(tzinfo=UTC)
    except ValueError:
        raise denied("X-Amz-Date is missing.") from None
    if abs(now - signed) > _SKEW or not scope.startswith(date[:8]):
        raise denied("The signature is expired, or not current yet.")


def _canonical(request: Request, headers: list[str]) -> str:
    parts = urlsplit(request.target)
    pairs = sorted((_quoted(key), _quoted(value)) for key, value in parse_qsl(parts.query, keep_blank_values=True))
    lines = [f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in headers]
    return "\n".join(
        [
            request.method,
            parts.path or "/",
            "&".join(f"{key}={value}" for key, value in pairs),
            "".join(lines),
            ";".join(headers),
            hashlib.sha256(request.body).hexdigest(),
        ]
    )


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")


def _is_signature(certificate: Certificate, kind: str, signature: bytes, text: bytes) -> bool:
    key = certificate.public_key()
    try:
        if kind == "RSA" and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
        elif kind == "ECDSA" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, text, ec.ECDSA(hashes.SHA256()))
        else:
            return False
    except InvalidSignature:
        return False
    return True
