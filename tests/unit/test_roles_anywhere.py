# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust anchors and profiles: their rules, and what the engine does for a service that is not EKS."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._apply import make_present
from ansible_collections.flotilla.eks.plugins.module_utils._client import Client
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Desired, Refused, present
from ansible_collections.flotilla.eks.plugins.module_utils._read import observe
from ansible_collections.flotilla.eks.plugins.module_utils._resources.roles_anywhere_profile import (
    PROFILE,
    rules_to_change,
)
from ansible_collections.flotilla.eks.plugins.module_utils._resources.roles_anywhere_trust_anchor import (
    TRUST_ANCHOR,
    certificates,
    prepare,
)
from support.jobs import done, job
from support.scripted import Clock, ScriptedAws
from support.strategies import pem

ID = "1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9"
ARN = f"arn:aws:rolesanywhere:eu-central-1:123456789012:profile/{ID}"
ROLE = "arn:aws:iam::123456789012:role/prod-hybrid"
EXPIRY = {"event": "CA_CERTIFICATE_EXPIRY", "enabled": True, "threshold": 45}
END = {**EXPIRY, "event": "END_ENTITY_CERTIFICATE_EXPIRY"}


def source(text: str, **members: Any) -> Values:
    return {"source": {**members, "source_data": {"x509_certificate_data": text}}}


def test_certificates_are_compared_and_nothing_around_them() -> None:
    both = f"# one\n{pem('one')}\r\n{pem('two')}"
    assert certificates(both) == certificates(pem("two") + pem("one")) == ["one", "two"]
    assert certificates(None) == certificates("nothing") == []


def test_the_type_follows_from_the_data() -> None:
    given = source(pem("a"))
    assert prepare(given)["source"]["source_type"] == "CERTIFICATE_BUNDLE"
    assert "source_type" not in given["source"]
    assert prepare({"source": {"source_data": {"acm_pca_arn": "arn"}}})["source"]["source_type"] == "AWS_ACM_PCA"
    assert prepare({"enabled": True}) == {"enabled": True}
    said = source(pem("a"), source_type="AWS_ACM_PCA")
    assert prepare(said) == said


@pytest.mark.parametrize(
    ("name", "values", "problem"),
    [
        ("a/b", {}, "name: found 'a/b'"),
        ("x" * 256, {}, "wanted 1 to 255 letters"),
        ("edge", source("none"), "source.source_data.x509_certificate_data: found no certificate"),
        ("edge", source(pem("a") + "-----BEGIN EC PRIVATE KEY-----\nKEY"), "found a private key, wanted certificates"),
        ("edge", source(pem("a"), source_type="AWS_ACM_PCA"), "source.source_type: found AWS_ACM_PCA, wanted CERT"),
        ("edge", {"notification_settings": [EXPIRY, EXPIRY]}, "wanted each event once"),
        ("edge", {"notification_settings": [{**EXPIRY, "threshold": 361}]}, "threshold: found 361, wanted 1 to 360"),
        ("edge", {"notification_settings": [{**EXPIRY, "threshold": None}]}, "EXPIRY].threshold: missing"),
    ],
)
def test_bad_trust_anchors_are_refused(name: str, values: Values, problem: str) -> None:
    good = source(pem("a"), source_type="CERTIFICATE_BUNDLE")
    with pytest.raises(Refused, match=f"trust anchor {name[:3]}") as refused:
        present(TRUST_ANCHOR, Desired({"name": name}, {**good, **values}), None)
    assert problem in str(refused.value)
    assert "KEY\n" not in str(refused.value).replace("PRIVATE KEY", "")


def test_notices_that_are_not_named_are_left_alone() -> None:
    observed = {"name": "edge", "trust_anchor_id": ID, "notification_settings": [{**EXPIRY, "channel": "ALL"}, END]}

    def planned(*settings: Values) -> list[Any]:
        wanted = Desired({"name": "edge"}, {"notification_settings": list(settings)})
        return [change.params for change in present(TRUST_ANCHOR, wanted, observed)]

    assert planned(END) == planned(EXPIRY, END) == planned() == []
    assert planned({**EXPIRY, "threshold": 9}) == [
        {"trust_anchor_id": ID, "notification_settings": [{**EXPIRY, "threshold": 9, "channel": "ALL"}]}
    ]


@pytest.mark.parametrize(
    ("before", "wanted", "operations"),
    [
        (True, False, ["DisableTrustAnchor"]),
        (False, True, ["EnableTrustAnchor"]),
        (None, True, ["EnableTrustAnchor"]),
        (True, True, []),
        (None, False, []),
    ],
)
def test_a_switch_is_an_operation_for_each_position(before: bool | None, wanted: bool, operations: list[str]) -> None:
    observed = {"name": "edge", "trust_anchor_id": ID, "enabled": before}
    changes = present(TRUST_ANCHOR, Desired({"name": "edge"}, {"enabled": wanted}), observed)
    assert [change.operation for change in changes] == operations
    assert all(change.params == {"trust_anchor_id": ID} for change in changes)


@pytest.mark.parametrize(
    ("before", "after", "gone", "put"),
    [
        (["*"], ["CN"], ["*"], True),
        (["*", "CN"], ["CN"], ["*"], False),
        (["*"], ["CN", "*"], [], True),
        (["*", "CN"], [], ["*", "CN"], False),
        (None, ["CN"], [], True),
        (None, [], [], False),
    ],
)
def test_rules_are_removed_and_put(before: list[str] | None, after: list[str], gone: list[str], put: bool) -> None:
    old, new = (None if names is None else mapping(*names) for names in (before, after))
    assert new is not None
    less, more = rules_to_change(old, new)
    assert less == ({"specifiers": gone} if gone else {})
    assert more == (new if put else {})


def mapping(*specifiers: str) -> Values:
    rules = [{"specifier": name} for name in specifiers]
    return {"certificate_field": "x509Subject", "mapping_rules": rules}


def test_what_was_created_is_called_by_its_id_from_then_on(clock: Clock) -> None:
    described = {"profileId": ID, "profileArn": ARN, "name": "edge", "roleArns": [ROLE]}
    aws = ScriptedAws(
        {
            "ListProfiles": [{"profiles": []}, {"profiles": [described]}],
            "CreateProfile": [{"profile": described}],
            "PutAttributeMapping": [{"profile": described}],
            "GetProfile": [{"profile": described}],
            "ListTagsForResource": [{"tags": [{"key": "Team", "value": "a"}]}],
        }
    )
    wanted = {"role_arns": [ROLE], "attribute_mappings": [mapping("CN")]}
    outcome = make_present(job(clock, aws, wanted, kind="roles_anywhere_profile", tags={"Team": "a"}))
    assert done(outcome) == ["CreateProfile", "PutAttributeMapping"]
    [creation] = aws.bodies("CreateProfile")
    assert creation == {"name": "edge", "roleArns": [ROLE], "tags": [{"key": "Team", "value": "a"}]}
    assert aws.bodies("PutAttributeMapping") == [
        {"certificateField": "x509Subject", "mappingRules": [{"specifier": "CN"}]}
    ]
    assert outcome.observed
    assert outcome.observed["tags"] == {"Team": "a"}
    assert aws.connections == ["rolesanywhere"]


def test_two_of_a_name_are_told_apart_by_nobody() -> None:
    twice = [{"profileId": ID.replace("1", number), "name": "edge"} for number in "23"]
    aws = ScriptedAws({"ListProfiles": [{"profiles": [*twice, {"profileId": ID, "name": "other"}]}]})
    with pytest.raises(Refused, match="profile edge: found 2 of it: "):
        observe(Client(aws.connect), PROFILE, {"name": "edge"})
