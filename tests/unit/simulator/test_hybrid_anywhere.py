# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM Roles Anywhere: trust anchors, profiles, and who gets credentials by them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from unit.simulator.account import Account, refusal

from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.certificates import Authority as SigningAuthority
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.certificates import signed
from support.anywhere_client import credentials, session
from support.authority import Authority

NODE = "edge-1"
TRUST = {"Effect": "Allow", "Principal": {"Service": "rolesanywhere.amazonaws.com"}}


class Site:
    """A certificate authority that a trust anchor stands for, and a profile with one role."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.client = account.client("rolesanywhere")
        self.authority = Authority()
        self.anchor = self.make_anchor(self.authority.pem)
        self.role = self.make_role()
        self.profile = self.make_profile()

    def make_anchor(self, pem: str, **members: Any) -> str:
        source = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": pem}}
        made = self.client.create_trust_anchor(**{"name": "edge", "source": source, "enabled": True, **members})
        return str(made["trustAnchor"]["trustAnchorArn"])

    def make_role(self, *statements: dict[str, Any]) -> str:
        """A role as the role iam makes it, or with other statements in its trust policy."""
        source = {"ArnEquals": {"aws:SourceArn": self.anchor}}
        name = {"StringEquals": {"sts:RoleSessionName": "${aws:PrincipalTag/x509Subject/CN}"}}
        ours = [
            {**TRUST, "Action": ["sts:TagSession", "sts:SetSourceIdentity"], "Condition": source},
            {**TRUST, "Action": ["sts:AssumeRole"], "Condition": {**source, **name}},
        ]
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements) or ours})
        made = self.account.iam.create_role(RoleName=self.account.name("role"), AssumeRolePolicyDocument=document)
        self.account.sim.advance(60)
        return str(made["Role"]["Arn"])

    def make_profile(self, **members: Any) -> str:
        own = {"name": "edge", "roleArns": [self.role], "enabled": True, "acceptRoleSessionName": True}
        return str(self.client.create_profile(**{**own, **members})["profile"]["profileArn"])

    def ask(self, certificate: Any, key: Any, name: str | None = NODE, **asked: Any) -> tuple[int, dict[str, Any]]:
        """Status and answer of CreateSession."""
        own = {"trustAnchorArn": self.anchor, "profileArn": self.profile, "roleArn": self.role}
        body = asked.pop("body", {"roleSessionName": name} if name else {})
        return session(self.account.sim.url, certificate, key, body=body, **{**own, **asked})

    def refused(self, certificate: Any, key: Any, name: str | None = NODE, **asked: Any) -> str:
        status, answer = self.ask(certificate, key, name, **asked)
        assert status in (400, 403, 404), answer
        return str(answer["message"])


@pytest.fixture
def site(account: Account) -> Site:
    return Site(account)


def test_a_certificate_gets_the_credentials_of_a_session_of_its_name(site: Site) -> None:
    for key in (None, rsa.generate_private_key(public_exponent=65537, key_size=2048)):
        certificate, own = site.authority.issue(NODE, key=key)
        status, answer = site.ask(certificate, own)
        assert status == 201, answer
        keys = credentials(answer)
        sts = boto3.client(
            "sts",
            endpoint_url=site.account.sim.url,
            region_name="eu-central-1",
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
            aws_session_token=keys["session_token"],
        )
        assert sts.get_caller_identity()["Arn"].endswith(f":assumed-role/{site.role.rpartition('/')[2]}/{NODE}")
    subjects = site.client.list_subjects()["subjects"]
    assert f"CN={NODE}" in [one["x509Subject"] for one in subjects]
    assert keys["secret_access_key"] not in json.dumps(site.account.sim.ledger())


def test_an_intermediate_authority_is_followed(site: Site) -> None:
    middle = Authority("middle", parent=site.authority)
    certificate, key = middle.issue(NODE)
    assert site.refused(certificate, key) == "Untrusted signing certificate"
    assert site.ask(certificate, key, chain=[middle.certificate])[0] == 201


def test_certificates_that_do_not_let_in(site: Site) -> None:
    good, key = site.authority.issue(NODE)
    cases: list[tuple[Any, str]] = [
        (Authority("Test").issue(NODE), "Untrusted signing certificate"),
        (site.authority.issue(NODE, expired=True), "A certificate is expired or not valid yet."),
        (site.authority.issue(NODE, signs=False), "does not include digital signatures"),
        ((site.authority.certificate, site.authority.key), "not an X.509v3 certificate of an end entity"),
        ((good, site.authority.issue(NODE)[1]), "The signature does not match."),
    ]
    for (certificate, own), reason in cases:
        assert reason in site.refused(certificate, own)
    assert "does not match" in site.refused(good, key, tamper=True)
    assert "expired" in site.refused(good, key, at=datetime.now(UTC) - timedelta(minutes=6))


def test_what_the_trust_anchor_the_profile_and_the_role_demand(site: Site) -> None:
    certificate, key = site.authority.issue(NODE)
    assert "Unable to assume role" in site.refused(certificate, key, "edge-2")
    other = site.make_anchor(site.authority.pem)
    assert "Unable to assume role" in site.refused(certificate, key, trustAnchorArn=other)
    assert "does not have the role" in site.refused(certificate, key, roleArn=site.account.roles["node"])
    assert "Resource not found" in site.refused(certificate, key, profileArn=site.profile[:-1] + "x")
    nameless = site.make_profile(acceptRoleSessionName=False)
    assert "does not accept a role session name" in site.refused(certificate, key, profileArn=nameless)
    assert "Unable to assume role" in site.refused(certificate, key, None, profileArn=nameless)
    site.client.disable_profile(profileId=site.profile.rpartition("/")[2])
    assert site.refused(certificate, key) == "The profile is disabled."
    site.client.enable_profile(profileId=site.profile.rpartition("/")[2])
    site.client.disable_trust_anchor(trustAnchorId=site.anchor.rpartition("/")[2])
    assert site.refused(certificate, key) == "The trust anchor is disabled."


def test_the_role_must_allow_tags_and_the_source_identity(site: Site) -> None:
    certificate, key = site.authority.issue(NODE)
    narrow = site.make_role({**TRUST, "Action": "sts:AssumeRole"})
    wide = site.make_role({**TRUST, "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]})
    profile = site.make_profile(roleArns=[narrow, wide])
    assert "Unable to assume role" in site.refused(certificate, key, profileArn=profile, roleArn=narrow)
    status, answer = site.ask(certificate, key, None, profileArn=profile, roleArn=wide)
    assert status == 201
    assert answer["credentialSet"][0]["assumedRoleUser"]["arn"].endswith(f"/{certificate.serial_number:x}")
    said = site.refused(certificate, key, profileArn=profile, roleArn=wide, body={"durationSeconds": 5})
    assert "durationSeconds" in said


def test_trust_anchors_are_of_authorities(site: Site) -> None:
    pem = site.authority.issue(NODE)[0].public_bytes(Encoding.PEM).decode()
    cases = [
        ("CERTIFICATE_BUNDLE", {"x509CertificateData": pem}, "Incorrect basic constraints"),
        ("CERTIFICATE_BUNDLE", {"x509CertificateData": "x"}, "Unable to parse"),
        ("AWS_ACM_PCA", {"x509CertificateData": pem}, "do not fit the source type"),
        ("AWS_ACM_PCA", {"acmPcaArn": "arn"}, "Not the ARN of a certificate authority"),
    ]
    for kind, data, reason in cases:
        source = {"sourceType": kind, "sourceData": data}
        refused = refusal(site.client.create_trust_anchor, name="x", source=source)
        assert (refused.code, reason in refused.message) == ("ValidationException", True)
    missing = "1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9"
    assert refusal(site.client.get_trust_anchor, trustAnchorId=missing).code == "ResourceNotFoundException"
    assert not site.client.get_trust_anchor(trustAnchorId=site.make_anchor(site.authority.pem, enabled=False))[
        "trustAnchor"
    ]["enabled"]


def test_notices_need_a_threshold_and_the_others_stay(site: Site) -> None:
    anchor = site.anchor.rpartition("/")[2]
    expiry = {"event": "CA_CERTIFICATE_EXPIRY", "enabled": True}
    put = site.client.put_notification_settings
    assert "needs a threshold" in refusal(put, trustAnchorId=anchor, notificationSettings=[expiry]).message
    told = put(trustAnchorId=anchor, notificationSettings=[{**expiry, "threshold": 9}])["trustAnchor"]
    by_event = {one["event"]: one for one in told["notificationSettings"]}
    assert by_event["CA_CERTIFICATE_EXPIRY"]["threshold"] == 9
    assert by_event["END_ENTITY_CERTIFICATE_EXPIRY"]["configuredBy"] == "rolesanywhere.amazonaws.com"


def test_mapping_rules_add_up(site: Site) -> None:
    profile = site.profile.rpartition("/")[2]
    site.client.put_attribute_mapping(
        profileId=profile, certificateField="x509Subject", mappingRules=[{"specifier": "CN"}]
    )
    gone = site.client.delete_attribute_mapping(profileId=profile, certificateField="x509Subject", specifiers=["*"])[
        "profile"
    ]
    mapped = {one["certificateField"]: one["mappingRules"] for one in gone["attributeMappings"]}
    assert mapped["x509Subject"] == [{"specifier": "CN"}]
    again = refusal(
        site.client.delete_attribute_mapping, profileId=profile, certificateField="x509Subject", specifiers=["*"]
    )
    assert "There is no rule for *" in again.message


def test_aliases_are_unique_and_names_are_not(site: Site) -> None:
    first = site.client.update_trust_anchor(trustAnchorId=site.anchor, aliasName="north")["trustAnchor"]
    other = site.make_anchor(site.authority.pem)
    assert "is taken" in refusal(site.client.update_trust_anchor, trustAnchorId=other, aliasName="north").message
    assert site.client.get_trust_anchor(trustAnchorId=first["aliasArn"])["trustAnchor"]["name"] == "edge"
    assert "aliasArn" not in site.client.update_trust_anchor(trustAnchorId=site.anchor, aliasName="")["trustAnchor"]


def test_tags_and_policies_of_profiles(site: Site) -> None:
    site.client.tag_resource(resourceArn=site.profile, tags=[{"key": "a", "value": "b"}])
    site.client.untag_resource(resourceArn=site.profile, tagKeys=["none"])
    assert site.client.list_tags_for_resource(resourceArn=site.profile)["tags"] == [{"key": "a", "value": "b"}]
    many = [{"key": str(number), "value": ""} for number in range(50)]
    assert refusal(site.client.tag_resource, resourceArn=site.profile, tags=many).code == "TooManyTagsException"
    update = site.client.update_profile
    assert "not a policy" in refusal(update, profileId=site.profile, sessionPolicy="{}").message
    foreign = "arn:aws:iam::210987654321:role/x"
    assert "Cross-account" in refusal(update, profileId=site.profile, roleArns=[foreign]).message


def revocations(authority: Authority, *certificates: Any, lists: int = 1) -> bytes:
    """A list of an authority, as its keeper writes it."""
    entries = {one.serial_number: datetime.now(UTC) for one in certificates}
    issuer = SigningAuthority(authority.certificate, authority.key)
    return signed(entries, lists, issuer, datetime.now(UTC))


def test_a_certificate_that_is_revoked_is_let_in_no_more(site: Site) -> None:
    gone, kept = site.authority.issue(NODE), site.authority.issue(NODE)
    assert site.ask(*gone)[0] == site.ask(*kept)[0] == 201
    data = revocations(site.authority, gone[0])
    crl = site.client.import_crl(name="gone", crlData=data, trustAnchorArn=site.anchor)["crl"]
    assert (crl["enabled"], crl["crlData"]) == (False, data)
    assert site.ask(*gone)[0] == 201
    site.client.enable_crl(crlId=crl["crlId"])
    assert site.refused(*gone) == "Certificate revoked"
    assert site.ask(*kept)[0] == 201
    site.client.update_crl(crlId=crl["crlId"], crlData=revocations(site.authority, kept[0]))
    assert site.ask(*gone)[0] == 201
    assert site.refused(*kept) == "Certificate revoked"
    subjects = site.client.list_subjects()["subjects"]
    [number] = [one["subjectId"] for one in subjects if one["x509Subject"] == f"CN={NODE}"]
    assert "credentials" not in subjects[0]
    seen = site.client.get_subject(subjectId=number)["subject"]["credentials"]
    assert {gone[0].public_bytes(Encoding.PEM).decode(), kept[0].public_bytes(Encoding.PEM).decode()} <= {
        one["x509CertificateData"] for one in seen
    }
    assert len({one["serialNumber"] for one in seen}) == len(seen)
    site.client.delete_crl(crlId=crl["crlId"])
    assert site.ask(*kept)[0] == 201


def test_lists_that_are_not_taken(site: Site) -> None:
    unfit = Authority(lists=False)
    anchor = site.make_anchor(unfit.pem)

    def refused(data: bytes, trust_anchor: str = site.anchor) -> str:
        return refusal(site.client.import_crl, name="gone", crlData=data, trustAnchorArn=trust_anchor).message

    assert "Unable to parse" in refused(b"x")
    assert "is not signed by an authority of the trust anchor" in refused(revocations(Authority()))
    assert "is not signed by an authority of the trust anchor" in refused(revocations(unfit), anchor)
    assert "Trust anchor not found" in refused(revocations(site.authority), f"{site.anchor[:-1]}x")
    for number in range(2):
        site.client.import_crl(name=f"list-{number}", crlData=revocations(site.authority), trustAnchorArn=site.anchor)
    assert "can have no more" in refused(revocations(site.authority))
