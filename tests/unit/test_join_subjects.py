# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which instances and groups a diagnosis is about, by whichever name a user calls them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._client import Client
from ansible_collections.flotilla.eks.plugins.module_utils._join import subjects as join_subjects
from ansible_collections.flotilla.eks.plugins.module_utils._join.subjects import Subjects, subjects
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Kubernetes, KubernetesError
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import Sources
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from support.node_sources import instance, instance_id, node, scaling_group, sources

UNREADY = {"type": "Ready", "status": "False", "reason": "KubeletNotReady"}
POOL = "aws:autoscaling:groupName"


@dataclass
class Aws:
    """Knows further instances and Auto Scaling groups, which nothing marks as the cluster's."""

    instances: list[dict[str, Any]] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)

    def listed(self, _service: str, operation: str, _key: str, **members: Any) -> list[dict[str, Any]]:
        if operation == "DescribeAutoScalingGroups":
            return [one for one in self.groups if one["auto_scaling_group_name"] in members["AutoScalingGroupNames"]]
        wanted = members["Filters"][0]["Values"]
        return [{"instances": [one for one in self.instances if one["instance_id"] in wanted]}]


Ask = Callable[..., Subjects]


def workers(name: str, *numbers: int, nodegroup: str = "workers", desired: int | None = None) -> dict[str, Any]:
    """One Auto Scaling group of a group of the role self_managed_nodes."""
    found = scaling_group(*numbers, group=None, auto_scaling_group_name=name)
    tags = [{"key": "flotilla.eks/nodegroup", "value": nodegroup}]
    return {**found, "tags": tags, "desired_capacity": len(numbers) if desired is None else desired}


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Asks for the subjects of a cluster of which the sources say ``known``."""

    def asked(
        known: Sources, instance_ids: Sequence[str] = (), groups: Sequence[str] = (), aws: Aws | None = None, **how: Any
    ) -> Subjects:
        def read(_client: Any, api: Any, _cluster: Any) -> Sources:
            if how.get("refused") and isinstance(api, str):
                raise KubernetesError("GET /api/v1/nodes", "Unauthorized", 401)
            return known

        monkeypatch.setattr(join_subjects, "read", read)
        api = cast(Kubernetes, "the API")
        return subjects(cast(Client, aws or Aws()), api, {"name": "prod"}, instance_ids, groups)

    return asked


def told(found: Subjects) -> list[tuple[str, str, str]]:
    return [(one["kind"], one["instance_id"], one["status"]) for one in found.nodes]


def test_all_that_are_no_ready_nodes(ask: Ask) -> None:
    known = sources(
        nodes=[node(1), node(2, ready=UNREADY)],
        instances=[instance(1), instance(2), instance(3), instance(4, None, tags={POOL: "prod-workers"})],
        scaling_groups=[scaling_group(1, 2, 3), workers("prod-workers", 4)],
    )
    found = ask(known)
    assert told(found) == [
        ("managed", instance_id(3), "not_joined"),
        ("managed", instance_id(2), "not_ready"),
        ("self_managed", instance_id(4), "not_joined"),
    ]
    assert found.groups == []
    assert found.kubernetes(found.nodes[1])["metadata"]["name"] == found.nodes[1]["name"]
    assert found.instance(found.nodes[0])["instance_id"] == instance_id(3)
    assert told(ask(known, groups=["workers"])) == told(ask(known, groups=["prod-workers"])) == told(found)[2:]
    assert told(ask(known, groups=["web"])) == told(found)[:2]
    assert told(ask(known, [instance_id(1)])) == [("managed", instance_id(1), "ready")]


def test_instances_of_groups_that_lack_the_tag_of_the_cluster(ask: Ask) -> None:
    aws = Aws([{**instance(5, None), "tags": []}, {**instance(6, None), "tags": []}], [workers("stray", 6)])
    known = sources(nodes=[], instances=[], scaling_groups=[workers("prod-workers", 5)], nodegroups=[])
    assert [one["instance_id"] for one in ask(known, aws=aws).nodes] == [instance_id(5)]
    assert [one["instance_id"] for one in ask(known, groups=["stray"], aws=aws).nodes] == [instance_id(6)]


def test_groups_that_are_short_of_instances(ask: Ask) -> None:
    zones = [
        workers("prod-workers-a", 7, desired=3),
        workers("prod-workers-b", desired=0),
        workers("prod-workers-c", 8),
    ]
    known = sources(
        nodes=[node(7, None), node(8, None)],
        instances=[instance(7, None), instance(8, None)],
        scaling_groups=[*zones, scaling_group(group="web", desired_capacity=2)],
    )
    found = ask(known)
    rows = [(row["kind"], row["group"], row["desired"], row["instances"]) for row in found.groups]
    assert rows == [("managed", "web", 2, 0), ("self_managed", "prod-workers-a", 3, 1)]
    assert found.scaling_groups(found.groups[1]) == [zones[0]]
    assert [row["group"] for row in ask(known, groups=["workers"]).groups] == ["prod-workers-a"]
    assert ask(known, [instance_id(7)]).groups == []


def test_names_that_nobody_knows_are_refused(ask: Ask) -> None:
    with pytest.raises(Refused, match="instance_ids: i-1: EC2 knows no such instance"):
        ask(sources(), ["i-1"])
    with pytest.raises(Refused, match="groups: wbe: neither a node group of the cluster nor an Auto Scaling group"):
        ask(sources(), groups=["wbe", "web"])


def test_without_kubernetes_nobody_knows_who_has_joined(ask: Ask) -> None:
    found = ask(sources(nodes=[]), refused=True)
    assert told(found) == [("managed", instance_id(1), "unknown")]
    assert "Unauthorized" in found.blind
