# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning and making hybrid activations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid import activations
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.activations import (
    NAME_TAG,
    Wish,
    check,
    make_absent,
    make_present,
    named,
    plan_absent,
    plan_present,
    read,
)
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience
from support.scripted import Clock, Refusal, ScriptedAws

ROLE = {"iam_role": "prod-hybrid"}
NOT_READY = Refusal("ValidationException", "Nonexistent role or missing ssm service principal in trust policy: arn:x")
CODE = "QC2CV0/lRfn+LTqf23Bf"
IDS = [f"{number}b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9" for number in range(4)]


def activation(number: int = 0, registered: int = 0, limit: int = 2, *, expired: bool = False) -> dict[str, Any]:
    return {
        "activation_id": IDS[number],
        "registrations_count": registered,
        "registration_limit": limit,
        "expired": expired,
        "name": "edge",
    }


@pytest.mark.parametrize(
    ("registrations", "found", "expected"),
    [
        (0, [], []),
        (2, [], ["CreateActivation"]),
        (2, [activation()], ["CreateActivation"]),
        (0, [activation(registered=1)], []),
        (0, [activation(registered=2)], ["DeleteActivation"]),
        (0, [activation(expired=True)], ["DeleteActivation"]),
        (
            1,
            [activation(expired=True), activation(1), activation(2, 2)],
            ["CreateActivation", "DeleteActivation", "DeleteActivation"],
        ),
    ],
)
def test_plan(registrations: int, found: list[dict[str, Any]], expected: list[str]) -> None:
    changes = plan_present(Wish("edge", registrations, 600, ROLE), found)
    assert [change.operation for change in changes] == expected


@given(
    st.lists(st.builds(activation, st.integers(0, 3), st.integers(0, 5), st.integers(1, 5), expired=st.booleans())),
    st.integers(0, 3),
)
def test_what_may_be_in_use_is_never_removed_by_others(found: list[dict[str, Any]], registrations: int) -> None:
    changes = plan_present(Wish("edge", registrations, 600, ROLE), found)
    removed = [change.params["activation_id"] for change in changes if change.action == "delete"]
    useless = [one for one in found if one["expired"] or one["registrations_count"] >= one["registration_limit"]]
    assert removed == [one["activation_id"] for one in useless]
    left = [one for one in found if one not in useless]
    assert plan_present(Wish("edge", 0, 600), left) == []
    assert len(plan_absent(found)) == len(found)


def test_the_name_is_a_tag() -> None:
    [creation] = plan_present(Wish("edge", 2, 600, ROLE, {"a": "b"}), [])
    assert creation.params == {**ROLE, "registration_limit": 2, "tags": {"a": "b", NAME_TAG: "edge"}}
    assert {one.path: one.after for one in creation.differences} == {
        "name": "edge",
        "expires_in": 600,
        **creation.params,
    }


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"members": {}}, "iam_role: missing; without a role no activation can be made"),
        (
            {"members": {"iam_role": "arn:aws:iam::123456789012:role/site/prod-hybrid"}},
            "iam_role: found an ARN, arn:aws:iam::123456789012:role/site/prod-hybrid, wanted the role's name with its "
            "path: site/prod-hybrid",
        ),
        ({"members": {"iam_role": "x" * 65}}, "iam_role: found 65 characters, of which SSM takes 64"),
        ({"registrations": 1001}, "registration_limit: found 1001, wanted 0 to 1000"),
        ({"registrations": -1}, "registration_limit: found -1"),
        ({"lifetime": 59}, "expires_in: found 59, wanted 60 to 2592000 seconds"),
        ({"lifetime": 2592001}, "expires_in: found 2592001"),
        ({"tags": {"aws:x": "1"}}, "tags: found the key 'aws:x'"),
        ({"tags": {str(number): "" for number in range(50)}}, "tags: found 50, wanted at most 49"),
    ],
)
def test_bad_wishes_are_refused(changed: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"name": "edge", "registrations": 1, "lifetime": 600, "members": ROLE}
    check(Wish(**good))
    with pytest.raises(Refused, match="activation edge: ") as refused:
        check(Wish(**{**good, **changed}))
    assert message in str(refused.value)


def scripted(**answers: Any) -> tuple[ScriptedAws, Client]:
    told = {"ActivationId": IDS[0], "RegistrationLimit": 1, "Expired": False}
    listed = {"ActivationList": [{**told, "Tags": [{"Key": NAME_TAG, "Value": "edge"}]}]}
    aws = ScriptedAws(
        {
            "DescribeActivations": [{"ActivationList": []}, listed],
            "CreateActivation": [{"ActivationId": IDS[0], "ActivationCode": CODE}],
            **answers,
        }
    )
    return aws, Client(aws.connect)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    patience = Patience(timeout=60, delay=5, clock=clock, sleep=clock.sleep)
    monkeypatch.setattr(activations, "PROPAGATION", patience)
    return clock


def test_a_role_that_is_not_known_yet_is_waited_for(clock: Clock) -> None:
    made = {"ActivationId": IDS[0], "ActivationCode": CODE}
    aws, client = scripted(CreateActivation=[NOT_READY, NOT_READY, made])
    outcome = make_present(client, Wish("edge", 1, 600, ROLE), check_mode=False, discreet=True)
    assert outcome.told == {"activation_code": CODE}
    assert outcome.observed
    assert outcome.observed["name"] == "edge"
    assert len(clock.pauses) == 2
    assert aws.writes == ["CreateActivation"] * 3


def test_a_role_that_stays_unknown_is_named(clock: Clock) -> None:
    _aws, client = scripted(CreateActivation=[NOT_READY])
    with pytest.raises(AwsError, match=r"Nonexistent role.*iam_role: give a role that exists") as refused:
        make_present(client, Wish("edge", 1, 600, ROLE), check_mode=False, discreet=True)
    assert refused.value.code == "ValidationException"
    assert clock.now >= 60


def test_other_refusals_are_not_waited_out(clock: Clock) -> None:
    _aws, client = scripted(CreateActivation=[Refusal("InvalidParameters", "Bad")])
    with pytest.raises(AwsError, match="Bad"):
        make_present(client, Wish("edge", 1, 600, ROLE), check_mode=False, discreet=True)
    assert clock.pauses == []


def test_it_is_told_by_its_id_as_long_as_ssm_does_not_list_it(clock: Clock) -> None:
    _aws, client = scripted(DescribeActivations=[{"ActivationList": []}])
    outcome = make_present(client, Wish("edge", 1, 600, ROLE), check_mode=False, discreet=True)
    assert outcome.observed == {"activation_id": IDS[0]}


def test_it_expires_by_the_clock_of_aws(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    aws, client = scripted()
    monkeypatch.setattr(Client, "now", datetime(2030, 1, 2, 3, tzinfo=UTC))
    make_present(client, Wish("edge", 1, 600, ROLE), check_mode=False, discreet=True)
    [body] = aws.bodies("CreateActivation")
    assert datetime.fromtimestamp(body["ExpirationDate"], UTC) == datetime(2030, 1, 2, 3, 10, tzinfo=UTC)


def test_nothing_is_written_that_a_log_would_show() -> None:
    aws, client = scripted()
    with pytest.raises(Refused, match=r"activation edge: its creation answers with activation_code.*no_log: true"):
        make_present(client, Wish("edge", 1, 600, ROLE), check_mode=False, discreet=False)
    assert aws.writes == []
    [warning] = make_present(client, Wish("edge", 1, 600, ROLE), check_mode=True, discreet=False).warnings
    assert "no_log: true" in warning


def test_what_is_gone_meanwhile_is_as_gone_as_it_was_to_be() -> None:
    _aws, client = scripted(DeleteActivation=[Refusal("InvalidActivation", "Gone")])
    assert make_absent(client, [activation()], check_mode=False).changed
    _aws, client = scripted(DeleteActivation=[Refusal("TooManyUpdates", "Busy")])
    with pytest.raises(AwsError, match="Busy"):
        make_absent(client, [activation()], check_mode=False)


def test_names_are_read_from_tags() -> None:
    told = [{"ActivationId": one, "Tags": [{"Key": NAME_TAG, "Value": "edge"}]} for one in IDS[:2]]
    _aws, client = scripted(DescribeActivations=[{"ActivationList": [*told, {"ActivationId": IDS[2]}]}])
    found = read(client)
    assert [one["name"] for one in found] == ["edge", "edge", None]
    assert [one["activation_id"] for one in named(found, "edge")] == IDS[:2]
    assert found[2]["tags"] == {}
