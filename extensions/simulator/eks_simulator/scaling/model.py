# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Auto Scaling groups are made of. The member names of `settings` and of all other plain dicts are the API's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
PROCESSES = (
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "Launch",
    "ReplaceUnhealthy",
    "ScheduledActions",
    "Terminate",
)
"""https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html"""


@dataclass(frozen=True)
class Source:
    """What an instance was launched from: a version of a launch template, or a launch configuration."""

    template_id: str = ""
    template_name: str = ""
    version: str = ""
    configuration: str = ""

    def shown(self) -> dict[str, Any]:
        """As the descriptions of instances have it."""
        if self.configuration:
            return {"LaunchConfigurationName": self.configuration}
        names = {"LaunchTemplateId": self.template_id, "LaunchTemplateName": self.template_name}
        return {"LaunchTemplate": {**names, "Version": self.version}} if self.template_id else {}


@dataclass
class Activity:
    """A scaling activity, by the members of the API's Activity."""

    description: dict[str, Any]

    @property
    def running(self) -> bool:
        return "EndTime" not in self.description

    def end(self, now: datetime, status: str = "Successful", message: str | None = None) -> None:
        self.description.update(EndTime=now, StatusCode=status, StatusMessage=message, Progress=100)


@dataclass
class HookAction:
    """A lifecycle hook that an instance waits for, until `deadline` at the latest."""

    hook: dict[str, Any]
    token: str
    begun: datetime
    deadline: datetime


@dataclass
class Wait:
    """What an instance waits for in one of the :Wait states, by the hook's name; `then` is told how it came out."""

    actions: dict[str, HookAction]
    then: Callable[[str], None]


@dataclass(eq=False)
class Member:
    """An instance of a group. `instance` is moto's; `state` is its lifecycle state."""

    instance: Any
    source: Source
    state: str
    zone: str
    zone_id: str
    since: datetime
    weight: int = 1
    weighted: bool = False
    spot: bool = False
    healthy: bool = True
    protected: bool = False
    in_service_since: datetime | None = None
    activity: Activity | None = None
    wait: Wait | None = None

    @property
    def id(self) -> str:
        instance_id: str = self.instance.id
        return instance_id

    @property
    def type(self) -> str:
        instance_type: str = self.instance.instance_type
        return instance_type

    @property
    def warm(self) -> bool:
        """Whether it is in the warm pool, or on its way there."""
        return self.state.startswith("Warmed:")

    @property
    def leaving(self) -> bool:
        """Whether it is on its way out, and does not count any more."""
        return self.state.startswith(("Terminat", "Detach", "Warmed:Terminat"))

    @property
    def counts(self) -> bool:
        """Whether it is part of the capacity that the group has or is about to have."""
        return self.state.startswith("Pending") or self.state == "InService"

    def described(self) -> dict[str, Any]:
        """As DescribeAutoScalingGroups shows it."""
        return {
            "InstanceId": self.id,
            "InstanceType": self.type,
            "AvailabilityZone": self.zone,
            "AvailabilityZoneId": self.zone_id,
            "LifecycleState": self.state,
            "HealthStatus": "Healthy" if self.healthy else "Unhealthy",
            **self.source.shown(),
            "ProtectedFromScaleIn": self.protected,
            "WeightedCapacity": str(self.weight) if self.weighted else None,
        }


@dataclass(eq=False)
class Group:
    """An Auto Scaling group. `settings` has the members of CreateAutoScalingGroup that the group shows as they are;
    `surge` is by how much it has more instances than are desired while EKS or a refresh exchanges them, and `overlay`
    what it launches meanwhile in the place of what the settings say."""

    name: str
    arn: str
    created: datetime
    settings: dict[str, Any]
    members: list[Member] = field(default_factory=list)
    tags: dict[str, dict[str, Any]] = field(default_factory=dict)
    hooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    suspended: dict[str, str] = field(default_factory=dict)
    metrics: set[str] = field(default_factory=set)
    notifications: dict[str, list[str]] = field(default_factory=dict)
    activities: list[Activity] = field(default_factory=list)
    refreshes: list[Any] = field(default_factory=list)
    overlay: dict[str, Any] = field(default_factory=dict)
    warm_pool: dict[str, Any] | None = None
    status: str | None = None
    surge: int = 0
    woken: bool = False
    rebalancing: bool = False
    failures: int = 0
    cause: str = ""

    @property
    def launched(self) -> dict[str, Any]:
        """The settings with what the group launches now."""
        if not self.overlay:
            return self.settings
        sources = ("LaunchTemplate", "MixedInstancesPolicy", "LaunchConfigurationName")
        return {**{name: value for name, value in self.settings.items() if name not in sources}, **self.overlay}

    @property
    def desired(self) -> int:
        return int(self.settings["DesiredCapacity"])

    @property
    def smallest(self) -> int:
        return int(self.settings["MinSize"])

    @property
    def largest(self) -> int:
        return int(self.settings["MaxSize"])

    @property
    def subnets(self) -> list[str]:
        """The ids of the subnets; none if the group says its zones only."""
        identifier: str = self.settings.get("VPCZoneIdentifier") or ""
        return identifier.split(",") if identifier else []

    @property
    def capacity(self) -> int:
        """What the group has, or is about to have, in the unit of its desired capacity."""
        return sum(member.weight for member in self.members if member.counts)

    @property
    def busy(self) -> bool:
        """Whether a scaling activity is in progress."""
        return any(activity.running for activity in self.activities[-_RECENT:])

    def runs(self, process: str) -> bool:
        """Whether a process is not suspended."""
        return process not in self.suspended

    def find(self, instance_id: str) -> Member | None:
        return next((member for member in self.members if member.id == instance_id), None)


_RECENT = 2000
"""How many activities back the running ones are looked for."""
