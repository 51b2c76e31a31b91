# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The insights of a cluster: made anew on request, listed, and each read in full, side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._entry import guarded
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._read import PARALLEL_READS
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience, Unsettled

UNDER_WAY = "IN_PROGRESS"
STATUSES = ("ERROR", "WARNING", "UNKNOWN", "PASSING")  # the worst first
ARGUMENT_SPEC: Values = {
    "cluster_name": {"type": "str", "required": True},
    "id": {"type": "str"},
    "categories": {
        "type": "list",
        "elements": "str",
        "choices": ["UPGRADE_READINESS", "MISCONFIGURATION", "ROLLBACK_READINESS"],
    },
    "kubernetes_versions": {"type": "list", "elements": "str"},
    "statuses": {"type": "list", "elements": "str", "choices": list(STATUSES)},
    "details": {"type": "bool", "default": True},
    "refresh": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 900},
    "wait_delay": {"type": "int", "default": 15},
}
FILTERS = ("categories", "kubernetes_versions", "statuses")


def run() -> None:
    """main() of the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC, supports_check_mode=True, mutually_exclusive=[("id", name) for name in FILTERS]
    )
    params = module.params
    client = client_for(module)
    patience = Patience(params["wait"], params["wait_timeout"], max(1, params["wait_delay"]))

    def look() -> Values:
        cluster, refreshed = params["cluster_name"], {}
        if params["refresh"] and not module.check_mode:
            refreshed = {"refresh": refresh(client, cluster, patience)}
        if params["id"]:
            return {"insights": [one] if (one := describe(client, cluster, params["id"])) else [], **refreshed}
        wanted = {name: params[name] for name in FILTERS if params[name]}
        return {"insights": read(client, cluster, wanted, params["details"]), **refreshed}

    who = f"insights of cluster {params['cluster_name']}"
    module.exit_json(changed=False, **guarded(module, who, look))


def read(client: Client, cluster: str, wanted: Values, details: bool) -> list[Values]:
    """The insights that the filter lets through, the worst first, then by name. Raises AwsError."""
    listed = client.pages("ListInsights", "insights", cluster_name=cluster, filter=wanted or None)
    if details:
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            described = pool.map(lambda one: describe(client, cluster, one["id"]), listed)
            listed = [one for one in described if one is not None]
    return sorted(listed, key=_urgency)


def _urgency(insight: Values) -> Any:
    status = insight["insight_status"]["status"]
    return STATUSES.index(status) if status in STATUSES else -1, insight["category"], insight["name"]


def describe(client: Client, cluster: str, number: str) -> Values | None:
    """The insight of that id; None if there is none, as after a refresh that had nothing to check any more."""
    try:
        insight: Values = client.call("DescribeInsight", cluster_name=cluster, id=number)["insight"]
    except AwsError as error:
        if error.not_found:
            return None
        raise
    return insight


def refresh(client: Client, cluster: str, patience: Patience) -> Values:
    """Has EKS look anew, and waits for the end of it. Raises AwsError and Unsettled.

    A refresh that is under way already may have looked before the last change: its end is awaited, and it is followed
    by one of our own.
    """
    begun = _begin(client, cluster)
    if not patience.wait:
        return begun or client.call("DescribeInsightsRefresh", cluster_name=cluster)
    for _try in patience.tries():
        state = _state(client, cluster)
        if state is None or state["status"] == UNDER_WAY:
            continue
        if begun:
            return _completed(state, cluster)
        begun = _begin(client, cluster)
    raise Unsettled(
        f"insights of cluster {cluster}: waited {patience.timeout:g} s for a refresh, in vain. Raise wait_timeout, or "
        "run again without refresh: what was begun goes on"
    )


def _begin(client: Client, cluster: str) -> Values:
    """What the service answers to our start; {} if a refresh is under way, which it refuses a second one for."""
    try:
        return client.call("StartInsightsRefresh", cluster_name=cluster)
    except AwsError as error:
        if error.code == "InvalidRequestException" and _is_under_way(client, cluster):
            return {}
        raise


def _is_under_way(client: Client, cluster: str) -> bool:
    try:
        return bool(client.call("DescribeInsightsRefresh", cluster_name=cluster)["status"] == UNDER_WAY)
    except AwsError:
        return False  # so the refusal of the start is the one to show


def _state(client: Client, cluster: str) -> Values | None:
    """The state of the latest refresh; None if this poll failed for a passing reason."""
    try:
        return client.call("DescribeInsightsRefresh", cluster_name=cluster)
    except AwsError as error:
        if error.transient:
            return None
        raise


def _completed(state: Values, cluster: str) -> Values:
    if state["status"] == "FAILED":
        reason = state.get("message") or "the service gives no reason"
        raise Unsettled(f"insights of cluster {cluster}: the refresh FAILED: {reason}")
    return state
