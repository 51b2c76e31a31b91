# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of self-managed node groups is left to a roll."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_roll import roll_of


def result(*changes: dict[str, Any], **members: Any) -> dict[str, Any]:
    """As flotilla.eks.self_managed_nodegroups returns it, for a group of three at rest and one of others."""
    at_rest = {"outdated": 0, "surplus": 0, "pending": {}, "rolling": False, "desired_capacity": 3, "instances": 3}
    nodegroups = [
        {"name": name, "scaling_groups": [{"name": f"demo-{name}", **at_rest, **(members if name == "web" else {})}]}
        for name in ("web", "others")
    ]
    return {"nodegroups": nodegroups, "changes": list(changes)}


@pytest.mark.parametrize(
    ("members", "sizes", "due"),
    [
        ({}, {}, False),
        ({"outdated": 2}, {}, False),
        ({"pending": {"desired_capacity": 1}, "surplus": 2}, {"desired_capacity": 1}, True),
        ({"pending": {"max_size": 2}, "surplus": 1}, {"max_size": 2, "desired_capacity": 2}, True),
        ({"pending": {"max_size": 5}, "rolling": True}, {"max_size": 5}, True),
        ({"rolling": True}, {}, True),
    ],
)
def test_sizes_that_wait_are_due(members: dict[str, Any], sizes: dict[str, int], due: bool) -> None:
    found = roll_of(result(**members), ["web"])
    assert found["groups"] == [{"name": "demo-web", **sizes}]
    assert found["due"] is due
    assert found["outdated"] == (["demo-web"] if members.get("outdated") else [])
    assert found["awaited"] == ["demo-web"]


def test_a_group_of_none_is_not_waited_for() -> None:
    assert roll_of(result(desired_capacity=0), ["web"])["awaited"] == []
    assert roll_of({}, ["web"])["groups"] == []


def change(operation: str, *fields: str, nodegroup: str = "web") -> dict[str, Any]:
    return {"nodegroup": nodegroup, "operation": operation, "fields": list(fields)}


def test_what_will_be_outdated_is_foretold() -> None:
    version = change("CreateLaunchTemplateVersion", "image_id", "user_data")
    pinned = change("UpdateAutoScalingGroup", "launch_template.version")
    assert roll_of(result(version, pinned), ["web", "others"])["foretold"] == [
        "node group web: its 3 nodes are outdated then, by image_id, user_data"
    ]
    types = change("UpdateAutoScalingGroup", "mixed_instances_policy")
    assert roll_of(result(types), ["web"])["foretold"] == [
        "node group web: its 3 nodes are outdated then, by another version, or other types"
    ]
    assert roll_of(result(change("UpdateAutoScalingGroup", "max_size")), ["web"])["foretold"] == []
    assert roll_of(result(version, pinned, instances=0), ["web"])["foretold"] == []
