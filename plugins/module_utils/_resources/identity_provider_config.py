# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OIDC identity provider of a cluster, one at most. The API has no operation to change one."""

from __future__ import annotations

from urllib.parse import urlsplit

from ansible_collections.flotilla.eks.plugins.module_utils._model import (
    Advice,
    Hooks,
    Lifecycle,
    Resource,
    Values,
    mapping,
    struct,
    text,
)

KIND = "oidc"  # the only one: service model, IdentityProviderConfig


def check(desired: Values, observed: Values | None) -> list[str]:
    return [*_issuer_problems(desired.get("issuer_url")), *_prefix_problems(desired)]


def _issuer_problems(url: str | None) -> list[str]:
    """Service model, OidcIdentityProviderConfigRequest: https, with a path if need be, without a query."""
    parts = urlsplit(url or "https://host")
    if parts.scheme == "https" and parts.netloc and not parts.query:
        return []
    return [f"issuer_url: found {url!r}, wanted a URL that begins with https:// and has no query"]


def _prefix_problems(desired: Values) -> list[str]:
    """Service model, OidcIdentityProviderConfig: those names are Kubernetes' own."""
    return [
        f"{name}: found {desired[name]!r}, wanted a prefix without 'system:'"
        for name in ("username_prefix", "groups_prefix")
        if "system:" in desired.get(name, "")
    ]


def address(identity: Values) -> Values:
    return {"identity_provider_config": {"type": KIND, "name": identity["name"]}}


IDENTITY_PROVIDER_CONFIG = Resource(
    kind="identity_provider_config",
    label="identity provider configuration",
    api="IdentityProviderConfig",
    verbs={"create": "AssociateIdentityProviderConfig", "delete": "DisassociateIdentityProviderConfig"},
    identity={"cluster_name": ("cluster_name", "name"), "name": ("identity_provider_config_name",)},
    listing="identity_provider_configs",
    answer=f"identity_provider_config.{KIND}",
    envelope=KIND,
    arn="identity_provider_config_arn",
    required=("issuer_url", "client_id"),
    options=struct(
        issuer_url=text(),
        client_id=text(),
        username_claim=text(),
        username_prefix=text(),
        groups_claim=text(),
        groups_prefix=text(),
        required_claims=mapping(),
    ),
    lifecycle=Lifecycle(moving=frozenset({"CREATING", "DELETING"}), failed=frozenset(), stillborn=frozenset()),
    replaceable=True,
    one_at_a_time=True,
    wait_timeout=2400,
    advice=(
        Advice(
            "already has an OIDC",
            "issuer_url",
            "a cluster has one configuration: name the one that is there, or remove it first (state: absent)",
        ),
    ),
    hooks=Hooks(check=check, address=address),
)
