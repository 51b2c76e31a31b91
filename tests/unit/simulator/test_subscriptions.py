# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS Anywhere subscriptions: bought for a term, known by an id, renewed or not, deleted when they are over."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.account import LONG, Account, refusal

YEAR = 366 * 24 * 3600


def request(account: Account, **parameters: Any) -> dict[str, Any]:
    return {"name": account.name("support"), "term": {"duration": 12, "unit": "MONTHS"}, **parameters}


def bought(account: Account, **parameters: Any) -> str:
    number = account.eks.create_eks_anywhere_subscription(**request(account, **parameters))["subscription"]["id"]
    account.sim.advance(LONG)
    return str(number)


def described(account: Account, number: str) -> dict[str, Any]:
    return account.eks.describe_eks_anywhere_subscription(id=number)["subscription"]


def test_a_subscription_is_known_by_its_id_and_tells_no_name(account: Account) -> None:
    number = bought(account, licenseQuantity=2, tags={"team": "a"})
    found = described(account, number)
    assert found["status"] == "ACTIVE"
    assert "name" not in found
    assert found["arn"].endswith(f":eks-anywhere-subscription/{number}")
    assert (len(found["licenses"]), found["licenseType"], found["autoRenew"]) == (2, "Cluster", False)
    account.eks.tag_resource(resourceArn=found["arn"], tags={"team": "b"})
    assert described(account, number)["tags"] == {"team": "b"}


@pytest.mark.parametrize(
    "parameters",
    [
        {"term": {"duration": 24, "unit": "MONTHS"}},
        {"term": {"duration": 12}},
        {"licenseQuantity": 0},
        {"licenseQuantity": 101},
    ],
)
def test_what_cannot_be_bought_is_refused(account: Account, parameters: dict[str, Any]) -> None:
    refused = refusal(account.eks.create_eks_anywhere_subscription, **request(account, **parameters))
    assert refused.code == "InvalidParameterException"


def test_a_name_is_taken_once(account: Account) -> None:
    wanted = request(account)
    account.eks.create_eks_anywhere_subscription(**wanted)
    again = refusal(account.eks.create_eks_anywhere_subscription, **wanted)
    assert (again.code, "already exists" in again.message) == ("InvalidParameterException", True)


def test_the_same_request_again_buys_nothing(account: Account) -> None:
    twice = request(account, clientRequestToken=account.name("token"))
    ids = {account.eks.create_eks_anywhere_subscription(**twice)["subscription"]["id"] for _time in range(2)}
    assert len(ids) == 1


def test_ten_are_listed_at_a_time(account: Account) -> None:
    ids = {bought(account) for _one in range(11)}
    page = account.eks.list_eks_anywhere_subscriptions()
    assert len(page["subscriptions"]) == 10
    pages = account.eks.get_paginator("list_eks_anywhere_subscriptions").paginate()
    assert ids <= {one["id"] for page in pages for one in page["subscriptions"]}
    assert account.eks.list_eks_anywhere_subscriptions(includeStatus=["EXPIRED"])["subscriptions"] == []


def test_only_the_renewal_changes(account: Account) -> None:
    number = bought(account)
    assert refusal(account.eks.delete_eks_anywhere_subscription, id=number).code == "InvalidRequestException"
    update = account.eks.update_eks_anywhere_subscription
    assert update(id=number, autoRenew=True)["subscription"]["status"] == "UPDATING"
    assert refusal(update, id=number, autoRenew=False).code == "InvalidRequestException"
    account.sim.advance(LONG)
    assert (described(account, number)["status"], described(account, number)["autoRenew"]) == ("ACTIVE", True)


def test_it_is_renewed_or_over_at_its_end(account: Account) -> None:
    renewed, over = bought(account, autoRenew=True), bought(account)
    account.sim.advance(YEAR)
    assert [described(account, number)["status"] for number in (renewed, over)] == ["ACTIVE", "EXPIRED"]
    account.eks.delete_eks_anywhere_subscription(id=over)
    assert refusal(account.eks.describe_eks_anywhere_subscription, id=over).code == "ResourceNotFoundException"
