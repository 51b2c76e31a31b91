# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth table of capabilities: what is desired of Argo CD as it is below, and the patch that follows."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Desired, Refused, present
from ansible_collections.flotilla.eks.plugins.module_utils._resources.capability import CAPABILITY

IDENTITY = {"cluster_name": "prod", "name": "argocd"}
ANNA, BERT, CARL = ({"id": name, "type": "SSO_USER"} for name in ("anna", "bert", "carl"))
ARGOCD: Values = {
    "status": "ACTIVE",
    "arn": "arn:argocd",
    "type": "ARGOCD",
    "role_arn": "arn:aws:iam::123456789012:role/argocd",
    "configuration": {
        "argo_cd": {
            "namespace": "argocd",
            "aws_idc": {"idc_instance_arn": "arn:aws:sso:::instance/ssoins-1", "idc_region": "eu-central-1"},
            "rbac_role_mappings": [{"role": "ADMIN", "identities": [ANNA, BERT]}],
            "server_url": "https://argocd.example.org",
        }
    },
}


def mapping(role: str, *identities: Values) -> Values:
    return {"role": role, "identities": list(identities)}


def patch(*mappings: Values) -> Values | None:
    """What the one update is told of the role mappings; None if there is no update."""
    desired = {"configuration": {"argo_cd": {"rbac_role_mappings": list(mappings)}}}
    changes = present(CAPABILITY, Desired(IDENTITY, desired), ARGOCD)
    if not changes:
        return None
    (change,) = changes
    assert change.operation == "UpdateCapability"
    told: Values = change.params["configuration"]["argo_cd"]["rbac_role_mappings"]
    return told


@pytest.mark.parametrize(
    ("mappings", "told"),
    [
        ([mapping("ADMIN", BERT, ANNA)], None),
        ([mapping("ADMIN", BERT, ANNA), mapping("VIEWER")], None),
        (
            [mapping("ADMIN", ANNA, BERT), mapping("VIEWER", CARL)],
            {"add_or_update_role_mappings": [mapping("VIEWER", CARL)]},
        ),
        (
            [mapping("ADMIN", ANNA, CARL)],
            {
                "add_or_update_role_mappings": [mapping("ADMIN", ANNA, CARL)],
                "remove_role_mappings": [mapping("ADMIN", BERT)],
            },
        ),
        (
            [mapping("EDITOR", ANNA)],
            {
                "add_or_update_role_mappings": [mapping("EDITOR", ANNA)],
                "remove_role_mappings": [mapping("ADMIN", ANNA, BERT)],
            },
        ),
        ([], {"remove_role_mappings": [mapping("ADMIN", ANNA, BERT)]}),
    ],
)
def test_role_mappings(mappings: list[Values], told: Values | None) -> None:
    assert patch(*mappings) == told


@pytest.mark.parametrize(
    "updated_keep", [True, False], ids=["updated roles are added to", "updated roles are replaced"]
)
def test_the_patch_is_right_either_way(updated_keep: bool) -> None:
    """Whether an updated role keeps those that it is not told of is nowhere said."""
    wanted = {"ADMIN": [ANNA, CARL], "VIEWER": [BERT]}
    told = patch(*(mapping(role, *who) for role, who in wanted.items()))
    assert told is not None
    held: dict[str, list[Values]] = {"ADMIN": [ANNA, BERT]}
    for one in told["add_or_update_role_mappings"]:
        kept = held.get(one["role"], []) if updated_keep else []
        held[one["role"]] = kept + [who for who in one["identities"] if who not in kept]
    for one in told["remove_role_mappings"]:
        held[one["role"]] = [who for who in held[one["role"]] if who not in one["identities"]]
    assert held == wanted


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"type": "KRO"}, "type: found 'ARGOCD', wanted 'KRO'"),
        ({"configuration": {"ack": {"enable_cross_namespace": True}}}, "configuration.ack: does not belong"),
        ({"configuration": {"argo_cd": {"namespace": "other"}}}, "it cannot be changed after creation"),
        ({"role_arn": "argocd"}, "wanted the ARN of an IAM role"),
        (
            {"configuration": {"argo_cd": {"rbac_role_mappings": [mapping("ADMIN", ANNA), mapping("ADMIN", BERT)]}}},
            "found the role ADMIN twice",
        ),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(Refused) as refused:
        present(CAPABILITY, Desired(IDENTITY, values), ARGOCD)
    assert "capability argocd of cluster prod: " in str(refused.value)
    assert problem in str(refused.value)


def test_argo_cd_is_not_created_without_a_place_to_sign_in() -> None:
    values = {"type": "ARGOCD", "role_arn": ARGOCD["role_arn"], "delete_propagation_policy": "RETAIN"}
    with pytest.raises(Refused, match=r"configuration\.argo_cd: missing"):
        present(CAPABILITY, Desired(IDENTITY, values), None)
