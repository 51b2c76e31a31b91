# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fargate: which pods it takes, and the node that it makes for each.

https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html, and "Considerations" of fargate.html beside it
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from ... import durations
from ..deleting import remove
from ..objects import Event, Object, Objects, name_of
from ..types import NODE, POD
from .context import Context, FargateProfile, Key, Subnet, controller_of
from .fargate_sizes import provisioned
from .pods import bound, leaving, with_conditions
from .recorder import record
from .scheduler import NAME as DEFAULT_SCHEDULER

NAME = "fargate-scheduler"
PROFILE = "eks.amazonaws.com/fargate-profile"
COMPUTE_TYPE = "eks.amazonaws.com/compute-type"
_PREFIX = "fargate-"


class Fargate:
    """Takes the new pods that a profile selects, and makes a node for each, that goes when its pod goes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._turn = 0
        self._addresses: Counter[str] = Counter()

    def concerns(self, event: Event) -> Iterator[Key]:
        if event.kind is not POD:
            return
        node = event.object["spec"].get("nodeName", "")
        if event.change == "ADDED" and not node:
            yield name_of(event.object)
        elif event.change == "DELETED" and node.startswith(_PREFIX):
            yield "", node

    def reconcile(self, key: Key) -> None:
        namespace, name = key
        if not namespace:
            self._dismiss(name)
            return
        pod = self._context.objects.find(POD, *key)
        profile = self._profile(pod) if pod else None
        if pod is None or profile is None:
            return
        pod = self._claim(pod, profile)
        problem = _unsupported(pod)
        if problem:
            self._refuse(pod, problem)
        else:
            self._context.after(durations.FARGATE_POD, lambda: self._run(pod, profile))

    def _profile(self, pod: Object) -> FargateProfile | None:
        """The profile that selects a pod: the one that its label names, or the first by name. DaemonSets' pods are
        for the nodes that they name."""
        owner = controller_of(pod) or {"kind": ""}
        chosen = pod["spec"].get("schedulerName", DEFAULT_SCHEDULER)
        if bound(pod) or leaving(pod) or owner["kind"] == "DaemonSet" or chosen != DEFAULT_SCHEDULER:
            return None
        selecting = sorted((one for one in self._context.profiles() if _selects(one, pod)), key=lambda one: one.name)
        named = (pod["metadata"].get("labels") or {}).get(PROFILE)
        return next((one for one in selecting if one.name == named), selecting[0] if selecting else None)

    def _claim(self, pod: Object, profile: FargateProfile) -> Object:
        """Mark a pod as EKS' admission webhook does."""
        metadata = pod["metadata"]
        metadata = {
            **metadata,
            "labels": {**(metadata.get("labels") or {}), PROFILE: profile.name},
            "annotations": {**(metadata.get("annotations") or {}), "CapacityProvisioned": provisioned(pod) or ""},
        }
        return self._context.objects.change(POD, pod, metadata=metadata, spec={**pod["spec"], "schedulerName": NAME})

    def _refuse(self, pod: Object, problem: str) -> None:
        message = f"Pod not supported on Fargate: {problem}"
        said = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        status = with_conditions(pod["status"], self._context.now, [said])
        self._context.objects.change(POD, pod, status=status)
        record(self._context, POD, pod, "Warning", "FailedScheduling", message, NAME)

    def _run(self, pod: Object, profile: FargateProfile) -> None:
        """Make a node for a pod that still wants one, and bind it there."""
        found = self._context.index.find(pod["metadata"]["uid"])
        current = found[1] if found else None
        offered = profile.name in {one.name for one in self._context.profiles()}
        if current is None or bound(current) or leaving(current) or not offered:
            return
        subnet = profile.subnets[self._turn % len(profile.subnets)]
        self._turn += 1
        node = self._context.objects.create(NODE, self._node(subnet))
        said = {"type": "PodScheduled", "status": "True"}
        status = with_conditions(current["status"], self._context.now, [said])
        spec = {**current["spec"], "nodeName": node["metadata"]["name"]}
        self._context.objects.change(POD, current, spec=spec, status=status)

    def _dismiss(self, node: str) -> None:
        if self._context.objects.find(NODE, "", node) and not self._context.index.pods_on(node):
            self._context.objects.remove(NODE, "", node)

    def _node(self, subnet: Subnet) -> Object:
        region = subnet.zone[:-1]
        address = self._address(subnet)
        domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
        host = f"ip-{address.replace('.', '-')}.{domain}"
        identity = hashlib.sha256(host.encode()).hexdigest()
        labels = {
            COMPUTE_TYPE: "fargate",
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": host,
            "kubernetes.io/os": "linux",
            "topology.kubernetes.io/region": region,
            "topology.kubernetes.io/zone": subnet.zone,
        }
        spec = {
            "providerID": f"aws:///{subnet.zone}/{identity[:10]}-{identity[10:42]}/{_PREFIX}{host}",
            "taints": [{"key": COMPUTE_TYPE, "value": "fargate", "effect": "NoSchedule"}],
        }
        status = self._status(address, host, identity)
        return {"metadata": {"name": f"{_PREFIX}{host}", "labels": labels}, "spec": spec, "status": status}

    def _status(self, address: str, host: str, identity: str) -> dict[str, Any]:
        """A Fargate node takes the one pod that it was made for, whatever its capacity says."""
        resources = {"cpu": "2", "ephemeral-storage": "30619Mi", "memory": "3884Mi", "pods": "1"}
        said = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": self._context.now}
        ready = with_conditions({}, self._context.now, [{**said, "message": "kubelet is posting ready status"}])
        return {
            "addresses": [
                {"type": "InternalIP", "address": address},
                {"type": "InternalDNS", "address": host},
                {"type": "Hostname", "address": host},
            ],
            "capacity": resources,
            "allocatable": resources,
            **ready,
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": identity[:32],
                "containerRuntimeVersion": "containerd://1.7.27",
                "kernelVersion": "5.10.234-225.910.amzn2.x86_64",
                "kubeProxyVersion": self._context.kubelet(),
                "kubeletVersion": self._context.kubelet(),
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": "Amazon Linux 2",
                "systemUUID": f"ec2{identity[:29]}",
            },
        }

    def _address(self, subnet: Subnet) -> str:
        """From the top of a subnet, downwards: instances are given addresses from its bottom."""
        self._addresses[subnet.cidr] += 1
        return str(ipaddress.ip_network(subnet.cidr)[-1 - self._addresses[subnet.cidr]])


def dismiss(objects: Objects, profile: str) -> None:
    """Delete the pods of a profile that goes. Others of their controllers may find another one."""
    for pod in objects.list(POD):
        if (pod["metadata"].get("labels") or {}).get(PROFILE) == profile:
            remove(objects, POD, pod, {})


def _selects(profile: FargateProfile, pod: Object) -> bool:
    """Whether a selector has the pod's namespace and only labels that it bears; `*` and `?` stand for any text."""
    labels = pod["metadata"].get("labels") or {}

    def bears(key: str, value: str) -> bool:
        return key in labels and fnmatchcase(labels[key], value)

    return any(
        fnmatchcase(pod["metadata"]["namespace"], selector["namespace"])
        and all(bears(*label) for label in (selector.get("labels") or {}).items())
        for selector in profile.selectors
    )


def _unsupported(pod: Object) -> str:
    """What of a pod Fargate does not support ("Privileged containers aren't supported", "can't specify HostPort or
    HostNetwork"), empty if it can run; and more than any of its sizes."""
    containers = [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or [])]
    if any((one.get("securityContext") or {}).get("privileged") for one in containers):
        return "invalid SecurityContext fields: Privileged"
    if pod["spec"].get("hostNetwork"):
        return "fields not supported: HostNetwork"
    if any(port.get("hostPort") for one in containers for port in one.get("ports") or []):
        return "fields not supported: HostPort"
    return "" if provisioned(pod) else "no Fargate configuration is large enough"
