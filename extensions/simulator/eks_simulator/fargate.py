# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fargate profiles: immutable, and one at a time."""

from __future__ import annotations

import re
import uuid
from typing import Any

from . import durations, idempotency
from .access import admit_role, dismiss_role
from .cluster_rules import require_active
from .errors import in_use, invalid_parameter, invalid_request, limit_exceeded, not_found
from .kubernetes.controllers.fargate import dismiss
from .lifecycle import being_created, being_deleted
from .network_rules import existing_subnets
from .operations import Call, operation
from .paging import page
from .role_rules import require_pod_execution_role
from .store import Cluster, Resource
from .tags import require_allowed

MOST_SELECTORS = 5
MOST_LABELS = 5
_NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9\-_]{0,99}")


@operation("CreateFargateProfile")
def create_fargate_profile(call: Call) -> dict[str, Any]:
    """Raises what AWS raises; ResourceInUseException is not modelled for this operation, but is what it answers while
    another profile of the cluster comes or goes (reference of eksctl, and the user guide, fargate-profile.html)."""
    cluster = call.cluster()
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"fargateProfile": earlier.description}
    name = call.parameters["fargateProfileName"]
    members = {"clusterName": cluster.name, "fargateProfileName": name}
    require_active(cluster)
    if not _NAME.fullmatch(name) or name.startswith("eks-"):
        raise invalid_parameter(f"Invalid Fargate profile name: {name}", **members)
    if name in cluster.fargate_profiles:
        raise invalid_request(
            "A Fargate Profile already exists with this name in this cluster.", clusterName=cluster.name
        )
    _require_quiet(cluster, f"Cannot create Fargate Profile {name}")
    if len(cluster.fargate_profiles) >= call.quotas.fargate_profiles_per_cluster:
        raise limit_exceeded(
            f"Fargate profile limit exceeded: {call.quotas.fargate_profiles_per_cluster} per cluster",
            clusterName=cluster.name,
        )
    require_allowed(call.get("tags", {}))
    require_pod_execution_role(call, call.parameters["podExecutionRoleArn"], **members)
    _require_selectors(call.get("selectors", []), members)
    profile = _new(call, cluster, _subnets(call, cluster, members))
    cluster.fargate_profiles[name] = profile
    admit_role(call, cluster, call.parameters["podExecutionRoleArn"], "FARGATE_LINUX")
    idempotency.remember(call, profile)
    being_created(call, profile, durations.FARGATE_CREATE)
    return {"fargateProfile": profile.description}


@operation("DescribeFargateProfile")
def describe_fargate_profile(call: Call) -> dict[str, Any]:
    return {"fargateProfile": _profile(call, call.cluster()).description}


@operation("ListFargateProfiles")
def list_fargate_profiles(call: Call) -> dict[str, Any]:
    return page(call, "fargateProfileNames", sorted(call.cluster().fargate_profiles))


@operation("DeleteFargateProfile")
def delete_fargate_profile(call: Call) -> dict[str, Any]:
    """ "Only one Fargate profile in a cluster can be in the DELETING status at a time" (service model). "Any Pods that
    were scheduled onto Fargate with the profile are deleted" (user guide, delete-fargate-profile)."""
    cluster = call.cluster()
    profile = _profile(call, cluster)
    _require_quiet(cluster, f"Cannot delete Fargate Profile {profile.name}")

    def remove() -> None:
        del cluster.fargate_profiles[profile.name]
        dismiss_role(call, cluster, profile.description["podExecutionRoleArn"])
        idempotency.forget(call, profile)

    being_deleted(call, profile, durations.FARGATE_DELETE, remove)
    plane = call.control_planes.of(cluster)
    if plane:
        dismiss(plane.objects, profile.name)
    return {"fargateProfile": profile.description}


def _profile(call: Call, cluster: Cluster) -> Resource:
    name = call.parameters["fargateProfileName"]
    if name not in cluster.fargate_profiles:
        raise not_found(
            f"No Fargate Profile found with name: {name}.", clusterName=cluster.name, fargateProfileName=name
        )
    return cluster.fargate_profiles[name]


def _require_quiet(cluster: Cluster, what: str) -> None:
    """No profile of the cluster may be coming or going. AWS's wording."""
    for other in cluster.fargate_profiles.values():
        if other.status in ("CREATING", "DELETING"):
            raise in_use(
                f"{what} because cluster {cluster.name} currently has Fargate profile {other.name}"
                f" in status {other.status}",
                clusterName=cluster.name,
            )


def _subnets(call: Call, cluster: Cluster, members: dict[str, str]) -> list[str]:
    """The private subnets of the profile; those of the cluster that are private, if none are named."""
    named = call.get("subnets")
    if not named:
        candidates = existing_subnets(call, cluster.description["resourcesVpcConfig"]["subnetIds"], **members)
        private = [subnet.id for subnet in candidates if not call.aws.is_public(subnet)]
        if not private:
            raise invalid_parameter("Fargate Profile requires at least one private subnet", **members)
        return private
    for subnet in existing_subnets(call, named, **members):
        if subnet.vpc_id != cluster.vpc_id:
            raise invalid_parameter(
                f"Subnet {subnet.id} does not belong to the cluster's VPC {cluster.vpc_id}", **members
            )
        if call.aws.is_public(subnet):
            raise invalid_parameter(
                f"Subnet {subnet.id} provided in Fargate Profile is not a private subnet", **members
            )
    return list(named)


def _require_selectors(selectors: list[dict[str, Any]], members: dict[str, str]) -> None:
    """One to five selectors, each with a namespace and at most five labels (service model of CreateFargateProfile and
    service quotas). AWS's wording."""
    if not selectors:
        raise invalid_parameter("Fargate Profile requires at least one selector.", **members)
    if len(selectors) > MOST_SELECTORS:
        raise invalid_parameter(f"Request contains more than {MOST_SELECTORS} Selectors", **members)
    for selector in selectors:
        if not selector.get("namespace"):
            raise invalid_parameter(
                "Fargate Profile must have at least one selector with at least one namespace value.", **members
            )
        if len(selector.get("labels", {})) > MOST_LABELS:
            raise invalid_parameter(f"Request contains Selector with more than {MOST_LABELS} Label pairs", **members)


def _new(call: Call, cluster: Cluster, subnet_ids: list[str]) -> Resource:
    name = call.parameters["fargateProfileName"]
    arn = call.region.arn(f"fargateprofile/{cluster.name}/{name}/{uuid.uuid4()}")
    description = {
        "fargateProfileName": name,
        "fargateProfileArn": arn,
        "clusterName": cluster.name,
        "createdAt": call.now,
        "podExecutionRoleArn": call.parameters["podExecutionRoleArn"],
        "subnets": subnet_ids,
        "selectors": call.parameters["selectors"],
        "status": "CREATING",
        "tags": dict(call.get("tags", {})),
        "health": {"issues": []},
    }
    return Resource("fargate_profile", name, arn, description)
