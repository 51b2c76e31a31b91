# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateCluster, DescribeCluster, ListClusters, DeleteCluster."""

from __future__ import annotations

import uuid
from typing import Any

from . import durations, idempotency
from .access import admit_creator
from .addon_catalog import self_managed
from .certificate_authorities import found_trust
from .cluster_rules import (
    logging_of,
    require_access_entries,
    require_auto_mode,
    require_component_configs,
    require_encryption,
    require_outposts,
)
from .errors import in_use, invalid_parameter, invalid_request, limit_exceeded
from .lifecycle import being_created, being_deleted
from .network_rules import (
    default_service_cidr,
    existing_subnets,
    require_cluster_subnets,
    require_endpoint_access,
    require_remote_networks,
    require_security_groups,
    require_service_cidr,
    require_zones_with_eks,
)
from .operations import Call, operation
from .paging import page
from .role_rules import require_cluster_role
from .store import Cluster
from .tags import require_allowed
from .versions import DEFAULT_VERSION, require_supported

_COMPONENTS = ("kubeApiServerConfig", "kubeSchedulerConfig", "kubeControllerManagerConfig")


@operation("CreateCluster")
def create_cluster(call: Call) -> dict[str, Any]:
    """A cluster in CREATING. What exists only once it is ACTIVE (endpoint, certificate authority, OIDC issuer, cluster
    security group) comes with the transition."""
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"cluster": earlier.description}
    name = call.parameters["name"]
    if name in call.region.clusters or name in call.region.connected_clusters:
        raise in_use(f"Cluster already exists with name: {name}", clusterName=name)
    if len(call.region.clusters) >= call.quotas.clusters:
        raise limit_exceeded(f"Cluster limit exceeded: {call.quotas.clusters} per region", clusterName=name)
    require_allowed(call.get("tags", {}))
    require_cluster_role(call, call.parameters["roleArn"])
    description = _describe(call)
    cluster = Cluster("cluster", name, description["arn"], description, creator=call.caller().arn)
    if call.get("accessConfig", {}).get("bootstrapClusterCreatorAdminPermissions", True):
        admit_creator(call, cluster)
    if call.get("bootstrapSelfManagedAddons", True):
        cluster.self_managed = self_managed(cluster.version)
    call.region.clusters[name] = cluster
    idempotency.remember(call, cluster)
    being_created(call, cluster, durations.CLUSTER_CREATE, lambda: _come_to_life(call, cluster))
    return {"cluster": description}


@operation("DescribeCluster")
def describe_cluster(call: Call) -> dict[str, Any]:
    connected = call.region.connected_clusters.get(call.parameters["name"])
    return {"cluster": (connected or call.cluster()).description}


@operation("ListClusters")
def list_clusters(call: Call) -> dict[str, Any]:
    """Names in alphabetical order; connected clusters among them if `include` says so. It knows one value: "'all' must
    be in lowercase otherwise an error occurs" (service model)."""
    include = call.get("include", [])
    if include not in ([], ["all"]):
        raise invalid_parameter(f"Invalid include: {', '.join(include)}; the one value is 'all'")
    return page(call, "clusters", sorted([*call.region.clusters, *(call.region.connected_clusters if include else [])]))


@operation("DeleteCluster")
def delete_cluster(call: Call) -> dict[str, Any]:
    """ "If you have managed node groups or Fargate profiles attached to the cluster, you must delete them first"
    (service model), and capabilities likewise (github.com/ekristen/aws-nuke/issues/970, AWS's wording); so must
    deletion protection be off, and no update be in progress."""
    cluster = call.cluster()
    name = cluster.name
    if cluster.description["deletionProtection"]:
        raise invalid_request(
            f"Cluster {name} cannot be deleted because deletion protection is enabled", clusterName=name
        )
    if cluster.nodegroups:
        raise in_use("Cluster has nodegroups attached", clusterName=name)
    if cluster.fargate_profiles:
        raise in_use("Cluster has fargate profiles attached", clusterName=name)
    if cluster.capabilities:
        raise in_use("Cluster has capabilities attached", clusterName=name)
    running = cluster.running_update(cluster)
    if running:
        raise in_use(
            f"Cannot delete because cluster {name} currently has update {running.description['id']} in progress",
            clusterName=name,
        )
    if cluster.status in ("CREATING", "DELETING"):
        raise in_use(f"Cannot delete because cluster {name} is in {cluster.status} status", clusterName=name)
    being_deleted(call, cluster, durations.CLUSTER_DELETE, lambda: _vanish(call, cluster))
    return {"cluster": cluster.description}


def _describe(call: Call) -> dict[str, Any]:
    """The description of a new cluster, every part of it checked, with AWS's defaults in place."""
    version = require_supported(call, call.get("version", DEFAULT_VERSION))
    vpc_config, blocks = _vpc_config(call)
    network = _kubernetes_network(call, blocks, vpc_config)
    mode = _authentication_mode(call)
    compute = call.get("computeConfig", {})
    storage = call.get("storageConfig", {})
    require_auto_mode(call, compute, network["elasticLoadBalancing"], storage, mode)
    if compute.get("enabled") and call.get("bootstrapSelfManagedAddons", True):
        raise invalid_parameter("When EKS Auto Mode is enabled, bootstrapSelfManagedAddons must be set to false")
    remote = call.get("remoteNetworkConfig")
    if remote and remote.get("remoteNodeNetworks"):
        require_access_entries(mode, "remoteNetworkConfig", clusterName=call.get("name"))
        require_remote_networks(call, remote, blocks, network.get("serviceIpv4Cidr"))
    require_encryption(call, call.get("encryptionConfig", []))
    components = {name: call.parameters[name] for name in _COMPONENTS if name in call.parameters}
    require_component_configs(call, components)
    return {
        "name": call.parameters["name"],
        "arn": call.region.arn(f"cluster/{call.parameters['name']}"),
        "createdAt": call.now,
        "version": version.name,
        "roleArn": call.parameters["roleArn"],
        "resourcesVpcConfig": vpc_config,
        "kubernetesNetworkConfig": network,
        "logging": logging_of(call, call.get("logging", {})),
        "status": "CREATING",
        "certificateAuthority": {},
        "clientRequestToken": call.get("clientRequestToken"),
        "platformVersion": version.platform,
        "tags": dict(call.get("tags", {})),
        "encryptionConfig": call.get("encryptionConfig") or None,
        "health": {"issues": []},
        "outpostConfig": call.get("outpostConfig"),
        "accessConfig": {"authenticationMode": mode},
        "upgradePolicy": {"supportType": call.get("upgradePolicy", {}).get("supportType", "EXTENDED")},
        "zonalShiftConfig": {"enabled": call.get("zonalShiftConfig", {}).get("enabled", False)},
        "remoteNetworkConfig": remote,
        "computeConfig": {"enabled": False, **compute},
        "storageConfig": {"blockStorage": {"enabled": False, **storage.get("blockStorage", {})}},
        "deletionProtection": call.get("deletionProtection", False),
        "controlPlaneScalingConfig": {"tier": call.get("controlPlaneScalingConfig", {}).get("tier", "standard")},
        **components,
    }


def _vpc_config(call: Call) -> tuple[dict[str, Any], list[str]]:
    """The VPC part, and the CIDR blocks of the VPC."""
    given = call.parameters["resourcesVpcConfig"]
    outposts = call.get("outpostConfig")
    if outposts:
        require_outposts(call, outposts)
        subnets = existing_subnets(call, given.get("subnetIds", []), clusterName=call.get("name"))
    else:
        subnets = require_cluster_subnets(call, given.get("subnetIds", []))
        require_zones_with_eks(call, subnets)
    if not subnets:
        raise invalid_parameter("subnetIds must be specified", clusterName=call.get("name"))
    vpc_id = subnets[0].vpc_id
    require_security_groups(call, given.get("securityGroupIds", []), vpc_id)
    family = call.get("kubernetesNetworkConfig", {}).get("ipFamily", "ipv4")
    everywhere = ["0.0.0.0/0", "::/0"] if family == "ipv6" else ["0.0.0.0/0"]
    config = {
        "subnetIds": given["subnetIds"],
        "securityGroupIds": given.get("securityGroupIds", []),
        "vpcId": vpc_id,
        "endpointPublicAccess": given.get("endpointPublicAccess", True),
        "endpointPrivateAccess": given.get("endpointPrivateAccess", False),
        "publicAccessCidrs": given.get("publicAccessCidrs") or everywhere,
        "controlPlaneEgressMode": given.get("controlPlaneEgressMode", "AWS_MANAGED"),
    }
    require_endpoint_access(call, config, family)
    return config, call.aws.vpc_blocks(vpc_id)


def _kubernetes_network(call: Call, blocks: list[str], vpc_config: dict[str, Any]) -> dict[str, Any]:
    given = call.get("kubernetesNetworkConfig", {})
    network = {
        "ipFamily": given.get("ipFamily", "ipv4"),
        "elasticLoadBalancing": {"enabled": False, **given.get("elasticLoadBalancing", {})},
    }
    if network["ipFamily"] == "ipv6":
        _require_ipv6(call, given, vpc_config["subnetIds"])
        return {**network, "serviceIpv6Cidr": "fd30:1c53:5f8a::/108"}
    if given.get("serviceIpv4Cidr"):
        require_service_cidr(call, given["serviceIpv4Cidr"], blocks)
    return {**network, "serviceIpv4Cidr": given.get("serviceIpv4Cidr") or default_service_cidr(blocks)}


def _require_ipv6(call: Call, given: dict[str, Any], subnet_ids: list[str]) -> None:
    """ "Don't specify a value [serviceIpv4Cidr] if you select ipv6"; "the VPC and subnets ... must have both IPv4 and
    IPv6 CIDR blocks"; "You can't specify ipv6 for clusters in China Regions" (service model)."""
    members = {"clusterName": call.get("name")}
    if given.get("serviceIpv4Cidr"):
        raise invalid_parameter("serviceIpv4Cidr cannot be specified for the ipFamily ipv6", **members)
    if call.region.partition == "aws-cn":
        raise invalid_parameter("The ipFamily ipv6 is not supported in China Regions", **members)
    for subnet in existing_subnets(call, subnet_ids, **members):
        if not subnet.ipv6_cidr_block_associations:
            raise invalid_parameter(f"Subnet {subnet.id} has no IPv6 CIDR block", **members)


def _authentication_mode(call: Call) -> str:
    """CONFIG_MAP unless given (service model); it needs the creator as administrator (AWS's wording)."""
    access = call.get("accessConfig", {})
    mode = access.get("authenticationMode", "CONFIG_MAP")
    if mode == "CONFIG_MAP" and access.get("bootstrapClusterCreatorAdminPermissions") is False:
        raise invalid_parameter(
            "bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is set to CONFIG_MAP",
            clusterName=call.get("name"),
        )
    return mode


def _come_to_life(call: Call, cluster: Cluster) -> None:
    number = uuid.uuid4().hex.upper()
    suffix = "amazonaws.com.cn" if call.region.partition == "aws-cn" else "amazonaws.com"
    host = f"eks.{call.region.name}.{suffix}"
    found_trust(call, cluster)
    cluster.description["identity"] = {"oidc": {"issuer": f"https://oidc.{host}/id/{number}"}}
    group = call.aws.create_cluster_security_group(cluster.name, cluster.vpc_id, str(int(number[:8], 16)))
    cluster.description["resourcesVpcConfig"]["clusterSecurityGroupId"] = group
    cluster.description["endpoint"] = call.control_planes.begin(call.region, cluster).url


def _vanish(call: Call, cluster: Cluster) -> None:
    del call.region.clusters[cluster.name]
    call.control_planes.end(cluster)
    group = cluster.description["resourcesVpcConfig"].get("clusterSecurityGroupId")
    if group:
        call.aws.delete_security_group(group)
    idempotency.forget(call, cluster)
