# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The descriptors say what botocore's service model says, and what AWS adds to it is noticed."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.model import ServiceModel

from ansible_collections.flotilla.eks.plugins.module_utils._model import Resource
from support.conformance import findings, subject
from support.descriptors import EKS, RESOURCES, model_of

EACH = pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES)


@EACH
def test_descriptor_conforms(resource: Resource) -> None:
    assert findings(resource, model_of(resource)) == []


# The reverse: AWS adds something, and the next botocore knows it.


def model_with(model: Any = EKS, **grown: dict[str, Any]) -> ServiceModel:
    """The service model with more, or other, ``shapes`` and ``operations``."""
    known = model._service_description
    merged = {part: {**known[part], **more} for part, more in grown.items()}
    return ServiceModel({**known, **merged}, model.service_name)


def input_structures() -> list[Any]:
    """The names of all structures in the inputs of Create, Update and attaching operations, with who takes them."""
    found = {}

    def walk(shape: Any, resource: Resource, place: str) -> None:
        if shape.type_name == "list":
            walk(shape.member, resource, place)
        elif shape.type_name == "structure" and place not in resource.excluded and not place.endswith(".tags"):
            found[shape.name] = (resource, place)
            for name, member in shape.members.items():
                walk(member, resource, f"{place}.{name}")

    for resource in RESOURCES.values():
        for operation in resource.operations:
            if operation.startswith(("Create", "Register", "Update", "Associate")):
                walk(model_of(resource).operation_model(operation).input_shape, resource, operation)
    return [pytest.param(name, *holder, id=name) for name, holder in found.items()]


@pytest.mark.parametrize(("name", "resource", "place"), input_structures())
def test_new_member_of_the_api_is_named(name: str, resource: Resource, place: str) -> None:
    model = model_of(resource)
    shape = model._service_description["shapes"][name]
    grown = {**shape, "members": {**shape["members"], "brandNew": {"shape": "String"}}}
    found = findings(resource, model_with(model, shapes={name: grown}))
    assert f"{place}.brandNew" in map(subject, found)
    assert [line for line in found if not subject(line).endswith(".brandNew")] == []


def test_new_enum_value_of_the_api_is_named() -> None:
    values = {"type": "string", "enum": [*EKS.shape_for("AMITypes").enum, "AL2027_x86_64"]}
    assert findings(RESOURCES["nodegroup"], model_with(shapes={"AMITypes": values})) == [
        "CreateNodegroup.amiType: the value AL2027_x86_64 is missing"
    ]


def test_new_status_of_the_api_is_named() -> None:
    values = {"type": "string", "enum": [*EKS.shape_for("NodegroupStatus").enum, "PAUSED"]}
    assert findings(RESOURCES["nodegroup"], model_with(shapes={"NodegroupStatus": values})) == [
        "DescribeNodegroup.status: PAUSED is unknown to the lifecycle"
    ]
