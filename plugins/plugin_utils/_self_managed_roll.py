# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of self-managed node groups is to be rolled, out of what their module returned. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_options import Item

REMAKES = ("launch_template.version", "mixed_instances_policy")
"""Fields of an Auto Scaling group that say what it launches: instances from before are outdated when they change."""


def roll_of(result: Mapping[str, Any], names: Collection[str]) -> Item:
    """What flotilla.eks.roll has to do, of the result of flotilla.eks.self_managed_nodegroups.

    ``groups`` are all Auto Scaling groups, with the sizes that wait for a roll; ``due`` says whether some do, or a roll
    was stopped; ``outdated`` are those with instances of another version, ``awaited`` those that want any; ``foretold``
    (in check mode) are texts on what will be outdated.
    """
    nodegroups = [one for one in result.get("nodegroups") or () if one["name"] in names]
    there = [one for nodegroup in nodegroups for one in nodegroup["scaling_groups"]]
    return {
        "groups": [{"name": one["name"], **_sizes(one)} for one in there],
        "due": any(one.get("pending") or one.get("surplus") or one.get("rolling") for one in there),
        "outdated": [one["name"] for one in there if one.get("outdated")],
        "awaited": [one["name"] for one in there if one["desired_capacity"]],
        "foretold": list(_foretold(result.get("changes") or (), nodegroups)),
    }


def _sizes(scaling_group: Mapping[str, Any]) -> Item:
    """Sizes to end with. A group that has to shrink to fit its new maximum is told to which size."""
    sizes = dict(scaling_group.get("pending") or {})
    if scaling_group.get("surplus"):
        sizes["desired_capacity"] = scaling_group["desired_capacity"] - scaling_group["surplus"]
    return sizes


def _foretold(changes: Iterable[Mapping[str, Any]], nodegroups: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    changes = list(changes)
    for nodegroup in nodegroups:
        own = [one for one in changes if one["nodegroup"] == nodegroup["name"]]
        count = sum(one["instances"] for one in nodegroup["scaling_groups"])
        if count and any(set(REMAKES) & set(one["fields"]) for one in own):
            made = [one["fields"] for one in own if one["operation"] == "CreateLaunchTemplateVersion"]
            why = sorted({field for fields in made for field in fields}) or ["another version, or other types"]
            yield f"node group {nodegroup['name']}: its {count} nodes are outdated then, by {', '.join(why)}"
