# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether every operation of the EKS API is accounted for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._model import Resource

# Operations that no descriptor claims, by the reason. What stands neither here nor in a descriptor is a finding.
OTHER_OPERATIONS = {
    "follows every update, whatever its resource": "DescribeUpdate",
    "needless: Describe answers with the tags": "ListTagsForResource",
    "catalogues": "DescribeClusterVersions DescribeAddonVersions DescribeAddonConfiguration ListAccessPolicies",
    "updates": "ListUpdates CancelUpdate",
    "connected clusters": "RegisterCluster DeregisterCluster",
    "insights": "DescribeInsight ListInsights StartInsightsRefresh DescribeInsightsRefresh",
    "add-ons": "CreateAddon DescribeAddon ListAddons UpdateAddon DeleteAddon",
    "capabilities": "CreateCapability DescribeCapability ListCapabilities UpdateCapability DeleteCapability",
    "certificate authorities": (
        "CreateCertificateAuthority DescribeCertificateAuthority ListCertificateAuthorities "
        "ActivateCertificateAuthority DeleteCertificateAuthority"
    ),
    "identity provider configurations": (
        "AssociateIdentityProviderConfig DescribeIdentityProviderConfig ListIdentityProviderConfigs "
        "DisassociateIdentityProviderConfig"
    ),
    "pod identity associations": (
        "CreatePodIdentityAssociation DescribePodIdentityAssociation ListPodIdentityAssociations "
        "UpdatePodIdentityAssociation DeletePodIdentityAssociation"
    ),
    "EKS Anywhere subscriptions": (
        "CreateEksAnywhereSubscription DescribeEksAnywhereSubscription ListEksAnywhereSubscriptions "
        "UpdateEksAnywhereSubscription DeleteEksAnywhereSubscription"
    ),
}


def unclaimed(resources: Iterable[Resource], model: Any) -> list[str]:
    """The operations of the service that neither a descriptor nor OTHER_OPERATIONS accounts for, or both do."""
    claimed = {operation for resource in resources for operation in resource.operations}
    others = {operation for operations in OTHER_OPERATIONS.values() for operation in operations.split()}
    known = set(model.operation_names)
    return sorted(
        [f"{name}: no descriptor claims it" for name in known - claimed - others]
        + [f"{name}: a descriptor claims it, yet it stands in OTHER_OPERATIONS" for name in claimed & others]
        + [f"{name}: stands in OTHER_OPERATIONS, yet is no operation" for name in others - known]
    )
