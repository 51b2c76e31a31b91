# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operation of Auto Scaling is given, and the table of those that are served."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ServiceError
from .model import Group, Member
from .region import ScalingRegion, invalid


@dataclass
class ScalingCall:
    """One request: its parameters by the model's member names, and the region that it meets."""

    operation: str
    parameters: dict[str, Any]
    place: ScalingRegion

    def get(self, name: str, default: Any = None) -> Any:
        return self.parameters.get(name, default)

    def group(self) -> Group:
        """The group that the call names. Raises ValidationError."""
        return self.place.group(self.parameters["AutoScalingGroupName"])

    def living_group(self) -> Group:
        """The same, if it is not being deleted. Raises ValidationError."""
        group = self.group()
        if group.status:
            raise invalid(f"AutoScalingGroup '{group.name}' is pending delete")
        return group

    def member(self, instance_id: str) -> Member:
        """An instance of the group that the call names. Raises ValidationError (AWS's wording)."""
        group = self.living_group()
        found = group.find(instance_id)
        if found is None or found.leaving:
            raise invalid(f"The instance {instance_id} is not part of Auto Scaling group {group.name}.")
        return found

    def page(self, key: str, items: Sequence[Any], usual: int = 50, most: int = 100) -> dict[str, Any]:
        """The page of `items` that the call asks for, under `key`. Raises ValidationError and InvalidNextToken."""
        size = self.get("MaxRecords", usual)
        if not 1 <= size <= most:
            raise invalid(f"MaxRecords must be between 1 and {most}, found {size}")
        start = self._start()
        answer = {key: list(items[start : start + size])}
        if start + size < len(items):
            token = f"{self.operation}:{start + size}"
            answer["NextToken"] = base64.urlsafe_b64encode(token.encode()).decode()  # type: ignore[assignment]
        return answer

    def _start(self) -> int:
        token = self.get("NextToken")
        if not token:
            return 0
        try:
            operation, _unused, start = base64.urlsafe_b64decode(token).decode().partition(":")
            if operation == self.operation:
                return int(start)
        except (ValueError, binascii.Error):
            pass
        raise ServiceError("InvalidNextToken", f"The token '{token}' is invalid.")


Handler = Callable[[ScalingCall], dict[str, Any]]
HANDLERS: dict[str, Handler] = {}


def operation(name: str) -> Callable[[Handler], Handler]:
    """Register the function that carries out the operation `name` of Auto Scaling."""

    def register(handler: Handler) -> Handler:
        HANDLERS[name] = handler
        return handler

    return register
