# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a cluster lets a kubelet register: the network first, then trust, then who it is, then how old.

https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html#worker-node-fail. A kubelet may be as new as the
API server and three minor versions older (https://kubernetes.io/releases/version-skew-policy/#kubelet). The API server
turns away none outside that, but nobody supports it, and it asks for what is not there, and ends, as
https://github.com/snowdrop/k8s-infra/issues/177 tells of one that was newer. The strict reading: it never joins.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from .. import reachability
from ..amis import image_of
from ..aws import Neighbours
from ..certificate_authorities import signer_of
from ..control_plane.plane import ControlPlane
from ..kubernetes.control import NODE_USER, NODES
from ..role_rules import can_join
from ..store import Cluster
from ..versions import minor
from .bootstrap import Bootstrap
from .hindrance import Hindrance, unregistered
from .membership import Membership

_OLDEST = 3
"""By how many minor versions a kubelet may be older than the API server."""
_ASKING_EC2 = {"al2023": "nodeadm", "bottlerocket": "pluto", "al2": "bootstrap.sh"}
"""The programs that ask EC2 for the name of the instance."""
_WINDOWS_PROXY = "eks:kube-proxy-windows"


def require_admission(
    aws: Neighbours, plane: ControlPlane | None, found: Membership, instance: Any, name: str
) -> ControlPlane:
    """The control plane that lets the kubelet of an instance register a Node of that name. Raises Hindrance."""
    role = aws.role(found.role_arn)
    if role is None or not can_join(role):
        raise Hindrance(
            _ASKING_EC2.get(found.told.family, "kubelet") if found.told else "nodeadm",
            "operation error EC2: DescribeInstances, api error UnauthorizedOperation: You are not authorized to perform"
            f" this operation. The role {found.role_arn} lacks ec2:DescribeInstances (AmazonEKSWorkerNodePolicy).",
        )
    if found.told is not None:
        _require_connection(aws, found.cluster, found.told, instance)
    user = plane.user_of_instance(found.role_arn, instance.id) if plane else None
    if plane is None or user is None or (found.told and found.told.cluster != found.cluster.name):
        raise unregistered("Unauthorized", name)
    if NODES not in user.groups or user.name != f"{NODE_USER}{name}":
        who = f'nodes \\"{name}\\" is forbidden: User \\"{user.name}\\"'
        raise unregistered(f'{who} cannot create resource \\"nodes\\" in API group \\"\\" at the cluster scope', name)
    _require_version(found.cluster, instance)
    return plane


def require_network(plane: ControlPlane, found: Membership, instance: Any) -> None:
    """What a Node lacks to be Ready: on Windows, kube-proxy runs with the credentials of the kubelet, and without the
    group that an access entry of type EC2_WINDOWS gives, the Node stays NotReady
    (https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3286). Raises Hindrance."""
    user = plane.user_of_instance(found.role_arn, instance.id)
    if found.outfit.windows and (user is None or _WINDOWS_PROXY not in user.groups):
        name = user.name if user else found.role_arn
        raise Hindrance(
            "kube-proxy",
            f'endpointslices.discovery.k8s.io is forbidden: User "{name}" cannot list resource "endpointslices" in API'
            ' group "discovery.k8s.io" at the cluster scope',
        )


def _require_connection(aws: Neighbours, cluster: Cluster, told: Bootstrap, instance: Any) -> None:
    """The endpoint is reached, and its certificate is of an authority that the kubelet trusts. Raises Hindrance."""
    endpoint = cluster.description["endpoint"]
    obstacle = reachability.obstacle(aws, cluster, instance)
    if obstacle:
        address = reachability.address(aws, cluster, instance)
        raise unregistered(f"dial tcp {address}:443: i/o timeout", endpoint=endpoint, why=obstacle)
    if told.authority and not _trusts(told.authority, cluster):
        why = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        raise unregistered(why, endpoint=endpoint)


def _trusts(authority: str, cluster: Cluster) -> bool:
    """Whether the signer of the endpoint's certificate is in a bundle (base64 of PEM)."""
    signer = b64decode(signer_of(cluster).data).strip()
    return signer in b64decode(authority)


def _require_version(cluster: Cluster, instance: Any) -> None:
    image = image_of(instance.image_id)
    if image is None:
        return
    behind = minor(cluster.version) - minor(image.version)
    if not 0 <= behind <= _OLDEST:
        raise Hindrance(
            "kubelet",
            "Failed to initialize CSINode after retrying: timed out waiting for the condition; caused by: the server"
            f" could not find the requested resource (kubelet v{image.version}, API server v{cluster.version})",
        )
