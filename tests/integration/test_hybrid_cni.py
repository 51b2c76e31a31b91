# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network plug-in of nodes on premises: deployed by helm, again, and gone."""

from __future__ import annotations

from typing import Any

import pytest

from support.helm import Helm
from support.ledger import Ledger
from support.playbook import Playbook, Run
from support.surroundings import Surroundings

NETWORKS = {"remoteNodeNetworks": [{"cidrs": ["10.80.0.0/16"]}], "remotePodNetworks": [{"cidrs": ["10.85.0.0/16"]}]}
DEPLOY = {
    "name": "Deploy",
    "ansible.builtin.include_role": {"name": "flotilla.eks.hybrid_nodes", "tasks_from": "cni"},
}


def test_deployed_once_and_removed_when_asked(
    playbook: Playbook, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests
) -> None:
    aws.cluster(accessConfig={"authenticationMode": "API"}, remoteNetworkConfig=NETWORKS)
    ledger.clear()
    helm = Helm(playbook, "cilium", "1.18.5")
    common = {
        "eks_cluster_name": "prod",
        "hybrid_nodes_cni": "cilium",
        "hybrid_nodes_cni_values": {"operator": {"image": {"repository": "mirror/operator"}}},
    }

    def run(check: bool = False, fails: bool = False, **options: Any) -> Run:
        variables, environment = {**common, **options}, helm.environment
        return playbook.tasks(
            DEPLOY, variables=variables, environment=environment, check=check, fails=fails, warns=True
        )

    with subtests.test("check mode deploys nothing"):
        assert (run(check=True).changed, helm.changes) == (1, [])
    with subtests.test("deployed with the pod networks of the cluster, and again not"):
        assert run().changed == 1
        values = helm.values
        assert values["ipam"]["operator"]["clusterPoolIPv4PodCIDRList"] == ["10.85.0.0/16"]
        assert values["operator"]["image"] == {"repository": "mirror/operator"}
        assert values["operator"]["replicas"] == 1
        assert (run().changed, helm.changes) == (0, ["upgrade"])
    with subtests.test("a block of addresses that is too small is refused"):
        said = str(run(fails=True, hybrid_nodes_cni_pod_cidrs=["10.85.0.0/28"]).last["msg"])
        assert "pod network 10.85.0.0/28 has no room for a block of /25 for each node" in said
    with subtests.test("removed when asked"):
        assert run(hybrid_nodes_cni_state="absent").changed == 1
        assert helm.changes == ["upgrade", "uninstall"]
        assert ledger.writes("eks") == []
