# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The descriptors of the collection, and the service model that they are judged by."""

from __future__ import annotations

import importlib
from typing import Any

import botocore.session

from ansible_collections.flotilla.eks.plugins.module_utils._model import Resource
from support.checkout import CHECKOUT

PACKAGE = "ansible_collections.flotilla.eks.plugins.module_utils._resources"


def _descriptors() -> dict[str, Resource]:
    files = sorted((CHECKOUT / "plugins" / "module_utils" / "_resources").glob("[!_]*.py"))
    modules = [importlib.import_module(f"{PACKAGE}.{file.stem}") for file in files]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Resource)]
    return {resource.kind: resource for resource in found}


RESOURCES = _descriptors()
EKS: Any = botocore.session.get_session().get_service_model("eks")
ROLES_ANYWHERE: Any = botocore.session.get_session().get_service_model("rolesanywhere")
MODELS = {"eks": EKS, "rolesanywhere": ROLES_ANYWHERE}
SSM: Any = botocore.session.get_session().get_service_model("ssm")
IDENTITIES: dict[str, dict[str, str]] = {
    "cluster": {"name": "prod"},
    "nodegroup": {"cluster_name": "prod", "name": "web"},
    "fargate_profile": {"cluster_name": "prod", "name": "batch"},
    "identity_provider_config": {"cluster_name": "prod", "name": "corporate"},
    "connected_cluster": {"name": "site"},
    "anywhere_subscription": {"name": "support"},
    "capability": {"cluster_name": "prod", "name": "tools"},
    "access_entry": {"cluster_name": "prod", "principal_arn": "arn:aws:iam::123456789012:role/admin"},
    "addon": {"cluster_name": "prod", "name": "vpc-cni"},
    "pod_identity_association": {"cluster_name": "prod", "namespace": "shop", "service_account": "web"},
    "roles_anywhere_profile": {"name": "edge"},
    "roles_anywhere_trust_anchor": {"name": "edge"},
}


def model_of(resource: Resource) -> Any:
    """The model of the service that has the resource."""
    return MODELS[resource.service]
