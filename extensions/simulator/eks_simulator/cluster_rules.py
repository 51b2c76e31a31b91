# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EKS demands of a cluster's configuration, on creation and on update alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .errors import ServiceError, invalid_parameter
from .operations import Call
from .role_rules import require_node_role

AUTHENTICATION_ORDER = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"]
"""The authentication modes in the one direction in which they can be changed
(https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html)."""
LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
NODE_POOLS = {"general-purpose", "system"}
_OUTPOST_ARN = re.compile(r"arn:aws[a-z-]*:outposts:[a-z0-9-]+:\d{12}:outpost/op-[0-9a-f]{17}")
_DURATION = re.compile(r"(\d+(\.\d+)?(ms|s|m|h))+")


def require_auto_mode(
    call: Call, compute: dict[str, Any], balancing: dict[str, Any], storage: dict[str, Any], mode: str
) -> None:
    """EKS Auto Mode's three capabilities are switched together; AWS's wording
    (https://docs.aws.amazon.com/eks/latest/userguide/auto-enable-existing.html)."""
    members = {"clusterName": call.get("name")}
    enabled = [bool(one.get("enabled")) for one in (compute, balancing, storage.get("blockStorage") or {})]
    if len(set(enabled)) > 1:
        raise invalid_parameter(
            "For EKS Auto Mode, please ensure that all required configs, including computeConfig,"
            " kubernetesNetworkConfig, and blockStorage are all either fully enabled or fully disabled.",
            **members,
        )
    pools, role = compute.get("nodePools") or [], compute.get("nodeRoleArn")
    unknown = set(pools) - NODE_POOLS
    if unknown:
        raise invalid_parameter(
            f"Invalid node pools: {', '.join(sorted(unknown))}; valid: general-purpose, system", **members
        )
    if not enabled[0]:
        if pools or role:
            raise invalid_parameter(
                "nodePools and nodeRoleArn cannot be set while computeConfig is disabled", **members
            )
        return
    if pools and not role:
        raise invalid_parameter(
            "When Compute Config nodePool(s) are provided, nodeRoleArn must be provided.", **members
        )
    if role and not pools:
        raise invalid_parameter(
            "When Compute Config nodeRoleArn is not null or empty, nodePool value(s) must be provided.", **members
        )
    if role:
        require_node_role(call, role, **members)
    require_access_entries(mode, "EKS Auto Mode", **members)


def require_access_entries(mode: str, what: str, **members: Any) -> None:
    """EKS Auto Mode and hybrid nodes join through access entries
    (https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-cluster-prep.html)."""
    if mode == "CONFIG_MAP":
        raise invalid_parameter(f"{what} requires the authentication mode API or API_AND_CONFIG_MAP.", **members)


def require_encryption(call: Call, config: Sequence[dict[str, Any]]) -> None:
    """One key for `secrets`, the only resource that can be encrypted (service model, EncryptionConfig); the key must
    exist in this account and region, symmetric (https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html)."""
    members = {"clusterName": call.get("name") or call.get("clusterName")}
    for entry in config:
        if entry.get("resources") != ["secrets"]:
            raise invalid_parameter("Encryption is only supported for the resource type 'secrets'", **members)
        arn = (entry.get("provider") or {}).get("keyArn")
        if not arn:
            raise invalid_parameter("provider.keyArn must be specified", **members)
        key = call.aws.kms_key(arn)
        if key is None or key.key_state == "PendingDeletion":
            raise invalid_parameter(f"The keyArn in encryptionConfig provider is not valid: {arn}", **members)
        if (key.key_usage or "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT" or key.key_spec != "SYMMETRIC_DEFAULT":
            raise invalid_parameter(f"The key {arn} is not a symmetric encryption key", **members)


def logging_of(call: Call, logging: dict[str, Any], present: Sequence[str] = ()) -> dict[str, Any]:
    """The whole logging configuration when `logging` is laid over the log types now `present`."""
    enabled = set(present)
    mentioned: set[str] = set()
    for setup in logging.get("clusterLogging") or ():
        types = set(setup.get("types") or ())
        if mentioned & types:
            raise invalid_parameter(
                f"Log types listed twice: {', '.join(sorted(mentioned & types))}", clusterName=call.get("name")
            )
        mentioned |= types
        enabled = enabled | types if setup.get("enabled") else enabled - types
    groups = [([kind for kind in LOG_TYPES if (kind in enabled) is on], on) for on in (True, False)]
    return {"clusterLogging": [{"types": types, "enabled": on} for types, on in groups if types]}


def enabled_logs(logging: dict[str, Any]) -> list[str]:
    return [kind for setup in logging["clusterLogging"] if setup["enabled"] for kind in setup["types"]]


def require_component_configs(call: Call, configs: dict[str, dict[str, Any]]) -> None:
    """Ports and durations of the control plane's component configurations (service model; the ranges of each version
    are those of the Kubernetes components)."""
    members = {"clusterName": call.get("name")}
    ports = (configs.get("kubeApiServerConfig") or {}).get("serviceNodePortRange") or {}
    low, high = ports.get("minPort"), ports.get("maxPort")
    if ports and not (low and high and 1 <= low <= high <= 65535):
        raise invalid_parameter(f"Invalid serviceNodePortRange: {low}-{high}", **members)
    autoscaler = (configs.get("kubeControllerManagerConfig") or {}).get("horizontalPodAutoscalerControllerConfig") or {}
    durations = {
        "eventTtl": (configs.get("kubeApiServerConfig") or {}).get("eventTtl"),
        "horizontalPodAutoscalerSyncPeriod": autoscaler.get("horizontalPodAutoscalerSyncPeriod"),
    }
    for name, value in durations.items():
        if value is not None and not _DURATION.fullmatch(value):
            raise invalid_parameter(f"Invalid duration in {name}: {value}", **members)


def require_outposts(call: Call, config: dict[str, Any]) -> None:
    """A local cluster names one Outpost ("only a single Outpost ARN is supported", service model). The simulator has
    no Outposts, so it checks the ARN's form alone."""
    arns = config["outpostArns"]
    if len(arns) != 1 or not _OUTPOST_ARN.fullmatch(arns[0]):
        raise invalid_parameter(f"Specify one valid Outpost ARN, not {arns}", clusterName=call.get("name"))


def require_active(cluster: Any, **members: Any) -> None:
    """Raises InvalidRequestException (AWS's wording) unless the cluster is ACTIVE."""
    if cluster.status != "ACTIVE":
        raise ServiceError(
            "InvalidRequestException",
            f"Cluster '{cluster.name}' is not in ACTIVE status",
            clusterName=cluster.name,
            **members,
        )
