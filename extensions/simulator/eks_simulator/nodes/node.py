# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Node object of an EC2 instance, as the kubelet registers it and the cloud controller completes it.

Labels and taints: https://kubernetes.io/docs/reference/labels-annotations-taints/; those of EKS's own:
https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html. Maximum of pods: the network plugin's formula
of interfaces and their addresses (choosing-instance-type.html).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from ..kubernetes.objects import Object

_NOT_READY = "node.kubernetes.io/not-ready"
_NETWORK_MISSING = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady"
    " message:Network plugin returns error: cni plugin not initialized"
)
_HEALTH = {
    "MemoryPressure": ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
}


@dataclass(frozen=True)
class Machine:
    """What of an instance shows on its Node. `hardware` is as DescribeInstanceTypes has it."""

    instance_id: str
    name: str
    address: str
    instance_type: str
    zone: str
    zone_id: str
    region: str
    hardware: dict[str, Any]

    @property
    def architecture(self) -> str:
        architectures = self.hardware.get("ProcessorInfo", {}).get("SupportedArchitectures", [])
        return "arm64" if "arm64" in architectures else "amd64"


@dataclass(frozen=True)
class Outfit:
    """What a kubelet is started with: its version, the operating system around it, and the node's labels and taints.
    `name` is empty and `max_pods` None where the instance decides."""

    kubelet: str
    system: str
    labels: dict[str, str] = field(default_factory=dict)
    taints: list[dict[str, str]] = field(default_factory=list)
    windows: bool = False
    name: str = ""
    max_pods: int | None = None


def new_node(machine: Machine, outfit: Outfit, now: str) -> Object:
    """A Node that has just registered, and is not ready. `now` is the moment as Kubernetes writes it."""
    return {
        "metadata": {
            "name": machine.name,
            "labels": _labels(machine, outfit),
            "annotations": {
                "alpha.kubernetes.io/provided-node-ip": machine.address,
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        },
        "spec": {
            "providerID": f"aws:///{machine.zone}/{machine.instance_id}",
            "taints": [*outfit.taints, {"key": _NOT_READY, "effect": "NoSchedule"}],
        },
        "status": {
            **_resources(machine.hardware, outfit.max_pods),
            "addresses": _addresses(machine),
            "conditions": conditions(now, ready=False),
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": _information(machine, outfit),
        },
    }


def conditions(now: str, ready: bool) -> list[Object]:
    """The conditions of a node whose kubelet is well, all of them changed `now`; its network may not be ready yet."""
    health = [_condition(kind, "False", *words, now) for kind, words in _HEALTH.items()]
    if ready:
        return [*health, _condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", now)]
    return [*health, _condition("Ready", "False", "KubeletNotReady", _NETWORK_MISSING, now)]


def unheard_of(now: str) -> list[Object]:
    """The conditions of a node whose kubelet says nothing any more."""
    silence = "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."
    return [_condition(kind, *silence, now) for kind in (*_HEALTH, "Ready")]


def _condition(kind: str, status: str, reason: str, message: str, now: str) -> Object:
    since = {"lastHeartbeatTime": now, "lastTransitionTime": now}
    return {"type": kind, "status": status, "reason": reason, "message": message, **since}


def _labels(machine: Machine, outfit: Outfit) -> dict[str, str]:
    system = "windows" if outfit.windows else "linux"
    return {
        "beta.kubernetes.io/arch": machine.architecture,
        "beta.kubernetes.io/instance-type": machine.instance_type,
        "beta.kubernetes.io/os": system,
        "failure-domain.beta.kubernetes.io/region": machine.region,
        "failure-domain.beta.kubernetes.io/zone": machine.zone,
        "kubernetes.io/arch": machine.architecture,
        "kubernetes.io/hostname": machine.name,
        "kubernetes.io/os": system,
        "node.kubernetes.io/instance-type": machine.instance_type,
        "topology.k8s.aws/zone-id": machine.zone_id,
        "topology.kubernetes.io/region": machine.region,
        "topology.kubernetes.io/zone": machine.zone,
        **outfit.labels,
    }


def _addresses(machine: Machine) -> list[dict[str, str]]:
    kinds = {"InternalIP": machine.address, "InternalDNS": machine.name, "Hostname": machine.name}
    return [{"type": kind, "address": address} for kind, address in kinds.items()]


def _resources(hardware: dict[str, Any], max_pods: int | None) -> dict[str, Any]:
    """What the node has, and what of it pods may use: kubelet and system keep some for themselves."""
    cpus = hardware.get("VCpuInfo", {}).get("DefaultVCpus", 2)
    memory = hardware.get("MemoryInfo", {}).get("SizeInMiB", 4096)
    pods = str(most_pods(hardware) if max_pods is None else max_pods)
    kept = 255 + 11 * int(pods)
    return {
        "capacity": {"cpu": str(cpus), "memory": f"{memory * 1000}Ki", "pods": pods, "ephemeral-storage": "20893676Ki"},
        "allocatable": {
            "cpu": f"{cpus * 1000 - 70}m",
            "memory": f"{memory * 1000 - (kept + 100) * 1024}Ki",
            "pods": pods,
            "ephemeral-storage": "18181869946",
        },
    }


def most_pods(hardware: dict[str, Any]) -> int:
    """How many pods the addresses of an instance suffice for; two more run in the host's network."""
    network = hardware.get("NetworkInfo", {})
    interfaces = network.get("MaximumNetworkInterfaces", 3)
    return int(interfaces * (network.get("Ipv4AddressesPerInterface", 6) - 1) + 2)


def _information(machine: Machine, outfit: Outfit) -> dict[str, str]:
    number = hashlib.sha256(machine.instance_id.encode()).hexdigest()
    return {
        "architecture": machine.architecture,
        "bootID": f"{number[:8]}-{number[8:12]}-4{number[13:16]}-8{number[17:20]}-{number[20:32]}",
        "containerRuntimeVersion": "containerd://2.1.4",
        "kernelVersion": "10.0.20348.4297" if outfit.windows else "6.12.46-66.121.amzn2023",
        "kubeProxyVersion": outfit.kubelet,
        "kubeletVersion": outfit.kubelet,
        "machineID": f"ec2{number[32:61]}",
        "operatingSystem": "windows" if outfit.windows else "linux",
        "osImage": outfit.system,
        "systemUUID": f"ec2{number[:5]}-{number[5:9]}-4{number[9:12]}-8{number[12:15]}-{number[15:27]}",
    }
