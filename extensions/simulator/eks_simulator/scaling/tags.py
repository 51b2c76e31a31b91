# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of Auto Scaling groups: at most fifty, none of AWS's own.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html ("Tag naming and usage
restrictions").
"""

from __future__ import annotations

from typing import Any

from ..errors import ServiceError
from ..operations import Call
from .model import Group
from .region import invalid
from .requests import operation, page

_MOST = 50
_TYPE = "auto-scaling-group"


@operation("CreateOrUpdateTags")
def create_or_update_tags(call: Call) -> dict[str, Any]:
    """Tags may be of several groups; all are checked before any is set."""
    given = call.parameters["Tags"]
    found = {}
    for name in dict.fromkeys(one.get("ResourceId", "") for one in given):
        group = call.scaling.group(name)
        mine = read(name, [one for one in given if one.get("ResourceId") == name], group.tags)
        found[name] = {**group.tags, **mine}
        _require_few(found[name])
    for name, tags in found.items():
        call.scaling.group(name).tags = tags
    return {}


@operation("DeleteTags")
def delete_tags(call: Call) -> dict[str, Any]:
    for tag in call.parameters["Tags"]:
        group = call.scaling.group(tag.get("ResourceId", ""))
        found = group.tags.get(tag["Key"])
        if found and tag.get("Value") in (None, found["Value"]):
            del group.tags[tag["Key"]]
    return {}


@operation("DescribeTags")
def describe_tags(call: Call) -> dict[str, Any]:
    found = [tag for _name, group in sorted(call.scaling.groups.items()) for _key, tag in sorted(group.tags.items())]
    members = {"auto-scaling-group": "ResourceId", "key": "Key", "value": "Value", "propagate-at-launch": ""}
    for one in call.get("Filters") or ():
        name, values = one.get("Name", ""), one.get("Values") or []
        if name not in members:
            raise invalid(f"Filter type {name} is not correct. Allowed Filter types are: {', '.join(members)}")
        found = [tag for tag in found if (tag.get(members[name]) or _propagates(tag)) in values]
    return page(call, "Tags", found)


def read(
    name: str, given: list[dict[str, Any]], present: dict[str, dict[str, Any]] | None = None
) -> dict[str, dict[str, Any]]:
    """The tags of a request for the group of that name, by key. Raises ValidationError and LimitExceeded."""
    found: dict[str, dict[str, Any]] = {}
    for given_tag in given:
        key = given_tag["Key"]
        if key.lower().startswith("aws:"):
            raise invalid(f"The tag key '{key}' begins with aws:, which is reserved for AWS")
        if given_tag.get("ResourceId", name) != name or given_tag.get("ResourceType", _TYPE) != _TYPE:
            raise invalid(f"The tag '{key}' must have the ResourceId {name} and the ResourceType {_TYPE}")
        if key in found:
            raise invalid(f"Duplicate keys are not allowed for tags: {key}")
        before = (present or {}).get(key, {})
        propagate = given_tag.get("PropagateAtLaunch", before.get("PropagateAtLaunch", False))
        found[key] = tag(name, key, given_tag.get("Value", ""), propagate)
    _require_few(found)
    return found


def tag(group: str, key: str, value: str, propagate: bool) -> dict[str, Any]:
    """A tag of the group of that name, as the API shows it."""
    return {
        "ResourceId": group,
        "ResourceType": _TYPE,
        "Key": key,
        "Value": value,
        "PropagateAtLaunch": propagate,
    }


def matches(group: Group, name: str, values: list[str]) -> bool:
    """Whether a group passes a filter of DescribeAutoScalingGroups. Raises ValidationError for an unknown one."""
    if name == "tag-key":
        return any(key in values for key in group.tags)
    if name == "tag-value":
        return any(tag["Value"] in values for tag in group.tags.values())
    if name.startswith("tag:"):
        tag = group.tags.get(name.removeprefix("tag:"))
        return tag is not None and tag["Value"] in values
    raise invalid(f"Filter type {name} is not correct. Allowed Filter types are: tag-key tag-value tag:<key>")


def _propagates(tag: dict[str, Any]) -> str:
    return "true" if tag["PropagateAtLaunch"] else "false"


def _require_few(tags: dict[str, Any]) -> None:
    if len(tags) > _MOST:
        raise ServiceError("LimitExceeded", f"An Auto Scaling group can have at most {_MOST} tags")
