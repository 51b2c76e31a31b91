# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A subscription of EKS Anywhere: bought for a term, after which it is renewed or over.

The service tells subscriptions apart by an id, and no answer tells the name (service model, EksAnywhereSubscription):
a tag that is set with the creation, in the same call, keeps it. The service refuses a name that is taken, so that a
subscription without the tag is not bought a second time.
"""

from __future__ import annotations

from ansible_collections.flotilla.eks.plugins.module_utils._model import (
    Finder,
    Hooks,
    Lifecycle,
    Resource,
    Update,
    Values,
    flag,
    integer,
    struct,
    text,
)
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.module_utils._resources._rules import name_problems

TERMS = (12, 36)  # months: service model, EksAnywhereSubscriptionTerm
MOST_LICENSES = 100  # service model, CreateEksAnywhereSubscription
NAME_TAG = "flotilla.eks/subscription"


def check(desired: Values, observed: Values | None) -> list[str]:
    problems = name_problems(desired["name"], longest=100)
    term = pick(desired, "term.duration")
    needed = "term" in desired and (observed is None or term is not None)
    if needed and term not in TERMS:
        problems.append(f"term.duration: found {term}, wanted 12 or 36, in months")
    licenses = desired.get("license_quantity")
    if licenses is not None and not 1 <= licenses <= MOST_LICENSES:
        problems.append(f"license_quantity: found {licenses}, wanted 1 to {MOST_LICENSES}")
    return problems


def complete(desired: Values) -> Values:
    """Terms are counted in months and in nothing else, said or not."""
    return {**desired, "term": {**desired["term"], "unit": "MONTHS"}}


def commitment(desired: Values, observed: Values | None) -> str | None:
    """What it would cost the user: the purchase, or another term by switching the renewal on."""
    term = f"{pick(desired if observed is None else observed, 'term.duration')} months"
    renewal = "renewed for as long at the end of each term"
    if observed is None and {"term", "license_quantity"} <= desired.keys():
        ending = renewal if desired.get("auto_renew") else "not renewed"
        licenses = desired["license_quantity"]
        return (
            f"it would be bought: {licenses} license(s) for {term}, {ending}; only AWS Support cancels it, for 7 days"
        )
    if observed is not None and desired.get("auto_renew") and not observed.get("auto_renew"):
        licenses, end = observed.get("license_quantity"), observed.get("expiration_date", "the end of its term")
        return f"auto_renew: true has its {licenses} license(s) {renewal} of {term}, first on {end}"
    return None


def kept(observed: Values) -> str | None:
    """Service model, DeleteEksAnywhereSubscription: expired ones only."""
    if observed.get("status") == "EXPIRED":
        return None
    end = observed.get("expiration_date", "the end of its term")
    return (
        f"status: found {observed.get('status')}; only an expired subscription can be deleted. With auto_renew: false "
        f"it ends on {end}. AWS Support cancels it within 7 days of its creation"
    )


def matches(listed: Values, identity: Values) -> bool:
    return (listed.get("tags") or {}).get(NAME_TAG) == identity["name"]


ANYWHERE_SUBSCRIPTION = Resource(
    kind="anywhere_subscription",
    label="EKS Anywhere subscription",
    api="EksAnywhereSubscription",
    identity={"name": ("name",)},
    listing="subscriptions",
    answer="subscription",
    finder=Finder("id", "id", matches, tag=NAME_TAG),
    arn="arn",
    secret=("licenses.token",),
    required=("term", "license_quantity"),
    options=struct(
        term=struct(duration=integer(), unit=text("MONTHS")),
        license_quantity=integer(),
        license_type=text("Cluster"),
        auto_renew=flag(),
    ),
    updates=(Update("UpdateEksAnywhereSubscription", ("auto_renew",)),),
    modifiers={"confirm_commitment": flag()},
    confirmation="confirm_commitment",
    lifecycle=Lifecycle(
        failed=frozenset({"EXPIRED"}),
        stillborn=frozenset({"EXPIRED"}),
        resting=frozenset({"ACTIVE", "EXPIRING"}),
    ),
    wait_timeout=1200,
    hooks=Hooks(check=check, complete=complete, commitment=commitment, kept=kept),
)
