# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Kubernetes fills in where an object is silent: the defaults of its API reference. Pure."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from .objects import Object
from .types import (
    CLUSTER_ROLE_BINDING,
    DAEMON_SET,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    NAMESPACE,
    NETWORK_POLICY,
    NODE,
    POD,
    REPLICA_SET,
    ROLE_BINDING,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    Type,
)

_RBAC = "rbac.authorization.k8s.io"
_EVICTION_SECONDS = 300
"""How long a pod stays on a node that is in trouble: the DefaultTolerationSeconds admission plugin."""
_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
_ROLLING = {"maxSurge": "25%", "maxUnavailable": "25%"}


def defaulted(kind: Type, thing: Object) -> Object:
    """`thing` with its defaults."""
    fill = _FILLS.get(kind)
    return fill(thing) if fill else thing


def pod(thing: Object) -> Object:
    """A pod, as clients and controllers make it, with all that makes it whole."""
    spec = {"serviceAccountName": "default", "enableServiceLinks": True, **pod_spec(thing.get("spec") or {})}
    spec["serviceAccount"] = spec["serviceAccountName"]
    spec.setdefault("priority", _PRIORITIES.get(spec.get("priorityClassName", ""), 0))
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    tolerations = list(spec.get("tolerations") or [])
    for trouble in ("not-ready", "unreachable"):
        key = f"node.kubernetes.io/{trouble}"
        if not any(_tolerates(one, key) for one in tolerations):
            known = {"key": key, "operator": "Exists", "effect": "NoExecute"}
            tolerations.append({**known, "tolerationSeconds": _EVICTION_SECONDS})
    return {**thing, "spec": {**spec, "tolerations": tolerations}, "status": {"phase": "Pending", **_status(thing)}}


def pod_spec(spec: dict[str, Any]) -> dict[str, Any]:
    """The spec of a pod or of a template for pods."""
    base = {
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "terminationGracePeriodSeconds": 30,
        "securityContext": {},
        "schedulerName": "default-scheduler",
    }
    filled = {**base, **spec}
    for member in ("containers", "initContainers"):
        if member in filled:
            filled[member] = [_container(one) for one in filled[member]]
    if "volumes" in filled:
        filled["volumes"] = [_volume(one) for one in filled["volumes"]]
    return filled


def _status(thing: Object) -> dict[str, Any]:
    return {name: value for name, value in (thing.get("status") or {}).items() if value not in (None, [], {})}


def _tolerates(toleration: dict[str, Any], key: str) -> bool:
    return toleration.get("key") in (None, "", key) and toleration.get("effect") in (None, "", "NoExecute")


def _container(container: dict[str, Any]) -> dict[str, Any]:
    image = str(container.get("image", ""))
    tag = image.rpartition("/")[2].partition(":")[2]
    base: dict[str, Any] = {
        "imagePullPolicy": "Always" if tag in ("", "latest") and "@" not in image else "IfNotPresent",
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "resources": {},
    }
    filled = {**base, **container}
    if "ports" in filled:
        filled["ports"] = [{"protocol": "TCP", **port} for port in filled["ports"]]
    if "limits" in filled["resources"]:
        limits, requests = filled["resources"]["limits"], filled["resources"].get("requests") or {}
        filled["resources"] = {**filled["resources"], "requests": {**limits, **requests}}
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in filled:
            filled[probe] = _probe(filled[probe])
    return filled


def _probe(probe: dict[str, Any]) -> dict[str, Any]:
    base = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
    request = {"httpGet": {"scheme": "HTTP", "path": "/", **probe["httpGet"]}} if "httpGet" in probe else {}
    return {**base, **probe, **request}


def _volume(volume: dict[str, Any]) -> dict[str, Any]:
    filled = dict(volume) if set(volume) - {"name"} else {**volume, "emptyDir": {}}
    for source in ("configMap", "secret", "projected", "downwardAPI"):
        if source in filled:
            filled[source] = {"defaultMode": 0o644, **filled[source]}
    if "hostPath" in filled:
        filled["hostPath"] = {"type": "", **filled["hostPath"]}
    return filled


def _workload(thing: Object, **base: Any) -> Object:
    """Something with a template for pods."""
    spec = {**base, **(thing.get("spec") or {})}
    template = spec.get("template") or {}
    if template.get("spec"):
        spec["template"] = {**template, "spec": pod_spec(template["spec"])}
    return {**thing, "spec": spec}


def _deployment(thing: Object) -> Object:
    filled = _workload(thing, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = {"type": "RollingUpdate", **(filled["spec"].get("strategy") or {})}
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {**_ROLLING, **(strategy.get("rollingUpdate") or {})}
    return {**filled, "spec": {**filled["spec"], "strategy": strategy}}


def _replica_set(thing: Object) -> Object:
    return _workload(thing, replicas=1)


def _stateful_set(thing: Object) -> Object:
    return _updating(
        _workload(thing, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady", serviceName=""),
        {"partition": 0},
    )


def _daemon_set(thing: Object) -> Object:
    return _updating(_workload(thing, revisionHistoryLimit=10), {"maxSurge": 0, "maxUnavailable": 1})


def _updating(thing: Object, rolling: dict[str, Any]) -> Object:
    strategy = {"type": "RollingUpdate", **(thing["spec"].get("updateStrategy") or {})}
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {**rolling, **(strategy.get("rollingUpdate") or {})}
    return {**thing, "spec": {**thing["spec"], "updateStrategy": strategy}}


def _service(thing: Object) -> Object:
    base: dict[str, Any] = {"type": "ClusterIP", "sessionAffinity": "None"}
    spec = {**base, **(thing.get("spec") or {})}
    if spec["type"] != "ExternalName":
        spec = {"internalTrafficPolicy": "Cluster", **spec}
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec.get("ports"):
        spec["ports"] = [{"protocol": "TCP", "targetPort": port.get("port"), **port} for port in spec["ports"]]
    return {**thing, "spec": spec, "status": {"loadBalancer": {}, **(thing.get("status") or {})}}


def _namespace(thing: Object) -> Object:
    metadata = thing["metadata"]
    labels = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata.get("name", "")}
    spec = {"finalizers": ["kubernetes"], **(thing.get("spec") or {})}
    status = {"phase": "Active", **(thing.get("status") or {})}
    return {**thing, "metadata": {**metadata, "labels": labels}, "spec": spec, "status": status}


def _node(thing: Object) -> Object:
    """Clients expect the spec even of a node that has none."""
    spec = dict(thing.get("spec") or {})
    members = ("key", "value", "effect", "timeAdded")
    if spec.get("taints"):
        spec["taints"] = [{name: taint[name] for name in members if name in taint} for taint in spec["taints"]]
    return {**thing, "spec": spec}


def _secret(thing: Object) -> Object:
    """What is given as text is kept as data."""
    rest = {name: value for name, value in thing.items() if name != "stringData"}
    text = thing.get("stringData") or {}
    encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in text.items()}
    data = {**(thing.get("data") or {}), **encoded}
    return {"type": "Opaque", **rest, **({"data": data} if data else {})}


def _network_policy(thing: Object) -> Object:
    spec = thing.get("spec") or {}
    types = ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    return {**thing, "spec": {"policyTypes": types, "podSelector": {}, **spec}}


def _budget(thing: Object) -> Object:
    return {**thing, "spec": thing.get("spec") or {}}


def _binding(thing: Object) -> Object:
    subjects = [
        {"apiGroup": "" if one.get("kind") == "ServiceAccount" else _RBAC, **one} for one in thing.get("subjects") or []
    ]
    role = {"apiGroup": _RBAC, **(thing.get("roleRef") or {})}
    return {**thing, "roleRef": role, **({"subjects": subjects} if subjects else {})}


_FILLS: dict[Type, Callable[[Object], Object]] = {
    POD: pod,
    DEPLOYMENT: _deployment,
    REPLICA_SET: _replica_set,
    STATEFUL_SET: _stateful_set,
    DAEMON_SET: _daemon_set,
    SERVICE: _service,
    NAMESPACE: _namespace,
    NODE: _node,
    SECRET: _secret,
    NETWORK_POLICY: _network_policy,
    DISRUPTION_BUDGET: _budget,
    ROLE_BINDING: _binding,
    CLUSTER_ROLE_BINDING: _binding,
}
