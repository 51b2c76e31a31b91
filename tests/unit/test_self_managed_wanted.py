# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user says of self-managed node groups, checked against the service models; and how partial values compare."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.session import Session

from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.partial import matches, merged, portion
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.wanted import (
    NOT_OF_A_SCALING_GROUP,
    Nodegroup,
    wanted,
)
from ansible_collections.flotilla.eks.plugins.module_utils._shapes import snake
from ansible_collections.flotilla.eks.plugins.module_utils._validate import Validator

MODELS = {name: Session().get_service_model(name) for name in ("ec2", "autoscaling")}


def shapes(service: str, operation: str) -> Any:
    return MODELS[service].operation_model(operation).input_shape


def parsed(*groups: Any) -> list[Nodegroup]:
    return wanted("prod", groups, shapes)


def scaling(**members: Any) -> dict[str, Any]:
    return {"name": "web", "scaling_groups": [members]}


def test_what_is_said_is_completed() -> None:
    (web,) = parsed(
        {
            "name": "web",
            "launch_template": {"image_id": "ami-1", "user_data": "hi", "key_name": None},
            "scaling_groups": [
                {
                    "subnets": ["subnet-a"],
                    "min_size": "1",
                    "default_cooldown": None,
                    "scaling_policies": [{"policy_name": "cpu"}],
                    "tags": {"on": True, "n": 1},
                }
            ],
        }
    )
    assert web.data == {"image_id": "ami-1", "user_data": "aGk="}
    (group,) = web.scaling_groups
    assert (group.name, group.settings) == ("prod-web", {"subnets": ["subnet-a"], "min_size": 1})
    assert group.policies == [{"policy_type": "TargetTrackingScaling", "policy_name": "cpu"}]
    assert (group.hooks, group.warm_pool, group.purge_tags) == (None, None, False)
    assert group.tags == {
        "Name": "prod-web",
        "on": "true",
        "n": "1",
        "kubernetes.io/cluster/prod": "owned",
        "flotilla.eks/cluster": "prod",
        "flotilla.eks/nodegroup": "web",
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("web", "groups[0]: found 'web', wanted a dictionary of options"),
        ({}, "groups[0].name: missing; it is required"),
        ({"name": "web", "state": "gone"}, "groups[0].state: found 'gone', wanted one of present, absent"),
        ({"name": "web", "launch_template": {"user_data": ["secret"]}}, "user_data: found a list, wanted a text"),
        (
            {"name": "web", "launch_template": {"network_interfaces": [{}], "security_group_ids": ["sg-1"]}},
            "launch_template: found network_interfaces and security groups",
        ),
        (
            {"name": "web", "launch_template": {"block_device_mappings": [{"ebs": {"volume_size": "big"}}]}},
            "launch_template.block_device_mappings[0].ebs.volume_size: found 'big', wanted a value of type int",
        ),
        (
            {"name": "web", "launch_template": {"metadata_options": {"http_tokens": "requierd"}}},
            "metadata_options.http_tokens: found 'requierd', wanted one of optional, required",
        ),
        (
            {"name": "web", "launch_template": {"credit_specification": {}}},
            "groups[0].launch_template.credit_specification.cpu_credits: missing; it is required",
        ),
        (
            {"name": "web", "launch_template": {"instance_market_options": {"spot_options": {"valid_until": "soon"}}}},
            "valid_until: found 'soon', wanted a value of type timestamp",
        ),
        (scaling(launch_template={}), "groups[0].scaling_groups[0].launch_template: there is no such option"),
        (scaling(subnets=[1], availability_zones=["a"]), "availability_zones: there is no such option; there are:"),
        (scaling(name=""), "groups[0].scaling_groups[0].name: '' has 0 characters, wanted 1 to 255"),
        (scaling(termination_policies="Default"), "termination_policies: found 'Default', wanted a list"),
        (scaling(health_check_type=True), "health_check_type: found True, wanted a value of type str"),
        (scaling(placement_group="x" * 256), "placement_group: found 256 characters, wanted 1 to 255"),
        (scaling(warm_pool={"min_size": -1}), "warm_pool.min_size: found -1, wanted at least 0"),
        (scaling(warm_pool={"auto_scaling_group_name": "x"}), "warm_pool.auto_scaling_group_name: there is no such"),
        (scaling(scaling_policies=[{"policy_name": "a"}] * 2), "scaling_policies[1].policy_name: 'a' is listed twice"),
        (
            scaling(mixed_instances_policy={"launch_template": {"launch_template_specification": {"version": "1"}}}),
            "launch_template_specification: it is the node group's own launch template; leave it out",
        ),
        (
            scaling(traffic_sources=[{"identifier": "a"}], target_group_arns=["b"]),
            "found traffic_sources and target_group_arns, which are two names of one thing",
        ),
        (scaling(tags={"aws:x": "1"}), "tags: the key 'aws:x' has a prefix that belongs to AWS"),
        (scaling(group_tags={"flotilla.eks/roll": ""}), "group_tags: the key 'flotilla.eks/roll' belongs to"),
        (scaling(tags={"a": "1"}, group_tags={"a": "2"}), "group_tags: the key 'a' is among tags too; name it once"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(given: Any, message: str) -> None:
    with pytest.raises(Refused) as refused:
        parsed(given)
    assert str(refused.value).startswith("self-managed node groups of cluster prod: ")
    assert message in str(refused.value)
    assert "secret" not in str(refused.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(Refused) as refused:
        parsed(scaling(colour="red"), {"name": "web", "size": 1})
    assert str(refused.value).count("there is no such option") == 2
    assert "groups[1].name: 'web' is listed twice, first as groups[0].name" in str(refused.value)


def test_what_is_excluded_exists() -> None:
    members = {snake(name) for name in shapes("autoscaling", "CreateAutoScalingGroup").members}
    assert members >= NOT_OF_A_SCALING_GROUP


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2030-01-31T12:00:00Z", "2030-01-31T12:00:00+00:00"),
        ("2030-01-31T12:00:00", "2030-01-31T12:00:00+00:00"),
        ("2030-01-31 14:00:00+02:00", "2030-01-31T12:00:00+00:00"),
    ],
)
def test_moments_have_one_spelling(given: str, moment: str) -> None:
    shape = MODELS["ec2"].shape_for("LaunchTemplateSpotMarketOptionsRequest")
    assert Validator().shaped(shape, {"valid_until": given}, "spot_options") == {"valid_until": moment}


@pytest.mark.parametrize(
    ("given", "seen", "equal"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, True),
        ({"a": {}}, {"a": {"b": 1}}, True),
        ({"a": 1}, None, False),
        ({"a": False, "b": "", "c": []}, None, True),
        ([1, 2], [2, 1], True),
        ({"ordered": [1, 2]}, {"ordered": [2, 1]}, False),
        ([{"a": 1}], [{"a": 1, "b": 2}], False),
        ([{"a": 1, "b": None}], [{"a": 1}], True),
        ([1], [1, 1], False),
        (0, None, False),
    ],
)
def test_partial_values(given: Any, seen: Any, equal: bool) -> None:
    assert matches(given, seen, ordered=("ordered",)) is equal
    assert matches(given, merged(seen, given), ordered=("ordered",))


def test_only_what_is_given_is_shown() -> None:
    assert portion({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 5}, "e": 1}) == {"a": {"b": 1}}
