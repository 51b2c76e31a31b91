# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of hosts, the authority that has signed them, and its list of those that it has revoked. Pure.

With Python's cryptography, which community.crypto, by which the certificates are made, needs there as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ed448, ed25519
    from cryptography.x509.oid import NameOID

    HAS_CRYPTOGRAPHY = True
except ImportError:
    HAS_CRYPTOGRAPHY = False

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused


@dataclass(frozen=True)
class Held:
    """A certificate of a host, and whether it is the authority's to revoke."""

    common_name: str
    serial_number: int
    not_after: datetime
    ours: bool

    def told(self, revoked: bool) -> Values:
        """As results tell it. Serial numbers have up to 160 bits, which JSON does not keep as numbers."""
        return {
            "common_name": self.common_name,
            "serial_number": str(self.serial_number),
            "not_after": self.not_after.isoformat(),
            "revoked": revoked,
        }


@dataclass(frozen=True)
class Authority:
    """The certificate of an authority, and its key, if it is given."""

    certificate: Any
    key: Any = None


def authority(certificate: bytes, key: bytes | None, passphrase: str | None) -> Authority:
    """From PEM. Raises Refused for what is none, or does not belong together."""
    try:
        own = x509.load_pem_x509_certificates(certificate)[0]
    except ValueError:
        raise Refused("ca_certificate: found no certificate, wanted that of the authority in PEM") from None
    if key is None:
        return Authority(own)
    try:
        loaded = serialization.load_pem_private_key(key, passphrase.encode() if passphrase else None)
    except (TypeError, ValueError):  # their texts may tell of the passphrase
        raise Refused("ca_key: found no key that ca_passphrase opens, wanted the authority's in PEM") from None
    if loaded.public_key() != own.public_key():
        raise Refused("ca_key: found another key than that of ca_certificate")
    if not _may_sign_lists(own):
        raise Refused(
            "ca_certificate: found a key usage without cRLSign, so that no list of this authority would count; have it "
            "certified anew with it (community.crypto.openssl_csr: key_usage: [keyCertSign, cRLSign])"
        )
    return Authority(own, loaded)


def _may_sign_lists(certificate: Any) -> bool:
    """https://datatracker.ietf.org/doc/html/rfc5280#section-4.2.1.3"""
    try:
        return bool(certificate.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign)
    except x509.ExtensionNotFound:
        return True


def held(
    given: Iterable[str], seen: Iterable[str], names: Sequence[str], issuer: Authority | None, now: datetime
) -> list[Held]:
    """The certificates that still let in, each once: all that are ``given``, and those ``seen`` that bear one of the
    ``names`` and are of the ``issuer``, if one is told. Texts are PEM. Raises Refused for what is no certificate."""
    named = (one for one in _read(seen) if _common_name(one) in names and _is_of(one, issuer))
    good = [one for one in (*named, *_read(given)) if one.not_valid_after_utc > now]
    by_number = {
        one.serial_number: Held(_common_name(one), one.serial_number, one.not_valid_after_utc, _is_of(one, issuer))
        for one in good
    }
    return sorted(by_number.values(), key=lambda one: (one.common_name, one.not_after, one.serial_number))


def _read(texts: Iterable[str]) -> Iterator[Any]:
    for text in texts:
        try:
            yield x509.load_pem_x509_certificate(text.encode())
        except ValueError:
            raise Refused("certificates: found a text that is no certificate, wanted PEM") from None


def _common_name(certificate: Any) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _is_of(certificate: Any, issuer: Authority | None) -> bool:
    """Whether it is of the issuer, or of whomever if none is told."""
    if issuer is None:
        return True
    try:
        certificate.verify_directly_issued_by(issuer.certificate)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True


def revoked(lists: Iterable[bytes], issuer: Authority) -> dict[int, datetime]:
    """When which serial numbers were revoked, by lists in PEM. Raises Refused for one of another authority."""
    found: dict[int, datetime] = {}
    for text in lists:
        one = x509.load_pem_x509_crl(text)
        if not one.is_signature_valid(issuer.certificate.public_key()):
            name = one.issuer.rfc4514_string()
            raise Refused(f"found a list that {name} has signed, and ca_certificate is of another authority")
        found |= {entry.serial_number: entry.revocation_date_utc for entry in one}
    return found


def signed(entries: dict[int, datetime], number: int, issuer: Authority, now: datetime) -> bytes:
    """A list of the authority in PEM, the ``number``-th. It is good for as long as the authority is, so that nothing
    has to be signed anew by the calendar."""
    own = issuer.certificate
    builder = x509.CertificateRevocationListBuilder().issuer_name(own.subject)
    builder = builder.last_update(now).next_update(own.not_valid_after_utc)
    builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    builder = builder.add_extension(_authority_key(own), critical=False)
    for serial, since in sorted(entries.items()):
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
        builder = builder.add_revoked_certificate(entry.build())
    plain = isinstance(issuer.key, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey))
    made: bytes = builder.sign(issuer.key, None if plain else hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return made


def number_of(text: bytes) -> int:
    """How many lists there were before it, by its own account."""
    try:
        found: int = x509.load_pem_x509_crl(text).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return 0
    return found


def _authority_key(certificate: Any) -> Any:
    try:
        subject = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(certificate.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject)
