# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which nodes are meant, how many there are of each sort, and what they still lack of what is waited for. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import (
    FARGATE,
    KINDS,
    MANAGED,
    NODEGROUP_TAG,
    READY,
    SELF_MANAGED,
    STATUSES,
    Sources,
    tags_of,
)

TOLD = 10  # nodes that a message names; it counts the rest


@dataclass(frozen=True)
class Selection:
    """Which nodes are meant; what is empty, or None, leaves out nothing. ``names`` are those of chosen Nodes."""

    kinds: Sequence[str] = ()
    groups: Sequence[str] = ()
    names: set[str] | None = None

    def of_nodes(self, nodes: Sequence[Values]) -> list[Values]:
        return [node for node in nodes if self._means(node) and (self.names is None or node["name"] in self.names)]

    def of_groups(self, groups: Sequence[Values]) -> list[Values]:
        return [group for group in groups if self._means(group)]

    def _means(self, one: Values) -> bool:
        return (not self.kinds or one["kind"] in self.kinds) and (not self.groups or one["group"] in self.groups)


@dataclass(frozen=True)
class Wanted:
    """What is waited for: ``ready`` nodes, or all; and all of them at a Kubernetes version, if one is given."""

    ready: int | None = None
    version: str | None = None

    def __str__(self) -> str:
        number = "all nodes" if self.ready is None else f"{self.ready} nodes"
        return f"{number} to be Ready" + (f", all at {self.version}" if self.version else "")


def counts(nodes: Sequence[Values]) -> Values:
    """How many nodes there are, and of each status."""
    return {"nodes": len(nodes), **{status: _number(nodes, "status", status) for status in STATUSES}}


def summary(nodes: Sequence[Values]) -> Values:
    """The counts of all, and of each kind."""
    kinds = {kind: counts([node for node in nodes if node["kind"] == kind]) for kind in KINDS}
    return {**counts(nodes), "kinds": {kind: found for kind, found in kinds.items() if found["nodes"]}}


def groups(nodes: Sequence[Values], sources: Sources) -> list[Values]:
    """Each group that a source tells of, or a node is in, with its counts.

    ``desired`` is what its Auto Scaling groups want; None for a group without.
    """
    desired = _desired(sources)
    listed = {(MANAGED, name) for name in sources.nodegroups} | {(FARGATE, name) for name in sources.fargate_profiles}
    found = {(node["kind"], node["group"]) for node in nodes if node["group"]}
    return [
        {
            "kind": kind,
            "group": name,
            "desired": desired.get((kind, name)),
            **counts([node for node in nodes if (node["kind"], node["group"]) == (kind, name)]),
        }
        for kind, name in sorted(listed | found | set(desired), key=lambda pair: (KINDS.index(pair[0]), pair[1]))
    ]


def lacks(wanted: Wanted, selection: Selection, nodes: Sequence[Values], rows: Sequence[Values]) -> list[str]:
    """What keeps the selected ``nodes`` from being as wanted, each in a phrase; nothing if they are.

    ``rows`` are the selected groups, as `groups` tells of them. Of a node that is not there, nobody knows whether it
    would be among chosen names: with them, none is missed.
    """
    ready = _number(nodes, "status", READY)
    behind = [phrase for node in nodes if (phrase := _behind(node, wanted.version))]
    if wanted.ready is not None and ready >= wanted.ready:
        return behind
    unready = [
        f"{_who(node)} is {node['status'].replace('_', ' ')}: {_why(node)}" for node in nodes if not node["ready"]
    ]
    missing = [] if selection.names is not None else list(_missing(selection, rows))
    found = unready + behind + missing
    if wanted.ready is None or found:
        return found
    return [f"{wanted.ready - ready} more, of which no source tells"]


def enumerated(phrases: Sequence[str]) -> str:
    """The first of them, and how many there are beyond."""
    beyond = len(phrases) - TOLD
    return "; ".join([*phrases[:TOLD], *([f"and {beyond} more"] if beyond > 0 else [])])


def _behind(node: Values, version: str | None) -> str | None:
    if not version or not node["ready"] or version in (node["version"], node["kubelet_version"]):
        return None
    return f"{_who(node)} is at {node['version']}"


def _who(node: Values) -> str:
    return f"{node['name']} ({node['kind']}" + (f", {node['group']})" if node["group"] else ")")


def _why(node: Values) -> str:
    hint = node["console_hint"]
    return f"{node['reason']}, see: {hint}" if hint else str(node["reason"])


def _missing(selection: Selection, rows: Sequence[Values]) -> Iterator[str]:
    for row in rows:
        short = (row["desired"] or 0) - row["nodes"]
        if short > 0:
            who = f"the Auto Scaling group of {row['group']}"
            yield f"{short} more that {who} has not launched; flotilla.eks.join_diagnosis tells why"
    for name in set(selection.groups) - {row["group"] for row in rows}:
        yield f"group {name}, which no source knows"


def _number(nodes: Sequence[Values], name: str, value: str) -> int:
    return sum(node[name] == value for node in nodes)


def _desired(sources: Sources) -> dict[tuple[str, str], int]:
    sizes: dict[tuple[str, str], int] = {}
    for group in sources.scaling_groups:
        key = group_of(group)
        sizes[key] = sizes.get(key, 0) + group["desired_capacity"]
    return sizes


def group_of(scaling_group: Values) -> tuple[str, str]:
    """The kind and the name of the group that an Auto Scaling group launches the nodes of."""
    nodegroup = tags_of(scaling_group).get(NODEGROUP_TAG)
    return (MANAGED, nodegroup) if nodegroup else (SELF_MANAGED, scaling_group["auto_scaling_group_name"])
