# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an object must be like to be stored: the constraints of Kubernetes' API reference, after its defaults. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import Any

from . import formats, pod_rules, selectors
from .errors import invalid
from .formats import Problem, required, unsupported, wrong
from .objects import Object
from .types import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    EVENT,
    INGRESS,
    NAMESPACE,
    NETWORK_POLICY,
    NODE,
    POD,
    REPLICA_SET,
    ROLE,
    ROLE_BINDING,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    Type,
)

_NAMES: dict[Type, Callable[[str], str | None]] = {
    NAMESPACE: formats.dns_label,
    SERVICE: formats.service_name,
    CLUSTER_ROLE: formats.path_segment,
    CLUSTER_ROLE_BINDING: formats.path_segment,
    ROLE: formats.path_segment,
    ROLE_BINDING: formats.path_segment,
}
"""Where a name is more, or less, than a DNS subdomain."""
_SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_SHARE = re.compile(r"\d+%")


def require_valid(kind: Type, thing: Object) -> None:
    """Raises ApiError Invalid."""
    check = _CHECKS.get(kind)
    found = [*_metadata(kind, thing["metadata"]), *(check(thing) if check else ())]
    if found:
        raise invalid(kind, thing["metadata"].get("name", ""), found)


def _metadata(kind: Type, metadata: Object) -> Iterator[Problem]:
    name = metadata.get("name")
    if not name:
        yield "metadata.name", "Required value: name or generateName is required"
    elif why := _NAMES.get(kind, formats.dns_subdomain)(name):
        yield wrong("metadata.name", name, why)
    yield from formats.labels("metadata.labels", metadata.get("labels") or {})
    for key in metadata.get("annotations") or {}:
        if why := formats.label_key(key.lower()):
            yield wrong("metadata.annotations", key, why)


def _pod(thing: Object) -> Iterator[Problem]:
    yield from pod_rules.problems(thing["spec"], "spec")


def _workload(thing: Object) -> Iterator[Problem]:
    """Deployments and their like: a selector that selects what the template makes."""
    spec = thing["spec"]
    template, selector = spec.get("template") or {}, spec.get("selector") or {}
    if spec.get("replicas", 0) < 0:
        yield wrong("spec.replicas", spec["replicas"], "must be greater than or equal to 0")
    if not selector:
        yield required("spec.selector")
    unfit = list(_selector("spec.selector", selector))
    yield from unfit
    labels = (template.get("metadata") or {}).get("labels") or {}
    yield from formats.labels("spec.template.labels", labels)
    for strategy in ("strategy", "updateStrategy"):
        bounds = (spec.get(strategy) or {}).get("rollingUpdate") or {}
        yield from _shares(bounds, f"spec.{strategy}.rollingUpdate", "maxSurge", "maxUnavailable")
    if selector and not unfit and not selectors.selects(selector, labels):
        yield wrong("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
    if not template.get("spec"):
        yield required("spec.template.spec.containers")
        return
    yield from pod_rules.problems(template["spec"], "spec.template.spec")
    if template["spec"]["restartPolicy"] != "Always":
        yield unsupported("spec.template.spec.restartPolicy", template["spec"]["restartPolicy"], ("Always",))


def _selector(path: str, selector: dict[str, Any]) -> Iterator[Problem]:
    """Values come with In and NotIn, and only with these."""
    for number, one in enumerate(selector.get("matchExpressions") or []):
        place, operator = f"{path}.matchExpressions[{number}]", one.get("operator", "")
        if why := formats.label_key(one.get("key", "")):
            yield wrong(f"{place}.key", one.get("key", ""), why)
        if operator not in selectors.OPERATORS:
            yield unsupported(f"{place}.operator", operator, selectors.OPERATORS)
        elif bool(one.get("values")) != (operator in ("In", "NotIn")):
            yield wrong(f"{place}.values", one.get("values", []), f"does not go with the operator {operator}")


def _service(thing: Object) -> Iterator[Problem]:
    spec, ports = thing["spec"], thing["spec"].get("ports") or []
    if spec["type"] not in _SERVICE_TYPES:
        yield unsupported("spec.type", spec["type"], _SERVICE_TYPES)
    if not ports and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    for number, port in enumerate(ports):
        path = f"spec.ports[{number}]"
        if not isinstance(port.get("port"), int) or not 0 < port["port"] < 65536:
            yield wrong(f"{path}.port", port.get("port", 0), "must be between 1 and 65535, inclusive")
        if len(ports) > 1 and not port.get("name"):
            yield required(f"{path}.name")
    if spec["type"] == "ExternalName" and not spec.get("externalName"):
        yield required("spec.externalName")


def _config_map(thing: Object) -> Iterator[Problem]:
    for member in ("data", "binaryData"):
        for key in thing.get(member) or {}:
            if why := formats.data_key(key):
                yield wrong(f"{member}[{key}]", key, why)


def _secret(thing: Object) -> Iterator[Problem]:
    """Without the values in the words."""
    yield from _config_map(thing)
    for key, value in (thing.get("data") or {}).items():
        try:
            base64.b64decode(value, validate=True)
        except binascii.Error:
            yield f"data[{key}]", "Invalid value: illegal base64 data"


def _node(thing: Object) -> Iterator[Problem]:
    """Each key and effect once."""
    for member in ("allocatable", "capacity"):
        for name, quantity in ((thing.get("status") or {}).get(member) or {}).items():
            if why := formats.quantity(quantity):
                yield wrong(f"status.{member}[{name}]", quantity, why)
    seen = set()
    for number, taint in enumerate(thing["spec"].get("taints") or []):
        path, key = f"spec.taints[{number}]", taint.get("key") or ""
        for member, why in (("key", formats.label_key(key)), ("value", formats.label_value(taint.get("value") or ""))):
            if why:
                yield wrong(f"{path}.{member}", taint.get(member, ""), why)
        if taint.get("effect") not in pod_rules.EFFECTS:
            yield unsupported(f"{path}.effect", taint.get("effect", ""), pod_rules.EFFECTS)
        if (key, taint.get("effect")) in seen:
            yield path, f'Duplicate value: "{key}": taints must be unique by key and effect pair'
        seen.add((key, taint.get("effect")))


def _budget(thing: Object) -> Iterator[Problem]:
    spec = thing["spec"]
    yield from _selector("spec.selector", spec.get("selector") or {})
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        yield wrong("spec", "", "minAvailable and maxUnavailable cannot be both set")
    yield from _shares(spec, "spec", "minAvailable", "maxUnavailable")


def _shares(bounds: dict[str, Any], path: str, *members: str) -> Iterator[Problem]:
    """Numbers, or percentages."""
    for member in members:
        value: Any = bounds.get(member, 0)
        if isinstance(value, int) and value < 0:
            yield wrong(f"{path}.{member}", value, "must be greater than or equal to 0")
        elif isinstance(value, str) and not _SHARE.fullmatch(value):
            why = "a valid percent string must be a numeric string followed by an ending '%'"
            yield wrong(f"{path}.{member}", value, why)


def _ingress(thing: Object) -> Iterator[Problem]:
    spec = thing.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield "spec", "Invalid value: either `defaultBackend` or `rules` must be specified"


def _event(thing: Object) -> Iterator[Problem]:
    """An event is where its object is; that of one without a namespace is in `default`."""
    place, involved = thing["metadata"]["namespace"], thing.get("involvedObject") or {}
    if (involved.get("namespace") or "default") != place:
        yield wrong("involvedObject.namespace", involved.get("namespace", ""), "does not match event.namespace")


def _policy(thing: Object) -> Iterator[Problem]:
    yield from _selector("spec.podSelector", thing["spec"]["podSelector"])


def _role(thing: Object) -> Iterator[Problem]:
    for number, rule in enumerate(thing.get("rules") or []):
        if not rule.get("verbs"):
            yield required(f"rules[{number}].verbs")
        if not rule.get("resources") and not rule.get("nonResourceURLs"):
            yield required(f"rules[{number}].resources")


def _binding(thing: Object) -> Iterator[Problem]:
    role = thing["roleRef"]
    if role.get("kind") not in ("Role", "ClusterRole"):
        yield unsupported("roleRef.kind", role.get("kind", ""), ("Role", "ClusterRole"))
    if not role.get("name"):
        yield required("roleRef.name")
    for number, subject in enumerate(thing.get("subjects") or []):
        if not subject.get("name"):
            yield required(f"subjects[{number}].name")
        if subject.get("kind") == "ServiceAccount" and not subject.get("namespace"):
            yield required(f"subjects[{number}].namespace")


_CHECKS: dict[Type, Callable[[Object], Iterator[Problem]]] = {
    POD: _pod,
    DEPLOYMENT: _workload,
    REPLICA_SET: _workload,
    STATEFUL_SET: _workload,
    DAEMON_SET: _workload,
    SERVICE: _service,
    CONFIG_MAP: _config_map,
    SECRET: _secret,
    NODE: _node,
    DISRUPTION_BUDGET: _budget,
    INGRESS: _ingress,
    EVENT: _event,
    NETWORK_POLICY: _policy,
    ROLE: _role,
    CLUSTER_ROLE: _role,
    ROLE_BINDING: _binding,
    CLUSTER_ROLE_BINDING: _binding,
}
