# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers for the subresource scale: the number of replicas of what has some, as a Scale of autoscaling/v1."""

from __future__ import annotations

from ..wire import Response
from . import bodies, patches, selectors, shapes, writing
from .calls import Call
from .errors import invalid
from .formats import wrong
from .objects import Object


def get(call: Call) -> Response:
    return Response.json(200, _scale(call.objects.get(call.kind, call.namespace, call.name)))


def update(call: Call) -> Response:
    return _write(call, call.body)


def patch(call: Call) -> Response:
    current = _scale(call.objects.get(call.kind, call.namespace, call.name))
    return _write(call, patches.patched(bodies.media_type(call.request), current, call.body))


def _write(call: Call, wanted: Object) -> Response:
    shapes.require_shape("Scale", "v1", {name: wanted.get(name) for name in ("metadata", "spec")})
    current = call.objects.get(call.kind, call.namespace, call.name)
    replicas = (wanted.get("spec") or {}).get("replicas", 0)
    if replicas < 0:
        raise invalid(call.kind, call.name, [wrong("spec.replicas", replicas, "must be greater than or equal to 0")])
    revision = (wanted.get("metadata") or {}).get("resourceVersion")
    metadata = {**current["metadata"], **({"resourceVersion": revision} if revision else {})}
    new = {**current, "metadata": metadata, "spec": {**current["spec"], "replicas": replicas}}
    return Response.json(200, _scale(writing.store(call, current, new)))


def _scale(thing: Object) -> Object:
    shown = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status = {"replicas": (thing.get("status") or {}).get("replicas", 0)}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: thing["metadata"][name] for name in shown},
        "spec": {"replicas": thing["spec"].get("replicas", 1)},
        "status": {**status, "selector": selectors.text(thing["spec"]["selector"])},
    }
