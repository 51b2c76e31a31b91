# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the module ``nodes`` to the Nodes of a cluster and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._drain.run import NODES
from ansible_collections.flotilla.eks.plugins.module_utils._entry import guarded
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.access import kubernetes_for
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Kubernetes, KubernetesError, Object
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.kept import change
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import advice, instance_of, readiness
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.wanted import enumerated
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience

PARALLEL = 8
LONGEST_PAUSE = 5  # seconds between two looks
CONFLICT = 409
ATTEMPTS = 5  # while others change the same Node
EFFECTS = {"NO_SCHEDULE": "NoSchedule", "PREFER_NO_SCHEDULE": "PreferNoSchedule", "NO_EXECUTE": "NoExecute"}
"""As EKS spells them, which is how taints of node groups are given."""
TAINT: Values = {
    "type": "list",
    "elements": "dict",
    "options": {
        "key": {"type": "str", "required": True, "no_log": False},
        "value": {"type": "str", "default": ""},
        "effect": {"type": "str", "required": True, "choices": [*EFFECTS.values(), *EFFECTS]},
    },
}
ARGUMENT_SPEC: Values = {
    "cluster_name": {"type": "str", "required": True},
    "cluster": {"type": "dict"},
    "role_arn": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "wait_timeout": {"type": "int", "default": 0},
    "nodes": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"name": {"type": "str", "required": True}, "labels": {"type": "dict"}, "taints": TAINT},
    },
}


def run() -> None:
    """main() of the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    who = f"nodes of cluster {params['cluster_name']}"
    api = guarded(module, who, lambda: _api(module))
    work = _present if params["state"] == "present" else _absent
    result = guarded(module, who, lambda: work(api, params, module.check_mode))
    if result["unready"]:
        told = enumerated([f"{name}: {reason}" for name, reason in result["unready"].items()])
        waited = f"not Ready after {params['wait_timeout']} s" if params["wait_timeout"] else "not there"
        module.fail_json(
            msg=f"{who}: {waited}: {told}. flotilla.eks.join_diagnosis tells why a node does not join", **result
        )
    module.exit_json(**result)


def _api(module: Any) -> Kubernetes:
    params = module.params
    return kubernetes_for(module, params["cluster_name"], params["cluster"], params["role_arn"] or "")


def _present(api: Kubernetes, params: Values, check_mode: bool) -> Values:
    """Keeps each Node as soon as it is there. Raises KubernetesError."""
    patience = Patience(timeout=params["wait_timeout"], delay=LONGEST_PAUSE)
    kept: dict[str, str | None] = {}  # by what the user calls it: its name, if it had to change
    unready: dict[str, str] = {}
    for attempt, _try in enumerate(patience.tries()):
        try:
            there = _by_name(api.list_all(NODES))
            new = [one for one in params["nodes"] if one["name"] in there and one["name"] not in kept]
            kept |= _each(new, partial(_keep, api, there, check_mode))
            unready = _unready(params, there)
        except KubernetesError as error:
            if not error.transient or attempt == 0:
                raise
        if not unready or check_mode:
            break
    return _result(kept, {} if check_mode else unready)


def _absent(api: Kubernetes, params: Values, check_mode: bool) -> Values:
    """Removes the Nodes. Raises KubernetesError."""
    there = _by_name(api.list_all(NODES))
    found = [one for one in params["nodes"] if one["name"] in there]
    return _result(_each(found, partial(_remove, api, there, check_mode)), {})


def _each(nodes: Sequence[Values], work: Callable[[Values], str | None]) -> dict[str, str | None]:
    with ThreadPoolExecutor(PARALLEL) as pool:
        return dict(zip([one["name"] for one in nodes], pool.map(work, nodes), strict=True))


def _result(changed: Mapping[str, str | None], unready: Mapping[str, str]) -> Values:
    names = sorted(filter(None, changed.values()))
    return {"changed": bool(names), "nodes": names, "unready": dict(unready)}


def _by_name(nodes: Sequence[Object]) -> dict[str, Object]:
    """Nodes by their names, and by the ids of their instances."""
    return {key: node for node in nodes for key in (instance_of(node), node["metadata"]["name"]) if key}


def _unready(params: Values, there: Mapping[str, Object]) -> dict[str, str]:
    """What is still waited for, and why; without waiting, only that a Node is there."""
    found = {}
    for name in [one["name"] for one in params["nodes"]]:
        if name not in there:
            found[name] = "no Node has appeared for it"
        elif params["wait_timeout"]:
            state, reason = readiness((there[name].get("status") or {}).get("conditions") or [])
            told = [f"{there[name]['metadata']['name']} is {state}, {reason}", advice(there[name])]
            found |= {} if state == "Ready" else {name: ". ".join(filter(None, told))}
    return found


def _keep(api: Kubernetes, there: Mapping[str, Object], dry_run: bool, wanted: Values) -> str | None:
    """The name of the Node, if it had to change. If others change it meanwhile, it is read and compared anew."""
    node = there[wanted["name"]]
    name = str(node["metadata"]["name"])
    labels = None if wanted["labels"] is None else {key: str(value) for key, value in wanted["labels"].items()}
    taints = None if wanted["taints"] is None else [_spelt(taint) for taint in wanted["taints"]]
    for attempt in range(1, ATTEMPTS + 1):
        patch = change(node, labels, taints)
        if patch is None:
            return None
        try:
            api.patch(f"{NODES}/{name}", patch, dry_run=dry_run)
            return name
        except KubernetesError as error:
            if error.code != CONFLICT or attempt == ATTEMPTS:
                raise
            node = api.get(f"{NODES}/{name}")
    raise AssertionError("the last attempt returns or raises")


def _spelt(taint: Values) -> Values:
    return {**taint, "effect": EFFECTS.get(taint["effect"], taint["effect"])}


def _remove(api: Kubernetes, there: Mapping[str, Object], dry_run: bool, wanted: Values) -> str | None:
    """The name of the Node, if it was there; not of another one of its name that has come since."""
    node = there[wanted["name"]]
    name = str(node["metadata"]["name"])
    try:
        api.delete(f"{NODES}/{name}", {"preconditions": {"uid": node["metadata"]["uid"]}}, dry_run=dry_run)
    except KubernetesError as error:
        if not error.not_found:
            raise
        return None
    return name
