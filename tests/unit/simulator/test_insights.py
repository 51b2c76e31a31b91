# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Insights: what EKS finds in a cluster, and when it looks."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.account import LONG, Account, refusal

UPGRADE = "UPGRADE_READINESS"
DAY = 24 * 3600
NETWORKS = {"remoteNodeNetworks": [{"cidrs": ["10.200.0.0/16"]}]}


def insights(account: Account, cluster: str, **filters: list[str]) -> dict[str, dict[str, Any]]:
    """The insights of a cluster by category and name."""
    found = account.eks.list_insights(clusterName=cluster, filter=filters)["insights"]
    return {f"{insight['category']}: {insight['name']}": insight for insight in found}


def statuses(account: Account, cluster: str, category: str = UPGRADE) -> dict[str, str]:
    listed = insights(account, cluster, categories=[category]).values()
    return {insight["name"]: insight["insightStatus"]["status"] for insight in listed}


def refresh(account: Account, cluster: str) -> None:
    account.eks.start_insights_refresh(clusterName=cluster)
    account.sim.advance(LONG)


def upgrade(account: Account, cluster: str, version: str) -> None:
    account.eks.update_cluster_version(name=cluster, version=version)
    account.sim.advance(LONG)


def details(account: Account, cluster: str, name: str) -> dict[str, Any]:
    found = insights(account, cluster)[name]
    return account.eks.describe_insight(clusterName=cluster, id=found["id"])["insight"]


def test_a_cluster_in_order_passes_every_check(account: Account) -> None:
    cluster = account.cluster()
    account.nodegroup(cluster)
    refresh(account, cluster)
    assert set(statuses(account, cluster).values()) == {"PASSING"}
    assert {insight["kubernetesVersion"] for insight in insights(account, cluster).values()} == {"1.34"}


def test_the_newest_version_has_nothing_to_be_upgraded_to(account: Account) -> None:
    assert statuses(account, account.cluster(version="1.35")) == {}


def test_nodes_behind_the_control_plane_are_an_error_once_somebody_looks(account: Account) -> None:
    cluster = account.cluster()
    group = account.nodegroup(cluster)
    assert statuses(account, cluster)["Kubelet version skew"] == "PASSING"
    upgrade(account, cluster, "1.34")
    assert statuses(account, cluster)["Kubelet version skew"] == "PASSING"
    refresh(account, cluster)
    found = details(account, cluster, f"{UPGRADE}: Kubelet version skew")
    assert found["insightStatus"] == {
        "status": "ERROR",
        "reason": f"Node group {group} has version 1.33, the cluster 1.34.",
    }
    (resource,) = found["resources"]
    assert resource["arn"] == account.describe(cluster, group)["nodegroupArn"]
    account.eks.update_nodegroup_version(clusterName=cluster, nodegroupName=group)
    account.sim.advance(LONG)
    refresh(account, cluster)
    assert statuses(account, cluster)["Kubelet version skew"] == "PASSING"


def test_they_are_refreshed_every_day(account: Account) -> None:
    cluster = account.cluster()
    account.nodegroup(cluster)
    before = details(account, cluster, f"{UPGRADE}: Kubelet version skew")
    upgrade(account, cluster, "1.34")
    account.sim.advance(DAY)
    after = details(account, cluster, f"{UPGRADE}: Kubelet version skew")
    assert (after["id"], after["insightStatus"]["status"]) == (before["id"], "ERROR")
    assert after["lastTransitionTime"] == after["lastRefreshTime"] > before["lastRefreshTime"]
    account.sim.advance(DAY)
    later = details(account, cluster, f"{UPGRADE}: Kubelet version skew")
    assert later["lastTransitionTime"] == after["lastTransitionTime"] < later["lastRefreshTime"]


def test_amazon_linux_2_is_an_error_where_it_ends(account: Account) -> None:
    cluster = account.cluster(version="1.32")
    account.nodegroup(cluster, amiType="AL2_x86_64")
    refresh(account, cluster)
    assert statuses(account, cluster)["Amazon Linux 2 compatibility"] == "ERROR"


def test_what_is_ahead_of_a_cluster_keeps_it_from_being_upgraded_unless_forced(account: Account) -> None:
    cluster = account.cluster(version="1.32")
    account.nodegroup(cluster, amiType="AL2_x86_64")
    refused = refusal(account.eks.update_cluster_version, name=cluster, version="1.33")
    assert (refused.code, refused.status) == ("InvalidStateException", 400)
    assert "Amazon Linux 2 compatibility" in refused.message
    account.eks.update_cluster_version(name=cluster, version="1.33", force=True)


def install(account: Account, cluster: str, addon: str, version: str) -> None:
    account.eks.create_addon(clusterName=cluster, addonName=addon, addonVersion=version)
    account.sim.advance(LONG)


def test_an_addon_that_does_not_suit_the_next_version_is_an_error_that_tells_which_do(account: Account) -> None:
    cluster = account.cluster(bootstrapSelfManagedAddons=False)
    install(account, cluster, "vpc-cni", "v1.18.6-eksbuild.1")
    refresh(account, cluster)
    found = details(account, cluster, f"{UPGRADE}: EKS add-on version compatibility")
    assert found["insightStatus"]["status"] == "ERROR"
    assert "vpc-cni v1.18.6-eksbuild.1 is not compatible with Kubernetes 1.34" in found["insightStatus"]["reason"]
    (addon,) = found["categorySpecificSummary"]["addonCompatibilityDetails"]
    assert addon["name"] == "vpc-cni"
    refused = refusal(account.eks.update_cluster_version, name=cluster, version="1.34")
    assert (refused.code, "EKS add-on version compatibility" in refused.message) == ("InvalidStateException", True)
    account.eks.update_addon(clusterName=cluster, addonName="vpc-cni", addonVersion=addon["compatibleVersions"][0])
    account.sim.advance(LONG)
    refresh(account, cluster)
    assert set(statuses(account, cluster).values()) == {"PASSING"}
    upgrade(account, cluster, "1.34")


def test_a_kube_proxy_may_stay_three_versions_behind_and_no_more(account: Account) -> None:
    cluster = account.cluster(version="1.31", bootstrapSelfManagedAddons=False)
    install(account, cluster, "kube-proxy", "v1.31.0-eksbuild.2")
    seen = []
    for version in ("1.32", "1.33", "1.34"):
        refresh(account, cluster)
        seen.append(statuses(account, cluster)["kube-proxy version skew"])
        upgrade(account, cluster, version)
    refresh(account, cluster)
    assert [*seen, statuses(account, cluster)["kube-proxy version skew"]] == ["PASSING", "PASSING", "WARNING", "ERROR"]
    refused = refusal(account.eks.update_cluster_version, name=cluster, version="1.35")
    assert (refused.code, "kube-proxy version skew" in refused.message) == ("InvalidStateException", True)


def test_a_recent_upgrade_is_looked_at_for_a_way_back(account: Account) -> None:
    cluster = account.cluster()
    group = account.nodegroup(cluster)
    assert statuses(account, cluster, "ROLLBACK_READINESS") == {}
    upgrade(account, cluster, "1.34")
    refresh(account, cluster)
    assert set(statuses(account, cluster, "ROLLBACK_READINESS").values()) == {"PASSING"}
    account.eks.update_nodegroup_version(clusterName=cluster, nodegroupName=group)
    account.sim.advance(LONG)
    refresh(account, cluster)
    assert statuses(account, cluster, "ROLLBACK_READINESS")["Kubelet version skew"] == "ERROR"
    account.sim.advance(7 * DAY)
    assert statuses(account, cluster, "ROLLBACK_READINESS") == {}


def test_the_setup_for_hybrid_nodes_is_looked_at_where_there_is_one(account: Account) -> None:
    cluster = account.cluster(
        vpc={"endpointPrivateAccess": True},
        accessConfig={"authenticationMode": "API"},
        remoteNetworkConfig=NETWORKS,
    )
    assert statuses(account, cluster, "MISCONFIGURATION") == {
        "Hybrid Nodes: cluster endpoint access": "WARNING",
        "Hybrid Nodes: access entry": "ERROR",
    }
    account.eks.create_access_entry(clusterName=cluster, principalArn=account.roles["node"], type="HYBRID_LINUX")
    refresh(account, cluster)
    assert statuses(account, cluster, "MISCONFIGURATION")["Hybrid Nodes: access entry"] == "PASSING"
    assert "kubernetesVersion" not in details(account, cluster, "MISCONFIGURATION: Hybrid Nodes: access entry")


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"statuses": ["ERROR"]}, 1),
        ({"statuses": ["ERROR", "PASSING"]}, 5),
        ({"kubernetesVersions": ["1.99"]}, 0),
        ({"categories": ["MISCONFIGURATION"]}, 0),
        ({}, 5),
    ],
)
def test_lists_are_filtered(account: Account, filters: dict[str, list[str]], count: int) -> None:
    cluster = account.cluster(version="1.32")
    account.nodegroup(cluster, amiType="AL2_x86_64")
    assert len(insights(account, cluster, **filters)) == count


def test_a_refresh_takes_a_while_and_there_is_one_at_a_time(account: Account) -> None:
    cluster = account.cluster()
    nothing = refusal(account.eks.describe_insights_refresh, clusterName=cluster)
    assert nothing.code == "ResourceNotFoundException"
    assert account.eks.start_insights_refresh(clusterName=cluster)["status"] == "IN_PROGRESS"
    assert "endedAt" not in account.eks.describe_insights_refresh(clusterName=cluster)
    assert refusal(account.eks.start_insights_refresh, clusterName=cluster).code == "InvalidRequestException"
    account.sim.advance(LONG)
    through = account.eks.describe_insights_refresh(clusterName=cluster)
    assert through["status"] == "COMPLETED"
    assert through["endedAt"] > through["startedAt"]


def test_a_cluster_that_is_coming_has_no_insights_yet(account: Account) -> None:
    cluster = account.eks.create_cluster(**account.cluster_request())["cluster"]["name"]
    assert insights(account, cluster) == {}
    assert refusal(account.eks.start_insights_refresh, clusterName=cluster).code == "InvalidRequestException"


def test_an_unknown_insight_is_not_found(account: Account, standing_cluster: str) -> None:
    refused = refusal(account.eks.describe_insight, clusterName=standing_cluster, id="not-there")
    assert (refused.code, refused.status) == ("ResourceNotFoundException", 404)
