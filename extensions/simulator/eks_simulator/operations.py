# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operation is given, and the table of those that the simulator serves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .aws import Neighbours
from .callers import Identity
from .clock import Timeline
from .errors import not_found
from .faults import Faults
from .store import Cluster, Region, Resource

if TYPE_CHECKING:
    from .control_plane.plane import ControlPlanes
    from .nodes.boots import Boots
    from .scaling.region import ScalingRegion


@dataclass(frozen=True)
class Quotas:
    """Service quotas, with AWS's defaults (https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html)."""

    clusters: int = 100
    connected_clusters: int = 10
    nodegroups_per_cluster: int = 30
    nodes_per_nodegroup: int = 450
    fargate_profiles_per_cluster: int = 10
    access_entries_per_cluster: int = 2000
    pod_identity_associations_per_cluster: int = 5000


@dataclass
class Call:
    """One request: its parameters by the model's member names, who makes it, and the world that it meets."""

    operation: str
    parameters: dict[str, Any]
    region: Region
    aws: Neighbours
    timeline: Timeline
    faults: Faults
    quotas: Quotas
    control_planes: ControlPlanes
    boots: Boots
    scaling: ScalingRegion
    caller: Callable[[], Identity]

    @property
    def now(self) -> datetime:
        return self.timeline.now

    def get(self, name: str, default: Any = None) -> Any:
        return self.parameters.get(name, default)

    def cluster(self, name: str | None = None) -> Cluster:
        """The cluster that the call names. Raises ResourceNotFoundException."""
        name = name or self.get("clusterName") or self.get("name")
        if name not in self.region.clusters:
            raise not_found(f"No cluster found for name: {name}.", clusterName=name)
        return self.region.clusters[name]

    def nodegroup(self, cluster: Cluster) -> Resource:
        """The node group that the call names. Raises ResourceNotFoundException."""
        name = self.parameters["nodegroupName"]
        if name not in cluster.nodegroups:
            raise not_found(f"No node group found for name: {name}.", clusterName=cluster.name, nodegroupName=name)
        return cluster.nodegroups[name]

    def addon(self, cluster: Cluster) -> Resource:
        """The add-on that the call names. Raises ResourceNotFoundException (AWS's wording)."""
        name = self.parameters["addonName"]
        if name not in cluster.addons:
            raise not_found(
                f"No addon: {name} found in cluster: {cluster.name}", clusterName=cluster.name, addonName=name
            )
        return cluster.addons[name]


Handler = Callable[[Call], dict[str, Any]]
HANDLERS: defaultdict[str, dict[str, Handler]] = defaultdict(dict)
"""By service and operation."""


def operation(name: str, service: str = "eks") -> Callable[[Handler], Handler]:
    """Register the function that carries out the operation `name`."""

    def register(handler: Handler) -> Handler:
        HANDLERS[service][name] = handler
        return handler

    return register
