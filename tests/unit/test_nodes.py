# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes of a cluster, joined from what the sources say of them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._nodes.view import join
from support.documentation import documentation
from support.node_sources import (
    TYPE,
    ZONE,
    instance,
    instance_id,
    node,
    node_name,
    place,
    scaling_group,
    sources,
)

AUTO = {"eks.amazonaws.com/compute-type": "auto", "karpenter.sh/nodepool": "general-purpose"}
AUTO_TAGS = {"eks:eks-cluster-name": "prod", "eks:kubernetes-node-pool-name": "general-purpose"}
FARGATE = {"eks.amazonaws.com/compute-type": "fargate", "topology.kubernetes.io/zone": ZONE}
HYBRID = {"eks.amazonaws.com/compute-type": "hybrid"}
BY_AUTO_SCALING = {"aws:autoscaling:groupName": "workers"}
MANAGED_INSTANCE = "mi-0123456789abcdef0"
REGISTERED = {
    "instance_id": MANAGED_INSTANCE,
    "ping_status": "Online",
    "ip_address": "192.0.2.7",
    "computer_name": "rack-1",
    "registration_date": "2026-01-01T11:59:00+00:00",
}


def only(**members: Any) -> dict[str, Any]:
    nodes = join(sources(**members))
    assert len(nodes) == 1
    return nodes[0]


def about(joined: dict[str, Any]) -> dict[str, Any]:
    """The disagreements by what they are about."""
    return {one["about"]: one["says"] for one in joined["disagreements"]}


def test_a_node_that_all_agree_about() -> None:
    joined = only(nodes=[node(spec={"taints": [{"key": "a", "effect": "NoSchedule"}], "unschedulable": True})])
    assert joined.pop("sources") == {
        "kubernetes": {"state": "Ready", "group": "web", "zone": ZONE, "instance_type": TYPE},
        "ec2": {"state": "running", "group": "web", "zone": ZONE, "instance_type": TYPE},
        "autoscaling": {"state": "InService", "group": "web", "zone": ZONE, "instance_type": TYPE},
        "eks": {"group": "web"},
    }
    assert joined.pop("labels")["eks.amazonaws.com/nodegroup"] == "web"
    assert joined == {
        "name": node_name(1),
        "kind": "managed",
        "group": "web",
        "status": "ready",
        "ready": True,
        "reason": None,
        "console_hint": None,
        "instance_id": instance_id(1),
        "provider_id": f"aws:///{ZONE}/{instance_id(1)}",
        "version": "1.33",
        "kubelet_version": "v1.33.4-eks-99d6cc0",
        "created": "2026-01-01T11:00:00Z",
        "age": 3600,
        "zone": ZONE,
        "instance_type": TYPE,
        "addresses": {"internal_ip": "10.0.0.1", "internal_dns": node_name(1)},
        "taints": [{"key": "a", "effect": "NoSchedule"}],
        "unschedulable": True,
        "disagreements": [],
    }


def test_what_is_told_is_what_is_documented() -> None:
    documented = documentation("nodes_info").returned["nodes"]["contains"]
    for joined in join(sources(nodes=[node()], instances=[instance(), instance(2)])):
        assert set(joined) == set(documented)
        assert set(joined["addresses"]) <= set(documented["addresses"]["contains"])


@pytest.mark.parametrize(
    ("kind", "group", "found"),
    [
        ("managed", "web", {"nodes": [node()]}),
        ("managed", "web", {"instances": [instance()]}),
        ("self_managed", "workers", {"instances": [instance(1, None, tags=BY_AUTO_SCALING)]}),
        ("self_managed", "workers", {"nodes": [node(group=None)], "scaling_groups": [scaling_group(1, group=None)]}),
        ("self_managed", None, {"nodes": [node(group=None)], "instances": [instance(group=None)]}),
        ("self_managed", "spare", {"nodes": [node(labels={"karpenter.sh/nodepool": "spare"})]}),
        ("auto", "general-purpose", {"nodes": [node(labels=AUTO)]}),
        ("auto", "general-purpose", {"instances": [instance(1, None, tags=AUTO_TAGS)]}),
        ("fargate", "apps", {"nodes": [node(name="fargate-1", provider=f"aws:///{ZONE}/x/fargate-1", labels=FARGATE)]}),
        ("hybrid", None, {"nodes": [node(name=MANAGED_INSTANCE, provider="eks-hybrid:///r/c/n", labels=HYBRID)]}),
        ("hybrid", None, {"managed_instances": [REGISTERED]}),
    ],
)
def test_the_kind_and_what_a_node_belongs_to(kind: str, group: str | None, found: dict[str, Any]) -> None:
    joined = only(**{"nodes": [], "instances": [], "scaling_groups": [], "profile_of": {"fargate-1": "apps"}, **found})
    assert (joined["kind"], joined["group"]) == (kind, group)


def test_an_instance_without_a_node_is_told_with_its_console() -> None:
    joined = only(nodes=[])
    assert (joined["name"], joined["status"], joined["ready"]) == (instance_id(1), "not_joined", False)
    assert (
        joined["reason"]
        == "no Node has appeared for it (launched 1h01m ago, running); flotilla.eks.join_diagnosis tells why"
    )
    assert joined["console_hint"] == (
        f"aws ec2 get-console-output --region eu-central-1 --instance-id {instance_id(1)} --latest --output text"
    )
    assert joined["addresses"] == {"internal_ip": "10.0.0.1", "internal_dns": node_name(1)}
    assert about(joined) == {"state": {"kubernetes": None, "ec2": "running", "autoscaling": "InService"}}


def test_a_managed_instance_without_a_node_is_told_too() -> None:
    joined = only(nodes=[], instances=[], managed_instances=[REGISTERED])
    assert (joined["name"], joined["kind"], joined["status"]) == (MANAGED_INSTANCE, "hybrid", "not_joined")
    assert joined["reason"] == "no Node has appeared for it (registered 1m00s ago, Online)"
    assert joined["addresses"] == {"internal_ip": "192.0.2.7", "hostname": "rack-1"}
    assert about(joined) == {"state": {"kubernetes": None, "ssm": "Online"}}


@pytest.mark.parametrize("state", ["shutting-down", "terminated"])
def test_an_instance_that_goes_is_not_missed(state: str) -> None:
    assert join(sources(nodes=[], instances=[instance(state=state)])) == []


@pytest.mark.parametrize("state", ["Warmed:Stopped", "Warmed:Running", "Terminating", "Terminating:Wait"])
def test_nor_is_one_that_its_group_keeps_from_joining(state: str) -> None:
    group = scaling_group(instances=[place(1, lifecycle_state=state)])
    assert join(sources(nodes=[], scaling_groups=[group])) == []


@pytest.mark.parametrize(
    ("condition", "state", "reason"),
    [
        (
            {"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "no network plugin"},
            "NotReady",
            "KubeletNotReady: no network plugin",
        ),
        (
            {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"},
            "Unknown",
            "NodeStatusUnknown",
        ),
        ({"type": "Ready", "status": "False"}, "NotReady", "the kubelet gives no reason"),
        ({"type": "DiskPressure", "status": "False"}, "Unknown", "its kubelet has not reported yet"),
    ],
)
def test_a_node_that_is_not_ready_says_why(condition: dict[str, Any], state: str, reason: str) -> None:
    joined = only(nodes=[node(ready=condition)])
    assert (joined["status"], joined["ready"], joined["reason"]) == ("not_ready", False, reason)
    assert about(joined) == {"state": {"kubernetes": state, "ec2": "running", "autoscaling": "InService"}}


@pytest.mark.parametrize(
    ("fact", "says", "found"),
    [
        ("state", {"ec2": "stopped"}, {"instances": [instance(state="stopped")]}),
        ("state", {"ec2": None}, {"instances": []}),
        ("state", {"autoscaling": None}, {"scaling_groups": []}),
        (
            "state",
            {"autoscaling": "Unhealthy"},
            {"scaling_groups": [scaling_group(instances=[place(1, health_status="Unhealthy")])]},
        ),
        ("group", {"ec2": "api"}, {"instances": [instance(group="api")]}),
        ("group", {"autoscaling": "api"}, {"scaling_groups": [scaling_group(1, group="api")]}),
        ("group", {"eks": None}, {"nodegroups": ["api"]}),
        ("group", {"kubernetes": None}, {"nodes": [node(group=None)]}),
        ("zone", {"ec2": "eu-central-1b"}, {"instances": [instance(placement={"availability_zone": "eu-central-1b"})]}),
        ("instance_type", {"ec2": "t3.small"}, {"instances": [instance(instance_type="t3.small")]}),
    ],
)
def test_what_one_source_says_differently(fact: str, says: dict[str, Any], found: dict[str, Any]) -> None:
    different = about(only(**found))
    assert list(different) == [fact]
    assert different[fact].items() >= says.items()


def test_sources_that_agree_on_a_node_that_starts_have_nothing_to_say() -> None:
    group = scaling_group(instances=[place(1, lifecycle_state="Pending")])
    joined = only(nodes=[], instances=[instance(state="pending")], scaling_groups=[group])
    assert (joined["status"], joined["disagreements"]) == ("not_joined", [])


def test_nodes_come_by_kind_group_and_name() -> None:
    joined = join(
        sources(
            nodes=[
                node(4, labels=FARGATE, name="fargate-1", provider="aws:///z/x/fargate-1"),
                node(2, "web"),
                node(3, "api"),
                node(1, "web"),
            ],
        )
    )
    assert [(one["group"], one["name"]) for one in joined] == [
        ("api", node_name(3)),
        ("web", node_name(1)),
        ("web", node_name(2)),
        (None, "fargate-1"),
    ]
