# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in a cluster without its users' doing: the objects of its own, and those of add-ons.

Names and kinds: `kubectl get all -A` of new clusters, and
https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html. Of each add-on its workloads are
here, with what decides where they run, and not what they are configured with.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..kubernetes.defaults import defaulted
from ..kubernetes.deleting import remove
from ..kubernetes.objects import Object, Objects
from ..kubernetes.types import (
    DAEMON_SET,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    NAMESPACE,
    SERVICE,
    SERVICE_ACCOUNT,
    Type,
)

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_REGISTRY = "602401143452.dkr.ecr"
_DNS = "kube-dns"
_SYSTEM = {"priorityClassName": "system-cluster-critical"}
_EVERYWHERE = {"priorityClassName": "system-node-critical", "tolerations": [{"operator": "Exists"}]}
_ON_NODES = {
    "nodeSelectorTerms": [
        {
            "matchExpressions": [
                {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
                {"key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": ["fargate", "hybrid", "auto"]},
            ]
        }
    ]
}
"""DaemonSets stay away from what AWS runs itself."""
_ON_LINUX = {"kubernetes.io/os": "linux"}
"""What serves the cluster runs on Linux alone: "clusters must contain one or more Linux or Fargate nodes to run core
system Pods" (https://docs.aws.amazon.com/eks/latest/userguide/windows-support.html)."""
_PATIENT = [
    {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
    {"key": "CriticalAddonsOnly", "operator": "Exists"},
]


@dataclass(frozen=True)
class Workload:
    """A Deployment of so many `replicas`, or a DaemonSet; `cpu` and `memory` is what its container asks for. Service
    account and label are of its own name, unless they are given."""

    name: str
    image: str
    spec: Mapping[str, Any]
    replicas: int = 0
    account: str = ""
    label: str = ""
    cpu: str = "10m"
    memory: str = "40Mi"

    @property
    def kind(self) -> Type:
        return DEPLOYMENT if self.replicas else DAEMON_SET


_SOFTWARE: dict[str, tuple[Workload, ...]] = {
    "vpc-cni": (Workload("aws-node", "amazon-k8s-cni", {**_EVERYWHERE, "hostNetwork": True}, cpu="50m"),),
    "kube-proxy": (Workload("kube-proxy", "eks/kube-proxy", {**_EVERYWHERE, "hostNetwork": True}, cpu="100m"),),
    "coredns": (
        Workload(
            "coredns",
            "eks/coredns",
            {**_SYSTEM, "tolerations": _PATIENT},
            replicas=2,
            label=_DNS,
            cpu="100m",
            memory="70Mi",
        ),
    ),
    "eks-pod-identity-agent": (
        Workload("eks-pod-identity-agent", "eks/eks-pod-identity-agent", {**_EVERYWHERE, "hostNetwork": True}),
    ),
    "aws-ebs-csi-driver": (
        Workload("ebs-csi-controller", "eks/aws-ebs-csi-driver", _SYSTEM, 2, "ebs-csi-controller-sa"),
        Workload("ebs-csi-node", "eks/aws-ebs-csi-driver", _EVERYWHERE, account="ebs-csi-node-sa"),
    ),
    "aws-efs-csi-driver": (
        Workload("efs-csi-controller", "eks/aws-efs-csi-driver", _SYSTEM, 2, "efs-csi-controller-sa"),
        Workload("efs-csi-node", "eks/aws-efs-csi-driver", _EVERYWHERE, account="efs-csi-node-sa"),
    ),
    "metrics-server": (Workload("metrics-server", "eks/metrics-server", _SYSTEM, 2, cpu="100m", memory="200Mi"),),
    "amazon-cloudwatch-observability": (
        Workload("amazon-cloudwatch-observability-controller-manager", "cloudwatch-agent-operator", {}, 1),
        Workload("cloudwatch-agent", "cloudwatch-agent", {}, account="cloudwatch-agent", cpu="250m", memory="128Mi"),
        Workload("fluent-bit", "aws-for-fluent-bit", {}, account="cloudwatch-agent", cpu="50m", memory="25Mi"),
    ),
}
_PLACEMENT = ("nodeSelector", "tolerations")


def furnish(objects: Objects, service_cidr: str) -> None:
    """Put in place what a new cluster has before anything is installed in it: its namespaces, and the services of the
    API server and of DNS, which have the first and the tenth address of the services' range
    (https://docs.aws.amazon.com/eks/latest/userguide/view-kubernetes-resources.html and the flag --cluster-dns)."""
    for name in NAMESPACES:
        objects.create(NAMESPACE, defaulted(NAMESPACE, {"metadata": {"name": name}}))
    network = ipaddress.ip_network(service_cidr)
    https = [{"name": "https", "port": 443, "targetPort": 443}]
    dns = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53}]
    objects.create(SERVICE, _service("kubernetes", "default", str(network[1]), https))
    objects.create(SERVICE, _service(_DNS, "kube-system", str(network[10]), dns, {"k8s-app": _DNS}))


def install(
    objects: Objects, region: str, addon: str, version: str, namespace: str, values: Mapping[str, Any] | None = None
) -> None:
    """Install the software of an add-on, or bring it to a version and configuration."""
    if objects.find(NAMESPACE, "", namespace) is None:
        objects.create(NAMESPACE, defaulted(NAMESPACE, {"metadata": {"name": namespace}}))
    for workload in _SOFTWARE.get(addon, ()):
        image = f"{_REGISTRY}.{region}.amazonaws.com/{workload.image}:{version}"
        for kind, thing in _objects_of(workload, namespace, image, values or {}):
            found = objects.find(kind, namespace, thing["metadata"]["name"])
            if found is None:
                objects.create(kind, thing)
            elif "spec" in thing:
                objects.change(kind, found, spec=thing["spec"])


def uninstall(objects: Objects, addon: str, namespace: str) -> None:
    """Take the software of an add-on away."""
    for workload in _SOFTWARE.get(addon, ()):
        for kind, thing in _objects_of(workload, namespace, "", {}):
            found = objects.find(kind, namespace, thing["metadata"]["name"])
            if found is not None:
                remove(objects, kind, found, {})


def _objects_of(
    workload: Workload, namespace: str, image: str, values: Mapping[str, Any]
) -> list[tuple[Type, dict[str, Any]]]:
    """Its service account, the workload itself, and a budget if losing all of its pods at once would hurt."""
    labels = {"k8s-app": workload.label or workload.name}
    selector = {"selector": {"matchLabels": labels}}
    metadata = {"name": workload.name, "namespace": namespace, "labels": labels}
    account = workload.account or workload.name
    template = {"metadata": {"labels": labels}, "spec": _pod_spec(workload, account, image, values)}
    spec: dict[str, Any] = {**selector, "template": template}
    made: list[tuple[Type, dict[str, Any]]] = [
        (SERVICE_ACCOUNT, {"metadata": {"name": account, "namespace": namespace}})
    ]
    if workload.kind is DEPLOYMENT:
        spec |= {"replicas": _replicas(workload, values), "strategy": {"rollingUpdate": {"maxUnavailable": 1}}}
    made.append((workload.kind, defaulted(workload.kind, {"metadata": metadata, "spec": spec})))
    if workload.replicas > 1:
        made.append((DISRUPTION_BUDGET, {"metadata": metadata, "spec": {**selector, "maxUnavailable": 1}}))
    return made


def _pod_spec(workload: Workload, account: str, image: str, values: Mapping[str, Any]) -> dict[str, Any]:
    asked = {"requests": {"cpu": workload.cpu, "memory": workload.memory}}
    container = {"name": workload.name, "image": image, "resources": values.get("resources", asked)}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": _ON_NODES}}
    return {
        **workload.spec,
        **({"affinity": affinity} if workload.kind is DAEMON_SET else {"nodeSelector": _ON_LINUX}),
        **{name: values[name] for name in _PLACEMENT if name in values},
        "serviceAccountName": account,
        "containers": [container],
    }


def _replicas(workload: Workload, values: Mapping[str, Any]) -> int:
    """By the member of the configuration that the add-on has for them."""
    controller = values.get("controller") or {}
    given = values.get("replicaCount", values.get("replicas", controller.get("replicaCount")))
    return workload.replicas if given is None else int(given)


def _service(
    name: str, namespace: str, address: str, ports: list[dict[str, Any]], selector: dict[str, str] | None = None
) -> Object:
    family = "IPv6" if ":" in address else "IPv4"
    addressed = {"clusterIP": address, "clusterIPs": [address], "ipFamilies": [family], "ipFamilyPolicy": "SingleStack"}
    spec = {**addressed, "ports": ports, **({"selector": selector} if selector else {})}
    return defaulted(SERVICE, {"metadata": {"name": name, "namespace": namespace}, "spec": spec})
