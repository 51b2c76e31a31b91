# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscriptions of EKS Anywhere: nothing is bought unless it is meant, nothing twice, and no token is told."""

from __future__ import annotations

from typing import Any

import pytest

from support.ledger import Ledger
from support.steps import Steps, fields, operations
from support.surroundings import Surroundings

SUPPORT: dict[str, Any] = {"name": "support", "term": {"duration": 12}, "license_quantity": 2}
YEAR = 366 * 24 * 3600  # simulated seconds


@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_nothing_is_bought_unless_it_is_meant(aws: Surroundings, steps: Steps, check: bool) -> None:
    message = steps.refused("anywhere_subscription", check=check, **SUPPORT)
    assert "EKS Anywhere subscription support: it would be bought: 2 license(s) for 12 months, not renewed" in message
    assert "confirm_commitment: true" in message


def test_one_is_bought_once_and_found_again(aws: Surroundings, steps: Steps) -> None:
    for number in range(11):  # more than a page
        aws.subscription(f"other-{number}", settle=False)
    made = steps.converge("anywhere_subscription", **SUPPORT, confirm_commitment=True, tags={"Team": "a"})
    assert operations(made) == ["CreateEksAnywhereSubscription"]
    assert (made["status"], made["license_quantity"], len(made["licenses"])) == ("ACTIVE", 2, 2)
    assert "token" not in str(made["licenses"])
    assert made["tags"] == {"Team": "a", "flotilla.eks/subscription": "support"}
    again = steps.run("anywhere_subscription", **SUPPORT)
    assert (again["changed"], again["id"]) == (False, made["id"])
    purged = steps.converge("anywhere_subscription", **SUPPORT, tags={})
    assert purged["tags"] == {"flotilla.eks/subscription": "support"}
    [found] = steps.run("anywhere_subscription_info", name="support")["anywhere_subscriptions"]
    assert found["id"] == made["id"]


def test_a_lost_answer_buys_nothing_twice(aws: Surroundings, steps: Steps, ledger: Ledger) -> None:
    aws.simulator.fault(operation="CreateEksAnywhereSubscription", drop=True, count=1)
    assert steps.run("anywhere_subscription", **SUPPORT, confirm_commitment=True)["changed"]
    assert len(aws.eks.list_eks_anywhere_subscriptions()["subscriptions"]) == 1


def test_one_without_the_tag_is_not_bought_again(aws: Surroundings, steps: Steps) -> None:
    aws.subscription("support", tags={"Team": "a"})
    assert "already exists" in steps.failed("anywhere_subscription", **SUPPORT, confirm_commitment=True)


def test_only_the_renewal_changes_and_that_is_a_commitment_too(aws: Surroundings, steps: Steps) -> None:
    aws.subscription("support", licenseQuantity=2)
    message = steps.refused("anywhere_subscription", **SUPPORT, auto_renew=True)
    assert "auto_renew: true has its 2 license(s) renewed" in message
    renewed = steps.converge("anywhere_subscription", **SUPPORT, auto_renew=True, confirm_commitment=True)
    assert (operations(renewed), fields(renewed)) == (["UpdateEksAnywhereSubscription"], {"auto_renew"})
    ended = steps.converge("anywhere_subscription", **SUPPORT, auto_renew=False)
    assert not ended["auto_renew"]
    more = {**SUPPORT, "license_quantity": 3, "confirm_commitment": True}
    assert "license_quantity: found 2, wanted 3, but it cannot be changed" in steps.refused(
        "anywhere_subscription", **more
    )


def test_only_an_expired_one_is_deleted(aws: Surroundings, steps: Steps) -> None:
    aws.subscription("support")
    message = steps.refused("anywhere_subscription", name="support", state="absent")
    assert "only an expired subscription can be deleted" in message
    aws.simulator.advance(YEAR)
    gone = steps.converge("anywhere_subscription", name="support", state="absent")
    assert operations(gone) == ["DeleteEksAnywhereSubscription"]
