# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Kubernetes API of a simulated cluster, and what a test puts into it."""

from __future__ import annotations

import yaml

from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Kubernetes
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.endpoint import Endpoint
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.token import make_token
from support.checkout import CHECKOUT
from support.surroundings import Surroundings


def api_of(aws: Surroundings, cluster: str = "prod") -> Kubernetes:
    """The API of a cluster, as its creator."""
    found = aws.eks.describe_cluster(name=cluster)["cluster"]
    sts = aws.client("sts")
    return Kubernetes(
        Endpoint(found["endpoint"], found["certificateAuthority"]["data"]), lambda: make_token(sts, cluster)
    )


def deploy_network_plugin(api: Kubernetes) -> None:
    """That of the demo, for nodes on premises, which are not Ready without."""
    body = yaml.safe_load((CHECKOUT / "extensions" / "demo" / "network_plugin.yml").read_text(encoding="utf-8"))
    api.create(f"/apis/apps/v1/namespaces/{body['metadata']['namespace']}/daemonsets", body)


def cluster_for_hosts(aws: Surroundings, name: str = "prod", version: str = "1.34") -> str:
    """An ACTIVE cluster with remote networks and a network plug-in for them, and the role ``NAME-hybrid`` of its nodes;
    returns the role's ARN."""
    networks = {"remoteNodeNetworks": [{"cidrs": ["10.80.0.0/16"]}]}
    aws.cluster(name, version=version, accessConfig={"authenticationMode": "API"}, remoteNetworkConfig=networks)
    deploy_network_plugin(api_of(aws, name))
    return aws.role("hybrid", f"{name}-hybrid")
