# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When two versions of a launch template are the same, whatever EC2 makes of their words."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import pytest
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.launch_data import (
    ONLY_ANSWERED,
    differences,
    fingerprint,
    same,
    stored,
    text_of,
)
from ansible_collections.flotilla.eks.plugins.module_utils._shapes import from_api, snake, to_api
from ansible_collections.flotilla.eks.plugins.module_utils._validate import Validator
from support.strategies import of_shape

EC2 = Session().get_service_model("ec2")
REQUEST = EC2.shape_for("RequestLaunchTemplateData")
RESPONSE = EC2.shape_for("ResponseLaunchTemplateData")
DATA = of_shape(REQUEST, {"user_data": st.text(max_size=30)})


@st.composite
def echoed(draw: st.DrawFn, value: Any) -> Any:
    """The same in another order, and with empty members."""
    if isinstance(value, dict):
        told = {name: draw(echoed(item)) for name, item in value.items()}
        return told | draw(st.sampled_from([{}, {"of_nothing": []}, {"of_nothing": ""}]))
    return draw(st.permutations([draw(echoed(item)) for item in value])) if isinstance(value, list) else value


def parsed(value: Any, name: str = "") -> Any:
    """An answer as botocore hands it over: moments in time are no texts."""
    if isinstance(value, dict):
        return {key: parsed(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [parsed(item) for item in value]
    return datetime.fromisoformat(value) if name == "ValidUntil" else value


@given(DATA, st.data())
def test_what_ec2_echoes_is_the_same(data: dict[str, Any], choice: st.DataObject) -> None:
    wanted = stored(data)
    answer = choice.draw(echoed(wanted))
    for name, answered in ONLY_ANSWERED.items():
        if name in answer:
            answer[name] |= dict.fromkeys(answered, "pending")
    assert same(wanted, answer)
    assert differences(answer, wanted) == []


@given(DATA)
def test_what_is_sent_and_answered_is_what_was_given(data: dict[str, Any]) -> None:
    wanted = stored(data)
    assert same(from_api(RESPONSE, parsed(to_api(REQUEST, wanted))), wanted)
    assert (text_of(wanted) or "") == data.get("user_data", "")


@given(DATA)
def test_what_ec2_takes_is_accepted(data: dict[str, Any]) -> None:
    validator = Validator()
    assert validator.shaped(REQUEST, data, "launch_template") == data
    assert validator.problems == []


@given(DATA, DATA)
def test_others_differ_by_name(one: dict[str, Any], other: dict[str, Any]) -> None:
    before, after = stored(one), stored(other)
    found = {difference.path for difference in differences(before, after)}
    assert same(before, after) == (not found)
    assert found <= before.keys() | after.keys()


def test_every_member_of_a_request_is_answered() -> None:
    assert {snake(name) for name in REQUEST.members} <= {snake(name) for name in RESPONSE.members}


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ({}, {"metadata_options": {"http_endpoint": "enabled", "state": "pending"}}, True),
        ({}, {"metadata_options": {"http_tokens": "optional"}}, False),
        ({"metadata_options": {"http_put_response_hop_limit": 2}}, {}, False),
        ({"ebs_optimized": False}, {}, False),
        ({"security_group_ids": ["a", "b"]}, {"security_group_ids": ["b", "a"]}, True),
        ({"security_group_ids": ["a"]}, {"security_group_ids": ["a", "b"]}, False),
        ({"user_data": "YQ=="}, {"user_data": "YQ==\n"}, True),
        ({"user_data": "YQ=="}, {"user_data": "Yg=="}, False),
        ({"key_name": ""}, {}, True),
    ],
)
def test_same(one: dict[str, Any], other: dict[str, Any], equal: bool) -> None:
    assert [same(*pair) for pair in ((one, other), (other, one))] == [equal, equal]


def test_user_data_are_told_by_their_fingerprint() -> None:
    old, new = stored({"user_data": "old secret"}), stored({"user_data": "new secret"})
    (told,) = differences(old, new)
    assert (told.path, told.before, told.after) == ("user_data", fingerprint(old), fingerprint(new))
    assert fingerprint(new) == f"sha256:{hashlib.sha256(b'new secret').hexdigest()}"


@pytest.mark.parametrize("data", [{}, {"user_data": ""}, {"user_data": "H4sIAAAAAAAA/0s="}])
def test_what_is_no_text(data: dict[str, Any]) -> None:
    assert text_of(data) is None
    assert (fingerprint(data) is None) == (not data.get("user_data"))
