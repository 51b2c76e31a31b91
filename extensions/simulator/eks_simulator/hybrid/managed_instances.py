# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that Systems Manager manages: DescribeInstanceInformation, DeregisterManagedInstance.

Rules: the service model of SSM. No EC2 instance runs an agent here, so all of them are hosts outside of AWS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..errors import ServiceError
from ..operations import Call, operation
from ..paging import page
from ..store import ManagedInstance
from .activations import PAGES

_MEMBERS = {
    "ActivationIds": "ActivationId",
    "AgentVersion": "AgentVersion",
    "AssociationStatus": "AssociationStatus",
    "IamRole": "IamRole",
    "InstanceIds": "InstanceId",
    "PingStatus": "PingStatus",
    "PlatformTypes": "PlatformType",
    "ResourceType": "ResourceType",
    "SourceIds": "SourceId",
    "SourceTypes": "SourceType",
}
"""The member of a managed instance that a filter is about."""
_INSTANCE = re.compile(r"(i-(\w{8}|\w{17}))|(mi-\w{17})")


@operation("DescribeInstanceInformation", "ssm")
def describe_instance_information(call: Call) -> dict[str, Any]:
    """An unknown id finds nothing: that is what whoever waits for an agent to come asks for again and again."""
    legacy = [(one["key"], one["valueSet"]) for one in call.get("InstanceInformationFilterList", [])]
    filters = [(one["Key"], one["Values"]) for one in call.get("Filters", [])]
    if legacy and filters:
        raise _invalid_key("Filters and InstanceInformationFilterList cannot be used together")
    by_tag = [key for key, _unused in filters if key.startswith("tag")]
    if by_tag and len(by_tag) < len(filters):
        raise _invalid_key("Filtering by tags cannot be combined with other filter types")
    found: Iterable[ManagedInstance] = call.region.managed_instances.values()
    for key, values in legacy + filters:
        found = [one for one in found if _is_chosen(one, key, values)]
    shown = [one.description for one in found]
    return page(call, "InstanceInformationList", shown, "InvalidNextToken", replace(PAGES, default=10))


@operation("DeregisterManagedInstance", "ssm")
def deregister_managed_instance(call: Call) -> dict[str, Any]:
    instance = call.parameters["InstanceId"]
    if call.region.managed_instances.pop(instance, None) is None:
        raise ServiceError("InvalidInstanceId", f"Instance {instance} is not registered as a managed instance.")
    return {}


def _is_chosen(instance: ManagedInstance, key: str, values: list[str]) -> bool:
    if key == "tag-key":
        return bool(instance.tags.keys() & set(values))
    if key.startswith("tag:"):
        return instance.tags.get(key.removeprefix("tag:")) in values
    if key not in _MEMBERS:
        raise _invalid_key(f"The filter key {key} is not valid. Valid keys: {', '.join(_MEMBERS)}, tag-key, tag:KEY")
    odd = [value for value in values if key == "InstanceIds" and not _INSTANCE.fullmatch(value)]
    if odd:
        raise ServiceError("InvalidInstanceInformationFilterValue", f"Not the id of an instance: {', '.join(odd)}")
    return instance.description.get(_MEMBERS[key]) in values


def _invalid_key(message: str) -> ServiceError:
    return ServiceError("InvalidFilterKey", message)
