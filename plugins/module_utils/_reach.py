# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the name of a cluster to its Kubernetes API, which is asked with a fresh token of the caller each time."""

from __future__ import annotations

from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes import AS_IS, Endpoint, Kubernetes
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused

REACHABLE = ("ACTIVE", "UPDATING")  # an update does not interrupt the endpoint
TO_COME = ("CREATING", "PENDING")
ANYWHERE = "0.0.0.0/0"


def describe(client: Client, name: str) -> Values | None:
    """The cluster as EKS describes it, in options' spelling; None if there is none of that name. Raises AwsError."""
    try:
        cluster: Values = client.call("DescribeCluster", name=name)["cluster"]
    except AwsError as error:
        if error.not_found:
            return None
        raise
    return cluster


def reachable(cluster: Values | None, name: str, region: str) -> Values:
    """The cluster, if it is there and in a state in which its API answers. Raises Refused."""
    if cluster is None:
        raise Refused(
            f"EKS cluster {name!r} does not exist in region {region}: check cluster_name, region and the account of "
            "the credentials, or create it with flotilla.eks.cluster"
        )
    status = cluster.get("status")
    if status in TO_COME:
        raise Refused(
            f"EKS cluster {name!r} is {status}, and has no Kubernetes API yet: wait until it is ACTIVE, as "
            "flotilla.eks.cluster does with wait: true"
        )
    if status not in REACHABLE:
        raise Refused(f"EKS cluster {name!r} is {status}, so its Kubernetes API is not asked: it has to be ACTIVE")
    return cluster


def kubernetes(client: Client, cluster: Values, read_only: bool = False) -> Kubernetes:
    """The API of a reachable cluster, as the caller of ``client``. A local cluster on Outposts goes by its id.

    Raises KubernetesError if its certificate authority is none.
    """
    name = cluster["id"] if cluster.get("outpost_config") else cluster["name"]
    endpoint = Endpoint(cluster["endpoint"], cluster["certificate_authority"]["data"], hint(cluster))
    return Kubernetes(endpoint, lambda: client.token_for(name), read_only)


def hint(cluster: Values) -> str:
    """Why nobody may answer at the cluster's endpoint, and what to do.

    https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html
    """
    access: dict[str, Any] = cluster.get("resources_vpc_config") or {}
    if not access.get("endpoint_public_access", True):
        return (
            "the endpoint is private, so only its VPC and networks connected to it reach it. Run this from there, or "
            "set resources_vpc_config.endpoint_public_access and public_access_cidrs of the cluster"
        )
    allowed = access.get("public_access_cidrs") or [ANYWHERE]
    if ANYWHERE in allowed:
        return AS_IS
    return (
        f"from outside of its VPC, the endpoint lets in {', '.join(allowed)} alone. Run this from there, or add the "
        "address of this machine to resources_vpc_config.public_access_cidrs of the cluster"
    )
