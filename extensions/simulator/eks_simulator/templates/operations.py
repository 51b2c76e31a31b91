# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2's operations on launch templates. Error codes and their wording:
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from ..errors import ServiceError
from ..operations import Call, operation
from . import versions
from .rules import require_data, require_name, require_tags

_ID = re.compile(r"lt-[0-9a-f]{8,17}")
_PAGE = 200
_EC2 = "ec2"


@operation("CreateLaunchTemplate", _EC2)
def create_launch_template(call: Call) -> dict[str, Any]:
    earlier = _recall(call)
    if earlier is not None:
        return earlier
    name, data = call.parameters["LaunchTemplateName"], call.parameters["LaunchTemplateData"]
    require_name(name)
    require_data(data)
    for specification in call.get("TagSpecifications") or ():
        require_tags(specification, ("launch-template",))
    if name in call.aws.ec2.launch_template_name_to_ids:
        raise ServiceError("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
    tags = {
        tag["Key"]: tag.get("Value", "") for one in call.get("TagSpecifications") or () for tag in one.get("Tags") or ()
    }
    template = versions.create(call.aws, name, data, tags, call.now)
    template.created_by = template.versions[0].created_by = call.caller().arn
    template.versions[0].description = call.get("VersionDescription") or ""
    return _remember(call, {"LaunchTemplate": _described(template)})


@operation("CreateLaunchTemplateVersion", _EC2)
def create_launch_template_version(call: Call) -> dict[str, Any]:
    """On the base of another version, a new one has what that has and the request does not say (service model)."""
    earlier = _recall(call)
    if earlier is not None:
        return earlier
    template = _named(call)
    data = call.parameters["LaunchTemplateData"]
    if call.get("SourceVersion"):
        data = {**_version(template, call.parameters["SourceVersion"]).data, **data}
    require_data(data)
    version = versions.extend(template, data, call.get("VersionDescription") or "", call.now, call.caller().arn)
    return _remember(call, {"LaunchTemplateVersion": _version_described(template, version)})


@operation("ModifyLaunchTemplate", _EC2)
def modify_launch_template(call: Call) -> dict[str, Any]:
    template = _named(call)
    wanted = call.get("DefaultVersion")
    if wanted is None:
        raise ServiceError("MissingParameter", "The request must contain the parameter SetDefaultVersion")
    template.default_version_number = _version(template, wanted).number
    return {"LaunchTemplate": _described(template)}


@operation("DeleteLaunchTemplate", _EC2)
def delete_launch_template(call: Call) -> dict[str, Any]:
    template = _named(call)
    described = _described(template)
    call.aws.ec2.delete_launch_template(template.name, None)
    return {"LaunchTemplate": described}


@operation("DeleteLaunchTemplateVersions", _EC2)
def delete_launch_template_versions(call: Call) -> dict[str, Any]:
    """All but the default one."""
    template = _named(call)
    gone, kept = [], []
    for asked in call.parameters["Versions"]:
        version = versions.find(template, asked) if asked.isdigit() else None
        names = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name}
        if version is None:
            missing = f"Could not find the specified version {asked} for the launch template with ID {template.id}."
            error = {"Code": "launchTemplateVersionDoesNotExist", "Message": missing}
        elif version.number == template.default_version_number:
            error = {"Code": "unexpectedError", "Message": "The default version of a launch template can't be deleted."}
        else:
            template.versions.remove(version)
            gone.append({**names, "VersionNumber": version.number})
            continue
        number = int(asked) if asked.isdigit() else None
        kept.append({**names, "VersionNumber": number, "ResponseError": error})
    return {"SuccessfullyDeletedLaunchTemplateVersions": gone, "UnsuccessfullyDeletedLaunchTemplateVersions": kept}


@operation("DescribeLaunchTemplates", _EC2)
def describe_launch_templates(call: Call) -> dict[str, Any]:
    ids, names = call.get("LaunchTemplateIds") or [], call.get("LaunchTemplateNames") or []
    asked = [_by_id(call, one) for one in ids] + [_by_name(call, one) for one in names]
    found = [_described(one) for one in asked or call.aws.ec2.launch_templates.values()]
    for one in call.get("Filters") or ():
        found = [template for template in found if _passes(template, one.get("Name", ""), one.get("Values") or [])]
    return _page(call, "LaunchTemplates", found)


@operation("DescribeLaunchTemplateVersions", _EC2)
def describe_launch_template_versions(call: Call) -> dict[str, Any]:
    """Of one template the newest first; or the latest or default ones of all."""
    if call.get("Filters"):
        raise ServiceError("InvalidParameterValue", "The simulator does not serve filters of launch template versions.")
    wanted = call.get("Versions") or []
    if call.get("LaunchTemplateId") or call.get("LaunchTemplateName"):
        template = _named(call)
        found = [_version(template, one) for one in wanted] or _between(call, template)
        pairs = [(template, version) for version in dict.fromkeys(found)]
    elif wanted and set(wanted) <= {"$Latest", "$Default"}:
        templates = call.aws.ec2.launch_templates.values()
        pairs = list(dict.fromkeys((one, _version(one, symbol)) for one in templates for symbol in wanted))
    else:
        raise ServiceError(
            "InvalidParameterValue" if wanted else "MissingParameter",
            "To describe the launch template data for all your launch templates, for '--versions' specify '$Latest',"
            " '$Default', or both, and omit '--launch-template-id', '--launch-template-name', and version numbers.",
        )
    return _page(call, "LaunchTemplateVersions", [_version_described(*pair) for pair in pairs])


def _between(call: Call, template: Any) -> list[Any]:
    least, most = int(call.get("MinVersion") or 0), int(call.get("MaxVersion") or 0)
    inside = [one for one in template.versions if one.number >= least and (not most or one.number <= most)]
    return inside[::-1]


def _named(call: Call) -> Any:
    """The template that a call names by its id or its name."""
    template_id, name = call.get("LaunchTemplateId"), call.get("LaunchTemplateName")
    if template_id and name:
        raise ServiceError(
            "InvalidParameterCombination",
            "Specify either the launch template ID or the launch template name, not both.",
        )
    if template_id:
        return _by_id(call, template_id)
    if name:
        return _by_name(call, name)
    raise ServiceError("MissingParameter", "Either launch template ID or launch template name must be specified.")


def _by_id(call: Call, template_id: str) -> Any:
    if not _ID.fullmatch(template_id):
        raise ServiceError("InvalidLaunchTemplateId.Malformed", f"Invalid launch template ID: {template_id}.")
    found = call.aws.ec2.launch_templates.get(template_id)
    if found is None:
        raise ServiceError(
            "InvalidLaunchTemplateId.NotFound",
            f"The specified launch template, with template ID {template_id}, does not exist.",
        )
    return found


def _by_name(call: Call, name: str) -> Any:
    found = call.aws.launch_template({"name": name})
    if found is None:
        raise ServiceError(
            "InvalidLaunchTemplateName.NotFoundException",
            f"The specified launch template, with template name {name}, does not exist.",
        )
    return found


def _version(template: Any, asked: str) -> Any:
    found = versions.find(template, asked)
    if found is None:
        raise ServiceError(
            "InvalidLaunchTemplateId.VersionNotFound",
            f"Could not find the specified version {asked} for the launch template with ID {template.id}.",
        )
    return found


def _described(template: Any) -> dict[str, Any]:
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "CreateTime": template.create_time,
        "CreatedBy": template.created_by,
        "DefaultVersionNumber": template.default_version_number,
        "LatestVersionNumber": template.versions[-1].number,
        "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in template.get_tags()],
    }


def _version_described(template: Any, version: Any) -> dict[str, Any]:
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "VersionNumber": version.number,
        "VersionDescription": version.description or None,
        "CreateTime": version.create_time,
        "CreatedBy": version.created_by,
        "DefaultVersion": version.number == template.default_version_number,
        "LaunchTemplateData": version.data,
    }


def _passes(template: dict[str, Any], name: str, values: list[str]) -> bool:
    tags = {tag["Key"]: tag["Value"] for tag in template["Tags"]}
    if name == "launch-template-name":
        return template["LaunchTemplateName"] in values
    if name == "tag-key":
        return any(key in values for key in tags)
    if name.startswith("tag:"):
        return tags.get(name.removeprefix("tag:")) in values
    raise ServiceError("InvalidParameterValue", f"The filter '{name}' is invalid")


def _page(call: Call, key: str, items: list[Any]) -> dict[str, Any]:
    size = call.get("MaxResults", _PAGE)
    if not 1 <= size <= _PAGE:
        raise ServiceError("InvalidParameterValue", f"MaxResults must be from 1 to {_PAGE}, found {size}")
    start = 0
    if call.get("NextToken"):
        try:
            start = int(base64.urlsafe_b64decode(call.parameters["NextToken"]).decode())
        except (ValueError, binascii.Error):
            raise ServiceError("InvalidNextToken", "The specified NextToken is invalid.") from None
    following = base64.urlsafe_b64encode(str(start + size).encode()).decode()
    return {key: items[start : start + size], "NextToken": following if start + size < len(items) else None}


def _recall(call: Call) -> dict[str, Any] | None:
    """What the same request, by its client token, was answered. Raises IdempotentParameterMismatch
    (https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html)."""
    token = call.get("ClientToken")
    earlier = call.region.tokens.get((call.operation, token)) if token else None
    if earlier is None:
        return None
    if earlier[0] != repr(call.parameters):
        raise ServiceError("IdempotentParameterMismatch", f"The client token {token} was used with other parameters.")
    found: dict[str, Any] = earlier[1]
    return found


def _remember(call: Call, answer: dict[str, Any]) -> dict[str, Any]:
    if call.get("ClientToken"):
        call.region.tokens[call.operation, call.parameters["ClientToken"]] = (repr(call.parameters), answer)
    return answer
