# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Launch templates of managed node groups.

Rules: https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html and the service model of
LaunchTemplateSpecification; AWS's wording where it is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .errors import invalid_parameter, invalid_request
from .operations import Call
from .templates import versions

_PROHIBITED = {
    "IamInstanceProfile": "an IAM instance profile",
    "InstanceMarketOptions": "Spot request options",
    "HibernationOptions": "hibernation options",
}


@dataclass(frozen=True)
class Template:
    """A version of a launch template: what EKS echoes of it, and what it sets itself."""

    echo: dict[str, str]
    image_id: str | None
    instance_type: str | None


def template_of(call: Call, reference: dict[str, Any], members: dict[str, str]) -> Template:
    """The launch template version that `reference` names; its default version, if it names none."""
    if ("id" in reference) == ("name" in reference):
        raise invalid_parameter("Specify either the launch template's name or its id, but not both", **members)
    found = call.aws.launch_template(reference)
    named = reference.get("id") or reference.get("name")
    if found is None:
        raise invalid_parameter(f"The specified launch template, {named}, does not exist", **members)
    asked = reference.get("version", "$Default")
    version = versions.find(found, asked)
    if version is None:
        raise invalid_parameter(f"The specified launch template version {named}:{asked} does not exist", **members)
    _require_allowed(version.data, members)
    return Template(
        {"name": found.name, "id": found.id, "version": str(version.number)},
        version.data.get("ImageId") or None,
        version.data.get("InstanceType") or None,
    )


def require_together(call: Call, template: Template | None, members: dict[str, str]) -> None:
    """What a request may say beside a launch template, and what it must leave to it."""
    given = call.parameters
    if template is None:
        if given.get("amiType") == "CUSTOM":
            raise invalid_parameter("The AMI type CUSTOM needs a launch template with an image id", **members)
        return
    if "diskSize" in given:
        raise invalid_parameter("Disk size must be specified within the launch template.", **members)
    if "remoteAccess" in given:
        raise invalid_parameter("Remote access configuration cannot be specified with a launch template.", **members)
    if template.instance_type and given.get("instanceTypes"):
        raise invalid_request("Cannot specify instance types in launch template and API request", **members)
    if given.get("capacityType") == "CAPACITY_BLOCK" and not template.instance_type:
        raise invalid_parameter("CAPACITY_BLOCK needs the instance type in the launch template", **members)
    require_image_alone(given, template, members)


def require_image_alone(given: dict[str, Any], template: Template, members: dict[str, str]) -> None:
    """With a custom AMI in the launch template, the AMI's type and versions are not for the request to say."""
    if not template.image_id:
        if given.get("amiType") == "CUSTOM":
            raise invalid_parameter("The AMI type CUSTOM needs an image id in the launch template", **members)
        return
    if given.get("amiType", "CUSTOM") != "CUSTOM":
        raise invalid_request(
            "You cannot specify an AMI Type other than custom, when specifying an image id in your launch template.",
            **members,
        )
    for name, field in (("version", "kubernetesVersion"), ("releaseVersion", "releaseVersion")):
        if given.get(name):
            raise invalid_parameter(f"You cannot specify the field {field} when using custom AMIs.", **members)


def _require_allowed(data: dict[str, Any], members: dict[str, str]) -> None:
    """What a template must not contain for EKS to use it."""
    found = [text for key, text in _PROHIBITED.items() if data.get(key)]
    if any("SubnetId" in interface for interface in data.get("NetworkInterfaces") or ()):
        found.append("a subnet")
    if data.get("InstanceInitiatedShutdownBehavior") == "terminate":
        found.append("the shutdown behavior terminate")
    if found:
        raise invalid_parameter(f"The launch template must not specify {', '.join(found)}", **members)
