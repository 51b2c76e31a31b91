# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sources say of nodes: Kubernetes in its own spelling, AWS in options' spelling; well and in agreement."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import Sources

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
REGION = "eu-central-1"
ZONE = "eu-central-1a"
TYPE = "m7i.large"
IN_TIME = {"type": "Ready", "status": "True", "reason": "KubeletReady"}


def instance_id(number: int) -> str:
    return f"i-{number:017x}"


def node_name(number: int) -> str:
    return f"ip-10-0-0-{number}.{REGION}.compute.internal"


def node(number: int = 1, group: str | None = "web", **members: Any) -> dict[str, Any]:
    """A Ready Node of a managed group, or of none; ``members`` are its labels, name, provider, ready and so on."""
    labels = {"topology.kubernetes.io/zone": ZONE, "node.kubernetes.io/instance-type": TYPE}
    if group:
        labels["eks.amazonaws.com/nodegroup"] = group
    name = members.get("name", node_name(number))
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": "2026-01-01T11:00:00Z",
            "labels": members.get("labels", labels),
        },
        "spec": {
            "providerID": members.get("provider", f"aws:///{ZONE}/{instance_id(number)}"),
            **members.get("spec", {}),
        },
        "status": {
            "conditions": [{"type": "MemoryPressure", "status": "False"}, members.get("ready", IN_TIME)],
            "addresses": [
                {"type": "InternalIP", "address": f"10.0.0.{number}"},
                {"type": "InternalIP", "address": "fd00::1"},
                {"type": "InternalDNS", "address": name},
            ],
            "nodeInfo": {"kubeletVersion": members.get("version", "v1.33.4-eks-99d6cc0")},
        },
    }


def instance(number: int = 1, group: str | None = "web", state: str = "running", **members: Any) -> dict[str, Any]:
    """An instance of a managed group, or of none, as DescribeInstances tells it."""
    tags = {"kubernetes.io/cluster/prod": "owned", **({"eks:nodegroup-name": group} if group else {})}
    return {
        "instance_id": instance_id(number),
        "instance_type": TYPE,
        "state": {"name": state},
        "launch_time": "2026-01-01T10:58:30+00:00",
        "placement": {"availability_zone": ZONE},
        "private_ip_address": f"10.0.0.{number}",
        "private_dns_name": node_name(number),
        "public_ip_address": "",
        "tags": [{"key": key, "value": value} for key, value in (tags | members.pop("tags", {})).items()],
        **members,
    }


def scaling_group(*numbers: int, group: str | None = "web", **members: Any) -> dict[str, Any]:
    """The Auto Scaling group of a managed group, or one called workers of nobody, with instances in service."""
    return {
        "auto_scaling_group_name": f"eks-{group}-1" if group else "workers",
        "desired_capacity": len(numbers),
        "tags": [{"key": "eks:nodegroup-name", "value": group}] if group else [],
        "instances": [place(number) for number in numbers],
        **members,
    }


def place(number: int, **members: Any) -> dict[str, Any]:
    """An instance in service, as an Auto Scaling group tells it."""
    return {
        "instance_id": instance_id(number),
        "instance_type": TYPE,
        "availability_zone": ZONE,
        "lifecycle_state": "InService",
        "health_status": "Healthy",
        **members,
    }


def sources(**members: Any) -> Sources:
    """One managed node of the group web that all sources agree about; ``members`` replace what a source says."""
    given = {
        "nodes": [node()],
        "instances": [instance()],
        "scaling_groups": [scaling_group(1)],
        "nodegroups": ["web"],
        **members,
    }
    return Sources(region=REGION, now=NOW, **given)
