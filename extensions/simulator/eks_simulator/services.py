# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services that the simulator serves itself: a request is taken to its operation and back, under one lock, after
what is due has happened."""

from __future__ import annotations

import importlib
from email.utils import format_datetime
from typing import Any

from botocore.model import OperationModel

from .aws import Neighbours
from .callers import identity_of
from .errors import ServiceError
from .moto_gateway import identify
from .operations import HANDLERS, Call
from .protocol import Protocol
from .protocols import protocol_of
from .wire import Request, Response
from .world import Caller, World

for _module in (
    "access",
    "addon_updates",
    "addon_versions",
    "addons",
    "assuming",
    "capabilities",
    "certificate_authorities",
    "cluster_updates",
    "clusters",
    "connected_clusters",
    "fargate",
    "hybrid.activations",
    "hybrid.anywhere",
    "hybrid.managed_instances",
    "hybrid.profiles",
    "hybrid.revocation",
    "hybrid.subjects",
    "hybrid.trust_anchors",
    "identity_providers",
    "insights",
    "nodegroup_updates",
    "nodegroups",
    "placement_groups",
    "pod_identities",
    "scaling.activities",
    "scaling.configurations",
    "scaling.groups",
    "scaling.hooks",
    "scaling.instances",
    "scaling.load_balancing",
    "scaling.observing",
    "scaling.policies",
    "scaling.pools",
    "scaling.processes",
    "scaling.refreshes",
    "scaling.tags",
    "subscriptions",
    "tags",
    "templates.operations",
    "updates",
    "version_updates",
    "versions",
):
    importlib.import_module(f".{_module}", __package__)


_UNSERVED = {"autoscaling": "InvalidAction", "ec2": "InvalidAction", "eks": "InvalidRequestException"}
"""What an operation that is not served is refused as; ValidationException where nothing else is said."""
SHARED = {"ec2", "ssm", "sts"}
"""Those whose other operations are moto's."""


class Service:
    """Answers one service's requests out of a world."""

    def __init__(self, world: World, protocol: Protocol) -> None:
        self.world = world
        self.protocol = protocol

    @property
    def name(self) -> str:
        return self.protocol.service.service_name

    def perform(self, operation: OperationModel, parameters: dict[str, Any], caller: Caller) -> Response:
        """Carry out a call and answer it. Raises ServiceError; the world lock must be held."""
        self.protocol.check(operation, parameters)
        handler = HANDLERS[self.name].get(operation.name)
        if handler is None:
            # A refusal and not an HTTP 5xx: botocore would repeat the call ten times before it showed the error.
            code = _UNSERVED.get(self.name, "ValidationException")
            raise ServiceError(code, f"The simulator does not serve {operation.name} yet.")
        world = self.world
        region = world.store.region(caller.account, caller.region)
        call = Call(
            operation=operation.name,
            parameters=parameters,
            region=region,
            aws=Neighbours(region, world.role_changes),
            timeline=world.timeline,
            faults=world.faults,
            quotas=world.quotas,
            control_planes=world.control_planes,
            boots=world.boots,
            scaling=world.scaling.of(region),
            caller=lambda: identity_of(caller.access_key, caller.account, region.partition),
        )
        response = self.protocol.answer(operation, handler(call))
        if self.name == "ssm":
            # What expires there does so in simulated time, and clients that ask for it learn the time from answers.
            response.headers["Date"] = format_datetime(world.timeline.now, usegmt=True)
        return response

    def error(self, error: ServiceError) -> Response:
        return self.protocol.error(error)


class Services:
    """The services, each with its protocol loaded when it is first asked for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._services: dict[str, Service] = {}

    def named(self, name: str) -> Service:
        if name not in self._services:
            self._services[name] = Service(self._world, protocol_of(name))
        return self._services[name]

    def for_request(self, name: str, request: Request) -> Service | None:
        """The service of this name, if it serves the request itself."""
        served = name in HANDLERS and (name not in SHARED or identify(name, request).operation in HANDLERS[name])
        return self.named(name) if served else None
