# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pods leave a node when it is drained, and which of them only with the user's consent. Pure.

The rules are those of ``kubectl drain``.
https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Object
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused

MIRROR = "kubernetes.io/config.mirror"  # on what the API shows of a kubelet's static pod
OVER = ("Succeeded", "Failed")
NODE_GROUP = "eks.amazonaws.com/nodegroup"
# The options by which every module that drains is told how; the doc fragment evicting describes them.
EVICTING: Values = {
    "grace_period": {"type": "int"},
    "force": {"type": "bool", "default": False},
    "delete_emptydir_data": {"type": "bool", "default": False},
    "disable_eviction": {"type": "bool", "default": False},
}


@dataclass(frozen=True)
class Pod:
    """A pod as draining sees it. One that is ``leaving`` has been told to go."""

    namespace: str
    name: str
    uid: str
    node: str
    leaving: bool = False

    @property
    def path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods/{self.name}"

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Consent:
    """What the user agrees to lose: ``unmanaged`` pods, which nobody makes anew, and the data in emptyDir volumes."""

    unmanaged: bool = False
    local_data: bool = False


def consent_of(params: Mapping[str, Any]) -> Consent:
    """What a module's parameters agree to."""
    return Consent(unmanaged=params["force"], local_data=params["delete_emptydir_data"])


def pods_to_evict(pods: Iterable[Object], nodes: Sequence[str], consent: Consent) -> list[Pod]:
    """The pods on these nodes that have to go: all but those of DaemonSets and of the kubelet itself.

    Raises Refused if some would go only with a consent that is not given, and names them all.
    """
    bound = [pod for pod in pods if _node(pod) in nodes and not _stays(pod)]
    running = [pod for pod in bound if (pod.get("status") or {}).get("phase") not in OVER]
    unmanaged = [] if consent.unmanaged else [pod for pod in running if not _controller(pod)]
    local = [] if consent.local_data else [pod for pod in running if _keeps_data(pod)]
    reasons = []
    if unmanaged:
        reasons.append(f"nobody would make these pods anew: {_names(unmanaged)}; give force: true to lose them")
    if local:
        reasons.append(
            f"these pods would lose the data of their emptyDir volumes: {_names(local)}; give "
            "delete_emptydir_data: true to agree"
        )
    if reasons:
        raise Refused(". ".join(f"{reason[0].upper()}{reason[1:]}" for reason in reasons))
    return [_pod(pod) for pod in bound]


def chosen_nodes(nodes: Sequence[Object], wanted: Sequence[str]) -> list[Object]:
    """The nodes of these names, in this order. Raises Refused if some are not in the cluster."""
    known = {node["metadata"]["name"]: node for node in nodes}
    missing = [name for name in wanted if name not in known]
    if missing:
        raise Refused(f"nodes: {', '.join(missing)} not in the cluster; it has: {', '.join(known) or 'none'}")
    return [known[name] for name in dict.fromkeys(wanted)]


def selector(nodegroups: Sequence[str], labels: str) -> str:
    """The label selector for nodes of managed node groups, and for those that the user selects."""
    groups = f"{NODE_GROUP} in ({','.join(nodegroups)})" if nodegroups else ""
    return ",".join(part for part in (groups, labels) if part)


def cordoned(node: Object) -> bool:
    return bool((node.get("spec") or {}).get("unschedulable"))


def batches(names: Sequence[str], size: int) -> list[Sequence[str]]:
    return [names[start : start + size] for start in range(0, len(names), size)]


def _pod(pod: Object) -> Pod:
    metadata = pod["metadata"]
    return Pod(metadata["namespace"], metadata["name"], metadata["uid"], _node(pod), "deletionTimestamp" in metadata)


def _node(pod: Object) -> str:
    return (pod.get("spec") or {}).get("nodeName") or ""


def _stays(pod: Object) -> bool:
    controller = _controller(pod)
    return MIRROR in (pod["metadata"].get("annotations") or {}) or bool(
        controller and controller["kind"] == "DaemonSet"
    )


def _controller(pod: Object) -> Mapping[str, Any] | None:
    owners = pod["metadata"].get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), None)


def _keeps_data(pod: Object) -> bool:
    return any("emptyDir" in volume for volume in (pod.get("spec") or {}).get("volumes") or [])


def _names(pods: Iterable[Object]) -> str:
    return ", ".join(sorted(str(_pod(pod)) for pod in pods))
