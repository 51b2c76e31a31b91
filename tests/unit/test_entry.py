# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a task's words to a desired state: what Ansible's own validation makes of them, and what is made of that."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.flotilla.eks.plugins.module_utils._entry import argument_spec, desired_state
from ansible_collections.flotilla.eks.plugins.module_utils._model import Option, Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Desired, Refused
from support.descriptors import IDENTITIES, RESOURCES

EACH = pytest.mark.parametrize("kind", RESOURCES)
OURS = {"state": "present", "purge_tags": True, "wait": True, "wait_delay": 15, "replace": False}
OURS |= {"replacement": "delete_first", "purge_policies": False, "purge_attribute_mappings": False}


def validated(kind: str, **words: Any) -> Any:
    return ArgumentSpecValidator(argument_spec(RESOURCES[kind])).validate({**IDENTITIES[kind], **words})


def desired(kind: str, **words: Any) -> Desired:
    result = validated(kind, **words)
    assert result.error_messages == []
    return desired_state(RESOURCES[kind], result.validated_parameters)


@EACH
def test_identity_is_enough_for_a_task(kind: str) -> None:
    assert desired(kind) == Desired(IDENTITIES[kind])


@EACH
def test_identity_is_required(kind: str) -> None:
    errors = ArgumentSpecValidator(argument_spec(RESOURCES[kind])).validate({}).error_messages
    assert [f"missing required arguments: {', '.join(sorted(IDENTITIES[kind]))}"] == errors


@EACH
def test_only_words_of_ours_have_defaults(kind: str) -> None:
    """What AWS would choose itself is not chosen here."""
    spec = argument_spec(RESOURCES[kind])
    defaults = {name: entry["default"] for name, entry in spec.items() if "default" in entry}
    timeout = {"wait_timeout": RESOURCES[kind].wait_timeout} if RESOURCES[kind].lifecycle else {}
    assert defaults == {name: OURS[name] for name in defaults if name in OURS} | timeout
    assert not [name for name, entry in spec.items() if "default" in str(entry.get("options"))]


@EACH
def test_every_option_is_in_the_spec_as_it_is(kind: str) -> None:
    spec = argument_spec(RESOURCES[kind])
    agree(dict(RESOURCES[kind].options.members or {}), spec)


def agree(members: dict[str, Option], spec: Values) -> None:
    for name, option in members.items():
        entry = spec[name]
        assert entry["type"] == option.kind
        holder = option.elements or option
        assert tuple(entry.get("choices", ())) == holder.choices
        assert entry.get("required", False) == option.required
        assert entry.get("elements") == (option.elements and option.elements.kind)
        assert ("options" in entry) == (holder.members is not None)
        agree(dict(holder.members or {}), entry.get("options", {}))


@pytest.mark.parametrize(
    ("kind", "words", "complaint"),
    [
        ("nodegroup", {"scaling_config": {"min": 1}}, "scaling_config.min"),
        ("cluster", {"logging": {"cluster_logging": [{"type": "api"}]}}, "logging.cluster_logging.type"),
        (
            "nodegroup",
            {"taints": [{"key": "a", "effect": "NoSchedule"}]},
            "NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE",
        ),
        ("nodegroup", {"ami_type": "AL3"}, "AL2023_x86_64_STANDARD"),
        (
            "nodegroup",
            {"update_config": {"max_unavailable": 1, "max_unavailable_percentage": 2}},
            "mutually exclusive: max_unavailable|max_unavailable_percentage",
        ),
        ("cluster", {"outpost_config": {"outpost_arns": ["a"]}}, "control_plane_instance_type"),
        ("access_entry", {"policies": [{"policy_arn": "a"}]}, "access_scope"),
        ("nodegroup", {"disk_size": "much"}, "disk_size"),
    ],
)
def test_bad_words_are_named(kind: str, words: Values, complaint: str) -> None:
    assert complaint in " ".join(validated(kind, **words).error_messages)


@pytest.mark.parametrize(
    ("kind", "words", "values"),
    [
        pytest.param(
            "nodegroup", {"labels": {}, "taints": [], "subnets": None}, {"labels": {}, "taints": []}, id="empty"
        ),
        pytest.param(
            "nodegroup", {"scaling_config": {"max_size": 3}}, {"scaling_config": {"max_size": 3}}, id="in a dict"
        ),
        pytest.param(
            "nodegroup",
            {"taints": [{"key": "gpu", "effect": "NO_EXECUTE", "value": None}]},
            {"taints": [{"key": "gpu", "effect": "NO_EXECUTE"}]},
            id="in a list",
        ),
        pytest.param(
            "cluster",
            {"kube_scheduler_config": {"node_resources_fit": {"scoring_strategy": {"resources": [{"name": "cpu"}]}}}},
            {"kube_scheduler_config": {"node_resources_fit": {"scoring_strategy": {"resources": [{"name": "cpu"}]}}}},
            id="far below",
        ),
        pytest.param("cluster", {"deletion_protection": False}, {"deletion_protection": False}, id="false is said"),
        pytest.param("nodegroup", {"disk_size": 0}, {"disk_size": 0}, id="zero is said"),
    ],
)
def test_what_was_not_said_is_dropped_at_all_levels(kind: str, words: Values, values: Values) -> None:
    assert desired(kind, **words).values == values


def test_values_of_maps_become_text() -> None:
    words = {"a": True, "b": 1, "c": "x", "d": None, "e": 1.5, 6: False, "Camel/Case.x": "Yes"}
    text = {"a": "true", "b": "1", "c": "x", "d": "", "e": "1.5", "6": "false", "Camel/Case.x": "Yes"}
    assert desired("nodegroup", labels=words, tags=words) == Desired(
        IDENTITIES["nodegroup"], {"labels": text}, tags=text
    )
    selectors = desired("fargate_profile", selectors=[{"namespace": "a", "labels": words}]).values["selectors"]
    assert selectors == [{"namespace": "a", "labels": text}]


def test_shorthands_mean_the_paths_of_the_api() -> None:
    assert desired("cluster", subnets=["a"], security_groups=["b"]).values == {
        "resources_vpc_config": {"subnet_ids": ["a"], "security_group_ids": ["b"]}
    }
    merged = desired("cluster", subnets=["a"], resources_vpc_config={"endpoint_private_access": True})
    assert merged.values == {"resources_vpc_config": {"subnet_ids": ["a"], "endpoint_private_access": True}}


def test_two_spellings_of_one_thing_are_refused() -> None:
    with pytest.raises(Refused, match=r"cluster prod: subnets and resources_vpc_config\.subnet_ids are two names"):
        desired("cluster", subnets=["a"], resources_vpc_config={"subnet_ids": ["a"]})


@pytest.mark.parametrize(
    ("kind", "words", "values"),
    [
        (
            "nodegroup",
            {"remote_access": {"source_sg": ["sg-1"]}},
            {"remote_access": {"source_security_groups": ["sg-1"]}},
        ),
        ("fargate_profile", {"role_arn": "arn"}, {"pod_execution_role_arn": "arn"}),
    ],
)
def test_names_of_community_aws_work(kind: str, words: Values, values: Values) -> None:
    assert desired(kind, **words).values == values


def test_resource_tags_are_tags() -> None:
    assert desired("cluster", resource_tags={"Owner": "me"}).tags == {"Owner": "me"}
    assert desired("cluster").tags is None
    assert desired("cluster", tags={}, purge_tags=False) == Desired(IDENTITIES["cluster"], tags={}, purge_tags=False)


@pytest.mark.parametrize("kind", ["nodegroup", "fargate_profile"])
def test_name_may_carry_the_name_of_its_kind(kind: str) -> None:
    words = {"cluster_name": "prod", f"{kind}_name": "x"}
    params = ArgumentSpecValidator(argument_spec(RESOURCES[kind])).validate(words).validated_parameters
    assert desired_state(RESOURCES[kind], params).identity == {"cluster_name": "prod", "name": "x"}


def test_other_words_find_their_place() -> None:
    assert desired("nodegroup", force=True, replace=True) == Desired(
        IDENTITIES["nodegroup"], modifiers={"force": True}, replace=True
    )
    assert desired("nodegroup", force=False).modifiers == {}
    assert desired("access_entry", policies=[], purge_policies=True) == Desired(
        IDENTITIES["access_entry"], {"policies": []}, purge_attachments=True
    )


def test_auto_mode_is_completed() -> None:
    assert desired("cluster", compute_config={"enabled": True}).values == {
        "compute_config": {"enabled": True},
        "kubernetes_network_config": {"elastic_load_balancing": {"enabled": True}},
        "storage_config": {"block_storage": {"enabled": True}},
    }
