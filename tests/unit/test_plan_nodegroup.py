# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth table of node groups: what is desired of the group ``web`` as it is below, and the calls that follow."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Desired, Refused, diff, present
from ansible_collections.flotilla.eks.plugins.module_utils._resources.nodegroup import NODEGROUP

IDENTITY = {"cluster_name": "prod", "name": "web"}
ROLE = "arn:aws:iam::123456789012:role/node"
TAINT = {"key": "gpu", "value": "yes", "effect": "NO_SCHEDULE"}
WEB: Values = {
    "status": "ACTIVE",
    "nodegroup_arn": "arn:web",
    "node_role": ROLE,
    "subnets": ["subnet-a", "subnet-b"],
    "instance_types": ["m6i.large", "m5.large"],
    "ami_type": "AL2023_x86_64_STANDARD",
    "capacity_type": "ON_DEMAND",
    "disk_size": 20,
    "version": "1.32",
    "release_version": "1.32.1-20260101",
    "scaling_config": {"min_size": 2, "max_size": 6, "desired_size": 4},
    "labels": {"env": "dev", "app.io/Tier": "front"},
    "taints": [TAINT],
    "update_config": {"max_unavailable": 1, "update_strategy": "DEFAULT"},
    "tags": {"Owner": "me", "aws:cloudformation:stack": "s"},
}
CONFIG, VERSION = "UpdateNodegroupConfig", "UpdateNodegroupVersion"


def plan(values: Values, observed: Values | None = None, **words: Any) -> list[tuple[str, Values]]:
    changes = present(NODEGROUP, Desired(IDENTITY, values, **words), {**WEB, **(observed or {})})
    return [(change.operation, change.params) for change in changes]


@pytest.mark.parametrize(
    ("values", "calls"),
    [
        pytest.param({}, [], id="nothing said, labels and sizes stay"),
        pytest.param({"subnets": ["subnet-b", "subnet-a"]}, [], id="subnets in another order"),
        pytest.param({"labels": {"app.io/Tier": "front", "env": "dev"}}, [], id="labels as they are"),
        pytest.param({"taints": [dict(reversed(TAINT.items()))]}, [], id="taints as they are"),
        pytest.param({"update_config": {"max_unavailable": 1}}, [], id="part of a structure as it is"),
        pytest.param(
            {"labels": {"env": "prod", "app.io/Tier": "front"}},
            [(CONFIG, {"labels": {"add_or_update_labels": {"env": "prod"}}})],
            id="label's value",
        ),
        pytest.param(
            {"labels": {"env": "dev", "new": "1"}},
            [(CONFIG, {"labels": {"add_or_update_labels": {"new": "1"}, "remove_labels": ["app.io/Tier"]}})],
            id="label added and removed",
        ),
        pytest.param({"labels": {}}, [(CONFIG, {"labels": {"remove_labels": ["env", "app.io/Tier"]}})], id="no labels"),
        pytest.param(
            {"taints": [{**TAINT, "value": "no"}]},
            [(CONFIG, {"taints": {"add_or_update_taints": [{**TAINT, "value": "no"}]}})],
            id="taint's value",
        ),
        pytest.param(
            {"taints": [{**TAINT, "effect": "NO_EXECUTE"}]},
            [
                (
                    CONFIG,
                    {"taints": {"add_or_update_taints": [{**TAINT, "effect": "NO_EXECUTE"}], "remove_taints": [TAINT]}},
                )
            ],
            id="taint's effect",
        ),
        pytest.param({"taints": []}, [(CONFIG, {"taints": {"remove_taints": [TAINT]}})], id="no taints"),
        pytest.param(
            {"scaling_config": {"max_size": 10}},
            [(CONFIG, {"scaling_config": {"max_size": 10}})],
            id="one size of three",
        ),
        pytest.param(
            {"update_config": {"max_unavailable_percentage": 30}},
            [(CONFIG, {"update_config": {"max_unavailable_percentage": 30, "update_strategy": "DEFAULT"}})],
            id="percentage displaces count",
        ),
        pytest.param(
            {"node_repair_config": {"enabled": True}},
            [(CONFIG, {"node_repair_config": {"enabled": True}})],
            id="repair",
        ),
        pytest.param({"node_repair_config": {"enabled": False}}, [], id="repair is off anyway"),
        pytest.param(
            {"scaling_config": {"desired_size": 5}, "labels": {"env": "dev"}},
            [(CONFIG, {"scaling_config": {"desired_size": 5}, "labels": {"remove_labels": ["app.io/Tier"]}})],
            id="two things in one call",
        ),
        pytest.param({"version": "1.33"}, [(VERSION, {"version": "1.33"})], id="version"),
        pytest.param(
            {"release_version": "1.32.3-20260201"}, [(VERSION, {"release_version": "1.32.3-20260201"})], id="release"
        ),
        pytest.param(
            {"version": "1.33", "scaling_config": {"min_size": 3}},
            [(CONFIG, {"scaling_config": {"min_size": 3}}), (VERSION, {"version": "1.33"})],
            id="two calls, in order",
        ),
    ],
)
def test_update(values: Values, calls: list[tuple[str, Values]]) -> None:
    assert plan(values) == calls


def test_launch_template_moves_to_another_version() -> None:
    given = {"launch_template": {"name": "web", "version": "3"}}
    observed = {"launch_template": {"name": "web", "id": "lt-1", "version": "2"}, "disk_size": None}
    assert plan(given, observed) == [(VERSION, given)]
    assert plan({"launch_template": {"id": "lt-1"}}, observed) == []


def test_force_goes_with_the_version_only() -> None:
    values = {"version": "1.33", "scaling_config": {"min_size": 3}}
    assert [params.get("force") for _call, params in plan(values, modifiers={"force": True})] == [None, True]
    assert plan({}, modifiers={"force": True}) == []


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"ami_type": "BOTTLEROCKET_x86_64"}, "ami_type: found 'AL2023_x86_64_STANDARD', wanted 'BOTTLEROCKET_x86_64'"),
        ({"capacity_type": "SPOT"}, "capacity_type: found 'ON_DEMAND', wanted 'SPOT'"),
        ({"disk_size": 50}, "disk_size: found 20, wanted 50"),
        ({"instance_types": ["m5.large", "m6i.large"]}, "instance_types: found ['m6i.large', 'm5.large']"),
        ({"subnets": ["subnet-a"]}, "subnets: found ['subnet-a', 'subnet-b'], wanted ['subnet-a']"),
        ({"node_role": ROLE.replace("1234", "4321")}, "node_role: found"),
        ({"launch_template": {"id": "lt-1"}}, "launch_template.id: found None, wanted 'lt-1'"),
        ({"remote_access": {"ec2_ssh_key": "ops"}}, "remote_access.ec2_ssh_key: found None, wanted 'ops'"),
        ({"version": "1.31"}, "version: found '1.32', wanted '1.31', but a node group is not taken back"),
    ],
)
def test_immutable_is_refused_or_replaced(values: Values, complaint: str) -> None:
    with pytest.raises(Refused) as refused:
        plan({**values, "labels": {}})
    assert str(refused.value).startswith("node group web of cluster prod: ")
    assert complaint in str(refused.value)
    assert "replace: true" in str(refused.value)
    replacement = plan({"node_role": ROLE, "subnets": ["subnet-a"], **values}, replace=True)
    assert [call for call, _params in replacement] == ["DeleteNodegroup", "CreateNodegroup"]


def test_every_obstacle_is_named_at_once() -> None:
    with pytest.raises(Refused, match=r"disk_size: .*; ami_type: "):
        plan({"disk_size": 50, "ami_type": "CUSTOM"})


@pytest.mark.parametrize(
    ("tags", "purge", "calls"),
    [
        pytest.param(None, True, [], id="no tags said"),
        pytest.param({"Owner": "me"}, True, [], id="as they are, aws:* aside"),
        pytest.param({"Owner": "you"}, True, [("TagResource", {"tags": {"Owner": "you"}})], id="value"),
        pytest.param({"owner": "me"}, False, [("TagResource", {"tags": {"owner": "me"}})], id="kept without purge"),
        pytest.param(
            {"owner": "me"},
            True,
            [("UntagResource", {"tag_keys": ["Owner"]}), ("TagResource", {"tags": {"owner": "me"}})],
            id="other key",
        ),
        pytest.param({}, True, [("UntagResource", {"tag_keys": ["Owner"]})], id="none, aws:* aside"),
        pytest.param({}, False, [], id="none, without purge"),
    ],
)
def test_tags(tags: dict[str, str] | None, purge: bool, calls: list[tuple[str, Values]]) -> None:
    found = plan({}, tags=tags, purge_tags=purge)
    assert found == [(call, {"resource_arn": "arn:web", **params}) for call, params in calls]


def test_tags_of_aws_are_refused() -> None:
    with pytest.raises(Refused, match=r"tags: found the key 'aws:x'"):
        plan({}, tags={"aws:x": "1"})


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"max_size": 10}, (1, 1, 10)),
        ({"min_size": 3}, (3, 3, 3)),
        ({"desired_size": 4}, (1, 4, 4)),
        ({"max_size": 1, "desired_size": 0}, (0, 0, 1)),
        ({"min_size": 1, "desired_size": 2, "max_size": 3}, (1, 2, 3)),
    ],
)
def test_creation_sends_all_sizes(given: Values, sent: tuple[int, ...]) -> None:
    values = {"node_role": ROLE, "subnets": ["subnet-a"], "scaling_config": given}
    (change,) = present(NODEGROUP, Desired(IDENTITY, values), None)
    least, wanted, most = sent
    assert change.params["scaling_config"] == {"min_size": least, "desired_size": wanted, "max_size": most}


def test_creation_sends_what_was_said_and_no_more() -> None:
    values = {"node_role": ROLE, "subnets": ["subnet-a"]}
    (change,) = present(NODEGROUP, Desired(IDENTITY, values, tags={"Owner": "me"}), None)
    assert (change.operation, change.params) == ("CreateNodegroup", {**values, "tags": {"Owner": "me"}})
    assert diff([change], None) == {
        "before": {"status": "absent"},
        "after": {**values, "tags": {"Owner": "me"}, "status": "present"},
    }


def test_creation_names_what_is_missing() -> None:
    with pytest.raises(Refused, match=r"node group web of cluster prod does not exist.*missing: node_role, subnets"):
        present(NODEGROUP, Desired(IDENTITY, {}), None)


def test_stillborn_leaves_the_choice_to_the_user() -> None:
    issue = {"code": "NodeCreationFailure", "message": "no route", "resource_ids": ["i-1", "i-2"]}
    dead = {"status": "CREATE_FAILED", "health": {"issues": [issue]}}
    values = {"node_role": ROLE, "subnets": ["subnet-a"]}
    with pytest.raises(Refused, match=r"CREATE_FAILED.*NodeCreationFailure: no route \(i-1, i-2\).*replace: true"):
        plan(values, dead)
    assert [call for call, _params in plan(values, dead, replace=True)] == ["DeleteNodegroup", "CreateNodegroup"]


def test_diff_shows_what_changes() -> None:
    desired = Desired(IDENTITY, {"labels": {"env": "prod"}, "version": "1.33"}, tags={"Owner": "you"})
    assert diff(present(NODEGROUP, desired, WEB), WEB) == {
        "before": {"labels": WEB["labels"], "version": "1.32", "tags": {"Owner": "me"}},
        "after": {"labels": {"env": "prod"}, "version": "1.33", "tags": {"Owner": "you"}},
    }


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"scaling_config": {"min_size": 7}}, "found min_size 7, desired_size 4, max_size 6"),
        ({"launch_template": {"version": "3"}}, "launch_template: wanted either id or name"),
        ({"launch_template": {"id": "lt-1", "name": "web"}}, "launch_template: wanted either id or name"),
        ({"launch_template": {"id": "lt-1"}, "disk_size": 20}, "disk_size: not possible together with launch_template"),
        ({"launch_template": {"id": "lt-1"}, "remote_access": {}}, "remote_access: not possible together"),
        ({"version": "1.3"}, 'write version: "1.30"'),
        ({"version": "latest"}, "version: found 'latest'"),
        ({"node_role": "node"}, "node_role: found 'node', wanted the ARN of an IAM role"),
        (
            {"node_repair_config": {"node_repair_config_overrides": [{"repair_action": "Reboot"}]}},
            "node_repair_config.node_repair_config_overrides[0].node_monitoring_condition: missing",
        ),
    ],
)
def test_nonsense_is_refused(values: Values, complaint: str) -> None:
    with pytest.raises(Refused) as refused:
        plan(values)
    assert complaint in str(refused.value)


@pytest.mark.parametrize("name", ["x" * 64, "-web", "we b", ""])
def test_impossible_name_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="name: found"):
        present(NODEGROUP, Desired({**IDENTITY, "name": name}, {}), None)
