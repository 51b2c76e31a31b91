# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes of managed node groups: which instances they are, and what EKS starts their kubelets with."""

from __future__ import annotations

from typing import Any

from ..amis import image_of, is_windows, kubelet_version, system
from ..aws import Neighbours
from ..kubernetes.objects import Object
from ..store import Cluster, Region, Resource
from .membership import Membership, tags_of
from .node import Outfit

CLUSTER_TAG = "eks:cluster-name"
GROUP_TAG = "eks:nodegroup-name"
_EFFECTS = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}


def membership(aws: Neighbours, instance: Any) -> Membership | None:
    """What an instance boots for whose tags say that it is of a node group. Its AMI tells the version of its kubelet: a
    group that is being updated has two."""
    found = _home(aws.region, instance)
    if found is None:
        return None
    cluster, group = found
    image = image_of(instance.image_id)
    outfit = Outfit(
        kubelet=kubelet_version(image.version if image else cluster.version),
        system=system(image),
        labels=_labels(group, instance),
        taints=taints(group),
        windows=image is not None and is_windows(image.ami_type),
    )
    return Membership(cluster, group.arn, group.name, group.description["nodeRole"], outfit)


def owner(region: Region, instance: Any) -> str:
    """The ARN of the node group that an instance is of, if it is of one."""
    found = _home(region, instance)
    return found[1].arn if found else ""


def taints(group: Resource) -> list[dict[str, str]]:
    """The group's taints as Kubernetes writes them."""
    return [
        {"key": taint["key"], **({"value": taint["value"]} if taint.get("value") else {}), "effect": _effect(taint)}
        for taint in group.description["taints"] or ()
    ]


def relabelled(node: Object, group: Resource, former: Resource) -> dict[str, str]:
    """The labels of a node of the group, which had the `former` description so far."""
    before = former.description["labels"]
    kept = {key: value for key, value in node["metadata"]["labels"].items() if key not in before}
    return {**kept, **group.description["labels"]}


def retainted(node: Object, group: Resource, former: Resource) -> Object:
    """The spec of a node of the group, likewise."""
    known = [(taint["key"], taint["effect"]) for taint in [*taints(former), *taints(group)]]
    kept = [taint for taint in node["spec"].get("taints") or () if (taint["key"], taint["effect"]) not in known]
    spec = {name: value for name, value in node["spec"].items() if name != "taints"}
    wanted = [*taints(group), *kept]
    return {**spec, "taints": wanted} if wanted else spec


def _home(region: Region, instance: Any) -> tuple[Cluster, Resource] | None:
    tags = tags_of(instance)
    cluster = region.clusters.get(tags.get(CLUSTER_TAG, ""))
    group = cluster.nodegroups.get(tags.get(GROUP_TAG, "")) if cluster else None
    return (cluster, group) if cluster and group else None


def _effect(taint: dict[str, Any]) -> str:
    return _EFFECTS[taint["effect"]]


def _labels(group: Resource, instance: Any) -> dict[str, str]:
    tags = tags_of(instance)
    return {
        "eks.amazonaws.com/capacityType": group.description["capacityType"],
        "eks.amazonaws.com/nodegroup": group.name,
        "eks.amazonaws.com/nodegroup-image": instance.image_id,
        "eks.amazonaws.com/sourceLaunchTemplateId": tags.get("aws:ec2launchtemplate:id", ""),
        "eks.amazonaws.com/sourceLaunchTemplateVersion": tags.get("aws:ec2launchtemplate:version", ""),
        **group.description["labels"],
    }
