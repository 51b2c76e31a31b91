# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EC2 does with launch templates and moto does otherwise (5.2.5). Each function takes the place of moto's own.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html and its neighbours:
the tags of a template are none of its data; a repeated client token makes nothing new; lists come in pages of 200 at
most; user data is base64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Answer = Callable[[Any], Any]
_MOST_A_PAGE = 200
_ALL = 10**6


def install() -> None:
    """Put them in their places. moto must be set up."""
    from moto.ec2.models.launch_templates import LaunchTemplate
    from moto.ec2.responses.launch_templates import LaunchTemplates

    answers: Any = LaunchTemplates
    answers.create_launch_template = _once(_create)
    answers.create_launch_template_version = _once(_encoded(LaunchTemplates.create_launch_template_version))
    answers.describe_launch_templates = _paged(LaunchTemplates.describe_launch_templates, "LaunchTemplates")
    versions = LaunchTemplates.describe_launch_template_versions
    answers.describe_launch_template_versions = _paged(versions, "LaunchTemplateVersions")
    model: Any = LaunchTemplate
    model.tags = property(lambda template: template.get_tags(), lambda _template, _tags_at_creation: None)


def _create(request: Any) -> Any:
    from moto.core.responses import ActionResult
    from moto.ec2.utils import parse_user_data

    data = request._get_param("LaunchTemplateData", {})
    data["UserData"] = parse_user_data(data.get("UserData"))
    request.error_on_dryrun()
    tags = request._parse_tag_specification()
    description = request._get_param("VersionDescription")
    template = request.ec2_backend.create_launch_template(
        request._get_param("LaunchTemplateName"), description, data, tags
    )
    told = {
        "CreateTime": template.create_time,
        "CreatedBy": f"arn:{request.partition}:iam::{request.current_account}:root",
        "DefaultVersionNumber": 1,
        "LatestVersionNumber": 1,
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Tags": template.tags,
    }
    return ActionResult({"LaunchTemplate": told})


def _encoded(original: Answer) -> Answer:
    """moto checks the user data of a first version only."""

    def answer(request: Any) -> Any:
        from moto.ec2.utils import parse_user_data

        parse_user_data(request._get_param("LaunchTemplateData.UserData"))
        return original(request)

    return answer


def _once(original: Answer) -> Answer:
    """A request that was made before, as its client token says, gets the answer that it got."""

    def answer(request: Any) -> Any:
        token = request._get_param("ClientToken")
        known: dict[str, Any] = vars(request.ec2_backend).setdefault("launch_template_answers", {})
        if not token:
            return original(request)
        if token not in known:
            known[token] = original(request)
        return known[token]

    return answer


def _paged(original: Answer, key: str) -> Answer:
    """moto cuts its lists off at MaxResults and hands out no token."""

    def answer(request: Any) -> Any:
        size = request._get_int_param("MaxResults", _MOST_A_PAGE)
        if not 1 <= size <= _MOST_A_PAGE:
            from moto.ec2.exceptions import InvalidParameterValue

            raise InvalidParameterValue(f"Value ( {size} ) for parameter maxResults is invalid.")
        start = int(request._get_param("NextToken") or 0)
        request.params["MaxResults"] = _ALL
        found = original(request)
        items = found.result[key]
        found.result[key] = items[start : start + size]
        if len(items) > start + size:
            found.result["NextToken"] = str(start + size)
        return found

    return answer
