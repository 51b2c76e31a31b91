# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust anchors and profiles of IAM Roles Anywhere: made, changed in place, removed; found by a name that is theirs."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from support.authority import Authority
from support.steps import Steps, fields, operations
from support.surroundings import Surroundings

ANCHOR, PROFILE, CRL = "roles_anywhere_trust_anchor", "roles_anywhere_profile", "roles_anywhere_crl"
FILES = {"certificate": "pem", "key": "key"}


def bundle(*authorities: Authority) -> dict[str, Any]:
    return {"source_data": {"x509_certificate_data": "".join(one.pem for one in authorities)}}


def test_a_trust_anchor_from_beginning_to_end(aws: Surroundings, steps: Steps, subtests: pytest.Subtests) -> None:
    old, new = Authority("old"), Authority("new")

    with subtests.test("made"):
        notice = {"event": "CA_CERTIFICATE_EXPIRY", "enabled": True, "threshold": 90}
        made = steps.converge(
            ANCHOR,
            name="edge",
            source=bundle(old),
            enabled=True,
            notification_settings=[notice],
            alias_name="edge/north",
            tags={"Team": "a"},
        )
        assert operations(made) == ["CreateTrustAnchor"]
        assert made["enabled"]
        assert made["tags"] == {"Team": "a"}
        assert made["source"]["source_type"] == "CERTIFICATE_BUNDLE"
        assert made["alias_arn"].endswith(":alias/trust-anchor/edge/north")
        notices = {one["event"]: (one["threshold"], one["configured_by"]) for one in made["notification_settings"]}
        assert notices["CA_CERTIFICATE_EXPIRY"][0] == 90
        assert notices["END_ENTITY_CERTIFICATE_EXPIRY"] == (45, "rolesanywhere.amazonaws.com")

    with subtests.test("the same certificates in another order and dress are the same"):
        both = bundle(old, new)
        assert operations(steps.converge(ANCHOR, name="edge", source=both)) == ["UpdateTrustAnchor"]
        dressed = {"source_data": {"x509_certificate_data": f"# new\n{new.pem}\n\n# old\n{old.pem}"}}
        assert steps.converge(ANCHOR, name="edge", source=dressed)["changes"] == []

    with subtests.test("changed in place, one thing at a time and several"):
        off = {"event": "END_ENTITY_CERTIFICATE_EXPIRY", "enabled": False}
        changed = steps.converge(
            ANCHOR, name="edge", enabled=False, notification_settings=[off], alias_name="", tags={"Team": "b"}
        )
        wanted = ["UpdateTrustAnchor", "PutNotificationSettings", "DisableTrustAnchor", "TagResource"]
        assert operations(changed) == wanted
        assert fields(changed) == {"alias_name", "notification_settings", "enabled", "tags.Team"}
        assert changed["trust_anchor_arn"] == made["trust_anchor_arn"]
        assert not changed["enabled"]
        kept = next(one for one in changed["notification_settings"] if one["event"] == "CA_CERTIFICATE_EXPIRY")
        assert kept["threshold"] == 90
        assert operations(steps.converge(ANCHOR, name="edge", enabled=True)) == ["EnableTrustAnchor"]
        told = steps.run(f"{ANCHOR}_info", name="edge")["roles_anywhere_trust_anchors"]
        assert [(one["name"], one["enabled"], one["tags"]) for one in told] == [("edge", True, {"Team": "b"})]

    with subtests.test("removed"):
        assert operations(steps.converge(ANCHOR, name="edge", state="absent")) == ["DeleteTrustAnchor"]
        assert steps.run(f"{ANCHOR}_info")["roles_anywhere_trust_anchors"] == []


def test_a_profile_from_beginning_to_end(aws: Surroundings, steps: Steps, subtests: pytest.Subtests) -> None:
    role, other = aws.role("anywhere"), aws.role("anywhere", "other")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "eks:*", "Resource": "*"}]}
    subject = {"certificate_field": "x509Subject", "mapping_rules": [{"specifier": "CN"}]}

    with subtests.test("made, with what is mapped"):
        made = steps.converge(
            PROFILE,
            name="edge",
            role_arns=[role],
            enabled=True,
            accept_role_session_name=True,
            duration_seconds=900,
            session_policy=policy,
            attribute_mappings=[{**subject, "mapping_rules": [{"specifier": "*"}, {"specifier": "CN"}]}],
        )
        assert operations(made) == ["CreateProfile", "PutAttributeMapping"]
        assert made["session_policy"] == policy
        assert (made["enabled"], made["accept_role_session_name"], made["duration_seconds"]) == (True, True, 900)

    with subtests.test("changed in place"):
        changed = steps.converge(
            PROFILE,
            name="edge",
            role_arns=[other, role],
            enabled=False,
            duration_seconds=3600,
            attribute_mappings=[subject],
            purge_attribute_mappings=True,
            tags={"Team": "a"},
        )
        assert operations(changed) == [
            "UpdateProfile",
            "DisableProfile",
            "DeleteAttributeMapping",
            "DeleteAttributeMapping",
            "DeleteAttributeMapping",
            "TagResource",
        ]
        assert changed["attribute_mappings"] == [subject]
        assert changed["profile_arn"] == made["profile_arn"]
        assert changed["session_policy"] == policy
        assert steps.converge(PROFILE, name="edge", role_arns=[role, other])["changes"] == []

    with subtests.test("what AWS does not take back is refused"):
        said = steps.refused(PROFILE, name="edge", session_policy={})
        assert "session_policy: found" in said
        assert "it can be changed, not taken away" in said

    with subtests.test("removed"):
        assert operations(steps.converge(PROFILE, name="edge", state="absent")) == ["DeleteProfile"]
        assert steps.run(f"{PROFILE}_info")["roles_anywhere_profiles"] == []


def test_a_certificate_is_revoked_once(aws: Surroundings, steps: Steps, subtests: pytest.Subtests) -> None:
    authority = Authority()
    certificate = authority.issue("edge-1")[0].public_bytes(Encoding.PEM).decode()
    for name, content in (("ca.pem", authority.pem.encode()), ("ca.key", authority.private)):
        (steps.playbook.directory / name).write_bytes(content)
    own: dict[str, Any] = {"trust_anchor_arn": aws.trust_anchor(authority.pem)}
    signing: dict[str, Any] = {f"ca_{what}": str(steps.playbook.directory / f"ca.{end}") for what, end in FILES.items()}
    with subtests.test("without the key, it is told"):
        [told] = steps.run(CRL, **own, certificates=[certificate])["certificates"]
        assert (told["common_name"], told["revoked"]) == ("edge-1", False)
    with subtests.test("with it, it is on a list"):
        made = steps.converge(CRL, **own, **signing, certificates=[certificate], tags={"Team": "edge"})
        assert operations(made) == ["ImportCrl"]
        assert (made["enabled"], made["certificates"]) == (True, [{**told, "revoked": True}])
        [tag] = aws.anywhere.list_tags_for_resource(resourceArn=made["crl_arn"])["tags"]
        assert tag == {"key": "Team", "value": "edge"}
    with subtests.test("another authority is refused"):
        other = steps.playbook.directory / "other.pem"
        other.write_text(Authority("Other").pem)
        said = steps.refused(CRL, **own, **{**signing, "ca_certificate": str(other)}, certificates=[certificate])
        assert said.endswith("ca_key: found another key than that of ca_certificate")
        said = steps.refused(CRL, **own, ca_certificate="/none", certificates=[certificate])
        assert said.endswith("ca_certificate: /none cannot be read: No such file or directory")
    with subtests.test("the list goes before its trust anchor does"):
        assert operations(steps.converge(CRL, **own, state="absent")) == ["DeleteCrl"]


def test_bad_input_is_refused(aws: Surroundings, steps: Steps) -> None:
    pem = Authority().pem
    said = steps.refused(ANCHOR, name="edge", source={"source_data": {"x509_certificate_data": "none"}})
    assert "trust anchor edge: source.source_data.x509_certificate_data: found no certificate" in said
    aws.trust_anchor(pem)
    aws.trust_anchor(pem)
    assert "trust anchor edge: found 2 of it: " in steps.refused(ANCHOR, name="edge", enabled=False)
    said = steps.refused(PROFILE, name="edge", role_arns=["prod-hybrid"], duration_seconds=60)
    assert "profile edge: role_arns: found 'prod-hybrid'" in said
    assert "duration_seconds: found 60, wanted 900 to 43200" in said
