# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of every kind of resource, by ARN: TagResource, UntagResource, ListTagsForResource.

Rules: at most 50 tags on a resource; keys that begin with aws: are AWS's own
(https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html, "Tag restrictions"). These three operations
answer with BadRequestException and NotFoundException (service model).
"""

from __future__ import annotations

from typing import Any

from .errors import ServiceError, invalid_parameter
from .operations import Call, operation
from .store import Resource

MOST_TAGS = 50


def require_allowed(tags: dict[str, str]) -> None:
    """Check the tags of a Create request. Raises InvalidParameterException."""
    problem = _problem(tags)
    if problem:
        raise invalid_parameter(problem)


@operation("TagResource")
def tag_resource(call: Call) -> dict[str, Any]:
    resource = _resource(call)
    tags = call.parameters["tags"]
    problem = _problem(tags) or _problem({**resource.tags, **tags})
    if problem:
        raise ServiceError("BadRequestException", problem)
    resource.tags.update(tags)
    return {}


@operation("UntagResource")
def untag_resource(call: Call) -> dict[str, Any]:
    resource = _resource(call)
    keys = call.parameters["tagKeys"]
    problem = _problem(dict.fromkeys(keys, ""))
    if problem:
        raise ServiceError("BadRequestException", problem)
    for key in keys:
        resource.tags.pop(key, None)
    return {}


@operation("ListTagsForResource")
def list_tags_for_resource(call: Call) -> dict[str, Any]:
    return {"tags": _resource(call).tags}


def _resource(call: Call) -> Resource:
    arn = call.parameters["resourceArn"]
    if not arn.startswith(call.region.arn("")):
        raise ServiceError("BadRequestException", f"Invalid resource ARN: {arn}")
    resource = next((one for one in call.region.resources() if one.arn == arn), None)
    if resource is None:
        raise ServiceError("NotFoundException", f"No resource found for ARN: {arn}")
    return resource


def _problem(tags: dict[str, str]) -> str | None:
    if len(tags) > MOST_TAGS:
        return f"The number of tags exceeds the limit of {MOST_TAGS}."
    reserved = [key for key in tags if key.lower().startswith("aws:")]
    return f"Tag keys must not start with aws: {', '.join(reserved)}" if reserved else None
