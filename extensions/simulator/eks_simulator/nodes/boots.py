# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances boot, join their cluster if it lets them, and their Nodes go when they go.

A kubelet that is turned away tries on and on: a Node appears when what kept it out has been mended
(https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html#worker-node-fail).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .. import durations
from ..aws import Neighbours
from ..control_plane.authorization import NODE_USER, NODES
from ..kubernetes.objects import Object, Objects
from ..kubernetes.types import NODE
from ..role_rules import can_join
from ..store import Region, Resource
from . import managed
from .draining import cordon, vacate
from .membership import Membership, Source
from .node import Machine, conditions, new_node, unheard_of

if TYPE_CHECKING:
    from ..control_plane.plane import ControlPlane
    from ..world import World

SOURCES: list[Source] = [managed.membership]
"""What instances can boot for."""
UNREADY = "The Node is not Ready."
_PATIENCE = 10
"""A kubelet that has tried for so many times as long as its next pause, makes that longer."""


@dataclass
class Boot:
    """An instance on its way into a cluster. `plane` is where its Node is, `problem` what keeps it from being Ready;
    `fate` is what a fault has in store for it. It is `silent` while it is stopped."""

    region: Region
    instance: Any
    owner: str
    since: datetime
    plane: ControlPlane | None = None
    problem: str = ""
    fate: str | None = None
    silent: bool = False

    @property
    def node(self) -> str:
        name: str = self.instance.private_dns_name
        return name

    @property
    def objects(self) -> Objects:
        """What is in the cluster of the Node."""
        assert self.plane is not None
        return self.plane.objects


class Boots:
    """The boots of all instances that belong to clusters."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._boots: dict[str, Boot] = {}

    def clear(self) -> None:
        self._boots.clear()

    def look(self, region: Region, abrupt: bool = False) -> None:
        """Notice which instances of an account and region have come since the last look, and which have gone: by way of
        their Auto Scaling group, whose nodes EKS drains, or abruptly."""
        for instance in Neighbours(region, self._world.role_changes).instances():
            boot = self._boots.get(instance.id)
            if boot is None and instance.is_running():
                self._begin(region, instance)
            elif boot is not None and instance.state == "terminated":
                self._end(boot, abrupt)
            elif boot is not None and boot.silent == instance.is_running():
                self._stop_or_start(boot)

    def of(self, group: Resource) -> list[Boot]:
        """The boots of a node group's instances, the oldest first."""
        return [boot for boot in self._boots.values() if boot.owner == group.arn]

    def dress(self, group: Resource, former: Resource) -> None:
        """Give a node group's nodes the labels and taints that it has now in the place of the `former` ones."""
        for boot in self.of(group):
            node = boot.objects.find(NODE, "", boot.node) if boot.plane else None
            if node:
                metadata = {**node["metadata"], "labels": managed.relabelled(node, group, former)}
                boot.objects.change(NODE, node, metadata=metadata, spec=managed.retainted(node, group, former))

    def _begin(self, region: Region, instance: Any) -> None:
        found = _membership(region, instance)
        if found is not None:
            instance.launch_time = self._world.timeline.now.replace(tzinfo=None)  # moto goes by the host's clock
            boot = self._boots[instance.id] = Boot(region, instance, found.owner, self._world.timeline.now)
            self._world.timeline.after(durations.INSTANCE_BOOT, lambda: self._join(boot))

    def _end(self, boot: Boot, abrupt: bool) -> None:
        del self._boots[boot.instance.id]
        if boot.plane is None or boot.objects.find(NODE, "", boot.node) is None:
            return
        if not abrupt:
            cordon(boot.objects, boot.node)
            vacate(boot.objects, boot.node)
        boot.objects.remove(NODE, "", boot.node)

    def _stop_or_start(self, boot: Boot) -> None:
        """A stopped instance keeps its Node, of which nothing is heard until the instance has booted again."""
        boot.silent = not boot.silent
        node = boot.objects.find(NODE, "", boot.node) if boot.plane else None
        if node and boot.plane and boot.silent:
            boot.problem = UNREADY
            boot.objects.change(NODE, node, status={**node["status"], "conditions": unheard_of(boot.plane.timestamp())})
        elif node:
            self._world.timeline.after(durations.INSTANCE_BOOT, lambda: self._become_ready(boot))

    def _join(self, boot: Boot) -> None:
        """Register, or be turned away and come again."""
        found = _membership(boot.region, boot.instance)
        if found is None or self._boots.get(boot.instance.id) is not boot:
            return
        if boot.fate is None:
            fault = self._world.faults.for_ending("node", boot.node, "create", found.group) or {}
            boot.fate = fault.get("becomes", "")
        aws = Neighbours(boot.region, self._world.role_changes)
        plane = self._world.control_planes.of(found.cluster)
        boot.problem = _refusal(aws, plane, found.role_arn, boot)
        if plane is None or boot.problem:
            pause = (self._world.timeline.now - boot.since).total_seconds() / _PATIENCE
            self._world.timeline.after(max(durations.JOIN_RETRY, pause), lambda: self._join(boot))
        else:
            self._register(boot, plane, new_node(_machine(aws, boot), found.outfit, plane.timestamp()))

    def _register(self, boot: Boot, plane: ControlPlane, node: Object) -> None:
        """A kubelet takes over the Node of its name that it finds."""
        boot.plane, boot.problem = plane, UNREADY
        if plane.objects.find(NODE, "", boot.node) is None:
            plane.objects.create(NODE, node)
        if boot.fate != "NOTREADY":
            self._world.timeline.after(durations.NODE_READY, lambda: self._become_ready(boot))

    def _become_ready(self, boot: Boot) -> None:
        node = boot.objects.find(NODE, "", boot.node)
        if node is None or boot.silent or boot.plane is None or self._boots.get(boot.instance.id) is not boot:
            return
        boot.problem = ""
        status = {**node["status"], "conditions": conditions(boot.plane.timestamp(), ready=True)}
        boot.objects.change(NODE, node, status=status)


def _membership(region: Region, instance: Any) -> Membership | None:
    return next(filter(None, (source(region, instance) for source in SOURCES)), None)


def _refusal(aws: Neighbours, plane: ControlPlane | None, role_arn: str, boot: Boot) -> str:
    """Why a kubelet cannot register; nothing if it can."""
    role = aws.role(role_arn)
    if boot.fate == "NOT_JOINED":
        return "Injected by the simulator."
    if boot.silent:
        return "The instance is stopped."
    if role is None or not can_join(role):
        return f"The role {role_arn} may not call ec2:DescribeInstances: it lacks AmazonEKSWorkerNodePolicy."
    user = plane.user_of_instance(role_arn, boot.instance.id) if plane else None
    if user is None:
        return f"Unauthorized: neither an access entry nor a row of aws-auth lets the role {role_arn} in."
    if NODES not in user.groups or user.name != f"{NODE_USER}{boot.node}":
        return f"Forbidden: the user {user.name} that the role {role_arn} is mapped to is not the node {boot.node}."
    return ""


def _machine(aws: Neighbours, boot: Boot) -> Machine:
    instance = boot.instance
    subnet = aws.subnet(instance.subnet_id)
    return Machine(
        instance_id=instance.id,
        name=instance.private_dns_name,
        address=instance.private_ip,
        instance_type=instance.instance_type,
        zone=instance.availability_zone,
        zone_id=subnet.availability_zone_id if subnet else "",
        region=boot.region.name,
        hardware=aws.instance_type(instance.instance_type) or {},
    )
