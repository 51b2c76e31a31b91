# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which instances are no Ready nodes and should be: as flotilla.eks.nodes_info finds them, and those that lack tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ansible_collections.flotilla.eks.plugins.module_utils._client import Client
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Kubernetes, KubernetesError
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.read import instances_by_id, read
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import (
    MANAGED,
    NOT_JOINED,
    READY,
    SELF_MANAGED,
    Sources,
    instance_of,
    tags_of,
)
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.view import join
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.wanted import group_of
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.wanted import groups as group_rows
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import NODEGROUP_TAG as OUR_TAG
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import named_groups

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Subjects:
    """What the diagnosis is about: rows of nodes as flotilla.eks.nodes_info tells them, groups that lack instances as
    it tells them, and what the sources say. ``blind`` says why Kubernetes was not asked which have joined."""

    nodes: Sequence[Values]
    groups: Sequence[Values]
    sources: Sources
    blind: str = ""

    def instance(self, node: Values) -> Values:
        return next(one for one in self.sources.instances if one["instance_id"] == node["instance_id"])

    def kubernetes(self, node: Values) -> Values:
        return next((one for one in self.sources.nodes if instance_of(one) == node["instance_id"]), {})

    def scaling_groups(self, row: Values) -> list[Values]:
        """Those that launch the nodes of a group."""
        return _launching(row, self.sources)


class _Silence:
    """The API of Kubernetes, where nobody answers."""

    now = None

    def list_all(self, path: str, labels: str = "", fields: str = "") -> list[Values]:
        return []


def subjects(
    client: Client, api: Kubernetes, cluster: Values, instance_ids: Sequence[str], groups: Sequence[str]
) -> Subjects:
    """All of them, or those that are named. Raises Refused for names that nobody knows, and AwsError."""
    sources, blind = _sources(client, api, cluster)
    sources = _with_named_groups(client, sources, groups)
    sources = _with_instances(client, sources, instance_ids)
    everything = [node for node in join(sources) if node["kind"] in (MANAGED, SELF_MANAGED)]
    if instance_ids:
        nodes = [node for node in everything if node["instance_id"] in instance_ids]
    else:
        nodes = [node for node in everything if node["status"] != READY and _means(groups, node, sources)]
    if blind:
        nodes = [{**node, "status": UNKNOWN} if node["status"] == NOT_JOINED else node for node in nodes]
    known = {instance["instance_id"] for instance in sources.instances}
    nodes = [node for node in nodes if node["instance_id"] in known]
    return Subjects(nodes, [] if instance_ids else _short(groups, everything, sources), sources, blind)


def _sources(client: Client, api: Kubernetes, cluster: Values) -> tuple[Sources, str]:
    try:
        return read(client, api, cluster), ""
    except KubernetesError as error:
        silence: Kubernetes = _Silence()  # type: ignore[assignment]
        return read(client, silence, cluster), str(error)


def _with_named_groups(client: Client, sources: Sources, groups: Sequence[str]) -> Sources:
    """With the Auto Scaling groups of these names that lack the cluster's tag. Raises Refused."""
    known = {name for group in sources.scaling_groups for name in _names(group)} | set(sources.nodegroups)
    missing = sorted(set(groups) - known)
    if not missing:
        return sources
    found = named_groups(client, missing)
    unknown = set(missing) - {group["auto_scaling_group_name"] for group in found}
    if unknown:
        raise Refused(
            f"groups: {', '.join(sorted(unknown))}: neither a node group of the cluster nor an Auto Scaling group is "
            "called so; flotilla.eks.nodes_info returns the groups that there are"
        )
    return replace(sources, scaling_groups=[*sources.scaling_groups, *found])


def _with_instances(client: Client, sources: Sources, wanted: Sequence[str]) -> Sources:
    """With the instances of the groups that lack the cluster's tag, and those that are named. Raises Refused."""
    placed = [one["instance_id"] for group in sources.scaling_groups for one in group.get("instances") or []]
    known = {instance["instance_id"] for instance in sources.instances}
    found = instances_by_id(client, sorted({*placed, *wanted} - known))
    gone = set(wanted) - known - {instance["instance_id"] for instance in found}
    if gone:
        raise Refused(
            f"instance_ids: {', '.join(sorted(gone))}: EC2 knows no such instance here, or it is terminated; "
            "flotilla.eks.nodes_info returns the instances that there are"
        )
    return replace(sources, instances=[*sources.instances, *found])


def _names(group: Values) -> set[str]:
    """What a user may call an Auto Scaling group: by its name, or that of what it belongs to."""
    names = (group["auto_scaling_group_name"], group_of(group)[1], tags_of(group).get(OUR_TAG))
    return {name for name in names if name}


def _means(groups: Sequence[str], node: Values, sources: Sources) -> bool:
    if not groups or node["group"] in groups:
        return True
    own = (group for group in sources.scaling_groups if node["group"] == group["auto_scaling_group_name"])
    return any(_names(group) & set(groups) for group in own)


def _short(groups: Sequence[str], nodes: Iterable[Values], sources: Sources) -> list[Values]:
    """The groups that have fewer instances than they want."""
    rows = [row for row in group_rows(list(nodes), sources) if row["desired"] and _means(groups, row, sources)]
    sized = [
        {**{key: row[key] for key in ("kind", "group", "desired")}, "instances": _size(row, sources)} for row in rows
    ]
    return [row for row in sized if row["instances"] < row["desired"]]


def _size(row: Values, sources: Sources) -> int:
    return sum(len(group.get("instances") or []) for group in _launching(row, sources))


def _launching(row: Values, sources: Sources) -> list[Values]:
    return [group for group in sources.scaling_groups if group_of(group) == (row["kind"], row["group"])]
