# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of ``self_managed_nodegroups`` and its info twin to plan and apply, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils import _schedule
from ansible_collections.flotilla.eks.plugins.module_utils._client import Client, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._entry import guarded, shown
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused, diff
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed import launch_data, read
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.apply import Job, carry_out
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.form import form, state
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.plan import Observed, planned, refusals
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.read import observed
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.steps import Step
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.wanted import GROUP_SPEC, Nodegroup, wanted
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience
from ansible_collections.flotilla.eks.plugins.module_utils._shapes import snake

ARGUMENT_SPEC: Values = {
    "cluster_name": {"type": "str", "required": True},
    "groups": {"type": "list", "elements": "dict", "required": True, "no_log": True, "options": GROUP_SPEC},
    "prune": {"type": "bool", "default": False},
    "show_user_data": {"type": "bool", "default": False},
    "parallel": {"type": "int", "default": 8},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 900},
    "wait_delay": {"type": "int", "default": 15},
}
INFO_SPEC: Values = {
    "cluster_name": {"type": "str", "required": True},
    "names": {"type": "list", "elements": "str"},
    "include_user_data": {"type": "bool", "default": False},
}


@dataclass
class Planned:
    """A node group with the steps that were planned, and those that were taken."""

    wanted: Nodegroup
    observed: Observed
    steps: list[Step]
    taken: list[Step] = field(default_factory=list)


def run() -> None:
    """main() of ``self_managed_nodegroups``."""
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params, groups = module.params, _confided(module)
    cluster = params["cluster_name"]
    who = f"self-managed node groups of cluster {cluster}"
    client = client_for(module, parallel=max(1, params["parallel"]))
    asked = guarded(module, who, lambda: wanted(cluster, groups, client.request_shape))
    plan = guarded(module, who, lambda: _plan(client, cluster, asked, params["prune"]))
    results = {} if module.check_mode else _carry_out(module, client, plan)
    failed = {name: result for name, result in results.items() if result.error}
    told = _told(module, plan)
    if failed:
        errors = "; ".join(f"{name}: {result.error}" for name, result in failed.items())
        module.fail_json(msg=f"{who}: {len(failed)} of {len(plan)} failed. {errors}. Run again to do the rest", **told)
    if told["changed"] and not module.check_mode:
        after = guarded(module, who, lambda: read.read(client, cluster, [one.wanted for one in plan]))
        for one in plan:
            one.observed = observed(after, one.wanted)
    module.exit_json(**told, nodegroups=[_state(one) for one in plan])


def _confided(module: Any) -> list[Values]:
    """The option ``groups``, and the module made to keep its user data, and nothing else of it, to itself.

    Ansible keeps the whole of it out of the system's log, as user data may hold secrets, and would hide every value
    of it wherever it appears, names as well.
    """
    groups: list[Values] = module.params["groups"]
    module.params["groups"] = [_without_user_data(group) for group in groups]
    spec = module._module.argument_spec
    secrets = {str(module.params[name]) for name in spec if spec[name].get("no_log") and module.params.get(name)}
    module._module.no_log_values.intersection_update(secrets)
    return groups


def _without_user_data(group: Values) -> Values:
    data = group.get("launch_template")
    if not data or launch_data.USER_DATA not in data:
        return group
    return {**group, "launch_template": {**data, launch_data.USER_DATA: "NOT_SHOWN"}}


def _plan(client: Client, cluster: str, asked: Sequence[Nodegroup], prune: bool) -> list[Planned]:
    """The steps of all node groups, unlisted ones among them if they are to go. Raises Refused, and AwsError."""
    sources = read.read(client, cluster, asked)
    listed = {one.name for one in asked}
    unlisted = [name for name in sources.nodegroups if name not in listed] if prune else []
    plan, problems = [], []
    for one in (*asked, *(Nodegroup(cluster, name, absent=True) for name in unlisted)):
        seen = observed(sources, one)
        problems += [f"node group {one.name}: {problem}" for problem in refusals(one, seen, prune)]
        plan.append(Planned(one, seen, planned(one, seen, prune) if not problems else []))
    if problems:
        raise Refused(f"self-managed node groups of cluster {cluster}: {'; '.join(problems)}")
    return plan


def _carry_out(module: Any, client: Client, plan: Sequence[Planned]) -> dict[str, _schedule.Result]:
    params = module.params
    patience = Patience(params["wait"], params["wait_timeout"], max(1, params["wait_delay"]))

    def step(one: Planned) -> _schedule.Step:
        job = Job(client, one.wanted, one.observed, one.steps, patience, one.taken.append)
        return _schedule.Step(one.wanted.name, lambda: carry_out(job))

    return _schedule.run(map(step, plan))


def _told(module: Any, plan: Sequence[Planned]) -> Values:
    """What was done, or in check mode would be."""
    done = [(one, one.steps if module.check_mode else one.taken) for one in plan]
    changes = [
        {"nodegroup": one.wanted.name, "resource": step.resource, **shown(step)}
        for one, steps in done
        for step in steps
    ]
    result: Values = {"changed": bool(changes), "changes": changes}
    if module._diff:
        result["diff"] = [part for one, steps in done for part in _diff(one, steps, module.params["show_user_data"])]
    return result


def _diff(one: Planned, steps: Sequence[Step], user_data: bool) -> list[Values]:
    """Before and after of each thing that changes; if wanted, of user data as the texts that they are."""
    found: list[Values] = []
    for resource, some in groupby(sorted(steps, key=lambda step: step.resource), key=lambda step: step.resource):
        header = f"{resource} of node group {one.wanted.name}"
        found.append({"before_header": header, "after_header": header, **diff(list(some), None)})
    if user_data and any(difference.path == "user_data" for step in steps for difference in step.differences):
        header = f"user data of node group {one.wanted.name}"
        before = one.observed.default["launch_template_data"] if one.observed.default else {}
        texts = [launch_data.text_of(data) or "" for data in (before, one.wanted.data or {})]
        found.append({"before_header": header, "after_header": header, "before": texts[0], "after": texts[1]})
    return found


def _state(one: Planned) -> Values:
    """The state of a node group; of its instances their number, as the info module tells them one by one."""
    told = state(one.wanted.name, one.observed, one.wanted)
    for group in told["scaling_groups"]:
        group["instances"] = len(group["instances"])
    return told


def run_info() -> None:
    """main() of ``self_managed_nodegroups_info``."""
    module = AnsibleAWSModule(argument_spec=INFO_SPEC, supports_check_mode=True)
    cluster, names = module.params["cluster_name"], module.params["names"]
    client = client_for(module)

    def look() -> Values:
        sources = read.read_all(client, cluster)
        members = [snake(name) for name in client.request_shape("autoscaling", "CreateAutoScalingGroup").members]
        found = [name for name in sources.nodegroups if names is None or name in names]
        seen = {name: observed(sources, Nodegroup(cluster, name)) for name in found}
        secret = module.params["include_user_data"]
        return {
            "groups": [form(cluster, name, one, members, secret) for name, one in seen.items()],
            "nodegroups": [state(name, one) for name, one in seen.items()],
        }

    module.exit_json(changed=False, **guarded(module, f"self-managed node groups of cluster {cluster}", look))
