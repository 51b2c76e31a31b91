# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the module ``drain`` to the nodes of a cluster and back."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._drain.pods import (
    EVICTING,
    chosen_nodes,
    consent_of,
    selector,
)
from ansible_collections.flotilla.eks.plugins.module_utils._drain.run import NODES, Drain, Report, Undrained, marked
from ansible_collections.flotilla.eks.plugins.module_utils._entry import guarded
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.access import kubernetes_for
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Object
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience

CHOICE = ("nodes", "nodegroups", "label_selector")
ARGUMENT_SPEC = {
    "cluster_name": {"type": "str", "required": True},
    "cluster": {"type": "dict"},
    "role_arn": {"type": "str"},
    "state": {"type": "str", "choices": ["drained", "cordoned", "uncordoned"], "default": "drained"},
    "nodes": {"type": "list", "elements": "str"},
    "nodegroups": {"type": "list", "elements": "str"},
    "label_selector": {"type": "str"},
    "batch_size": {"type": "int", "default": 1},
    "timeout": {"type": "int", "default": 900},
    "wait_delay": {"type": "int", "default": 5},
    **EVICTING,
    "keep_cordoned": {"type": "bool", "default": False},
    "mark": {"type": "str", "default": ""},
}


def run() -> None:
    """main() of the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
        required_one_of=[CHOICE],
        mutually_exclusive=[("nodes", "nodegroups"), ("nodes", "label_selector")],
    )
    params = module.params
    if params["batch_size"] < 1:
        module.fail_json(msg=f"batch_size: found {params['batch_size']}, wanted 1 or more")
    who = f"nodes of cluster {params['cluster_name']}"
    drain = guarded(module, who, lambda: _drain(module))
    nodes = guarded(module, who, lambda: _nodes(module, drain))
    result = guarded(module, who, lambda: _brought_to(params["state"], drain, nodes))
    if "msg" in result:
        module.fail_json(**{**result, "msg": f"{who}: {result['msg']}"})
    if not nodes:
        module.warn(f"{who}: no node is selected, so nothing was done")
    module.exit_json(**result)


def _drain(module: Any) -> Drain:
    params = module.params
    return Drain(
        kubernetes_for(module, params["cluster_name"], params["cluster"], params["role_arn"] or ""),
        Patience(timeout=params["timeout"], delay=max(1, params["wait_delay"])),
        consent_of(params),
        params["batch_size"],
        params["grace_period"],
        params["keep_cordoned"],
        module.check_mode,
        disable_eviction=params["disable_eviction"],
        mark=params["mark"],
    )


def _nodes(module: Any, drain: Drain) -> list[Object]:
    """The nodes that the user selects. Raises Refused if one that is named does not exist."""
    params = module.params
    if params["nodes"] is not None:
        return chosen_nodes(drain.kubernetes.list_all(NODES), params["nodes"])
    return drain.kubernetes.list_all(NODES, labels=selector(params["nodegroups"] or [], params["label_selector"] or ""))


def _brought_to(state: str, drain: Drain, nodes: list[Object]) -> Values:
    """The result; with a ``msg`` if some pods did not go."""
    names = {"nodes": [node["metadata"]["name"] for node in nodes]}
    if state == "uncordoned":
        uncordoned = drain.uncordon(marked(nodes, drain.mark))
        return {**names, "changed": bool(uncordoned), "uncordoned": uncordoned}
    if state == "cordoned":
        return {**names, **_told(Report(cordoned=drain.cordon(nodes)))}
    try:
        return {**names, **_told(drain.drain(nodes))}
    except Undrained as failure:
        return {**names, **_told(failure.report), "msg": str(failure)}


def _told(report: Report) -> Values:
    stuck = [{"namespace": pod.namespace, "name": pod.name, "node": pod.node} for pod in report.stuck]
    return {
        "changed": bool(report.cordoned or report.evicted),
        "cordoned": report.cordoned,
        "evicted": [{"namespace": pod.namespace, "name": pod.name, "node": pod.node} for pod in report.evicted],
        "stuck": [{**pod, "reason": reason} for pod, reason in zip(stuck, report.stuck.values(), strict=True)],
    }
