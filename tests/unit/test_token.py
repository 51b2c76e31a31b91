# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bearer tokens of EKS: their form, what they carry, and when a stored one still serves."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError

from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.token import (
    PREFIX,
    RENEWAL,
    VALIDITY,
    Tokens,
    make_token,
    read_token,
    still_serves,
)
from support.scripted import Clock
from support.tokens import NOW, token_signed

KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "a-secret-that-never-shows"}


def sts(region: str = "eu-central-1", **connection: Any) -> Any:
    return boto3.session.Session().client("sts", region_name=region, **{**KEYS, **connection})


def url_in(token: str) -> str:
    encoded = token.removeprefix(PREFIX)
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()


def query_in(token: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url_in(token)).query).items()}


def test_form_is_that_of_the_aws_cli() -> None:
    token = make_token(sts(), "demo")
    assert token.startswith("k8s-aws-v1.")
    assert "=" not in token
    assert url_in(token).startswith(
        "https://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&"
    )
    assert list(query_in(token)) == [
        "Action",
        "Version",
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
    ]
    assert query_in(token)["X-Amz-Expires"] == "60"


def test_header_with_the_cluster_name_is_signed() -> None:
    token = make_token(sts(), "demo")
    query = query_in(token)
    assert query["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"
    assert query["X-Amz-Signature"] == signature_over(query, "demo")
    assert query["X-Amz-Signature"] != signature_over(query, "other")


def signature_over(query: dict[str, str], cluster: str) -> str:
    """What botocore's signer computes for the request that a cluster sends with its own name as the header."""
    names = [name for name in query if name != "X-Amz-Signature"]
    text = "&".join(f"{name}={query[name].replace('/', '%2F').replace(';', '%3B')}" for name in sorted(names))
    url = f"https://sts.eu-central-1.amazonaws.com/?{text}"
    request = AWSRequest("GET", url, headers={"host": "sts.eu-central-1.amazonaws.com", "x-k8s-aws-id": cluster})
    request.context["timestamp"] = query["X-Amz-Date"]
    credentials = Credentials(KEYS["aws_access_key_id"], KEYS["aws_secret_access_key"])
    signer = SigV4QueryAuth(credentials, "sts", "eu-central-1", expires=60)
    canonical = signer.canonical_request(request).replace("UNSIGNED-PAYLOAD", EMPTY_PAYLOAD)
    signature: str = signer.signature(signer.string_to_sign(request, canonical), request)
    return signature


EMPTY_PAYLOAD = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of no bytes


def test_secret_key_is_not_in_the_token() -> None:
    assert KEYS["aws_secret_access_key"] not in url_in(make_token(sts(), "demo"))


def test_session_token_travels_along() -> None:
    assert query_in(make_token(sts(aws_session_token="session/+="), "demo"))["X-Amz-Security-Token"] == "session/+="


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "sts.us-east-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
    ],
)
def test_endpoint_is_that_of_the_region_and_its_partition(region: str, host: str) -> None:
    signature = read_token(make_token(sts(region), "demo"))
    assert signature is not None
    assert signature.host == host


def test_custom_endpoint_is_honoured() -> None:
    url = url_in(make_token(sts(endpoint_url="http://127.0.0.1:4566"), "demo"))
    assert url.startswith("http://127.0.0.1:4566/?")


def test_client_is_left_as_it_was() -> None:
    client = sts()
    make_token(client, "demo")
    assert "x-k8s-aws-id" not in client.generate_presigned_url("get_caller_identity")
    assert query_in(make_token(client, "other"))["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"


def test_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    client = sts(aws_access_key_id=None, aws_secret_access_key=None)
    with pytest.raises(NoCredentialsError):
        make_token(client, "demo")


def test_token_tells_its_signer_and_its_end() -> None:
    signature = read_token(token_signed(timedelta(0), "AKIA1"))
    assert signature is not None
    assert signature.access_key == "AKIA1"
    assert signature.expires == NOW + timedelta(minutes=14)


@pytest.mark.parametrize(
    "text", ["", "abc", "k8s-aws-v1.", "k8s-aws-v1.!!!", "k8s-aws-v1._-8", "eyJhbGciOiJSUzI1NiJ9.e30.x"]
)
def test_what_is_no_token_of_eks(text: str) -> None:
    assert read_token(text) is None


@pytest.mark.parametrize(
    ("stored", "same_signer", "serves"),
    [
        (token_signed(timedelta(0)), True, True),
        (token_signed(VALIDITY - RENEWAL), True, True),
        (token_signed(VALIDITY - RENEWAL + timedelta(seconds=1)), True, False),
        (token_signed(timedelta(0), access_key="ASIA"), True, False),
        (token_signed(timedelta(0), access_key="ASIA"), False, True),
        (token_signed(timedelta(0), host="127.0.0.1:4566"), True, False),
        ("no token", True, False),
    ],
)
def test_when_a_stored_token_still_serves(stored: str, same_signer: bool, serves: bool) -> None:
    assert still_serves(stored, token_signed(timedelta(0)), same_signer) is serves


def test_a_token_is_made_anew_before_it_runs_out() -> None:
    clock, made = Clock(), iter(["first", "second"])
    tokens = Tokens(lambda: next(made), clock)
    assert (tokens(), tokens()) == ("first", "first")
    clock.sleep((VALIDITY - RENEWAL).total_seconds() - 1)
    assert tokens() == "first"
    clock.sleep(1)
    assert tokens() == "second"
