# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubelets: what is bound to a node runs there, and ends there.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ... import durations
from ..objects import Event, Object, name_of
from ..types import CONFIG_MAP, NODE, POD
from .context import Context, Key
from .pod_status import started, starting
from .pods import bound, condition, ended, leaving, ready, with_conditions
from .recorder import record

WINDOWS_ADDRESSES = ("kube-system", "amazon-vpc-cni")
"""The ConfigMap with the switch enable-windows-ipam: without it, pods on Windows get no addresses
(https://docs.aws.amazon.com/eks/latest/userguide/windows-support.html)."""
_NO_ADDRESS = (
    "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: plugin"
    ' type="vpc-bridge" name="vpc" failed (add): failed to parse Kubernetes args: pod does not have label'
    " vpc.amazonaws.com/PrivateIPv4Address"
)
"""As in https://github.com/aws/containers-roadmap/issues/1106."""


class Kubelets:
    """Starts the pods of nodes that are Ready, and ends those that are being deleted."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._busy: set[tuple[str, str]] = set()
        """What is under way already: a pod's uid, and the name of what happens to it."""
        self._addresses = 0

    def concerns(self, event: Event) -> Iterator[Key]:
        if event.kind is POD and event.change != "DELETED" and bound(event.object):
            yield name_of(event.object)
        elif event.kind is NODE and event.before and _health(event.before) != _health(event.object):
            yield from map(name_of, self._context.index.pods_on(event.object["metadata"]["name"]))
        elif event.kind is CONFIG_MAP and name_of(event.object) == WINDOWS_ADDRESSES:
            for node in filter(_is_windows, self._context.objects.list(NODE)):
                yield from map(name_of, self._context.index.pods_on(node["metadata"]["name"]))

    def reconcile(self, key: Key) -> None:
        pod = self._context.objects.find(POD, *key)
        node = self._node(pod) if pod else None
        if pod is None or node is None:
            return
        if leaving(pod):
            grace = pod["metadata"].get("deletionGracePeriodSeconds", 0)
            self._soon("end", pod, min(grace, durations.POD_END), self._end)
        elif pod["status"].get("phase") == "Running":
            self._keep_ready(pod, node)
        elif not ended(pod) and _takes(node, pod):
            if "startTime" not in pod["status"]:
                status = starting(pod, node, self._context.now)
                pod = self._context.objects.change(POD, pod, status=status)
            self._soon("start", pod, durations.POD_START, self._start)

    def _soon(self, what: str, pod: Object, seconds: float, action: Callable[[Object, Object], None]) -> None:
        """Do something to a pod in a while, if it and its node are still there then."""
        uid = pod["metadata"]["uid"]
        if (uid, what) in self._busy:
            return
        self._busy.add((uid, what))

        def act() -> None:
            self._busy.discard((uid, what))
            found = self._context.index.find(uid)
            node = self._node(found[1]) if found else None
            if found and node and _responds(node):
                action(found[1], node)

        self._context.after(seconds, act)

    def _start(self, pod: Object, node: Object) -> None:
        if leaving(pod) or not _takes(node, pod):
            return
        if _is_windows(node) and not self._windows_has_addresses() and not pod["spec"].get("hostNetwork"):
            record(self._context, POD, pod, "Warning", "FailedCreatePodSandBox", _NO_ADDRESS, "kubelet")
            return
        status = started(pod, self._address(pod, node), self._context.now)
        self._context.objects.change(POD, pod, status=status)
        for container in status["containerStatuses"]:
            waiting = container["state"].get("waiting")
            if waiting:
                record(self._context, POD, pod, "Warning", "Failed", waiting["message"], "kubelet")

    def _end(self, pod: Object, node: Object) -> None:
        """The containers have ended. What holds the pod back may have to go first."""
        if not pod["metadata"].get("finalizers"):
            self._context.objects.remove(POD, *name_of(pod))

    def _keep_ready(self, pod: Object, node: Object) -> None:
        """Nobody reaches a pod whose node is not Ready (https://kubernetes.io/docs/concepts/architecture/nodes/)."""
        works = str(_takes(node, pod))
        if condition(pod, "Ready").get("status") != works:
            said = {"type": "Ready", "status": works}
            status = with_conditions(pod["status"], self._context.now, [said])
            self._context.objects.change(POD, pod, status=status)

    def _address(self, pod: Object, node: Object) -> str:
        """The node's own, for a pod of its network or on Fargate; else one of a range of the VPC that is kept for pods
        (RFC 6598, as custom networking of the VPC CNI plugin has it)."""
        if pod["spec"].get("hostNetwork") or node["metadata"]["name"].startswith("fargate-"):
            return pod["status"]["hostIP"]
        self._addresses += 1
        rest, last = divmod(self._addresses, 250)
        return f"100.{64 + rest // 250}.{rest % 250}.{last + 4}"

    def _windows_has_addresses(self) -> bool:
        config = self._context.objects.find(CONFIG_MAP, *WINDOWS_ADDRESSES) or {}
        return (config.get("data") or {}).get("enable-windows-ipam") == "true"

    def _node(self, pod: Object) -> Object | None:
        return self._context.objects.find(NODE, "", pod["spec"].get("nodeName", ""))


def _is_windows(node: Object) -> bool:
    return (node["metadata"].get("labels") or {}).get("kubernetes.io/os") == "windows"


def _health(node: Object) -> str:
    return condition(node, "Ready").get("status", "Unknown")


def _responds(node: Object) -> bool:
    """Whether a kubelet is at work there."""
    return _health(node) != "Unknown"


def _takes(node: Object, pod: Object) -> bool:
    """Whether a pod can run there: those in the node's own network need not wait for the cluster's."""
    return ready(node) or (bool(pod["spec"].get("hostNetwork")) and _responds(node))
