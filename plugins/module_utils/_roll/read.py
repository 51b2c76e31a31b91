# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at the Auto Scaling groups that are rolled: what they, EC2 and Kubernetes say, as `State`.

A look is one list of each source, however many instances there are. What never changes, the instances and the versions
of launch templates, is asked for when one is seen that is not known yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client, portions
from ansible_collections.flotilla.eks.plugins.module_utils._drain.pods import cordoned
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Kubernetes, Object
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.read import FILTER_VALUES, NODES, instances_by
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import (
    SCALING_GROUP_TAG,
    instance_of,
    readiness,
)
from ansible_collections.flotilla.eks.plugins.module_utils._roll.model import Machine, State
from ansible_collections.flotilla.eks.plugins.module_utils._roll.outdated import (
    BY_PARAMETER,
    Offer,
    Versions,
    offers,
    reasons,
)
from ansible_collections.flotilla.eks.plugins.module_utils._roll.sizes import Sizes, memory_of
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import (
    NODEGROUP_TAG,
    ROLL_TAG,
    Template,
    named_groups,
    tags_of,
    template_of,
    template_versions,
)

UNFIT = ("node.kubernetes.io/not-ready", "node.cloudprovider.kubernetes.io/uninitialized")  # taints of new Nodes
VERSION_GONE = "InvalidLaunchTemplateId.VersionNotFound"
POOL_PAGE = 50  # the most that DescribeWarmPool gives at a time


@dataclass(frozen=True)
class Choice:
    """Which instances are to be replaced: those ``outdated``, ``all``, or ``none`` but those with these ids."""

    replace: str = "outdated"
    instance_ids: frozenset[str] = frozenset()


@dataclass
class Lookout:
    """Sees groups. ``nodes`` are the Node objects of the last look, by name; ``groups`` what AWS said of each group."""

    client: Client
    kubernetes: Kubernetes
    choice: Choice = Choice()
    nodes: dict[str, Object] = field(default_factory=dict)
    groups: dict[str, Values] = field(default_factory=dict)
    _instances: dict[str, Values] = field(default_factory=dict)
    _versions: Versions = field(default_factory=Versions)
    _known: set[tuple[str, str]] = field(default_factory=set)

    def look(self, names: Sequence[str]) -> dict[str, State]:
        """The groups of these names that there are. Raises Refused, AwsError and KubernetesError."""
        found = {group["auto_scaling_group_name"]: group for group in named_groups(self.client, names)}
        self.groups |= found
        listed = self.kubernetes.list_all(NODES)
        self.nodes = {node["metadata"]["name"]: node for node in listed}
        joined = {instance_of(node) or "": node for node in listed}
        places = {name: [*(group.get("instances") or []), *self._pool(group)] for name, group in found.items()}
        self._learn_instances(places)
        offered = {name: offers(group) for name, group in found.items()} if self.choice.replace == "outdated" else {}
        for name, wanted in offered.items():
            self._learn_versions(places[name], wanted)
        return {name: self._state(group, places[name], joined, offered.get(name, [])) for name, group in found.items()}

    def _pool(self, group: Values) -> list[Values]:
        """The instances of the warm pool, which the group itself does not tell of."""
        if not group.get("warm_pool_configuration"):
            return []
        name = group["auto_scaling_group_name"]
        return self.client.listed(
            "autoscaling", "DescribeWarmPool", "Instances", AutoScalingGroupName=name, MaxRecords=POOL_PAGE
        )

    def _learn_instances(self, places: Mapping[str, Sequence[Values]]) -> None:
        asked = [
            name for name, some in places.items() if any(one["instance_id"] not in self._instances for one in some)
        ]
        for names in portions(asked, FILTER_VALUES):
            for instance in instances_by(self.client, f"tag:{SCALING_GROUP_TAG}", names):
                self._instances[instance["instance_id"]] = instance

    def _learn_versions(self, places: Iterable[Values], wanted: Sequence[Offer]) -> None:
        """One call for each template of the group, when an instance has a version that is not known yet."""
        own = [template for place in places if (template := template_of(place))]
        offered = [offer.template for offer in wanted]
        for key in dict.fromkeys(template.id for template in offered):
            asked = {template.version for template in [*own, *offered] if template.id == key}
            if not {(key, version) for version in asked} <= self._known:
                self._versions.add(key, self._read_versions(key, asked))
                self._known |= {(key, version) for version in asked}
        for template in dict.fromkeys(offered):
            self._resolve(template)

    def _read_versions(self, template: str, numbers: Iterable[str]) -> list[Values]:
        try:
            return template_versions(self.client, template, numbers)
        except AwsError as error:
            if error.code != VERSION_GONE:
                raise
            return template_versions(self.client, template)  # one was deleted: all that are left

    def _resolve(self, template: Template) -> None:
        """Learn what AMI a parameter names now, where a template names one: it changes without a new version."""
        if not str((self._versions.of(template) or {}).get("image_id", "")).startswith(BY_PARAMETER):
            return
        (resolved,) = template_versions(self.client, template.id, [template.version], ResolveAlias=True)
        self._versions.resolve(template, resolved["launch_template_data"]["image_id"])

    def _state(
        self, group: Values, places: Sequence[Values], joined: Mapping[str, Object], wanted: Sequence[Offer]
    ) -> State:
        name, tags = group["auto_scaling_group_name"], tags_of(group)
        memory = memory_of(tags[ROLL_TAG], name) if ROLL_TAG in tags else None
        launches = [self._launched(place) for place in places]
        since = memory.since if memory and memory.since else max(launches, default="")
        label = tags.get(NODEGROUP_TAG, "")
        machines = tuple(
            _machine(place, launched, tuple(self._reasons(place, launched, since, wanted)), joined, label)
            for place, launched in zip(places, launches, strict=True)
        )
        sizes = Sizes(group["min_size"], group["desired_capacity"], group["max_size"])
        suspended = frozenset(one["process_name"] for one in group.get("suspended_processes") or [])
        return State(name, sizes, machines, suspended, memory, tuple(group.get("availability_zones") or ()))

    def _launched(self, place: Values) -> str:
        return str((self._instances.get(place["instance_id"]) or {}).get("launch_time", ""))

    def _reasons(self, place: Values, launched: str, since: str, wanted: Sequence[Offer]) -> Iterator[str]:
        if place["instance_id"] in self.choice.instance_ids:
            yield "it is named in instance_ids"
        if self.choice.replace == "all" and launched and launched <= since:
            yield "all are to be replaced"
        if self.choice.replace == "outdated":
            yield from reasons(place, self._instances.get(place["instance_id"], {}), wanted, self._versions)


def _machine(place: Values, launched: str, why: tuple[str, ...], joined: Mapping[str, Object], label: str) -> Machine:
    node = joined.get(place["instance_id"])
    trouble = _trouble(node, label) if node else f"no Node has appeared for it; it is {place['lifecycle_state']}"
    return Machine(
        place["instance_id"],
        place.get("availability_zone") or "",
        place["lifecycle_state"],
        launched,
        bool(place.get("protected_from_scale_in")),
        why,
        node["metadata"]["name"] if node else "",
        node is not None and not trouble and place["lifecycle_state"] == "InService",
        trouble,
        node is not None and cordoned(node),
        node is not None and cordoned(node) and ROLL_TAG in (node["metadata"].get("annotations") or {}),
    )


def _trouble(node: Object, label: str) -> str:
    """Why pods cannot run on a Node, or not those that are meant for its group; empty if they can."""
    state, why = readiness((node.get("status") or {}).get("conditions") or [])
    if state != "Ready":
        return f"{state}: {why}"
    taints = [taint["key"] for taint in (node.get("spec") or {}).get("taints") or [] if taint["key"] in UNFIT]
    if taints:
        return f"it has the taint {', '.join(taints)} still"
    found = (node["metadata"].get("labels") or {}).get(NODEGROUP_TAG)
    if label and found != label:
        return f"label {NODEGROUP_TAG}: found {found}, wanted {label}, which the user data has to give it"
    return ""
