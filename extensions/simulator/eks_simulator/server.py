# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's one address: every AWS service, told apart by the signature, and the admin pages."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Any

from botocore.model import OperationModel

from . import ACCOUNT, oidc_providers, public_images, public_parameters
from .admin import Admin
from .aws import Neighbours
from .callers import identity_of
from .dependencies import violation
from .errors import ServiceError
from .hybrid import sessions
from .ledger import is_dry_run, is_write
from .moto_gateway import Moto, ServiceCall, error_code, identify, refusal
from .moto_setup import account_of
from .services import Service, Services
from .signature import Credential, credential_of, require_eks_region
from .wire import Request, Response
from .world import Caller, World


class Application:
    """Answers every request."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.services = Services(world)
        self.moto = Moto()
        self.admin = Admin(world)

    def __call__(self, request: Request) -> Response:
        if request.path.startswith("/_simulator"):
            return self.admin(request)
        try:
            credential = credential_of(request)
            if credential.service == "eks":
                require_eks_region(credential.region)
        except ServiceError as error:
            return self.services.named("eks").error(error)
        return self._answer(request, credential)

    def _answer(self, request: Request, credential: Credential) -> Response:
        """Answer a signed call, under the faults in force, and enter it in the ledger."""
        call, perform = self._understand(request, credential)
        with self.world.lock:
            fault = self.world.faults.for_call(call.service, call.operation) or {}
        time.sleep(fault.get("latency", 0))
        if call.service != "eks":
            self.moto.load()
        with self.world.lock:
            self.world.timeline.settle()
            response = _injected(call, fault) if fault.get("error") else _without_crashing(call, perform)
            self._record(call, credential, response, fault)
        response.lost = bool(fault.get("drop"))
        return response

    def _understand(self, request: Request, credential: Credential) -> tuple[ServiceCall, Callable[[], Response]]:
        """What is called, and the function that carries it out."""
        service = self.services.for_request(credential.service, request)
        if service and sessions.is_asked_for(service.name, request):
            call = ServiceCall(service.name, "CreateSession", service.protocol.style, {})
            return call, lambda: self._create_session(service, request)
        if service is None:
            call = identify(credential.service, request)
            return call, lambda: self._ask_moto(call, request, credential)
        name = f"{request.method} {request.path}"
        try:
            operation, labels = service.protocol.operation(request)
            name = operation.name
            parameters = service.protocol.parameters(operation, labels, request)
        except ServiceError as error:
            refused = service.error(error)
            return ServiceCall(service.name, name, service.protocol.style, {}), lambda: refused
        call = ServiceCall(service.name, name, service.protocol.style, parameters)
        return call, lambda: self._ask(service, operation, parameters, credential)

    def _ask(
        self, service: Service, operation: OperationModel, parameters: dict[str, Any], credential: Credential
    ) -> Response:
        caller = Caller(credential.access_key, self._account(credential), credential.region)
        try:
            return service.perform(operation, parameters, caller)
        except ServiceError as error:
            return service.error(error)

    def _create_session(self, service: Service, request: Request) -> Response:
        try:
            return sessions.create_session(self.world, request)
        except ServiceError as error:
            return service.error(error)

    def _ask_moto(self, call: ServiceCall, request: Request, credential: Credential) -> Response:
        region = self.world.store.region(self._account(credential), credential.region)
        if credential.access_key:
            identity_of(credential.access_key, region.account, region.partition)
        reason = violation(self.world.scaling.of(region), call)
        if reason:
            return refusal(call, "DependencyViolation", reason)
        if is_dry_run(call.parameters):  # much of moto's EC2 would do it all the same
            return refusal(call, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
        neighbours = Neighbours(region, self.world.role_changes)
        answer = oidc_providers.answer(neighbours, call, self.world.store.issuers)
        if answer:
            return answer
        public_images.provide(neighbours, call)
        with public_parameters.lent(neighbours, call):
            response = self.moto.perform(call, request)
        if response.status < 400:
            oidc_providers.after(neighbours, call)
            if call.service == "ec2" and is_write(call.operation, call.parameters):
                self.world.boots.look(region, abrupt=True)
                self.world.scaling.of(region).notice()
        changes_trust = call.operation in ("CreateRole", "UpdateAssumeRolePolicy")
        if call.service == "iam" and changes_trust and response.status < 400:
            self.world.role_changes.note(region.account, call.parameters["RoleName"])
        return response

    def _account(self, credential: Credential) -> str:
        """The account of an access key. Before moto is loaded there can be none but ours."""
        return account_of(credential.access_key) if self.moto.used else ACCOUNT

    def _record(self, call: ServiceCall, credential: Credential, response: Response, fault: dict[str, Any]) -> None:
        entry: dict[str, Any] = {
            "service": call.service,
            "operation": call.operation,
            "write": is_write(call.operation, call.parameters),
            "status": response.status,
            "error": error_code(response),
            "region": credential.region,
            "account": self._account(credential),
            "access_key": credential.access_key,
            "parameters": call.parameters,
            "at": self.world.timeline.now.isoformat(timespec="milliseconds"),
        }
        self.world.ledger.record({**entry, "fault": True} if fault else entry)


def _without_crashing(call: ServiceCall, perform: Callable[[], Response]) -> Response:
    """The answer, or InternalFailure with the traceback on standard error: that is a bug of the simulator's."""
    try:
        return perform()
    except Exception as problem:
        traceback.print_exc()
        return refusal(call, "InternalFailure", f"The simulator failed: {type(problem).__name__}: {problem}", 500)


def _injected(call: ServiceCall, fault: dict[str, Any]) -> Response:
    return refusal(call, fault["error"], fault.get("message", "Injected by the simulator."), fault["status"])
