# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks written for community.aws run with our modules after a change of the collection's name alone.

Each task is run by their module and by ours. What theirs returns must stand in ours, in the same place and spelling.
"""

from __future__ import annotations

from typing import Any

import pytest

from support.playbook import Playbook
from support.surroundings import Surroundings

MAPS = {"tags", "labels"}  # theirs spells the keys of these otherwise: C11, N14, F7
THEIRS_ALONE = {"response_metadata", "invocation", "_ansible_no_log", "warnings", "msg"}


def options(aws: Surroundings, module: str) -> dict[str, Any]:
    tags = {"Owner": "MyTeam"}
    if module == "eks_cluster":
        return {
            "version": "1.34",
            "role_arn": aws.role("cluster"),
            "subnets": aws.private_subnets,
            "security_groups": ["by-name"],
            "tags": tags,
        }
    if module == "eks_nodegroup":
        return {
            "cluster_name": "prod",
            "node_role": aws.role("node"),
            "subnets": aws.private_subnets,
            "scaling_config": {"min_size": 1, "max_size": 3, "desired_size": 2},
            "disk_size": 30,
            "instance_types": "m5.large",
            "ami_type": "BOTTLEROCKET_x86_64",  # of those that theirs knows, EKS still makes groups with it
            "update_config": {"max_unavailable_percentage": 50},
            "labels": {"env": "test"},
            "taints": [{"key": "env", "value": "test", "effect": "PREFER_NO_SCHEDULE"}],
            "capacity_type": "SPOT",
            "remote_access": {"ec2_ssh_key": "ops", "source_sg": [aws.security_group("ssh")]},
            "tags": tags,
        }
    return {
        "cluster_name": "prod",
        "role_arn": aws.role("fargate"),
        "subnets": aws.private_subnets,
        "selectors": [{"namespace": "apps", "labels": {"tier": "web"}}],
        "tags": tags,
    }


def missing(theirs: Any, ours: Any, place: str = "") -> list[str]:
    """The places of their result that ours does not have."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        names = [name for name in theirs if name not in THEIRS_ALONE]
        gone = [f"{place}.{name}" for name in names if name not in ours]
        kept = [name for name in names if name in ours and name not in MAPS]
        return gone + [lost for name in kept for lost in missing(theirs[name], ours[name], f"{place}.{name}")]
    if isinstance(theirs, list) and isinstance(ours, list):
        return [lost for one, other in zip(theirs, ours, strict=True) for lost in missing(one, other, f"{place}[]")]
    return [] if type(theirs) is type(ours) else [f"{place}: {theirs!r} became {ours!r}"]


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("module", ["eks_cluster", "eks_nodegroup", "eks_fargate_profile"])
def test_a_task_runs_under_our_name(aws: Surroundings, playbook: Playbook, module: str, wait: bool) -> None:
    aws.cluster()
    aws.security_group("by-name")
    aws.ec2.create_key_pair(KeyName="ops")
    task = {**options(aws, module), "wait": wait}
    created = playbook.tasks(
        {"name": "Theirs", f"community.aws.{module}": {"name": "theirs", **task}},
        {"name": "Between", "ansible.builtin.uri": {"url": f"{aws.simulator.url}/_simulator/clock/advance", **AN_HOUR}},
        {"name": "Ours", f"flotilla.eks.{module}": {"name": "ours", **task}},
        {"name": "Again", f"flotilla.eks.{module}": {"name": "ours", **task, "wait": True}},
        {"name": "Adopted", f"flotilla.eks.{module}": {"name": "theirs", **task, "wait": True}},
        warns=True,
    ).results
    assert missing(created["Theirs"], created["Ours"]) == []
    assert created["Ours"]["changed"]
    assert not created["Again"]["changed"]
    assert not created["Adopted"]["changed"]
    assert created["Ours"]["tags"] == {"Owner": "MyTeam"}


AN_HOUR = {"method": "POST", "body_format": "json", "body": {"seconds": 3600}}
