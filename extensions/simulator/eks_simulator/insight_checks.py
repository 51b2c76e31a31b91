# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EKS checks of a cluster before its version changes, and of its setup for hybrid nodes.

The checks and their names: https://docs.aws.amazon.com/eks/latest/userguide/cluster-insights.html. Each is decided by
what the simulator holds; checks of what runs in Kubernetes, such as deprecated APIs, have nothing to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from .amis import supports
from .operations import HANDLERS, Call
from .store import Cluster
from .versions import VERSIONS, minor

ROLLBACK_WINDOW = timedelta(days=7)
""""within 7 days of an in-place upgrade" (https://docs.aws.amazon.com/eks/latest/userguide/rollback-cluster.html)."""
KUBE_PROXY_LAG = 3
"""How many minor versions kube-proxy may be older than the API server, and never newer
(https://kubernetes.io/releases/version-skew-policy/)."""
_SEVERITY = ["PASSING", "WARNING", "ERROR"]
_GUIDE = "https://docs.aws.amazon.com/eks/latest/userguide"


@dataclass(frozen=True)
class Verdict:
    """Of one thing: the worst of a check's verdicts is the check's own status. `arn` is the thing's, if it has one."""

    status: str
    reason: str
    arn: str | None = None


@dataclass(frozen=True)
class Finding:
    """What a check found. `summary` is the categorySpecificSummary of the service model."""

    name: str
    category: str
    version: str | None
    description: str
    recommendation: str
    verdicts: list[Verdict]
    link: str = f"{_GUIDE}/cluster-insights.html"
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        return max((verdict.status for verdict in self.verdicts), key=_SEVERITY.index, default="PASSING")

    @property
    def reason(self) -> str:
        return next((one.reason for one in self.verdicts if one.status == self.status), "Nothing was found.")


def findings(call: Call, cluster: Cluster) -> Iterator[Finding]:
    """What all checks find as things are now."""
    following = next_version(call, cluster)
    if following:
        yield from upgrade_findings(call, cluster, following)
    previous = previous_version(call, cluster)
    if previous:
        yield from rollback_findings(call, cluster, previous)
    if (cluster.description.get("remoteNetworkConfig") or {}).get("remoteNodeNetworks"):
        yield _hybrid_endpoint(cluster)
        yield _hybrid_access(cluster)


def next_version(call: Call, cluster: Cluster) -> str | None:
    """The version that the cluster can be upgraded to."""
    name = f"1.{minor(cluster.version) + 1}"
    return name if name in VERSIONS and VERSIONS[name].support(call.now) != "UNSUPPORTED" else None


def previous_version(call: Call, cluster: Cluster) -> str | None:
    """The version that the cluster can be rolled back to: the one before its upgrade, if that is recent."""
    if cluster.upgrade is None:
        return None
    version, moment = cluster.upgrade
    return version if call.now - moment <= ROLLBACK_WINDOW else None


def upgrade_findings(call: Call, cluster: Cluster, version: str) -> Iterator[Finding]:
    """The insights of category UPGRADE_READINESS for an upgrade to `version`."""
    about = _about("UPGRADE_READINESS", version)
    yield about(
        "Kubelet version skew",
        "Checks that the kubelets of the nodes will be within the version skew policy after an upgrade.",
        "Update the node groups to the version of the cluster.",
        list(_lagging_nodes(cluster)),
    )
    yield about(
        "kube-proxy version skew",
        "Checks that kube-proxy will be within the version skew policy after an upgrade.",
        "Update the add-on kube-proxy.",
        list(_kube_proxy(call, cluster, version)),
    )
    yield _addon_compatibility(call, cluster, version, about)
    yield about(
        "Amazon Linux 2 compatibility",
        "Checks for nodes of Amazon Linux 2, of which there are no AMIs for Kubernetes 1.33 and later.",
        "Make node groups of Amazon Linux 2023 or Bottlerocket.",
        list(_amazon_linux_2(cluster, version)),
    )
    yield about(
        "Cluster health issues",
        "Checks for health issues of the cluster that keep it from being upgraded.",
        "Resolve the health issues that DescribeCluster shows.",
        [Verdict("ERROR", issue["message"], cluster.arn) for issue in cluster.description["health"]["issues"]],
    )


def rollback_findings(call: Call, cluster: Cluster, version: str) -> Iterator[Finding]:
    """The insights of category ROLLBACK_READINESS for a way back to `version`."""
    about = _about("ROLLBACK_READINESS", version)
    yield about(
        "Kubelet version skew",
        "Checks that no kubelet will be newer than the API server after a rollback.",
        "Replace the node groups that were updated already.",
        list(_leading_nodes(cluster, version)),
    )
    yield _addon_compatibility(call, cluster, version, about)


_Maker = Callable[[str, str, str, list[Verdict]], Finding]


def _about(category: str, version: str) -> _Maker:
    link = f"{_GUIDE}/{'update-cluster' if category == 'UPGRADE_READINESS' else 'rollback-cluster'}.html"

    def make(name: str, description: str, recommendation: str, verdicts: list[Verdict]) -> Finding:
        return Finding(name, category, version, description, recommendation, verdicts, link)

    return make


def _lagging_nodes(cluster: Cluster) -> Iterator[Verdict]:
    """The node groups' versions "must match the cluster's Kubernetes version in order to update the cluster" (service
    model of UpdateClusterVersion)."""
    for group in cluster.nodegroups.values():
        version = group.description["version"]
        if minor(version) < minor(cluster.version):
            reason = f"Node group {group.name} has version {version}, the cluster {cluster.version}."
            yield Verdict("ERROR", reason, group.arn)
        else:
            yield Verdict("PASSING", f"Node group {group.name} has the version of the cluster.", group.arn)


def _leading_nodes(cluster: Cluster, version: str) -> Iterator[Verdict]:
    """A kubelet must not be newer than the API server (https://kubernetes.io/releases/version-skew-policy/)."""
    for group in cluster.nodegroups.values():
        newer = minor(group.description["version"]) > minor(version)
        state = "would be newer than the cluster" if newer else "would not be newer than the cluster"
        yield Verdict("ERROR" if newer else "PASSING", f"Node group {group.name} {state}.", group.arn)


def _kube_proxy(call: Call, cluster: Cluster, version: str) -> Iterator[Verdict]:
    for addon in _addons(call, cluster):
        if addon["addonName"] == "kube-proxy":
            lag = minor(version) - int(addon["addonVersion"].split(".")[1])
            reason = f"kube-proxy {addon['addonVersion']} would be {lag} minor versions older than the API server."
            # "Error" speaks of the next version, "Warning" of those after it (user guide, view-cluster-insights).
            status = "ERROR" if lag > KUBE_PROXY_LAG else "WARNING" if lag == KUBE_PROXY_LAG else "PASSING"
            yield Verdict(status, reason, addon["addonArn"])


def _amazon_linux_2(cluster: Cluster, version: str) -> Iterator[Verdict]:
    for group in cluster.nodegroups.values():
        kind = group.description["amiType"]
        if kind != "CUSTOM" and not supports(kind, version):
            yield Verdict("ERROR", f"Node group {group.name} has AMIs of type {kind}.", group.arn)


def _addon_compatibility(call: Call, cluster: Cluster, version: str, about: _Maker) -> Finding:
    """kube-proxy has its own check: it follows the cluster, and a version of it suits one version of Kubernetes."""
    verdicts, details = [], []
    for addon in _addons(call, cluster):
        if addon["addonName"] != "kube-proxy":
            compatible = _compatible_versions(call, addon["addonName"], version)
            fits = addon["addonVersion"] in compatible
            words = "is compatible" if fits else "is not compatible"
            reason = f"{addon['addonName']} {addon['addonVersion']} {words} with Kubernetes {version}."
            verdicts.append(Verdict("PASSING" if fits else "ERROR", reason, addon["addonArn"]))
            details.append({"name": addon["addonName"], "compatibleVersions": compatible})
    finding = about(
        "EKS add-on version compatibility",
        "Checks that the installed versions of EKS add-ons are compatible with the version.",
        "Update the add-ons to a compatible version.",
        verdicts,
    )
    return replace(finding, summary={"addonCompatibilityDetails": details} if details else {})


def _addons(call: Call, cluster: Cluster) -> list[dict[str, Any]]:
    """The add-ons of the cluster, as Describe answers them."""
    named = {"clusterName": cluster.name}
    names = _ask(call, "ListAddons", named).get("addons", [])
    return [_ask(call, "DescribeAddon", {**named, "addonName": name})["addon"] for name in names]


def _compatible_versions(call: Call, addon: str, version: str) -> list[str]:
    answer = _ask(call, "DescribeAddonVersions", {"addonName": addon, "kubernetesVersion": version})
    return [entry["addonVersion"] for found in answer.get("addons", []) for entry in found["addonVersions"]]


def _ask(call: Call, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """What another operation answers, as far as the simulator serves it."""
    handler = HANDLERS["eks"].get(operation)
    return handler(replace(call, operation=operation, parameters=parameters)) if handler else {}


def _hybrid_endpoint(cluster: Cluster) -> Finding:
    """ "Public and Private" makes hybrid nodes resolve the endpoint to public addresses, and they may fail to join
    (https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-cluster-create.html)."""
    config = cluster.description["resourcesVpcConfig"]
    both = config["endpointPublicAccess"] and config["endpointPrivateAccess"]
    reason = "The cluster endpoint is public and private." if both else "The cluster endpoint is public or private."
    return _hybrid(
        "Hybrid Nodes: cluster endpoint access",
        "Checks that hybrid nodes resolve the cluster endpoint to addresses that they reach.",
        "Make the cluster endpoint either public or private.",
        [Verdict("WARNING" if both else "PASSING", reason, cluster.arn)],
    )


def _hybrid_access(cluster: Cluster) -> Finding:
    """Hybrid nodes need an access entry of type HYBRID_LINUX for their role
    (https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-cluster-prep.html)."""
    entries: Iterable[Any] = cluster.access_entries.values()
    there = any(entry.description["type"] == "HYBRID_LINUX" for entry in entries)
    reason = f"There is {'an' if there else 'no'} access entry of type HYBRID_LINUX."
    return _hybrid(
        "Hybrid Nodes: access entry",
        "Checks that the role of hybrid nodes may enter the cluster.",
        "Create an access entry of type HYBRID_LINUX for the role of the hybrid nodes.",
        [Verdict("PASSING" if there else "ERROR", reason, cluster.arn)],
    )


def _hybrid(name: str, description: str, recommendation: str, verdicts: list[Verdict]) -> Finding:
    link = f"{_GUIDE}/hybrid-nodes-troubleshooting.html"
    return Finding(name, "MISCONFIGURATION", None, description, recommendation, verdicts, link)
