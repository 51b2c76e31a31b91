# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers creations and changes: what the client wants passes admission and validation, and is stored."""

from __future__ import annotations

from dataclasses import replace

from ..wire import Response
from . import admission, bodies, managed, patches
from .calls import Call
from .errors import ApiError, forbidden
from .objects import Object

_SYSTEM = ("uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "selfLink")
"""Metadata that a new object does not bring along."""


def create(call: Call) -> Response:
    return Response.json(201, _create(call, call.body))


def update(call: Call) -> Response:
    current = call.objects.get(call.kind, call.namespace, call.name)
    return Response.json(200, store(call, current, call.body))


def patch(call: Call) -> Response:
    media = bodies.media_type(call.request)
    if media == patches.APPLY:
        return _apply(call)
    current = call.objects.get(call.kind, call.namespace, call.name)
    return Response.json(200, store(call, current, patches.patched(media, current, call.body)))


def store(call: Call, current: Object, wanted: Object) -> Object:
    """Put `wanted` in the place of `current`: of it only what the request may change.

    Raises ApiError BadRequest, Conflict, Invalid.
    """
    new = admission.changed(call.kind, call.target.attributes.subresource, current, _addressed(call, wanted))
    return call.stage.replace(call.kind, new)


def _create(call: Call, wanted: Object) -> Object:
    """Store a new object. Raises ApiError BadRequest, AlreadyExists, Invalid, Forbidden, NotFound."""
    wanted = _addressed(call, wanted)
    metadata = {name: value for name, value in wanted["metadata"].items() if name not in _SYSTEM}
    new = admission.admitted(call.stage, call.kind, {**wanted, "metadata": metadata}, call.control.service_cidr())
    created = call.stage.create(call.kind, new)
    call.created = created["metadata"]["name"]
    return created


def _apply(call: Call) -> Response:
    """Server-side apply. Who applies what is not there creates it, and must be allowed to."""
    applied = _addressed(call, call.body)
    if "managedFields" in applied["metadata"]:
        raise ApiError("BadRequest", "metadata.managedFields must be nil")
    current = call.objects.find(call.kind, call.namespace, call.name)
    new = managed.applied(current, applied)
    if current is not None:
        return Response.json(200, store(call, current, new))
    creation = replace(call.target.attributes, verb="create")
    if not call.control.permits(call.user, creation):
        raise forbidden(call.user.name, creation)
    return Response.json(201, _create(call, new))


def _addressed(call: Call, wanted: Object) -> Object:
    """The body's object with what the path says of it. Raises ApiError BadRequest if they disagree."""
    kind, metadata = call.kind, wanted.get("metadata") or {}
    for member, expected in (("apiVersion", kind.group_version), ("kind", kind.kind)):
        found = wanted.get(member) or expected
        if found != expected:
            raise ApiError("BadRequest", f"{member} in the data ({found}) does not match the expected one ({expected})")
    place = {"namespace": call.namespace, "name": call.name}
    for member, expected in place.items():
        if expected and metadata.get(member) not in (None, "", expected):
            found = metadata[member]
            message = f"the {member} of the object ({found}) does not match the {member} on the URL ({expected})"
            raise ApiError("BadRequest", message)
    if not kind.namespaced and metadata.get("namespace"):
        raise ApiError("BadRequest", f"namespace: {kind.plural} are in no namespace, found {metadata['namespace']}")
    said = {member: value for member, value in place.items() if value}
    return {**wanted, "apiVersion": kind.group_version, "kind": kind.kind, "metadata": {**metadata, **said}}
