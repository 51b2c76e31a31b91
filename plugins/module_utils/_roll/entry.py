# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the module ``roll`` to Auto Scaling groups and their nodes, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._drain.pods import EVICTING, consent_of
from ansible_collections.flotilla.eks.plugins.module_utils._drain.run import Drain
from ansible_collections.flotilla.eks.plugins.module_utils._entry import guarded
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.access import kubernetes_for, there
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import KubernetesError
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._progress import Progress, append_to
from ansible_collections.flotilla.eks.plugins.module_utils._roll.act import Actor
from ansible_collections.flotilla.eks.plugins.module_utils._roll.checks import (
    NAME,
    Chosen,
    chosen,
    everything,
    refuse,
    refuse_missing,
)
from ansible_collections.flotilla.eks.plugins.module_utils._roll.choice import leavers
from ansible_collections.flotilla.eks.plugins.module_utils._roll.model import Done, Policy, State
from ansible_collections.flotilla.eks.plugins.module_utils._roll.read import Choice, Lookout
from ansible_collections.flotilla.eks.plugins.module_utils._roll.result import (
    Plan,
    diff,
    instances,
    left_alone,
    planned,
    row,
)
from ansible_collections.flotilla.eks.plugins.module_utils._roll.run import Roll
from ansible_collections.flotilla.eks.plugins.module_utils._roll.sizes import Allowance, allowance, refuse_sizes
from ansible_collections.flotilla.eks.plugins.module_utils._roll.steps import goal, next_step
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import (
    NODEGROUP_TAG,
    ROLL_TAG,
    named_groups,
    owned_groups,
    tags_of,
)
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience, Unsettled

ARGUMENT_SPEC: Values = {
    "cluster_name": {"type": "str", "required": True},
    "cluster": {"type": "dict"},
    "role_arn": {"type": "str"},
    "groups": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "min_size": {"type": "int"},
            "desired_size": {"type": "int", "aliases": ["desired_capacity"]},
            "max_size": {"type": "int"},
        },
    },
    "replace": {"type": "str", "choices": ["outdated", "all", "none"], "default": "outdated"},
    "instance_ids": {"type": "list", "elements": "str", "default": []},
    "max_surge": {"type": "str", "default": "1"},
    "max_unavailable": {"type": "str", "default": "0"},
    "ready_timeout": {"type": "int", "default": 900},
    "drain_timeout": {"type": "int", "default": 900},
    "wait_delay": {"type": "int", "default": 5},
    **EVICTING,
    "show_progress": {"type": "bool", "default": True},
    "progress_path": {"type": "path"},
}


NOTHING: Values = {
    "changed": False,
    **{
        name: [] for name in ("plan", "groups", "not_found", "left_alone", "replaced", "removed", "launched", "evicted")
    },
}


@dataclass(frozen=True)
class Task:
    """What a task is about: the groups, how they are seen, acted on and waited for, and what is planned."""

    lookout: Lookout
    actor: Actor
    allowed: Allowance
    plans: list[Plan]
    missing: list[str]


def run() -> None:
    """main() of the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    who = f"self-managed nodes of cluster {module.params['cluster_name']}"
    task = guarded(module, who, lambda: _task(module))
    if task is None:
        module.exit_json(**NOTHING)
    if not task.plans and not module.check_mode:
        module.warn(f"{who}: there is no Auto Scaling group, so nothing was done")
    result = _result(module, task)
    if not module.check_mode:
        _carry_out(module, task, result)
    module.exit_json(**result)


def _carry_out(module: Any, task: Task, result: Values) -> None:
    """Rolls one group after the other; the first that cannot be brought to its end fails the module."""
    progress = Progress(module.params["cluster_name"], append_to(module.params["progress_path"]))
    plans = [plan for plan in task.plans if plan.steps]
    for number, plan in enumerate(plans):
        roll, failure = _rolled(module, task, plan, progress)
        result["changed"] |= roll.changed
        result["launched"] = result["launched"] + roll.launched
        result |= _gone(task)
        if failure:
            rest = ", ".join(plan.chosen.name for plan in plans[number + 1 :])
            module.fail_json(msg=failure + (f". Not begun because of that: {rest}" if rest else ""), **result)


def _gone(task: Task) -> Values:
    actor = task.actor
    pods = [{"namespace": pod.namespace, "name": pod.name, "node": pod.node} for pod in actor.report.evicted]
    return {"replaced": actor.replaced, "removed": actor.removed, "evicted": pods}


def _result(module: Any, task: Task) -> Values:
    """What is planned; in check mode as if it were done."""
    plan = [one for plan in task.plans for one in instances(plan)]
    told = {action: [one["instance_id"] for one in plan if one["action"] == action] for action in ("replace", "remove")}
    done = module.check_mode
    result = {
        **NOTHING,
        "changed": done and any(plan.steps for plan in task.plans),
        "plan": plan,
        "groups": [row(plan) for plan in task.plans],
        "not_found": task.missing,
        "left_alone": left_alone(task.plans, task.lookout.nodes),
        **({"replaced": told["replace"], "removed": told["remove"]} if done else {}),
    }
    if module._diff:
        result["diff"] = [diff(plan) for plan in task.plans if plan.steps]
    return result


def _task(module: Any) -> Task | None:
    """Looks, and plans; None in check mode if there is no cluster yet.

    Raises Refused if the plan cannot be carried out; NoWay, AwsError and KubernetesError.
    """
    params, name = module.params, module.params["cluster_name"]
    allowed, client = allowance(params["max_surge"], params["max_unavailable"]), client_for(module)
    if module.check_mode and not there(client, name):  # an earlier task of the same run may be the one that makes it
        return None
    api = kubernetes_for(module, name, params["cluster"], params["role_arn"] or "")
    lookout = Lookout(client, api, Choice(params["replace"], frozenset(params["instance_ids"])))
    consent = consent_of(params)
    patience = _patience(params, "drain_timeout")
    drain = Drain(
        api,
        patience,
        consent,
        grace=params["grace_period"],
        mark=ROLL_TAG,
        disable_eviction=params["disable_eviction"],
    )
    picked, missing = _picked(module, client)
    states = lookout.look([one.name for one in picked]) if picked else {}
    plans = [
        _plan(client, lookout, one, states[one.name], _policy(params, one, allowed))
        for one in picked
        if one.name in states
    ]
    _refuse_pods(drain, plans)
    return Task(lookout, Actor(client, drain), allowed, plans, missing)


def _picked(module: Any, client: Client) -> tuple[list[Chosen], list[str]]:
    """The groups that the user chooses, and the names that nothing has, which in check mode may be made by then."""
    cluster, wanted = module.params["cluster_name"], module.params["groups"]
    owned = owned_groups(client, cluster)
    if wanted is None:
        return everything(owned), []
    own = {name for group in owned for name in (group[NAME], tags_of(group).get(NODEGROUP_TAG))}
    others = sorted({group["name"] for group in wanted} - own)
    picked, missing = chosen(cluster, wanted, owned, named_groups(client, others))
    if not module.check_mode:
        refuse_missing(cluster, missing, owned)
    return picked, missing


def _plan(client: Client, lookout: Lookout, one: Chosen, state: State, policy: Policy) -> Plan:
    refuse_sizes(one.name, goal(state, policy).after, one.wish)
    if not isinstance(next_step(state, policy), Done):
        answer = client.read("autoscaling", "DescribeInstanceRefreshes", AutoScalingGroupName=one.name)
        foreign = state.suspended.difference(state.memory.suspended if state.memory else ())
        refuse(lookout.groups[one.name], foreign, answer["InstanceRefreshes"])
    return planned(one, state, policy)


def _refuse_pods(drain: Drain, plans: list[Plan]) -> None:
    """Raises Refused if pods would be lost that the user does not agree to lose."""
    going = [one for plan in plans if plan.steps for one in leavers(plan.state, plan.after.desired) if one.node]
    try:
        if going:
            drain.pods([machine.node for machine in going])
    except Refused as refusal:
        raise Refused(f"{refusal}. Nothing was touched") from None


def _policy(params: Values, one: Chosen, allowed: Allowance) -> Policy:
    return Policy(allowed, one.wish, params["replace"] == "all")


def _patience(params: Values, timeout: str) -> Patience:
    return Patience(timeout=params[timeout], delay=max(1, params["wait_delay"]))


def _rolled(module: Any, task: Task, plan: Plan, progress: Progress) -> tuple[Roll, str]:
    """Rolls one group; and what went wrong."""
    policy = _policy(module.params, plan.chosen, task.allowed)
    tell = progress.of(f"roll/{plan.chosen.name}")
    roll = Roll(plan.chosen.name, task.actor, task.lookout, policy, _patience(module.params, "ready_timeout"), tell)
    try:
        roll.run()
    except (Refused, Unsettled, AwsError, KubernetesError) as failure:
        return roll, str(failure)
    return roll, ""
