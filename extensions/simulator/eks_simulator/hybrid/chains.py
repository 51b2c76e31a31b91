# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that hosts come with, and whether a trust anchor stands for them. Imported late: it takes its time.

Rules: https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html, "Signature verification" and
"End entity certificates".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509 import BasicConstraints, Certificate, ExtensionNotFound, KeyUsage
from cryptography.x509.oid import NameOID

LONGEST = 6
"""The longest chain that is followed."""


def authorities(bundle: str) -> list[Certificate]:
    """The certificates of a bundle. Raises ValueError."""
    return x509.load_pem_x509_certificates(bundle.encode())


def is_authority(certificate: Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(BasicConstraints).value.ca
    except ExtensionNotFound:
        return False


def may_sign_lists(certificate: Certificate) -> bool:
    """Whether an authority may sign revocation lists (https://datatracker.ietf.org/doc/html/rfc5280#section-4.2.1.3)."""
    try:
        return certificate.extensions.get_extension_for_class(KeyUsage).value.crl_sign
    except ExtensionNotFound:
        return True


def common_name(certificate: Certificate) -> str:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def flaw(certificate: Certificate, chain: Sequence[Certificate], anchors: Sequence[Certificate], now: datetime) -> str:
    """Why the certificate of a host is not trusted; nothing if it is. `chain` are those that it came with."""
    if certificate.version is not x509.Version.v3 or is_authority(certificate):
        return "The certificate is not an X.509v3 certificate of an end entity."
    try:
        signs = certificate.extensions.get_extension_for_class(KeyUsage).value.digital_signature
    except ExtensionNotFound:
        signs = False
    if not signs:
        return "The key usage of the certificate does not include digital signatures."
    current = certificate
    for _step in range(LONGEST):
        if not current.not_valid_before_utc <= now <= current.not_valid_after_utc:
            return "A certificate is expired or not valid yet."
        if any(_issued(current, anchor, now) for anchor in anchors):
            return ""
        issuer = next((one for one in chain if is_authority(one) and _issued(current, one, now)), None)
        if issuer is None:
            break
        current = issuer
    return "Untrusted signing certificate"


def _issued(certificate: Certificate, issuer: Certificate, now: datetime) -> bool:
    if not issuer.not_valid_before_utc <= now <= issuer.not_valid_after_utc:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True
