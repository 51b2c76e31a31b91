# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the simulated Auto Scaling act with: a launch template, and groups of it."""

from __future__ import annotations

from typing import Any

from unit.simulator.account import Account, refusal

IMAGE = "ami-0a1b2c3d"


class Scaling:
    """Auto Scaling in an account, with a launch template of its own. Groups are as large as `size`, up to 20."""

    def __init__(self, account: Account) -> None:
        self.account, self.sim = account, account.sim
        self.client = account.client("autoscaling")
        data = {"ImageId": IMAGE, "InstanceType": "m6i.large"}
        made = account.ec2.create_launch_template(LaunchTemplateName=account.name("own"), LaunchTemplateData=data)
        self.template = {name: made["LaunchTemplate"][name] for name in ("LaunchTemplateId", "LaunchTemplateName")}

    def new_version(self, **data: Any) -> None:
        """A version of the template, the latest, but not the default one; what is None is left out."""
        given = {name: value for name, value in {"ImageId": IMAGE, **data}.items() if value is not None}
        self.account.ec2.create_launch_template_version(
            LaunchTemplateId=self.template["LaunchTemplateId"], LaunchTemplateData=given
        )

    def request(self, size: int = 1, version: str | None = "$Default", **parameters: Any) -> dict[str, Any]:
        """A CreateAutoScalingGroup request that is in order but for what is passed; what is None is left out."""
        reference = {"LaunchTemplateId": self.template["LaunchTemplateId"], "Version": version}
        request = {
            "AutoScalingGroupName": self.account.name("scaling"),
            "MinSize": 0,
            "MaxSize": 20,
            "DesiredCapacity": size,
            "VPCZoneIdentifier": ",".join(self.account.subnets),
            "LaunchTemplate": {name: value for name, value in reference.items() if value},
            **parameters,
        }
        return {name: value for name, value in request.items() if value is not None}

    def mixture(self, types: list[str], **distribution: Any) -> dict[str, Any]:
        """A mixed instances policy of these types."""
        reference = {"LaunchTemplateId": self.template["LaunchTemplateId"], "Version": "$Default"}
        overrides = [{"InstanceType": one} for one in types]
        template = {"LaunchTemplateSpecification": reference, "Overrides": overrides}
        return {"LaunchTemplate": template, "InstancesDistribution": distribution}

    def group(self, size: int = 1, version: str | None = "$Default", **parameters: Any) -> str:
        """The name of a new group."""
        request = self.request(size, version, **parameters)
        self.client.create_auto_scaling_group(**request)
        name: str = request["AutoScalingGroupName"]
        return name

    def standing(self, size: int = 1, version: str | None = "$Default", **parameters: Any) -> str:
        """The name of a new group whose instances are in service."""
        name = self.group(size, version, **parameters)
        self.sim.advance(60)
        assert list(self.states(name).values()) == ["InService"] * size
        return name

    def described(self, name: str) -> dict[str, Any]:
        answer = self.client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        return next(iter(answer["AutoScalingGroups"]), {})

    def ids(self, name: str) -> list[str]:
        return [one["InstanceId"] for one in self.described(name)["Instances"]]

    def states(self, name: str) -> dict[str, str]:
        """The lifecycle state of each instance."""
        return {one["InstanceId"]: one["LifecycleState"] for one in self.described(name)["Instances"]}

    def activities(self, name: str) -> list[dict[str, Any]]:
        activities: list[dict[str, Any]] = self.client.describe_scaling_activities(AutoScalingGroupName=name)[
            "Activities"
        ]
        return activities

    def machines(self, name: str) -> list[dict[str, Any]]:
        """The instances of a group as EC2 has them."""
        filters = [{"Name": "tag:aws:autoscaling:groupName", "Values": [name]}]
        found = self.account.ec2.describe_instances(Filters=filters)["Reservations"]
        return [instance for reservation in found for instance in reservation["Instances"]]

    def ec2_states(self, ids: list[str]) -> list[str]:
        found = [
            self.account.ec2.describe_instances(InstanceIds=[one])["Reservations"][0]["Instances"][0] for one in ids
        ]
        return [one["State"]["Name"] for one in found]

    def refused(self, operation: str, **parameters: Any) -> str:
        """The message with which Auto Scaling refuses a call as ValidationError."""
        refused = refusal(getattr(self.client, operation), **parameters)
        assert (refused.code, refused.status) == ("ValidationError", 400)
        return refused.message
