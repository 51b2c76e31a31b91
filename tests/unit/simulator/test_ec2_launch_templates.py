# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's launch templates: what they say comes back as it was said, versions are counted, and nonsense is refused."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from botocore.model import Shape
from unit.simulator.account import Account, refusal

from eks_simulator.protocols import protocol_of

DATA = {"ImageId": "ami-0a1b2c3d", "InstanceType": "m6i.large"}


@pytest.fixture
def name(account: Account) -> str:
    """The name of a template of one version."""
    name = account.name("template")
    account.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=DATA)
    return name


def versions(account: Account, **parameters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = account.ec2.describe_launch_template_versions(**parameters)["LaunchTemplateVersions"]
    return found


def sample(shape: Shape | Any) -> Any:
    """A value of a shape with every member that it has, of an order that EC2 takes."""
    if shape.type_name == "structure":
        return {name: sample(member) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [sample(shape.member)]
    simple = {
        "boolean": True,
        "integer": 7,
        "long": 7,
        "timestamp": "2026-11-06T00:00:00.000Z",
        "double": 1.5,
        "float": 1.5,
    }
    return simple.get(shape.type_name, shape.enum[0] if getattr(shape, "enum", None) else "x & <y>")


def test_every_member_comes_back_as_it_went(account: Account) -> None:
    shape: Any = protocol_of("ec2").service.shape_for("RequestLaunchTemplateData")
    data = sample(shape)
    data["UserData"] = base64.b64encode(b"hello").decode()
    data["TagSpecifications"] = [{"ResourceType": "instance", "Tags": [{"Key": "a/b", "Value": ""}]}]
    data["BlockDeviceMappings"][0]["Ebs"] |= {"VolumeType": "gp3", "Iops": 3000, "Throughput": 125}
    del data["InstanceRequirements"]
    name = account.name("template")
    tags = [{"ResourceType": "launch-template", "Tags": [{"Key": "Team", "Value": "A"}]}]
    made = account.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data, TagSpecifications=tags)
    assert made["LaunchTemplate"]["Tags"] == [{"Key": "Team", "Value": "A"}]
    (version,) = versions(account, LaunchTemplateName=name)
    found = version["LaunchTemplateData"]
    found["InstanceMarketOptions"]["SpotOptions"]["ValidUntil"] = data["InstanceMarketOptions"]["SpotOptions"][
        "ValidUntil"
    ]
    assert found == data
    (template,) = account.ec2.describe_launch_templates(Filters=[{"Name": "tag:Team", "Values": ["A"]}])[
        "LaunchTemplates"
    ]
    assert template["LaunchTemplateName"] == name


def test_versions_are_counted_and_may_be_based_on_others(account: Account, name: str) -> None:
    create = account.ec2.create_launch_template_version
    create(LaunchTemplateName=name, SourceVersion="1", LaunchTemplateData={"KeyName": "ops"}, VersionDescription="key")
    create(LaunchTemplateName=name, LaunchTemplateData={"KeyName": "ops"})
    found = versions(account, LaunchTemplateName=name)
    assert [(one["VersionNumber"], one["DefaultVersion"]) for one in found] == [(3, False), (2, False), (1, True)]
    assert [one["LaunchTemplateData"] for one in found] == [{"KeyName": "ops"}, {**DATA, "KeyName": "ops"}, DATA]
    account.ec2.modify_launch_template(LaunchTemplateName=name, DefaultVersion="2")
    symbols = versions(account, LaunchTemplateName=name, Versions=["$Latest", "$Default"])
    assert [one["VersionNumber"] for one in symbols] == [3, 2]
    assert [one["VersionNumber"] for one in versions(account, LaunchTemplateName=name, MinVersion="2")] == [3, 2]
    answer = account.ec2.delete_launch_template_versions(LaunchTemplateName=name, Versions=["3", "2", "9"])
    assert [one["VersionNumber"] for one in answer["SuccessfullyDeletedLaunchTemplateVersions"]] == [3]
    errors = [one["ResponseError"]["Code"] for one in answer["UnsuccessfullyDeletedLaunchTemplateVersions"]]
    assert errors == ["unexpectedError", "launchTemplateVersionDoesNotExist"]
    create(LaunchTemplateName=name, LaunchTemplateData=DATA)  # a number is never given twice
    assert [one["VersionNumber"] for one in versions(account, LaunchTemplateName=name)] == [4, 2, 1]
    latest = versions(account, Versions=["$Latest"])
    assert 4 in [one["VersionNumber"] for one in latest if one["LaunchTemplateName"] == name]


def test_many_come_in_pages(account: Account, name: str) -> None:
    for _number in range(3):
        account.ec2.create_launch_template_version(LaunchTemplateName=name, LaunchTemplateData=DATA)
    pages = account.ec2.get_paginator("describe_launch_template_versions").paginate(
        LaunchTemplateName=name, PaginationConfig={"PageSize": 3}
    )
    assert [[one["VersionNumber"] for one in page["LaunchTemplateVersions"]] for page in pages] == [[4, 3, 2], [1]]


def test_a_request_that_is_repeated_finds_what_it_made(account: Account) -> None:
    request = {
        "LaunchTemplateName": account.name("template"),
        "LaunchTemplateData": DATA,
        "ClientToken": account.name("t"),
    }
    first, second = (account.ec2.create_launch_template(**request)["LaunchTemplate"] for _time in range(2))
    assert first == second
    other = {**request, "LaunchTemplateData": {"KeyName": "x"}}
    assert refusal(account.ec2.create_launch_template, **other).code == "IdempotentParameterMismatch"


def test_templates_must_exist(account: Account, name: str) -> None:
    describe = account.ec2.describe_launch_template_versions
    refused = refusal(describe, LaunchTemplateName="missing")
    assert refused.code == "InvalidLaunchTemplateName.NotFoundException"
    assert refusal(describe, LaunchTemplateId="lt-0123456789abcdef0").code == "InvalidLaunchTemplateId.NotFound"
    assert refusal(describe, LaunchTemplateId="template").code == "InvalidLaunchTemplateId.Malformed"
    missing = refusal(describe, LaunchTemplateName=name, Versions=["7"])
    assert missing.code == "InvalidLaunchTemplateId.VersionNotFound"
    assert missing.message.startswith("Could not find the specified version 7 for the launch template with ID lt-")
    again = refusal(account.ec2.create_launch_template, LaunchTemplateName=name, LaunchTemplateData=DATA)
    assert again.code == "InvalidLaunchTemplateName.AlreadyExistsException"
    dry = refusal(account.ec2.create_launch_template, LaunchTemplateName="dry", LaunchTemplateData=DATA, DryRun=True)
    assert (dry.code, dry.status) == ("DryRunOperation", 412)
    account.ec2.delete_launch_template(LaunchTemplateName=name)
    assert refusal(account.ec2.delete_launch_template, LaunchTemplateName=name).code == refused.code


@pytest.mark.parametrize(
    ("data", "code", "reason"),
    [
        ({"InstanceType": "m99.huge"}, "InvalidParameterValue", "Member must satisfy enum value set"),
        ({"NetworkInterfaces": [{"DeviceIndex": "x"}]}, "InvalidParameterValue", "Member must be of type integer"),
        ({"MetadataOptions": {"HttpPutResponseHopLimit": 65}}, "InvalidParameterValue", "from 1 to 64, found 65"),
        (
            {"MetadataOptions": {"HttpTokens": "always"}},
            "InvalidParameterValue",
            "enum value set: [optional, required]",
        ),
        ({"UserData": "#!/bin/sh"}, "InvalidUserData.Malformed", "Invalid BASE64 encoding of user data."),
        (
            {"UserData": base64.b64encode(b"x" * 16385).decode()},
            "InvalidParameterValue",
            "User data is limited to 16384 bytes",
        ),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeType": "gp2", "Throughput": 125}}]},
            "InvalidParameterCombination",
            "The parameter throughput is not supported for gp2 volumes.",
        ),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeType": "gp3", "Iops": 100}}]},
            "InvalidParameterValue",
            "The iops for gp3 must be from 3000 to 80000, found 100.",
        ),
        (
            {"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "aws:x", "Value": "y"}]}]},
            "InvalidParameterValue",
            "reserved for internal use",
        ),
        (
            {"TagSpecifications": [{"ResourceType": "launch-template", "Tags": [{"Key": "x", "Value": "y"}]}]},
            "InvalidParameterValue",
            "'launch-template' is not a valid taggable resource type for this operation.",
        ),
    ],
)
def test_data_that_makes_no_sense_is_refused(
    account: Account, name: str, data: dict[str, Any], code: str, reason: str
) -> None:
    refused = refusal(account.ec2.create_launch_template_version, LaunchTemplateName=name, LaunchTemplateData=data)
    assert (refused.code, reason in refused.message) == (code, True), refused.message
