# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do so that a self-managed node group becomes what is wanted, and why that cannot be. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.flotilla.eks.plugins.module_utils._compare import Difference
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed import launch_data
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling import (
    MIXED,
    SIZES,
    Live,
    created,
    removed,
    updated,
)
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import (
    DELETING,
    Template,
    is_leaving,
    tags_of,
)
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.steps import NUMBER, Step, title
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.wanted import Nodegroup, ScalingGroup

NEEDED = ("subnets", "min_size", "max_size")  # to create a scaling group


@dataclass(frozen=True)
class Observed:
    """A node group as it is: its launch template with those of its versions that are known, and the scaling groups that
    are its own or have the name of a wanted one.
    """

    template: Values | None = None
    versions: Sequence[Values] = ()
    groups: Mapping[str, Live] = field(default_factory=dict)

    @property
    def default(self) -> Values | None:
        return next((version for version in self.versions if version.get("default_version")), None)


def template_title(name: str) -> str:
    return f"launch template {name}"


def version_of(wanted: Nodegroup, observed: Observed) -> Values | None:
    """The version that launches what is wanted: the one in use or else the newest; None if it is yet to be made."""
    if wanted.data is None:
        return observed.default
    fitting = [one for one in observed.versions if launch_data.same(one["launch_template_data"], wanted.data)]
    return max(fitting, key=lambda one: (bool(one.get("default_version")), one["version_number"]), default=None)


def current(wanted: Nodegroup, observed: Observed) -> Template | None:
    version = version_of(wanted, observed)
    if version is None:
        return None
    return Template(version["launch_template_id"], wanted.full_name, str(version["version_number"]))


def planned(wanted: Nodegroup, observed: Observed, prune: bool = False) -> list[Step]:
    """The steps for one node group, in their order. Of what ``observed`` holds all is the group's own."""
    if wanted.absent:
        return [*_removals(observed.groups.values()), *_template_removal(wanted, observed)]
    named = {one.name for one in wanted.scaling_groups}
    unlisted = [live for name, live in observed.groups.items() if name not in named]
    return [
        *_template(wanted, observed),
        *(step for one in wanted.scaling_groups for step in _scaling(one, wanted, observed)),
        *_default(wanted, observed),
        *(_removals(unlisted) if prune else ()),
    ]


def _removals(groups: Iterable[Live]) -> Iterator[Step]:
    for live in groups:
        if not is_deleting(live):
            yield from removed(live.group)


def is_deleting(live: Live | None) -> bool:
    return live is not None and live.group.get("status") == DELETING


def _template(wanted: Nodegroup, observed: Observed) -> Iterator[Step]:
    resource = template_title(wanted.full_name)
    if observed.template is None:
        yield _template_creation(wanted)
        return
    identity = {"launch_template_id": observed.template["launch_template_id"]}
    if version_of(wanted, observed) is None and wanted.data is not None:
        before = observed.default["launch_template_data"] if observed.default else None
        differs = tuple(launch_data.differences(before, wanted.data))
        params = {**identity, "launch_template_data": wanted.data}
        yield Step("update", "CreateLaunchTemplateVersion", params, differs, "ec2", resource)
    seen = tags_of(observed.template)
    lacking = {key: value for key, value in wanted.tags.items() if seen.get(key) != value}
    if lacking:
        differs = tuple(Difference(f"tags.{key}", seen.get(key), value) for key, value in lacking.items())
        params = {"resources": list(identity.values()), "tags": _tag_list(lacking)}
        yield Step("tag", "CreateTags", params, differs, "ec2", resource)


def _template_creation(wanted: Nodegroup) -> Step:
    differs = [Difference(f"tags.{key}", None, value) for key, value in wanted.tags.items()]
    differs += launch_data.differences(None, wanted.data or {})
    params = {
        "launch_template_name": wanted.full_name,
        "launch_template_data": wanted.data or {},
        "tag_specifications": [{"resource_type": "launch-template", "tags": _tag_list(wanted.tags)}],
    }
    return Step("create", "CreateLaunchTemplate", params, tuple(differs), "ec2", template_title(wanted.full_name))


def _tag_list(tags: Mapping[str, str]) -> list[Values]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _scaling(one: ScalingGroup, wanted: Nodegroup, observed: Observed) -> list[Step]:
    live = observed.groups.get(one.name)
    return created(one) if live is None or is_deleting(live) else updated(one, live, current(wanted, observed))


def _default(wanted: Nodegroup, observed: Observed) -> Iterator[Step]:
    """The default version is the one in use, so that whoever looks at the template sees what is launched."""
    version, default = version_of(wanted, observed), observed.default
    if observed.template is None or default is None or version is default:
        return
    number = str(version["version_number"]) if version else "new"
    differs = [Difference("default_version", str(default["version_number"]), number)]
    if version:
        differs += launch_data.differences(default["launch_template_data"], version["launch_template_data"])
    params = {"launch_template_id": observed.template["launch_template_id"], "default_version": NUMBER}
    resource = template_title(wanted.full_name)
    yield Step("update", "ModifyLaunchTemplate", params, tuple(differs), "ec2", resource)


def _template_removal(wanted: Nodegroup, observed: Observed) -> Iterator[Step]:
    if observed.template is not None:
        params = {"launch_template_id": observed.template["launch_template_id"]}
        yield Step("delete", "DeleteLaunchTemplate", params, (), "ec2", template_title(wanted.full_name))


def refusals(wanted: Nodegroup, observed: Observed, prune: bool = False) -> list[str]:
    """Why the steps must not be taken: "what: field: what is wrong"."""
    foreign = list(_foreign(wanted, observed))
    if foreign:
        return foreign
    if wanted.absent:
        return list(_occupied(observed.groups.values()))
    named = {one.name for one in wanted.scaling_groups}
    unlisted = [live for name, live in observed.groups.items() if name not in named]
    return [
        *_incomplete(wanted, observed),
        *(problem for one in wanted.scaling_groups for problem in _bad_sizes(one, observed.groups.get(one.name))),
        *(_occupied(unlisted) if prune else ()),
    ]


def _foreign(wanted: Nodegroup, observed: Observed) -> Iterator[str]:
    """Names that others took. Names of different clusters may well be equal: a-b-c is b-c of a, and c of a-b."""
    found = {template_title(wanted.full_name): observed.template} if observed.template else {}
    found |= {title(name): live.group for name, live in observed.groups.items()}
    for name, thing in found.items():
        tags = tags_of(thing)
        lacking = [f"{key}={value}" for key, value in wanted.owner.items() if tags.get(key) != value]
        if lacking:
            yield (
                f"{name} exists and is not of this node group: it lacks the tag {' and '.join(lacking)}. Choose "
                "another name, or set what is lacking to hand it over to this module"
            )


def _incomplete(wanted: Nodegroup, observed: Observed) -> Iterator[str]:
    if observed.template is None and wanted.data is None:
        yield "launch_template: missing; it is required to create the node group"
    if not wanted.scaling_groups and not observed.groups:
        yield "scaling_groups: missing; at least one is required to create the node group"
    for one in wanted.scaling_groups:
        if one.name not in observed.groups:
            lacking = [name for name in NEEDED if one.settings.get(name) in (None, [])]
            if lacking:
                yield f"{title(one.name)}: {', '.join(lacking)}: missing; required to create it"
        yield from _bad_launch(one, wanted)


def _bad_launch(one: ScalingGroup, wanted: Nodegroup) -> Iterator[str]:
    """What the two parts say that do not go together.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/create-launch-template.html
    """
    if wanted.data is None:
        return
    policy = one.settings.get(MIXED)
    overrides = pick(policy or {}, "launch_template.overrides") or [{}]
    if not wanted.data.get("image_id") and not all(override.get("image_id") for override in overrides):
        yield f"{title(one.name)}: launch_template.image_id: missing; nothing can be launched without an image"
    if policy and wanted.data.get("instance_market_options"):
        yield (
            f"{title(one.name)}: mixed_instances_policy: it says itself what is spot; leave launch_template."
            "instance_market_options out"
        )


def _bad_sizes(one: ScalingGroup, live: Live | None) -> Iterator[str]:
    asked = {name: one.settings[name] for name in SIZES if name in one.settings}
    if not asked:
        return
    after = {**({name: live.group[name] for name in SIZES} if live else {}), **asked}
    least, most, desired = (after.get(name) for name in SIZES)
    if least is not None and most is not None and least > most:
        yield f"{title(one.name)}: min_size: found {least}, wanted no more than max_size, which is {most}"
    elif "desired_capacity" in asked:
        what = f"{title(one.name)}: desired_capacity: found {desired}"
        if least is not None and desired < least:
            yield f"{what}, wanted no less than min_size, which is {least}"
        if most is not None and desired > most:
            yield f"{what}, wanted no more than max_size, which is {most}"


def _occupied(groups: Iterable[Live]) -> Iterator[str]:
    for live in groups:
        name = live.group["auto_scaling_group_name"]
        staying = [one["instance_id"] for one in live.group.get("instances") or () if not is_leaving(one)]
        if staying or (live.group["desired_capacity"] and not is_deleting(live)):
            what = f"the instances {', '.join(staying)}" if staying else "no instances yet, but wants some"
            yield (
                f"{title(name)} has {what}. Nothing was removed. Bring it to desired_size 0 with flotilla.eks.roll, "
                "which drains them first, then run again"
            )
        if live.group.get("deletion_protection") == "prevent-all-deletion":
            yield f"{title(name)}: deletion_protection is prevent-all-deletion; set it to none first"
