# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sources of nodes are asked for: one list each, and what only some clusters have only there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._client import Client
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Kubernetes
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.read import chosen, read
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import Sources
from support.node_sources import NOW, instance, instance_id, node

ARN = "arn:aws:eks:eu-west-3:123456789012:cluster/prod"
CLUSTER = {"name": "prod", "arn": ARN}
MANAGED_INSTANCE = "mi-0123456789abcdef0"
FARGATE = {"eks.amazonaws.com/compute-type": "fargate"}
LISTS = ["DescribeAutoScalingGroups", "DescribeInstances", "ListFargateProfiles", "ListNodegroups"]


@dataclass
class Aws:
    """Lists what it holds by the key and the values of a filter; ``asked`` are the operations with these."""

    holds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    asked: list[tuple[str, str, list[str]]] = field(default_factory=list)

    def listed(self, _service: str, operation: str, _key: str, **members: Any) -> list[dict[str, Any]]:
        told = members["Filters"][0]
        name = told.get("Name") or told["Key"]
        self.asked.append((operation, name, told["Values"]))
        return self.holds.get(name, [])

    def pages(self, operation: str, key: str, cluster_name: str) -> list[str]:
        self.asked.append((operation, cluster_name, []))
        return [key]

    @property
    def operations(self) -> list[str]:
        return sorted(operation for operation, _key, _values in self.asked)


@dataclass
class Api:
    """Lists Nodes and pods; ``asked`` are the paths with the label selectors."""

    nodes: list[dict[str, Any]]
    pods: list[dict[str, Any]] = field(default_factory=list)
    now: datetime | None = NOW
    asked: list[tuple[str, str]] = field(default_factory=list)

    def list_all(self, path: str, labels: str = "") -> list[dict[str, Any]]:
        self.asked.append((path, labels))
        return self.nodes if path.endswith("/nodes") else self.pods


def found(aws: Aws, api: Api, **members: Any) -> Sources:
    return read(cast(Client, aws), cast(Kubernetes, api), {**CLUSTER, **members})


def test_one_list_of_each_source() -> None:
    aws = Aws(
        {"tag:kubernetes.io/cluster/prod": [{"instances": [instance(1), instance(2)]}, {"instances": [instance(3)]}]}
    )
    api = Api([node(1), node(2), node(3)])
    sources = found(aws, api)
    assert (aws.operations, api.asked) == (LISTS, [("/api/v1/nodes", "")])
    assert [one["instance_id"] for one in sources.instances] == [instance_id(number) for number in (1, 2, 3)]
    assert (sources.region, sources.now) == ("eu-west-3", NOW)
    assert (sources.nodegroups, sources.fargate_profiles) == (["nodegroups"], ["fargate_profile_names"])


def test_a_server_without_a_clock_goes_by_ours() -> None:
    assert found(Aws(), Api([], now=None)).now.tzinfo == UTC


def test_instances_without_the_tag_are_asked_for_by_their_ids() -> None:
    aws = Aws({"tag:kubernetes.io/cluster/prod": [{"instances": [instance(1)]}]})
    found(aws, Api([node(number) for number in range(1, 302)]))
    by_id = [values for _operation, key, values in aws.asked if key == "instance-id"]
    assert [len(values) for values in by_id] == [200, 100]
    assert by_id[0][0] == instance_id(2)


def test_pods_are_asked_for_where_a_node_is_of_fargate() -> None:
    pod = {"metadata": {"labels": {"eks.amazonaws.com/fargate-profile": "apps"}}, "spec": {"nodeName": "fargate-1"}}
    pending = {"metadata": pod["metadata"], "spec": {}}
    api = Api([node(name="fargate-1", provider="aws:///z/x/fargate-1", labels=FARGATE)], [pod, pending])
    assert found(Aws(), api).profile_of == {"fargate-1": "apps"}
    assert api.asked[1:] == [("/api/v1/pods", "eks.amazonaws.com/fargate-profile")]


@pytest.mark.parametrize(
    ("nodes", "members", "asked"),
    [
        ([], {}, []),
        ([], {"remote_network_config": {"remote_node_networks": []}}, ["tag:EKSClusterARN"]),
        ([node(name=MANAGED_INSTANCE, provider="eks-hybrid:///r/c/n")], {}, ["tag:EKSClusterARN", "InstanceIds"]),
    ],
)
def test_managed_instances_are_asked_for_where_there_may_be_some(
    nodes: list[dict[str, Any]], members: dict[str, Any], asked: list[str]
) -> None:
    aws = Aws()
    found(aws, Api(nodes), **members)
    about_managed = [
        (key, values) for operation, key, values in aws.asked if operation == "DescribeInstanceInformation"
    ]
    assert [key for key, _values in about_managed] == asked
    assert [values for _key, values in about_managed] == [[ARN], [MANAGED_INSTANCE]][: len(asked)]


def test_selectors_are_the_business_of_kubernetes() -> None:
    api = Api([node(1)])
    assert chosen(cast(Kubernetes, api), []) is None
    assert chosen(cast(Kubernetes, api), ["a=b", "c in (d, e)"]) == {node(1)["metadata"]["name"]}
    assert api.asked == [("/api/v1/nodes", "a=b,c in (d, e)")]
