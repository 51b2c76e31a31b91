# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is odd about some resources, carried out against a scripted AWS: secrets told once, commitments, envelopes."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._apply import make_absent, make_present
from ansible_collections.flotilla.eks.plugins.module_utils._client import Client
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._read import observe, observe_all
from ansible_collections.flotilla.eks.plugins.module_utils._resources.anywhere_subscription import NAME_TAG
from ansible_collections.flotilla.eks.plugins.module_utils._resources.connected_cluster import (
    ACTIVATION_CODE,
    CONNECTED_CLUSTER,
)
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Unsettled
from support.jobs import ROLE, done, job, update
from support.scripted import NOT_FOUND, Clock, Refusal, ScriptedAws

CONNECTOR = {"connector_config": {"role_arn": ROLE, "provider": "OTHER"}}
PENDING: dict[str, Any] = {
    "name": "site",
    "status": "PENDING",
    "connectorConfig": {"roleArn": ROLE, "provider": "OTHER"},
}
REGISTERED = {**PENDING, "connectorConfig": {**PENDING["connectorConfig"], "activationCode": "s3cret"}}
SUPPORT = {"term": {"duration": 12}, "license_quantity": 1}
OIDC = {"issuer_url": "https://id.example.org", "client_id": "kubernetes"}


def site(clock: Clock, aws: ScriptedAws, values: Values | None = None, **words: Any) -> Any:
    return job(clock, aws, CONNECTOR if values is None else values, kind="connected_cluster", **words)


def test_a_secret_that_is_told_once_is_kept_for_the_user(clock: Clock) -> None:
    propagating = Refusal("ResourcePropagationDelayException", "is propagating, please retry later.", 428)
    aws = ScriptedAws(
        {
            "DescribeCluster": [NOT_FOUND, {"cluster": PENDING}],
            "RegisterCluster": [propagating, {"cluster": REGISTERED}],
        }
    )
    outcome = make_present(site(clock, aws, discreet=True))
    assert (done(outcome), outcome.told) == (["RegisterCluster"], {ACTIVATION_CODE: "s3cret"})
    assert outcome.observed is not None
    assert outcome.observed["status"] == "PENDING"
    assert "s3cret" not in str(outcome.observed)


def test_a_secret_that_is_told_once_is_not_told_to_a_log(clock: Clock) -> None:
    aws = ScriptedAws({"DescribeCluster": [NOT_FOUND]})
    with pytest.raises(Refused, match="set no_log: true on the task"):
        make_present(site(clock, aws))
    planned = make_present(site(clock, aws, check_mode=True))
    assert (done(planned), aws.writes) == (["RegisterCluster"], [])
    assert "no_log: true" in planned.warnings[0]


def test_what_shares_the_operations_is_told_apart() -> None:
    aws = ScriptedAws(
        {
            "ListClusters": [{"clusters": ["prod", "site"]}],
            "DescribeCluster": [{"cluster": {"name": "prod", "status": "ACTIVE"}}, {"cluster": REGISTERED}],
        }
    )
    (found,) = observe_all(Client(aws.connect), CONNECTED_CLUSTER, {})
    assert found["name"] == "site"
    assert "s3cret" not in str(found)
    aws.answers["DescribeCluster"] = [{"cluster": {"name": "site", "status": "ACTIVE", "version": "1.33"}}]
    assert observe(Client(aws.connect), CONNECTED_CLUSTER, {"name": "site"}) is None


def subscription(**members: Any) -> Values:
    tags = {NAME_TAG: "support"}
    return {"id": "s-1", "arn": "arn:s-1", "status": "ACTIVE", "tags": tags, "licenseQuantity": 1, **members}


def purchase(clock: Clock, aws: ScriptedAws, **words: Any) -> Any:
    return job(clock, aws, SUPPORT, kind="anywhere_subscription", **words)


def test_a_purchase_carries_the_tag_by_which_it_is_found_again(clock: Clock) -> None:
    licensed = subscription(licenses=[{"id": "l-1", "token": "s3cret"}])
    aws = ScriptedAws(
        {
            "ListEksAnywhereSubscriptions": [{"subscriptions": []}, {"subscriptions": [subscription()]}],
            "CreateEksAnywhereSubscription": [{"subscription": subscription(status="CREATING")}],
            "DescribeEksAnywhereSubscription": [{"subscription": {**licensed, "term": {"duration": 12}}}],
        }
    )
    outcome = make_present(purchase(clock, aws, modifiers={"confirm_commitment": True}))
    (sent,) = aws.bodies("CreateEksAnywhereSubscription")
    assert (sent["tags"], sent["term"]) == ({NAME_TAG: "support"}, {"duration": 12, "unit": "MONTHS"})
    assert "confirmCommitment" not in sent
    assert outcome.observed is not None
    assert outcome.observed["licenses"] == [{"id": "l-1"}]


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_purchase_has_to_be_confirmed(clock: Clock, check_mode: bool) -> None:
    aws = ScriptedAws({"ListEksAnywhereSubscriptions": [{"subscriptions": []}]})
    with pytest.raises(Refused, match=r"1 license\(s\) for 12 months, not renewed"):
        make_present(purchase(clock, aws, check_mode=check_mode))
    assert aws.writes == []


def test_a_subscription_that_runs_is_not_deleted(clock: Clock) -> None:
    aws = ScriptedAws(
        {
            "ListEksAnywhereSubscriptions": [{"subscriptions": [subscription()]}],
            "DescribeEksAnywhereSubscription": [{"subscription": subscription()}],
        }
    )
    with pytest.raises(Refused, match="only an expired subscription can be deleted"):
        make_absent(purchase(clock, aws))
    assert aws.writes == []


def provider(status: str) -> Values:
    oidc = {"identityProviderConfigName": "corporate", "status": status, "issuerUrl": OIDC["issuer_url"]}
    return {"identityProviderConfig": {"oidc": {**oidc, "clientId": "kubernetes"}}}


def test_an_association_goes_in_its_envelope_and_is_awaited_by_its_update(clock: Clock) -> None:
    aws = ScriptedAws(
        {
            "DescribeIdentityProviderConfig": [NOT_FOUND, provider("ACTIVE")],
            "AssociateIdentityProviderConfig": [update()],
            "DescribeUpdate": [update(), update("Successful")],
        }
    )
    assert make_present(job(clock, aws, OIDC, kind="identity_provider_config")).changed
    assert aws.bodies("AssociateIdentityProviderConfig") == [
        {
            "oidc": {
                "identityProviderConfigName": "corporate",
                "issuerUrl": "https://id.example.org",
                "clientId": "kubernetes",
            }
        }
    ]
    assert aws.bodies("DescribeIdentityProviderConfig")[0] == {
        "identityProviderConfig": {"type": "oidc", "name": "corporate"}
    }


def test_an_association_that_fails_says_why(clock: Clock) -> None:
    errors = [{"errorCode": "Unknown", "errorMessage": "The issuer does not answer"}]
    aws = ScriptedAws(
        {
            "DescribeIdentityProviderConfig": [NOT_FOUND],
            "AssociateIdentityProviderConfig": [update()],
            "DescribeUpdate": [update("Failed", errors=errors)],
        }
    )
    with pytest.raises(Unsettled, match="The issuer does not answer"):
        make_present(job(clock, aws, OIDC, kind="identity_provider_config"))
