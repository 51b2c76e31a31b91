# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and values between options and the API, for every shape of the service model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible.module_utils.common.dict_transformations import _camel_to_snake
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.module_utils._shapes import from_api, snake, to_api
from support.descriptors import EKS
from support.strategies import HOSTILE_KEYS, of_shape

STRUCTURES = [shape for shape in map(EKS.shape_for, EKS.shape_names) if shape.type_name == "structure"]


def input_of(operation: str) -> Any:
    return EKS.operation_model(operation).input_shape


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda structure: structure.name)
def test_names_are_those_of_ansible(structure: Any) -> None:
    """The results of community.aws's modules are spelled by Ansible's own function; ours are the same."""
    spelled = {name: snake(name) for name in structure.members}
    assert spelled == {name: _camel_to_snake(name) for name in structure.members}
    assert len(set(spelled.values())) == len(spelled)


@pytest.mark.parametrize("operation", EKS.operation_names)
@given(data=st.data())
def test_round_trip(operation: str, data: st.DataObject) -> None:
    value = data.draw(of_shape(input_of(operation)))
    assert from_api(input_of(operation), to_api(input_of(operation), value)) == value


def test_request_is_spelled_as_the_api_has_it() -> None:
    request = to_api(input_of("CreateNodegroup"), {"remote_access": {"ec2_ssh_key": "ops"}, "disk_size": 0})
    assert request == {"remoteAccess": {"ec2SshKey": "ops"}, "diskSize": 0}


def test_request_holds_no_none_and_nothing_unknown() -> None:
    value = {"version": None, "unknown": 1, "scaling_config": {"min_size": 1, "max_size": None}, "labels": {}}
    assert to_api(input_of("CreateNodegroup"), value) == {"scalingConfig": {"minSize": 1}, "labels": {}}


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_keys_of_maps_are_data(key: str) -> None:
    value = {"tags": {key: "1"}, "labels": {key: "2"}, "subnets": [], "node_role": ""}
    request = to_api(input_of("CreateNodegroup"), value)
    assert request == {"tags": {key: "1"}, "labels": {key: "2"}, "subnets": [], "nodeRole": ""}
    selectors = {"selectors": [{"namespace": "default", "labels": {key: "3"}}]}
    assert from_api(input_of("CreateFargateProfile"), to_api(input_of("CreateFargateProfile"), selectors)) == selectors


def test_answer_is_spelled_in_options() -> None:
    answer = {
        "nodegroup": {
            "createdAt": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            "health": {"issues": [{"code": "AccessDenied", "resourceIds": ["i-1"]}]},
        },
        "ResponseMetadata": {"HTTPStatusCode": 200},
    }
    assert from_api(EKS.operation_model("DescribeNodegroup").output_shape, answer) == {
        "nodegroup": {
            "created_at": "2026-01-02T03:04:05+00:00",
            "health": {"issues": [{"code": "AccessDenied", "resource_ids": ["i-1"]}]},
        }
    }


def test_maps_hold_text_only() -> None:
    """Were a map of structures to come, the translation would have to learn about it."""
    maps = [shape for shape in map(EKS.shape_for, EKS.shape_names) if shape.type_name == "map"]
    assert {shape.value.type_name for shape in maps} == {"string"}
