# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The query protocol and EC2's dialect of it: what botocore writes is read, what does not fit the model is named."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

import botocore.parsers
import botocore.serialize
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eks_simulator.protocols import protocol_of
from eks_simulator.validation import problems
from eks_simulator.wire import Request

AUTO_SCALING, EC2 = protocol_of("autoscaling"), protocol_of("ec2")
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)


@cache
def shape_of(protocol: Any, name: str) -> Any:
    return protocol.service.shape_for(name)


def request(service: str, form: dict[str, str]) -> Request:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Request("POST", "/", headers, urlencode(form).encode())


@cache
def values(shape: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a shape, without empty lists and structures, which a form cannot tell from none."""
    if shape.type_name == "structure":
        members = {name: values(member, depth + 1) for name, member in shape.members.items() if depth < 5}
        return st.fixed_dictionaries({}, optional=members).filter(bool)
    if shape.type_name == "list":
        return st.lists(values(shape.member, depth + 1), min_size=1, max_size=2)
    simple: dict[str, st.SearchStrategy[Any]] = {
        "boolean": st.booleans(),
        "integer": st.integers(-(2**31), 2**31 - 1),
        "double": st.floats(allow_nan=False, allow_infinity=False, width=32),
        "timestamp": st.just(datetime(2026, 11, 6, tzinfo=UTC)),
    }
    return simple.get(shape.type_name, st.sampled_from(shape.enum) if getattr(shape, "enum", None) else TEXT)


@settings(max_examples=10, deadline=None)
@given(st.data())
@pytest.mark.parametrize("shape", ["AutoScalingGroup", "ScalingPolicy", "InstanceRefresh"])
def test_botocore_understands_the_answers(shape: str, data: st.DataObject) -> None:
    """A structure of the model goes out as XML and comes back through botocore's own parser."""
    name, member, list_ = {
        "AutoScalingGroup": ("DescribeAutoScalingGroups", "AutoScalingGroups", True),
        "ScalingPolicy": ("DescribePolicies", "ScalingPolicies", True),
        "InstanceRefresh": ("DescribeInstanceRefreshes", "InstanceRefreshes", True),
    }[shape]
    operation = AUTO_SCALING.service.operation_model(name)
    value = data.draw(values(shape_of(AUTO_SCALING, shape)))
    response = AUTO_SCALING.answer(operation, {member: [value] if list_ else value})
    parser = botocore.parsers.create_parser("query")
    parsed = parser.parse({"status_code": 200, "headers": {}, "body": response.body}, operation.output_shape)
    assert parsed[member] == [value]


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("autoscaling", "CreateAutoScalingGroup"),
        ("autoscaling", "StartInstanceRefresh"),
        ("ec2", "CreateLaunchTemplate"),
    ],
)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_what_botocore_writes_is_read(service: str, name: str, data: st.DataObject) -> None:
    protocol = AUTO_SCALING if service == "autoscaling" else EC2
    operation = protocol.service.operation_model(name)
    value = data.draw(values(shape_of(protocol, operation.input_shape.name)))
    serializer = botocore.serialize.create_serializer(protocol.service.metadata["protocol"], False)
    form = serializer.serialize_to_request(value, operation)["body"]
    read = protocol.parameters(operation, {}, request(service, form))
    assert without_times(read) == without_times(value)


def without_times(value: Any) -> Any:
    """`value` with times blotted out, which go as text."""
    if isinstance(value, dict):
        return {name: without_times(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_times(item) for item in value]
    return None if isinstance(value, datetime) or value == "2026-11-06T00:00:00Z" else value


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"MinSize": "one"}, "Value 'one' at 'MinSize' failed to satisfy constraint: Member must be of type integer"),
        ({"Colour": "red"}, "Unknown member 'Colour' at 'the request'"),
        ({"LaunchTemplate.Colour": "red"}, "Unknown member 'Colour' at 'LaunchTemplate'"),
        ({"CapacityRebalance": "yes"}, "Member must be of type boolean"),
        ({"Tags.member.1": "x"}, "Member must be of type structure"),
        ({"Tags": "x"}, "Member must be of type list"),
        ({"DeletionProtection": "some"}, "Member must satisfy enum value set"),
    ],
)
def test_what_does_not_fit_the_model_is_named(form: dict[str, str], reason: str) -> None:
    operation = AUTO_SCALING.service.operation_model("CreateAutoScalingGroup")
    whole = {"Action": "CreateAutoScalingGroup", "AutoScalingGroupName": "x", "MinSize": "1", "MaxSize": "1", **form}
    parameters = AUTO_SCALING.parameters(operation, {}, request("autoscaling", whole))
    assert reason in (problems(operation.input_shape, parameters) or "")
