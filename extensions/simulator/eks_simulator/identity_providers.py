# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OIDC identity provider configurations: one to a cluster, never changed, each step an update of the cluster.

Rules: the service model of AssociateIdentityProviderConfig and
https://docs.aws.amazon.com/eks/latest/userguide/authenticate-oidc-identity-provider.html.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlsplit

from . import durations, idempotency
from .cluster_rules import require_active
from .errors import in_use, invalid_parameter, invalid_request, not_found
from .lifecycle import being_updated, refuse_if_busy
from .operations import Call, operation
from .paging import page
from .store import Cluster, Resource
from .tags import require_allowed

KIND = "oidc"
"""The only type of identity provider configuration (service model, IdentityProviderConfig)."""


@operation("AssociateIdentityProviderConfig")
def associate_identity_provider_config(call: Call) -> dict[str, Any]:
    """One per cluster: "You can associate one OIDC identity provider to your cluster" (user guide, above)."""
    cluster = call.cluster()
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"update": earlier.description, "tags": call.get("tags", {})}
    oidc = call.parameters["oidc"]
    name = oidc["identityProviderConfigName"]
    if name in cluster.identity_providers:
        raise in_use(f"Identity provider config {name} is already associated", clusterName=cluster.name)
    if cluster.identity_providers:
        raise invalid_request(
            f"Cluster {cluster.name} already has an OIDC identity provider: {', '.join(cluster.identity_providers)}",
            clusterName=cluster.name,
        )
    refuse_if_busy(cluster, cluster, "AssociateIdentityProviderConfig")
    require_active(cluster)
    require_allowed(call.get("tags", {}))
    _require_issuer(cluster, oidc["issuerUrl"])
    _require_prefixes(cluster, oidc)
    config = _new(call, cluster, oidc)
    cluster.identity_providers[name] = config

    def apply() -> None:
        config.status = "ACTIVE"

    def revert() -> None:
        cluster.identity_providers.pop(name, None)

    update = being_updated(
        call,
        cluster,
        cluster,
        "AssociateIdentityProviderConfig",
        {"IdentityProviderConfig": [{"type": KIND, "name": name}]},
        durations.IDENTITY_PROVIDER,
        apply,
        revert,
    )
    idempotency.remember(call, update)
    return {"update": update.description, "tags": config.tags}


@operation("DisassociateIdentityProviderConfig")
def disassociate_identity_provider_config(call: Call) -> dict[str, Any]:
    cluster = call.cluster()
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"update": earlier.description}
    config = _config(call, cluster)
    refuse_if_busy(cluster, cluster, "DisassociateIdentityProviderConfig")
    require_active(cluster)
    config.status = "DELETING"

    def apply() -> None:
        del cluster.identity_providers[config.name]

    def revert() -> None:
        config.status = "ACTIVE"

    update = being_updated(
        call,
        cluster,
        cluster,
        "DisassociateIdentityProviderConfig",
        {"IdentityProviderConfig": [{"type": KIND, "name": config.name}]},
        durations.IDENTITY_PROVIDER,
        apply,
        revert,
    )
    idempotency.remember(call, update)
    return {"update": update.description}


@operation("DescribeIdentityProviderConfig")
def describe_identity_provider_config(call: Call) -> dict[str, Any]:
    return {"identityProviderConfig": {KIND: _config(call, call.cluster()).description}}


@operation("ListIdentityProviderConfigs")
def list_identity_provider_configs(call: Call) -> dict[str, Any]:
    names = sorted(call.cluster().identity_providers)
    return page(call, "identityProviderConfigs", [{"type": KIND, "name": name} for name in names])


def _config(call: Call, cluster: Cluster) -> Resource:
    named = call.parameters["identityProviderConfig"]
    if named["type"] != KIND:
        raise invalid_parameter(f"Invalid identity provider type: {named['type']}", clusterName=cluster.name)
    if named["name"] not in cluster.identity_providers:
        raise not_found(f"Identity provider config not found: {named['name']}", clusterName=cluster.name)
    return cluster.identity_providers[named["name"]]


def _require_issuer(cluster: Cluster, url: str) -> None:
    """ "The URL must begin with https:// ... path components are allowed but query parameters are not" (service model);
    nor may it be the issuer of the cluster's own service account tokens, which Kubernetes refuses since 1.30."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.netloc or parts.query or parts.fragment:
        raise invalid_parameter(f"Invalid issuerUrl: {url}", clusterName=cluster.name)
    if url.rstrip("/") == cluster.description["identity"]["oidc"]["issuer"]:
        raise invalid_parameter("The issuerUrl must not be the cluster's own issuer", clusterName=cluster.name)


def _require_prefixes(cluster: Cluster, oidc: dict[str, Any]) -> None:
    """ "The prefix can't contain system:" (service model, OidcIdentityProviderConfig)."""
    for member in ("usernamePrefix", "groupsPrefix"):
        if "system:" in oidc.get(member, ""):
            raise invalid_parameter(f"The {member} must not contain system:", clusterName=cluster.name)


def _new(call: Call, cluster: Cluster, oidc: dict[str, Any]) -> Resource:
    name = oidc["identityProviderConfigName"]
    arn = call.region.arn(f"identityproviderconfig/{cluster.name}/{KIND}/{name}/{uuid.uuid4()}")
    description = {
        **oidc,
        "identityProviderConfigArn": arn,
        "clusterName": cluster.name,
        "tags": dict(call.get("tags", {})),
        "status": "CREATING",
    }
    return Resource("identity_provider_config", name, arn, description)
