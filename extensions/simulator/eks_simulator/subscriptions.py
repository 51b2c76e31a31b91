# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS Anywhere subscriptions: bought for a term, known by an id, of which only the renewal changes.

Rules: the service model of the five operations and
https://anywhere.eks.amazonaws.com/docs/clustermgmt/support/cluster-license/. The name serves to keep subscriptions
apart and is told by no answer (service model, EksAnywhereSubscription).
"""

from __future__ import annotations

import secrets
import uuid
from datetime import timedelta
from typing import Any

from . import durations, idempotency
from .errors import invalid_parameter, invalid_request, not_found
from .operations import Call, operation
from .paging import page
from .store import Resource
from .tags import require_allowed

TERMS = (12, 36)
MOST_LICENSES = 100
DAYS_PER_MONTH = 30.4375
PAGE = 10
""" "If you don't use this parameter, [it] returns up to 10 results" (service model, maxResults)."""


@operation("CreateEksAnywhereSubscription")
def create_eks_anywhere_subscription(call: Call) -> dict[str, Any]:
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"subscription": earlier.description}
    name, term = call.parameters["name"], call.parameters["term"]
    quantity = call.get("licenseQuantity", 1)
    if any(one.name == name for one in call.region.subscriptions.values()):
        raise invalid_parameter(f"A subscription with the name {name} already exists")
    if term.get("duration") not in TERMS or term.get("unit") != "MONTHS":
        raise invalid_parameter(f"Invalid term: {term}; valid: 12 or 36 MONTHS")
    if not 1 <= quantity <= MOST_LICENSES:
        raise invalid_parameter(f"Invalid licenseQuantity: {quantity}; valid: 1 to {MOST_LICENSES}")
    require_allowed(call.get("tags", {}))
    subscription = _new(call, name, term, quantity)
    call.region.subscriptions[subscription.description["id"]] = subscription
    idempotency.remember(call, subscription)
    call.timeline.after(durations.SUBSCRIPTION_CREATE, lambda: _begin(call, subscription))
    return {"subscription": subscription.description}


@operation("DescribeEksAnywhereSubscription")
def describe_eks_anywhere_subscription(call: Call) -> dict[str, Any]:
    return {"subscription": _subscription(call).description}


@operation("ListEksAnywhereSubscriptions")
def list_eks_anywhere_subscriptions(call: Call) -> dict[str, Any]:
    wanted = call.get("includeStatus")
    found = [one.description for one in call.region.subscriptions.values() if not wanted or one.status in wanted]
    call.parameters.setdefault("maxResults", PAGE)
    return page(call, "subscriptions", sorted(found, key=lambda one: str(one["id"])))


@operation("UpdateEksAnywhereSubscription")
def update_eks_anywhere_subscription(call: Call) -> dict[str, Any]:
    """ "Only auto renewal and tags can be updated" (service model)."""
    subscription = _subscription(call)
    earlier = idempotency.recall(call)
    if earlier is not None:
        return {"subscription": earlier.description}
    if subscription.status not in ("ACTIVE", "EXPIRING"):
        raise invalid_request(f"Subscription {subscription.name} is in {subscription.status} status")
    resting = subscription.status
    subscription.status = "UPDATING"

    def apply() -> None:
        subscription.status = resting
        subscription.description["autoRenew"] = call.parameters["autoRenew"]

    call.timeline.after(durations.SUBSCRIPTION_UPDATE, apply)
    idempotency.remember(call, subscription)
    return {"subscription": subscription.description}


@operation("DeleteEksAnywhereSubscription")
def delete_eks_anywhere_subscription(call: Call) -> dict[str, Any]:
    """ "Deletes an expired or inactive subscription. ... Subscriptions can only be cancelled within 7 days of creation
    and are cancelled by creating a ticket" (service model)."""
    subscription = _subscription(call)
    if subscription.status != "EXPIRED":
        raise invalid_request(f"Subscription {subscription.name} is in {subscription.status} status, not EXPIRED")
    del call.region.subscriptions[subscription.description["id"]]
    idempotency.forget(call, subscription)
    return {"subscription": {**subscription.description, "status": "DELETING"}}


def _subscription(call: Call) -> Resource:
    number = call.parameters["id"]
    if number not in call.region.subscriptions:
        raise not_found(f"No subscription found for id: {number}", subscriptionId=number)
    return call.region.subscriptions[number]


def _begin(call: Call, subscription: Resource) -> None:
    """The licenses are there, and the term runs; at its end it is renewed or over."""
    description = subscription.description
    term = timedelta(days=description["term"]["duration"] * DAYS_PER_MONTH)
    now = call.timeline.now
    licenses = [{"id": str(uuid.uuid4()), "token": secrets.token_urlsafe(48)} for _one in range(_quantity(description))]
    description.update(status="ACTIVE", effectiveDate=now, expirationDate=now + term, licenses=licenses)
    manager = f"arn:{call.region.partition}:license-manager:{call.region.name}:{call.region.account}:license"
    description["licenseArns"] = [f"{manager}:l-{uuid.uuid4().hex}" for _one in licenses]
    call.timeline.after(term.total_seconds(), lambda: _expire(call, subscription, term))


def _expire(call: Call, subscription: Resource, term: timedelta) -> None:
    description = subscription.description
    if not description["autoRenew"]:
        description["status"] = "EXPIRED"
        return
    description["expirationDate"] += term
    call.timeline.after(term.total_seconds(), lambda: _expire(call, subscription, term))


def _quantity(description: dict[str, Any]) -> int:
    return int(description["licenseQuantity"])


def _new(call: Call, name: str, term: dict[str, Any], quantity: int) -> Resource:
    number = str(uuid.uuid4())
    arn = call.region.arn(f"eks-anywhere-subscription/{number}")
    description = {
        "id": number,
        "arn": arn,
        "createdAt": call.now,
        "licenseQuantity": quantity,
        "licenseType": call.get("licenseType", "Cluster"),
        "term": term,
        "status": "CREATING",
        "autoRenew": call.get("autoRenew", False),
        "licenseArns": [],
        "licenses": [],
        "tags": dict(call.get("tags", {})),
    }
    return Resource("anywhere_subscription", name, arn, description)
