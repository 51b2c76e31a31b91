# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that tell what EKS finds in a cluster, and what it offers."""

from __future__ import annotations

from typing import Any

import pytest

from eks_simulator.process import SimulatorProcess
from support.ledger import Ledger
from support.steps import Steps
from support.surroundings import Surroundings

SKEW = "Kubelet version skew"


@pytest.fixture
def skewed(aws: Surroundings) -> None:
    """A cluster whose node group is behind, as EKS will find when it looks anew."""
    aws.cluster(version="1.33")
    aws.nodegroup("web")
    aws.eks.list_insights(clusterName="prod")
    aws.eks.update_cluster_version(name="prod", version="1.34")
    aws.settle()


def statuses(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(insight["name"], insight["insight_status"]["status"]) for insight in result["insights"]]


@pytest.mark.usefixtures("skewed")
def test_a_refresh_finds_what_has_changed_and_the_worst_comes_first(steps: Steps, ledger: Ledger) -> None:
    stale = steps.run("insights_info", cluster_name="prod")
    assert {status for _name, status in statuses(stale)} == {"PASSING"}
    fresh = steps.run("insights_info", cluster_name="prod", refresh=True)
    assert statuses(fresh)[0] == (SKEW, "ERROR")
    assert fresh["refresh"]["status"] == "COMPLETED"
    assert not fresh["changed"]
    assert fresh["insights"][0]["resources"][0]["insight_status"]["status"] == "ERROR"
    assert [call["operation"] for call in ledger.writes()] == ["StartInsightsRefresh"]


@pytest.mark.usefixtures("skewed")
def test_check_mode_starts_no_refresh(steps: Steps, ledger: Ledger) -> None:
    result = steps.run("insights_info", check=True, cluster_name="prod", refresh=True)
    assert {status for _name, status in statuses(result)} == {"PASSING"}
    assert "refresh" not in result
    assert ledger.writes() == []


def test_a_refresh_need_not_be_waited_for(slow_aws: Surroundings, slow_steps: Steps) -> None:
    slow_aws.cluster()
    result = slow_steps.run("insights_info", cluster_name="prod", refresh=True, wait=False)
    assert result["refresh"]["status"] == "IN_PROGRESS"
    message = slow_steps.failed("insights_info", cluster_name="prod", refresh=True, wait_timeout=1)
    assert "insights of cluster prod: waited 1 s for a refresh, in vain" in message


@pytest.mark.usefixtures("skewed")
def test_filters_and_details_decide_what_is_read(steps: Steps, ledger: Ledger) -> None:
    some = steps.run(
        "insights_info", cluster_name="prod", refresh=True, statuses=["ERROR"], categories=["UPGRADE_READINESS"]
    )
    assert statuses(some) == [(SKEW, "ERROR")]
    back = steps.run("insights_info", cluster_name="prod", kubernetes_versions=["1.33"], details=False)
    assert {insight["category"] for insight in back["insights"]} == {"ROLLBACK_READINESS"}
    assert ledger.operations() == ["ListInsights"]
    one = steps.run("insights_info", cluster_name="prod", id=some["insights"][0]["id"])
    assert (statuses(one), ledger.operations()) == ([(SKEW, "ERROR")], ["DescribeInsight"])
    assert steps.run("insights_info", cluster_name="prod", id="gone")["insights"] == []
    assert "mutually exclusive" in steps.refused("insights_info", cluster_name="prod", id="x", statuses=["ERROR"])


def test_an_unknown_cluster_is_an_error(aws: Surroundings, steps: Steps) -> None:
    message = steps.refused("insights_info", cluster_name="gone")
    assert message.startswith("insights of cluster gone: ListInsights: No cluster found for name: gone.")


def test_what_eks_offers_is_listed(simulator: SimulatorProcess, steps: Steps, ledger: Ledger) -> None:
    offered = steps.run("cluster_versions_info")["cluster_versions"]
    assert "1.29" not in [version["cluster_version"] for version in offered]
    assert offered[0]["end_of_standard_support_date"].startswith("2027-03-27")
    (default,) = steps.run("cluster_versions_info", default_only=True)["cluster_versions"]
    assert default["default_version"] is True
    ended = steps.run("cluster_versions_info", version_status="UNSUPPORTED", cluster_type="eks")["cluster_versions"]
    assert [version["cluster_version"] for version in ended] == ["1.30", "1.29"]
    (one,) = steps.run("cluster_versions_info", cluster_versions=["1.30"])["cluster_versions"]
    assert one["version_status"] == "UNSUPPORTED"
    every = steps.run("cluster_versions_info", include_all=True)["cluster_versions"]
    assert len(every) == len(offered) + 2
    message = steps.refused("cluster_versions_info", cluster_versions=["9.9"])
    assert message.startswith("cluster versions: DescribeClusterVersions: Unknown cluster version: 9.9")
    policies = steps.run("access_policies_info")["access_policies"]
    assert {"name", "arn"} == set(policies[0])
    assert ledger.writes() == []
