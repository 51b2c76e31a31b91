# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers creations and changes: what the client wants passes admission and validation, and is stored."""

from __future__ import annotations

from dataclasses import replace

from ..wire import Response
from . import admission, bodies, immutability, managed, patches, shapes, validation
from .calls import Call
from .defaults import defaulted
from .errors import ApiError, forbidden
from .objects import Object, timestamp

_SYSTEM = ("uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "selfLink")
"""Metadata that a new object does not bring along."""


def create(call: Call) -> Response:
    return call.answer(_create(call, _addressed(call, call.body)), 201)


def update(call: Call) -> Response:
    current = call.objects.get(call.kind, call.namespace, call.name)
    return call.answer(store(call, current, _addressed(call, call.body)))


def patch(call: Call) -> Response:
    media = bodies.media_type(call.request)
    if media == patches.APPLY:
        return _apply(call)
    current = call.objects.get(call.kind, call.namespace, call.name)
    if media != patches.JSON:
        shapes.require_shape(call.kind.kind, call.kind.version, call.body)
    wanted = _addressed(call, patches.patched(media, current, call.body))
    return call.answer(store(call, current, wanted))


def store(call: Call, current: Object, wanted: Object, entries: list[Object] | None = None) -> Object:
    """Put `wanted` in the place of `current`: of it only what the request may change. The `entries` tell who manages
    its fields, if that is known already.

    Raises ApiError BadRequest, Conflict, Invalid.
    """
    current = defaulted(call.kind, current)  # a real server fills in the defaults as it reads, too
    new = admission.changed(call.kind, call.target.attributes.subresource, current, wanted)
    validation.require_valid(call.kind, new)
    immutability.require_changeable(call.kind, current, new)
    entries = managed.updated(current, new, _writer(call, "Update")) if entries is None else entries
    return call.stage.replace(call.kind, managed.with_entries(new, entries))


def _create(call: Call, wanted: Object, entries: list[Object] | None = None) -> Object:
    """Store a new object. Raises ApiError AlreadyExists, Invalid, Forbidden, NotFound."""
    metadata = {name: value for name, value in wanted["metadata"].items() if name not in _SYSTEM}
    admission.restrict_kubelet(call.kind, call.user.node, wanted)
    cidr = call.control.service_cidr()
    new = admission.admitted(call.stage, call.kind, {**wanted, "metadata": metadata}, cidr)
    validation.require_valid(call.kind, new)
    entries = managed.updated(None, new, _writer(call, "Update")) if entries is None else entries
    created = call.stage.create(call.kind, managed.with_entries(new, entries))
    call.created = created["metadata"]["name"]
    return created


def _apply(call: Call) -> Response:
    """Server-side apply. Who applies what is not there creates it, and must be allowed to."""
    applied = admission.without_nulls(_addressed(call, call.body))
    if "managedFields" in applied["metadata"]:
        raise ApiError("BadRequest", "metadata.managedFields must be nil")
    force = call.target.parameters.get("force") == "true"
    current = call.objects.find(call.kind, call.namespace, call.name)
    new, entries = managed.applied(current, applied, _writer(call, "Apply"), force)
    if current is not None:
        return call.answer(store(call, current, new, entries))
    creation = replace(call.target.attributes, verb="create")
    if not call.control.permits(call.user, creation):
        raise forbidden(call.user.name, creation)
    return call.answer(_create(call, new, entries), 201)


def _writer(call: Call, operation: str) -> managed.Writer:
    now = timestamp(call.control.now())
    return managed.Writer(call.manager, operation, call.kind, call.target.attributes.subresource, now)


def _addressed(call: Call, wanted: Object) -> Object:
    """The body's object with what the path says of it. Raises ApiError BadRequest if they disagree, or if it has
    members of the wrong type."""
    kind = call.kind
    shapes.require_shape(kind.kind, kind.version, wanted)
    metadata = wanted.get("metadata") or {}
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
