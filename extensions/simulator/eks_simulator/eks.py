# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated EKS: takes a request to its operation and back, under one lock, after what is due has happened."""

from __future__ import annotations

import importlib
from typing import Any

from botocore.model import OperationModel

from .aws import Neighbours
from .callers import identity_of
from .errors import ServiceError, invalid_request
from .operations import HANDLERS, Call
from .protocol import Protocol
from .wire import Response
from .world import Caller, World

for _module in (
    "access",
    "addon_updates",
    "addon_versions",
    "addons",
    "capabilities",
    "certificate_authorities",
    "cluster_updates",
    "clusters",
    "connected_clusters",
    "fargate",
    "identity_providers",
    "insights",
    "nodegroup_updates",
    "nodegroups",
    "pod_identities",
    "subscriptions",
    "tags",
    "updates",
    "version_updates",
    "versions",
):
    importlib.import_module(f".{_module}", __package__)


class Eks:
    """Answers EKS requests out of a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.protocol = Protocol.eks()

    def perform(self, operation: OperationModel, parameters: dict[str, Any], caller: Caller) -> Response:
        """Carry out a call and answer it. Raises ServiceError; the world lock must be held."""
        self.protocol.check(operation, parameters)
        handler = HANDLERS.get(operation.name)
        if handler is None:
            # A refusal and not an HTTP 5xx: botocore would repeat the call ten times before it showed the error.
            raise invalid_request(f"The simulator does not serve {operation.name} yet.")
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
            caller=lambda: identity_of(caller.access_key, caller.account, region.partition).arn,
        )
        return self.protocol.answer(operation, handler(call))

    def error(self, error: ServiceError) -> Response:
        return self.protocol.error(error)
