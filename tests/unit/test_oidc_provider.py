# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning an OpenID Connect provider."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._oidc_provider import ARGUMENT_SPEC, Wish, plan, wished
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused

URL = "https://oidc.eks.eu-central-1.amazonaws.com/id/0A"
ADD, REMOVE = "AddClientIDToOpenIDConnectProvider", "RemoveClientIDFromOpenIDConnectProvider"
TAG, UNTAG = "TagOpenIDConnectProvider", "UntagOpenIDConnectProvider"
DEFAULTS = {name: option.get("default") for name, option in ARGUMENT_SPEC.items()}


def observed(client_ids: tuple[str, ...] = ("sts.amazonaws.com",), **tags: str) -> dict[str, Any]:
    return {"url": URL, "client_ids": list(client_ids), "tags": tags}


def calls(wish: Wish, found: dict[str, Any] | None) -> list[tuple[str, dict[str, Any]]]:
    return [(change.operation, change.params) for change in plan(wish, found)]


def test_a_new_one_gets_no_thumbprints() -> None:
    assert calls(Wish(URL), None) == [
        ("CreateOpenIDConnectProvider", {"Url": URL, "ClientIDList": ["sts.amazonaws.com"]})
    ]
    ((_operation, members),) = calls(Wish(URL, tags={"a": "b"}), None)
    assert members["Tags"] == [{"Key": "a", "Value": "b"}]


@pytest.mark.parametrize(
    ("wish", "found", "expected"),
    [
        (Wish(URL), observed(), []),
        (Wish(URL), observed(("x", "sts.amazonaws.com"), a="b"), []),
        (Wish(URL), observed(("x",)), [(ADD, {"ClientID": "sts.amazonaws.com"})]),
        (
            Wish(URL, purge_client_ids=True),
            observed(("x",)),
            [(ADD, {"ClientID": "sts.amazonaws.com"}), (REMOVE, {"ClientID": "x"})],
        ),
        (Wish(URL, (), purge_client_ids=True), observed(("x",)), [(REMOVE, {"ClientID": "x"})]),
        (Wish(URL, tags={}), observed(a="b"), [(UNTAG, {"TagKeys": ["a"]})]),
        (Wish(URL, tags={}, purge_tags=False), observed(a="b"), []),
        (
            Wish(URL, tags={"a": "c", "n": "1"}),
            {**observed(), "tags": {"a": "b", "old": "x", "aws:own": "1"}},
            [
                (UNTAG, {"TagKeys": ["old"]}),
                (TAG, {"Tags": [{"Key": "a", "Value": "c"}, {"Key": "n", "Value": "1"}]}),
            ],
        ),
        (Wish(URL, present=False), observed(), [("DeleteOpenIDConnectProvider", {})]),
        (Wish(URL, present=False), None, []),
    ],
)
def test_what_differs_is_changed_and_nothing_else(wish: Wish, found: Any, expected: Any) -> None:
    assert calls(wish, found) == expected


def test_audiences_given_twice_are_one() -> None:
    assert wished("it", {**DEFAULTS, "client_ids": ["a", "b", "a"]}, URL).client_ids == ("a", "b")


def test_what_makes_no_sense_is_refused_whole() -> None:
    with pytest.raises(Refused) as caught:
        wished("OIDC provider x", {**DEFAULTS, "tags": {"aws:x": "y"}}, "http://x")
    assert str(caught.value) == (
        "OIDC provider x: tags: found the key 'aws:x'; keys with the prefix aws: belong to AWS, remove it; "
        "url: found 'http://x', wanted an address that begins with https://"
    )
