# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeAddonVersions and DescribeAddonConfiguration: the catalogue of add-ons."""

from __future__ import annotations

import json
from typing import Any

from .addon_catalog import ADDONS, Addon, Release
from .errors import invalid_parameter, not_found
from .operations import Call, operation
from .paging import page
from .versions import VERSIONS


@operation("DescribeAddonVersions")
def describe_addon_versions(call: Call) -> dict[str, Any]:
    """What is offered, newest versions first, of the add-on and for the Kubernetes version named, if they are."""
    name, version = call.get("addonName"), call.get("kubernetesVersion")
    if name is not None and name not in ADDONS:
        raise not_found(f"No addon found for name: {name}.", addonName=name)
    if version is not None and version not in VERSIONS:
        raise invalid_parameter(f"Kubernetes version {version} is not supported")
    wanted = [addon for addon in ADDONS.values() if name in (None, addon.name) and _selected(call, addon)]
    found = [_describe(addon, version) for addon in wanted]
    return page(call, "addons", [addon for addon in found if addon["addonVersions"]])


@operation("DescribeAddonConfiguration")
def describe_addon_configuration(call: Call) -> dict[str, Any]:
    """The JSON schema of a version's configuration values, and the service accounts that can have an IAM role."""
    name, version = call.parameters["addonName"], call.parameters["addonVersion"]
    addon = ADDONS.get(name)
    if addon is None:
        raise not_found(f"No addon found for name: {name}.", addonName=name)
    if addon.release(version) is None:
        raise not_found(f"No version {version} found for addon: {name}.", addonName=name)
    policies = f"arn:{call.region.partition}:iam::aws:policy/"
    return {
        "addonName": name,
        "addonVersion": version,
        "configurationSchema": json.dumps(addon.schema),
        "podIdentityConfiguration": [
            {"serviceAccount": account, "recommendedManagedPolicies": [policies + policy for policy in recommended]}
            for account, recommended in addon.service_accounts.items()
        ],
    }


def _selected(call: Call, addon: Addon) -> bool:
    filters = {"types": addon.kind, "publishers": addon.publisher, "owners": addon.owner}
    return all(value in call.get(name, [value]) for name, value in filters.items())


def _describe(addon: Addon, cluster_version: str | None) -> dict[str, Any]:
    described: dict[str, Any] = {
        "addonName": addon.name,
        "type": addon.kind,
        "addonVersions": [
            entry for release in reversed(addon.releases) if (entry := _release(addon, release, cluster_version))
        ],
        "publisher": addon.publisher,
        "owner": addon.owner,
        "defaultNamespace": addon.namespace,
    }
    if addon.product:
        url = f"https://aws.amazon.com/marketplace/pp/{addon.product}"
        described["marketplaceInformation"] = {"productId": addon.product, "productUrl": url}
    return described


def _release(addon: Addon, release: Release, cluster_version: str | None) -> dict[str, Any] | None:
    versions = [name for name in VERSIONS if release.runs_on(name) and cluster_version in (None, name)]
    if not versions:
        return None
    return {
        "addonVersion": release.version,
        "architecture": ["amd64", "arm64"],
        "computeTypes": ["ec2", "fargate"] if addon.name == "coredns" else ["ec2"],
        "compatibilities": [
            {
                "clusterVersion": name,
                "platformVersions": ["*"],
                "defaultVersion": addon.default(name) == release.version,
            }
            for name in reversed(versions)
        ],
        "requiresConfiguration": False,
        "requiresIamPermissions": bool(addon.service_accounts),
    }
