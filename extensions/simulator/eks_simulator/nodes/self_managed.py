# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes of nobody but their users: instances whose user data says which cluster they are to join.

They need credentials, which they have from the role of their instance profile, and a cluster where their user data says
that one is (https://docs.aws.amazon.com/eks/latest/userguide/worker.html, create-node-role.html).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ..amis import DEFAULT_AMI_TYPE, Image, image_of, kubelet_version, releases, system
from ..aws import Neighbours
from ..store import Cluster, Region
from .bootstrap import Bootstrap, bootstrap
from .bootstrap.max_pods import evaluated
from .hindrance import Hindrance, unregistered
from .membership import Membership, tags_of, user_data_of
from .node import Outfit, most_pods

_TYPICAL = {
    "al2023": DEFAULT_AMI_TYPE,
    "al2": "AL2_x86_64",
    "bottlerocket": "BOTTLEROCKET_x86_64",
    "ubuntu": "UBUNTU_24_04_x86_64",
    "windows": "WINDOWS_CORE_2022_x86_64",
}
"""What an image of the user's own is taken for, by the family of its bootstrap."""
_ASKING = {"al2": "bootstrap.sh", "ubuntu": "bootstrap.sh", "windows": "EKSBootstrap"}
"""The programs that ask EKS for what the user data does not say."""
_SCALING_GROUP = "aws:autoscaling:groupName"


def membership(aws: Neighbours, instance: Any) -> Membership | None:
    """What an instance boots for by its user data. Raises Hindrance."""
    told = told_to(instance)
    if told is None:
        return None
    _require_address(aws, instance, told)
    role_arn = _role_arn(aws, instance, told)
    cluster = _cluster(aws.region, told)
    outfit = _outfit(aws, instance, told, cluster.version)
    return Membership(cluster, "", tags_of(instance).get(_SCALING_GROUP, ""), role_arn, outfit, told)


def told_to(instance: Any) -> Bootstrap | None:
    """What the user data of an instance tells it to join, if anything. Raises Rejected."""
    return bootstrap(instance.image_id, user_data_of(instance))


def _require_address(aws: Neighbours, instance: Any, told: Bootstrap) -> None:
    """A node of a cluster with IPv6 services needs an IPv6 address: nodeadm asks IMDS for it. Raises Hindrance."""
    subnet = aws.subnet(instance.subnet_id)
    given = any(nic.ipv6_addresses for nic in instance.nics.values())
    if ":" in told.cidr and not given and not (subnet and subnet.assign_ipv6_address_on_creation):
        program = "nodeadm" if told.family == "al2023" else "bootstrap.sh"
        why = "operation error ec2imds: GetMetadata, network/interfaces/macs/mac/ipv6s, StatusCode: 404"
        raise Hindrance(program, why, final=True)


def _role_arn(aws: Neighbours, instance: Any, told: Bootstrap) -> str:
    """The role of the instance's profile. Raises Hindrance."""
    profile = (instance.iam_instance_profile or {}).get("Arn")
    role = aws.role_of_profile(profile) if profile else None
    if role is None:
        if told.family == "al2023":
            raise Hindrance(
                "nodeadm",
                "operation error EC2: DescribeInstances, get identity: get credentials: failed to refresh cached"
                " credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, http response error"
                " StatusCode: 404, request to EC2 IMDS failed",
            )
        raise Hindrance(
            "kubelet", "getting credentials: exec: executable aws-iam-authenticator failed with exit code 1"
        )
    return str(role.arn)


def _cluster(region: Region, told: Bootstrap) -> Cluster:
    """The cluster at the endpoint that the instance was told, or of that name if it was told none. Raises Hindrance."""
    if not told.endpoint:
        return _described(region, told)
    endpoint = told.endpoint.rstrip("/")
    for cluster in region.clusters.values():
        if cluster.description.get("endpoint") == endpoint:
            return cluster
    host = urlsplit(endpoint).hostname or endpoint
    raise unregistered(f"dial tcp: lookup {host}: no such host", endpoint=endpoint)


def _described(region: Region, told: Bootstrap) -> Cluster:
    cluster = region.clusters.get(told.cluster)
    if cluster is None or "endpoint" not in cluster.description:
        raise Hindrance(
            _ASKING[told.family],
            "An error occurred (ResourceNotFoundException) when calling the DescribeCluster operation:"
            f" No cluster found for name: {told.cluster}.",
        )
    return cluster


def _outfit(aws: Neighbours, instance: Any, told: Bootstrap, version: str) -> Outfit:
    image = image_of(instance.image_id) or _typical_image(told.family, version)
    return Outfit(
        kubelet=kubelet_version(image.version),
        system=system(image),
        labels=told.kubelet.labels,
        taints=told.kubelet.taints,
        windows=told.family == "windows",
        name=told.kubelet.name or (instance.id if told.named_by_id else ""),
        max_pods=_max_pods(aws, instance, told),
    )


def _max_pods(aws: Neighbours, instance: Any, told: Bootstrap) -> int | None:
    """What the kubelet was told, or what the expression that nodeadm was told has for the type of the instance."""
    if told.kubelet.max_pods is not None or not told.pods:
        return told.kubelet.max_pods
    hardware = aws.instance_type(instance.instance_type) or {}
    network = hardware.get("NetworkInfo", {})
    values = {
        "default_enis": network.get("MaximumNetworkInterfaces", 3),
        "ips_per_eni": network.get("Ipv4AddressesPerInterface", 6),
        "max_pods": most_pods(hardware),
    }
    return evaluated(told.pods, values)


def _typical_image(family: str, version: str) -> Image:
    kind = _TYPICAL[family]
    return Image(kind, version, releases(kind, version)[-1])
