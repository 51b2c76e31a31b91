# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster's control plane: the Kubernetes API at its endpoint, with EKS's own answers to who may do what."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .. import reachability
from ..addon_catalog import ADDONS
from ..amis import kubelet_version
from ..aws import Neighbours
from ..callers import Identity, identity_of
from ..certificate_authorities import signer_of
from ..kubernetes.api import Api
from ..kubernetes.control import Attributes, Outcome, User
from ..kubernetes.controllers import Controllers, FargateProfile, Subnet
from ..kubernetes.endpoint import Endpoint
from ..kubernetes.errors import ApiError
from ..kubernetes.objects import Objects, timestamp
from ..kubernetes.types import TYPES
from ..moto_setup import account_of
from ..store import Cluster, Region, Resource
from . import authorization, rbac, software, tokens, users, vantage

if TYPE_CHECKING:
    from ..world import World

_QUESTIONS = {kind.plural for kind in TYPES if not kind.stored}
_WRITES = {"create", "update", "patch", "delete", "deletecollection"}


class ControlPlane:
    """The Kubernetes side of one cluster, from when it is ACTIVE until it is deleted (a `kubernetes.control.Control`).

    `objects` is all that is in it, and its controllers live on the world's timeline.
    """

    def __init__(self, world: World, region: Region, cluster: Cluster) -> None:
        self.lock = world.lock
        self.cluster = cluster
        self._world = world
        self._region = region
        self._aws = Neighbours(region, world.role_changes)
        self.objects = Objects(self.now)
        self.controllers = Controllers(
            self.objects,
            world.timeline,
            profiles=self._profiles,
            kubelet=lambda: kubelet_version(cluster.version),
            authority=lambda: b64decode(cluster.description["certificateAuthority"]["data"]).decode(),
            lose=self._lose,
        )
        software.furnish(self.objects, self.service_cidr())
        rbac.furnish(self.objects)
        for name, version in cluster.self_managed.items():
            self.install(name, version, ADDONS[name].namespace)
        self._endpoint = Endpoint(Api(self.objects, self), signer_of(cluster), self._is_reachable)

    @property
    def url(self) -> str:
        return self._endpoint.url

    def renew(self) -> None:
        """Present a certificate of the authority that signs by now."""
        self._endpoint.renew(signer_of(self.cluster))

    def close(self) -> None:
        self._endpoint.close()
        self.controllers.close()

    def install(self, addon: str, version: str, namespace: str, values: dict[str, Any] | None = None) -> None:
        """Let an add-on's software run in the cluster, in this version, with these configuration values."""
        software.install(self.objects, self._region.name, addon, version, namespace, values)

    def uninstall(self, addon: str, namespace: str) -> None:
        """Take an add-on's software out of the cluster."""
        software.uninstall(self.objects, addon, namespace)

    def version(self) -> str:
        return self.cluster.version

    def service_cidr(self) -> str:
        network = self.cluster.description["kubernetesNetworkConfig"]
        return str(network.get("serviceIpv4Cidr") or network["serviceIpv6Cidr"])

    def now(self) -> datetime:
        return self._world.timeline.now

    def timestamp(self) -> str:
        """The simulated time as Kubernetes writes it."""
        return timestamp(self.now())

    def settle(self) -> None:
        self._world.timeline.settle()

    def authenticate(self, token: str) -> User:
        try:
            return self._user(tokens.read(token, datetime.now(UTC), self._world.url))
        except tokens.BadToken as problem:
            raise ApiError("Unauthorized", "Unauthorized") from problem

    def permits(self, user: User, attributes: Attributes) -> bool:
        return authorization.permits(self.objects, user, self._policies(user), attributes)

    def rules(self, user: User, namespace: str) -> list[dict[str, Any]]:
        return authorization.rules(self.objects, user, self._policies(user), namespace)

    def kubelet_obstacle(self, node: dict[str, Any]) -> str:
        """Kubelets of Fargate and of machines elsewhere are always reached."""
        instance = self._aws.instance(node["spec"].get("providerID", "").rpartition("/")[2])
        return reachability.kubelet_obstacle(self._aws, self.cluster, instance) if instance else ""

    def fault(self, attributes: Attributes) -> dict[str, Any]:
        return self._world.faults.for_call("kubernetes", _operation(attributes)) or {}

    def _lose(self, node: str, pods: list[str]) -> None:
        """Pods went down with their node."""
        lost = {"cluster": self.cluster.name, "node": node, "pods": pods}
        self._world.ledger.happened("lose pods", self._region.name, self._region.account, self.now(), lost)

    def record(self, user: User | None, attributes: Attributes, outcome: Outcome) -> None:
        idle = outcome.idle or attributes.resource in _QUESTIONS
        where = {"cluster": self.cluster.name, "namespace": attributes.namespace, "name": attributes.name}
        entry = {
            "service": "kubernetes",
            "operation": _operation(attributes),
            "write": attributes.verb in _WRITES and bool(attributes.resource) and not idle,
            "status": outcome.status,
            "error": outcome.error,
            "region": self._region.name,
            "account": self._region.account,
            "parameters": where,
            "at": self.now().isoformat(timespec="milliseconds"),
        }
        more = {"why": outcome.why, "fault": outcome.injected}
        self._world.ledger.record({**entry, **{name: value for name, value in more.items() if value}})

    def user_of_instance(self, role_arn: str, instance_id: str) -> User | None:
        """Who the kubelet of an instance is, whose credentials are a session of its role that bears its id."""
        return users.user_of(self.cluster, self.objects, Identity(role_arn, "", instance_id), self._dns_name)

    def user_of(self, caller: Identity) -> User | None:
        """Who a caller is in the cluster; None if it knows him not."""
        return users.user_of(self.cluster, self.objects, caller, self._dns_name)

    def _user(self, presigned: tokens.Presigned) -> User:
        """The user of a token whose signature is true, as far as its secret is known. Raises BadToken."""
        caller = identity_of(presigned.access_key, account_of(presigned.access_key), self._region.partition)
        if caller.secret and not presigned.is_signature_of(caller.secret, self.cluster.name):
            raise tokens.BadToken(f"the signature is not of the key {presigned.access_key} for {self.cluster.name}")
        if caller.secret and caller.session_token != presigned.session_token:
            raise tokens.BadToken("the security token included in the request is invalid")
        if caller.expires and caller.expires <= datetime.now(UTC):
            raise tokens.BadToken("the security token included in the request is expired")
        user = self.user_of(caller)
        if user is None:
            raise tokens.BadToken(f"neither an access entry nor aws-auth knows {caller.arn}")
        return user

    def _dns_name(self, instance_id: str) -> str | None:
        instance = self._aws.instance(instance_id)
        return instance.private_dns_name if instance and instance.is_running() else None

    def _policies(self, user: User) -> list[dict[str, Any]]:
        entry = users.entry_of(self.cluster, user)
        return list(entry.policies.values()) if entry else []

    def _is_reachable(self) -> bool:
        with self.lock:
            config = self.cluster.description["resourcesVpcConfig"]
            return vantage.reaches(self._world.vantage, config, self._aws.nat_addresses(config["vpcId"]))

    def _profiles(self) -> Sequence[FargateProfile]:
        profiles = self.cluster.fargate_profiles.values()
        return [self._profile(profile) for profile in profiles if profile.status == "ACTIVE"]

    def _profile(self, profile: Resource) -> FargateProfile:
        found = [self._aws.subnet(subnet_id) for subnet_id in profile.description["subnets"]]
        subnets = [Subnet(subnet.cidr_block, subnet.availability_zone) for subnet in found if subnet]
        return FargateProfile(profile.name, profile.description["selectors"], subnets)


class ControlPlanes:
    """The control planes of all clusters."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._planes: dict[str, ControlPlane] = {}

    def begin(self, region: Region, cluster: Cluster) -> ControlPlane:
        """Give a cluster that has its certificate authority a control plane."""
        plane = self._planes[cluster.arn] = ControlPlane(self._world, region, cluster)
        return plane

    def of(self, cluster: Cluster) -> ControlPlane | None:
        return self._planes.get(cluster.arn)

    def renew(self, cluster: Cluster) -> None:
        """Another certificate authority signs for the cluster."""
        self._planes[cluster.arn].renew()

    def end(self, cluster: Cluster) -> None:
        """Close the endpoint of a cluster that is deleted, if it ever had one."""
        plane = self._planes.pop(cluster.arn, None)
        if plane:
            plane.close()

    def clear(self) -> None:
        for plane in self._planes.values():
            plane.close()
        self._planes.clear()


def _operation(attributes: Attributes) -> str:
    """The name of a request in the ledger: `list nodes`, `create pods/eviction`, `get /version`."""
    if not attributes.resource:
        return f"{attributes.verb} {attributes.path}"
    resource = f"{attributes.resource}/{attributes.subresource}" if attributes.subresource else attributes.resource
    return f"{attributes.verb} {resource}"
