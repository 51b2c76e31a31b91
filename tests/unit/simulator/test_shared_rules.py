# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for all operations: the model, tags, pages, tokens, credentials, and what is not served."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from unit.simulator.account import LONG, Account, refusal

import eks_simulator
from eks_simulator.errors import COMMON_ERRORS, ServiceError
from eks_simulator.operations import HANDLERS, Quotas
from eks_simulator.process import SimulatorProcess
from eks_simulator.protocol import Protocol
from eks_simulator.protocols import protocol_of
from eks_simulator.services import Services
from eks_simulator.validation import problems
from eks_simulator.world import Caller, World


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return protocol_of("eks")


def test_every_operation_is_served(protocol: Protocol) -> None:
    assert set(HANDLERS["eks"]) == set(protocol.operations)


def test_every_operation_is_found_by_its_own_request(account: Account, protocol: Protocol) -> None:
    """Each operation is called without regard to sense: whatever the answer is, it names the operation called."""
    client = account.client("eks")
    for name, operation in protocol.operations.items():
        method = getattr(client, re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower())
        account.sim.clear_ledger()
        with suppress(client.exceptions.ClientError):
            method(**_sample(operation.input_shape))
        [entry] = account.sim.ledger()
        assert entry["operation"] == name
        assert entry["status"] < 500
        assert entry["error"] != "UnknownOperationException"


def _sample(shape: Any) -> Any:
    if shape.type_name == "structure":
        return {name: _sample(shape.members[name]) for name in shape.required_members}
    simple: dict[str, Any] = {"list": [], "map": {"a": "b"}, "integer": 1, "boolean": True}
    return simple.get(shape.type_name, shape.enum[0] if getattr(shape, "enum", None) else "x/y z")


def test_an_operation_of_a_newer_model_is_refused(monkeypatch: pytest.MonkeyPatch, protocol: Protocol) -> None:
    """In a way that no client repeats."""
    monkeypatch.delitem(HANDLERS["eks"], "ListInsights")
    eks, caller = Services(World(0, Quotas())).named("eks"), Caller("AKIA", "123456789012", "eu-central-1")
    with pytest.raises(ServiceError, match="does not serve ListInsights yet") as refused:
        eks.perform(protocol.operations["ListInsights"], {"clusterName": "x"}, caller)
    assert refused.value.code == "InvalidRequestException"


def test_the_code_names_only_errors_of_the_model_or_common_ones(protocol: Protocol) -> None:
    modelled = {shape.name for shape in protocol.service.error_shapes}
    package = Path(eks_simulator.__file__).parent
    source = "\n".join(path.read_text(encoding="utf-8") for path in package.glob("*.py"))
    raised = set(re.findall(r"ServiceError\(\s*\"(\w+)\"", source))
    assert raised
    assert raised <= modelled | set(COMMON_ERRORS)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"roleArn": None}, "Value null at 'roleArn' failed to satisfy constraint: Member must not be null"),
        ({"deletionProtection": "yes"}, "Member must be of type boolean"),
        ({"upgradePolicy": {"supportType": "NONE"}}, "Member must satisfy enum value set: [STANDARD, EXTENDED]"),
        ({"tags": {}}, "length greater than or equal to 1"),
        ({"tags": {"k": "v" * 257}}, "length less than or equal to 256"),
        ({"encryptionConfig": [{}, {}]}, "length less than or equal to 1"),
    ],
)
def test_requests_follow_the_model(account: Account, parameters: dict[str, Any], reason: str) -> None:
    request = {name: value for name, value in account.cluster_request(**parameters).items() if value is not None}
    refused = refusal(account.eks.create_cluster, **request)
    assert refused.code == "InvalidParameterException"
    assert refused.message.startswith("1 validation error detected: ")
    assert reason in refused.message


def test_members_that_the_model_does_not_know_are_refused(protocol: Protocol) -> None:
    shape = protocol.operations["TagResource"].input_shape
    message = problems(shape, {"resourceArn": "x", "tags": {"a": "b"}, "color": "red"})
    assert message
    assert "Unknown member 'color'" in message


def test_a_body_must_be_json(account: Account) -> None:
    """Signed as the client signs, with another body: signatures are not verified."""
    signed = (
        "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/eu-central-1/eks/aws4_request, SignedHeaders=a, Signature=b"
    )
    status, answer, _unused = post(account.sim, "/clusters", b"{", {"Authorization": signed})
    assert status == 400
    assert "is not JSON" in answer["message"]


def test_unsigned_requests_are_refused(account: Account) -> None:
    status, answer, error = post(account.sim, "/clusters", b"{}", {})
    assert (status, error, answer) == (403, "MissingAuthenticationToken", {"message": "Missing Authentication Token"})
    status, _unused, error = post(account.sim, "/clusters", b"{}", {"Authorization": "Bearer x"})
    assert (status, error) == (403, "IncompleteSignature")


def post(sim: SimulatorProcess, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any], str]:
    request = urllib.request.Request(sim.url + path, data=body, headers=headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    with caught.value as answer:
        return answer.code, json.load(answer), answer.headers["x-amzn-ErrorType"]


def test_a_region_without_eks_is_refused(account: Account) -> None:
    refused = refusal(account.client("eks", region_name="mars-north-1").list_clusters)
    assert (refused.code, refused.status) == ("InvalidSignatureException", 403)
    assert "mars-north-1" in refused.message


def test_tags_by_arn_for_every_kind(account: Account, standing_cluster: str) -> None:
    arns = [account.describe(standing_cluster)["arn"]]
    arns.append(account.describe(standing_cluster, account.nodegroup(standing_cluster))["nodegroupArn"])
    profile = {"clusterName": standing_cluster, "fargateProfileName": account.profile(standing_cluster)}
    arns.append(account.eks.describe_fargate_profile(**profile)["fargateProfile"]["fargateProfileArn"])
    entry = {"clusterName": standing_cluster, "principalArn": account.roles["node"]}
    arns.append(account.eks.describe_access_entry(**entry)["accessEntry"]["accessEntryArn"])
    for arn in arns:
        account.eks.tag_resource(resourceArn=arn, tags={"Team": "A", "CostCenter": "1"})
        account.eks.tag_resource(resourceArn=arn, tags={"Team": "B"})
        assert account.eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"Team": "B", "CostCenter": "1"}
        account.eks.untag_resource(resourceArn=arn, tagKeys=["Team", "Absent"])
        assert account.eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"CostCenter": "1"}
    assert account.describe(standing_cluster)["tags"] == {"CostCenter": "1"}


def test_tags_have_limits(account: Account, standing_cluster: str) -> None:
    arn = account.describe(standing_cluster)["arn"]
    assert refusal(account.eks.tag_resource, resourceArn=arn, tags={"aws:x": "y"}).code == "BadRequestException"
    account.eks.tag_resource(resourceArn=arn, tags={f"k{number}": "v" for number in range(40)})
    more = {f"m{number}": "v" for number in range(11)}
    assert "exceeds the limit of 50" in refusal(account.eks.tag_resource, resourceArn=arn, tags=more).message
    missing = refusal(account.eks.tag_resource, resourceArn=arn + "-not", tags={"a": "b"})
    assert (missing.code, missing.status) == ("NotFoundException", 404)
    assert refusal(account.eks.list_tags_for_resource, resourceArn="arn:x").code == "BadRequestException"
    request = account.cluster_request(tags={"aws:x": "y"})
    assert refusal(account.eks.create_cluster, **request).code == "InvalidParameterException"


def test_lists_come_in_pages(account: Account) -> None:
    cluster = account.cluster()
    names = sorted(account.nodegroup(cluster) for _unused in range(5))
    first = account.eks.list_nodegroups(clusterName=cluster, maxResults=2)
    assert first["nodegroups"] == names[:2]
    pages = account.eks.get_paginator("list_nodegroups").paginate(clusterName=cluster, PaginationConfig={"PageSize": 2})
    assert [page["nodegroups"] for page in pages] == [names[:2], names[2:4], names[4:]]
    bad = refusal(account.eks.list_nodegroups, clusterName=cluster, nextToken="made-up")
    assert (bad.code, bad.message) == ("InvalidParameterException", "Invalid token: made-up")
    foreign = refusal(account.eks.list_clusters, nextToken=first["nextToken"])
    assert foreign.code == "InvalidParameterException"
    for size in (0, 101):
        assert (
            refusal(account.eks.list_nodegroups, clusterName=cluster, maxResults=size).code
            == "InvalidParameterException"
        )


def test_lists_of_an_unknown_cluster_are_refused(account: Account) -> None:
    for call in (account.eks.list_nodegroups, account.eks.list_fargate_profiles, account.eks.list_access_entries):
        assert refusal(call, clusterName="nowhere").code == "ResourceNotFoundException"


def test_clusters_are_listed_with_all_in_lower_case(account: Account) -> None:
    assert account.eks.list_clusters(include=["all"])["clusters"] == account.eks.list_clusters()["clusters"]
    assert refusal(account.eks.list_clusters, include=["ALL"]).code == "InvalidParameterException"


def test_a_repeated_token_finds_what_was_made(account: Account) -> None:
    request = account.cluster_request(clientRequestToken="token-1")
    made = account.eks.create_cluster(**request)["cluster"]
    assert account.eks.create_cluster(**request)["cluster"]["arn"] == made["arn"]
    refused = refusal(account.eks.create_cluster, **{**request, "version": "1.34"})
    assert refused.code == "InvalidParameterException"
    assert "token-1 was used" in refused.message
    account.sim.advance(LONG)
    update = {"name": request["name"], "deletionProtection": True, "clientRequestToken": "token-2"}
    first = account.eks.update_cluster_config(**update)["update"]["id"]
    assert account.eks.update_cluster_config(**update)["update"]["id"] == first


def test_a_token_is_free_again_when_its_resource_is_gone(account: Account) -> None:
    cluster = account.cluster()
    request = account.nodegroup_request(cluster, clientRequestToken="token-3")
    first = account.eks.create_nodegroup(**request)["nodegroup"]["nodegroupArn"]
    account.sim.advance(LONG)
    account.eks.delete_nodegroup(clusterName=cluster, nodegroupName=request["nodegroupName"])
    account.sim.advance(LONG)
    assert account.eks.create_nodegroup(**request)["nodegroup"]["nodegroupArn"] != first


def test_versions_are_described_by_support_and_default(account: Account) -> None:
    def names(**parameters: Any) -> list[str]:
        answer = account.eks.describe_cluster_versions(**parameters)
        return [version["clusterVersion"] for version in answer["clusterVersions"]]

    assert names(defaultOnly=True) == ["1.35"]
    assert "1.30" not in names()
    assert "1.30" in names(includeAll=True)
    assert names(versionStatus="UNSUPPORTED") == ["1.30", "1.29"]
    assert names(clusterVersions=["1.33", "1.34"]) == ["1.34", "1.33"]
    assert set(names(status="standard-support")) | set(names(status="extended-support")) == set(names())
    assert refusal(account.eks.describe_cluster_versions, clusterVersions=["2.0"]).code == "InvalidParameterException"


def test_sessions_of_assumed_roles_belong_to_the_roles_account(account: Account) -> None:
    sts = account.client("sts")
    role = "arn:aws:iam::210987654321:role/visitor"
    account.sim.make_role(role)
    session = sts.assume_role(RoleArn=role, RoleSessionName="visit")["Credentials"]
    visitor = account.client(
        "eks",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    account.cluster()
    assert visitor.list_clusters()["clusters"] == []
    assert account.sim.ledger()[-1]["account"] == "210987654321"


def test_botocores_waiters_work(account: Account) -> None:
    """Each waiter of botocore's finds the state it waits for."""
    session = botocore.session.get_session()
    assert session
    cluster = account.cluster()
    group, profile = account.nodegroup(cluster), account.profile(cluster)
    once = {"WaiterConfig": {"Delay": 0, "MaxAttempts": 1}}
    account.eks.get_waiter("cluster_active").wait(name=cluster, **once)
    account.eks.get_waiter("nodegroup_active").wait(clusterName=cluster, nodegroupName=group, **once)
    account.eks.get_waiter("fargate_profile_active").wait(clusterName=cluster, fargateProfileName=profile, **once)
    account.eks.delete_nodegroup(clusterName=cluster, nodegroupName=group)
    account.sim.advance(LONG)
    account.eks.get_waiter("nodegroup_deleted").wait(clusterName=cluster, nodegroupName=group, **once)
