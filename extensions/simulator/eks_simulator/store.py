# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What exists: clusters and what belongs to them, and what stands beside them, by account and region.

A resource is a record around its `description`, the very structure that Describe answers with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .certificates import Signer


@dataclass
class Resource:
    """Anything with an ARN: `kind` is cluster, nodegroup, fargate_profile, access_entry and so on."""

    kind: str
    name: str
    arn: str
    description: dict[str, Any]

    @property
    def status(self) -> str:
        return self.description["status"]

    @status.setter
    def status(self, status: str) -> None:
        self.description["status"] = status

    @property
    def tags(self) -> dict[str, str]:
        return self.description["tags"]


@dataclass
class Update:
    """An asynchronous change: `resource` is what it changes, `description` what DescribeUpdate answers."""

    resource: Resource
    description: dict[str, Any]
    cancellable: bool = False

    @property
    def running(self) -> bool:
        return self.description["status"] == "InProgress"


@dataclass
class AccessEntry(Resource):
    """An access entry with its policy associations by policy ARN."""

    policies: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass
class Cluster(Resource):
    """A cluster and everything that lives and dies with it."""

    creator: str = ""
    nodegroups: dict[str, Resource] = field(default_factory=dict)
    fargate_profiles: dict[str, Resource] = field(default_factory=dict)
    access_entries: dict[str, AccessEntry] = field(default_factory=dict)
    identity_providers: dict[str, Resource] = field(default_factory=dict)
    capabilities: dict[str, Resource] = field(default_factory=dict)
    certificate_authorities: dict[str, dict[str, Any]] = field(default_factory=dict)
    signers: dict[str, Signer] = field(default_factory=dict)
    """The keys of the certificate authorities, by their id."""
    addons: dict[str, Resource] = field(default_factory=dict)
    self_managed: dict[str, str] = field(default_factory=dict)
    """Software of the name of an add-on that runs without being one, with its version."""
    pod_identities: dict[str, Resource] = field(default_factory=dict)
    updates: dict[str, Update] = field(default_factory=dict)
    upgrade: tuple[str, datetime] | None = None
    """The version before the last upgrade, and when that was through."""
    insights: dict[str, dict[str, Any]] = field(default_factory=dict)
    insights_since: datetime | None = None
    insights_refresh: dict[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> str:
        return self.description["version"]

    @property
    def vpc_id(self) -> str:
        return self.description["resourcesVpcConfig"]["vpcId"]

    def running_update(self, resource: Resource) -> Update | None:
        """The update of `resource` that is in progress, if one is."""
        return next((one for one in self.updates.values() if one.resource is resource and one.running), None)


@dataclass
class Activation:
    """A hybrid activation of Systems Manager by its id, with the code that registers hosts."""

    code: str = field(repr=False)
    description: dict[str, Any]

    @property
    def tags(self) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self.description["Tags"]}


@dataclass
class ManagedInstance:
    """A host that is registered with Systems Manager; `description` is what DescribeInstanceInformation answers."""

    description: dict[str, Any]
    tags: dict[str, str]
    key: str = field(repr=False)
    """What its agent has, and nobody else."""

    @property
    def id(self) -> str:
        return str(self.description["InstanceId"])


@dataclass
class AnywhereResource:
    """A trust anchor, a profile or a revocation list of IAM Roles Anywhere; `description` is what Get answers."""

    id: str
    arn: str
    description: dict[str, Any]
    tags: dict[str, str]


@dataclass
class Region:
    """One account's EKS in one region, and what lets hosts outside of AWS in.

    `tokens` remembers requests by (operation, clientRequestToken).
    """

    account: str
    name: str
    clusters: dict[str, Cluster] = field(default_factory=dict)
    connected_clusters: dict[str, Resource] = field(default_factory=dict)
    subscriptions: dict[str, Resource] = field(default_factory=dict)
    activations: dict[str, Activation] = field(default_factory=dict)
    managed_instances: dict[str, ManagedInstance] = field(default_factory=dict)
    placement_groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    trust_anchors: dict[str, AnywhereResource] = field(default_factory=dict)
    profiles: dict[str, AnywhereResource] = field(default_factory=dict)
    crls: dict[str, AnywhereResource] = field(default_factory=dict)
    subjects: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Who came with a certificate to IAM Roles Anywhere, by the certificate's subject."""
    tokens: dict[tuple[str, str], tuple[str, Any]] = field(default_factory=dict)

    @property
    def partition(self) -> str:
        if self.name.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.name.startswith("us-gov-") else "aws"

    def arn(self, rest: str, service: str = "eks") -> str:
        return f"arn:{self.partition}:{service}:{self.name}:{self.account}:{rest}"

    def resources(self) -> Iterator[Resource]:
        """Every resource that can carry tags."""
        yield from self.connected_clusters.values()
        yield from self.subscriptions.values()
        for cluster in self.clusters.values():
            yield cluster
            yield from cluster.identity_providers.values()
            yield from cluster.capabilities.values()
            yield from cluster.nodegroups.values()
            yield from cluster.fargate_profiles.values()
            yield from cluster.access_entries.values()
            yield from cluster.addons.values()
            yield from cluster.pod_identities.values()


class Store:
    """All accounts and regions."""

    def __init__(self) -> None:
        self._regions: dict[tuple[str, str], Region] = {}

    def region(self, account: str, name: str) -> Region:
        return self._regions.setdefault((account, name), Region(account, name))

    def regions(self) -> list[Region]:
        """Those that were ever asked for anything."""
        return list(self._regions.values())

    def issuers(self) -> set[str]:
        """The OpenID Connect issuers of all clusters."""
        clusters = [cluster for region in self._regions.values() for cluster in region.clusters.values()]
        return {one.description["identity"]["oidc"]["issuer"] for one in clusters if one.description.get("identity")}

    def clear(self) -> None:
        self._regions.clear()
