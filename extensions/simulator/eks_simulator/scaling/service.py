# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated Auto Scaling: takes a request to its operation and back."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ..errors import ServiceError
from ..moto_gateway import ServiceCall, refusal
from ..query_protocol import QueryProtocol
from ..store import Region
from ..validation import problems
from ..wire import Response
from .capacity import reconcile
from .operations import HANDLERS, ScalingCall
from .region import ScalingRegion

if TYPE_CHECKING:
    from ..world import World

for _module in (
    "activities",
    "configurations",
    "groups",
    "hooks",
    "instances",
    "load_balancing",
    "policies",
    "pools",
    "processes",
    "tags",
):
    importlib.import_module(f".{_module}", __package__)


class AutoScaling:
    """The Auto Scaling of all accounts and regions."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._regions: dict[tuple[str, str], ScalingRegion] = {}

    def clear(self) -> None:
        self._regions.clear()

    def of(self, region: Region) -> ScalingRegion:
        """That of an account in a region."""
        key = (region.account, region.name)
        if key not in self._regions:
            self._regions[key] = ScalingRegion(self._world, region, reconcile)
        return self._regions[key]

    def answer(self, region: Region, call: ServiceCall) -> Response:
        """Carry out a call, and answer it or refuse it. The world lock must be held."""
        protocol = QueryProtocol.of("autoscaling")
        operation = protocol.operation(call.operation)
        handler = HANDLERS.get(call.operation)
        if operation is None or handler is None:
            return refusal(call, "InvalidAction", f"The simulator does not serve autoscaling:{call.operation}.")
        parameters = protocol.parameters(operation, call.parameters)
        problem = problems(operation.input_shape, parameters) if operation.input_shape else None
        if problem:
            return refusal(call, "ValidationError", problem)
        place = self.of(region)
        try:
            result = handler(ScalingCall(call.operation, parameters, place))
        except ServiceError as error:
            return refusal(call, error.code, error.message)
        return protocol.answer(operation, result)
