# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the module ``join_diagnosis`` to what is known of instances, and back with what ails them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._client import Client, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._entry import guarded
from ansible_collections.flotilla.eks.plugins.module_utils._join.console import last_lines
from ansible_collections.flotilla.eks.plugins.module_utils._join.diagnosis import (
    Examination,
    examine,
    ordered,
    summary,
)
from ansible_collections.flotilla.eks.plugins.module_utils._join.evidence import Case, Finding, Unread
from ansible_collections.flotilla.eks.plugins.module_utils._join.launch import ailing, launch
from ansible_collections.flotilla.eks.plugins.module_utils._join.subjects import Subjects, subjects
from ansible_collections.flotilla.eks.plugins.module_utils._join.surroundings import Looks, surroundings
from ansible_collections.flotilla.eks.plugins.module_utils._join.words import not_looked_at, with_words
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.access import described, kubernetes_for, there
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import MANAGED
from ansible_collections.flotilla.eks.plugins.module_utils._read import PARALLEL_READS
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.told import Told

ARGUMENT_SPEC: Values = {
    "cluster_name": {"type": "str", "required": True},
    "cluster": {"type": "dict"},
    "instance_ids": {"type": "list", "elements": "str"},
    "groups": {"type": "list", "elements": "str", "aliases": ["scaling_groups"]},
    "role_arn": {"type": "str"},
    "console_lines": {"type": "int", "default": 0},
}
COMPARED = (
    "endpoint",
    "certificate_authority",
    "version",
    "access_config",
    "resources_vpc_config",
    "kubernetes_network_config",
)
"""What has to be known of the cluster."""
ACTIVITIES = 20  # the last ones of an Auto Scaling group that are looked at


def run() -> None:
    """main() of the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC, supports_check_mode=True, mutually_exclusive=[("instance_ids", "groups")]
    )
    who = f"nodes of cluster {module.params['cluster_name']}"
    module.exit_json(changed=False, **guarded(module, who, lambda: diagnose(module)))


def diagnose(module: Any) -> Values:
    """The result. Raises Refused, AwsError and KubernetesError.

    In check mode, a cluster that a task before this one would have made has no nodes.
    """
    params, name = module.params, module.params["cluster_name"]
    client = client_for(module)
    if module.check_mode and not there(client, name):
        return _result(name, [], [], [], 0)
    given = params["cluster"] or {}
    cluster = given if all(given.get(member) for member in COMPARED) else described(client, name)
    api = kubernetes_for(module, name, cluster, params["role_arn"] or "")
    found = subjects(client, api, cluster, params["instance_ids"] or [], params["groups"] or [])
    cases = [Case(node, found.instance(node), found.kubernetes(node)) for node in found.nodes]
    looks = Looks()
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        groups = list(pool.map(lambda row: _group(client, looks, name, row, found), found.groups))
    examined: list[Examination] = []
    if cases:
        evidence = surroundings(client, api, cluster, cases, api.now or datetime.now(UTC))
        cases = with_words(client, cases, evidence, bool(params["instance_ids"]))
        examined = [examine(case, evidence) for case in cases]
    unread = [replace(one, check="launch") for one in looks.unread.values()]
    if found.blind:
        unread.append(Unread(f"which instances have joined is not known: {found.blind}", check="nodes"))
    return _result(name, groups, cases, examined, params["console_lines"], unread)


def _group(client: Client, looks: Looks, cluster: str, row: Values, found: Subjects) -> Values:
    """A group that has fewer instances than it wants, and why."""
    findings: list[Finding] = []
    for group in found.scaling_groups(row):
        if len(group.get("instances") or []) < group["desired_capacity"]:
            name = group["auto_scaling_group_name"]
            activities = looks.look("scaling activities", "autoscaling", partial(_activities, client, name), None)
            findings += launch(group, activities)
    if row["kind"] == MANAGED:
        asked = {"cluster_name": cluster, "nodegroup_name": row["group"]}
        told = looks.look("node group", "eks", partial(client.find, "eks", "DescribeNodegroup", **asked), None)
        findings += ailing((told or {}).get("nodegroup") or {})
    return {**row, "findings": [asdict(finding) for finding in ordered(findings)]}


def _activities(client: Client, group: str) -> list[Values]:
    """The last ones, in options' spelling: one page, where there are six weeks of them."""
    answer = client.read("autoscaling", "DescribeScalingActivities", AutoScalingGroupName=group, MaxRecords=ACTIVITIES)
    names = {"StatusCode": "status_code", "StatusMessage": "status_message", "Description": "description"}
    return [{ours: one.get(theirs) for theirs, ours in names.items()} for one in answer["Activities"]]


def _result(
    cluster: str,
    groups: Sequence[Values],
    cases: Sequence[Case],
    examined: Sequence[Examination],
    console_lines: int,
    unread: Iterable[Unread] = (),
) -> Values:
    rows = [_row(case, result, console_lines) for case, result in zip(cases, examined, strict=True)]
    gaps = dict.fromkeys([*unread, *(one for result in examined for one in result.unchecked)])
    unchecked = [{"check": one.check, "reason": one.reason, "action": one.action or None} for one in gaps]
    return {
        "instances": rows,
        "groups": list(groups),
        "unchecked": unchecked,
        "not_looked_at": not_looked_at(cases),
        "summary": summary(cluster, rows, groups, unchecked),
    }


def _row(case: Case, result: Examination, console_lines: int) -> Values:
    findings = [asdict(finding) for finding in result.findings]
    return {
        **{name: case.node[name] for name in ("instance_id", "name", "kind", "group", "status", "reason")},
        "likely_cause": findings[0]["check"] if findings else None,
        "findings": findings,
        "passed": list(result.passed),
        "unchecked": list(dict.fromkeys(one.check for one in result.unchecked)),
        "user_data": _shown(case.told) if case.told else None,
        "console": last_lines(case.console, console_lines) if case.console and console_lines > 0 else None,
    }


def _shown(told: Told) -> Values:
    """What user data says, without what is long or told by the findings."""
    names = ("family", "cluster_name", "endpoint", "service_cidr", "cluster_dns", "labels", "taints", "max_pods")
    found = {name: getattr(told, name) for name in names}
    return {
        **{name: value or None for name, value in found.items()},
        "cluster_dns": list(told.cluster_dns),
        "labels": dict(told.labels or {}),
        "taints": [dict(taint) for taint in told.taints],
    }
