# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An EKS cluster: the control plane and all that one cluster's API object holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._model import (
    Advice,
    Hooks,
    Resource,
    Update,
    Values,
    flag,
    integer,
    many,
    struct,
    text,
)
from ansible_collections.flotilla.eks.plugins.module_utils._paths import graft, pick
from ansible_collections.flotilla.eks.plugins.module_utils._resources._rules import (
    minor,
    name_problems,
    role_arn_problems,
    version_problems,
)

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
MOST_SECURITY_GROUPS = 5  # EKS user guide, "Amazon EKS networking requirements for VPC and subnets"
FEWEST_SUBNETS = 2  # in two zones: the same page; a local cluster on Outposts takes one

CONNECTED = "name: found a connected cluster of this name; manage that with flotilla.eks.connected_cluster"

# EKS Auto Mode is three switches in three structures, which the API takes only together and only all in one position.
AUTO_MODE = (
    "compute_config.enabled",
    "kubernetes_network_config.elastic_load_balancing.enabled",
    "storage_config.block_storage.enabled",
)


def one_minor_at_a_time(before: str | None, after: str) -> str | None:
    """EKS user guide, "Update existing cluster to new Kubernetes version": one minor version at a time, never back."""
    if before is None or minor(after) == minor(before) + 1:
        return None
    if minor(after) < minor(before):
        return "a control plane is not taken back to an older version"
    path = " -> ".join(f"1.{step}" for step in range(minor(before), minor(after) + 1))
    return f"a control plane goes up one minor version at a time: take the path {path}, node groups along with it"


def towards_api(before: str | None, after: str) -> str | None:
    """Access entries, once on, stay on (EKS user guide, "Change authentication mode to use access entries")."""
    order = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
    if before is None or order.index(after) > order.index(before):
        return None
    return "this change has no way back: the authentication mode only goes from CONFIG_MAP by API_AND_CONFIG_MAP to API"


def not_back_to_aws(before: str | None, after: str) -> str | None:
    """Service model, ControlPlaneEgressMode: once it is CUSTOMER_ROUTED it does not go back to AWS_MANAGED."""
    if after != "AWS_MANAGED" or before is None:
        return None
    return "traffic that the customer routes is not given back to AWS"


def encrypted_once(before: list[Values] | None, after: list[Values]) -> str | None:
    """Service model, AssociateEncryptionConfig: for clusters without one; it can be neither changed nor removed."""
    return "secrets encryption, once on, keeps its key and cannot be taken away" if before else None


def encryption(configs: list[Values] | None) -> list[Values]:
    """Secrets are the only resource that can be encrypted (service model, EncryptionConfig), said or not."""
    return [{**config, "resources": config.get("resources") or ["secrets"]} for config in configs or []]


def node_role_kept(before: str | None, after: str) -> str | None:
    """Service model, ComputeConfigRequest: the role cannot be changed after the compute capability is enabled."""
    return "the role of Auto Mode's nodes stays as it was when Auto Mode was enabled" if before else None


def compute_to_send(before: Values | None, after: Values) -> Values:
    """Service model, ComputeConfigRequest: the whole of it; node pools and role go only with an enabled one."""
    whole = {**(before or {}), **after}
    return whole if whole.get("enabled") else {"enabled": False}


def log_types(setups: list[Values] | None) -> list[Values]:
    """Log set-ups as the pair that says all: the types that are on, and all the others, off."""
    setups = setups or []
    on = {kind for setup in setups if setup.get("enabled") for kind in setup.get("types") or []}
    return [{"types": sorted(on), "enabled": True}] if on else []


def all_log_types(before: list[Values] | None, after: list[Values]) -> list[Values]:
    """UpdateClusterConfig leaves a type that is not mentioned as it is, so every type is mentioned."""
    on = [kind for setup in log_types(after) for kind in setup["types"]]
    groups = (
        {"types": on, "enabled": True},
        {"types": [kind for kind in LOG_TYPES if kind not in on], "enabled": False},
    )
    return [group for group in groups if group["types"]]


def prepare(desired: Values) -> Values:
    """Auto Mode's switches follow the first one wherever the user did not set them; off, it has no other settings."""
    enabled = pick(desired, AUTO_MODE[0])
    for path in AUTO_MODE[1:]:
        if enabled is not None and pick(desired, path) is None:
            graft(desired, path, enabled)
    return {**desired, "compute_config": {"enabled": False}} if enabled is False else desired


def check(desired: Values, observed: Values | None) -> list[str]:
    return [
        *([CONNECTED] if (observed or {}).get("connector_config") else []),
        *name_problems(desired["name"], longest=100),
        *version_problems(desired.get("version")),
        *role_arn_problems(desired, "role_arn", "compute_config.node_role_arn"),
        *_encryption_problems(desired),
        *_network_problems(desired, observed),
        *_auto_mode_problems(desired, observed),
    ]


def _encryption_problems(desired: Values) -> list[str]:
    keys = [pick(config, "provider.key_arn") or "" for config in desired.get("encryption_config") or []]
    return [
        f"encryption_config[{index}].provider.key_arn: found {key!r}, an alias; give the ARN of the key it stands for"
        for index, key in enumerate(keys)
        if ":alias/" in key
    ]


def _network_problems(desired: Values, observed: Values | None) -> list[str]:
    problems = []
    subnets = pick(desired, "resources_vpc_config.subnet_ids")
    if subnets is not None and len(set(subnets)) < FEWEST_SUBNETS and "outpost_config" not in desired:
        problems.append(
            f"resources_vpc_config.subnet_ids: found {len(set(subnets))}, wanted at least {FEWEST_SUBNETS}, "
            "in two availability zones"
        )
    groups = pick(desired, "resources_vpc_config.security_group_ids") or []
    unknown = [group for group in groups if not group.startswith("sg-")]
    if unknown:
        problems.append(
            f"resources_vpc_config.security_group_ids: found {', '.join(unknown)}, not the name of a security group of "
            "the cluster's VPC; give names or ids that exist"
        )
    if len(groups) > MOST_SECURITY_GROUPS:
        problems.append(
            f"resources_vpc_config.security_group_ids: found {len(groups)}, wanted at most {MOST_SECURITY_GROUPS}"
        )
    endpoints = [f"resources_vpc_config.endpoint_{side}_access" for side in ("public", "private")]
    now = [pick(desired, path) if pick(desired, path) is not None else pick(observed, path) for path in endpoints]
    default = (True, False)  # service model, VpcConfigRequest
    if not any(value if value is not None else default[side] for side, value in enumerate(now)):
        problems.append(f"{' and '.join(endpoints)}: found both false; a cluster needs one endpoint at least")
    return problems


def _auto_mode_problems(desired: Values, observed: Values | None) -> list[str]:
    enabled = AUTO_MODE[0]
    details = desired.get("compute_config")
    if details and "enabled" not in details and not pick(observed, enabled):
        return [f"compute_config: found {', '.join(details)} but not {enabled}: true, without which they mean nothing"]
    given = {path: pick(desired, path) for path in AUTO_MODE if pick(desired, path) is not None}
    if len(set(given.values())) < 2:
        return []
    found = ", ".join(f"{path} {str(value).lower()}" for path, value in given.items())
    return [f"{enabled}: found {found}; EKS Auto Mode takes all three true or all three false"]


def resolve(desired: Values, observed: Values | None, read: Callable[..., Any]) -> Values:
    """Security groups may be given by name, as community.aws allows; EC2 is asked only if one is."""
    path = "resources_vpc_config.security_group_ids"
    given = pick(desired, path) or []
    names = [group for group in given if not group.startswith("sg-")]
    if not names:
        return desired
    vpc = pick(observed, "resources_vpc_config.vpc_id") or _vpc_of(
        pick(desired, "resources_vpc_config.subnet_ids"), read
    )
    filters = [{"Name": "group-name", "Values": names}, *([{"Name": "vpc-id", "Values": [vpc]}] if vpc else [])]
    groups = read("ec2", "DescribeSecurityGroups", Filters=filters)["SecurityGroups"]
    ids = {group["GroupName"]: group["GroupId"] for group in groups}
    config = {**desired["resources_vpc_config"], "security_group_ids": [ids.get(group, group) for group in given]}
    return {**desired, "resources_vpc_config": config}


def _vpc_of(subnets: list[str] | None, read: Callable[..., Any]) -> str | None:
    if not subnets:
        return None
    found = read("ec2", "DescribeSubnets", SubnetIds=subnets[:1])["Subnets"]
    return found[0]["VpcId"] if found else None


def blockers(identity: Values, pages: Callable[..., list[Any]]) -> list[str]:
    """DeleteCluster refuses while node groups, Fargate profiles or capabilities exist; which ones is better known
    beforehand."""
    names = {"cluster_name": identity["name"]}
    return [
        *(f"node group {name}" for name in pages("ListNodegroups", "nodegroups", **names)),
        *(f"Fargate profile {name}" for name in pages("ListFargateProfiles", "fargate_profile_names", **names)),
        *(f"capability {one['capability_name']}" for one in pages("ListCapabilities", "capabilities", **names)),
    ]


def kept(observed: Values) -> str | None:
    """DeleteCluster is for clusters of EKS; what is described with them may be a connected one."""
    return CONNECTED if observed.get("connector_config") else None


CLUSTER = Resource(
    kind="cluster",
    label="cluster",
    api="Cluster",
    identity={"name": ("name", "cluster_name")},
    listing="clusters",
    arn="arn",
    secret=("connector_config.activation_code",),
    required=("role_arn", "resources_vpc_config"),
    options=struct(
        version=text(refuse=one_minor_at_a_time),
        role_arn=text(),
        resources_vpc_config=struct(
            subnet_ids=many(text()),
            security_group_ids=many(text()),
            endpoint_public_access=flag(),
            endpoint_private_access=flag(),
            public_access_cidrs=many(text()),
            control_plane_egress_mode=text(
                "AWS_MANAGED", "CUSTOMER_ROUTED", "CUSTOMER_ISOLATED", refuse=not_back_to_aws
            ),
        ),
        kubernetes_network_config=struct(
            service_ipv4_cidr=text(),
            ip_family=text("ipv4", "ipv6"),
            elastic_load_balancing=struct(
                enabled=flag(),
                gateway_api=struct(crds=struct(managed=flag())),
            ),
        ),
        logging=struct(
            cluster_logging=many(
                struct(types=many(text(*LOG_TYPES)), enabled=flag()), normal=log_types, patch=all_log_types
            ),
        ),
        encryption_config=many(
            struct(resources=many(text()), provider=struct(key_arn=text())), normal=encryption, refuse=encrypted_once
        ),
        outpost_config=struct(
            outpost_arns=many(text(), required=True),
            control_plane_instance_type=text(required=True),
            control_plane_placement=struct(group_name=text(), spread_level=text("host", "rack")),
            etcd_instance_type=text(),
            etcd_placement=struct(spread_level=text("host", "rack")),
        ),
        access_config=struct(
            bootstrap_cluster_creator_admin_permissions=flag(echoed=False),
            authentication_mode=text("API", "API_AND_CONFIG_MAP", "CONFIG_MAP", refuse=towards_api),
        ),
        bootstrap_self_managed_addons=flag(echoed=False),
        upgrade_policy=struct(support_type=text("STANDARD", "EXTENDED")),
        zonal_shift_config=struct(enabled=flag()),
        remote_network_config=struct(
            remote_node_networks=many(struct(cidrs=many(text()))),
            remote_pod_networks=many(struct(cidrs=many(text()))),
        ),
        compute_config=struct(
            {"patch": compute_to_send},
            enabled=flag(),
            node_pools=many(text()),
            node_role_arn=text(refuse=node_role_kept),
        ),
        storage_config=struct(block_storage=struct(enabled=flag())),
        deletion_protection=flag(),
        control_plane_scaling_config=struct(tier=text("standard", "tier-xl", "tier-2xl", "tier-4xl", "tier-8xl")),
        kube_api_server_config=struct(
            event_ttl=text(),
            service_node_port_range=struct(min_port=integer(), max_port=integer()),
        ),
        kube_scheduler_config=struct(
            node_resources_fit=struct(
                scoring_strategy=struct(
                    type=text("LeastAllocated", "MostAllocated"),
                    resources=many(struct(name=text(), weight=integer())),
                ),
            ),
        ),
        kube_controller_manager_config=struct(
            pod_gc_controller_config=struct(terminated_pod_gc_threshold=integer()),
            horizontal_pod_autoscaler_controller_config=struct(horizontal_pod_autoscaler_sync_period=text()),
        ),
    ),
    updates=(
        Update("UpdateClusterConfig", ("deletion_protection",)),
        Update("UpdateClusterConfig", ("access_config.authentication_mode",)),
        Update(
            "UpdateClusterConfig",
            (
                "resources_vpc_config.endpoint_public_access",
                "resources_vpc_config.endpoint_private_access",
                "resources_vpc_config.public_access_cidrs",
            ),
        ),
        Update(
            "UpdateClusterConfig",
            ("resources_vpc_config.subnet_ids", "resources_vpc_config.security_group_ids"),
            together=True,
        ),
        Update("UpdateClusterConfig", ("resources_vpc_config.control_plane_egress_mode",)),
        Update("UpdateClusterConfig", ("logging",)),
        Update("UpdateClusterConfig", ("upgrade_policy",)),
        Update("UpdateClusterConfig", ("zonal_shift_config",)),
        Update("UpdateClusterConfig", ("remote_network_config",)),
        Update(
            "UpdateClusterConfig",
            ("compute_config", "kubernetes_network_config.elastic_load_balancing", "storage_config"),
            together=True,
        ),
        Update("AssociateEncryptionConfig", ("encryption_config",)),
        Update("UpdateClusterVersion", ("version",), modifiers=("force",)),
        Update("UpdateClusterConfig", ("control_plane_scaling_config",)),
        Update(
            "UpdateClusterConfig", ("kube_api_server_config", "kube_scheduler_config", "kube_controller_manager_config")
        ),
    ),
    modifiers={"force": flag()},
    shorthands={
        "subnets": "resources_vpc_config.subnet_ids",
        "security_groups": "resources_vpc_config.security_group_ids",
    },
    excluded={
        "UpdateClusterConfig.kubernetesNetworkConfig.serviceIpv4Cidr": "documented as immutable",
        "UpdateClusterConfig.kubernetesNetworkConfig.ipFamily": "documented as immutable",
        "UpdateClusterVersion.rollbackConfig": "a downgrade is refused; rollback is an operation of its own",
    },
    protection="deletion_protection",
    wait_timeout=3600,
    advice=(
        Advice(
            "[Kk]ubernetes version", "version", "give a version that EKS offers; DescribeClusterVersions lists them"
        ),
        Advice("AZs|[Zz]one", "resources_vpc_config.subnet_ids", "give subnets in at least two availability zones"),
        Advice("[Ss]ubnet ID", "resources_vpc_config.subnet_ids", "give subnets of one VPC in this account and region"),
        Advice("[Rr]ole", "role_arn", "give a role that exists and that eks.amazonaws.com may assume"),
    ),
    hooks=Hooks(prepare=prepare, check=check, resolve=resolve, blockers=blockers, kept=kept),
)
