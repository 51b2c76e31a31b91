# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateNodegroup, DescribeNodegroup, ListNodegroups, DeleteNodegroup."""

from __future__ import annotations

import re
import uuid
from typing import Any

from . import autoscaling, durations, idempotency
from .access import admit_role, dismiss_role
from .amis import DEFAULT_AMI_TYPE, is_windows, releases, supports
from .cluster_rules import require_active
from .errors import in_use, invalid_parameter, limit_exceeded
from .launch_templates import Template, require_together, template_of
from .lifecycle import being_created, being_deleted, fail
from .network_rules import existing_subnets
from .nodegroup_health import misfortune
from .nodegroup_rules import (
    require_instance_types,
    require_labels,
    require_node_repair,
    require_scaling,
    require_taints,
    require_update_config,
    require_warm_pool,
)
from .operations import Call, operation
from .paging import page
from .role_rules import require_node_role
from .store import Cluster, Resource
from .tags import require_allowed

DEFAULT_INSTANCE_TYPE = "t3.medium"
_NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9\-_]{0,62}")
"""At most 63 characters, as https://docs.aws.amazon.com/eks/latest/userguide/create-managed-node-group.html has it."""


@operation("CreateNodegroup")
def create_nodegroup(call: Call) -> dict[str, Any]:
    """A node group in CREATING. That its nodes would not join shows only at the end, as CREATE_FAILED.

    ResourceNotFoundException is not modelled for this operation, but is what AWS answers for an unknown cluster.
    """
    cluster = call.cluster()
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"nodegroup": earlier.description}
    name = call.parameters["nodegroupName"]
    members = {"clusterName": cluster.name, "nodegroupName": name}
    require_active(cluster, nodegroupName=name)
    if name in cluster.nodegroups:
        raise in_use(f"NodeGroup already exists with name {name} and cluster name {cluster.name}", **members)
    if not _NAME.fullmatch(name):
        raise invalid_parameter(f"Invalid node group name: {name}", **members)
    if len(cluster.nodegroups) >= call.quotas.nodegroups_per_cluster:
        raise limit_exceeded(f"Node group limit exceeded: {call.quotas.nodegroups_per_cluster} per cluster", **members)
    require_allowed(call.get("tags", {}))
    require_node_role(call, call.parameters["nodeRole"], **members)
    _require_subnets(call, cluster, members)
    group = Resource("nodegroup", name, "", _describe(call, cluster, members))
    group.arn = group.description["nodegroupArn"]
    cluster.nodegroups[name] = group
    autoscaling.provide(call, cluster, group)
    kind = "EC2_WINDOWS" if is_windows(group.description["amiType"]) else "EC2_LINUX"
    admit_role(call, cluster, call.parameters["nodeRole"], kind)
    idempotency.remember(call, group)

    def finish() -> None:
        problem = misfortune(call, group)
        if problem:
            fail(group, problem)

    being_created(call, group, durations.NODEGROUP_CREATE, finish)
    return {"nodegroup": group.description}


@operation("DescribeNodegroup")
def describe_nodegroup(call: Call) -> dict[str, Any]:
    """What a user took away from under the group shows as a health issue of it."""
    group = call.nodegroup(call.cluster())
    autoscaling.follow(call, group)
    loss = autoscaling.loss(call, group)
    if loss and group.status == "ACTIVE":
        fail(group, loss)
    return {"nodegroup": group.description}


@operation("ListNodegroups")
def list_nodegroups(call: Call) -> dict[str, Any]:
    return page(call, "nodegroups", sorted(call.cluster().nodegroups))


@operation("DeleteNodegroup")
def delete_nodegroup(call: Call) -> dict[str, Any]:
    """Refused while the group is being created, updated or deleted."""
    cluster = call.cluster()
    group = call.nodegroup(cluster)
    if group.status in ("CREATING", "UPDATING", "DELETING"):
        raise in_use(
            f"Nodegroup {group.name} cannot be deleted while it is in {group.status} status",
            clusterName=cluster.name,
            nodegroupName=group.name,
        )

    def remove() -> None:
        del cluster.nodegroups[group.name]
        autoscaling.withdraw(call, group)
        dismiss_role(call, cluster, group.description["nodeRole"])
        idempotency.forget(call, group)

    being_deleted(call, group, durations.NODEGROUP_DELETE, remove)
    return {"nodegroup": group.description}


def _describe(call: Call, cluster: Cluster, members: dict[str, str]) -> dict[str, Any]:
    """The description of a new node group, every part of it checked, with AWS's defaults in place."""
    name = call.parameters["nodegroupName"]
    reference = call.get("launchTemplate")
    template = template_of(call, reference, members) if reference else None
    require_together(call, template, members)
    ami = _ami(call, cluster, template, members)
    capacity = _capacity(call, template, ami["amiType"], members)
    taints = call.get("taints", [])
    require_labels(call.get("labels", {}), members)
    require_taints(taints, members)
    scaling = _scaling(call, members)
    update_config = {"updateStrategy": "DEFAULT", **call.get("updateConfig", {"maxUnavailable": 1})}
    require_update_config(update_config, members)
    require_node_repair(call.get("nodeRepairConfig", {}), members)
    require_warm_pool(call.get("warmPoolConfig", {}), ami["amiType"], members)
    number = uuid.uuid4()
    return {
        "nodegroupName": name,
        "nodegroupArn": call.region.arn(f"nodegroup/{cluster.name}/{name}/{number}"),
        "clusterName": cluster.name,
        **ami,
        "createdAt": call.now,
        "modifiedAt": call.now,
        "status": "CREATING",
        **capacity,
        "scalingConfig": scaling,
        "subnets": call.parameters["subnets"],
        "nodeRole": call.parameters["nodeRole"],
        "labels": dict(call.get("labels", {})),
        "taints": taints or None,
        "resources": {"autoScalingGroups": [{"name": autoscaling.group_name(name, str(number))}]},
        "health": {"issues": []},
        "updateConfig": update_config,
        "nodeRepairConfig": call.get("nodeRepairConfig"),
        "warmPoolConfig": call.get("warmPoolConfig"),
        "launchTemplate": template.echo if template else None,
        "tags": dict(call.get("tags", {})),
    }


def _ami(call: Call, cluster: Cluster, template: Template | None, members: dict[str, str]) -> dict[str, Any]:
    """AMI type, version and release. The cluster's version "is the only accepted specified value" (service model)."""
    if call.get("version", cluster.version) != cluster.version:
        raise invalid_parameter(
            f"Nodegroup version {call.get('version')} must be the cluster's version {cluster.version}", **members
        )
    if template and template.image_id:
        return {"amiType": "CUSTOM", "version": cluster.version, "releaseVersion": template.image_id}
    ami_type = call.get("amiType", DEFAULT_AMI_TYPE)
    require_supported_ami(ami_type, cluster.version, members)
    release = call.get("releaseVersion") or releases(ami_type, cluster.version)[-1]
    require_release(ami_type, cluster.version, release, members)
    return {"amiType": ami_type, "version": cluster.version, "releaseVersion": release}


def require_supported_ami(ami_type: str, version: str, members: dict[str, str]) -> None:
    if not supports(ami_type, version):
        raise invalid_parameter(
            f"AMI Type {ami_type} is only supported for kubernetes versions 1.32 or earlier", **members
        )


def require_release(ami_type: str, version: str, release: str, members: dict[str, str]) -> None:
    known = releases(ami_type, version)
    if release not in known:
        raise invalid_parameter(
            f"Requested release version {release} is not valid for kubernetes version {version};"
            f" valid: {', '.join(known)}",
            **members,
        )


def _capacity(call: Call, template: Template | None, ami_type: str, members: dict[str, str]) -> dict[str, Any]:
    """Instance types, disk, remote access and capacity type, as far as the launch template does not set them."""
    in_template = template.instance_type if template else None
    types = call.get("instanceTypes") or ([] if in_template else [DEFAULT_INSTANCE_TYPE])
    if ami_type != "CUSTOM":
        effective = [in_template] if in_template else types
        require_instance_types(call, effective, ami_type, members)
    if call.get("capacityType") == "CAPACITY_BLOCK" and not template:
        raise invalid_parameter("CAPACITY_BLOCK needs a launch template with the instance type", **members)
    found = {"instanceTypes": types or None, "capacityType": call.get("capacityType", "ON_DEMAND")}
    if template is None:
        found["diskSize"] = _disk_size(call, ami_type, members)
    if call.get("remoteAccess"):
        _require_remote_access(call, members)
        found["remoteAccess"] = call.get("remoteAccess")
    return found


def _disk_size(call: Call, ami_type: str, members: dict[str, str]) -> int:
    """20 GiB, for Windows 50, unless given (service model)."""
    size = call.get("diskSize", 50 if is_windows(ami_type) else 20)
    if size < 1:
        raise invalid_parameter(f"Invalid disk size: {size}", **members)
    return size


def _require_remote_access(call: Call, members: dict[str, str]) -> None:
    access = call.parameters["remoteAccess"]
    key = access.get("ec2SshKey")
    if not key:
        raise invalid_parameter("remoteAccess needs an ec2SshKey", **members)
    if call.aws.key_pair(key) is None:
        raise invalid_parameter(f"The key pair '{key}' does not exist", **members)
    for group_id in access.get("sourceSecurityGroups", []):
        if call.aws.security_group(group_id) is None:
            raise invalid_parameter(f"The security group '{group_id}' does not exist", **members)


def _scaling(call: Call, members: dict[str, str]) -> dict[str, int]:
    """All three sizes or none: 1 to 2 nodes, 1 wanted, unless given."""
    scaling = call.get("scalingConfig", {"minSize": 1, "maxSize": 2, "desiredSize": 1})
    missing = [name for name in ("minSize", "maxSize", "desiredSize") if name not in scaling]
    if missing:
        raise invalid_parameter(f"scalingConfig must specify {', '.join(missing)}", **members)
    require_scaling(call, scaling, members)
    return dict(scaling)


def _require_subnets(call: Call, cluster: Cluster, members: dict[str, str]) -> None:
    """Subnets of the cluster's VPC (https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html)."""
    if not call.parameters["subnets"]:
        raise invalid_parameter("At least one subnet must be specified", **members)
    for subnet in existing_subnets(call, call.parameters["subnets"], **members):
        if subnet.vpc_id != cluster.vpc_id:
            raise invalid_parameter(
                f"Subnet {subnet.id} does not belong to the cluster's VPC {cluster.vpc_id}", **members
            )
