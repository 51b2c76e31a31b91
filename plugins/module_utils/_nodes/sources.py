# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each source says of one node, and where two of them say different things. Pure.

A source is a witness of some facts: ``state``, ``group``, ``zone``, ``instance_type``. What it should know and does not
is None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values

MANAGED, SELF_MANAGED, AUTO, FARGATE, HYBRID = KINDS = ("managed", "self_managed", "auto", "fargate", "hybrid")
READY, NOT_READY, NOT_JOINED = STATUSES = ("ready", "not_ready", "not_joined")

# https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html, automode.html, fargate.html and
# hybrid-nodes-overview.html; node pools are those of Karpenter, with EKS Auto Mode and without.
COMPUTE_TYPE = "eks.amazonaws.com/compute-type"
NODEGROUP = "eks.amazonaws.com/nodegroup"
NODE_POOL = "karpenter.sh/nodepool"
ZONE = "topology.kubernetes.io/zone"
INSTANCE_TYPE = "node.kubernetes.io/instance-type"
# Tags of instances and their Auto Scaling groups.
NODEGROUP_TAG = "eks:nodegroup-name"
AUTO_MODE_TAG = "eks:eks-cluster-name"  # policy AmazonEKSComputePolicy: Auto Mode launches nothing without it
AUTO_POOL_TAG = "eks:kubernetes-node-pool-name"
SCALING_GROUP_TAG = "aws:autoscaling:groupName"

INSTANCE = re.compile(r"^aws:///[^/]*/(i-[0-9a-f]+)$")  # a providerID
MANAGED_INSTANCE = re.compile(r"^mi-[0-9a-f]{17}$")  # the name of a hybrid node that Systems Manager lets in
WELL = {"Ready", "running", "InService", "Online"}  # the states, each in its source's words, that belong together
NO_NETWORK = ("NetworkPluginNotReady", "cni plugin not initialized", "cni config uninitialized")
FACTS = ("group", "zone", "instance_type")


@dataclass(frozen=True)
class Sources:
    """What each source lists of one cluster. Kubernetes' objects are in its own spelling, AWS's in options' spelling.

    ``now`` is the time by the clock of the Kubernetes API. ``profile_of`` leads from the name of a Fargate node to the
    profile of its pod.
    """

    region: str
    now: datetime
    nodes: Sequence[Values] = ()
    instances: Sequence[Values] = ()
    scaling_groups: Sequence[Values] = ()
    managed_instances: Sequence[Values] = ()
    nodegroups: Sequence[str] = ()
    fargate_profiles: Sequence[str] = ()
    profile_of: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Member:
    """All that is known of one node: its Node, its instance, its place in an Auto Scaling group with that group's name
    and tags, its managed instance of Systems Manager. At least one of them is there.
    """

    node: Values
    instance: Values
    place: Values
    managed: Values

    @property
    def labels(self) -> Mapping[str, str]:
        return self.node["metadata"].get("labels") or {} if self.node else {}

    @property
    def tags(self) -> Mapping[str, str]:
        return {**self.place.get("tags", {}), **tags_of(self.instance)}

    @property
    def kind(self) -> str:
        compute = self.labels.get(COMPUTE_TYPE)
        if compute in (AUTO, FARGATE, HYBRID):
            return str(compute)
        if self.managed:
            return HYBRID
        if NODEGROUP in self.labels or NODEGROUP_TAG in self.tags:
            return MANAGED
        return AUTO if AUTO_MODE_TAG in self.tags else SELF_MANAGED

    @property
    def id(self) -> str | None:
        """The id of the instance, or of the managed instance, as Systems Manager knows it."""
        named = instance_of(self.node) if self.node else None
        return named or self.instance.get("instance_id") or self.managed.get("instance_id")


def instance_of(node: Values) -> str | None:
    """The id of the EC2 instance or of the managed instance (mi-...) behind a Node, if there is one."""
    found = INSTANCE.match(provider_id(node) or "")
    if found:
        return found.group(1)
    name: str = node["metadata"]["name"]
    return name if MANAGED_INSTANCE.match(name) else None


def provider_id(node: Values) -> str | None:
    return (node.get("spec") or {}).get("providerID")


def tags_of(thing: Values) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in thing.get("tags") or []}


def readiness(conditions: Sequence[Values]) -> tuple[str, str | None]:
    """Ready, NotReady or Unknown, and why not.

    https://kubernetes.io/docs/reference/node/node-status/#condition
    """
    ready = next((condition for condition in conditions if condition["type"] == "Ready"), None)
    if ready is None:
        return "Unknown", "its kubelet has not reported yet"
    if ready["status"] == "True":
        return "Ready", None
    told = [text for text in (ready.get("reason"), ready.get("message")) if text]
    return {"False": "NotReady"}.get(ready["status"], "Unknown"), ": ".join(told) or "the kubelet gives no reason"


def without_network(reason: str | None) -> bool:
    """Whether a node that is not Ready says that it waits for a network plug-in.

    The words of pkg/kubelet/runtime.go of github.com/kubernetes/kubernetes, and of containerd.
    """
    return any(words in (reason or "") for words in NO_NETWORK)


def advice(node: Values) -> str | None:
    """What to do about a Node that waits for a network plug-in; None about others.

    https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-cni.html
    """
    _state, reason = readiness((node.get("status") or {}).get("conditions") or [])
    if not without_network(reason):
        return None
    if (node["metadata"].get("labels") or {}).get(COMPUTE_TYPE) == "hybrid":
        return (
            "No network plug-in (CNI) runs on it, and that of the VPC does not run on premises: deploy Cilium or "
            "Calico with an affinity to eks.amazonaws.com/compute-type=hybrid, such as by hybrid_nodes_cni of the role "
            "hybrid_nodes. If it is deployed, look at its pods on the node"
        )
    return "No network plug-in (CNI) runs on it: look at the pods of aws-node in kube-system, and at the add-on vpc-cni"


def witnesses(member: Member, sources: Sources) -> dict[str, Values]:
    """What each source says that should know the node; a fact that it should know and does not is None."""
    kind, labels = member.kind, member.labels
    says: dict[str, Values] = {"kubernetes": {"state": None}}
    if member.node:
        says["kubernetes"] = {
            "state": readiness((member.node.get("status") or {}).get("conditions") or [])[0],
            **({} if kind == HYBRID else {"zone": labels.get(ZONE)}),
            **({} if kind in (HYBRID, FARGATE) else {"instance_type": labels.get(INSTANCE_TYPE)}),
            **_group_in_kubernetes(member, sources),
        }
    if kind in (MANAGED, SELF_MANAGED, AUTO):
        says["ec2"] = _in_ec2(member)
    if kind == MANAGED or SCALING_GROUP_TAG in member.tags or member.place:
        says["autoscaling"] = _in_autoscaling(member.place)
    if kind == HYBRID and member.id:
        says["ssm"] = {"state": member.managed.get("ping_status")}
    group = first(says, "group")
    if kind in (MANAGED, FARGATE) and group:
        known = sources.nodegroups if kind == MANAGED else sources.fargate_profiles
        says["eks"] = {"group": group if group in known else None}
    return says


def _group_in_kubernetes(member: Member, sources: Sources) -> Values:
    if member.kind == MANAGED:
        return {"group": member.labels.get(NODEGROUP)}
    if member.kind == FARGATE:
        return {"group": sources.profile_of.get(member.node["metadata"]["name"])}
    return {"group": member.labels[NODE_POOL]} if NODE_POOL in member.labels else {}


def _in_ec2(member: Member) -> Values:
    instance, tags = member.instance, tags_of(member.instance)
    if not instance:
        return {"state": None}
    told = {
        "state": instance["state"]["name"],
        "zone": (instance.get("placement") or {}).get("availability_zone"),
        "instance_type": instance.get("instance_type"),
    }
    tag = {MANAGED: NODEGROUP_TAG, SELF_MANAGED: SCALING_GROUP_TAG, AUTO: AUTO_POOL_TAG}[member.kind]
    return {**told, "group": tags.get(tag)} if member.kind == MANAGED or tag in tags else told


def _in_autoscaling(place: Values) -> Values:
    if not place:
        return {"state": None}
    healthy = place.get("health_status") in ("Healthy", None)
    return {
        "state": place.get("lifecycle_state") if healthy else place["health_status"],
        "zone": place.get("availability_zone"),
        "group": place["tags"].get(NODEGROUP_TAG, place["scaling_group"]),
        **({"instance_type": place["instance_type"]} if place.get("instance_type") else {}),
    }


def first(says: Mapping[str, Values], fact: str) -> Any:
    return next((told[fact] for told in says.values() if told.get(fact) is not None), None)


def disagreements(says: Mapping[str, Values]) -> Iterator[Values]:
    for fact in ("state", *FACTS):
        told = {source: facts[fact] for source, facts in says.items() if fact in facts}
        views = {value in WELL for value in told.values()} if fact == "state" else set(told.values())
        if len(views) > 1:
            yield {"about": fact, "says": told}
