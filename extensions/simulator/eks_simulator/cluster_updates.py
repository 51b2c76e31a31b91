# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UpdateClusterConfig, UpdateClusterVersion, AssociateEncryptionConfig.

UpdateClusterConfig carries one category of change per call, as the UpdateType enum lists them and eksctl sends them;
a call that mixes categories is refused. What a call does not mention keeps its value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import durations, idempotency
from .cluster_rules import (
    AUTHENTICATION_ORDER,
    enabled_logs,
    logging_of,
    require_access_entries,
    require_active,
    require_auto_mode,
    require_component_configs,
    require_encryption,
)
from .errors import invalid_parameter, invalid_request
from .lifecycle import being_updated, refuse_if_busy
from .network_rules import (
    require_cluster_subnets,
    require_endpoint_access,
    require_remote_networks,
    require_security_groups,
)
from .operations import Call, operation
from .store import Cluster
from .versions import VERSIONS, minor, require_supported

Sections = dict[str, Any]
"""The parts of a cluster's description that an update replaces, by member name."""


@operation("UpdateClusterConfig")
def update_cluster_config(call: Call) -> dict[str, Any]:
    cluster = call.cluster()
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"update": earlier.description}
    kind = _category(call)
    refuse_if_busy(cluster, cluster, kind)
    require_active(cluster)
    plan, params, seconds = _CATEGORIES[kind]
    sections = plan(call, cluster)
    if all(cluster.description.get(name) == value for name, value in sections.items()):
        raise invalid_parameter("No changes detected in the provided configuration", clusterName=cluster.name)
    update = being_updated(
        call, cluster, cluster, kind, params(call, sections), seconds, lambda: cluster.description.update(sections)
    )
    idempotency.remember(call, update)
    return {"update": update.description}


@operation("UpdateClusterVersion")
def update_cluster_version(call: Call) -> dict[str, Any]:
    """One minor version up, never down; all managed node groups "must match the cluster's Kubernetes version in order
    to update the cluster to a new Kubernetes version" (service model)."""
    cluster = call.cluster()
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"update": earlier.description}
    refuse_if_busy(cluster, cluster, "VersionUpdate")
    require_active(cluster)
    version = require_supported(call, call.parameters["version"])
    if minor(version.name) != minor(cluster.version) + 1:
        raise invalid_parameter(
            f"Unsupported Kubernetes minor version update from {cluster.version} to {version.name}",
            clusterName=cluster.name,
        )
    if call.get("rollbackConfig"):
        raise invalid_parameter("rollbackConfig can only be set for a version rollback", clusterName=cluster.name)
    lagging = [
        group.name for group in cluster.nodegroups.values() if group.description["version"] != cluster.version
    ]
    if lagging:
        raise invalid_request(
            f"Nodegroups {', '.join(sorted(lagging))} must be updated to match cluster version {cluster.version}"
            " before updating cluster version",
            clusterName=cluster.name,
        )

    def apply() -> None:
        cluster.description.update(version=version.name, platformVersion=VERSIONS[version.name].platform)

    params = {"Version": version.name, "PlatformVersion": version.platform}
    update = being_updated(call, cluster, cluster, "VersionUpdate", params, durations.CLUSTER_VERSION, apply)
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


def _category(call: Call) -> str:
    """The one UpdateType that the request's members belong to. Raises InvalidParameterException for none or many."""
    vpc = call.get("resourcesVpcConfig", {})
    found = {_VPC_MEMBERS[member] for member in vpc}
    found |= {kind for member, kind in _MEMBERS.items() if member in call.parameters}
    if not found:
        raise invalid_parameter("No changes detected: the request names nothing to update", clusterName=call.get("name"))
    if len(found) > 1:
        raise invalid_parameter(
            f"Only one type of update can be made at a time; this request mixes {', '.join(sorted(found))}",
            clusterName=call.get("name"),
        )
    return found.pop()


def _endpoint_access(call: Call, cluster: Cluster) -> Sections:
    given = call.parameters["resourcesVpcConfig"]
    config = {**cluster.description["resourcesVpcConfig"], **given}
    require_endpoint_access(call, config, cluster.description["kubernetesNetworkConfig"]["ipFamily"])
    return {"resourcesVpcConfig": _in_old_order(config, cluster.description["resourcesVpcConfig"])}


def _vpc_config(call: Call, cluster: Cluster) -> Sections:
    """"You can't change which VPC the subnets are from" (service model)."""
    present = cluster.description["resourcesVpcConfig"]
    config = {**present, **call.parameters["resourcesVpcConfig"]}
    require_cluster_subnets(call, config["subnetIds"], cluster.vpc_id)
    require_security_groups(call, config["securityGroupIds"], cluster.vpc_id)
    return {"resourcesVpcConfig": _in_old_order(config, present)}


def _egress(call: Call, cluster: Cluster) -> Sections:
    """"Once set to CUSTOMER_ROUTED, this setting cannot be changed back to AWS_MANAGED" (service model)."""
    present = cluster.description["resourcesVpcConfig"]
    mode = call.parameters["resourcesVpcConfig"]["controlPlaneEgressMode"]
    if mode == "AWS_MANAGED" and present["controlPlaneEgressMode"] != "AWS_MANAGED":
        raise invalid_parameter(
            f"controlPlaneEgressMode cannot be changed from {present['controlPlaneEgressMode']} to {mode}",
            clusterName=cluster.name,
        )
    return {"resourcesVpcConfig": {**present, "controlPlaneEgressMode": mode}}


def _logging(call: Call, cluster: Cluster) -> Sections:
    return {"logging": logging_of(call, call.parameters["logging"], enabled_logs(cluster.description["logging"]))}


def _access(call: Call, cluster: Cluster) -> Sections:
    present = cluster.description["accessConfig"]["authenticationMode"]
    mode = call.parameters["accessConfig"].get("authenticationMode", present)
    if AUTHENTICATION_ORDER.index(mode) < AUTHENTICATION_ORDER.index(present):
        raise invalid_parameter(
            f"Unsupported authentication mode update from {present} to {mode}", clusterName=cluster.name
        )
    if (present, mode) == ("CONFIG_MAP", "API"):
        raise invalid_parameter(
            f"Unsupported authentication mode update from {present} to {mode}: go by API_AND_CONFIG_MAP",
            clusterName=cluster.name,
        )
    return {"accessConfig": {"authenticationMode": mode}}


def _upgrade_policy(call: Call, cluster: Cluster) -> Sections:
    """"You cannot disable extended support once it starts" (service model)."""
    policy = {**cluster.description["upgradePolicy"], **call.parameters["upgradePolicy"]}
    extended = VERSIONS[cluster.version].support(call.now) != "STANDARD_SUPPORT"
    if extended and policy != cluster.description["upgradePolicy"]:
        raise invalid_parameter(
            f"The support type cannot be changed: Kubernetes {cluster.version} is in extended support",
            clusterName=cluster.name,
        )
    return {"upgradePolicy": policy}


def _auto_mode(call: Call, cluster: Cluster) -> Sections:
    """The three capabilities in one request; the node role is fixed while compute is enabled ("nodeRoleArn ... cannot
    be changed after the compute capability of EKS Auto Mode is enabled", service model)."""
    present = cluster.description
    network = call.get("kubernetesNetworkConfig", {})
    fixed = {name: network[name] for name in ("serviceIpv4Cidr", "ipFamily") if name in network}
    for name, value in fixed.items():
        if value != present["kubernetesNetworkConfig"].get(name):
            raise invalid_parameter(f"{name} cannot be changed after the cluster is created", clusterName=cluster.name)
    balancing = network.get("elasticLoadBalancing", {})
    compute, storage = call.get("computeConfig", {}), call.get("storageConfig", {})
    old_role = present["computeConfig"].get("nodeRoleArn")
    if present["computeConfig"]["enabled"] and compute.get("enabled") and compute.get("nodeRoleArn", old_role) != old_role:
        raise invalid_parameter(
            "nodeRoleArn cannot be changed once the compute capability is enabled", clusterName=cluster.name
        )
    if present["computeConfig"]["enabled"] and compute.get("enabled"):
        compute = {**present["computeConfig"], **compute}
    require_auto_mode(call, compute, balancing, storage, present["accessConfig"]["authenticationMode"])
    return {
        "computeConfig": {"enabled": False, **compute},
        "storageConfig": {"blockStorage": {"enabled": False, **storage.get("blockStorage", {})}},
        "kubernetesNetworkConfig": {
            **present["kubernetesNetworkConfig"],
            "elasticLoadBalancing": {**present["kubernetesNetworkConfig"]["elasticLoadBalancing"], **balancing},
        },
    }


def _remote_network(call: Call, cluster: Cluster) -> Sections:
    """Both lists empty removes the configuration (reference of UpdateClusterConfig in the user guide,
    https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-cluster-update.html)."""
    config = {**(cluster.description.get("remoteNetworkConfig") or {}), **call.parameters["remoteNetworkConfig"]}
    if not any(config.values()):
        return {"remoteNetworkConfig": None}
    mode = cluster.description["accessConfig"]["authenticationMode"]
    require_access_entries(mode, "remoteNetworkConfig", clusterName=cluster.name)
    service_cidr = cluster.description["kubernetesNetworkConfig"].get("serviceIpv4Cidr")
    require_remote_networks(call, config, call.aws.vpc_blocks(cluster.vpc_id), service_cidr)
    return {"remoteNetworkConfig": config}


def _deletion_protection(call: Call, cluster: Cluster) -> Sections:
    return {"deletionProtection": call.parameters["deletionProtection"]}


def _laid_over(name: str) -> Callable[[Call, Cluster], Sections]:
    return lambda call, cluster: {name: {**cluster.description[name], **call.parameters[name]}}


def _components(call: Call, cluster: Cluster) -> Sections:
    sections = {
        name: {**cluster.description.get(name, {}), **call.parameters[name]}
        for name, kind in _MEMBERS.items()
        if kind == "ControlPlaneComponentConfigUpdate" and name in call.parameters
    }
    require_component_configs(call, sections)
    return sections


def _in_old_order(config: dict[str, Any], present: dict[str, Any]) -> dict[str, Any]:
    """`config` with lists of the same items in their present order: order is no change."""
    return {
        name: present[name] if isinstance(value, list) and sorted(value) == sorted(present.get(name, [])) else value
        for name, value in config.items()
    }


def _named(**params: str) -> Callable[[Call, Sections], dict[str, Any]]:
    """The update's params: each name with the value at its path in the request, as far as the request has it."""

    def read(call: Call, sections: Sections) -> dict[str, Any]:
        found = {}
        for name, path in params.items():
            value: Any = call.parameters
            for member in path.split("."):
                value = value.get(member) if isinstance(value, dict) else None
            if value is not None:
                found[name] = value
        return found

    return read


_VPC_MEMBERS = {
    "endpointPublicAccess": "EndpointAccessUpdate",
    "endpointPrivateAccess": "EndpointAccessUpdate",
    "publicAccessCidrs": "EndpointAccessUpdate",
    "subnetIds": "VpcConfigUpdate",
    "securityGroupIds": "VpcConfigUpdate",
    "controlPlaneEgressMode": "ControlPlaneEgressUpdate",
}
_MEMBERS = {
    "logging": "LoggingUpdate",
    "accessConfig": "AccessConfigUpdate",
    "upgradePolicy": "UpgradePolicyUpdate",
    "zonalShiftConfig": "ZonalShiftConfigUpdate",
    "computeConfig": "AutoModeUpdate",
    "storageConfig": "AutoModeUpdate",
    "kubernetesNetworkConfig": "AutoModeUpdate",
    "remoteNetworkConfig": "RemoteNetworkConfigUpdate",
    "deletionProtection": "DeletionProtectionUpdate",
    "controlPlaneScalingConfig": "ControlPlaneScalingConfigUpdate",
    "kubeApiServerConfig": "ControlPlaneComponentConfigUpdate",
    "kubeSchedulerConfig": "ControlPlaneComponentConfigUpdate",
    "kubeControllerManagerConfig": "ControlPlaneComponentConfigUpdate",
}
_VPC = "resourcesVpcConfig"
_CONFIG, _VPC_TIME = durations.CLUSTER_CONFIG, durations.CLUSTER_VPC_CONFIG
_CATEGORIES: dict[str, tuple[Any, Any, int]] = {
    "EndpointAccessUpdate": (
        _endpoint_access,
        _named(
            EndpointPublicAccess=f"{_VPC}.endpointPublicAccess",
            EndpointPrivateAccess=f"{_VPC}.endpointPrivateAccess",
            PublicAccessCidrs=f"{_VPC}.publicAccessCidrs",
        ),
        _VPC_TIME,
    ),
    "VpcConfigUpdate": (
        _vpc_config,
        _named(Subnets=f"{_VPC}.subnetIds", SecurityGroups=f"{_VPC}.securityGroupIds"),
        _VPC_TIME,
    ),
    "ControlPlaneEgressUpdate": (_egress, _named(ControlPlaneEgressMode=f"{_VPC}.controlPlaneEgressMode"), _VPC_TIME),
    "LoggingUpdate": (_logging, _named(ClusterLogging="logging"), _CONFIG),
    "AccessConfigUpdate": (_access, _named(AuthenticationMode="accessConfig.authenticationMode"), _CONFIG),
    "UpgradePolicyUpdate": (_upgrade_policy, _named(UpgradePolicy="upgradePolicy"), _CONFIG),
    "ZonalShiftConfigUpdate": (_laid_over("zonalShiftConfig"), _named(ZonalShiftConfig="zonalShiftConfig"), _CONFIG),
    "AutoModeUpdate": (
        _auto_mode,
        _named(
            ComputeConfig="computeConfig",
            StorageConfig="storageConfig",
            KubernetesNetworkConfig="kubernetesNetworkConfig",
        ),
        _CONFIG,
    ),
    "RemoteNetworkConfigUpdate": (_remote_network, _named(RemoteNetworkConfig="remoteNetworkConfig"), _CONFIG),
    "DeletionProtectionUpdate": (_deletion_protection, _named(DeletionProtection="deletionProtection"), _CONFIG),
    "ControlPlaneScalingConfigUpdate": (
        _laid_over("controlPlaneScalingConfig"),
        _named(UpdatedTier="controlPlaneScalingConfig.tier"),
        _CONFIG,
    ),
    "ControlPlaneComponentConfigUpdate": (
        _components,
        _named(
            KubeApiServerConfig="kubeApiServerConfig",
            KubeSchedulerConfig="kubeSchedulerConfig",
            KubeControllerManagerConfig="kubeControllerManagerConfig",
        ),
        _CONFIG,
    ),
}
