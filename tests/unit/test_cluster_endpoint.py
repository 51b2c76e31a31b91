# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a cluster's API: what a description must hold, and why nobody may answer."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.endpoint import NoWay, cluster_of

DESCRIPTION: dict[str, Any] = {
    "arn": "arn:aws-cn:eks:cn-north-1:123456789012:cluster/demo",
    "endpoint": "https://demo.example",
    "certificate_authority": {"data": "Q0E="},
    "status": "ACTIVE",
}


def test_what_a_description_tells() -> None:
    cluster = cluster_of("demo", DESCRIPTION)
    assert (cluster.region, cluster.identifier) == ("cn-north-1", "demo")
    assert (cluster.api.url, cluster.api.certificate_authority) == ("https://demo.example", "Q0E=")


def test_a_local_cluster_goes_by_its_id() -> None:
    on_outpost = {**DESCRIPTION, "id": "0f4b-11", "outpost_config": {"outpost_arns": ["arn"]}}
    assert cluster_of("demo", on_outpost).identifier == "0f4b-11"
    assert cluster_of("demo", {**DESCRIPTION, "id": "0f4b-11"}).identifier == "demo"


@pytest.mark.parametrize(
    ("network", "hint"),
    [
        ({}, "check the network"),
        ({"endpoint_public_access": True, "public_access_cidrs": ["0.0.0.0/0"]}, "check the network"),
        ({"endpoint_public_access": True, "public_access_cidrs": ["192.0.2.0/24"]}, "open to 192.0.2.0/24 alone"),
        ({"endpoint_public_access": False, "public_access_cidrs": ["0.0.0.0/0"]}, "the endpoint is private"),
    ],
)
def test_why_nobody_may_answer(network: dict[str, Any], hint: str) -> None:
    assert hint in cluster_of("demo", {**DESCRIPTION, "resources_vpc_config": network}).api.hint


@pytest.mark.parametrize("status", ["CREATING", "PENDING", "DELETING", "FAILED"])
def test_a_cluster_that_cannot_be_reached(status: str) -> None:
    with pytest.raises(NoWay, match=f"^EKS cluster 'demo' is {status}, so its Kubernetes API cannot be used: "):
        cluster_of("demo", {**DESCRIPTION, "status": status})


@pytest.mark.parametrize("member", ["arn", "endpoint", "certificate_authority"])
def test_a_description_that_lacks_something(member: str) -> None:
    with pytest.raises(NoWay, match="cluster needs arn, endpoint and certificate_authority"):
        cluster_of("demo", {name: value for name, value in DESCRIPTION.items() if name != member})
