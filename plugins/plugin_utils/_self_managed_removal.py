# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of self-managed node groups is to go: what was found in, what to remove out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_groups import (
    CLUSTER_TAG,
    NODEGROUP_TAG,
    ROLE_TAG,
)
from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_options import Item
from ansible_collections.flotilla.eks.plugins.plugin_utils._self_managed_security import Security


def plan_self_managed_removal(observed: Mapping[str, Any], wanted: Mapping[str, Any]) -> Item:
    """What of self-managed node groups is to go; see the filter's documentation for its parts.

    ``wanted`` has ``cluster_name``, ``cluster`` (its description, {} if it is gone), ``groups`` (their names; None for
    all) and ``keep`` (the ARNs of roles that stay in use).
    """
    cluster, names = wanted["cluster_name"], wanted.get("groups")
    scaling_groups = list(_of_cluster(observed.get("scaling_groups"), cluster))
    security_groups = list(_of_cluster(observed.get("security_groups"), cluster))
    there = {one["nodegroup"]: None for one in scaling_groups + security_groups}
    leaving = list(there) if names is None else list(names)
    going = [one for one in scaling_groups if one["nodegroup"] in leaving]
    security = Security(wanted.get("cluster") or {}, observed.get("security_groups") or [])
    doomed = [one for one in security_groups if one["nodegroup"] in leaving]
    used = {_role(one) for one in scaling_groups if one not in going} | set(wanted.get("keep") or [])
    used |= {one["node_role"] for one in observed.get("nodegroups") or []}
    return {
        "groups": leaving,
        "scaling_groups": [one["auto_scaling_group_name"] for one in going],
        "security_groups": doomed,
        "cluster_security_group": security.cluster_plan([], [one["group_id"] for one in doomed]),
        "roles": sorted({_role(one) for one in going} - used - {""}),
        "changes": list(_removals(leaving, going, doomed)),
    }


def _of_cluster(resources: Iterable[Mapping[str, Any]] | None, cluster: str) -> Iterator[Item]:
    """Those that belong to self-managed node groups of a cluster, each with the group's name as ``nodegroup``."""
    for resource in resources or ():
        tags = _tags(resource)
        if tags.get(CLUSTER_TAG) == cluster and tags.get(NODEGROUP_TAG):
            yield {**resource, "tags": tags, "nodegroup": tags[NODEGROUP_TAG]}


def _tags(resource: Mapping[str, Any]) -> dict[str, str]:
    """Auto Scaling lists tags, EC2's modules map them."""
    tags = resource.get("tags") or {}
    return dict(tags) if isinstance(tags, Mapping) else {tag["key"]: tag["value"] for tag in tags}


def _role(scaling_group: Mapping[str, Any]) -> str:
    return str(scaling_group["tags"].get(ROLE_TAG) or "")


def _removals(names: Iterable[str], scaling_groups: Sequence[Item], security_groups: Sequence[Item]) -> Iterator[str]:
    for name in names:
        count = sum(len(one.get("instances") or ()) for one in scaling_groups if one["nodegroup"] == name)
        if any(one["nodegroup"] == name for one in [*scaling_groups, *security_groups]):
            yield f"node group {name}: drain and terminate its {count} nodes, and remove it"
