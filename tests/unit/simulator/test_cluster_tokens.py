# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster takes for a token: the rules of the authenticator, one by one, and STS's signature."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.token import make_token
from eks_simulator.callers import make_key
from eks_simulator.control_plane.tokens import PREFIX, BadToken, Presigned, read

KEY, SECRET = make_key()
OWN_URL = "http://127.0.0.1:4566"
URL = "https://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15"


def made(**connection: Any) -> str:
    """A token for the cluster `demo`, as the collection makes it."""
    keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "region_name": "eu-central-1"}
    return make_token(boto3.session.Session().client("sts", **{**keys, **connection}), "demo")


def url_of(token: str) -> str:
    encoded = token.removeprefix(PREFIX)
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()


def token_of(url: str) -> str:
    return PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def checked(token: str, later: timedelta = timedelta(0)) -> Presigned:
    return read(token, datetime.now(UTC) + later, OWN_URL)


def test_a_token_says_who_signed_it_and_where() -> None:
    presigned = checked(made())
    assert (presigned.access_key, presigned.region, presigned.session_token) == (KEY, "eu-central-1", "")


def test_the_signature_is_of_the_key_and_for_the_cluster() -> None:
    presigned = checked(made())
    assert presigned.is_signature_of(SECRET, "demo")
    assert not presigned.is_signature_of(SECRET, "another")
    assert not presigned.is_signature_of(make_key()[1], "demo")


def test_the_session_token_of_temporary_credentials_is_signed_with_the_rest() -> None:
    presigned = checked(made(aws_session_token="A+session/token=="))
    assert presigned.session_token == "A+session/token=="
    assert presigned.is_signature_of(SECRET, "demo")


@pytest.mark.parametrize("endpoint", [OWN_URL, "https://sts.amazonaws.com", "https://sts.cn-north-1.amazonaws.com.cn"])
def test_sts_may_be_the_simulators_own_or_any_of_amazons(endpoint: str) -> None:
    assert checked(made(endpoint_url=endpoint)).is_signature_of(SECRET, "demo")


@pytest.mark.parametrize(
    ("was", "becomes", "reason"),
    [
        ("https:", "http:", "unexpected scheme or host"),
        ("sts.eu-central-1.amazonaws.com", "sts.example.com", "unexpected scheme or host"),
        ("sts.eu-central-1.amazonaws.com", "sts.eu-central-1.amazonaws.com.example.com", "unexpected scheme or host"),
        ("com/?", "com/elsewhere?", "unexpected path"),
        ("GetCallerIdentity", "GetSessionToken", "unexpected action"),
        ("Version=2011-06-15", "Version=2011-06-15&Format=json", "non-whitelisted query parameter 'Format'"),
        ("Version=2011-06-15", "Version=2011-06-15&version=2011-06-15", "multiple values"),
        ("host%3Bx-k8s-aws-id", "host", "did not sign the x-k8s-aws-id header"),
        ("host%3Bx-k8s-aws-id", "accept%3Bhost%3Bx-k8s-aws-id", "signed headers that STS does not get"),
        ("X-Amz-Expires=60", "X-Amz-Expires=901", "invalid X-Amz-Expires"),
        ("X-Amz-Expires=60", "X-Amz-Expires=soon", "invalid X-Amz-Expires"),
        ("X-Amz-Date=20", "X-Amz-Date=x", "error parsing X-Amz-Date"),
        ("%2Fsts%2F", "%2Feks%2F", "not scoped to STS"),
        ("X-Amz-Signature=", "X-Amz-User-Agent=", "there is no signature"),
    ],
)
def test_what_is_wrong_with_the_request_is_refused(was: str, becomes: str, reason: str) -> None:
    url = url_of(made())
    assert was in url
    with pytest.raises(BadToken, match=reason):
        checked(token_of(url.replace(was, becomes)))


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("", "missing expected 'k8s-aws-v1.' prefix"),
        (f"k8s-aws-v2.{base64.urlsafe_b64encode(URL.encode()).decode()}", "missing expected"),
        (f"{PREFIX}a", "not base64"),
        (PREFIX + "A" * 5000, "too large"),
    ],
)
def test_what_is_no_request_is_refused(token: str, reason: str) -> None:
    with pytest.raises(BadToken, match=reason):
        checked(token)


def test_a_token_serves_for_fifteen_minutes() -> None:
    token = made()
    assert checked(token, timedelta(minutes=14, seconds=50))
    with pytest.raises(BadToken, match="expired"):
        checked(token, timedelta(minutes=15, seconds=10))


def test_a_token_of_the_future_is_refused_but_for_what_clocks_may_differ() -> None:
    token = made()
    assert checked(token, -timedelta(minutes=4))
    with pytest.raises(BadToken, match="not yet current"):
        checked(token, -timedelta(minutes=6))
