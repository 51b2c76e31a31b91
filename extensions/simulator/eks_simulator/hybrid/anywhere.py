# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM Roles Anywhere: what holds for trust anchors, profiles and revocation lists alike, and their tags.

Rules: the service model. Times are real ones, not simulated: so are those of the certificates that hosts come with.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ..errors import ServiceError, not_found
from ..operations import Call, operation
from ..paging import Style
from ..store import AnywhereResource, Region

SERVICE = "rolesanywhere"
MOST_TAGS = 50
_MEMBERS = {"trust-anchor": "trustAnchor"}
PAGES = Style("pageSize", "nextToken", 50)


def invalid(message: str) -> ServiceError:
    """A value that the service does not take (400)."""
    return ServiceError("ValidationException", message)


def make(call: Call, kind: str, kept: dict[str, AnywhereResource], description: dict[str, Any]) -> AnywhereResource:
    """A new resource with the name, the alias and the tags that the call gives. Names may be taken twice, aliases may
    not."""
    member = _MEMBERS.get(kind, kind)
    number = str(uuid.uuid4())
    arn = call.region.arn(f"{kind}/{number}", SERVICE)
    tags = {tag["key"]: tag["value"] for tag in call.get("tags", [])}
    require_tags(tags)
    now = datetime.now(UTC)
    own = {f"{member}Id": number, f"{member}Arn": arn, "name": call.parameters["name"]}
    dates = {"createdAt": now, "updatedAt": now}
    made = AnywhereResource(number, arn, {**own, "enabled": call.get("enabled", False), **dates, **description}, tags)
    set_alias(call, kind, kept, made)
    kept[number] = made
    return made


def set_alias(call: Call, kind: str, kept: dict[str, AnywhereResource], resource: AnywhereResource) -> None:
    """Give a resource the alias of the call, or take it away if that is empty."""
    alias = call.get("aliasName")
    if alias is None:
        return
    if any(one is not resource and one.description.get("aliasName") == alias for one in kept.values()) and alias:
        raise invalid(f"The alias {alias} is taken.")
    named = {"aliasName": alias, "aliasArn": call.region.arn(f"alias/{kind}/{alias}", SERVICE)} if alias else {}
    for name in ("aliasName", "aliasArn"):
        resource.description.pop(name, None)
    resource.description.update(named)


def found(kept: dict[str, AnywhereResource], identifier: str) -> AnywhereResource:
    """The resource of an id, an ARN or the ARN of an alias. Raises ResourceNotFoundException."""
    for resource in kept.values():
        if identifier in (resource.id, resource.arn, resource.description.get("aliasArn")):
            return resource
    raise not_found(f"Resource not found: {identifier}")


def changed(resource: AnywhereResource, **members: Any) -> dict[str, Any]:
    """The description of a resource after these members of it were changed; those that are None were not."""
    resource.description.update({name: value for name, value in members.items() if value is not None})
    resource.description["updatedAt"] = datetime.now(UTC)
    return resource.description


def switch(name: str, member: str, kept: Callable[[Region], dict[str, AnywhereResource]]) -> None:
    """Serve EnableX and DisableX."""
    shown = member[0].lower() + member[1:]

    def serve(enabled: bool) -> Callable[[Call], dict[str, Any]]:
        def handle(call: Call) -> dict[str, Any]:
            resource = found(kept(call.region), call.parameters[f"{shown}Id"])
            return {shown: changed(resource, enabled=enabled)}

        return handle

    for verb, enabled in (("Enable", True), ("Disable", False)):
        operation(f"{verb}{name}", SERVICE)(serve(enabled))


def require_tags(tags: dict[str, str]) -> None:
    if len(tags) > MOST_TAGS:
        raise ServiceError("TooManyTagsException", f"At most {MOST_TAGS} tags")
    if any(key.lower().startswith("aws:") for key in tags):
        raise invalid("Tag keys must not begin with aws:")


@operation("TagResource", SERVICE)
def tag_resource(call: Call) -> dict[str, Any]:
    resource = _tagged(call)
    tags = {tag["key"]: tag["value"] for tag in call.parameters["tags"]}
    require_tags({**resource.tags, **tags})
    resource.tags.update(tags)
    return {}


@operation("UntagResource", SERVICE)
def untag_resource(call: Call) -> dict[str, Any]:
    resource = _tagged(call)
    for key in call.parameters["tagKeys"]:
        resource.tags.pop(key, None)
    return {}


@operation("ListTagsForResource", SERVICE)
def list_tags_for_resource(call: Call) -> dict[str, Any]:
    return {"tags": [{"key": key, "value": value} for key, value in _tagged(call).tags.items()]}


def _tagged(call: Call) -> AnywhereResource:
    """By its ARN, and by no other name of it."""
    arn = call.parameters["resourceArn"]
    region = call.region
    resources = [*region.trust_anchors.values(), *region.profiles.values(), *region.crls.values()]
    resource = next((one for one in resources if one.arn == arn), None)
    if resource is None:
        raise not_found(f"Resource not found: {arn}")
    return resource
