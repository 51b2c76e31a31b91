# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes API of a simulated cluster, and what a test puts into it."""

from __future__ import annotations

from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Kubernetes
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.endpoint import Endpoint
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.token import make_token
from support.surroundings import Surroundings


def api_of(aws: Surroundings, cluster: str = "prod") -> Kubernetes:
    """The API of a cluster, as its creator."""
    found = aws.eks.describe_cluster(name=cluster)["cluster"]
    sts = aws.client("sts")
    return Kubernetes(
        Endpoint(found["endpoint"], found["certificateAuthority"]["data"]), lambda: make_token(sts, cluster)
    )


def deploy_network_plugin(api: Kubernetes) -> None:
    """The agent of Cilium as its chart deploys it for nodes on premises, which are not Ready without."""
    labels = {"k8s-app": "cilium"}
    terms = [{"key": "eks.amazonaws.com/compute-type", "operator": "In", "values": ["hybrid"]}]
    required = {"nodeSelectorTerms": [{"matchExpressions": terms}]}
    pod = {
        "hostNetwork": True,
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}},
        "tolerations": [{"operator": "Exists"}],
        "containers": [{"name": "cilium-agent", "image": "quay.io/cilium/cilium:v1.18.5"}],
    }
    template = {"metadata": {"labels": labels}, "spec": pod}
    body = {"metadata": {"name": "cilium"}, "spec": {"selector": {"matchLabels": labels}, "template": template}}
    api.create("/apis/apps/v1/namespaces/kube-system/daemonsets", body)
