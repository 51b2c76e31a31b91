# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UpdateAddon."""

from __future__ import annotations

from typing import Any

from . import durations, idempotency
from .addon_catalog import ADDONS
from .addon_health import installed, look
from .addon_rules import require_configuration, require_identities, require_version
from .addons import claim, deploy, owned
from .cluster_rules import require_active
from .errors import in_use, invalid_parameter
from .lifecycle import being_updated, refuse_if_busy
from .operations import Call, operation
from .pod_identities import change_role, dissociate
from .role_rules import require_service_account_role
from .store import Cluster, Resource

_PARAMS = (
    "AddonVersion",
    "ServiceAccountRoleArn",
    "ResolveConflicts",
    "ConfigurationValues",
    "PodIdentityAssociations",
)


@operation("UpdateAddon")
def update_addon(call: Call) -> dict[str, Any]:
    """Version and configuration that are left out stay; a service account role that is left out goes: "If you don't
    specify an existing IAM role, then the add-on uses the permissions assigned to the node IAM role" (service model).
    Of podIdentityAssociations, "If this value is left blank, no change. If an empty array is provided, existing
    associations owned by the add-on are deleted" (service model)."""
    cluster = call.cluster()
    addon = call.addon(cluster)
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"update": earlier.description}
    _require_ready(call, cluster, addon)
    members = {"clusterName": cluster.name, "addonName": addon.name}
    target = _target(call, cluster, addon, members)
    identities = call.get("podIdentityAssociations")
    same = all(addon.description.get(name) == value for name, value in target.items())
    if same and (identities is None or _pairs(identities) == _pairs(one.description for one in owned(cluster, addon))):
        raise invalid_parameter("No changes detected in the addon", **members)
    if identities is not None:
        require_identities(ADDONS[addon.name], target["addonVersion"], identities, members)
        _exchange(call, cluster, addon, identities)

    def apply() -> None:
        addon.description.update(target, modifiedAt=call.timeline.now)
        deploy(call, cluster, addon)
        installed(call, cluster, addon, patience=0)

    given = {name: call.get(name[0].lower() + name[1:]) for name in _PARAMS}
    params = {name: value for name, value in given.items() if value is not None}
    update = being_updated(call, cluster, addon, "AddonUpdate", params, durations.ADDON_UPDATE, apply)
    idempotency.remember(call, update)
    return {"update": update.description}


def _require_ready(call: Call, cluster: Cluster, addon: Resource) -> None:
    """One update at a time, and none of an add-on that comes, goes or never came."""
    refuse_if_busy(cluster, addon, "AddonUpdate")
    require_active(cluster, addonName=addon.name)
    look(call, cluster, addon)
    if addon.status not in ("ACTIVE", "DEGRADED", "UPDATE_FAILED"):
        raise in_use(
            f"Addon {addon.name} cannot be updated as it is currently in {addon.status} state",
            clusterName=cluster.name,
            addonName=addon.name,
        )


def _target(call: Call, cluster: Cluster, addon: Resource, members: dict[str, str]) -> dict[str, Any]:
    """The description's members after the update, each checked; the configuration by the schema of the new version."""
    offered = ADDONS[addon.name]
    version = call.get("addonVersion", addon.description["addonVersion"])
    if "addonVersion" in call.parameters:
        require_version(offered, version, cluster, members)
    values = call.get("configurationValues", addon.description.get("configurationValues"))
    require_configuration(offered, values, members)
    role = call.get("serviceAccountRoleArn")
    if role:
        require_service_account_role(call, role, **members)
    return {"addonVersion": version, "configurationValues": values, "serviceAccountRoleArn": role}


def _pairs(identities: Any) -> set[tuple[str, str]]:
    return {(identity["serviceAccount"], identity["roleArn"]) for identity in identities}


def _exchange(call: Call, cluster: Cluster, addon: Resource, identities: list[dict[str, str]]) -> None:
    """Make the add-on's associations those given: the others go, known accounts get their role, new ones are made."""
    wanted = {identity["serviceAccount"]: identity for identity in identities}
    for association in owned(cluster, addon):
        identity = wanted.pop(association.description["serviceAccount"], None)
        if identity is None:
            dissociate(call, cluster, association)
        elif identity["roleArn"] != association.description["roleArn"]:
            change_role(call, association, identity["roleArn"])
    claim(call, cluster, addon, list(wanted.values()))
