# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate authority for tests, and what it gives to hosts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
YEAR = timedelta(days=365)


class Authority:
    """An authority of a name: a root, or one that another one has signed."""

    def __init__(self, name: str = "Test", parent: Authority | None = None, lists: bool = True) -> None:
        """``lists``: whether its certificate allows it to sign revocation lists."""
        self._lists = lists
        self.name = _named(name)
        self.key: Key = ec.generate_private_key(ec.SECP256R1())
        signer = parent or self
        self.certificate = signer.sign(self.name, self.key, authority=True)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def private(self) -> bytes:
        """The key, in PEM."""
        plain = serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)

    def issue(
        self, name: str, *, key: Key | None = None, expired: bool = False, signs: bool = True
    ) -> tuple[x509.Certificate, Key]:
        """A certificate of a common name, and its key."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        return self.sign(_named(name), key, authority=False, expired=expired, signs=signs), key

    def sign(
        self, subject: x509.Name, key: Key, *, authority: bool, expired: bool = False, signs: bool = True
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        begins, ends = (now - 2 * YEAR, now - YEAR) if expired else (now - timedelta(hours=1), now + YEAR)
        off = dict.fromkeys(
            [
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ],
            False,
        )
        usage = x509.KeyUsage(
            digital_signature=signs and not authority,
            key_cert_sign=authority,
            crl_sign=authority and self._lists,
            **off,
        )
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begins).not_valid_after(ends)
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        return builder.add_extension(usage, critical=True).sign(self.key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
