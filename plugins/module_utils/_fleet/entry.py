# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From main() of the modules ``fleet`` and ``fleet_info`` to plan and apply, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils._client import client_for
from ansible_collections.flotilla.eks.plugins.module_utils._entry import argument_spec, desired_state, guarded
from ansible_collections.flotilla.eks.plugins.module_utils._fleet import plan as fleet_plan
from ansible_collections.flotilla.eks.plugins.module_utils._fleet.form import form
from ansible_collections.flotilla.eks.plugins.module_utils._fleet.members import (
    BEFORE_COMPUTE,
    MEMBERS,
    Entry,
    made_by_eks,
)
from ansible_collections.flotilla.eks.plugins.module_utils._fleet.plan import Plan, Planned, Wish
from ansible_collections.flotilla.eks.plugins.module_utils._model import Resource, Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused, title
from ansible_collections.flotilla.eks.plugins.module_utils._progress import Progress, append_to
from ansible_collections.flotilla.eks.plugins.module_utils._read import observe, observe_all
from ansible_collections.flotilla.eks.plugins.module_utils._resources.cluster import CLUSTER
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience
from ansible_collections.flotilla.eks.plugins.module_utils._validate import Validator

NOT_OF_AN_ENTRY = ("wait",)  # others may need it
NOT_OF_THE_CLUSTER = ("state",)  # with it would go what the fleet is about

FLEET_SPEC: Values = {
    "cluster_name": {"type": "str", "required": True},
    "cluster": {"type": "dict"},
    **{option: {"type": "list", "elements": "dict"} for option in MEMBERS},
    "prune": {"type": "list", "elements": "str", "choices": list(MEMBERS), "default": []},
    "prune_unowned": {"type": "bool", "default": False},
    "parallel": {"type": "int", "default": 8},
    "wait_timeout": {"type": "int"},
    "wait_delay": {"type": "int", "default": 15},
    "show_progress": {"type": "bool", "default": True},
    "progress_path": {"type": "path"},
}


def run() -> None:
    """main() of ``fleet``."""
    module = AnsibleAWSModule(argument_spec=FLEET_SPEC, supports_check_mode=True)
    params = module.params
    who = f"fleet of cluster {params['cluster_name']}"
    client = client_for(module, parallel=max(1, params["parallel"]))
    wish = guarded(module, who, lambda: wished(params))
    plan = guarded(module, who, lambda: fleet_plan.make_plan(client, wish))
    if not module.check_mode:
        guarded(module, who, lambda: _refuse_without_cluster(wish, plan))
        progress = Progress(wish.cluster, append_to(params["progress_path"]))
        fleet_plan.carry_out(client, plan, lambda entry: _patience(params, entry), progress)
    _conclude(module, who, plan)


def wished(params: Values) -> Wish:
    """What the options say. Raises Refused with everything that is wrong, each with its place."""
    name, validator = params["cluster_name"], Validator()
    given = [] if params["cluster"] is None else [("cluster", CLUSTER, params["cluster"])]
    for option, resource in MEMBERS.items():
        given += [(f"{option}[{index}]", resource, one) for index, one in enumerate(params[option] or [])]
    entries: list[Entry] = []
    places: dict[str, str] = {}
    for place, resource, one in given:
        spec = entry_spec(resource)
        values = validator.structure(spec, one, place)
        if not any(problem.startswith(place) for problem in validator.problems):
            entry = _entry(resource, {**values, _parent(resource): name}, place, validator)
            if entry and entry.key in places:
                validator.problems.append(f"{place}: {entry.key} is listed twice, first as {places[entry.key]}")
            elif entry:
                places[entry.key] = place
                entries.append(entry)
    if validator.problems:
        raise Refused(f"fleet of cluster {name}: " + "; ".join(validator.problems))
    return Wish(name, entries, params["prune"], params["prune_unowned"])


def _parent(resource: Resource) -> str:
    return next(iter(resource.identity))


def entry_spec(resource: Resource) -> Values:
    """The options of one entry: those of the resource's module, without the cluster's name and what makes no sense."""
    spec = argument_spec(resource)
    for name in (_parent(resource), *NOT_OF_AN_ENTRY, *(NOT_OF_THE_CLUSTER if resource is CLUSTER else ())):
        spec.pop(name, None)
    for name in ("wait_timeout", "wait_delay"):  # without them, what the fleet says counts
        spec.get(name, {}).pop("default", None)
    if resource.kind == "addon":
        spec["before_compute"] = {"type": "bool"}
    return spec


def _entry(resource: Resource, values: Values, place: str, validator: Validator) -> Entry | None:
    early = values.get("before_compute")
    try:
        desired = desired_state(resource, values)
    except Refused as refused:
        validator.problems.append(f"{place}: {refused}")
        return None
    return Entry(
        resource,
        desired,
        absent=values.get("state") == "absent",
        before_compute=values.get("name") in BEFORE_COMPUTE if early is None else early,
        create_first=values.get("replacement") == "create_first",
        timeout=values.get("wait_timeout"),
        delay=values.get("wait_delay"),
    )


def _refuse_without_cluster(wish: Wish, plan: Plan) -> None:
    """Raises Refused; in check mode, an earlier task of the same run may be the one that makes the cluster."""
    wanted = any(not entry.absent for entry in wish.entries)
    if plan.cluster is None and wanted and not wish.describes_cluster:
        raise Refused(
            f"fleet of cluster {wish.cluster}: there is no such cluster in this account and region. Describe it under "
            "cluster to have it created, or correct cluster_name"
        )


def _patience(params: Values, entry: Entry) -> Patience:
    timeout = entry.timeout or params["wait_timeout"] or entry.resource.wait_timeout
    return Patience(timeout=timeout, delay=max(1, entry.delay or params["wait_delay"]))


def _conclude(module: Any, who: str, plan: Plan) -> None:
    for planned in plan.entries:
        for warning in planned.outcome.warnings:
            module.warn(warning)
    result = _result(module, plan)
    failed = [planned for planned in plan.entries if planned.error]
    if failed:
        module.fail_json(msg=f"{who}: {_complaint(plan, failed)}", **result)
    observed = {planned.entry.key: planned.outcome.observed for planned in plan.entries}
    module.exit_json(observed=observed, **result)


def _complaint(plan: Plan, failed: Sequence[Planned]) -> str:
    lost = [planned.entry.key for planned in plan.entries if planned.result and planned.result.because_of]
    errors = "; ".join(f"{planned.entry.key}: {planned.error}" for planned in failed)
    not_begun = f". Not begun because of that: {', '.join(lost)}" if lost else ""
    return f"{len(failed)} of {len(plan.entries)} failed. {errors}{not_begun}. Run again to do the rest"


def _result(module: Any, plan: Plan) -> Values:
    told = [dict(fleet_plan.report(planned)) for planned in plan.entries]
    counts = Counter(one["action"] for one in told)
    result: Values = {
        "changed": any(_changed(planned, module.check_mode) for planned in plan.entries),
        "plan": {
            "counts": {name: counts[name] for name in ("create", "update", "replace", "delete", "untouched")},
            "entries": [one for one in told if one["action"] != "untouched"],
        },
        "resources": told,
    }
    if module._diff:
        result["diff"] = [_diff(planned) for planned in plan.entries if planned.outcome.changes]
    return result


def _changed(planned: Planned, check_mode: bool) -> bool:
    if check_mode:
        return planned.outcome.changed
    result = planned.result
    return bool(result and not result.because_of and planned.outcome.changed)


def _diff(planned: Planned) -> Values:
    who = title(planned.entry.resource, planned.entry.desired.identity)
    return {"before_header": who, "after_header": who, **planned.outcome.diff}


def run_info() -> None:
    """main() of ``fleet_info``."""
    module = AnsibleAWSModule(
        argument_spec={"cluster_name": {"type": "str", "required": True}}, supports_check_mode=True
    )
    name = module.params["cluster_name"]
    client = client_for(module)

    def look() -> Values:
        cluster = observe(client, CLUSTER, {"name": name})
        if cluster is None:
            return {}
        parent = {"cluster_name": name}
        with ThreadPoolExecutor(len(MEMBERS)) as pool:
            live = pool.map(lambda resource: observe_all(client, resource, parent, True), MEMBERS.values())
            members = {
                option: [form(resource, observed) for observed in found if not made_by_eks(resource, observed)]
                for (option, resource), found in zip(MEMBERS.items(), live, strict=True)
            }
        return {**parent, "cluster": form(CLUSTER, cluster), **members}

    module.exit_json(changed=False, fleet=guarded(module, f"fleet of cluster {name}", look))
