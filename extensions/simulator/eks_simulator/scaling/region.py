# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One account's Auto Scaling in one region, with what it acts on: EC2, the clock, and the boots of instances."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .. import durations
from ..aws import Neighbours
from ..errors import ServiceError
from ..store import Region
from .model import Activity, Group, Member

if TYPE_CHECKING:
    from ..world import World

Reconcile = Callable[["ScalingRegion", Group], None]


class ScalingRegion:
    """The groups, those under way to their deletion among them. `gone` keeps the activities of deleted ones."""

    def __init__(self, world: World, region: Region, reconcile: Reconcile) -> None:
        self.region = region
        self.aws = Neighbours(region, world.role_changes)
        self.groups: dict[str, Group] = {}
        self.configurations: dict[str, dict[str, Any]] = {}
        self.gone: list[Activity] = []
        self._world = world
        self._reconcile = reconcile

    @property
    def now(self) -> datetime:
        return self._world.timeline.now

    def arn(self, kind: str, rest: str) -> str:
        """The ARN of a new thing of Auto Scaling."""
        region = self.region
        return f"arn:{region.partition}:autoscaling:{region.name}:{region.account}:{kind}:{uuid.uuid4()}:{rest}"

    def group(self, name: str) -> Group:
        """The group of that name. Raises ValidationError (AWS's wording)."""
        if name not in self.groups:
            raise invalid(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
        return self.groups[name]

    def members(self) -> Iterator[tuple[Group, Member]]:
        for group in self.groups.values():
            for member in group.members:
                yield group, member

    def member(self, instance_id: str) -> tuple[Group, Member]:
        """An instance and its group. Raises ValidationError (AWS's wording)."""
        found = next((pair for pair in self.members() if pair[1].id == instance_id), None)
        if found is None:
            raise invalid(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")
        return found

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Let `action` happen in so many seconds of simulated time."""
        self._world.timeline.after(seconds, action)

    def wake(self, group: Group, seconds: float = durations.SCALING_REACTION) -> None:
        """Let the group see soon what it has to do."""
        if group.woken:
            return
        group.woken = True
        self.after(seconds, lambda: self._awake(group))

    def act(self, group: Group) -> None:
        """Let the group see at once what it has to do."""
        self._reconcile(self, group)

    def notice(self) -> None:
        """Find instances that stopped or ended without their group's doing, or run again in a warm pool."""
        for group, member in self.members():
            if not member.leaving and not member.warm and not member.instance.is_running():
                self.wake(group, durations.HEALTH_CHECK)

    def look(self) -> None:
        """Let the clusters notice which instances have come, and which have gone."""
        self._world.boots.look(self.region)

    def begin(self, group: Group, description: str, cause: str, instance: Any = None) -> Activity:
        """A new scaling activity of the group."""
        activity = Activity(
            {
                "ActivityId": str(uuid.uuid4()),
                "AutoScalingGroupName": group.name,
                "AutoScalingGroupARN": group.arn,
                "Description": description,
                "Cause": cause,
                "StartTime": self.now,
                "StatusCode": "InProgress",
                "Progress": 50,
                "Details": _details(group, instance),
            }
        )
        group.activities.append(activity)
        return activity

    def _awake(self, group: Group) -> None:
        group.woken = False
        if self.groups.get(group.name) is group:
            self._reconcile(self, group)


def invalid(message: str) -> ServiceError:
    """The error that Auto Scaling has for most mistakes."""
    return ServiceError("ValidationError", message)


def stamp(moment: datetime) -> str:
    """A moment as the causes of activities have it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _details(group: Group, instance: Any) -> str:
    if instance is None or not getattr(instance, "subnet_id", None):
        return "{}"
    return f'{{"Subnet ID":"{instance.subnet_id}","Availability Zone":"{instance.availability_zone}"}}'
