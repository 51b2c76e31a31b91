# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an add-on fares once it is installed: what ails it, by the codes of AddonIssueCode (service model).

https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html and the reports of operators: pods that find no
node keep an add-on CREATING for a while, then make it DEGRADED; it recovers by itself when nodes come.
"""

from __future__ import annotations

from . import durations
from .addon_catalog import ADDONS
from .addon_rules import has_nodes
from .operations import Call
from .store import Cluster, Resource

_STARVING = "InsufficientNumberOfReplicas"


def report(addon: Resource, status: str, code: str, message: str) -> None:
    """Let the add-on have a status, and one issue."""
    addon.status = status
    addon.description["health"] = {"issues": [{"code": code, "message": message, "resourceIds": []}]}


def installed(call: Call, cluster: Cluster, addon: Resource, patience: float = durations.ADDON_UNSCHEDULED) -> None:
    """Give an add-on that has just been installed or updated the status that it deserves.

    One that needs nodes and has none is CREATING for `patience` seconds more, or stays as it is if none are left.
    """
    if _unauthorised(call, cluster, addon):
        report(addon, "DEGRADED", "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    elif not _starving(call, cluster, addon):
        addon.status = "ACTIVE"
        addon.description["health"] = {"issues": []}
    elif patience > 0:
        addon.status = "CREATING"
        later = patience - durations.ADDON_LOOK
        call.timeline.after(durations.ADDON_LOOK, lambda: _again(call, cluster, addon, later))
    else:
        starve(addon)


def starve(addon: Resource) -> None:
    message = "The add-on is unhealthy because it doesn't have the desired number of replicas."
    report(addon, "DEGRADED", _STARVING, message)


def look(call: Call, cluster: Cluster, addon: Resource) -> None:
    """Bring an installed add-on's health up to date: nodes may have come or gone."""
    issues = addon.description["health"]["issues"]
    if addon.status == "DEGRADED" and issues and issues[0]["code"] == _STARVING and not _starving(call, cluster, addon):
        addon.status = "ACTIVE"
        addon.description["health"] = {"issues": []}
    elif addon.status == "ACTIVE" and _starving(call, cluster, addon):
        starve(addon)


def _again(call: Call, cluster: Cluster, addon: Resource, patience: float) -> None:
    if cluster.addons.get(addon.name) is addon and addon.status == "CREATING":
        installed(call, cluster, addon, patience)


def _starving(call: Call, cluster: Cluster, addon: Resource) -> bool:
    namespace = addon.description["namespaceConfig"]["namespace"]
    return ADDONS[addon.name].needs_nodes and not has_nodes(call, cluster, namespace)


def _unauthorised(call: Call, cluster: Cluster, addon: Resource) -> bool:
    """Whether the service account's role does not let the cluster's tokens in: "you must have an IAM OpenID Connect
    (OIDC) provider created for your cluster" (service model, CreateAddon)."""
    arn = addon.description.get("serviceAccountRoleArn")
    if not arn:
        return False
    role = call.aws.role(arn)
    return role is None or not call.aws.federates(role, cluster.description["identity"]["oidc"]["issuer"])
