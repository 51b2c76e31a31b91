# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that asks IAM Roles Anywhere for credentials, as the signing helper of AWS does."""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import Certificate

from support.authority import Key

REGION = "eu-central-1"


def session(
    url: str,
    certificate: Certificate,
    key: Key,
    chain: Sequence[Certificate] = (),
    *,
    at: datetime | None = None,
    body: Any = None,
    tamper: bool = False,
    **query: str,
) -> tuple[int, dict[str, Any]]:
    """HTTP status and answer of CreateSession; the arguments in the query are trustAnchorArn, profileArn and roleArn,
    those in the body roleSessionName and durationSeconds."""
    date = (at or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    path = "/sessions?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(query.items()))
    content = json.dumps(body or {}).encode()
    headers = {
        "content-type": "application/json",
        "host": urlsplit(url).netloc,
        "x-amz-date": date,
        "x-amz-x509": _der(certificate),
        **({"x-amz-x509-chain": ",".join(map(_der, chain))} if chain else {}),
    }
    names = sorted(headers)
    canonical = "\n".join(
        [
            "POST",
            "/sessions",
            path.partition("?")[2],
            "".join(f"{name}:{headers[name]}\n" for name in names),
            ";".join(names),
            hashlib.sha256(content).hexdigest(),
        ]
    )
    kind = "RSA" if isinstance(key, rsa.RSAPrivateKey) else "ECDSA"
    scope = f"{date[:8]}/{REGION}/rolesanywhere/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-X509-{kind}-SHA256\n{date}\n{scope}\n{digest}".encode()
    signature = _signed(key, text + b"!" * tamper).hex()
    headers["authorization"] = (
        f"AWS4-X509-{kind}-SHA256 Credential={certificate.serial_number}/{scope}, SignedHeaders={';'.join(names)}, "
        f"Signature={signature}"
    )
    return _sent(urllib.request.Request(f"{url}{path}", content, headers, method="POST"))


def credentials(answer: dict[str, Any]) -> dict[str, str]:
    """The credentials in an answer, as `join_node` of the simulator takes them."""
    found = answer["credentialSet"][0]["credentials"]
    return {
        "access_key_id": found["accessKeyId"],
        "secret_access_key": found["secretAccessKey"],
        "session_token": found["sessionToken"],
    }


def _signed(key: Key, text: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(text, ec.ECDSA(hashes.SHA256()))


def _der(certificate: Certificate) -> str:
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


def _sent(request: urllib.request.Request) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, dict(json.load(answer))
    except urllib.error.HTTPError as refused:
        return refused.code, dict(json.load(refused))
