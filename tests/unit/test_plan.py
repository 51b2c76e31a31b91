# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth table of Fargate profiles and access entries, and what the plan says of any resource."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Desired, Refused, absent, diff, present, title
from ansible_collections.flotilla.eks.plugins.module_utils._resources.access_entry import ACCESS_ENTRY
from ansible_collections.flotilla.eks.plugins.module_utils._resources.fargate_profile import FARGATE_PROFILE
from support.descriptors import IDENTITIES, RESOURCES

ROLE = "arn:aws:iam::123456789012:role/fargate-prod"
SELECTORS: list[Values] = [{"namespace": "a"}, {"namespace": "b", "labels": {"app.io/Tier": "1", "x": "2"}}]
BATCH: Values = {
    "status": "ACTIVE",
    "fargate_profile_arn": "arn:batch",
    "pod_execution_role_arn": ROLE,
    "subnets": ["subnet-a", "subnet-b"],
    "selectors": SELECTORS,
    "tags": {"Owner": "me"},
}


def profile(values: Values, **words: Any) -> list[str]:
    desired = Desired(IDENTITIES["fargate_profile"], values, **words)
    return [change.operation for change in present(FARGATE_PROFILE, desired, BATCH)]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({}, id="nothing said"),
        pytest.param({"selectors": SELECTORS[::-1], "subnets": ["subnet-b", "subnet-a"]}, id="in another order"),
        pytest.param({"selectors": [{"namespace": "a", "labels": {}}, SELECTORS[1]]}, id="empty labels"),
    ],
)
def test_profile_stays_as_it_is(values: Values) -> None:
    assert profile(values) == []


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"pod_execution_role_arn": ROLE.replace("prod", "drop")}, "pod_execution_role_arn: found"),  # the same letters
        ({"pod_execution_role_arn": ROLE.replace("123456789012", "210987654321")}, "pod_execution_role_arn: found"),
        ({"subnets": ["subnet-a"]}, "subnets: found ['subnet-a', 'subnet-b'], wanted ['subnet-a'], but it cannot"),
        ({"selectors": SELECTORS[:1]}, "selectors: found"),
        ({"selectors": [SELECTORS[0], {"namespace": "b", "labels": {"x": "2"}}]}, "selectors: found"),
    ],
)
def test_profile_is_refused_or_replaced(values: Values, complaint: str) -> None:
    with pytest.raises(Refused) as refused:
        profile({**values}, tags={})
    assert complaint in str(refused.value)
    assert str(refused.value).startswith("Fargate profile batch of cluster prod: ")
    whole = {"pod_execution_role_arn": ROLE, "selectors": SELECTORS, **values}
    assert profile(whole, replace=True) == ["DeleteFargateProfile", "CreateFargateProfile"]


def test_profile_takes_other_tags() -> None:
    assert profile({}, tags={"owner": "me"}) == ["UntagResource", "TagResource"]


@pytest.mark.parametrize(
    ("selectors", "complaint"),
    [
        ([], "selectors: found 0, wanted 1 to 5"),
        ([{"namespace": str(number)} for number in range(6)], "selectors: found 6, wanted 1 to 5"),
        ([{"namespace": "a"}, {"labels": {"x": "1"}}], "selectors[1].namespace: missing"),
    ],
)
def test_selectors_without_sense_are_refused(selectors: list[Values], complaint: str) -> None:
    with pytest.raises(Refused) as refused:
        profile({"selectors": selectors})
    assert complaint in str(refused.value)


VIEW = {"policy_arn": "arn:View", "access_scope": {"type": "namespace", "namespaces": ["a", "b"]}}
EDIT = {"policy_arn": "arn:Edit", "access_scope": {"type": "cluster", "namespaces": []}}
ADMIN: Values = {
    "access_entry_arn": "arn:entry",
    "type": "STANDARD",
    "kubernetes_groups": ["ops"],
    "username": "admin",
    "policies": [{**VIEW, "associated_at": "2026-01-01"}, {**EDIT, "associated_at": "2026-01-01"}],
}


def entry(values: Values, *observed: Values | None, **words: Any) -> list[tuple[str, Values]]:
    """The calls that make an entry what is desired; it is ADMIN unless it is given otherwise."""
    desired = Desired(IDENTITIES["access_entry"], values, **words)
    changes = present(ACCESS_ENTRY, desired, observed[0] if observed else ADMIN)
    return [(change.operation, change.params) for change in changes]


ATTACH, DETACH = "AssociateAccessPolicy", "DisassociateAccessPolicy"
WIDER = {"policy_arn": "arn:View", "access_scope": {"type": "cluster"}}


@pytest.mark.parametrize(
    ("policies", "purge", "calls"),
    [
        pytest.param(None, True, [], id="nothing said"),
        pytest.param([EDIT, VIEW], True, [], id="in another order"),
        pytest.param(
            [{**VIEW, "access_scope": {"type": "namespace", "namespaces": ["b", "a"]}}], False, [], id="one of them"
        ),
        pytest.param([VIEW], True, [(DETACH, {"policy_arn": "arn:Edit"})], id="one of them, purged"),
        pytest.param([], False, [], id="none"),
        pytest.param(
            [], True, [(DETACH, {"policy_arn": "arn:View"}), (DETACH, {"policy_arn": "arn:Edit"})], id="none, purged"
        ),
        pytest.param([WIDER, EDIT], True, [(ATTACH, WIDER)], id="another scope"),
        pytest.param(
            [{**VIEW, "policy_arn": "arn:New"}], False, [(ATTACH, {**VIEW, "policy_arn": "arn:New"})], id="new"
        ),
    ],
)
def test_policies_of_an_entry(policies: list[Values] | None, purge: bool, calls: list[tuple[str, Values]]) -> None:
    values = {} if policies is None else {"policies": policies}
    assert entry(values, purge_attachments=purge) == calls


def test_new_entry_is_created_before_its_policies() -> None:
    values = {"kubernetes_groups": ["ops"], "policies": [VIEW]}
    assert entry(values, None) == [("CreateAccessEntry", {"kubernetes_groups": ["ops"]}), (ATTACH, VIEW)]


def test_entry_is_updated_in_what_differs() -> None:
    assert entry({"kubernetes_groups": [], "username": "admin"}) == [("UpdateAccessEntry", {"kubernetes_groups": []})]
    with pytest.raises(Refused, match=r"type: found 'STANDARD', wanted 'EC2_LINUX', but it cannot be changed"):
        entry({"type": "EC2_LINUX"})


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"type": "EC2_LINUX", "policies": [VIEW]}, "policies: an entry of type EC2_LINUX takes none"),
        (
            {"policies": [{**VIEW, "access_scope": {"type": "namespace"}}]},
            "policies[0].access_scope.namespaces: missing, though the scope is a namespace",
        ),
    ],
)
def test_policies_without_sense_are_refused(values: Values, complaint: str) -> None:
    with pytest.raises(Refused) as refused:
        entry(values, None)
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("cluster", "cluster prod"),
        ("nodegroup", "node group web of cluster prod"),
        ("fargate_profile", "Fargate profile batch of cluster prod"),
        ("access_entry", "access entry arn:aws:iam::123456789012:role/admin of cluster prod"),
    ],
)
def test_title(kind: str, expected: str) -> None:
    assert title(RESOURCES[kind], IDENTITIES[kind]) == expected


def test_diff_of_a_deletion() -> None:
    changes = absent(FARGATE_PROFILE, Desired(IDENTITIES["fargate_profile"]), BATCH)
    assert diff(changes, BATCH) == {"before": {"status": "ACTIVE"}, "after": {"status": "absent"}}
    assert diff([], BATCH) == {"before": {}, "after": {}}


def test_diff_keeps_keys_of_tags_whole() -> None:
    changes = present(FARGATE_PROFILE, Desired(IDENTITIES["fargate_profile"], tags={"a.b/c": "1"}), BATCH)
    assert diff(changes, BATCH) == {"before": {"tags": {"Owner": "me"}}, "after": {"tags": {"a.b/c": "1"}}}


def test_diff_of_a_replacement_shows_old_and_new() -> None:
    values = {"pod_execution_role_arn": ROLE, "selectors": SELECTORS, "subnets": ["subnet-c"]}
    desired = Desired(IDENTITIES["fargate_profile"], values, replace=True)
    shown = diff(present(FARGATE_PROFILE, desired, BATCH), BATCH)
    assert shown["before"]["subnets"] == ["subnet-a", "subnet-b"]
    assert shown["after"]["subnets"] == ["subnet-c"]
