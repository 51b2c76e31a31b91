# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenID Connect providers of IAM: what moto lets pass and IAM does not."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.account import Account, refusal

HOST = "https://issuer.example.org"


def make(account: Account, url: str, **members: Any) -> str:
    return account.iam.create_open_id_connect_provider(Url=url, **members)["OpenIDConnectProviderArn"]


def get(account: Account, arn: str) -> dict[str, Any]:
    return account.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)


def test_the_issuer_of_a_cluster_makes_a_provider_and_iam_finds_the_thumbprint(
    account: Account, standing_cluster: str
) -> None:
    url = account.describe(standing_cluster)["identity"]["oidc"]["issuer"]
    arn = make(account, url, ClientIDList=["sts.amazonaws.com"], Tags=[{"Key": "Team", "Value": "A"}])
    assert arn == f"arn:aws:iam::123456789012:oidc-provider/{url.removeprefix('https://')}"
    found = get(account, arn)
    assert (found["ClientIDList"], found["Tags"]) == (["sts.amazonaws.com"], [{"Key": "Team", "Value": "A"}])
    (thumbprint,) = found["ThumbprintList"]
    assert len(thumbprint) == 40
    assert refusal(account.iam.create_open_id_connect_provider, Url=url).code == "EntityAlreadyExists"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://issuer.example.org", "InvalidInput"),
        ("issuer.example.org", "InvalidInput"),
        ("https://", "InvalidInput"),
        (f"{HOST}/x?y=z", "InvalidInput"),
        (f"{HOST}:8443", "InvalidInput"),
        ("https://oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF", "OpenIdIdpCommunicationError"),
        (f"{HOST}/{'x' * 250}", "ValidationError"),
    ],
)
def test_an_address_must_be_one_that_iam_can_trust(account: Account, url: str, code: str) -> None:
    refused = refusal(account.iam.create_open_id_connect_provider, Url=url)
    assert (refused.code, refused.status) == (code, 400)


def test_client_ids_are_added_and_removed_without_regard_to_what_was_there(account: Account) -> None:
    arn = make(account, f"{HOST}/clients", ClientIDList=["a"], ThumbprintList=["f" * 40])
    for _twice in range(2):
        account.iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="b")
    assert sorted(get(account, arn)["ClientIDList"]) == ["a", "b"]
    for _twice in range(2):
        account.iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="a")
    assert get(account, arn)["ClientIDList"] == ["b"]
    assert get(account, arn)["ThumbprintList"] == ["f" * 40]
    assert account.sim.ledger()[-3]["write"] is True


def test_client_ids_have_limits(account: Account) -> None:
    arn = make(account, f"{HOST}/limits", ClientIDList=[f"client-{number}" for number in range(100)])
    add = account.iam.add_client_id_to_open_id_connect_provider
    assert refusal(add, OpenIDConnectProviderArn=arn, ClientID="one-more").code == "LimitExceeded"
    assert refusal(add, OpenIDConnectProviderArn=arn, ClientID="x" * 256).code == "ValidationError"
    gone = refusal(add, OpenIDConnectProviderArn=f"{arn}-gone", ClientID="x")
    assert (gone.code, gone.status) == ("NoSuchEntity", 404)


def test_removing_what_is_not_there_is_no_error(account: Account) -> None:
    arn = make(account, f"{HOST}/short")
    for _twice in range(2):
        account.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert refusal(account.iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn).code == "NoSuchEntity"


def test_an_account_has_a_hundred_of_them(account: Account) -> None:
    here = len(account.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"])
    for number in range(100 - here):
        make(account, f"{HOST}/{number}")
    refused = refusal(account.iam.create_open_id_connect_provider, Url=f"{HOST}/one-more")
    assert (refused.code, refused.status) == ("LimitExceeded", 409)
