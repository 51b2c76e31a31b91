# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connected clusters: RegisterCluster, DeregisterCluster. They are described and listed with the clusters of EKS.

Rules: the service model and https://docs.aws.amazon.com/eks/latest/userguide/connecting-cluster.html. No agent ever
activates one here, so each stays PENDING.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import timedelta
from typing import Any

from . import durations, idempotency
from .errors import ServiceError, in_use, limit_exceeded, not_found
from .operations import Call, operation
from .role_rules import require_connector_role
from .store import Resource
from .tags import require_allowed

ACTIVATION = timedelta(days=3)
""" "If the manifest isn't applied within three days ..." (service model)."""


@operation("RegisterCluster")
def register_cluster(call: Call) -> dict[str, Any]:
    """The activation code is in this answer alone: what DescribeCluster tells of it is not documented, so nobody may
    rely on it."""
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"cluster": earlier}
    name = call.parameters["name"]
    if name in call.region.clusters or name in call.region.connected_clusters:
        raise in_use(f"Cluster already exists with name: {name}", clusterName=name)
    if len(call.region.connected_clusters) >= call.quotas.connected_clusters:
        raise limit_exceeded(f"Connected cluster limit exceeded: {call.quotas.connected_clusters} per region")
    require_allowed(call.get("tags", {}))
    config = call.parameters["connectorConfig"]
    _require_known(call, config["roleArn"])
    require_connector_role(call, config["roleArn"])
    arn = call.region.arn(f"cluster/{name}")
    connector = {"activationId": str(uuid.uuid4()), "activationExpiry": call.now + ACTIVATION, **config}
    description = {
        "name": name,
        "arn": arn,
        "createdAt": call.now,
        "status": "PENDING",
        "connectorConfig": connector,
        "tags": dict(call.get("tags", {})),
    }
    call.region.connected_clusters[name] = Resource("connected_cluster", name, arn, description)
    answer = {**description, "connectorConfig": {**connector, "activationCode": secrets.token_urlsafe(15)}}
    idempotency.remember(call, answer)
    return {"cluster": answer}


@operation("DeregisterCluster")
def deregister_cluster(call: Call) -> dict[str, Any]:
    name = call.parameters["name"]
    connected = call.region.connected_clusters
    if name not in connected:
        if name in call.region.clusters:
            raise ServiceError("ClientException", f"Cluster {name} is not a connected cluster", clusterName=name)
        raise not_found(f"No cluster found for name: {name}.", clusterName=name)
    if connected[name].status == "DELETING":
        raise in_use(f"Cluster {name} is in DELETING status", clusterName=name)
    connected[name].status = "DELETING"
    call.timeline.after(durations.DEREGISTRATION, lambda: _forget(call, name))
    return {"cluster": connected[name].description}


def _forget(call: Call, name: str) -> None:
    arn = call.region.connected_clusters.pop(name).arn
    for key, (_unused, made) in list(call.region.tokens.items()):
        if isinstance(made, dict) and made["arn"] == arn:
            del call.region.tokens[key]


def _require_known(call: Call, role_arn: str) -> None:
    """A role that IAM has only just made is worth another try (service model, ResourcePropagationDelayException,
    428)."""
    if call.aws.is_propagating(role_arn):
        raise ServiceError(
            "ResourcePropagationDelayException", f"Role '{role_arn}' is propagating, please retry later."
        )
