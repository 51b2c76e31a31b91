# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes on premises: not Ready before a network plug-in runs there, which EKS does not bring along.

"Hybrid nodes appear with status Not Ready until a CNI is running"
(https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-cni.html). It may be Cilium or Calico, whose agents are
DaemonSets with these labels (install/kubernetes/cilium of github.com/cilium/cilium, node.go of
github.com/tigera/operator).
"""

from __future__ import annotations

from collections.abc import Iterator

from ... import durations
from ..objects import Event, Object, name_of
from ..types import NODE, POD
from .context import Context, Key, controller_of
from .pods import bound, condition, leaving, with_conditions

COMPUTE_TYPE = "eks.amazonaws.com/compute-type"
_AGENTS = ("cilium", "calico-node")
"""Values of the label k8s-app."""
_MISSING = "NetworkPluginNotReady"
_READY = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"}


class NetworkPlugins:
    """Makes a node on premises Ready soon after the agent of a network plug-in has started there. What the plug-in has
    set up stays on the machine, so that a node does not cease to be Ready with its agent."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._starting: set[str] = set()
        """The uids of the nodes whose network is being set up."""

    def concerns(self, event: Event) -> Iterator[Key]:
        if event.kind is NODE and event.change != "DELETED" and _waits(event.object):
            yield name_of(event.object)
        elif event.kind is POD and event.change != "DELETED" and bound(event.object) and _is_agent(event.object):
            yield "", event.object["spec"]["nodeName"]

    def reconcile(self, key: Key) -> None:
        node = self._context.objects.find(NODE, *key)
        if node is None or not self._can_start(node):
            return
        uid = node["metadata"]["uid"]
        if uid in self._starting:
            return
        self._starting.add(uid)

        def start() -> None:
            self._starting.discard(uid)
            found = self._context.objects.find(NODE, *key)
            if found and found["metadata"]["uid"] == uid and self._can_start(found):
                now = self._context.now
                status = with_conditions(found["status"], now, [{**_READY, "lastHeartbeatTime": now}])
                self._context.objects.change(NODE, found, status=status)

        self._context.after(durations.NODE_READY, start)

    def _can_start(self, node: Object) -> bool:
        pods = self._context.index.pods_on(node["metadata"]["name"])
        return _waits(node) and any(_is_agent(pod) and pod["status"].get("phase") == "Running" for pod in pods)


def _waits(node: Object) -> bool:
    """Whether a node on premises has a kubelet that waits for a network."""
    on_premises = (node["metadata"].get("labels") or {}).get(COMPUTE_TYPE) == "hybrid"
    return on_premises and _MISSING in condition(node, "Ready").get("message", "")


def _is_agent(pod: Object) -> bool:
    owner = controller_of(pod) or {"kind": ""}
    label = (pod["metadata"].get("labels") or {}).get("k8s-app")
    return owner["kind"] == "DaemonSet" and label in _AGENTS and not leaving(pod)
