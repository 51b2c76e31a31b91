# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one door to AWS: names, pages, attempts, errors, and no write in check mode."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client, WriteInCheckMode, portions
from support import scripted
from support.descriptors import EKS
from support.scripted import BROKEN, IN_USE, NOT_FOUND, THROTTLED, Clock, Refusal, ScriptedAws

pytestmark = pytest.mark.usefixtures("clock")

WEB = {"cluster_name": "prod", "name": "prod", "nodegroup_name": "web"}


def client(aws: ScriptedAws, **words: Any) -> Client:
    return Client(aws.connect, **words)


def failure(aws: ScriptedAws, operation: str = "DescribeNodegroup", **values: Any) -> AwsError:
    with pytest.raises(AwsError) as failed:
        client(aws).call(operation, **(values or WEB))
    return failed.value


def test_call_speaks_the_language_of_both_sides() -> None:
    aws = ScriptedAws({"UpdateNodegroupConfig": [{"update": {"id": "1", "createdAt": 0, "params": []}}]})
    labels = {"add_or_update_labels": {"appTier": "1"}}
    answer = client(aws).call("UpdateNodegroupConfig", **WEB, labels=labels, principal_arn="not of this operation")
    assert aws.bodies("UpdateNodegroupConfig") == [{"labels": {"addOrUpdateLabels": {"appTier": "1"}}}]
    assert answer["update"] == {"id": "1", "created_at": "1970-01-01T00:00:00+00:00", "params": []}


def test_call_without_an_answer() -> None:
    aws = ScriptedAws({"TagResource": [{}]})
    arn = "arn:aws:eks:eu-central-1:123456789012:cluster/prod"
    assert client(aws).call("TagResource", resource_arn=arn, tags={"CostCenter": "1"}) == {}
    assert aws.bodies("TagResource") == [{"tags": {"CostCenter": "1"}}]


def test_all_pages_are_read() -> None:
    names = [f"group-{number}" for number in range(250)]
    pages: list[Any] = [
        {"nodegroups": names[:100], "nextToken": "1"},
        {"nodegroups": names[100:200], "nextToken": "2"},
        {"nodegroups": names[200:]},
    ]
    aws = ScriptedAws({"ListNodegroups": pages})
    assert client(aws).pages("ListNodegroups", "nodegroups", cluster_name="prod") == names
    assert aws.calls == ["ListNodegroups"] * 3


def test_other_services_are_read_in_their_own_spelling() -> None:
    answer = b"<R><subnetSet><item><subnetId>subnet-a</subnetId><vpcId>vpc-1</vpcId></item></subnetSet></R>"
    aws = ScriptedAws({"DescribeSubnets": [answer]})
    found = client(aws, read_only=True).read("ec2", "DescribeSubnets", SubnetIds=["subnet-a"])
    assert found["Subnets"] == [{"SubnetId": "subnet-a", "VpcId": "vpc-1"}]


def test_listings_of_other_services_are_whole_and_in_options_spelling() -> None:
    page = b"<R><subnetSet><item><subnetId>subnet-%s</subnetId></item></subnetSet>%s</R>"
    aws = ScriptedAws({"DescribeSubnets": [page % (b"a", b"<nextToken>1</nextToken>"), page % (b"b", b"")]})
    assert client(aws, read_only=True).listed("ec2", "DescribeSubnets", "Subnets") == [
        {"subnet_id": "subnet-a"},
        {"subnet_id": "subnet-b"},
    ]
    assert aws.calls == ["DescribeSubnets"] * 2


def test_changes_of_other_services_are_made_in_their_own_spelling_and_not_in_check_mode() -> None:
    made = b"<R><CreateOpenIDConnectProviderResult><OpenIDConnectProviderArn>arn:x</OpenIDConnectProviderArn>"
    aws = ScriptedAws({"CreateOpenIDConnectProvider": [made + b"</CreateOpenIDConnectProviderResult></R>"]})
    with pytest.raises(WriteInCheckMode, match="CreateOpenIDConnectProvider"):
        client(aws, read_only=True).write("iam", "CreateOpenIDConnectProvider", Url="https://x")
    assert aws.calls == []
    answer = client(aws).write("iam", "CreateOpenIDConnectProvider", Url="https://x")
    assert answer["OpenIDConnectProviderArn"] == "arn:x"


def test_services_are_connected_to_when_needed_and_once() -> None:
    aws = ScriptedAws({"ListClusters": [{"clusters": []}]})
    ours = client(aws)
    assert aws.connections == []
    for _time in range(2):
        ours.call("ListClusters")
    assert aws.connections == ["eks"]


READS_BY_POST = {"ListInsights", "DescribeIdentityProviderConfig"}
WRITES = [
    name
    for name in EKS.operation_names
    if EKS.operation_model(name).http["method"] != "GET" and name not in READS_BY_POST
]


@pytest.mark.parametrize("operation", WRITES)
def test_write_in_check_mode_is_stopped(operation: str) -> None:
    aws = ScriptedAws({operation: [{}]})
    with pytest.raises(WriteInCheckMode, match=operation):
        client(aws, read_only=True).call(operation, **WEB)
    assert aws.calls == []


@pytest.mark.parametrize("operation", ["ListClusters", "ListAccessPolicies", "DescribeClusterVersions"])
def test_read_in_check_mode_passes(operation: str) -> None:
    aws = ScriptedAws({operation: [{}]})
    client(aws, read_only=True).call(operation)
    assert aws.calls == [operation]


@pytest.mark.parametrize("trouble", [THROTTLED, BROKEN, Refusal("ServiceUnavailableException", "later", 503)])
def test_trouble_that_passes_is_survived(trouble: Refusal) -> None:
    aws = ScriptedAws({"DescribeNodegroup": [*[trouble] * 9, {"nodegroup": {"status": "ACTIVE"}}]})
    assert client(aws).call("DescribeNodegroup", **WEB) == {"nodegroup": {"status": "ACTIVE"}}
    assert len(aws.calls) == 10


@pytest.mark.parametrize(
    ("environment", "attempts"),
    [({}, 10), ({"AWS_MAX_ATTEMPTS": "4"}, 4), ({"AWS_RETRY_MODE": "standard"}, 3)],
    ids=["default", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"],
)
def test_attempts(environment: dict[str, str], attempts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    aws = ScriptedAws({"DescribeNodegroup": [BROKEN]})
    error = failure(aws)
    assert len(aws.calls) == attempts
    assert (error.transient, error.retries) == (True, attempts - 1)


def test_attempts_of_a_creation_carry_one_token() -> None:
    lost = ConnectionClosedError(endpoint_url="https://eks")
    aws = ScriptedAws({"CreateFargateProfile": [lost, lost, {"fargateProfile": {}}]})
    values = {"cluster_name": "prod", "fargate_profile_name": "batch", "pod_execution_role_arn": "arn"}
    client(aws).call("CreateFargateProfile", **values)
    tokens = [body["clientRequestToken"] for _operation, body in aws.sent]
    assert len(tokens) == 3
    assert len(set(tokens)) == 1


@pytest.mark.parametrize(
    ("trouble", "traits"),
    [
        (NOT_FOUND, {"not_found"}),
        (Refusal("NotFoundException", status=404), {"not_found"}),
        (Refusal("NoSuchEntity", status=404), {"not_found"}),
        (IN_USE, {"in_use"}),
        (THROTTLED, {"transient"}),
        (Refusal("TooManyRequestsException", status=400), {"transient"}),
        (Refusal("ServerException", status=500), {"transient"}),
        (Refusal("InvalidParameterException"), set()),
        (Refusal("AccessDeniedException", status=403), set()),
        (ReadTimeoutError(endpoint_url="https://eks"), {"transient"}),
        (EndpointConnectionError(endpoint_url="https://eks"), {"transient"}),
    ],
    ids=lambda value: getattr(value, "code", type(value).__name__),
)
def test_traits_of_errors(trouble: Any, traits: set[str]) -> None:
    error = failure(ScriptedAws({"DescribeNodegroup": [trouble]}))
    assert {name for name in ("not_found", "in_use", "transient") if getattr(error, name)} == traits


def test_request_that_makes_no_sense_is_not_transient() -> None:
    error = failure(ScriptedAws({}), "DescribeNodegroup", cluster_name="prod")
    assert "nodegroupName" in str(error)
    assert not error.transient


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("AccessDeniedException", "Grant this action"),
        ("UnrecognizedClientException", "credentials are not valid here"),
        ("ExpiredTokenException", "have expired: renew them"),
        ("InvalidSignatureException", "the clock of this machine"),
    ],
)
def test_refusal_says_what_to_do(code: str, advice: str) -> None:
    error = failure(ScriptedAws({"DescribeNodegroup": [Refusal(code, "No.", 403)]}))
    assert str(error).startswith("DescribeNodegroup: No.")
    assert advice in str(error)
    assert code in str(error)


def test_missing_credentials_are_named() -> None:
    error = failure(ScriptedAws({"DescribeNodegroup": [{}]}, credentials=False))
    assert "no AWS credentials were found" in str(error)
    assert not error.transient


def test_endpoint_without_an_answer_is_named_and_given_up_soon(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    aws = ScriptedAws({"DescribeNodegroup": [EndpointConnectionError(endpoint_url="http://127.0.0.1:1")]})
    error = failure(aws)
    assert "nobody answers at http://127.0.0.1:1; check endpoint_url" in str(error)
    assert len(aws.calls) == 4
    assert clock.now < 15


def test_region_without_eks_is_named() -> None:
    aws = ScriptedAws({"DescribeNodegroup": [EndpointConnectionError(endpoint_url="x")]}, region="mars-north-1")
    message = str(failure(aws))
    assert "region 'mars-north-1' has no EKS that this botocore knows; it knows: " in message
    assert "eu-central-1" in message


def test_the_time_is_that_of_the_last_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripted, "HEADERS", {"Date": "Fri, 06 Nov 2026 12:00:00 GMT"})
    asked = client(ScriptedAws({"ListClusters": [{"clusters": []}]}))
    assert abs(asked.now - datetime.now(UTC)) < timedelta(minutes=1)
    asked.call("ListClusters")
    assert asked.now == datetime(2026, 11, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (3, [3]), (7, [3, 3, 1])])
def test_portions_are_as_large_as_may_be(count: int, sizes: list[int]) -> None:
    items = [str(number) for number in range(count)]
    found = list(portions(items, 3))
    assert [len(some) for some in found] == sizes
    assert [item for some in found for item in some] == items
