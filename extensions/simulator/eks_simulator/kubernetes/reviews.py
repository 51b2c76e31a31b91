# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers the questions of `kubectl auth`: may I, what may I, and who am I. They are stored nowhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..wire import Response
from . import shapes
from .calls import Call
from .control import Attributes
from .errors import ApiError
from .types import ACCESS_REVIEW, RULES_REVIEW, SUBJECT_REVIEW, Type

_WORDS = ("verb", "group", "resource", "subresource", "namespace", "name")


def review(call: Call) -> Response:
    if call.target.attributes.verb != "create":
        raise ApiError("MethodNotAllowed", "the server does not allow this method on the requested resource")
    shapes.require_shape(call.kind.kind, call.kind.version, call.body)
    status = _STATUS[call.kind](call, call.body.get("spec") or {})
    head = {"kind": call.kind.kind, "apiVersion": call.kind.group_version}
    return Response.json(201, {**call.body, **head, "metadata": {}, "status": status})


def _access(call: Call, spec: dict[str, Any]) -> dict[str, Any]:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (resource is None) == (path is None):
        message = "spec: exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise ApiError("BadRequest", message)
    words, said = (("verb", "path"), path or {}) if resource is None else (_WORDS, resource)
    asked = Attributes(**{word: said.get(word) or "" for word in words})
    return {"allowed": call.control.permits(call.user, asked)}


def _rules(call: Call, spec: dict[str, Any]) -> dict[str, Any]:
    rules = call.control.rules(call.user, spec.get("namespace") or "default")
    paths = [rule for rule in rules if rule.get("nonResourceURLs")]
    resources = [rule for rule in rules if rule.get("resources")]
    return {"resourceRules": resources, "nonResourceRules": paths, "incomplete": False}


def _subject(call: Call, spec: dict[str, Any]) -> dict[str, Any]:
    user = call.user
    info = {"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": user.extra}
    return {"userInfo": {name: value for name, value in info.items() if value}}


_STATUS: dict[Type, Callable[[Call, dict[str, Any]], dict[str, Any]]] = {
    ACCESS_REVIEW: _access,
    RULES_REVIEW: _rules,
    SUBJECT_REVIEW: _subject,
}
