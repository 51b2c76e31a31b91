# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The categories of UpdateClusterConfig: what each carries, what it must obey, and what it makes of the cluster.

The categories are those of the UpdateType enum, and eksctl sends each in a call of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import durations
from .cluster_rules import (
    AUTHENTICATION_ORDER,
    enabled_logs,
    logging_of,
    require_access_entries,
    require_auto_mode,
    require_component_configs,
)
from .errors import invalid_parameter
from .network_rules import (
    require_cluster_subnets,
    require_endpoint_access,
    require_remote_networks,
    require_security_groups,
)
from .operations import Call
from .store import Cluster
from .versions import VERSIONS

Sections = dict[str, Any]
"""The parts of a cluster's description that an update replaces, by member name."""


@dataclass(frozen=True)
class Category:
    """A category: `plan` checks a request and gives the sections after it; `params` are the names that the update
    reports, each with its path in the request; `seconds` is how long it takes."""

    plan: Callable[[Call, Cluster], Sections]
    params: dict[str, str]
    seconds: int = durations.CLUSTER_CONFIG

    def reported(self, call: Call) -> dict[str, Any]:
        """The update's params, as far as the request has them."""
        found = {name: _at(call.parameters, path) for name, path in self.params.items()}
        return {name: value for name, value in found.items() if value is not None}


def category_of(call: Call) -> str:
    """The one UpdateType that the request's members belong to. Raises InvalidParameterException for none or many."""
    vpc = call.get("resourcesVpcConfig", {})
    found = {_VPC_MEMBERS[member] for member in vpc}
    found |= {kind for member, kind in _MEMBERS.items() if member in call.parameters}
    if not found:
        raise invalid_parameter("No changes detected: nothing to update is named", clusterName=call.get("name"))
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
    """ "You can't change which VPC the subnets are from" (service model)."""
    present = cluster.description["resourcesVpcConfig"]
    config = {**present, **call.parameters["resourcesVpcConfig"]}
    require_cluster_subnets(call, config["subnetIds"], cluster.vpc_id)
    require_security_groups(call, config["securityGroupIds"], cluster.vpc_id)
    return {"resourcesVpcConfig": _in_old_order(config, present)}


def _egress(call: Call, cluster: Cluster) -> Sections:
    """ "Once set to CUSTOMER_ROUTED, this setting cannot be changed back to AWS_MANAGED" (service model)."""
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
    """ "You cannot disable extended support once it starts" (service model)."""
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
    stays_on = present["computeConfig"]["enabled"] and compute.get("enabled")
    if stays_on and compute.get("nodeRoleArn", old_role) != old_role:
        raise invalid_parameter(
            "nodeRoleArn cannot be changed once the compute capability is enabled", clusterName=cluster.name
        )
    if stays_on:
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


def _at(parameters: dict[str, Any], path: str) -> Any:
    value: Any = parameters
    for member in path.split("."):
        value = value.get(member) if isinstance(value, dict) else None
    return value


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
CATEGORIES = {
    "EndpointAccessUpdate": Category(
        _endpoint_access,
        {
            "EndpointPublicAccess": f"{_VPC}.endpointPublicAccess",
            "EndpointPrivateAccess": f"{_VPC}.endpointPrivateAccess",
            "PublicAccessCidrs": f"{_VPC}.publicAccessCidrs",
        },
        durations.CLUSTER_VPC_CONFIG,
    ),
    "VpcConfigUpdate": Category(
        _vpc_config,
        {"Subnets": f"{_VPC}.subnetIds", "SecurityGroups": f"{_VPC}.securityGroupIds"},
        durations.CLUSTER_VPC_CONFIG,
    ),
    "ControlPlaneEgressUpdate": Category(
        _egress, {"ControlPlaneEgressMode": f"{_VPC}.controlPlaneEgressMode"}, durations.CLUSTER_VPC_CONFIG
    ),
    "LoggingUpdate": Category(_logging, {"ClusterLogging": "logging"}),
    "AccessConfigUpdate": Category(_access, {"AuthenticationMode": "accessConfig.authenticationMode"}),
    "UpgradePolicyUpdate": Category(_upgrade_policy, {"UpgradePolicy": "upgradePolicy"}),
    "ZonalShiftConfigUpdate": Category(_laid_over("zonalShiftConfig"), {"ZonalShiftConfig": "zonalShiftConfig"}),
    "AutoModeUpdate": Category(
        _auto_mode,
        {
            "ComputeConfig": "computeConfig",
            "StorageConfig": "storageConfig",
            "KubernetesNetworkConfig": "kubernetesNetworkConfig",
        },
    ),
    "RemoteNetworkConfigUpdate": Category(_remote_network, {"RemoteNetworkConfig": "remoteNetworkConfig"}),
    "DeletionProtectionUpdate": Category(_deletion_protection, {"DeletionProtection": "deletionProtection"}),
    "ControlPlaneScalingConfigUpdate": Category(
        _laid_over("controlPlaneScalingConfig"), {"UpdatedTier": "controlPlaneScalingConfig.tier"}
    ),
    "ControlPlaneComponentConfigUpdate": Category(
        _components,
        {
            "KubeApiServerConfig": "kubeApiServerConfig",
            "KubeSchedulerConfig": "kubeSchedulerConfig",
            "KubeControllerManagerConfig": "kubeControllerManagerConfig",
        },
    ),
}
