# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that the EKS API owns in one cluster: which kinds there are, what each needs, what is ours. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from ansible_collections.flotilla.eks.plugins.module_utils._generations import GENERATION_TAG
from ansible_collections.flotilla.eks.plugins.module_utils._model import Resource, Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Desired
from ansible_collections.flotilla.eks.plugins.module_utils._resources.access_entry import ACCESS_ENTRY
from ansible_collections.flotilla.eks.plugins.module_utils._resources.addon import ADDON
from ansible_collections.flotilla.eks.plugins.module_utils._resources.capability import CAPABILITY
from ansible_collections.flotilla.eks.plugins.module_utils._resources.fargate_profile import FARGATE_PROFILE
from ansible_collections.flotilla.eks.plugins.module_utils._resources.identity_provider_config import (
    IDENTITY_PROVIDER_CONFIG,
)
from ansible_collections.flotilla.eks.plugins.module_utils._resources.nodegroup import NODEGROUP
from ansible_collections.flotilla.eks.plugins.module_utils._resources.pod_identity_association import (
    POD_IDENTITY_ASSOCIATION,
)

OWNER_TAG = "flotilla.eks/cluster"  # on all that is made here; its value is the cluster's name

# What belongs to a cluster, by the option that lists it.
MEMBERS: dict[str, Resource] = {
    resource.plural: resource
    for resource in (
        ACCESS_ENTRY,
        ADDON,
        NODEGROUP,
        FARGATE_PROFILE,
        POD_IDENTITY_ASSOCIATION,
        IDENTITY_PROVIDER_CONFIG,
        CAPABILITY,
    )
}

# Without these, nodes do not become Ready: network, service addresses, and credentials for both.
BEFORE_COMPUTE = ("vpc-cni", "kube-proxy", "eks-pod-identity-agent")
COMPUTE = ("nodegroup", "fargate_profile")

# Types of access entries that let nodes in; EKS makes them for its own.
NODE_ENTRIES = ("EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "EC2", "HYPERPOD_LINUX")

# EKS makes one at a time of these, or refuses: updates of a cluster, and Fargate profiles.
LOCKS = {"cluster": "cluster", "identity_provider_config": "cluster", "fargate_profile": "fargate_profile"}


@dataclass(frozen=True)
class Entry:
    """One resource of the fleet: what it is to be, or, with ``absent``, that it is to go.

    ``before_compute`` tells an add-on that nodes need from one that needs nodes.
    """

    resource: Resource
    desired: Desired
    absent: bool = False
    before_compute: bool = False
    create_first: bool = False
    timeout: int | None = None  # seconds; None: the fleet's
    delay: int | None = None

    @property
    def key(self) -> str:
        """What results and messages call it: ``nodegroup/web``."""
        own = [value for name, value in self.desired.identity.items() if name not in self.resource.parents]
        return "/".join([self.resource.kind, *own])

    @property
    def lock(self) -> str:
        return LOCKS.get(self.resource.kind, "")


def needs(entries: Iterable[Entry]) -> dict[str, frozenset[str]]:
    """Which of the entries must be done before each.

    The cluster comes first; then what nodes need: add-ons that are ``before_compute`` and the access entries of their
    roles; then nodes; then the other add-ons, which wait for node groups, or where there are none for Fargate. What is
    to go leaves in reverse order, once all that is to be is there.
    """
    made = [entry for entry in entries if not entry.absent]
    going = [entry for entry in entries if entry.absent]
    found = {entry.key: _keys(_before(entry, made)) for entry in made}
    found.update({entry.key: _keys([*_compute(made), *_addons(made), *_after(entry, going)]) for entry in going})
    return found


def _keys(entries: Iterable[Entry]) -> frozenset[str]:
    return frozenset(entry.key for entry in entries)


def _of(entries: Iterable[Entry], kind: str) -> list[Entry]:
    return [entry for entry in entries if entry.resource.kind == kind]


def _compute(entries: Collection[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.resource.kind in COMPUTE]


def _addons(entries: Collection[Entry]) -> list[Entry]:
    return _of(entries, "addon")


def _before(entry: Entry, others: Collection[Entry]) -> list[Entry]:
    cluster = [] if entry.resource.kind == "cluster" else _of(others, "cluster")
    if entry.resource.kind in COMPUTE:
        roles = {entry.desired.values.get("node_role"), entry.desired.values.get("pod_execution_role_arn")}
        admitting = [one for one in _of(others, "access_entry") if one.desired.identity["principal_arn"] in roles]
        return cluster + admitting + [addon for addon in _addons(others) if addon.before_compute]
    if entry.resource.kind == "addon" and not entry.before_compute:
        return cluster + (_of(others, "nodegroup") or _of(others, "fargate_profile"))
    return cluster


def _after(entry: Entry, going: Collection[Entry]) -> list[Entry]:
    """What leaves before an entry does: what needs it, and nodes before what lets them in."""
    if entry.resource.kind == "access_entry":
        return _compute(going)
    return [other for other in going if entry in _before(other, going)]


def marked(entry: Entry, observed: Values | None, cluster: str) -> Desired:
    """What is desired, with the ownership tag on what is still to be made, and kept on what has it.

    What others made stays theirs: adopting it changes nothing. A group that may get a successor is marked in any case,
    as the successor is ours.
    """
    desired = entry.desired
    if observed is not None and not owned(observed, cluster) and not entry.create_first:
        return desired
    owner = {OWNER_TAG: cluster}
    if desired.tags is not None:
        return replace(desired, tags={**desired.tags, **owner})
    if observed is not None and not entry.create_first:
        return desired
    return replace(desired, tags=owner, purge_tags=False)


def owned(observed: Mapping[str, Values], cluster: str) -> bool:
    return (observed.get("tags") or {}).get(OWNER_TAG) == cluster


def surplus(
    resource: Resource, live: Iterable[Values], listed: Collection[Entry], cluster: str, unowned: bool
) -> list[Values]:
    """The identities of live resources that may be pruned: not listed, and ours unless ``unowned`` are meant too.

    What EKS made for itself is never among them: entries of nodes, associations of an add-on, and the generations of
    what is listed.
    """
    names = [entry.desired.identity for entry in listed]
    own = list(resource.identity)[-1]
    bases = {identity[own] for identity in names}
    found = []
    for observed in live:
        identity = resource.identity_of(observed)
        generation = (observed.get("tags") or {}).get(GENERATION_TAG)
        kept = identity in names or generation in bases or made_by_eks(resource, observed)
        if not kept and (unowned or owned(observed, cluster)):
            found.append(identity)
    return found


def made_by_eks(resource: Resource, observed: Values) -> bool:
    """Whether EKS made something for itself: the entry of its nodes, or what belongs to an add-on."""
    lets_nodes_in = resource is ACCESS_ENTRY and observed.get("type") in NODE_ENTRIES
    return lets_nodes_in or bool(resource.owner and observed.get(resource.owner))


def action(operations: Collection[str]) -> str:
    """What a plan calls the actions of its changes, taken together."""
    if "create" in operations:
        return "replace" if "delete" in operations else "create"
    if "delete" in operations:
        return "delete"
    return "update" if operations else "untouched"
