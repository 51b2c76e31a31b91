# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Launch templates of managed node groups: what they may hold, and what may stand beside them."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.account import Account


def test_a_launch_template_must_exist_with_its_version(account: Account, standing_cluster: str) -> None:
    assert "does not exist" in account.refused_nodegroup(standing_cluster, launchTemplate={"name": "none"}).message
    known = account.template(InstanceType="m5.large")
    assert (
        "does not exist"
        in account.refused_nodegroup(standing_cluster, launchTemplate={**known, "version": "7"}).message
    )
    both = {**known, "name": "x"}
    assert "not both" in account.refused_nodegroup(standing_cluster, launchTemplate=both).message


def test_a_launch_template_is_echoed_with_name_id_and_version(account: Account, standing_cluster: str) -> None:
    reference = account.template(InstanceType="m5.large")
    group = account.describe(standing_cluster, account.nodegroup(standing_cluster, launchTemplate=reference))
    assert group["launchTemplate"]["id"] == reference["id"]
    assert group["launchTemplate"]["version"] == "1"
    assert group["launchTemplate"]["name"].startswith("template-")
    assert not {"diskSize", "instanceTypes"} & set(group)


@pytest.mark.parametrize(
    ("data", "request_part", "message"),
    [
        ({}, {"diskSize": 50}, "Disk size must be specified within the launch template."),
        ({}, {"remoteAccess": {}}, "Remote access configuration cannot be specified with a launch template."),
        (
            {"InstanceType": "m5.large"},
            {"instanceTypes": ["m5.large"]},
            "Cannot specify instance types in launch template and API request",
        ),
        (
            {"ImageId": "ami-1"},
            {"amiType": "AL2023_x86_64_STANDARD"},
            "You cannot specify an AMI Type other than custom, when specifying an image id in your launch template.",
        ),
        (
            {"ImageId": "ami-1"},
            {"version": "1.33"},
            "You cannot specify the field kubernetesVersion when using custom AMIs.",
        ),
        (
            {"ImageId": "ami-1"},
            {"releaseVersion": "x"},
            "You cannot specify the field releaseVersion when using custom AMIs.",
        ),
        ({}, {"amiType": "CUSTOM"}, "The AMI type CUSTOM needs an image id in the launch template"),
        ({}, {"capacityType": "CAPACITY_BLOCK"}, "CAPACITY_BLOCK needs the instance type in the launch template"),
    ],
)
def test_a_thing_is_said_in_the_template_or_in_the_request(
    account: Account, standing_cluster: str, data: dict[str, Any], request_part: dict[str, Any], message: str
) -> None:
    reference = account.template(**(data or {"EbsOptimized": True}))
    assert account.refused_nodegroup(standing_cluster, launchTemplate=reference, **request_part).message == message


@pytest.mark.parametrize(
    "data",
    [
        {"IamInstanceProfile": {"Name": "x"}},
        {"InstanceMarketOptions": {"MarketType": "spot"}},
        {"HibernationOptions": {"Configured": True}},
        {"NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": "subnet-1"}]},
        {"InstanceInitiatedShutdownBehavior": "terminate"},
    ],
    ids=lambda data: next(iter(data)),
)
def test_a_launch_template_leaves_some_things_to_eks(
    account: Account, standing_cluster: str, data: dict[str, Any]
) -> None:
    refused = account.refused_nodegroup(standing_cluster, launchTemplate=account.template(**data))
    assert "The launch template must not specify" in refused.message


def test_a_custom_ami_makes_the_type_custom(account: Account, standing_cluster: str) -> None:
    reference = account.template(ImageId="ami-0123456789abcdef0", InstanceType="m5.large")
    group = account.describe(standing_cluster, account.nodegroup(standing_cluster, launchTemplate=reference))
    assert (group["amiType"], group["releaseVersion"]) == ("CUSTOM", "ami-0123456789abcdef0")
