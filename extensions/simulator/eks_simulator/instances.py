# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EC2 gives an instance that moto leaves out: what its launch template says beside image, type and key, and the
output of its console."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any


def completed(run_instances: Callable[..., Any]) -> Callable[..., Any]:
    """moto's run_instances, whose instances have the instance profile, the metadata options, and the security groups
    and public address of the first network interface that their launch template gives them. What the request says goes
    before it (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RequestLaunchTemplateData.html). Every
    instance gets the profile, not the first one alone."""

    def run(ec2: Any, image_id: str, count: int, user_data: Any, security_group_names: list[str], **given: Any) -> Any:
        template = ec2._get_template_from_args(given["launch_template"]).data if given.get("launch_template") else {}
        named = given.get("security_group_ids") or security_group_names or given.get("nics")
        interface = _first_interface(template)
        if interface.get("Groups") and not named:
            given["security_group_ids"] = interface["Groups"]
        if "AssociatePublicIpAddress" in interface and given.get("associate_public_ip") is None:
            given["associate_public_ip"] = str(interface["AssociatePublicIpAddress"]).lower() == "true"
        if not given.get("metadata_options"):
            given["metadata_options"] = template.get("MetadataOptions") or {}
        reservation = run_instances(ec2, image_id, count, user_data, security_group_names, **given)
        _associate(ec2, reservation.instances, given, template.get("IamInstanceProfile") or {})
        return reservation

    return run


def counted(reboot: Callable[[Any], None]) -> Callable[[Any], None]:
    """moto's reboot of an instance, after which one can tell that it was rebooted."""

    def run(instance: Any) -> None:
        reboot(instance)
        instance.reboots += 1

    return run


def _first_interface(template: dict[str, Any]) -> dict[str, Any]:
    interfaces = template.get("NetworkInterfaces") or []
    return next((one for one in interfaces if int(one.get("DeviceIndex") or 0) == 0), {})


def _associate(ec2: Any, instances: list[Any], given: dict[str, Any], profile: dict[str, Any]) -> None:
    """moto itself gives the first instance the profile of the request."""
    name, arn = given.get("iam_instance_profile_name"), given.get("iam_instance_profile_arn")
    asked = bool(name or arn)
    for instance in instances[1 if asked else 0 :]:
        if asked or profile:
            ec2.associate_iam_instance_profile(
                instance.id, name if asked else profile.get("Name"), arn if asked else profile.get("Arn")
            )


def console_output(request: Any) -> Any:
    """EC2's GetConsoleOutput: what the instance's console shows by now, in base64, and when that was last added to."""
    from moto.core.responses import ActionResult
    from moto.core.types import Base64EncodedString

    instance = request.ec2_backend.get_instance(request._get_param("InstanceId"))
    answer: dict[str, Any] = {"InstanceId": instance.id, "Timestamp": instance.launch_time}
    console = getattr(instance, "console", None)
    if console is not None:
        moment, text = console()
        output = Base64EncodedString(base64.b64encode(text.encode()).decode("ascii"))
        answer |= {"Timestamp": moment.replace(tzinfo=None), **({"Output": output} if text else {})}
    return ActionResult(answer)
