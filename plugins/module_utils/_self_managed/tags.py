# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tags of an Auto Scaling group, handed on to its instances or not: what to do about them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.flotilla.eks.plugins.module_utils._compare import Difference
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import RESERVED_TAGS
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import (
    CLUSTER_TAG,
    NODEGROUP_TAG,
    ROLL_TAG,
)
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.steps import Step, title
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.wanted import ScalingGroup

KEPT_TAGS = {CLUSTER_TAG, NODEGROUP_TAG, ROLL_TAG}
TAGS_A_CALL = 25  # quota of CreateOrUpdateTags


def tag_steps(wanted: ScalingGroup, group: Values) -> Iterator[Step]:
    """Tags are set, and those of others left alone unless they are to be purged."""
    seen = {tag["key"]: (tag.get("value") or "", bool(tag.get("propagate_at_launch"))) for tag in group.get("tags", ())}
    asked = {key: (value, True) for key, value in wanted.tags.items()}
    asked |= {key: (value, False) for key, value in wanted.group_tags.items()}
    new = [key for key, tag in asked.items() if seen.get(key) != tag]
    for start in range(0, len(new), TAGS_A_CALL):
        some = new[start : start + TAGS_A_CALL]
        differs = tuple(_tag_difference(key, seen.get(key), asked[key]) for key in some)
        of_some = [{key: tags[key] for key in some if key in tags} for tags in (wanted.tags, wanted.group_tags)]
        entries = tag_entries(wanted.name, *of_some)
        yield Step("tag", "CreateOrUpdateTags", {"tags": entries}, differs, resource=title(wanted.name))
    gone = [key for key in seen if key not in asked and key not in KEPT_TAGS and not key.startswith(RESERVED_TAGS)]
    if wanted.purge_tags and gone:
        differs = tuple(_tag_difference(key, seen[key], None) for key in gone)
        entries = [{**_of_group(wanted.name), "key": key} for key in gone]
        yield Step("untag", "DeleteTags", {"tags": entries}, differs, resource=title(wanted.name))


def _tag_difference(key: str, before: tuple[str, bool] | None, after: tuple[str, bool] | None) -> Difference:
    option = "tags" if (after or before or ("", True))[1] else "group_tags"
    return Difference(f"{option}.{key}", before[0] if before else None, after[0] if after else None)


def tag_paths(tags: Mapping[str, str], option: str) -> Values:
    return {f"{option}.{key}": value for key, value in tags.items()}


def tag_entries(name: str, tags: Mapping[str, str], group_tags: Mapping[str, str]) -> list[Values]:
    return [
        {**_of_group(name), "key": key, "value": value, "propagate_at_launch": propagated}
        for some, propagated in ((tags, True), (group_tags, False))
        for key, value in some.items()
    ]


def _of_group(name: str) -> Values:
    return {"resource_id": name, "resource_type": "auto-scaling-group"}
