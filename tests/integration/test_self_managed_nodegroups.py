# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module self_managed_nodegroups: make, again, change, remove; and its info twin."""

from __future__ import annotations

from typing import Any

from support.ledger import Ledger
from support.steps import Steps, operations
from support.surroundings import Surroundings

MODULE = "self_managed_nodegroups"
SECRET = "#!/bin/sh\nregister --password Kx7wp2\n"


def entry(aws: Surroundings, name: str = "web", **changes: Any) -> dict[str, Any]:
    """A node group of two small instances."""
    template = {
        "image_id": "ami-0a1b2c3d4e5f60718",
        "instance_type": "m7i.large",
        "user_data": SECRET,
        "security_group_ids": [aws.security_group(f"{name}-{number}") for number in (2, 1)],
        "metadata_options": {"http_tokens": "required", "http_put_response_hop_limit": 1},
        "block_device_mappings": [
            {"device_name": "/dev/xvdb", "ebs": {"volume_size": 20, "encrypted": True, "volume_type": "gp3"}},
            {"device_name": "/dev/xvda", "ebs": {"volume_size": 80, "delete_on_termination": True}},
        ],
        "tag_specifications": [
            {"resource_type": "volume", "tags": [{"key": "b", "value": "2"}, {"key": "a", "value": "1"}]},
            {"resource_type": "network-interface", "tags": [{"key": "a", "value": "1"}]},
        ],
    }
    scaling = {"subnets": aws.private_subnets[:2], "min_size": 0, "max_size": 4, "desired_capacity": 2}
    return {
        "name": name,
        "launch_template": {**template, **changes.pop("launch_template", {})},
        "scaling_groups": [{**scaling, **changes.pop("scaling", {})}],
        **changes,
    }


def group_of(aws: Surroundings, name: str = "prod-web") -> dict[str, Any]:
    found = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    (group,) = found["AutoScalingGroups"]
    return dict(group)


def test_life_of_a_node_group(steps: Steps, aws: Surroundings, ledger: Ledger) -> None:
    given = entry(aws)

    def converge(**options: Any) -> dict[str, Any]:
        return steps.converge(MODULE, cluster_name="prod", **options)

    made = converge(groups=[given])
    assert operations(made) == ["CreateLaunchTemplate", "CreateAutoScalingGroup"]
    (told,) = made["nodegroups"]
    assert told["launch_template"]["version"] == told["scaling_groups"][0]["launch_template_version"] == "1"
    assert told["scaling_groups"][0]["in_service"] == 2
    changed = entry(aws, "api")
    del changed
