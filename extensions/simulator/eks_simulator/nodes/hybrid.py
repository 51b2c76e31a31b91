# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts outside of AWS that join a cluster with the credentials that they have, as the kubelet on them does.

Rules: https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-prereqs.html and hybrid-nodes-troubleshooting.html,
and what nodeadm of github.com/aws/eks-hybrid validates before it starts the kubelet. A host that has a kubelet of its
own needs no help from here: it reaches the cluster's API with the same credentials.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..amis import kubelet_version
from ..aws import Neighbours
from ..callers import Identity, identity_of
from ..errors import ServiceError
from ..kubernetes.controllers.network_plugins import COMPUTE_TYPE
from ..kubernetes.types import NODE
from ..moto_setup import account_of
from ..role_rules import policy_documents
from ..store import Cluster, Region
from ..versions import minor
from .node import Machine, Outfit, new_node

if TYPE_CHECKING:
    from ..control_plane.plane import ControlPlane
    from ..world import World

PROVIDER = "eks.amazonaws.com/hybrid-credential-provider"
_MANAGED = re.compile(r"mi-[0-9a-f]{17}")
_KNOWN = {"access_key_id", "secret_access_key", "session_token"}
_ASKED = {*_KNOWN, "expiration", "cluster", "region", "ip_address", "version", "labels", "taints"}
_OLDEST = 3
"""By how many minor versions a kubelet may be older than the API server."""
_READS = ("eks:DescribeCluster", "eks:ListAccessEntries")
_CLOUD = re.compile(r"topology\.|failure-domain\.|instance-type")
"""Labels that the cloud controller gives to instances."""


def join(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """Let the kubelet of a host register: `cluster`, in `region`, with the credentials that its provider gave it, from
    `ip_address`, with a kubelet of `version` (the cluster's unless told), with `labels` and `taints`. The node's name.

    Raises ServiceError if it is turned away, KeyError and ValueError for a bad request.
    """
    odd = asked.keys() - _ASKED
    if odd:
        raise ValueError(f"unknown members: {', '.join(sorted(odd))}")
    region = world.store.region(account_of(asked["access_key_id"]), asked["region"])
    caller = _caller(region, asked)
    _require_reading(world, region, caller)
    cluster = region.clusters.get(asked["cluster"])
    plane = world.control_planes.of(cluster) if cluster else None
    if cluster is None or plane is None:
        raise _refused(f"No cluster found for name: {asked['cluster']}.")
    _require_room(cluster, asked["ip_address"])
    version = asked.get("version") or cluster.version
    _require_version(cluster, version)
    _require_node(plane, caller)
    _register(region, plane, caller.session, asked, version)
    return {"node": caller.session}


def _caller(region: Region, asked: dict[str, Any]) -> Identity:
    """Whose the credentials are: a session of a role, in its time."""
    caller = identity_of(asked["access_key_id"], region.account, region.partition)
    given = (asked["secret_access_key"], asked["session_token"])
    if not caller.session or given != (caller.secret, caller.session_token):
        raise _refused("The security token included in the request is invalid.")
    if caller.expires and caller.expires <= datetime.now(UTC):
        raise _refused("The security token included in the request is expired.")
    return caller


def _require_reading(world: World, region: Region, caller: Identity) -> None:
    """nodeadm reads the cluster, and whether the role has an access entry."""
    role = Neighbours(region, world.role_changes).role(caller.arn)
    allowed = " ".join(policy_documents(role)) if role else ""
    missing = [action for action in _READS if not re.search(rf"[\"']({action}|eks:\\*|\\*)[\"']", allowed)]
    if missing:
        raise _refused(f"User: {caller.arn} is not authorized to perform: {', '.join(missing)}")


def _require_room(cluster: Cluster, address: str) -> None:
    """The address of the node is inside the cluster's remote node networks."""
    networks = (cluster.description.get("remoteNetworkConfig") or {}).get("remoteNodeNetworks") or []
    blocks = [ipaddress.ip_network(cidr) for network in networks for cidr in network.get("cidrs", [])]
    if not blocks:
        raise _refused(f"The cluster {cluster.name} has no remote node networks.")
    if not any(ipaddress.ip_address(address) in block for block in blocks):
        where = ", ".join(map(str, blocks))
        raise _refused(f"node IP {address} is not in any of the remote network CIDR blocks: {where}")


def _require_version(cluster: Cluster, version: str) -> None:
    behind = minor(cluster.version) - minor(".".join(version.removeprefix("v").split(".")[:2]))
    if not 0 <= behind <= _OLDEST:
        raise _refused(f"kubelet version {version} is not supported by a control plane of {cluster.version}")


def _require_node(plane: ControlPlane, caller: Identity) -> None:
    """The cluster takes the session for the node of its name."""
    user = plane.user_of(caller)
    if user is None:
        raise _refused(f"Unauthorized: neither an access entry nor aws-auth knows {caller.arn}")
    if user.node != caller.session:
        raise _refused(f"Forbidden: {user.name} is not the node {caller.session}")


def _register(region: Region, plane: ControlPlane, name: str, asked: dict[str, Any], version: str) -> None:
    """A kubelet takes over the Node of its name that it finds. It is Ready when a network plug-in runs there."""
    provider = "ssm" if _MANAGED.fullmatch(name) else "iam-ra"
    labels = {**asked.get("labels", {}), COMPUTE_TYPE: "hybrid", PROVIDER: provider}
    kubelet = version if version.startswith("v") else kubelet_version(version)
    outfit = Outfit(kubelet, "Ubuntu 24.04.2 LTS", labels, asked.get("taints", []), max_pods=110)
    machine = Machine(name, name, asked["ip_address"], "", "", "", region.name, {})
    node = new_node(machine, outfit, plane.timestamp())
    node["spec"]["providerID"] = f"eks-hybrid:///{region.name}/{plane.cluster.name}/{name}"
    own = node["metadata"]["labels"]
    node["metadata"]["labels"] = {key: value for key, value in own.items() if not _CLOUD.search(key)}
    if plane.objects.find(NODE, "", name) is None:
        plane.objects.create(NODE, node)


def _refused(message: str) -> ServiceError:
    return ServiceError("AccessDeniedException", message)
