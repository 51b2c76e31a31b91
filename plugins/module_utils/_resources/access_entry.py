# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An access entry: what an IAM principal may do in a cluster, with the access policies associated to it."""

from __future__ import annotations

import re

from ansible_collections.flotilla.eks.plugins.module_utils._model import (
    Attachments,
    Hooks,
    Resource,
    Update,
    Values,
    many,
    struct,
    text,
)

WITHOUT_POLICIES = ("EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX")


def check(desired: Values, observed: Values | None) -> list[str]:
    kind = desired.get("type") or (observed or {}).get("type") or "STANDARD"
    problems = [
        f"policies[{index}].access_scope.namespaces: missing, though the scope is a namespace"
        for index, policy in enumerate(desired.get("policies") or [])
        if policy["access_scope"].get("type") == "namespace" and not policy["access_scope"].get("namespaces")
    ]
    if kind in WITHOUT_POLICIES and desired.get("policies"):
        problems.append(f"policies: an entry of type {kind} takes none; EKS knows itself what such nodes may do")
    return problems


def restate(observed: Values) -> Values:
    """Without what EKS fills in: the names of who has none of its own, and the groups of nodes.

    Source: Amazon EKS User Guide, "Create access entries", on the default of username.
    """
    standard = observed.get("type", "STANDARD") == "STANDARD"
    filled_in = ["username"] if observed.get("username") == _default_username(observed["principal_arn"]) else []
    hidden = filled_in if standard else ["username", "kubernetes_groups"]
    return {name: value for name, value in observed.items() if name not in hidden}


def _default_username(principal: str) -> str:
    role = re.fullmatch(r"arn:([^:]+):iam::(\d+):role/(?:.*/)?([^/]+)", principal)
    return "arn:{}:sts::{}:assumed-role/{}/{{{{SessionName}}}}".format(*role.groups()) if role else principal


POLICY = struct(
    policy_arn=text(required=True),
    access_scope=struct(
        {"required": True},
        type=text("cluster", "namespace"),
        namespaces=many(text()),
    ),
)

ACCESS_ENTRY = Resource(
    kind="access_entry",
    label="access entry",
    api="AccessEntry",
    identity={"cluster_name": ("cluster_name",), "principal_arn": ("principal_arn",)},
    listing="access_entries",
    arn="access_entry_arn",
    required=(),
    options=struct(
        type=text(),
        kubernetes_groups=many(text()),
        username=text(),
        policies=many(POLICY, echoed=False),
    ),
    updates=(Update("UpdateAccessEntry", ("kubernetes_groups", "username")),),
    lifecycle=None,
    attachments=Attachments(
        option="policies",
        item=POLICY,
        key="policy_arn",
        listing="ListAssociatedAccessPolicies",
        answer="associated_access_policies",
        add="AssociateAccessPolicy",
        remove="DisassociateAccessPolicy",
        purge="purge_policies",
    ),
    hooks=Hooks(check=check, restate=restate),
)
