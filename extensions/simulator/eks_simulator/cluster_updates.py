# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UpdateClusterConfig, AssociateEncryptionConfig.

UpdateClusterConfig carries one category of change per call, as the UpdateType enum lists them and eksctl sends them;
a call that mixes categories is refused. What a call does not mention keeps its value.
"""

from __future__ import annotations

from typing import Any

from . import durations, idempotency
from .cluster_config import CATEGORIES, category_of
from .cluster_rules import require_active, require_encryption
from .errors import invalid_parameter, invalid_request
from .lifecycle import being_updated, refuse_if_busy
from .operations import Call, operation


@operation("UpdateClusterConfig")
def update_cluster_config(call: Call) -> dict[str, Any]:
    cluster = call.cluster()
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"update": earlier.description}
    kind = category_of(call)
    refuse_if_busy(cluster, cluster, kind)
    require_active(cluster)
    category = CATEGORIES[kind]
    sections = category.plan(call, cluster)
    if all(cluster.description.get(name) == value for name, value in sections.items()):
        raise invalid_parameter("No changes detected in the provided configuration", clusterName=cluster.name)
    update = being_updated(
        call,
        cluster,
        cluster,
        kind,
        category.reported(call),
        category.seconds,
        lambda: cluster.description.update(sections),
    )
    idempotency.remember(call, update)
    return {"update": update.description}


@operation("AssociateEncryptionConfig")
def associate_encryption_config(call: Call) -> dict[str, Any]:
    """Once: "You can't disable encryption after enabling it", nor change the key
    (https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html)."""
    cluster = call.cluster()
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"update": earlier.description}
    refuse_if_busy(cluster, cluster, "AssociateEncryptionConfig")
    require_active(cluster)
    config = call.parameters["encryptionConfig"]
    if not config:
        raise invalid_parameter("encryptionConfig must not be empty", clusterName=cluster.name)
    if cluster.description.get("encryptionConfig"):
        raise invalid_request(
            f"Encryption config already associated with the cluster {cluster.name}", clusterName=cluster.name
        )
    require_encryption(call, config)
    update = being_updated(
        call,
        cluster,
        cluster,
        "AssociateEncryptionConfig",
        {"EncryptionConfig": config},
        durations.CLUSTER_ENCRYPTION,
        lambda: cluster.description.update(encryptionConfig=config),
    )
    idempotency.remember(call, update)
    return {"update": update.description}
