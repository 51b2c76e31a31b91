# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster's certificate authority: a real self-signed certificate, as DescribeCluster hands it out, and its key."""

from __future__ import annotations

import base64
import ipaddress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

_AUTHORITY = "kubernetes"
_SERVER = "kube-apiserver"
_NAMES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
"""What an API server is called within its cluster: kubeadm's "PKI certificates and requirements"."""
_VALIDITY = timedelta(days=3650)


class Signer:
    """A new certificate authority, valid for ten years. Its private key stays in memory."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec

        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._sign(_builder(_AUTHORITY, self._key, authority=True))

    @property
    def data(self) -> str:
        """The certificate, PEM in base64."""
        return base64.b64encode(_pem(self._certificate)).decode()

    def issue(self, address: str = "127.0.0.1") -> tuple[bytes, bytes]:
        """A new certificate for an API server at an IP address, and its private key, both PEM."""
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID

        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.IPAddress(ipaddress.ip_address(address)), *map(x509.DNSName, _NAMES)]
        builder = _builder(_SERVER, key, authority=False)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return _pem(self._sign(builder)), secret

    def _sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes

        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.issuer_name(_name(_AUTHORITY)).add_extension(issuer, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _builder(name: str, key: ec.EllipticCurvePrivateKey, authority: bool) -> x509.CertificateBuilder:
    """All but the issuer. Python 3.13 verifies strictly by RFC 5280, which wants usages and key identifiers, too."""
    from cryptography import x509

    yesterday = datetime.now(UTC) - timedelta(days=1)  # clients compare with their own clock, not with simulated time
    usage = x509.KeyUsage(True, False, not authority, False, False, authority, False, False, False)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(yesterday)
        .not_valid_after(yesterday + _VALIDITY)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return certificate.public_bytes(serialization.Encoding.PEM)
