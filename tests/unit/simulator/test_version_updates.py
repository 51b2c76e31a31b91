# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back to the version before, and cancelling it."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.account import LONG, Account, refusal

DAY = 24 * 3600
NODES = 6 * 3600
"""Simulated seconds in which the nodes of EKS Auto Mode go back."""
AUTO_MODE: dict[str, Any] = {
    "accessConfig": {"authenticationMode": "API"},
    "bootstrapSelfManagedAddons": False,
    "computeConfig": {"enabled": True},
    "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True}},
    "storageConfig": {"blockStorage": {"enabled": True}},
}


def upgraded(account: Account, **parameters: Any) -> str:
    """A cluster that was 1.33 and is 1.34."""
    cluster = account.cluster(**parameters)
    account.eks.update_cluster_version(name=cluster, version="1.34")
    account.sim.advance(LONG)
    return cluster


def roll_back(account: Account, cluster: str, **parameters: Any) -> dict[str, Any]:
    return account.eks.update_cluster_version(name=cluster, version="1.33", **parameters)["update"]


def test_a_recent_upgrade_can_be_taken_back_once(account: Account) -> None:
    cluster = upgraded(account)
    update = roll_back(account, cluster, rollbackConfig={"timeoutMinutes": 120})
    assert (update["type"], account.describe(cluster)["status"]) == ("VersionRollback", "UPDATING")
    assert account.settled(update, cluster)["status"] == "Successful"
    assert account.describe(cluster)["version"] == "1.33"
    refused = refusal(account.eks.update_cluster_version, name=cluster, version="1.32")
    assert refused.code == "InvalidParameterException"


def test_not_after_seven_days(account: Account) -> None:
    cluster = upgraded(account)
    account.sim.advance(7 * DAY)
    refused = refusal(account.eks.update_cluster_version, name=cluster, version="1.33")
    assert "Unsupported Kubernetes minor version update from 1.34 to 1.33" in refused.message


def test_not_while_nodes_are_newer_unless_forced(account: Account) -> None:
    cluster = upgraded(account)
    account.nodegroup(cluster)
    refused = refusal(account.eks.update_cluster_version, name=cluster, version="1.33")
    assert (refused.code, "Kubelet version skew" in refused.message) == ("InvalidStateException", True)
    assert roll_back(account, cluster, force=True)["status"] == "InProgress"


@pytest.mark.parametrize("minutes", [119, 10081])
def test_the_timeout_has_bounds(account: Account, minutes: int) -> None:
    cluster = upgraded(account)
    request = {"name": cluster, "version": "1.33", "rollbackConfig": {"timeoutMinutes": minutes}}
    assert refusal(account.eks.update_cluster_version, **request).code == "InvalidParameterException"


def test_nodes_of_auto_mode_go_first_and_can_be_stopped(account: Account) -> None:
    cluster = upgraded(account, **AUTO_MODE)
    update = roll_back(account, cluster)
    assert account.describe(cluster)["status"] == "ACTIVE"
    busy = refusal(account.eks.update_cluster_config, name=cluster, deletionProtection=True)
    assert busy.code == "ResourceInUseException"
    asked = account.eks.cancel_update(name=cluster, updateId=update["id"])["update"]
    assert (asked["status"], asked["cancellation"]["status"]) == ("InProgress", "InProgress")
    again = refusal(account.eks.cancel_update, name=cluster, updateId=update["id"])
    assert again.code == "InvalidRequestException"
    stopped = account.settled(update, cluster)
    assert (stopped["status"], stopped["cancellation"]["status"]) == ("Cancelled", "Successful")
    assert (account.describe(cluster)["version"], account.describe(cluster)["status"]) == ("1.34", "ACTIVE")
    ended = refusal(account.eks.cancel_update, name=cluster, updateId=update["id"])
    assert (ended.code, "is Cancelled" in ended.message) == ("InvalidStateException", True)
    assert roll_back(account, cluster)["status"] == "InProgress"


def test_a_control_plane_that_is_going_back_cannot_be_stopped(account: Account) -> None:
    cluster = upgraded(account, **AUTO_MODE)
    update = roll_back(account, cluster)
    account.sim.advance(NODES + 1)
    assert account.describe(cluster)["status"] == "UPDATING"
    refused = refusal(account.eks.cancel_update, name=cluster, updateId=update["id"])
    assert (refused.code, refused.status) == ("InvalidStateException", 400)
    assert account.settled(update, cluster)["status"] == "Successful"
    assert account.describe(cluster)["version"] == "1.33"


def test_a_cancellation_that_comes_too_late_fails_and_the_rollback_goes_on(account: Account) -> None:
    cluster = upgraded(account, **AUTO_MODE)
    update = roll_back(account, cluster)
    account.sim.advance(NODES - 10)
    account.eks.cancel_update(name=cluster, updateId=update["id"])
    account.sim.advance(60)
    found = account.eks.describe_update(name=cluster, updateId=update["id"])["update"]
    assert (found["status"], found["cancellation"]["status"]) == ("InProgress", "Failed")
    assert account.settled(update, cluster)["status"] == "Successful"


def test_other_updates_cannot_be_cancelled(account: Account) -> None:
    cluster = account.cluster()
    update = account.eks.update_cluster_config(name=cluster, deletionProtection=True)["update"]
    refused = refusal(account.eks.cancel_update, name=cluster, updateId=update["id"])
    assert (refused.code, "cannot be cancelled" in refused.message) == ("InvalidStateException", True)
