# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pod identity association: the IAM role that the pods of a service account work with."""

from __future__ import annotations

from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._model import (
    Advice,
    Finder,
    Hooks,
    Resource,
    Update,
    Values,
    document,
    flag,
    struct,
    text,
)
from ansible_collections.flotilla.eks.plugins.module_utils._resources._rules import role_arn_problems


def check(desired: Values, observed: Values | None) -> list[str]:
    """Service model: "When using this policy, disableSessionTags must be set to true"."""
    target = {"target_role_arn": desired.get("target_role_arn") or None}
    problems = [*role_arn_problems(desired, "role_arn"), *role_arn_problems(target, "target_role_arn")]
    after = {**(observed or {}), **desired}
    if after.get("policy") and not after.get("disable_session_tags"):
        problems.append("disable_session_tags: found false, wanted true together with a policy, which EKS demands")
    return problems


def emptied(before: Any, after: Any) -> Any:
    """A policy that says nothing is taken away by an empty text."""
    return after or ""


def is_of(item: Values, identity: Values) -> bool:
    return all(item[name] == identity[name] for name in ("namespace", "service_account"))


POD_IDENTITY_ASSOCIATION = Resource(
    kind="pod_identity_association",
    label="pod identity association",
    api="PodIdentityAssociation",
    identity={
        "cluster_name": ("cluster_name",),
        "namespace": ("namespace",),
        "service_account": ("service_account",),
    },
    listing="associations",
    answer="association",
    arn="association_arn",
    finder=Finder(id="association_id", request="association_id", matches=is_of),
    required=("role_arn",),
    options=struct(
        role_arn=text(),
        target_role_arn=text(),
        disable_session_tags=flag(),
        policy=document(patch=emptied),
    ),
    updates=(
        Update("UpdatePodIdentityAssociation", ("role_arn", "target_role_arn", "disable_session_tags", "policy")),
    ),
    lifecycle=None,
    owner="owner_arn",
    advice=(
        Advice(
            "Trust policy of the role",
            "role_arn",
            "give a role that exists and that pods.eks.amazonaws.com may sts:AssumeRole and sts:TagSession",
        ),
    ),
    hooks=Hooks(check=check),
)
