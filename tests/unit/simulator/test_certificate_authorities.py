# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rotation of a cluster's certificate authority: append, distribute, activate, delete."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.account import LONG, Account, refusal

UPDATED, WEEK = 300, 7 * 24 * 3600


@pytest.fixture
def cluster(account: Account) -> str:
    return account.cluster()


def listed(account: Account, cluster: str) -> list[dict[str, Any]]:
    return account.eks.list_certificate_authorities(clusterName=cluster)["certificateAuthorities"]


def described(account: Account, cluster: str, number: str) -> dict[str, Any]:
    key = {"clusterName": cluster, "certificateAuthorityId": number}
    return account.eks.describe_certificate_authority(**key)["certificateAuthority"]


def appended(account: Account, cluster: str) -> str:
    number = account.eks.create_certificate_authority(clusterName=cluster)["certificateAuthority"]["id"]
    account.sim.advance(LONG)
    return str(number)


def signing(account: Account, cluster: str) -> str:
    return str(account.describe(cluster)["certificateAuthority"]["active"]["id"])


def step(account: Account, cluster: str, method: str, number: str) -> dict[str, Any]:
    """One step of a rotation, carried to its end."""
    key = {"clusterName": cluster, "certificateAuthorityId": number}
    return account.settled(getattr(account.eks, method)(**key)["update"], cluster)


def test_a_cluster_is_born_with_one(account: Account, cluster: str) -> None:
    [only] = listed(account, cluster)
    assert (only["signingStatus"], only["distributionStatus"], only["createdBy"]) == ("IN_USE", "COMPLETE", "EKS")
    assert only["id"] == signing(account, cluster)
    assert described(account, cluster, only["id"])["data"] == account.describe(cluster)["certificateAuthority"]["data"]


def test_distribution_goes_on_after_the_update(account: Account, cluster: str) -> None:
    answer = account.eks.create_certificate_authority(clusterName=cluster)
    number = answer["certificateAuthority"]["id"]
    account.sim.advance(UPDATED)
    update = account.eks.describe_update(name=cluster, updateId=answer["update"]["id"])["update"]
    assert (update["status"], update["type"]) == ("Successful", "CertificateAuthorityUpdate")
    assert described(account, cluster, number)["distributionStatus"] == "IN_PROGRESS"
    early = refusal(account.eks.activate_certificate_authority, clusterName=cluster, certificateAuthorityId=number)
    assert (early.code, "IN_PROGRESS" in early.message) == ("InvalidParameterException", True)
    account.sim.advance(LONG)
    assert described(account, cluster, number)["distributionStatus"] == "COMPLETE"


def test_a_rotation(account: Account, cluster: str) -> None:
    outgoing, data = signing(account, cluster), account.describe(cluster)["certificateAuthority"]["data"]
    successor = appended(account, cluster)
    full = refusal(account.eks.create_certificate_authority, clusterName=cluster)
    assert full.code == "ResourceLimitExceededException"
    key = {"clusterName": cluster, "certificateAuthorityId": successor}
    update = account.eks.activate_certificate_authority(**key)["update"]
    assert described(account, cluster, successor)["signingStatus"] == "ACTIVATING"
    assert account.settled(update, cluster)["status"] == "Successful"
    assert signing(account, cluster) == successor
    assert account.describe(cluster)["certificateAuthority"]["data"] != data
    assert step(account, cluster, "delete_certificate_authority", outgoing)["status"] == "Successful"
    assert [one["id"] for one in listed(account, cluster)] == [successor]


def test_the_signer_is_not_deleted(account: Account, cluster: str) -> None:
    key = {"clusterName": cluster, "certificateAuthorityId": signing(account, cluster)}
    assert "IN_USE" in refusal(account.eks.delete_certificate_authority, **key).message
    assert "IN_USE" in refusal(account.eks.activate_certificate_authority, **key).message


def test_there_is_a_way_back_for_a_while(account: Account, cluster: str) -> None:
    outgoing, successor = signing(account, cluster), appended(account, cluster)
    step(account, cluster, "activate_certificate_authority", successor)
    assert described(account, cluster, successor)["rollbackAvailable"]
    step(account, cluster, "activate_certificate_authority", outgoing)
    assert signing(account, cluster) == outgoing
    account.sim.advance(WEEK)
    key = {"clusterName": cluster, "certificateAuthorityId": successor}
    assert "rollback" in refusal(account.eks.activate_certificate_authority, **key).message


def test_one_step_at_a_time(account: Account, cluster: str) -> None:
    account.eks.create_certificate_authority(clusterName=cluster)
    protection = {"name": cluster, "deletionProtection": True}
    assert refusal(account.eks.update_cluster_config, **protection).code == "ResourceInUseException"


def test_a_distribution_can_fail(account: Account, cluster: str) -> None:
    assert signing(account, cluster)
    account.sim.fault(resource="cluster", becomes="FAILED", count=1)
    answer = account.eks.create_certificate_authority(clusterName=cluster)
    account.sim.advance(LONG)
    assert described(account, cluster, answer["certificateAuthority"]["id"])["distributionStatus"] == "FAILED"
