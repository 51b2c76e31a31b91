# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Auto Scaling groups a roll is about, and which of them cannot be rolled, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import NODEGROUP_TAG as MANAGED_TAG
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._roll.sizes import NO_WISH, Wish
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import (
    CLUSTER_TAG,
    DELETING,
    NODEGROUP_TAG,
    tags_of,
)

NAME = "auto_scaling_group_name"
NEEDED = ("Launch", "Terminate")
REFRESHING = ("Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking")


@dataclass(frozen=True)
class Chosen:
    """An Auto Scaling group that is rolled, the node group that it is of, if of one, and the sizes that are wanted."""

    name: str
    nodegroup: str | None
    wish: Wish = NO_WISH


def everything(owned: Iterable[Values]) -> list[Chosen]:
    """All Auto Scaling groups of the cluster's self-managed node groups."""
    return [_chosen(group, NO_WISH) for group in sorted(owned, key=lambda group: str(group[NAME]))]


def chosen(
    cluster: str, wanted: Sequence[Values], owned: Sequence[Values], others: Sequence[Values]
) -> tuple[list[Chosen], list[str]]:
    """The groups that the user names, by a node group of ``owned`` or their own name; and the names that nothing has.

    ``others`` are Auto Scaling groups of these names that are of no self-managed node group. Raises Refused.
    """
    found: list[Chosen] = []
    missing: list[str] = []
    for place, entry in enumerate(wanted):
        name, wish = entry["name"], Wish(entry["min_size"], entry["desired_size"], entry["max_size"])
        matching = [group for group in owned if name in (tags_of(group).get(NODEGROUP_TAG), group[NAME])]
        matching = matching or [group for group in others if group[NAME] == name]
        for group in matching:
            _refuse_foreign(f"groups[{place}].name", group, cluster)
            if any(one.name == group[NAME] for one in found):
                raise Refused(f"groups[{place}].name: Auto Scaling group {group[NAME]} is chosen twice; name it once")
            found.append(_chosen(group, wish))
        missing += [] if matching else [name]
    return found, missing


def _chosen(group: Values, wish: Wish) -> Chosen:
    return Chosen(group[NAME], tags_of(group).get(NODEGROUP_TAG), wish)


def _refuse_foreign(place: str, group: Values, cluster: str) -> None:
    tags = tags_of(group)
    if MANAGED_TAG in tags:
        raise Refused(
            f"{place}: Auto Scaling group {group[NAME]} belongs to the managed node group {tags[MANAGED_TAG]}, whose "
            "nodes EKS replaces: use flotilla.eks.nodegroup"
        )
    if tags.get(CLUSTER_TAG) != cluster and tags.get(f"kubernetes.io/cluster/{cluster}") != "owned":
        raise Refused(
            f"{place}: Auto Scaling group {group[NAME]}: tag kubernetes.io/cluster/{cluster}: found "
            f"{tags.get(f'kubernetes.io/cluster/{cluster}')}, wanted owned, as on nodes of this cluster"
        )


def refuse_missing(cluster: str, missing: Sequence[str], owned: Sequence[Values]) -> None:
    """Raises Refused if there are names that nothing has."""
    if missing:
        known = sorted({str(tags_of(group).get(NODEGROUP_TAG)) for group in owned} | {group[NAME] for group in owned})
        raise Refused(
            f"groups: {', '.join(missing)}: there is no self-managed node group or Auto Scaling group of this name; "
            f"cluster {cluster} has: {', '.join(known) or 'none'}"
        )


def refuse(group: Values, suspended: Iterable[str], refreshes: Iterable[Mapping[str, str]]) -> None:
    """Raises Refused with what keeps a group from being rolled just now.

    ``suspended`` are the processes that others have suspended; ``refreshes`` are as AWS answers.
    """
    who = f"Auto Scaling group {group[NAME]}"
    if group.get("status") == DELETING:
        raise Refused(f"{who} is being deleted; leave it out")
    asleep = [name for name in NEEDED if name in suspended]
    if asleep:
        raise Refused(f"{who}: process {' and '.join(asleep)}: found suspended, wanted running; resume it first")
    running = [one for one in refreshes if one["Status"] in REFRESHING]
    if running:
        raise Refused(
            f"{who}: instance refresh {running[0]['InstanceRefreshId']} is {running[0]['Status']}, and replaces "
            "instances itself, without draining them; wait for its end, or cancel it"
        )
    overrides = pick(group, "mixed_instances_policy.launch_template.overrides") or []
    if any(str(one.get("weighted_capacity") or 1) != "1" for one in overrides):
        raise Refused(f"{who}: weighted_capacity: its sizes count weights, wanted nodes; give its overrides no weights")
    if group.get("desired_capacity_type") not in (None, "units"):
        raise Refused(f"{who}: desired_capacity_type: found {group['desired_capacity_type']}, wanted units: nodes")
