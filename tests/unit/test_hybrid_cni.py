# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network plug-ins of nodes on premises: the values of their charts, and how their absence is told."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import advice
from ansible_collections.flotilla.eks.plugins.plugin_utils._hybrid_cni import CniError, hybrid_cni_values
from eks_simulator.nodes.node import conditions

NETWORKS = {"remote_pod_networks": [{"cidrs": ["10.85.0.0/16"]}, {"cidrs": ["10.86.0.0/20"]}]}
CLUSTER = {"name": "prod", "remote_network_config": NETWORKS}
HYBRID = {"eks.amazonaws.com/compute-type": "hybrid"}


def test_cilium_runs_on_premises_alone_with_the_remote_pod_networks() -> None:
    values = hybrid_cni_values(CLUSTER, "cilium")
    for affinity in (values["affinity"], values["operator"]["affinity"]):
        terms = affinity["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        [expression] = terms[0]["matchExpressions"]
        assert {expression["key"]: expression["values"]} == {key: [value] for key, value in HYBRID.items()}
    pool = {"clusterPoolIPv4PodCIDRList": ["10.85.0.0/16", "10.86.0.0/20"], "clusterPoolIPv4MaskSize": 25}
    assert values["ipam"] == {"mode": "cluster-pool", "operator": pool}
    operator = values["operator"]
    assert (operator["replicas"], operator["unmanagedPodWatcher"]) == (1, {"restart": False})
    assert all("key" in toleration for toleration in operator["tolerations"])
    assert values["envoy"] == {"enabled": False}


def test_calico_has_a_pool_by_vxlan_for_each_network() -> None:
    installation = hybrid_cni_values(CLUSTER, "calico", pod_cidrs=["10.85.0.0/16"], mask_size=26)["installation"]
    network = installation["calicoNetwork"]
    assert network["bgp"] == "Disabled"
    [pool] = network["ipPools"]
    assert (pool["cidr"], pool["blockSize"], pool["encapsulation"]) == ("10.85.0.0/16", 26, "VXLAN")
    assert pool["nodeSelector"] == 'eks.amazonaws.com/compute-type == "hybrid"'
    assert installation["calicoNodeDaemonSet"]["spec"]["template"]["spec"]["nodeSelector"] == HYBRID


@pytest.mark.parametrize(
    ("cluster", "options", "reason"),
    [
        ({"name": "prod"}, {}, "cluster prod has no remote pod networks"),
        (CLUSTER, {"mask_size": 18}, "hybrid_nodes_cni_mask_size: found 18, wanted 20 to 32"),
        (
            CLUSTER,
            {"pod_cidrs": ["10.85.0.0/26"]},
            "pod network 10.85.0.0/26 has no room for a block of /25 for each node",
        ),
        (CLUSTER, {"pod_cidrs": ["10.85.0.9/16"]}, "has host bits set"),
        (CLUSTER, {"cni": "flannel"}, "found 'flannel', wanted cilium or calico"),
    ],
)
def test_what_cannot_be_is_told(cluster: dict[str, Any], options: dict[str, Any], reason: str) -> None:
    with pytest.raises(CniError, match=reason):
        hybrid_cni_values(cluster, **{"cni": "cilium", **options})


def node(labels: dict[str, str], ready: bool = False) -> dict[str, Any]:
    told = conditions("2026-01-01T00:00:00Z", ready=ready)
    return {"metadata": {"name": "edge-1", "labels": labels}, "status": {"conditions": told}}


def test_a_node_that_waits_for_its_network_is_told_from_others() -> None:
    assert "deploy Cilium or Calico" in str(advice(node(HYBRID)))
    assert "pods of aws-node" in str(advice(node({})))
    assert advice(node(HYBRID, ready=True)) is None
    ill = node(HYBRID)
    ill["status"]["conditions"][-1]["message"] = "PLEG is not healthy"
    assert advice(ill) is None
    assert advice({"metadata": {"name": "edge-1"}}) is None
