# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bootstrap_info tells of the surroundings of a machine on premises."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._bootstrap_info import node_told, vpc_cidrs
from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError

CLUSTER = {"resources_vpc_config": {"vpc_id": "vpc-1"}}


class Ec2:
    """Answers DescribeVpcs."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def listed(self, *_operation: str, VpcIds: list[str]) -> Any:
        assert VpcIds == ["vpc-1"]
        if isinstance(self.answer, AwsError):
            raise self.answer
        return self.answer


def test_the_networks_of_the_vpc() -> None:
    blocks = [{"cidr_block": "10.0.0.0/16"}, {"cidr_block": "100.64.0.0/16"}]
    assert vpc_cidrs(Ec2([{"cidr_block_association_set": blocks}]), CLUSTER) == ["10.0.0.0/16", "100.64.0.0/16"]


def test_networks_that_the_caller_must_not_see() -> None:
    assert vpc_cidrs(Ec2(AwsError("DescribeVpcs", "UnauthorizedOperation", "no")), CLUSTER) is None
    with pytest.raises(AwsError):
        vpc_cidrs(Ec2(AwsError("DescribeVpcs", "RequestLimitExceeded", "later")), CLUSTER)


def test_a_node() -> None:
    addresses = [{"type": "Hostname", "address": "edge-1"}, {"type": "InternalIP", "address": "10.80.0.1"}]
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
    node: Any = {"metadata": {"name": "mi-1"}, "status": {"addresses": addresses, "conditions": [ready]}}
    assert node_told(node) == {"name": "mi-1", "address": "10.80.0.1", "ready": True}
    node["status"]["conditions"] = [{**ready, "status": "Unknown"}]
    assert not node_told(node)["ready"]
    assert node_told({"metadata": {"name": "mi-2"}}) == {"name": "mi-2", "address": None, "ready": False}
