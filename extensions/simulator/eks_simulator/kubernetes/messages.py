# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages that kubectl's imperative commands send: which member has which number in the generated.proto files of
Kubernetes' API."""

from __future__ import annotations

from typing import Any

from .protobuf import Member, Message, Reader, data, decoded, envelope, message, number, number_or_text, text


def read(body: bytes) -> dict[str, Any]:
    """The object that a body encodes. Raises ValueError for what we do not know."""
    version, kind, content = envelope(body)
    if kind not in _KINDS:
        raise ValueError(f"the simulator does not read the protobuf of {kind}: use `kubectl create -f` instead")
    return {"apiVersion": version, "kind": kind, **decoded(_KINDS[kind], content)}


def _one(name: str, reader: Reader | Message = text) -> Member:
    return Member(name, message(reader) if isinstance(reader, dict) else reader)


def _many(name: str, reader: Reader | Message = text) -> Member:
    return Member(name, message(reader) if isinstance(reader, dict) else reader, many=True)


def _pairs(name: str, reader: Reader = text) -> Member:
    return Member(name, reader, pairs=True)


def _object(members: Message) -> Message:
    """A message with the metadata that objects have."""
    return {1: _one("metadata", _METADATA), **members}


_PASSED_OVER = Member("", lambda value: None)
_METADATA: Message = {
    1: _one("name"),
    2: _one("generateName"),
    3: _one("namespace"),
    11: _pairs("labels"),
    12: _pairs("annotations"),
    14: _many("finalizers"),
}
_EXPRESSION: Message = {1: _one("key"), 2: _one("operator"), 3: _many("values")}
_SELECTOR: Message = {1: _pairs("matchLabels"), 2: _many("matchExpressions", _EXPRESSION)}
_NAMED: Message = {1: _one("name")}
_CONTAINER_PORT: Message = {
    1: _one("name"),
    2: Member("hostPort", lambda value: value or None),
    3: _one("containerPort", number),
    4: _one("protocol"),
}
_CONTAINER: Message = {
    1: _one("name"),
    2: _one("image"),
    3: _many("command"),
    4: _many("args"),
    5: _one("workingDir"),
    6: _many("ports", _CONTAINER_PORT),
    8: _one("resources", {}),
}
_TEMPLATE: Message = {1: _one("metadata", _METADATA), 2: _one("spec", {2: _many("containers", _CONTAINER)})}
_DEPLOYMENT: Message = {
    1: _one("replicas", number),
    2: _one("selector", _SELECTOR),
    3: _one("template", _TEMPLATE),
    4: _one("strategy", {1: _one("type")}),
}
_SERVICE_PORT: Message = {
    1: _one("name"),
    2: _one("protocol"),
    3: _one("port", number),
    4: _one("targetPort", number_or_text),
    5: Member("nodePort", lambda value: value or None),
}
_SERVICE: Message = {
    1: _many("ports", _SERVICE_PORT),
    2: _pairs("selector"),
    3: _one("clusterIP"),
    4: _one("type"),
    7: _one("sessionAffinity"),
    10: _one("externalName"),
}
_RULE: Message = {
    1: _many("verbs"),
    2: _many("apiGroups"),
    3: _many("resources"),
    4: _many("resourceNames"),
    5: _many("nonResourceURLs"),
}
_SUBJECT: Message = {1: _one("kind"), 2: _one("apiGroup"), 3: _one("name"), 4: _one("namespace")}
_ROLE_REFERENCE: Message = {1: _one("apiGroup"), 2: _one("kind"), 3: _one("name")}
_BINDING: Message = _object({2: _many("subjects", _SUBJECT), 3: _one("roleRef", _ROLE_REFERENCE)})
_BUDGET: Message = {
    1: _one("minAvailable", number_or_text),
    2: _one("selector", _SELECTOR),
    3: _one("maxUnavailable", number_or_text),
}
_RESOURCE_ATTRIBUTES: Message = {
    1: _one("namespace"),
    2: _one("verb"),
    3: _one("group"),
    4: _one("version"),
    5: _one("resource"),
    6: _one("subresource"),
    7: _one("name"),
}
_REVIEW: Message = {
    1: _one("resourceAttributes", _RESOURCE_ATTRIBUTES),
    2: _one("nonResourceAttributes", {1: _one("path"), 2: _one("verb")}),
}
_KINDS: dict[str, Message] = {
    "Namespace": _object({2: _one("spec", {1: _many("finalizers")}), 3: _PASSED_OVER}),
    "ServiceAccount": _object({2: _many("secrets", {3: _one("name")}), 3: _many("imagePullSecrets", _NAMED)}),
    "ConfigMap": _object({2: _pairs("data"), 3: _pairs("binaryData", data), 4: _one("immutable", bool)}),
    "Secret": _object({2: _pairs("data", data), 3: _one("type"), 4: _pairs("stringData"), 5: _one("immutable", bool)}),
    "Deployment": _object({2: _one("spec", _DEPLOYMENT), 3: _PASSED_OVER}),
    "Service": _object({2: _one("spec", _SERVICE), 3: _PASSED_OVER}),
    "Role": _object({2: _many("rules", _RULE)}),
    "ClusterRole": _object({2: _many("rules", _RULE)}),
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
    "PodDisruptionBudget": _object({2: _one("spec", _BUDGET), 3: _PASSED_OVER}),
    "SelfSubjectAccessReview": _object({2: _one("spec", _REVIEW), 3: _PASSED_OVER}),
    "SelfSubjectRulesReview": _object({2: _one("spec", {1: _one("namespace")}), 3: _PASSED_OVER}),
    "SelfSubjectReview": _object({2: _PASSED_OVER}),
    "DeleteOptions": {
        1: _one("gracePeriodSeconds", number),
        2: _one("preconditions", {1: _one("uid"), 2: _one("resourceVersion")}),
        3: _one("orphanDependents", bool),
        4: _one("propagationPolicy"),
        5: _many("dryRun"),
    },
}
