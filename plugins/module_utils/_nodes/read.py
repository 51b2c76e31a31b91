# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each source lists of the nodes of a cluster: one list a source, side by side, however many nodes there are."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from ansible_collections.flotilla.eks.plugins.module_utils._client import Client, portions
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid import managed_instances as _managed_instances
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Kubernetes
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import (
    COMPUTE_TYPE,
    FARGATE,
    MANAGED_INSTANCE,
    Sources,
    instance_of,
)
from ansible_collections.flotilla.eks.plugins.module_utils._read import PARALLEL_READS

NODES = "/api/v1/nodes"
PODS = "/api/v1/pods"
PROFILE = "eks.amazonaws.com/fargate-profile"  # on each pod that runs on Fargate: its profile
HYBRID_TAG = "EKSClusterARN"  # of managed instances: that of the activation, as the roles for hybrid nodes ask for
PRESENT = ["pending", "running", "stopping", "stopped"]
PAGE = {"ec2": 1000, "autoscaling": 100}  # the most that a page may hold
FILTER_VALUES = 200  # the most that a filter of EC2 may hold


def read(client: Client, api: Kubernetes, cluster: Values) -> Sources:
    """All that `join` wants, of a cluster as DescribeCluster tells it. Raises AwsError and KubernetesError.

    What only some clusters have is asked for only there: pods where a node is of Fargate, managed instances where the
    cluster has remote networks or a node is one. Instances that the tag does not find are asked for by their ids.
    """
    name = cluster["name"]
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        listing = pool.submit(api.list_all, NODES)
        instances = pool.submit(instances_by, client, f"tag:kubernetes.io/cluster/{name}", ["owned"])
        groups = pool.submit(_scaling_groups, client, name)
        nodegroups = pool.submit(client.pages, "ListNodegroups", "nodegroups", cluster_name=name)
        profiles = pool.submit(client.pages, "ListFargateProfiles", "fargate_profile_names", cluster_name=name)
        nodes = listing.result()
        now = api.now or datetime.now(UTC)
        pods = pool.submit(_profiles_of_pods, api, nodes)
        managed = pool.submit(_hosts, client, cluster, nodes)
        known = instances.result()
        return Sources(
            region=cluster["arn"].split(":")[3],
            now=now,
            nodes=nodes,
            instances=known + _missing(client, nodes, known),
            scaling_groups=groups.result(),
            managed_instances=managed.result(),
            nodegroups=nodegroups.result(),
            fargate_profiles=profiles.result(),
            profile_of=pods.result(),
        )


def chosen(api: Kubernetes, selectors: Sequence[str]) -> set[str] | None:
    """The names of the Nodes that the label selectors choose, all of them; None without any. Raises KubernetesError."""
    if not selectors:
        return None
    return {node["metadata"]["name"] for node in api.list_all(NODES, labels=",".join(selectors))}


def instances_by(client: Client, key: str, values: Sequence[str]) -> list[Values]:
    """The instances that are there with one of the values.

    Whoever makes nodes gives them the tag kubernetes.io/cluster/NAME: owned.
    https://docs.aws.amazon.com/eks/latest/userguide/launch-workers.html
    """
    filters = [{"Name": key, "Values": list(values)}, {"Name": "instance-state-name", "Values": PRESENT}]
    listed = client.listed("ec2", "DescribeInstances", "Reservations", Filters=filters, MaxResults=PAGE["ec2"])
    return [instance for reservation in listed for instance in reservation["instances"]]


def _missing(client: Client, nodes: Sequence[Values], known: Sequence[Values]) -> list[Values]:
    """The instances of Nodes that the tag did not find."""
    ids = {key for key in map(instance_of, nodes) if key and key.startswith("i-")}
    return instances_by_id(client, sorted(ids - {instance["instance_id"] for instance in known}))


def instances_by_id(client: Client, ids: Sequence[str]) -> list[Values]:
    """Those of the instances that are there, whatever their tags. Raises AwsError."""
    found = (instances_by(client, "instance-id", some) for some in portions(ids, FILTER_VALUES))
    return [instance for portion in found for instance in portion]


def _scaling_groups(client: Client, cluster: str) -> list[Values]:
    return client.listed(
        "autoscaling",
        "DescribeAutoScalingGroups",
        "AutoScalingGroups",
        Filters=[{"Name": f"tag:kubernetes.io/cluster/{cluster}", "Values": ["owned"]}],
        MaxRecords=PAGE["autoscaling"],
    )


def _profiles_of_pods(api: Kubernetes, nodes: Sequence[Values]) -> dict[str, str]:
    if not any((node["metadata"].get("labels") or {}).get(COMPUTE_TYPE) == FARGATE for node in nodes):
        return {}
    pods = [pod for pod in api.list_all(PODS, labels=PROFILE) if (pod.get("spec") or {}).get("nodeName")]
    return {pod["spec"]["nodeName"]: pod["metadata"]["labels"][PROFILE] for pod in pods}


def _hosts(client: Client, cluster: Values, nodes: Sequence[Values]) -> list[Values]:
    """Those that carry the cluster's tag, and those of Nodes that lack it: no filter goes together with one of tags."""
    names = {node["metadata"]["name"] for node in nodes if MANAGED_INSTANCE.match(node["metadata"]["name"])}
    if not names and not cluster.get("remote_network_config"):
        return []
    found = _managed_instances.by_tags(client, {HYBRID_TAG: cluster["arn"]})
    wanted = sorted(names - {instance["instance_id"] for instance in found})
    return found + _managed_instances.by_ids(client, wanted)
