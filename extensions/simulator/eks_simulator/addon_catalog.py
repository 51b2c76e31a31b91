# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-ons that EKS offers, their versions, and which of them run on which Kubernetes version.

Names, namespaces, service accounts and recommended policies:
https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html. A few versions of each stand for
the many that AWS offers. The default version of a Kubernetes version is not its newest, as it often is not on AWS, so
that who confuses the two is found out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .addon_schemas import COREDNS, EBS_CSI_DRIVER, KUBE_PROXY, PODS, VPC_CNI
from .versions import VERSIONS, minor

ANYWHERE = (29, 35)


@dataclass(frozen=True)
class Release:
    """A version of an add-on, and the first and last minor version of Kubernetes that it runs on."""

    version: str
    first: int
    last: int

    def runs_on(self, cluster_version: str) -> bool:
        return self.first <= minor(cluster_version) <= self.last


@dataclass(frozen=True)
class Addon:
    """An add-on of the catalogue; `releases` from old to new."""

    name: str
    kind: str
    releases: tuple[Release, ...]
    schema: Mapping[str, Any] = field(default_factory=lambda: PODS)
    namespace: str = "kube-system"
    service_accounts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Service account -> names of the managed policies that AWS recommends for its role."""
    needs_nodes: bool = False
    """Whether it consists of pods that must run, and not of a DaemonSet that is content without nodes."""
    owner: str = "aws"
    publisher: str = "eks"
    product: str = ""
    """Of an add-on of the AWS Marketplace, the product that the account must have subscribed to."""

    def running_on(self, cluster_version: str) -> list[Release]:
        return [release for release in self.releases if release.runs_on(cluster_version)]

    def default(self, cluster_version: str) -> str | None:
        """The default version for a Kubernetes version; None if the add-on does not run on it."""
        running = self.running_on(cluster_version)
        return running[-2 if len(running) > 1 else -1].version if running else None

    def release(self, version: str) -> Release | None:
        return next((release for release in self.releases if release.version == version), None)


def _everywhere(*versions: str) -> tuple[Release, ...]:
    return tuple(Release(version, *ANYWHERE) for version in versions)


def _kube_proxy() -> tuple[Release, ...]:
    """Its versions are those of Kubernetes: each runs on its own minor version."""
    return tuple(
        Release(version, minor(known.name), minor(known.name))
        for known in VERSIONS.values()
        for version in (f"v{known.name}.0-eksbuild.2", f"v{known.patch}-eksbuild.9")
    )


_OFFERED = [
    Addon(
        "vpc-cni",
        "networking",
        (
            Release("v1.18.6-eksbuild.1", 29, 33),
            Release("v1.19.6-eksbuild.7", 29, 34),
            Release("v1.20.4-eksbuild.2", 29, 35),
            Release("v1.21.1-eksbuild.1", 30, 35),
        ),
        VPC_CNI,
        service_accounts={"aws-node": ("AmazonEKS_CNI_Policy",)},
    ),
    Addon("kube-proxy", "networking", _kube_proxy(), KUBE_PROXY),
    Addon(
        "coredns",
        "networking",
        (
            Release("v1.11.3-eksbuild.2", 29, 32),
            Release("v1.11.4-eksbuild.2", 29, 33),
            Release("v1.12.1-eksbuild.2", 31, 34),
            Release("v1.12.4-eksbuild.1", 32, 35),
            Release("v1.13.1-eksbuild.1", 33, 35),
        ),
        COREDNS,
        needs_nodes=True,
    ),
    Addon("eks-pod-identity-agent", "security", _everywhere("v1.3.8-eksbuild.2", "v1.3.10-eksbuild.1")),
    Addon(
        "aws-ebs-csi-driver",
        "storage",
        (
            Release("v1.48.0-eksbuild.2", 29, 34),
            Release("v1.51.1-eksbuild.1", 29, 35),
            Release("v1.53.0-eksbuild.1", 30, 35),
        ),
        EBS_CSI_DRIVER,
        service_accounts={"ebs-csi-controller-sa": ("service-role/AmazonEBSCSIDriverPolicy",)},
        needs_nodes=True,
    ),
    Addon(
        "aws-efs-csi-driver",
        "storage",
        _everywhere("v2.1.11-eksbuild.1", "v2.1.13-eksbuild.1"),
        service_accounts={"efs-csi-controller-sa": ("service-role/AmazonEFSCSIDriverPolicy",)},
        needs_nodes=True,
    ),
    Addon(
        "metrics-server",
        "observability",
        _everywhere("v0.7.2-eksbuild.4", "v0.8.0-eksbuild.2"),
        needs_nodes=True,
        owner="community",
    ),
    Addon(
        "amazon-cloudwatch-observability",
        "observability",
        _everywhere("v4.4.0-eksbuild.1", "v4.5.0-eksbuild.1"),
        namespace="amazon-cloudwatch",
        service_accounts={"cloudwatch-agent": ("CloudWatchAgentServerPolicy", "AWSXrayWriteOnlyAccess")},
        needs_nodes=True,
    ),
    Addon(
        "kubecost_kubecost",
        "cost-management",
        _everywhere("v2.8.2-eksbuild.1"),
        namespace="kubecost",
        needs_nodes=True,
        owner="aws-marketplace",
        publisher="kubecost",
        product="prod-example0kubecost",
    ),
]
ADDONS = {addon.name: addon for addon in _OFFERED}
SELF_MANAGED = ("vpc-cni", "kube-proxy", "coredns")
"""What EKS puts into a new cluster unless bootstrapSelfManagedAddons is false (service model, CreateCluster)."""


def self_managed(cluster_version: str) -> dict[str, str]:
    """The self-managed software of a new cluster, each with its version."""
    return {name: ADDONS[name].default(cluster_version) or "" for name in SELF_MANAGED}
