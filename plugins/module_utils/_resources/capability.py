# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A managed capability: Argo CD, ACK or kro, run by EKS for a cluster, one of each type."""

from __future__ import annotations

from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._model import (
    Advice,
    Hooks,
    Lifecycle,
    Resource,
    Update,
    Values,
    flag,
    many,
    struct,
    text,
)
from ansible_collections.flotilla.eks.plugins.module_utils._resources._rules import role_arn_problems

CONFIGURATION = {"ACK": "ack", "ARGOCD": "argo_cd"}  # type -> its member of the configuration; KRO has none
Identities = dict[str, list[Values]]


def identities(mappings: list[Values] | None) -> Identities:
    """role -> who has it; without roles that nobody has."""
    return {mapping["role"]: mapping["identities"] for mapping in mappings or [] if mapping.get("identities")}


def held_roles(mappings: list[Values] | None) -> list[Values]:
    return _mappings(identities(mappings))


def changed_mappings(before: list[Values] | None, after: list[Values]) -> Values:
    """UpdateCapability is told what to add or update and what to remove.

    Whether an updated role keeps the identities that it is not told of, the service model leaves open. A role that
    changes is sent with all who shall have it, and those who shall not are removed: right either way.
    """
    known, wanted = identities(before), identities(after)
    added = {role: who for role, who in wanted.items() if _apart(who, known.get(role, []))}
    removed = {role: _without(who, wanted.get(role, [])) for role, who in known.items()}
    removed = {role: who for role, who in removed.items() if who}
    return {
        **({"add_or_update_role_mappings": _mappings(added)} if added else {}),
        **({"remove_role_mappings": _mappings(removed)} if removed else {}),
    }


def _mappings(roles: Identities) -> list[Values]:
    return [{"role": role, "identities": who} for role, who in roles.items()]


def _apart(some: list[Values], others: list[Values]) -> bool:
    return any(one not in others for one in some) or any(one not in some for one in others)


def _without(some: list[Values], others: list[Values]) -> list[Values]:
    return [one for one in some if one not in others]


def check(desired: Values, observed: Values | None) -> list[str]:
    configuration = desired.get("configuration") or {}
    kind = desired.get("type") or (observed or {}).get("type")
    problems = role_arn_problems(desired, "role_arn")
    problems += [
        f"configuration.{member}: does not belong to a capability of type {kind}; remove it"
        for member in configuration
        if kind and member != CONFIGURATION.get(kind)
    ]
    if observed is None and kind == "ARGOCD" and "argo_cd" not in configuration:
        problems.append("configuration.argo_cd: missing; Argo CD needs aws_idc, where its users sign in")
    return problems + _role_problems(configuration.get("argo_cd") or {})


def _role_problems(argo_cd: Values) -> list[str]:
    path = "configuration.argo_cd.rbac_role_mappings"
    roles = [mapping["role"] for mapping in argo_cd.get("rbac_role_mappings") or []]
    twice = sorted({role for role in roles if roles.count(role) > 1})
    return [f"{path}: found the role {role} twice; give it once, with all its identities" for role in twice]


def role_mapping() -> Any:
    identity = struct(id=text(required=True), type=text("SSO_USER", "SSO_GROUP", required=True))
    return struct(role=text("ADMIN", "EDITOR", "VIEWER", required=True), identities=many(identity, required=True))


CAPABILITY = Resource(
    kind="capability",
    label="capability",
    api="Capability",
    identity={"cluster_name": ("cluster_name", "name"), "name": ("capability_name",)},
    listing="capabilities",
    listed="capability_name",
    arn="arn",
    required=("type", "role_arn", "delete_propagation_policy"),
    options=struct(
        type=text("ACK", "KRO", "ARGOCD"),
        role_arn=text(),
        delete_propagation_policy=text("RETAIN"),
        configuration=struct(
            argo_cd=struct(
                namespace=text(),
                aws_idc=struct(
                    {"required": True},
                    idc_instance_arn=text(required=True),
                    idc_region=text(),
                ),
                rbac_role_mappings=many(role_mapping(), normal=held_roles, patch=changed_mappings),
                network_access=struct(vpce_ids=many(text())),
                endpoint_prefix=text(),
            ),
            ack=struct(enable_cross_namespace=flag(), disabled_services=many(text())),
        ),
    ),
    updates=(
        Update(
            "UpdateCapability",
            (
                "role_arn",
                "delete_propagation_policy",
                "configuration.argo_cd.rbac_role_mappings",
                "configuration.argo_cd.network_access",
                "configuration.ack",
            ),
        ),
    ),
    lifecycle=Lifecycle(failed=frozenset({"CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED", "DEGRADED"})),
    replaceable=True,
    advice=(
        Advice("[Rr]ole", "role_arn", "give a role that exists and that capabilities.eks.amazonaws.com may assume"),
    ),
    hooks=Hooks(check=check),
)
