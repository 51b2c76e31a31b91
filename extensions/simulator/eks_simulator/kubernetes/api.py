# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API server of a cluster: authenticates, authorises and answers each request, one after the other."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from email.utils import format_datetime
from typing import Any

from ..wire import Request, Response
from . import deleting, documents, evictions, logs, reading, reviews, routing, scale, watches, writing
from .calls import ANONYMOUS, Call
from .control import Control, Outcome, User
from .errors import ApiError, forbidden
from .objects import Objects

_HEALTH = ("/healthz", "/livez", "/readyz")
_HANDLERS: dict[tuple[str, str], Callable[[Call], Response]] = {
    ("get", ""): reading.get,
    ("list", ""): reading.list_objects,
    ("watch", ""): watches.watch,
    ("create", ""): writing.create,
    ("update", ""): writing.update,
    ("patch", ""): writing.patch,
    ("delete", ""): deleting.delete,
    ("deletecollection", ""): deleting.delete_collection,
    ("get", "status"): reading.get,
    ("update", "status"): writing.update,
    ("patch", "status"): writing.patch,
    ("get", "scale"): scale.get,
    ("update", "scale"): scale.update,
    ("patch", "scale"): scale.patch,
    ("create", "eviction"): evictions.evict,
    ("get", "log"): logs.get,
}


class Api:
    """Answers the requests for `objects` in the way of the cluster that `control` stands for."""

    def __init__(self, objects: Objects, control: Control) -> None:
        self._objects = objects
        self._control = control

    def __call__(self, request: Request) -> Response:
        target = routing.target(request)
        with self._control.lock:
            fault = self._control.fault(target.attributes)
        time.sleep(fault.get("latency", 0))
        with self._control.lock:
            self._control.settle()
            call = Call(self._objects, self._control, request, target)
            before = self._objects.revision
            response = self._answer(call, fault)
            idle = _is_dry_run(call) or (response.status < 400 and self._objects.revision == before)
            error, why = call.refusal
            outcome = Outcome(response.status, error, why, idle, injected=bool(fault))
            self._control.record(call.user, call.attributes, outcome)
            if request.method != "GET":
                self._control.settle()
            date = format_datetime(self._control.now(), usegmt=True)
        response.headers |= {"Date": date, "Cache-Control": "no-cache, private"}
        response.lost = bool(fault.get("drop"))
        return response

    def _answer(self, call: Call, fault: dict[str, Any]) -> Response:
        try:
            call.user = self._authenticate(call)
            if fault.get("error"):
                raise ApiError(fault["error"], fault.get("message", "Injected by the simulator."), code=fault["status"])
            return self._perform(call)
        except ApiError as refused:
            cause = refused.__cause__
            call.refusal = refused.reason, None if cause is None else str(cause)
            return Response.json(refused.code, refused.status(), refused.headers)
        except Exception as problem:  # a bug of the simulator's
            traceback.print_exc()
            crash = ApiError("InternalError", f"The simulator failed: {type(problem).__name__}: {problem}")
            call.refusal = crash.reason, None
            return Response.json(crash.code, crash.status())

    def _authenticate(self, call: Call) -> User:
        """Anonymous requests are for the health checks alone, before Kubernetes 1.32 for the version, too (EKS's notes
        on its versions)."""
        if any(name.startswith("impersonate-") for name in call.request.headers):
            raise ApiError("BadRequest", "the simulator knows no impersonation: use the token of that user")
        scheme, _space, token = call.request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return self._control.authenticate(token.strip())
        old = tuple(map(int, self._control.version().split("."))) < (1, 32)
        if call.request.path in (*_HEALTH, *(["/version"] if old else [])) and not scheme:
            return ANONYMOUS
        raise ApiError("Unauthorized", "Unauthorized")

    def _perform(self, call: Call) -> Response:
        """Authorise a call and carry it out."""
        attributes = call.target.attributes
        if call.user is not ANONYMOUS and not self._control.permits(call.user, attributes):
            raise forbidden(call.user.name, attributes)
        if call.target.kind is None:
            return documents.answer(call)
        if not call.kind.stored:
            return reviews.review(call)
        if attributes.subresource and attributes.subresource not in call.kind.subresources:
            raise ApiError("NotFound", "the server could not find the requested resource")
        handler = _HANDLERS.get((attributes.verb, attributes.subresource))
        if handler is None or not _addressed(call):
            raise ApiError("MethodNotAllowed", "the server does not allow this method on the requested resource")
        return handler(call)


def _addressed(call: Call) -> bool:
    """New objects go into a namespace, without a name in the path; changes need to know of what."""
    attributes = call.target.attributes
    if attributes.verb in ("list", "watch"):
        return True
    if attributes.verb == "create" and not attributes.subresource:
        named = not attributes.name
    else:
        named = bool(attributes.name) or attributes.verb == "deletecollection"
    return named and bool(call.namespace) == call.kind.namespaced


def _is_dry_run(call: Call) -> bool:
    try:
        return call.dry_run
    except ApiError:
        return False
