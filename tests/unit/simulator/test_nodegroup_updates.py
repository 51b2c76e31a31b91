# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Updates of managed node groups: configuration, version, launch template."""

from __future__ import annotations

import itertools
from typing import Any

from unit.simulator.account import LONG, Account, refusal, taint


def update(account: Account, cluster: str, group: str, **change: Any) -> Any:
    return refusal(account.eks.update_nodegroup_config, clusterName=cluster, nodegroupName=group, **change)


def test_a_config_update_changes_what_it_names_and_keeps_the_rest(account: Account, standing_cluster: str) -> None:
    group = account.nodegroup(standing_cluster, labels={"keep": "1", "drop": "1"}, taints=[taint("a"), taint("b")])
    change = {
        "labels": {"addOrUpdateLabels": {"new": "1"}, "removeLabels": ["drop"]},
        "taints": {"addOrUpdateTaints": [taint("a", value="x")], "removeTaints": [taint("b")]},
        "scalingConfig": {"maxSize": 9},
        "updateConfig": {"maxUnavailablePercentage": 25},
    }
    key = {"clusterName": standing_cluster, "nodegroupName": group}
    answer = account.eks.update_nodegroup_config(**key, **change)["update"]
    assert answer["type"] == "ConfigUpdate"
    assert account.describe(standing_cluster, group)["status"] == "UPDATING"
    assert account.settled(answer, standing_cluster, nodegroupName=group)["status"] == "Successful"
    after = account.describe(standing_cluster, group)
    assert after["labels"] == {"keep": "1", "new": "1"}
    assert after["taints"] == [taint("a", value="x")]
    assert after["scalingConfig"] == {"minSize": 1, "maxSize": 9, "desiredSize": 1}
    assert after["updateConfig"] == {"maxUnavailablePercentage": 25, "updateStrategy": "DEFAULT"}


def test_a_config_update_is_checked_as_a_creation_is(account: Account, standing_cluster: str) -> None:
    group = account.nodegroup(standing_cluster)
    for change, reason in (
        ({"scalingConfig": {"minSize": 2}}, "Minimum capacity 2 can't be greater than desired size 1"),
        ({"updateConfig": {"maxUnavailable": 1, "maxUnavailablePercentage": 5}}, "Exactly one of"),
        ({"labels": {"addOrUpdateLabels": {"k8s.io/x": "y"}}}, "reserved prefixes"),
        ({"labels": {"addOrUpdateLabels": {"x": "y"}, "removeLabels": ["x"]}}, "both updated and removed"),
        ({"taints": {"addOrUpdateTaints": [taint()], "removeTaints": [taint()]}}, "both updated and removed"),
        ({}, "No changes detected"),
    ):
        refused = update(account, standing_cluster, group, **change)
        assert refused.code == "InvalidParameterException"
        assert reason in refused.message


def test_a_node_group_has_one_update_at_a_time(account: Account, standing_cluster: str) -> None:
    group = account.nodegroup(standing_cluster)
    key = {"clusterName": standing_cluster, "nodegroupName": group}
    running = account.eks.update_nodegroup_config(**key, scalingConfig={"maxSize": 3})["update"]["id"]
    for call, parameters in itertools.product(
        [account.eks.update_nodegroup_config, account.eks.update_nodegroup_version],
        [{"labels": {"removeLabels": ["x"]}}],
    ):
        refused = refusal(call, **key, **(parameters if call is account.eks.update_nodegroup_config else {}))
        assert refused.code == "ResourceInUseException"
        assert f"nodegroup {group} currently has update {running} in progress" in refused.message
    assert refusal(account.eks.delete_nodegroup, **key).code == "ResourceInUseException"
    account.sim.advance(LONG)


def test_a_version_update_takes_the_clusters_version_and_the_newest_release(account: Account) -> None:
    cluster = account.cluster(version="1.32")
    group = account.nodegroup(cluster)
    account.settled(account.eks.update_cluster_version(name=cluster, version="1.33")["update"], cluster)
    key = {"clusterName": cluster, "nodegroupName": group}
    answer = account.eks.update_nodegroup_version(**key)["update"]
    assert answer["type"] == "VersionUpdate"
    assert account.settled(answer, cluster, nodegroupName=group)["status"] == "Successful"
    after = account.describe(cluster, group)
    assert (after["version"], after["releaseVersion"]) == ("1.33", "1.33.5-20261105")
    back = refusal(account.eks.update_nodegroup_version, **key, version="1.32")
    assert back.code == "InvalidRequestException"
    ahead = refusal(account.eks.update_nodegroup_version, **key, version="1.34")
    assert "must be the cluster's version 1.33" in ahead.message
    same = refusal(account.eks.update_nodegroup_version, **key)
    assert "No changes detected" in same.message


def test_releases_go_forwards_only(account: Account, standing_cluster: str) -> None:
    group = account.nodegroup(standing_cluster, releaseVersion="1.33.5-20260923")
    key = {"clusterName": standing_cluster, "nodegroupName": group}
    answer = account.eks.update_nodegroup_version(**key, releaseVersion="1.33.5-20261014")["update"]
    account.settled(answer, standing_cluster, nodegroupName=group)
    assert account.describe(standing_cluster, group)["releaseVersion"] == "1.33.5-20261014"
    back = refusal(account.eks.update_nodegroup_version, **key, releaseVersion="1.33.5-20260923")
    assert "cannot be rolled back" in back.message


def test_a_launch_template_changes_its_version_only(account: Account, standing_cluster: str) -> None:
    reference = account.template(InstanceType="m5.large")
    group = account.nodegroup(standing_cluster, launchTemplate=reference)
    account.ec2.create_launch_template_version(
        LaunchTemplateId=reference["id"], LaunchTemplateData={"InstanceType": "m5.xlarge"}
    )
    key = {"clusterName": standing_cluster, "nodegroupName": group}
    other = refusal(
        account.eks.update_nodegroup_version, **key, launchTemplate=account.template(InstanceType="m5.large")
    )
    assert "must be the one that the node group was created with" in other.message
    answer = account.eks.update_nodegroup_version(**key, launchTemplate={**reference, "version": "2"})["update"]
    account.settled(answer, standing_cluster, nodegroupName=group)
    assert account.describe(standing_cluster, group)["launchTemplate"]["version"] == "2"
    plain = account.nodegroup(standing_cluster)
    refused = refusal(
        account.eks.update_nodegroup_version,
        clusterName=standing_cluster,
        nodegroupName=plain,
        launchTemplate=reference,
    )
    assert "originally deployed with a launch template" in refused.message


def test_a_larger_group_takes_longer_to_update(account: Account, standing_cluster: str) -> None:
    sizes = {"minSize": 1, "desiredSize": 40, "maxSize": 40}
    group = account.nodegroup(standing_cluster, scalingConfig=sizes, releaseVersion="1.33.5-20260923")
    key = {"clusterName": standing_cluster, "nodegroupName": group}
    answer = account.eks.update_nodegroup_version(**key)["update"]
    assert account.settled(answer, standing_cluster, nodegroupName=group)["status"] == "InProgress"
    account.sim.advance(2 * LONG)
    assert account.describe(standing_cluster, group)["status"] == "ACTIVE"
