# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of the Helm chart that brings a network plug-in to nodes on premises. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

COMPUTE_TYPE = "eks.amazonaws.com/compute-type"
HYBRID = {COMPUTE_TYPE: "hybrid"}
MASKS = (20, 32)
"""What Calico takes (https://docs.tigera.io/calico/latest/reference/resources/ippool)."""


class CniError(ValueError):
    """There are no values for what is asked."""


def hybrid_cni_values(
    cluster: Mapping[str, Any], cni: str, *, pod_cidrs: Sequence[str] | None = None, mask_size: int = 25
) -> dict[str, Any]:
    """The values for ``cni``, "cilium" or "calico": on nodes on premises alone, with addresses of ``pod_cidrs``, or
    else of the remote pod networks of ``cluster``, as cluster_info returns it. A node gets a block of ``mask_size``.

    https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-cni.html, and for Calico
    https://github.com/aws-samples/eks-hybrid-examples. Raises CniError.
    """
    if cni not in _VALUES:
        raise CniError(f"network plug-in: found {cni!r}, wanted {' or '.join(_VALUES)}")
    cidrs = list(pod_cidrs or _remote_pod_networks(cluster))
    wrong = list(_problems(str(cluster.get("name")), cidrs, mask_size))
    if wrong:
        raise CniError("; ".join(wrong))
    return _VALUES[cni](cidrs, mask_size)


def _remote_pod_networks(cluster: Mapping[str, Any]) -> list[str]:
    networks = (cluster.get("remote_network_config") or {}).get("remote_pod_networks") or []
    return [cidr for network in networks for cidr in network.get("cidrs") or []]


def _problems(name: str, cidrs: Sequence[str], mask_size: int) -> Iterator[str]:
    if not cidrs:
        yield (
            f"cluster {name} has no remote pod networks, so nobody knows which addresses pods on premises get: set "
            "remote_network_config.remote_pod_networks of the cluster, or hybrid_nodes_cni_pod_cidrs if pods are to be "
            "hidden behind their nodes"
        )
    least, most = MASKS
    if not least <= mask_size <= most:
        yield f"hybrid_nodes_cni_mask_size: found {mask_size}, wanted {least} to {most}"
    for cidr in cidrs:
        try:
            network = ipaddress.IPv4Network(cidr)
        except ValueError as error:
            yield f"pod network {cidr}: {error}; wanted a block of IPv4 such as 10.85.0.0/16"
            continue
        if network.prefixlen > mask_size:
            yield (
                f"pod network {cidr} has no room for a block of /{mask_size} for each node: set "
                "hybrid_nodes_cni_mask_size"
            )


def _cilium(cidrs: Sequence[str], mask_size: int) -> dict[str, Any]:
    term = {"matchExpressions": [{"key": COMPUTE_TYPE, "operator": "In", "values": ["hybrid"]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}
    # By default the operator tolerates every taint, and so comes back at once to a node that is being drained.
    needed = ("node.kubernetes.io/not-ready", "node.cilium.io/agent-not-ready")
    return {
        "affinity": affinity,
        "ipam": {
            "mode": "cluster-pool",
            "operator": {"clusterPoolIPv4PodCIDRList": list(cidrs), "clusterPoolIPv4MaskSize": mask_size},
        },
        "operator": {
            "affinity": affinity,
            "replicas": 1,
            "tolerations": [{"key": key, "operator": "Exists"} for key in needed],
            "unmanagedPodWatcher": {"restart": False},  # it would restart pods of nodes in AWS
        },
        "envoy": {"enabled": False},
    }


def _calico(cidrs: Sequence[str], mask_size: int) -> dict[str, Any]:
    pool = {
        "blockSize": mask_size,
        "encapsulation": "VXLAN",
        "natOutgoing": "Enabled",
        "nodeSelector": f'{COMPUTE_TYPE} == "hybrid"',
    }
    placed = {"spec": {"template": {"spec": {"nodeSelector": HYBRID}}}}
    return {
        "installation": {
            "enabled": True,
            "cni": {"type": "Calico", "ipam": {"type": "Calico"}},
            "calicoNetwork": {"bgp": "Disabled", "ipPools": [{"cidr": cidr, **pool} for cidr in cidrs]},
            "controlPlaneReplicas": 1,
            "controlPlaneNodeSelector": HYBRID,
            "calicoNodeDaemonSet": placed,
            "csiNodeDriverDaemonSet": placed,
            "calicoKubeControllersDeployment": placed,
            "typhaDeployment": placed,
        },
        # What no node needs to be Ready.
        "apiServer": {"enabled": False},
        "goldmane": {"enabled": False},
        "whisker": {"enabled": False},
    }


_VALUES: dict[str, Callable[[Sequence[str], int], dict[str, Any]]] = {"cilium": _cilium, "calico": _calico}
