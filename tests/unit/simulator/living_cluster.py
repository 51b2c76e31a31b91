# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of nothing but objects and controllers, whose time a test advances."""

from __future__ import annotations

from typing import Any

from eks_simulator.clock import Clock, Timeline
from eks_simulator.kubernetes.controllers import Controllers, FargateProfile, Subnet
from eks_simulator.kubernetes.objects import Object, Objects
from eks_simulator.kubernetes.types import NAMESPACE, Type

SUBNETS = (Subnet("10.0.1.0/24", "eu-central-1a"), Subnet("10.0.2.0/24", "eu-central-1b"))


class LivingCluster:
    """`namespaces` exist from the start. Fargate profiles are those in `profiles`."""

    def __init__(self, *namespaces: str) -> None:
        self._clock = Clock(0)
        self.timeline = Timeline(self._clock)
        self.objects = Objects(lambda: self.timeline.now)
        self.profiles: list[FargateProfile] = []
        self.controllers = Controllers(
            self.objects,
            self.timeline,
            profiles=lambda: self.profiles,
            kubelet=lambda: "v1.32.3-eks-5ad4801",
            authority=lambda: "PEM",
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
