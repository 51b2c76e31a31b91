# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EKS demands of an add-on, on creation and on update alike."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml
from jsonschema.validators import validator_for

from .addon_catalog import Addon
from .errors import invalid_parameter
from .kubernetes.types import NODE
from .operations import Call
from .store import Cluster


def require_version(addon: Addon, version: str, cluster: Cluster, members: dict[str, str]) -> None:
    """A version that runs on the cluster's: it "must match one of the versions returned by DescribeAddonVersions"
    (service model, CreateAddon). AWS's wording."""
    release = addon.release(version)
    if release is None or not release.runs_on(cluster.version):
        raise invalid_parameter("Addon version specified is not supported", **members)


def require_configuration(addon: Addon, text: str | None, members: dict[str, str]) -> Any:
    """The configuration values, JSON or YAML, by the schema that DescribeAddonConfiguration shows (service model,
    CreateAddon). Gives them as data. AWS's wording, but for what the schema's validator says."""
    refused = "ConfigurationValue provided in request is not supported"
    try:
        values = yaml.safe_load(text or "") or {}
        json.dumps(values)
    except (yaml.YAMLError, TypeError) as error:
        raise invalid_parameter(f"{refused}: neither JSON nor YAML", **members) from error
    problem = next(validator_for(addon.schema)(addon.schema).iter_errors(values), None)
    if problem is not None:
        reason = f"Json schema validation failed with error: [{problem.json_path}: {problem.message}]"
        raise invalid_parameter(f"{refused}: {reason}", **members)
    return values


def require_identities(addon: Addon, version: str, identities: list[dict[str, str]], members: dict[str, str]) -> None:
    """Pod identities for service accounts that the add-on has, one for each. AWS's wording."""
    if identities and not addon.service_accounts:
        raise invalid_parameter(f"Pod Identity feature is not supported for addon version: {version}", **members)
    accounts = [identity["serviceAccount"] for identity in identities]
    for account in accounts:
        if account not in addon.service_accounts:
            raise invalid_parameter(
                f"Service account {account} in pod identity configuration is not supported for addon {addon.name}",
                **members,
            )
        if accounts.count(account) > 1:
            raise invalid_parameter(f"Service account {account} is specified more than once", **members)


def namespace_of(call: Call, addon: Addon, members: dict[str, str]) -> str:
    """The namespace that the call wants, else the add-on's own (service model, AddonNamespaceConfigRequest)."""
    namespace = call.get("namespaceConfig", {}).get("namespace", addon.namespace)
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", namespace):
        raise invalid_parameter(f"Invalid namespace: {namespace}", **members)
    return namespace


def conflicts(call: Call, cluster: Cluster, addon: Addon, version: str, values: Any) -> bool:
    """Whether the add-on would change self-managed software that it finds, without leave to ("If the self-managed
    version of the add-on is installed on your cluster, Amazon EKS doesn't change the value. Creation of the add-on
    might fail", service model, CreateAddon: here it does). PRESERVE "is similar to the NONE option"."""
    found = cluster.self_managed.get(addon.name)
    changes = found is not None and (found != version or bool(values))
    return changes and call.get("resolveConflicts", "NONE") != "OVERWRITE"


def has_nodes(call: Call, cluster: Cluster, namespace: str) -> bool:
    """Whether pods of a namespace find a place: on the nodes of a node group, on nodes of the user's own, on Fargate or
    on EKS Auto Mode."""
    groups = [group for group in cluster.nodegroups.values() if group.status in ("ACTIVE", "UPDATING")]
    if any(group.description["scalingConfig"]["desiredSize"] for group in groups):
        return True
    plane = call.control_planes.of(cluster)
    if plane and any(_is_of_nobody(node["metadata"].get("labels") or {}) for node in plane.objects.list(NODE)):
        return True
    profiles = [profile for profile in cluster.fargate_profiles.values() if profile.status == "ACTIVE"]
    selectors = [selector for profile in profiles for selector in profile.description["selectors"]]
    if any(selector["namespace"] == namespace and not selector.get("labels") for selector in selectors):
        return True
    compute = cluster.description["computeConfig"]
    return bool(compute["enabled"] and compute.get("nodePools"))


def _is_of_nobody(labels: dict[str, str]) -> bool:
    """Whether the labels are those of a Linux node that EKS neither manages nor runs."""
    eks_own = {"eks.amazonaws.com/nodegroup", "eks.amazonaws.com/compute-type"}
    return labels.get("kubernetes.io/os") == "linux" and not eks_own & labels.keys()
