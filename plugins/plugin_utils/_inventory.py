# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of an inventory, out of what was found of clusters and their nodes. Pure.

What was found of a cluster is ``{"cluster": as DescribeCluster tells it, "profile": AWS profile or "", "nodes": as
module nodes_info returns them}``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused

CLUSTERS = "eks_clusters_found"  # not eks_clusters, which the playbooks of this collection change and remove
NODES = "eks_nodes"
GROUPED_BY = ("kind", "group", "zone", "version", "status")
SSM_CONNECTION = "amazon.aws.aws_ssm"
OF_CLUSTER = ("name", "arn", "endpoint", "status", "tags", "version")  # what a host tells of its cluster
OF_ACCOUNT = ("role_arn", "external_id", "profile", "regions")
FLEETING = ("age", "sources")  # of another value at each look, or of no use to a host
ADDRESSES: dict[str, tuple[str, ...]] = {
    "private_ip": ("internal_ip",),
    "private_dns": ("internal_dns", "hostname"),
    "public_ip": ("external_ip",),
}


@dataclass(frozen=True)
class Host:
    """A host to be. ``groups`` are not yet fit for Ansible's names of groups."""

    name: str
    groups: tuple[str, ...]
    variables: Values


def checked(accounts: Sequence[Any]) -> list[Values]:
    """The accounts, if each is one. A misspelt key would lead into another account than was meant. Raises Refused."""
    for number, account in enumerate(accounts):
        if not isinstance(account, dict):
            raise Refused(f"accounts[{number}]: found {account!r}; it has to be a dictionary, which may be empty")
        unknown = sorted(set(account) - set(OF_ACCOUNT))
        if unknown:
            raise Refused(f"accounts[{number}]: found {', '.join(unknown)}; known are {', '.join(OF_ACCOUNT)}")
    return list(accounts)


def hosts(found: Sequence[Values], hostname: str = "name", address: str = "private_ip") -> list[Host]:
    """A host for each cluster, and one for each node, which names its cluster's in ``eks_cluster``.

    No two have one name, and no name depends on the order of what was found: a cluster whose name several have is
    called NAME.REGION, or NAME.REGION.ACCOUNT; a node whose name others have too NAME.CLUSTER. A cluster that was found
    on two ways is one.
    """
    once = {str(one["cluster"]["arn"]): one for one in reversed(found)}
    ordered = [once[arn] for arn in sorted(once)]
    clusters = _names([one["cluster"] for one in ordered], [_by_name, _by_region, _by_account])
    nodes = [(cluster, one, node) for cluster, one in zip(clusters, ordered, strict=True) for node in one["nodes"]]
    plain = [str(node[hostname] or node["name"]) for _cluster, _one, node in nodes]
    taken = Counter([*plain, *clusters])
    return [
        *(_cluster_host(name, one) for name, one in zip(clusters, ordered, strict=True)),
        *(
            _node_host(name if taken[name] == 1 else f"{name}.{cluster}", cluster, one, node, address)
            for name, (cluster, one, node) in zip(plain, nodes, strict=True)
        ),
    ]


def _names(clusters: Sequence[Values], ways: Sequence[Callable[[Values], Hashable]]) -> list[str]:
    """For each cluster the first name that no other one has in the same way."""
    taken = [Counter(way(cluster) for cluster in clusters) for way in ways]
    return [
        next(str(way(cluster)) for way, count in zip(ways, taken, strict=True) if count[way(cluster)] == 1)
        for cluster in clusters
    ]


def _by_name(cluster: Values) -> str:
    return str(cluster["name"])


def _by_region(cluster: Values) -> str:
    return f"{cluster['name']}.{_region(cluster)}"


def _by_account(cluster: Values) -> str:
    return f"{_by_region(cluster)}.{_account(cluster)}"


def _region(cluster: Values) -> str:
    return str(cluster["arn"].split(":")[3])


def _account(cluster: Values) -> str:
    return str(cluster["arn"].split(":")[4])


def _cluster_host(name: str, found: Values) -> Host:
    about = {f"eks_{key}": found["cluster"].get(key) for key in OF_CLUSTER}
    return Host(name, (CLUSTERS,), {**_whose(found), **about, "eks_kind": "cluster", "ansible_connection": "local"})


def _node_host(name: str, cluster: str, found: Values, node: Values, address: str) -> Host:
    groups = (NODES, f"eks_cluster_{cluster}", *(f"eks_{by}_{node[by]}" for by in GROUPED_BY if node[by]))
    about = {f"eks_{key}": value for key, value in node.items() if key not in FLEETING}
    return Host(
        name, groups, {**_whose(found), **about, "eks_cluster": cluster, **dict(_connection(found, node, address))}
    )


def _whose(found: Values) -> Values:
    cluster = found["cluster"]
    return {
        "eks_cluster_name": cluster["name"],
        "eks_region": _region(cluster),
        "eks_account": _account(cluster),
        **({"eks_profile": found["profile"]} if found["profile"] else {}),
    }


def _connection(found: Values, node: Values, address: str) -> Iterator[tuple[str, Any]]:
    """How Ansible gets to a node. Nobody gets to one of Fargate."""
    machine = node["instance_id"]
    if machine:
        yield "ansible_aws_ssm_instance_id", machine
        yield "ansible_aws_ssm_region", _region(found["cluster"])
        if found["profile"]:
            yield "ansible_aws_ssm_profile", found["profile"]
    if address == "ssm" and machine:
        yield "ansible_connection", SSM_CONNECTION
    known = (node["addresses"].get(kind) for kind in ADDRESSES.get(address, ()))
    host = machine if address == "ssm" else next((one for one in known if one), None)
    if host:
        yield "ansible_host", host
