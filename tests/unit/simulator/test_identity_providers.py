# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OIDC identity provider configurations: one to a cluster, associated and disassociated by updates of it."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.account import LONG, Account, Refusal, refusal

NAME = "corporate"
KEY = {"type": "oidc", "name": NAME}


def request(cluster: str, **oidc: Any) -> dict[str, Any]:
    claims = {"identityProviderConfigName": NAME, "issuerUrl": "https://id.example.org", "clientId": "kubernetes"}
    return {"clusterName": cluster, "oidc": {**claims, **oidc}}


def refused(account: Account, cluster: str, **oidc: Any) -> Refusal:
    return refusal(account.eks.associate_identity_provider_config, **request(cluster, **oidc))


def described(account: Account, cluster: str) -> dict[str, Any]:
    answer = account.eks.describe_identity_provider_config(clusterName=cluster, identityProviderConfig=KEY)
    return answer["identityProviderConfig"]["oidc"]


def test_a_provider_comes_and_goes_by_updates_of_the_cluster(account: Account) -> None:
    cluster = account.cluster()
    answer = account.eks.associate_identity_provider_config(
        **request(cluster, requiredClaims={"Case": "Kept"}), tags={"team": "a"}
    )
    assert answer["update"]["type"] == "AssociateIdentityProviderConfig"
    assert (described(account, cluster)["status"], described(account, cluster)["tags"]) == ("CREATING", {"team": "a"})
    assert account.settled(answer["update"], cluster)["status"] == "Successful"
    found = described(account, cluster)
    assert (found["status"], found["requiredClaims"]) == ("ACTIVE", {"Case": "Kept"})
    assert account.eks.list_identity_provider_configs(clusterName=cluster)["identityProviderConfigs"] == [KEY]
    account.eks.tag_resource(resourceArn=found["identityProviderConfigArn"], tags={"team": "b"})
    update = account.eks.disassociate_identity_provider_config(clusterName=cluster, identityProviderConfig=KEY)
    assert described(account, cluster)["status"] == "DELETING"
    account.settled(update["update"], cluster)
    assert account.eks.list_identity_provider_configs(clusterName=cluster)["identityProviderConfigs"] == []
    gone = refusal(account.eks.describe_identity_provider_config, clusterName=cluster, identityProviderConfig=KEY)
    assert gone.code == "ResourceNotFoundException"


def test_a_cluster_has_one_provider(account: Account) -> None:
    cluster = account.cluster()
    account.eks.associate_identity_provider_config(**request(cluster))
    assert refused(account, cluster).code == "ResourceInUseException"
    account.sim.advance(LONG)
    assert refused(account, cluster, identityProviderConfigName="other").code == "InvalidRequestException"


def test_a_cluster_that_is_being_updated_has_to_be_waited_for(account: Account) -> None:
    cluster = account.cluster()
    account.eks.update_cluster_config(name=cluster, deletionProtection=True)
    assert refused(account, cluster).code == "ResourceInUseException"


@pytest.mark.parametrize(
    "oidc",
    [
        {"issuerUrl": "http://id.example.org"},
        {"issuerUrl": "https://id.example.org?tenant=1"},
        {"usernamePrefix": "system:oidc"},
        {"groupsPrefix": "system:"},
    ],
)
def test_what_kubernetes_would_not_take_is_refused(
    account: Account, standing_cluster: str, oidc: dict[str, Any]
) -> None:
    assert refused(account, standing_cluster, **oidc).code == "InvalidParameterException"


def test_the_clusters_own_issuer_is_refused(account: Account, standing_cluster: str) -> None:
    own = account.describe(standing_cluster)["identity"]["oidc"]["issuer"]
    assert refused(account, standing_cluster, issuerUrl=own).code == "InvalidParameterException"


def test_an_association_that_fails_leaves_nothing(account: Account) -> None:
    cluster = account.cluster()
    assert account.describe(cluster)["status"] == "ACTIVE"
    account.sim.fault(resource="cluster", becomes="FAILED", message="The issuer does not answer", count=1)
    update = account.eks.associate_identity_provider_config(**request(cluster))["update"]
    assert account.settled(update, cluster)["status"] == "Failed"
    assert account.eks.list_identity_provider_configs(clusterName=cluster)["identityProviderConfigs"] == []
