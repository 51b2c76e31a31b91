# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances boot, join their cluster if it lets them, and their Nodes go when they go.

A kubelet that is turned away tries on and on: a Node appears when what kept it out has been mended
(https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html#worker-node-fail). User data that the bootstrap
does not take is read once, when the instance is powered on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .. import durations
from ..aws import Neighbours
from ..kubernetes.objects import Object, Objects
from ..kubernetes.types import NODE
from ..store import Region, Resource
from . import managed, self_managed
from .console import Console
from .draining import cordon, vacate
from .hindrance import NODEADM, Hindrance
from .joining import require_admission, require_network
from .membership import Membership, Source
from .node import Machine, conditions, new_node, unheard_of

if TYPE_CHECKING:
    from ..control_plane.plane import ControlPlane
    from ..world import World

SOURCES: list[Source] = [managed.membership, self_managed.membership]
"""What instances can boot for."""
UNREADY = "The Node is not Ready."
_PATIENCE = 10
"""A kubelet that has tried for so many times as long as its next pause, makes that longer."""


@dataclass
class Boot:
    """An instance on its way into a cluster, or to nowhere. `plane` is where its Node is, `name` what that is called,
    `problem` what keeps it from being Ready; `fate` is what a fault has in store for it. It is `silent` while it is
    stopped, and `starts` counts how often it was powered on."""

    region: Region
    instance: Any
    since: datetime
    console: Console
    owner: str = ""
    name: str = ""
    plane: ControlPlane | None = None
    problem: str = ""
    fate: str | None = None
    silent: bool = False
    starts: int = 1
    reboots: int = 0

    @property
    def node(self) -> str:
        return self.name or str(self.instance.private_dns_name)

    @property
    def objects(self) -> Objects:
        """What is in the cluster of the Node."""
        assert self.plane is not None
        return self.plane.objects

    def find(self) -> Object | None:
        """The Node, if it is there."""
        return self.objects.find(NODE, "", self.node) if self.plane else None


class Boots:
    """The boots of all instances, those among them that join nothing."""

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
            elif boot is not None and boot.reboots != instance.reboots:
                boot.reboots = instance.reboots
                self._stop_or_start(boot)
                self._stop_or_start(boot)

    def of(self, group: Resource) -> list[Boot]:
        """The boots of a node group's instances, the oldest first."""
        return [boot for boot in self._boots.values() if boot.owner == group.arn]

    def dress(self, group: Resource, former: Resource) -> None:
        """Give a node group's nodes the labels and taints that it has now in the place of the `former` ones."""
        for boot in self.of(group):
            node = boot.find()
            if node:
                metadata = {**node["metadata"], "labels": managed.relabelled(node, group, former)}
                boot.objects.change(NODE, node, metadata=metadata, spec=managed.retainted(node, group, former))

    def _begin(self, region: Region, instance: Any) -> None:
        timeline = self._world.timeline
        instance.launch_time = timeline.now.replace(tzinfo=None)  # moto goes by the host's clock
        boot = self._boots[instance.id] = Boot(region, instance, timeline.now, Console(instance, timeline))
        boot.owner = managed.owner(region, instance)
        instance.console = boot.console.output
        self._after(durations.INSTANCE_BOOT, boot, self._join)

    def _after(self, seconds: float, boot: Boot, action: Callable[[Boot], None]) -> None:
        """Let an instance do something later, if it has not been stopped or terminated by then."""
        start = boot.starts

        def act() -> None:
            if self._boots.get(boot.instance.id) is boot and boot.starts == start and not boot.silent:
                action(boot)

        self._world.timeline.after(seconds, act)

    def _end(self, boot: Boot, abrupt: bool) -> None:
        """EKS drains the nodes of its groups before it takes them away; nobody drains those of others."""
        del self._boots[boot.instance.id]
        if boot.plane is None or boot.find() is None:
            return
        if boot.owner and not abrupt:
            cordon(boot.objects, boot.node)
            vacate(boot.objects, boot.node)
        boot.objects.remove(NODE, "", boot.node)

    def _stop_or_start(self, boot: Boot) -> None:
        """A stopped instance keeps its Node, of which nothing is heard until the instance has booted again."""
        boot.silent = not boot.silent
        node = boot.find()
        if boot.silent:
            boot.problem = UNREADY
        if node and boot.plane and boot.silent:
            boot.objects.change(NODE, node, status={**node["status"], "conditions": unheard_of(boot.plane.timestamp())})
        if not boot.silent:
            boot.starts += 1
            boot.since = self._world.timeline.now
            boot.console.begin()
            self._after(durations.INSTANCE_BOOT, boot, self._become_ready if node else self._join)

    def _join(self, boot: Boot) -> None:
        """Register, or be turned away and come again."""
        aws = Neighbours(boot.region, self._world.role_changes)
        try:
            found = _membership(aws, boot.instance)
            if found is not None:
                self._admit(aws, boot, found)
        except Hindrance as hindrance:
            self._turn_away(boot, hindrance)

    def _turn_away(self, boot: Boot, hindrance: Hindrance) -> None:
        waited = (self._world.timeline.now - boot.since).total_seconds()
        if hindrance.program == NODEADM and waited >= durations.NODEADM_PATIENCE:
            hindrance = Hindrance(NODEADM, hindrance.message, final=True)
        boot.problem = str(hindrance)
        if boot.console.tell(hindrance):
            self._record(boot, hindrance)
        if not hindrance.final:
            self._after(max(durations.JOIN_RETRY, waited / _PATIENCE), boot, self._join)

    def _record(self, boot: Boot, hindrance: Hindrance) -> None:
        """Enter in the ledger that, and why, an instance was turned away."""
        about = {"program": hindrance.program, "message": hindrance.message, "why": hindrance.why}
        told = {"instance": boot.instance.id, **{name: text for name, text in about.items() if text}}
        region, now = boot.region, self._world.timeline.now
        self._world.ledger.happened("turn away", region.name, region.account, now, told)

    def _admit(self, aws: Neighbours, boot: Boot, found: Membership) -> None:
        """Let the Node appear. Raises Hindrance."""
        boot.name = found.outfit.name
        if boot.fate is None:
            fault = self._world.faults.for_ending("node", boot.node, "create", found.group) or {}
            boot.fate = fault.get("becomes", "")
        if boot.fate == "NOT_JOINED":
            raise Hindrance("", "Injected by the simulator.")
        plane = require_admission(aws, self._world.control_planes.of(found.cluster), found, boot.instance, boot.node)
        self._register(boot, plane, new_node(_machine(aws, boot), found.outfit, plane.timestamp()))
        require_network(plane, found, boot.instance)
        if boot.fate != "NOTREADY":
            self._after(durations.NODE_READY, boot, self._become_ready)

    def _register(self, boot: Boot, plane: ControlPlane, node: Object) -> None:
        """A kubelet takes over the Node of its name that it finds."""
        boot.plane, boot.problem = plane, UNREADY
        if boot.find() is None:
            plane.objects.create(NODE, node)
            boot.console.tell(None)

    def _become_ready(self, boot: Boot) -> None:
        node = boot.find()
        if node is None or boot.plane is None:
            return
        boot.problem = ""
        status = {**node["status"], "conditions": conditions(boot.plane.timestamp(), ready=True)}
        boot.objects.change(NODE, node, status=status)


def _membership(aws: Neighbours, instance: Any) -> Membership | None:
    return next(filter(None, (source(aws, instance) for source in SOURCES)), None)


def _machine(aws: Neighbours, boot: Boot) -> Machine:
    instance = boot.instance
    subnet = aws.subnet(instance.subnet_id)
    return Machine(
        instance_id=instance.id,
        name=boot.node,
        address=instance.private_ip,
        instance_type=instance.instance_type,
        zone=instance.availability_zone,
        zone_id=subnet.availability_zone_id if subnet else "",
        region=boot.region.name,
        hardware=aws.instance_type(instance.instance_type) or {},
    )
