# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Launch configurations, which launch templates have replaced."""

from __future__ import annotations

from typing import Any

from ..errors import ServiceError
from ..operations import Call
from .region import invalid
from .requests import operation, page

_UNSERVED = (
    "ClassicLinkVPCId",
    "ClassicLinkVPCSecurityGroups",
    "InstanceId",
    "KernelId",
    "RamdiskId",
    "PlacementTenancy",
)


@operation("CreateLaunchConfiguration")
def create_launch_configuration(call: Call) -> dict[str, Any]:
    given = call.parameters
    name = given["LaunchConfigurationName"]
    unserved = [member for member in _UNSERVED if given.get(member)]
    if unserved:
        raise invalid(f"The simulator does not serve {', '.join(unserved)} of launch configurations.")
    if name in call.scaling.configurations:
        raise ServiceError(
            "AlreadyExists",
            "Launch Configuration by this name already exists - A launch configuration already exists with the name"
            f" {name}",
        )
    for needed in ("ImageId", "InstanceType"):
        if not given.get(needed):
            raise invalid(f"Valid requests must contain the {needed} parameter.")
    arn = call.scaling.arn("launchConfiguration", f"launchConfigurationName/{name}")
    defaults = {"EbsOptimized": False, "InstanceMonitoring": {"Enabled": True}, "SecurityGroups": []}
    call.scaling.configurations[name] = {
        **defaults,
        "BlockDeviceMappings": [],
        **given,
        "LaunchConfigurationARN": arn,
        "CreatedTime": call.scaling.now,
    }
    return {}


@operation("DescribeLaunchConfigurations")
def describe_launch_configurations(call: Call) -> dict[str, Any]:
    names = call.get("LaunchConfigurationNames") or []
    found = [one for name, one in sorted(call.scaling.configurations.items()) if not names or name in names]
    return page(call, "LaunchConfigurations", found)


@operation("DeleteLaunchConfiguration")
def delete_launch_configuration(call: Call) -> dict[str, Any]:
    name = call.parameters["LaunchConfigurationName"]
    if name not in call.scaling.configurations:
        raise invalid(f"Launch configuration name not found - Launch configuration {name} not found")
    users = [one.name for one in call.scaling.groups.values() if one.settings.get("LaunchConfigurationName") == name]
    if users:
        raise ServiceError(
            "ResourceInUse",
            f"Cannot delete launch configuration {name} because it is attached to AutoScalingGroup {users[0]}",
        )
    del call.scaling.configurations[name]
    return {}
