# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateAddon, DescribeAddon, ListAddons, DeleteAddon."""

from __future__ import annotations

import uuid
from typing import Any

import yaml

from . import durations, idempotency
from .addon_catalog import ADDONS, Addon
from .addon_health import installed, look, report
from .addon_rules import conflicts, namespace_of, require_configuration, require_identities, require_version
from .cluster_rules import require_active
from .errors import in_use, invalid_parameter, invalid_request
from .lifecycle import being_created, being_deleted
from .operations import Call, operation
from .paging import page
from .pod_identities import associate, dissociate, find
from .role_rules import require_service_account_role
from .store import Cluster, Resource
from .tags import require_allowed


@operation("CreateAddon")
def create_addon(call: Call) -> dict[str, Any]:
    """An add-on in CREATING. That it conflicts, or finds no node, shows only at the end."""
    cluster = call.cluster()
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"addon": earlier.description}
    name = call.parameters["addonName"]
    members = {"clusterName": cluster.name, "addonName": name}
    require_active(cluster, addonName=name)
    if name in cluster.addons:
        raise in_use("Addon already exists.", **members)
    offered = _offered(cluster, name, members)
    version = call.get("addonVersion") or offered.default(cluster.version) or ""
    require_version(offered, version, cluster, members)
    require_allowed(call.get("tags", {}))
    values = require_configuration(offered, call.get("configurationValues"), members)
    if call.get("serviceAccountRoleArn"):
        require_service_account_role(call, call.parameters["serviceAccountRoleArn"], **members)
    identities = call.get("podIdentityAssociations", [])
    require_identities(offered, version, identities, members)
    addon = _new(call, cluster, offered, version)
    spoiled = conflicts(call, cluster, offered, version, values)
    claim(call, cluster, addon, identities)
    cluster.addons[name] = addon
    idempotency.remember(call, addon)
    being_created(call, addon, durations.ADDON_CREATE, lambda: _installed(call, cluster, addon, spoiled))
    return {"addon": addon.description}


@operation("DescribeAddon")
def describe_addon(call: Call) -> dict[str, Any]:
    cluster = call.cluster()
    addon = call.addon(cluster)
    look(call, cluster, addon)
    return {"addon": addon.description}


@operation("ListAddons")
def list_addons(call: Call) -> dict[str, Any]:
    return page(call, "addons", sorted(call.cluster().addons))


@operation("DeleteAddon")
def delete_addon(call: Call) -> dict[str, Any]:
    """With `preserve`, "Amazon EKS stops managing any settings for the add-on" and its software stays (service model),
    as do its pod identity associations (https://docs.aws.amazon.com/eks/latest/userguide/add-ons-iam.html)."""
    cluster = call.cluster()
    addon = call.addon(cluster)
    if addon.status in ("CREATING", "UPDATING", "DELETING"):
        raise invalid_request(
            f"Addon {addon.name} cannot be deleted as it is currently in {addon.status} state",
            clusterName=cluster.name,
            addonName=addon.name,
        )
    preserve = call.get("preserve", False)

    def remove() -> None:
        del cluster.addons[addon.name]
        idempotency.forget(call, addon)
        plane = call.control_planes.of(cluster)
        if preserve:
            cluster.self_managed[addon.name] = addon.description["addonVersion"]
        elif plane:
            plane.uninstall(addon.name, addon.description["namespaceConfig"]["namespace"])
        for association in owned(cluster, addon):
            association.description["ownerArn"] = None
            if not preserve:
                dissociate(call, cluster, association)

    being_deleted(call, addon, durations.ADDON_DELETE, remove)
    return {"addon": addon.description}


def owned(cluster: Cluster, addon: Resource) -> list[Resource]:
    """The pod identity associations that belong to an add-on."""
    return [one for one in cluster.pod_identities.values() if one.description.get("ownerArn") == addon.arn]


def claim(call: Call, cluster: Cluster, addon: Resource, identities: list[dict[str, str]]) -> None:
    """Make the add-on's pod identity associations. Raises ResourceInUseException, before any is made, for a service
    account that has one: add-ons take over none that exist (user guide, add-ons-iam.html)."""
    namespace = addon.description["namespaceConfig"]["namespace"]
    for identity in identities:
        existing = find(cluster, namespace, identity["serviceAccount"])
        if existing is not None:
            raise in_use(f"Association already exists: {existing.name}", clusterName=cluster.name)
    for identity in identities:
        given = {**identity, "clusterName": cluster.name, "namespace": namespace}
        associate(call, cluster, given, tags={}, owner=addon.arn)
    addon.description["podIdentityAssociations"] = [association.arn for association in owned(cluster, addon)]


def _offered(cluster: Cluster, name: str, members: dict[str, str]) -> Addon:
    """The add-on of the catalogue, if it runs on the cluster's version. AWS's wording."""
    addon = ADDONS.get(name)
    if addon is None or addon.default(cluster.version) is None:
        raise invalid_parameter(f"Addon specified is not supported in {cluster.version} kubernetes version", **members)
    return addon


def _installed(call: Call, cluster: Cluster, addon: Resource, spoiled: bool) -> None:
    if spoiled:
        message = (
            "Conflicts found when trying to apply. Will not continue due to resolve conflicts mode."
            f" Conflicts: {addon.name} - .spec.template.spec.containers"
        )
        report(addon, "CREATE_FAILED", "ConfigurationConflict", message)
        return
    cluster.self_managed.pop(addon.name, None)
    if ADDONS[addon.name].product:
        message = "Subscribe to the product in the AWS Marketplace"  # this account has subscribed to none
        report(addon, "CREATE_FAILED", "AddonSubscriptionNeeded", message)
        return
    deploy(call, cluster, addon)
    if addon.status == "ACTIVE":
        installed(call, cluster, addon)


def deploy(call: Call, cluster: Cluster, addon: Resource) -> None:
    """Let the add-on's software run in the cluster as its description says, if the cluster is still there."""
    plane, said = call.control_planes.of(cluster), addon.description
    if plane:
        values = yaml.safe_load(said.get("configurationValues") or "")
        plane.install(addon.name, said["addonVersion"], said["namespaceConfig"]["namespace"], values)


def _new(call: Call, cluster: Cluster, offered: Addon, version: str) -> Resource:
    name = offered.name
    members = {"clusterName": cluster.name, "addonName": name}
    arn = call.region.arn(f"addon/{cluster.name}/{name}/{uuid.uuid4()}")
    description = {
        "addonName": name,
        "addonArn": arn,
        "clusterName": cluster.name,
        "status": "CREATING",
        "addonVersion": version,
        "health": {"issues": []},
        "createdAt": call.now,
        "modifiedAt": call.now,
        "serviceAccountRoleArn": call.get("serviceAccountRoleArn"),
        "tags": dict(call.get("tags", {})),
        "publisher": offered.publisher,
        "owner": offered.owner,
        "configurationValues": call.get("configurationValues"),
        "podIdentityAssociations": [],
        "namespaceConfig": {"namespace": namespace_of(call, offered, members)},
    }
    return Resource("addon", name, arn, description)
