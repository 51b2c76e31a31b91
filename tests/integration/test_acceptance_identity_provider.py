# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identity providers of clusters: check, real and again, through creation, change, replacement and removal."""

from __future__ import annotations

from typing import Any

import pytest

from support.steps import Steps, operations
from support.surroundings import Surroundings

CORPORATE: dict[str, Any] = {
    "cluster_name": "prod",
    "name": "corporate",
    "issuer_url": "https://id.example.org",
    "client_id": "kubernetes",
}
ASSOCIATE, DISASSOCIATE = "AssociateIdentityProviderConfig", "DisassociateIdentityProviderConfig"


def test_a_provider_is_associated_tagged_replaced_and_disassociated(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    made = steps.converge("identity_provider_config", **CORPORATE, tags={"Team": "a"})
    assert operations(made) == [ASSOCIATE]
    assert (made["status"], made["issuer_url"], made["tags"]) == ("ACTIVE", "https://id.example.org", {"Team": "a"})
    tagged = steps.converge("identity_provider_config", **CORPORATE, tags={"Team": "b"})
    assert operations(tagged) == ["TagResource"]
    other = {**CORPORATE, "client_id": "eks"}
    message = steps.refused("identity_provider_config", **other)
    assert "identity provider configuration corporate of cluster prod: client_id: found 'kubernetes'" in message
    assert "replace: true" in message
    replaced = steps.converge("identity_provider_config", **other, replace=True)
    assert operations(replaced) == [DISASSOCIATE, ASSOCIATE]
    gone = steps.converge("identity_provider_config", cluster_name="prod", name="corporate", state="absent")
    assert operations(gone) == [DISASSOCIATE]
    info = steps.run("identity_provider_config_info", cluster_name="prod")
    assert info["identity_provider_configs"] == []


def test_a_cluster_has_one_provider(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    steps.run("identity_provider_config", **CORPORATE)
    message = steps.failed("identity_provider_config", **{**CORPORATE, "name": "other"})
    assert "already has an OIDC identity provider: corporate" in message
    assert "a cluster has one configuration" in message


def test_the_update_of_somebody_else_is_waited_for(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    aws.eks.update_cluster_config(name="prod", upgradePolicy={"supportType": "STANDARD"})
    assert steps.run("identity_provider_config", **CORPORATE)["status"] == "ACTIVE"


def test_an_association_that_fails_says_why(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    reason = "The issuer does not answer"
    aws.simulator.fault(resource="cluster", becomes="FAILED", code="Unknown", message=reason, count=1)
    message = steps.failed("identity_provider_config", **CORPORATE)
    assert "corporate of cluster prod" in message
    assert reason in message
    assert steps.run("identity_provider_config", **CORPORATE)["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("option", "value"),
    [("issuer_url", "http://id.example.org"), ("username_prefix", "system:"), ("groups_prefix", "system:masters")],
)
def test_what_kubernetes_would_not_take_is_refused(aws: Surroundings, steps: Steps, option: str, value: str) -> None:
    aws.cluster()
    message = steps.refused("identity_provider_config", check=True, **{**CORPORATE, option: value})
    assert f"{option}: found {value!r}" in message
