# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the members of an object have the types of Kubernetes' API reference, which a real server finds out as it
decodes a body: `replicas: "3"` or a label that is a number are refused before anything else. Pure.

A member has the same type wherever it occurs in the types that we serve, but for the few in `_EXCEPT`.
"""

from __future__ import annotations

from typing import Any

from .errors import ApiError

_MAP, _MAPS, _TEXTS, _PAIRS, _TEXT, _NUMBER, _FLAG = "object", "[]object", "[]string", "map", "string", "int32", "bool"
_EITHER = "IntOrString"
_MEMBERS = {
    _MAP: "metadata spec status template selector resources securityContext strategy rollingUpdate updateStrategy"
    " nodeInfo affinity nodeAffinity valueFrom emptyDir configMap secret hostPath projected downwardAPI httpGet"
    " livenessProbe readinessProbe startupProbe roleRef involvedObject podSelector backend defaultBackend service"
    " deleteOptions preconditions resourceAttributes nonResourceAttributes fieldsV1",
    _MAPS: "containers initContainers ports env envFrom volumes volumeMounts tolerations taints ownerReferences"
    " subjects conditions addresses imagePullSecrets secrets matchExpressions managedFields rules ingress egress"
    " topologySpreadConstraints",
    _TEXTS: "command args finalizers verbs apiGroups resourceNames nonResourceURLs policyTypes externalIPs podCIDRs"
    " values",
    _PAIRS: "labels annotations matchLabels nodeSelector data stringData binaryData limits requests capacity"
    " allocatable",
    _TEXT: "name generateName namespace uid resourceVersion image nodeName restartPolicy schedulerName"
    " serviceAccountName key value effect operator protocol mountPath kind apiVersion providerID clusterIP reason"
    " message type address priorityClassName imagePullPolicy externalName verb group resource subresource path version"
    " host propagationPolicy manager operation holderIdentity topologyKey whenUnsatisfiable ip",
    _NUMBER: "replicas containerPort nodePort hostPort terminationGracePeriodSeconds minReadySeconds"
    " revisionHistoryLimit progressDeadlineSeconds tolerationSeconds priority observedGeneration gracePeriodSeconds"
    " generation",
    _FLAG: "unschedulable paused hostNetwork immutable readOnly enableServiceLinks controller blockOwnerDeletion"
    " orphanDependents",
    _EITHER: "port targetPort minAvailable maxUnavailable maxSurge",
}
_TYPES = {member: shape for shape, members in _MEMBERS.items() for member in members.split()}
_EXCEPT = {
    ("rules", "resources"): _TEXTS,
    ("conditions", "status"): _TEXT,
    ("service", "port"): _MAP,
}
"""By the member that they stand in."""
_SELECTOR = ("matchLabels", "matchExpressions")
"""All that a selector has, but a service's, which is a map of labels."""
_QUANTITIES = ("limits", "requests", "capacity", "allocatable")
_PYTHON = {_MAP: dict, _PAIRS: dict, _TEXT: str, _FLAG: bool}


def require_shape(kind: str, version: str, thing: Any) -> None:
    """Raises ApiError BadRequest."""
    problem = _problem(thing, "", "")
    if problem:
        head = f'{kind} in version "{version}" cannot be handled as a {kind}'
        raise ApiError("BadRequest", f"{head}: json: cannot unmarshal {problem}")


def _problem(thing: Any, within: str, path: str) -> str | None:
    """What is wrong with a map or list and all that it holds, if anything is."""
    if isinstance(thing, list):
        return next(filter(None, (_problem(item, within, path) for item in thing)), None)
    if not isinstance(thing, dict):
        return None
    for member, value in thing.items():
        if within == "selector" and member not in _SELECTOR:
            continue
        shape = _EXCEPT.get((within, member), _TYPES.get(member, ""))
        place = f"{path}.{member}"
        if value is not None and shape and not _fits(shape, member, value):
            return f"{_called(value)} into Go struct field {place.removeprefix('.')} of type {_expected(shape)}"
        if shape != _PAIRS and (problem := _problem(value, member, place)):
            return problem
    return None


def _fits(shape: str, member: str, value: Any) -> bool:
    if shape == _NUMBER:
        return isinstance(value, int) and not isinstance(value, bool)
    if shape == _EITHER:
        return isinstance(value, int | str) and not isinstance(value, bool)
    if shape in (_MAPS, _TEXTS):
        item = dict if shape == _MAPS else str
        return isinstance(value, list) and all(isinstance(one, item) or one is None for one in value)
    if shape == _PAIRS:
        items = (str, int, float) if member in _QUANTITIES else (str,)
        return isinstance(value, dict) and all(isinstance(one, items) or one is None for one in value.values())
    return isinstance(value, _PYTHON[shape])


def _called(value: Any) -> str:
    """A type in the words of JSON; of a map or list what is wrong may be inside."""
    names = {bool: "bool", int: "number", float: "number", str: "string", dict: "object", list: "array"}
    within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    odd = sorted({names[type(one)] for one in within if isinstance(one, bool | int | float)})
    return odd[0] if odd else names[type(value)]


def _expected(shape: str) -> str:
    return "string" if shape == _PAIRS else shape
