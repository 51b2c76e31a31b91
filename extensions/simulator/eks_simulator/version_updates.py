# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UpdateClusterVersion: one minor version up, or back to where the cluster came from.

Back: "within 7 days of an in-place upgrade", to the previous minor version; of EKS Auto Mode the nodes go first, while
the cluster stays ACTIVE and no other update of it is possible
(https://docs.aws.amazon.com/eks/latest/userguide/rollback-cluster.html and rollback-automode.html).
"""

from __future__ import annotations

from typing import Any

from . import durations, idempotency
from .cluster_rules import require_active
from .errors import invalid_parameter, invalid_request
from .insight_checks import previous_version, rollback_findings, upgrade_findings
from .insights import require_readiness
from .lifecycle import being_updated, refuse_if_busy
from .operations import Call, operation
from .store import Cluster, Update
from .versions import VERSIONS, KubernetesVersion, minor, require_supported

ROLLBACK_TIMEOUT = range(120, 10080 + 1)
"""rollbackConfig.timeoutMinutes: "between 120 (2 hours) and 10080 (7 days)" (service model)."""


@operation("UpdateClusterVersion")
def update_cluster_version(call: Call) -> dict[str, Any]:
    cluster = call.cluster()
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"update": earlier.description}
    refuse_if_busy(cluster, cluster, "VersionUpdate")
    require_active(cluster)
    version = require_supported(call, call.parameters["version"])
    update = _roll_back(call, cluster, version) if _is_way_back(call, cluster) else _upgrade(call, cluster, version)
    idempotency.remember(call, update)
    return {"update": update.description}


def _is_way_back(call: Call, cluster: Cluster) -> bool:
    return call.parameters["version"] == previous_version(call, cluster)


def _upgrade(call: Call, cluster: Cluster, version: KubernetesVersion) -> Update:
    """All managed node groups "must match the cluster's Kubernetes version in order to update the cluster to a new
    Kubernetes version" (service model)."""
    if minor(version.name) != minor(cluster.version) + 1:
        raise invalid_parameter(
            f"Unsupported Kubernetes minor version update from {cluster.version} to {version.name}",
            clusterName=cluster.name,
        )
    if call.get("rollbackConfig"):
        raise invalid_parameter("rollbackConfig can only be set for a version rollback", clusterName=cluster.name)
    lagging = [group.name for group in cluster.nodegroups.values() if group.description["version"] != cluster.version]
    if lagging:
        raise invalid_request(
            f"Nodegroups {', '.join(sorted(lagging))} must be updated to match cluster version {cluster.version}"
            " before updating cluster version",
            clusterName=cluster.name,
        )
    require_readiness(call, "upgrade readiness", cluster, list(upgrade_findings(call, cluster, version.name)))
    before = cluster.version

    def apply() -> None:
        _become(cluster, version)
        cluster.upgrade = (before, call.timeline.now)

    return being_updated(call, cluster, cluster, "VersionUpdate", _params(version), durations.CLUSTER_VERSION, apply)


def _roll_back(call: Call, cluster: Cluster, version: KubernetesVersion) -> Update:
    timeout = call.get("rollbackConfig", {}).get("timeoutMinutes", 720)
    if timeout not in ROLLBACK_TIMEOUT:
        raise invalid_parameter(f"timeoutMinutes must be between 120 and 10080: {timeout}", clusterName=cluster.name)
    require_readiness(call, "rollback readiness", cluster, list(rollback_findings(call, cluster, version.name)))

    def apply() -> None:
        _become(cluster, version)
        cluster.upgrade = None

    nodes = durations.AUTO_MODE_NODES_ROLLBACK if cluster.description["computeConfig"]["enabled"] else 0
    seconds = nodes + durations.CLUSTER_VERSION
    update = being_updated(call, cluster, cluster, "VersionRollback", _params(version), seconds, apply)
    if nodes:
        _let_nodes_go_first(call, cluster, update, nodes)
    return update


def _let_nodes_go_first(call: Call, cluster: Cluster, update: Update, seconds: int) -> None:
    cluster.status = "ACTIVE"
    update.cancellable = True

    def begin_control_plane() -> None:
        update.cancellable = False
        if update.running:
            cluster.status = "UPDATING"

    call.timeline.after(seconds, begin_control_plane)


def _become(cluster: Cluster, version: KubernetesVersion) -> None:
    cluster.description.update(version=version.name, platformVersion=VERSIONS[version.name].platform)


def _params(version: KubernetesVersion) -> dict[str, str]:
    return {"Version": version.name, "PlatformVersion": version.platform}
