# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of nothing but objects and controllers, whose time a test advances."""

from __future__ import annotations

from typing import Any

from eks_simulator.clock import Clock, Timeline
from eks_simulator.kubernetes.controllers import Controllers, FargateProfile, Subnet
from eks_simulator.kubernetes.objects import Object, Objects
from eks_simulator.kubernetes.types import DEPLOYMENT, NAMESPACE, NODE, POD, Type

SUBNETS = (Subnet("10.0.1.0/24", "eu-central-1a"), Subnet("10.0.2.0/24", "eu-central-1b"))


class LivingCluster:
    """`namespaces` exist from the start. Fargate profiles are those in `profiles`. `lost` has the nodes and the pods
    that went down with them."""

    def __init__(self, *namespaces: str) -> None:
        self._clock = Clock(0)
        self.timeline = Timeline(self._clock)
        self.objects = Objects(lambda: self.timeline.now)
        self.profiles: list[FargateProfile] = []
        self.lost: list[tuple[str, str]] = []
        self.controllers = Controllers(
            self.objects,
            self.timeline,
            profiles=lambda: self.profiles,
            kubelet=lambda: "v1.32.3-eks-5ad4801",
            authority=lambda: "PEM",
            lose=lambda node, pods: self.lost.extend((node, pod) for pod in pods),
        )
        for namespace in namespaces or ("default",):
            self.create(NAMESPACE, {"metadata": {"name": namespace}, "status": {"phase": "Active"}})

    def advance(self, seconds: float) -> None:
        """So many seconds later."""
        self._clock.advance(seconds)
        self.timeline.settle()

    def create(self, kind: Type, thing: Object) -> Object:
        created = self.objects.create(kind, thing)
        self.timeline.settle()
        return created

    def change(self, kind: Type, thing: Object, **members: Any) -> Object:
        """Give the object of that name other top members."""
        changed = self.objects.change(kind, thing, **members)
        self.timeline.settle()
        return changed

    def delete(self, kind: Type, thing: Object) -> None:
        """Take away an object that nothing holds back."""
        metadata = thing["metadata"]
        self.objects.remove(kind, metadata.get("namespace", ""), metadata["name"])
        self.timeline.settle()

    def get(self, kind: Type, name: str, namespace: str = "default") -> Object:
        return self.objects.get(kind, namespace if kind.namespaced else "", name)

    def pods(self, namespace: str = "default") -> list[Object]:
        return self.objects.list(POD, namespace)

    def node(self, name: str, ready: bool = True, pods: int = 110, **members: Any) -> Object:
        """A node of two processors; `members` are its labels, taints and so on."""
        return self.create(NODE, node(name, ready, pods, **members))

    def deploy(self, name: str, replicas: int, namespace: str = "default", **members: Any) -> Object:
        """A Deployment; `members` of its pods' spec."""
        return self.create(DEPLOYMENT, workload(name, namespace, replicas=replicas, **members))


def node(name: str, ready: bool = True, pods: int = 110, **members: Any) -> Object:
    labels = {"kubernetes.io/hostname": name, **members.pop("labels", {})}
    said = {"type": "Ready", "status": str(ready), "lastTransitionTime": "2026-11-06T00:00:00Z"}
    status = {
        "allocatable": {"cpu": "2", "memory": "4Gi", "pods": str(pods)},
        "addresses": [{"type": "InternalIP", "address": "10.0.0.9"}],
        "conditions": [said],
    }
    return {"metadata": {"name": name, "labels": labels}, "spec": members, "status": status}


def template(name: str, image: str = "web:1", cpu: str = "100m", **members: Any) -> Object:
    """A pod template of one container."""
    container = {"name": "main", "image": image, "resources": {"requests": {"cpu": cpu, "memory": "64Mi"}}}
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container], **members}}


def workload(name: str, namespace: str = "default", spec: Object | None = None, **members: Any) -> Object:
    """A Deployment, DaemonSet or StatefulSet; `spec` of its own, `members` of its template."""
    own = {"replicas": members.pop("replicas")} if "replicas" in members else {}
    selector = {"matchLabels": {"app": name}}
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {**own, "selector": selector, "template": template(name, **members), **(spec or {})},
    }


def phases(pods: list[Object]) -> list[str]:
    return [pod["status"]["phase"] for pod in pods]
