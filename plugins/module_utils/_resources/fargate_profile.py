# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Fargate profile. The API has no operation to update one: all but its tags is fixed when it is created."""

from __future__ import annotations

from ansible_collections.flotilla.eks.plugins.module_utils._model import (
    Advice,
    Hooks,
    Resource,
    Values,
    many,
    mapping,
    struct,
    text,
)
from ansible_collections.flotilla.eks.plugins.module_utils._resources._rules import role_arn_problems

MOST_SELECTORS = 5  # EKS service quota "Selectors per Fargate profile"


def check(desired: Values, observed: Values | None) -> list[str]:
    problems = role_arn_problems(desired, "pod_execution_role_arn")
    selectors = desired.get("selectors")
    if selectors is None:
        return problems
    if not 1 <= len(selectors) <= MOST_SELECTORS:
        problems.append(f"selectors: found {len(selectors)}, wanted 1 to {MOST_SELECTORS}")
    for index, selector in enumerate(selectors):
        if not selector.get("namespace"):
            problems.append(f"selectors[{index}].namespace: missing; a selector without a namespace matches no pod")
    return problems


FARGATE_PROFILE = Resource(
    kind="fargate_profile",
    label="Fargate profile",
    api="FargateProfile",
    identity={"cluster_name": ("cluster_name", "name"), "name": ("fargate_profile_name",)},
    listing="fargate_profile_names",
    arn="fargate_profile_arn",
    required=("pod_execution_role_arn", "selectors"),
    options=struct(
        pod_execution_role_arn=text(aliases=("role_arn",)),
        subnets=many(text()),
        selectors=many(struct(namespace=text(), labels=mapping())),
    ),
    replaceable=True,
    one_at_a_time=True,
    wait_timeout=1200,
    advice=(
        Advice("[Ss]ubnet", "subnets", "give private subnets of the cluster's VPC"),
        Advice("[Rr]ole", "pod_execution_role_arn", "give a role that eks-fargate-pods.amazonaws.com may assume"),
    ),
    hooks=Hooks(check=check),
)
