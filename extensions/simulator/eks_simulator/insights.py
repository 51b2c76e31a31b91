# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ListInsights, DescribeInsight, StartInsightsRefresh, DescribeInsightsRefresh.

"Amazon EKS refreshes cluster insights every 24 hours, or you can manually refresh them"
(https://docs.aws.amazon.com/eks/latest/userguide/cluster-insights.html): the answer is what the checks found then.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from . import durations
from .errors import ServiceError, invalid_request, not_found
from .insight_checks import Finding, findings
from .operations import Call, operation
from .paging import page
from .store import Cluster

_BY_ITSELF = timedelta(hours=24)
_SUMMARY = (
    *("id", "name", "category", "kubernetesVersion", "lastRefreshTime", "lastTransitionTime"),
    *("description", "insightStatus"),
)
"""The members of an insight that a list has of it (service model, InsightSummary)."""


@operation("ListInsights")
def list_insights(call: Call) -> dict[str, Any]:
    cluster = call.cluster()
    _refresh_by_itself(call, cluster)
    wanted = call.get("filter", {})
    tests = {
        "categories": lambda insight: insight["category"],
        "kubernetesVersions": lambda insight: insight.get("kubernetesVersion"),
        "statuses": lambda insight: insight["insightStatus"]["status"],
    }
    shown = [
        {name: insight[name] for name in _SUMMARY if name in insight}
        for insight in cluster.insights.values()
        if all(not wanted.get(name) or value(insight) in wanted[name] for name, value in tests.items())
    ]
    return page(call, "insights", shown)


@operation("DescribeInsight")
def describe_insight(call: Call) -> dict[str, Any]:
    cluster = call.cluster()
    _refresh_by_itself(call, cluster)
    insight = cluster.insights.get(call.parameters["id"])
    if insight is None:
        raise not_found(f"No insight found for ID: {call.parameters['id']}.", clusterName=cluster.name)
    return {"insight": insight}


@operation("StartInsightsRefresh")
def start_insights_refresh(call: Call) -> dict[str, Any]:
    """One at a time, and of a cluster that is there to be looked at: the stricter reading of "initiates an on-demand
    refresh operation" (service model)."""
    cluster = call.cluster()
    if cluster.status not in ("ACTIVE", "UPDATING"):
        raise invalid_request(f"Cluster {cluster.name} is in {cluster.status} status", clusterName=cluster.name)
    if cluster.insights_refresh.get("status") == "IN_PROGRESS":
        raise invalid_request("An insights refresh is already in progress", clusterName=cluster.name)
    refresh = {"message": "Insights refresh is in progress", "status": "IN_PROGRESS", "startedAt": call.now}
    cluster.insights_refresh = refresh

    def end() -> None:
        _refresh(call, cluster)
        refresh.update(message="Insights refresh is complete", status="COMPLETED", endedAt=call.now)

    call.timeline.after(durations.INSIGHTS_REFRESH, end)
    return {"message": refresh["message"], "status": refresh["status"]}


@operation("DescribeInsightsRefresh")
def describe_insights_refresh(call: Call) -> dict[str, Any]:
    """Of "the latest on-demand" one (service model); a cluster that has had none has nothing to describe."""
    cluster = call.cluster()
    if not cluster.insights_refresh:
        raise not_found("No insights refresh found", clusterName=cluster.name)
    return cluster.insights_refresh


def require_readiness(call: Call, category: str, cluster: Cluster, found: list[Finding]) -> None:
    """ "Amazon EKS detected upgrade readiness issues. ... Pass the force flag when updating to override" (service model
    of InvalidStateException, which this raises)."""
    blocking = [finding.name for finding in found if finding.status == "ERROR"]
    if blocking and not call.get("force"):
        raise ServiceError(
            "InvalidStateException",
            f"Amazon EKS detected {category} issues: {', '.join(blocking)}. Call the ListInsights API to view them."
            " Pass the force flag when updating to override.",
            clusterName=cluster.name,
        )


def _refresh_by_itself(call: Call, cluster: Cluster) -> None:
    """The periodic refresh, made up for when somebody looks."""
    if cluster.status == "CREATING":
        return
    if cluster.insights_since is None or call.now - cluster.insights_since >= _BY_ITSELF:
        _refresh(call, cluster)


def _refresh(call: Call, cluster: Cluster) -> None:
    cluster.insights_since = call.now
    cluster.insights = {
        insight["id"]: insight for insight in (_describe(call, cluster, finding) for finding in findings(call, cluster))
    }


def _describe(call: Call, cluster: Cluster, finding: Finding) -> dict[str, Any]:
    """The insight of a check, which keeps its id, and the time of its last transition while its status is the same."""
    number = f"{cluster.arn}/{cluster.description['createdAt']}/{finding.category}/{finding.name}"
    own = str(uuid.uuid5(uuid.NAMESPACE_URL, number))
    earlier = cluster.insights.get(own)
    same = earlier is not None and earlier["insightStatus"]["status"] == finding.status
    insight = {
        "id": own,
        "name": finding.name,
        "category": finding.category,
        "kubernetesVersion": finding.version,
        "lastRefreshTime": call.now,
        "lastTransitionTime": earlier["lastTransitionTime"] if earlier and same else call.now,
        "description": finding.description,
        "insightStatus": {"status": finding.status, "reason": finding.reason},
        "recommendation": finding.recommendation,
        "additionalInfo": {"Amazon EKS User Guide": finding.link},
        "resources": [
            {"insightStatus": {"status": one.status, "reason": one.reason}, "arn": one.arn} for one in finding.verdicts
        ],
        "categorySpecificSummary": finding.summary,
    }
    return {name: value for name, value in insight.items() if value is not None}
