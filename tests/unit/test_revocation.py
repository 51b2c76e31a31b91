# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates are revoked, and what becomes of the list when several write it at the same time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509 import Certificate, CRLNumber, load_pem_x509_crl

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid import certificates
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.revocation import ATTEMPTS, Wish, make_present
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from support.authority import Authority

NOW = datetime.now(UTC)
ANCHOR = "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/1"
OURS = Authority("Ours")
ISSUER = certificates.Authority(OURS.certificate, OURS.key)
EDGE_1, EDGE_2 = (OURS.issue(f"edge-{number}")[0] for number in (1, 2))


def pem(certificate: Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def listed(*found: Certificate, name: str = "flotilla-eks", number: int = 1, enabled: bool = True) -> dict[str, Any]:
    data = certificates.signed({one.serial_number: NOW for one in found}, number, ISSUER, NOW)
    made = {"crl_id": f"{name}-{number}", "name": name, "trust_anchor_arn": ANCHOR, "enabled": enabled}
    return {**made, "crl_data": data, "created_at": NOW}


class Aws:
    """Lists and subjects in options' spelling. ``meddle`` is called before each write, as somebody else."""

    def __init__(self, *lists: dict[str, Any], meddle: Callable[[Aws], None] = lambda _aws: None) -> None:
        self.lists = list(lists)
        self.written: list[str] = []
        self.seen: dict[str, list[Certificate]] = {}
        self._meddle = meddle

    def pages_of(self, _service: str, operation: str, _key: str) -> list[Any]:
        if operation == "ListSubjects":
            return [{"subject_id": name, "x509_subject": name} for name in self.seen]
        return [dict(one) for one in self.lists]

    def call_of(self, _service: str, operation: str, **given: Any) -> dict[str, Any]:
        if operation == "GetSubject":
            data = [{"x509_certificate_data": pem(one)} for one in self.seen[given["subject_id"]]]
            return {"subject": {"credentials": data}}
        self._meddle(self)
        self.written.append(operation)
        if operation == "ImportCrl":
            if len(self.lists) == 2:
                raise AwsError(operation, "ValidationException", "no more lists")
            self.lists.append({**given, "crl_id": f"made-{len(self.lists)}", "created_at": datetime.now(UTC)})
            return {}
        found = next(one for one in self.lists if one["crl_id"] == given["crl_id"])
        if operation == "DeleteCrl":
            self.lists.remove(found)
        found |= {"enabled": True} if operation == "EnableCrl" else given
        return {}

    @property
    def revoked(self) -> set[int]:
        return {entry.serial_number for one in self.lists for entry in load_pem_x509_crl(one["crl_data"])}


def revoke(
    aws: Any, *found: Certificate, check: bool = False, **members: Any
) -> tuple[list[str], list[dict[str, Any]]]:
    """The operations that the outcome tells, and the certificates."""
    own = {"trust_anchor_arn": ANCHOR, "name": "flotilla-eks", "now": NOW, "authority": ISSUER}
    outcome, told = make_present(aws, Wish(**{**own, "given": [pem(one) for one in found], **members}), check)
    return [change.operation for change in outcome.changes], told


def serials(*found: Certificate) -> set[int]:
    return {one.serial_number for one in found}


def test_a_list_is_made_added_to_and_left_alone() -> None:
    aws = Aws()
    assert revoke(aws, EDGE_1, check=True)[0] == ["ImportCrl"]
    assert (aws.written, aws.lists) == ([], [])
    revoke(aws, EDGE_1)
    assert revoke(aws, EDGE_2)[0] == ["UpdateCrl"]
    assert aws.revoked == serials(EDGE_1, EDGE_2)
    assert revoke(aws, EDGE_1, EDGE_2)[0] == []
    [made] = aws.lists
    numbered = load_pem_x509_crl(made["crl_data"])
    assert numbered.is_signature_valid(OURS.key.public_key())
    assert numbered.extensions.get_extension_for_class(CRLNumber).value.crl_number == 2
    assert numbered.next_update_utc == OURS.certificate.not_valid_after_utc


def test_what_is_seen_is_revoked_by_its_exact_name_and_authority() -> None:
    aws = Aws()
    other = Authority("Other").issue("edge-1")[0]
    longer = OURS.issue("edge-10")[0]
    ended = OURS.issue("edge-1", expired=True)[0]
    aws.seen = {"CN=edge-1": [EDGE_1, other, ended], "O=x,CN=edge-1": [OURS.issue("edge-1")[0]], "CN=edge-10": [longer]}
    _operations, told = revoke(aws, names=["edge-1"])
    assert aws.revoked == serials(EDGE_1, aws.seen["O=x,CN=edge-1"][0])
    assert {one["common_name"] for one in told} == {"edge-1"}
    assert all(one["revoked"] for one in told)


def test_a_certificate_of_another_authority_is_told_as_not_revoked() -> None:
    aws, other = Aws(), Authority("Other").issue("edge-1")[0]
    operations, told = revoke(aws, EDGE_1, other)
    assert (operations, aws.revoked) == (["ImportCrl"], serials(EDGE_1))
    assert {int(one["serial_number"]): one["revoked"] for one in told} == {
        EDGE_1.serial_number: True,
        other.serial_number: False,
    }
    assert revoke(Aws(), other)[0] == []


def test_without_the_key_certificates_are_only_told() -> None:
    aws = Aws()
    for authority in (None, certificates.Authority(OURS.certificate)):
        operations, told = revoke(aws, EDGE_1, authority=authority)
        assert (operations, aws.written, told[0]["revoked"]) == ([], [], False)
        assert told[0]["not_after"] == EDGE_1.not_valid_after_utc.isoformat()


def test_nothing_to_revoke_makes_no_list() -> None:
    aws = Aws(listed(EDGE_2, name="theirs"))
    assert revoke(aws, names=["edge-1"]) == ([], [])


def test_a_list_that_was_disabled_is_enabled() -> None:
    aws = Aws(listed(EDGE_1, enabled=False))
    assert revoke(aws, EDGE_1)[0] == ["EnableCrl"]


def test_what_another_one_overwrites_is_written_again() -> None:
    def overwrite(aws: Aws) -> None:
        """As one that has read before our write, and writes after it."""
        if len(aws.written) == 1:
            aws.lists[0] |= listed(EDGE_2)

    aws = Aws(listed(), meddle=overwrite)
    late = OURS.issue("edge-3")[0]
    revoke(aws, EDGE_1)
    aws.lists[0] |= listed(EDGE_2)
    assert revoke(aws, EDGE_1, late)[0] == ["UpdateCrl"]
    assert aws.revoked == serials(EDGE_1, EDGE_2, late)


def test_two_lists_made_at_once_become_one() -> None:
    def make_one(aws: Aws) -> None:
        if not aws.lists:
            aws.lists.append(listed(EDGE_2))

    aws = Aws(meddle=make_one)
    operations, _told = revoke(aws, EDGE_1)
    assert operations == ["ImportCrl", "UpdateCrl", "DeleteCrl"]
    assert (len(aws.lists), aws.revoked) == (1, serials(EDGE_1, EDGE_2))


def test_one_too_many_is_not_made_where_another_one_was() -> None:
    def make_two(aws: Aws) -> None:
        if not aws.lists:
            aws.lists += [listed(EDGE_2), listed(name="theirs")]

    aws = Aws(meddle=make_two)
    assert revoke(aws, EDGE_1)[0] == ["ImportCrl", "UpdateCrl"]
    assert aws.revoked == serials(EDGE_1, EDGE_2)
    full = Aws(listed(name="theirs"), listed(name="others"))
    with pytest.raises(AwsError, match="no more lists"):
        revoke(full, EDGE_1)


def test_a_fight_is_given_up() -> None:
    class Spiteful(Aws):
        def call_of(self, _service: str, operation: str, **given: Any) -> dict[str, Any]:
            super().call_of(_service, operation, **given)
            self.lists[0] |= listed()
            return {}

    aws = Spiteful(listed())
    with pytest.raises(Refused, match=f"others have written it {ATTEMPTS} times meanwhile"):
        revoke(aws, EDGE_1)


def test_a_list_of_another_authority_is_refused() -> None:
    other = Authority("Other")
    with pytest.raises(Refused, match="a list that CN=Ours has signed, and ca_certificate is of another authority"):
        revoke(Aws(listed(EDGE_1)), EDGE_2, authority=certificates.Authority(other.certificate, other.key))


def test_what_is_no_authority_is_refused_without_telling_secrets() -> None:
    own = OURS.pem.encode()
    locked = OURS.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"right"))
    assert certificates.authority(own, locked, "right").key is not None
    strange = ec.generate_private_key(ec.SECP256R1())
    unfit = Authority("Unfit", lists=False)
    pkcs8 = (Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"right"))
    cases = [
        (b"x", None, "ca_certificate: found no certificate"),
        (own, b"x", "ca_key: found no key that ca_passphrase opens"),
        (own, strange.private_bytes(*pkcs8), "ca_key: found another key than that of ca_certificate"),
        (unfit.pem.encode(), unfit.key.private_bytes(*pkcs8), "found a key usage without cRLSign"),
    ]
    for certificate, key, reason in cases:
        with pytest.raises(Refused, match=reason):
            certificates.authority(certificate, key, "right")
    with pytest.raises(Refused, match="no key that ca_passphrase opens") as refused:
        certificates.authority(own, locked, "wrong")
    assert "wrong" not in str(refused.value).replace("wanted", "")
