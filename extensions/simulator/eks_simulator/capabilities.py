# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed capabilities of a cluster: ACK, Argo CD and kro, one of each type.

Rules: the service model of CreateCapability and UpdateCapability, and
https://docs.aws.amazon.com/eks/latest/userguide/capabilities.html.
"""

from __future__ import annotations

import re
import uuid
from copy import deepcopy
from typing import Any

from . import durations, idempotency
from .access import admit_role, dismiss_role
from .cluster_rules import require_access_entries
from .errors import in_use, invalid_parameter, invalid_request, not_found
from .lifecycle import being_created, being_deleted, being_updated, refuse_if_busy
from .operations import Call, operation
from .paging import page
from .role_rules import require_capability_role
from .store import Cluster, Resource
from .tags import require_allowed

_NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9\-_]{0,99}")
_MEMBER = {"ACK": "ack", "ARGOCD": "argoCd"}
"""The member of the configuration that belongs to a type; KRO has none (service model)."""
_VERSIONS = {"ACK": "1.0.0", "ARGOCD": "3.1.0", "KRO": "0.7.0"}
_SUMMARY = ("capabilityName", "arn", "type", "status", "version", "createdAt", "modifiedAt")


@operation("CreateCapability")
def create_capability(call: Call) -> dict[str, Any]:
    """ "You can only create one Capability of each type on a given Amazon EKS cluster" (service model)."""
    cluster = _cluster(call)
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"capability": earlier.description}
    name, kind = call.parameters["capabilityName"], call.parameters["type"]
    if cluster.status != "ACTIVE":
        raise invalid_request(f"Cluster '{cluster.name}' is not in ACTIVE status")
    if not _NAME.fullmatch(name):
        raise invalid_parameter(f"Invalid capability name: {name}")
    if name in cluster.capabilities:
        raise in_use(f"Capability already exists with name {name} in cluster {cluster.name}")
    same = [other.name for other in cluster.capabilities.values() if other.description["type"] == kind]
    if same:
        raise in_use(f"Cluster {cluster.name} already has a capability of type {kind}: {same[0]}")
    require_access_entries(cluster.description["accessConfig"]["authenticationMode"], "A capability")
    require_allowed(call.get("tags", {}))
    require_capability_role(call, call.parameters["roleArn"])
    configuration = call.get("configuration", {})
    _require_fitting(kind, configuration)
    capability = _new(call, cluster, configuration)
    cluster.capabilities[name] = capability
    idempotency.remember(call, capability)

    admit_role(call, cluster, call.parameters["roleArn"], "STANDARD")
    being_created(call, capability, durations.CAPABILITY_CREATE)
    return {"capability": capability.description}


@operation("DescribeCapability")
def describe_capability(call: Call) -> dict[str, Any]:
    return {"capability": _capability(call, call.cluster()).description}


@operation("ListCapabilities")
def list_capabilities(call: Call) -> dict[str, Any]:
    found = [one.description for _name, one in sorted(_cluster(call).capabilities.items())]
    return page(call, "capabilities", [{name: one.get(name) for name in _SUMMARY} for one in found])


@operation("UpdateCapability")
def update_capability(call: Call) -> dict[str, Any]:
    """One update at a time, of a capability that has come to rest."""
    cluster = call.cluster()
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"update": earlier.description}
    capability = _capability(call, cluster)
    refuse_if_busy(cluster, capability, "CapabilityUpdate")
    if capability.status not in ("ACTIVE", "DEGRADED"):
        raise in_use(f"Cannot CapabilityUpdate because capability {capability.name} is in {capability.status} status")
    after = _after(call, capability)
    if all(capability.description.get(name) == value for name, value in after.items()):
        raise invalid_parameter("No changes detected in the provided configuration")
    former = capability.description["roleArn"]

    def apply() -> None:
        capability.description.update(after, modifiedAt=call.timeline.now)
        dismiss_role(call, cluster, former)
        admit_role(call, cluster, capability.description["roleArn"], "STANDARD")

    update = being_updated(
        call, cluster, capability, "CapabilityUpdate", _reported(call), durations.CAPABILITY_UPDATE, apply
    )
    idempotency.remember(call, update)
    return {"update": update.description}


@operation("DeleteCapability")
def delete_capability(call: Call) -> dict[str, Any]:
    """The resources that it manages in the cluster stay (service model, deletePropagationPolicy RETAIN)."""
    cluster = call.cluster()
    capability = _capability(call, cluster)
    refuse_if_busy(cluster, capability, "DeleteCapability")
    if capability.status in ("CREATING", "DELETING"):
        raise in_use(f"Cannot delete because capability {capability.name} is in {capability.status} status")

    def remove() -> None:
        del cluster.capabilities[capability.name]
        dismiss_role(call, cluster, capability.description["roleArn"])
        idempotency.forget(call, capability)

    being_deleted(call, capability, durations.CAPABILITY_DELETE, remove)
    return {"capability": capability.description}


def _cluster(call: Call) -> Cluster:
    """The cluster. CreateCapability and ListCapabilities know no ResourceNotFoundException (service model)."""
    name = call.parameters["clusterName"]
    if name not in call.region.clusters:
        raise invalid_parameter(f"No cluster found for name: {name}.")
    return call.region.clusters[name]


def _capability(call: Call, cluster: Cluster) -> Resource:
    name = call.parameters["capabilityName"]
    if name not in cluster.capabilities:
        raise not_found(f"No capability found for name: {name}.")
    return cluster.capabilities[name]


def _require_fitting(kind: str, configuration: dict[str, Any]) -> None:
    """The structure of the type and no other; Argo CD's needs IAM Identity Center (service model, awsIdc)."""
    own = _MEMBER.get(kind)
    strange = [member for member in configuration if member != own]
    if strange:
        raise invalid_parameter(
            f"The configuration {', '.join(strange)} does not belong to a capability of type {kind}"
        )
    if kind == "ARGOCD" and not configuration.get("argoCd"):
        raise invalid_parameter("configuration.argoCd.awsIdc must be specified for a capability of type ARGOCD")
    _require_roles_once(configuration.get("argoCd", {}).get("rbacRoleMappings", []))


def _require_roles_once(mappings: list[dict[str, Any]]) -> None:
    roles = [mapping["role"] for mapping in mappings]
    twice = {role for role in roles if roles.count(role) > 1}
    if twice:
        raise invalid_parameter(f"Roles listed twice in rbacRoleMappings: {', '.join(sorted(twice))}")


def _after(call: Call, capability: Resource) -> dict[str, Any]:
    """The sections of the description that an update replaces."""
    given = call.get("configuration", {})
    kind = capability.description["type"]
    strange = [member for member in given if member != _MEMBER.get(kind)]
    if strange:
        raise invalid_parameter(
            f"The configuration {', '.join(strange)} does not belong to a capability of type {kind}"
        )
    after: dict[str, Any] = {}
    if "roleArn" in call.parameters:
        require_capability_role(call, call.parameters["roleArn"])
        after["roleArn"] = call.parameters["roleArn"]
    if "deletePropagationPolicy" in call.parameters:
        after["deletePropagationPolicy"] = call.parameters["deletePropagationPolicy"]
    if given:
        configuration = deepcopy(capability.description["configuration"])
        configuration.get("ack", {}).update(given.get("ack", {}))
        _change_argo_cd(configuration, given.get("argoCd", {}))
        after["configuration"] = configuration
    return after


def _change_argo_cd(configuration: dict[str, Any], given: dict[str, Any]) -> None:
    if "networkAccess" in given:
        configuration["argoCd"]["networkAccess"] = given["networkAccess"]
    if "rbacRoleMappings" in given:
        before = configuration["argoCd"].get("rbacRoleMappings", [])
        configuration["argoCd"]["rbacRoleMappings"] = _mapped(before, given["rbacRoleMappings"])


def _mapped(before: list[dict[str, Any]], change: dict[str, Any]) -> list[dict[str, Any]]:
    """The role mappings after a change. Whether identities "updated" (service model, addOrUpdateRoleMappings) keep
    company with those that the role has is not said; here they do, so that only what is told to go goes."""
    _require_roles_once(change.get("addOrUpdateRoleMappings", []))
    _require_roles_once(change.get("removeRoleMappings", []))
    identities = {mapping["role"]: list(mapping["identities"]) for mapping in before}
    for mapping in change.get("addOrUpdateRoleMappings", []):
        known = identities.setdefault(mapping["role"], [])
        known += [identity for identity in mapping["identities"] if identity not in known]
    for mapping in change.get("removeRoleMappings", []):
        absent = [one for one in mapping["identities"] if one not in identities.get(mapping["role"], [])]
        if absent:
            raise invalid_parameter(f"The role {mapping['role']} is not mapped to {absent[0]['id']}")
        identities[mapping["role"]] = [one for one in identities[mapping["role"]] if one not in mapping["identities"]]
    return [{"role": role, "identities": members} for role, members in identities.items() if members]


def _reported(call: Call) -> dict[str, Any]:
    argo_cd, ack = (call.get("configuration", {}).get(member, {}) for member in ("argoCd", "ack"))
    mappings = argo_cd.get("rbacRoleMappings", {})
    params = {
        "RoleArn": call.get("roleArn"),
        "RoleMappingsToAddOrUpdate": mappings.get("addOrUpdateRoleMappings"),
        "RoleMappingsToRemove": mappings.get("removeRoleMappings"),
        "NetworkAccess": argo_cd.get("networkAccess"),
        "EnableCrossNamespace": ack.get("enableCrossNamespace"),
        "DisabledServices": ack.get("disabledServices"),
    }
    return {name: value for name, value in params.items() if value is not None}


def _new(call: Call, cluster: Cluster, configuration: dict[str, Any]) -> Resource:
    name, kind = call.parameters["capabilityName"], call.parameters["type"]
    arn = call.region.arn(f"capability/{cluster.name}/{kind.lower()}/{name}/{uuid.uuid4()}")
    description = {
        "capabilityName": name,
        "arn": arn,
        "clusterName": cluster.name,
        "type": kind,
        "roleArn": call.parameters["roleArn"],
        "status": "CREATING",
        "version": _VERSIONS[kind],
        "configuration": _filled_in(call, kind, configuration),
        "tags": dict(call.get("tags", {})),
        "health": {"issues": []},
        "createdAt": call.now,
        "modifiedAt": call.now,
        "deletePropagationPolicy": call.parameters["deletePropagationPolicy"],
    }
    return Resource("capability", name, arn, description)


def _filled_in(call: Call, kind: str, configuration: dict[str, Any]) -> dict[str, Any]:
    """The configuration with what EKS adds to it."""
    if kind == "ACK":
        return {"ack": {"enableCrossNamespace": False, "disabledServices": [], **configuration.get("ack", {})}}
    if kind != "ARGOCD":
        return {}
    given = configuration["argoCd"]
    number = uuid.uuid4().hex[:16]
    application = f"arn:{call.region.partition}:sso::{call.region.account}:application/ssoins-{number}/apl-{number}"
    host = f"{given.get('endpointPrefix', number)}.eks-capabilities.{call.region.name}.amazonaws.com"
    identity = {"idcRegion": call.region.name, **given["awsIdc"], "idcManagedApplicationArn": application}
    return {"argoCd": {"namespace": "argocd", **given, "awsIdc": identity, "serverUrl": f"https://{host}"}}
