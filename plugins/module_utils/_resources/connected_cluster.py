# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Kubernetes cluster from elsewhere that EKS shows. It is described and listed with the clusters of EKS."""

from __future__ import annotations

from ansible_collections.flotilla.eks.plugins.module_utils._model import (
    Advice,
    Hooks,
    Lifecycle,
    Resource,
    Values,
    struct,
    text,
)
from ansible_collections.flotilla.eks.plugins.module_utils._resources._rules import name_problems, role_arn_problems

PROVIDERS = ("EKS_ANYWHERE", "ANTHOS", "GKE", "AKS", "OPENSHIFT", "TANZU", "RANCHER", "EC2", "OTHER")
ACTIVATION_CODE = "connector_config.activation_code"


def check(desired: Values, observed: Values | None) -> list[str]:
    return [*name_problems(desired["name"], longest=100), *role_arn_problems(desired, "connector_config.role_arn")]


def belongs(described: Values) -> bool:
    """Only connected clusters have a connector (service model, Cluster)."""
    return bool(described.get("connector_config"))


CONNECTED_CLUSTER = Resource(
    kind="connected_cluster",
    label="connected cluster",
    api="Cluster",
    verbs={"create": "RegisterCluster", "delete": "DeregisterCluster"},
    identity={"name": ("name",)},
    listing="clusters",
    asks={"include": ["all"]},
    answer="cluster",
    members=("name", "arn", "created_at", "version", "status", "connector_config", "health", "tags"),
    arn="arn",
    secret=(ACTIVATION_CODE,),
    told_once=(ACTIVATION_CODE,),
    required=("connector_config",),
    options=struct(
        connector_config=struct(role_arn=text(required=True), provider=text(*PROVIDERS, required=True)),
    ),
    lifecycle=Lifecycle(resting=frozenset({"ACTIVE", "PENDING"})),
    replaceable=True,
    wait_timeout=600,
    advice=(
        Advice("[Rr]ole", "connector_config.role_arn", "give a role that exists and that ssm.amazonaws.com may assume"),
    ),
    hooks=Hooks(check=check, belongs=belongs),
)
