# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the calls of Auto Scaling have in common: the groups and instances that they name, and pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any

from .. import operations
from ..errors import ServiceError
from ..operations import Call, Handler
from .model import Group, Member
from .region import invalid


def operation(name: str) -> Callable[[Handler], Handler]:
    """Register the function that carries out the operation `name` of Auto Scaling."""
    return operations.operation(name, "autoscaling")


def group_of(call: Call) -> Group:
    """The group that the call names. Raises ValidationError."""
    return call.scaling.group(call.parameters["AutoScalingGroupName"])


def living_group(call: Call) -> Group:
    """The same, if it is not being deleted. Raises ValidationError."""
    group = group_of(call)
    if group.status:
        raise invalid(f"AutoScalingGroup '{group.name}' is pending delete")
    return group


def members_of(call: Call) -> list[Member]:
    """The instances that the call names, of the group that it names. Raises ValidationError (AWS's wording)."""
    group = living_group(call)
    members = {member.id: member for member in group.members if not member.leaving}
    for instance_id in call.get("InstanceIds") or ():
        if instance_id not in members:
            raise invalid(f"The instance {instance_id} is not part of Auto Scaling group {group.name}.")
    return [members[instance_id] for instance_id in call.get("InstanceIds") or ()]


def page(call: Call, key: str, items: Sequence[Any], usual: int = 50, most: int = 100) -> dict[str, Any]:
    """The page of `items` that the call asks for, under `key`. Raises ValidationError and InvalidNextToken."""
    size = call.get("MaxRecords", usual)
    if not 1 <= size <= most:
        raise invalid(f"MaxRecords must be between 1 and {most}, found {size}")
    start = _start(call)
    answer: dict[str, Any] = {key: list(items[start : start + size])}
    if start + size < len(items):
        answer["NextToken"] = base64.urlsafe_b64encode(f"{call.operation}:{start + size}".encode()).decode()
    return answer


def _start(call: Call) -> int:
    token = call.get("NextToken")
    if not token:
        return 0
    try:
        operation_name, _unused, start = base64.urlsafe_b64decode(token).decode().partition(":")
        if operation_name == call.operation:
            return int(start)
    except (ValueError, binascii.Error):
        pass
    raise ServiceError("InvalidNextToken", f"The token '{token}' is invalid.")
