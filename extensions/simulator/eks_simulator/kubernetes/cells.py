# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the columns of `kubectl get` say of each type, between name and age."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from . import selectors
from .objects import Object, member
from .types import (
    CLUSTER_ROLE_BINDING,
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    EVENT,
    INGRESS,
    LEASE,
    NAMESPACE,
    NETWORK_POLICY,
    NODE,
    POD,
    REPLICA_SET,
    ROLE_BINDING,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    Type,
)


@dataclass(frozen=True)
class Cell:
    """A column; a `wide` one is for `-o wide`."""

    name: str
    show: Callable[[Object, datetime], Any]
    type: str = "string"
    wide: bool = False


def age(since: str, now: datetime) -> str:
    """A span as kubectl writes it: 45s, 3m12s, 47m, 5h, 3d."""
    began = datetime.strptime(since, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    seconds = max(0, int((now - began).total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m" + (f"{seconds % 60}s" if seconds % 60 else "")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h" + (f"{minutes % 60}m" if minutes % 60 else "")
    if hours < 48:
        return f"{hours}h"
    return f"{days}d" + (f"{hours % 24}h" if days < 8 and hours % 24 else "")


def _member(path: str, otherwise: Any = "<none>") -> Callable[[Object, datetime], Any]:
    """The cell of a member, by its path."""

    def show(thing: Object, now: datetime) -> Any:
        value = member(thing, path)
        return otherwise if value in (None, "") else value

    return show


def _count(path: str) -> Cell:
    names = {"readyReplicas": "Ready", "replicas": "Current"}
    return Cell(names[path], _member(f"status.{path}", 0), "integer")


def _size(*members: str) -> Callable[[Object, datetime], int]:
    return lambda thing, now: sum(len(thing.get(member) or ()) for member in members)


def _template(member: str) -> Callable[[Object, datetime], str]:
    def show(thing: Object, now: datetime) -> str:
        return ",".join(container[member] for container in thing["spec"]["template"]["spec"]["containers"])

    return show


def _selector(thing: Object, now: datetime) -> str:
    selector = thing.get("spec", {}).get("selector") or {}
    plain = selector if set(selector) - {"matchLabels", "matchExpressions"} else None
    return selectors.text({"matchLabels": plain} if plain else selector) or "<none>"


def _of_desired(thing: Object, now: datetime) -> str:
    return f"{thing.get('status', {}).get('readyReplicas', 0)}/{thing['spec'].get('replicas', 1)}"


def _node_status(thing: Object, now: datetime) -> str:
    ready = [one.get("status") for one in member(thing, "status.conditions") or [] if one.get("type") == "Ready"]
    state = {"True": "Ready", "False": "NotReady"}.get(ready[0], "NotReady") if ready else "Unknown"
    return f"{state},SchedulingDisabled" if thing.get("spec", {}).get("unschedulable") else state


def _node_roles(thing: Object, now: datetime) -> str:
    prefix = "node-role.kubernetes.io/"
    labels = thing["metadata"].get("labels") or {}
    return ",".join(sorted(name.removeprefix(prefix) for name in labels if name.startswith(prefix))) or "<none>"


def _address(kind: str) -> Callable[[Object, datetime], str]:
    def show(thing: Object, now: datetime) -> str:
        addresses = member(thing, "status.addresses") or []
        return next((one.get("address", "") for one in addresses if one.get("type") == kind), "<none>")

    return show


def _containers(thing: Object) -> list[dict[str, Any]]:
    return list(thing.get("status", {}).get("containerStatuses") or [])


def _pod_ready(thing: Object, now: datetime) -> str:
    return f"{sum(one['ready'] for one in _containers(thing))}/{len(thing['spec']['containers'])}"


def _pod_status(thing: Object, now: datetime) -> str:
    """What hurts most: deletion, a container's trouble, the pod's reason, its phase."""
    if "deletionTimestamp" in thing["metadata"]:
        return "Terminating"
    for one in _containers(thing):
        for state in ("waiting", "terminated"):
            reason = one.get("state", {}).get(state, {}).get("reason")
            if reason:
                return str(reason)
    status = thing.get("status", {})
    return str(status.get("reason") or status.get("phase", "Pending"))


def _pod_restarts(thing: Object, now: datetime) -> str:
    return str(sum(one["restartCount"] for one in _containers(thing)))


def _ports(thing: Object, now: datetime) -> str:
    def one(port: dict[str, Any]) -> str:
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        return f"{port['port']}{node}/{port.get('protocol', 'TCP')}"

    return ",".join(map(one, thing["spec"].get("ports") or [])) or "<none>"


def _external_address(thing: Object, now: datetime) -> str:
    spec = thing["spec"]
    if spec.get("type") == "ExternalName":
        return str(spec["externalName"])
    if spec.get("type") != "LoadBalancer":
        return ",".join(spec.get("externalIPs") or []) or "<none>"
    ingress = thing.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    return ",".join(one.get("hostname") or one["ip"] for one in ingress) or "<pending>"


def _bound_role(thing: Object, now: datetime) -> str:
    return f"{thing['roleRef']['kind']}/{thing['roleRef']['name']}"


def _event_age(thing: Object, now: datetime) -> str:
    return age(thing.get("lastTimestamp") or thing["metadata"]["creationTimestamp"], now)


def _involved(thing: Object, now: datetime) -> str:
    involved = thing.get("involvedObject") or {}
    return f"{involved.get('kind', '').lower()}/{involved.get('name', '')}"


def _hosts(thing: Object, now: datetime) -> str:
    return ",".join(rule.get("host", "*") for rule in member(thing, "spec.rules") or []) or "*"


def _pod_selector(thing: Object, now: datetime) -> str:
    return selectors.text(thing["spec"]["podSelector"]) or "<none>"


_MADE = (
    Cell("Containers", _template("name"), wide=True),
    Cell("Images", _template("image"), wide=True),
    Cell("Selector", _selector, wide=True),
)
_NAME = Cell("Name", lambda thing, now: thing["metadata"]["name"])
_AGE = Cell("Age", lambda thing, now: age(thing["metadata"]["creationTimestamp"], now))


def columns(kind: Type) -> tuple[Cell, ...]:
    """All of a type: the name, what is said of it, the age, and then the wide ones."""
    if kind in _WHOLE:
        return _WHOLE[kind]
    said = _SAID.get(kind, ())
    return (_NAME, *(cell for cell in said if not cell.wide), _AGE, *(cell for cell in said if cell.wide))


_SAID: dict[Type, tuple[Cell, ...]] = {
    NAMESPACE: (Cell("Status", _member("status.phase")),),
    POD: (
        Cell("Ready", _pod_ready),
        Cell("Status", _pod_status),
        Cell("Restarts", _pod_restarts),
        Cell("IP", _member("status.podIP"), wide=True),
        Cell("Node", _member("spec.nodeName"), wide=True),
        Cell("Nominated Node", _member("status.nominatedNodeName"), wide=True),
        Cell("Readiness Gates", lambda thing, now: "<none>", wide=True),
    ),
    SERVICE: (
        Cell("Type", _member("spec.type")),
        Cell("Cluster-IP", _member("spec.clusterIP")),
        Cell("External-IP", _external_address),
        Cell("Port(s)", _ports),
        Cell("Selector", _selector, wide=True),
    ),
    CONFIG_MAP: (Cell("Data", _size("data", "binaryData"), "integer"),),
    SECRET: (Cell("Type", _member("type")), Cell("Data", _size("data"), "integer")),
    SERVICE_ACCOUNT: (Cell("Secrets", _size("secrets"), "integer"),),
    DEPLOYMENT: (
        Cell("Ready", _of_desired),
        Cell("Up-to-date", _member("status.updatedReplicas", 0), "integer"),
        Cell("Available", _member("status.availableReplicas", 0), "integer"),
        *_MADE,
    ),
    REPLICA_SET: (
        Cell("Desired", _member("spec.replicas", 1), "integer"),
        _count("replicas"),
        _count("readyReplicas"),
        *_MADE,
    ),
    STATEFUL_SET: (Cell("Ready", _of_desired), *_MADE[:2]),
    DAEMON_SET: (
        Cell("Desired", _member("status.desiredNumberScheduled", 0), "integer"),
        Cell("Current", _member("status.currentNumberScheduled", 0), "integer"),
        Cell("Ready", _member("status.numberReady", 0), "integer"),
        Cell("Up-to-date", _member("status.updatedNumberScheduled", 0), "integer"),
        Cell("Available", _member("status.numberAvailable", 0), "integer"),
        *_MADE,
    ),
    DISRUPTION_BUDGET: (
        Cell("Min Available", _member("spec.minAvailable", "N/A")),
        Cell("Max Unavailable", _member("spec.maxUnavailable", "N/A")),
        Cell("Allowed Disruptions", _member("status.disruptionsAllowed", 0), "integer"),
    ),
    INGRESS: (Cell("Class", _member("spec.ingressClassName")), Cell("Hosts", _hosts)),
    NETWORK_POLICY: (Cell("Pod-Selector", _pod_selector),),
    CLUSTER_ROLE_BINDING: (Cell("Role", _bound_role),),
    ROLE_BINDING: (Cell("Role", _bound_role),),
    LEASE: (Cell("Holder", _member("spec.holderIdentity", "")),),
}
_WHOLE: dict[Type, tuple[Cell, ...]] = {
    NODE: (
        _NAME,
        Cell("Status", _node_status),
        Cell("Roles", _node_roles),
        _AGE,
        Cell("Version", _member("status.nodeInfo.kubeletVersion", "")),
        Cell("Internal-IP", _address("InternalIP"), wide=True),
        Cell("External-IP", _address("ExternalIP"), wide=True),
        Cell("OS-Image", _member("status.nodeInfo.osImage", "<unknown>"), wide=True),
        Cell("Kernel-Version", _member("status.nodeInfo.kernelVersion", "<unknown>"), wide=True),
        Cell("Container-Runtime", _member("status.nodeInfo.containerRuntimeVersion", "<unknown>"), wide=True),
    ),
    EVENT: (
        Cell("Last Seen", _event_age),
        Cell("Type", _member("type")),
        Cell("Reason", _member("reason")),
        Cell("Object", _involved),
        Cell("Message", _member("message", "")),
    ),
}
"""Those of another order."""
