# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why an instance is not what its Auto Scaling group launches now. Pure.

Versions of a launch template are compared by what they say, not by their numbers. Groups, instances and versions are as
AWS describes them, in options' spelling.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import Template, template_of

LATEST, DEFAULT = "$Latest", "$Default"
BY_PARAMETER = "resolve:ssm:"  # the AMI is what a public or private parameter names when an instance is launched
# Told by the instance itself, or by the group's overrides.
NOT_COMPARED = ("image_id", "instance_type", "instance_requirements")
WORDS = {
    "iam_instance_profile": "instance profile",
    "ebs_optimized": "EBS optimisation",
    "metadata_options": "metadata options (IMDS)",
    "security_group_ids": "security groups",
    "tag_specifications": "tags",
}


@dataclass(frozen=True)
class Offer:
    """What a group launches: by a version of a template, of a type, or of any if it is empty; perhaps another AMI."""

    template: Template
    type: str = ""
    image: str = ""


class Versions:
    """What versions of launch templates say, by the template's id and the version's number, $Latest or $Default."""

    def __init__(self) -> None:
        self._data: dict[tuple[str, str], Values] = {}

    def add(self, template: str, versions: Iterable[Values]) -> None:
        """Learn versions as AWS describes them. Of those that are learnt at a time, the last counts as the latest."""
        found = {int(version["version_number"]): version for version in versions}
        for number, version in found.items():
            self._data[template, str(number)] = version["launch_template_data"]
            if version.get("default_version"):
                self._data[template, DEFAULT] = version["launch_template_data"]
        if found:
            self._data[template, LATEST] = found[max(found)]["launch_template_data"]

    def resolve(self, template: Template, image: str) -> None:
        """Learn the AMI of a version that names a parameter for it."""
        self._data[template.id, template.version] = {**self._data[template.id, template.version], "image_id": image}

    def of(self, template: Template) -> Values | None:
        return self._data.get((template.id, template.version))


def offers(group: Values) -> list[Offer]:
    """What the group launches, one offer for each of its overrides. Raises Refused if it has no launch template."""
    template = template_of(group)
    if template is None:
        raise Refused(
            f"Auto Scaling group {group['auto_scaling_group_name']}: launch_template: found launch configuration "
            f"{group.get('launch_configuration_name')}, wanted a launch template, by which instances can be told to be "
            "outdated; give the group one, or choose with replace: all, replace: none or instance_ids"
        )
    overrides = pick(group, "mixed_instances_policy.launch_template.overrides") or [{}]
    return [_offer(template, override) for override in overrides]


def _offer(template: Template, override: Values) -> Offer:
    own = override.get("launch_template_specification")
    given = template_of({"launch_template": own}) if own else None
    return Offer(given or template, override.get("instance_type") or "", override.get("image_id") or "")


def reasons(place: Values, instance: Values, wanted: Sequence[Offer], versions: Versions) -> tuple[str, ...]:
    """Why the instance at a place of the group is outdated; nothing if it is as one that would be launched now.

    ``instance`` is what EC2 says of it, which may be nothing yet.
    """
    own = template_of(place)
    if own is None:
        return ("it was not launched from a launch template",)
    same = [offer for offer in wanted if offer.template.id == own.id]
    if not same:
        return (f"launch template: {own.name or own.id} -> {wanted[0].template.name or wanted[0].template.id}",)
    kind = instance.get("instance_type") or place.get("instance_type") or ""
    types = {offer: _type(offer, versions) for offer in same}
    fitting = [offer for offer in same if not kind or types[offer] in ("", kind)]
    if not fitting:
        return (f"instance type: {kind} -> {' or '.join(sorted(set(types.values())))}",)
    return min((tuple(_differences(own, instance, offer, versions)) for offer in fitting), key=len)


def _type(offer: Offer, versions: Versions) -> str:
    """The one that the offer asks for; empty if it goes by what instances shall have."""
    return str(offer.type or (versions.of(offer.template) or {}).get("instance_type") or "")


def _differences(own: Template, instance: Values, offer: Offer, versions: Versions) -> Iterator[str]:
    had, wanted = versions.of(own), versions.of(offer.template) or {}
    image, target = instance.get("image_id") or (had or {}).get("image_id", ""), offer.image or wanted.get("image_id")
    if image and target and image != target and not image.startswith(BY_PARAMETER):
        yield f"AMI: {image} -> {target}"
    if had is None:
        yield f"version {own.version} of launch template {own.name or own.id} is no more, and what it said unknown"
        return
    for name in sorted((had.keys() | wanted.keys()) - set(NOT_COMPARED)):
        if _normal(had.get(name)) != _normal(wanted.get(name)):
            yield _told(name, had.get(name), wanted.get(name))


def _normal(value: Any) -> Any:
    """A value in which neither the order of lists nor what is empty matters."""
    if isinstance(value, Mapping):
        return {name: _normal(item) for name, item in value.items() if item not in (None, [], {}, "")}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return sorted((_normal(item) for item in value), key=repr) or None
    return value or None if isinstance(value, (str, Mapping)) else value


def _told(name: str, before: Any, after: Any) -> str:
    """What differs; never what user data says, as it may hold secrets."""
    words = WORDS.get(name, name.replace("_", " "))
    plain = all(isinstance(value, (str, int, float, bool, type(None))) for value in (before, after))
    if name == "user_data" or not plain:
        return words
    return f"{words}: {'none' if before is None else before} -> {'none' if after is None else after}"
