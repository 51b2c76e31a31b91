# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to a cluster's Kubernetes API, out of what DescribeCluster says of the cluster. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused

REACHABLE = ("ACTIVE", "UPDATING")  # an update does not interrupt the endpoint
COMING = ("CREATING", "PENDING")
ANYWHERE = "0.0.0.0/0"
AS_IS = "check the network and the proxy settings"
ADVICE = {
    "CREATING": "wait until it is ACTIVE, as flotilla.eks.cluster does with wait: true",
    "PENDING": "wait until it is ACTIVE",
    "DELETING": "take it out of what you manage, or wait until it is gone and create it again",
    "FAILED": "see its health issues, delete it and create it again",
}


@dataclass(frozen=True)
class Endpoint:
    """Where the API is, and who vouches for it. ``hint`` says why nobody may answer there, and what to do."""

    url: str
    certificate_authority: str  # PEM, in base64, as DescribeCluster returns it
    hint: str = AS_IS


class NoWay(Refused):
    """A cluster whose API nobody can reach now. The text names the cluster and says what to do."""


@dataclass(frozen=True)
class Cluster:
    """How to reach an EKS cluster. ``outpost_id`` is set for local clusters on Outposts only.

    ``public_cidrs`` are the networks that may use the endpoint over the internet; none, if it is private.
    """

    name: str
    arn: str
    endpoint: str
    certificate_authority: str
    outpost_id: str = ""
    public_cidrs: tuple[str, ...] = (ANYWHERE,)

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]

    @property
    def identifier(self) -> str:
        """What a token names the cluster by."""
        return self.outpost_id or self.name

    @property
    def api(self) -> Endpoint:
        return Endpoint(self.endpoint, self.certificate_authority, _hint(self.public_cidrs))


def cluster_of(name: str, description: Values) -> Cluster:
    """The cluster as DescribeCluster returned it, in option names. Raises NoWay."""
    status = description.get("status") or "ACTIVE"
    if status not in REACHABLE:
        advice = ADVICE.get(status, "see its health issues")
        raise NoWay(f"EKS cluster {name!r} is {status}, so its Kubernetes API cannot be used: {advice}")
    try:
        authority = description["certificate_authority"]["data"]
        outpost_id = description["id"] if description.get("outpost_config") else ""
        arn, endpoint = description["arn"], description["endpoint"]
    except (KeyError, TypeError):
        raise NoWay(
            f"EKS cluster {name!r}: cluster needs arn, endpoint and certificate_authority.data (and id on Outposts), "
            "as flotilla.eks.cluster returns them; leave it out to have the cluster described"
        ) from None
    return Cluster(name, arn, endpoint, authority, outpost_id, _public_cidrs(description))


def hint(description: Values) -> str:
    """Why nobody may answer at the endpoint of a cluster as DescribeCluster returned it, and what to do."""
    return _hint(_public_cidrs(description))


def _public_cidrs(description: Values) -> tuple[str, ...]:
    if pick(description, "resources_vpc_config.endpoint_public_access") is False:
        return ()
    return tuple(pick(description, "resources_vpc_config.public_access_cidrs") or (ANYWHERE,))


def _hint(public_cidrs: tuple[str, ...]) -> str:
    """https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html"""
    if not public_cidrs:
        return (
            "the endpoint is private (endpoint_public_access is false), and is reached from the cluster's VPC and the "
            "networks connected to it. Run this there, or through a proxy (https_proxy)"
        )
    if ANYWHERE not in public_cidrs:
        return (
            f"from the internet, the endpoint is open to {', '.join(public_cidrs)} alone (public_access_cidrs). Run "
            "this from there or from the cluster's VPC, or add the address of this machine"
        )
    return AS_IS
