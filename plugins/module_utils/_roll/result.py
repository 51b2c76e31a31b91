# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a roll is going to do, as its results tell it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Object
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import instance_of
from ansible_collections.flotilla.eks.plugins.module_utils._roll.checks import Chosen
from ansible_collections.flotilla.eks.plugins.module_utils._roll.foresee import foreseen, told
from ansible_collections.flotilla.eks.plugins.module_utils._roll.model import (
    Machine,
    Policy,
    Remove,
    Retire,
    State,
    Step,
)
from ansible_collections.flotilla.eks.plugins.module_utils._roll.sizes import Sizes
from ansible_collections.flotilla.eks.plugins.module_utils._roll.steps import goal
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import NODEGROUP_TAG


@dataclass(frozen=True)
class Plan:
    """What a roll of one group comes to, if all goes well. Without steps there is nothing to do."""

    chosen: Chosen
    state: State
    after: Sizes
    steps: Sequence[tuple[Step, State]]

    @property
    def title(self) -> str:
        return f"Auto Scaling group {self.chosen.name}"


def planned(chosen: Chosen, state: State, policy: Policy) -> Plan:
    return Plan(chosen, state, goal(state, policy).after, list(foreseen(state, policy)))


def instances(plan: Plan) -> Iterator[Values]:
    """Those that go, in their order."""
    known = {machine.id: machine for machine in plan.state.machines}
    batch = 0
    for step, _state in plan.steps:
        if not isinstance(step, (Remove, Retire)):
            continue
        batch += 1
        for machine in step.machines:
            if machine.id in known:
                kept = isinstance(step, Retire) or bool(machine.reasons)
                yield _instance(plan.chosen, known[machine.id], "replace" if kept else "remove", batch)


def _instance(chosen: Chosen, machine: Machine, action: str, batch: int) -> Values:
    return {
        "nodegroup": chosen.nodegroup,
        "scaling_group": chosen.name,
        "instance_id": machine.id,
        "node": machine.node or None,
        "zone": machine.zone,
        "lifecycle_state": machine.lifecycle,
        "ready": machine.ready,
        "action": action,
        "reasons": list(machine.reasons) or ["there are more than desired"],
        "batch": batch,
    }


def row(plan: Plan) -> Values:
    """The group itself: its sizes now and in the end, and the steps between."""
    return {
        "nodegroup": plan.chosen.nodegroup,
        "scaling_group": plan.chosen.name,
        "before": _sizes(plan.state.sizes),
        "after": _sizes(plan.after),
        "interrupted": plan.state.memory is not None,
        "steps": [told(step, state) for step, state in plan.steps],
    }


def diff(plan: Plan) -> Values:
    """The instances that go, with why, and the sizes that change."""
    going = {one["instance_id"]: f"{one['node']}: {'; '.join(one['reasons'])}" for one in instances(plan)}
    before, after = _sizes(plan.state.sizes), _sizes(plan.after)
    changing = [name for name in before if before[name] != after[name]]
    return {
        "before_header": plan.title,
        "after_header": plan.title,
        "before": {**{name: before[name] for name in changing}, "instances": going},
        "after": {**{name: after[name] for name in changing}, "instances": {}},
    }


def _sizes(sizes: Sizes) -> dict[str, int]:
    return {f"{name}_size": size for name, size in sizes._asdict().items()}


def left_alone(plans: Sequence[Plan], nodes: Mapping[str, Object]) -> list[Values]:
    """What a roll does not touch, though somebody may think so: instances that are apart, and Nodes without one."""
    apart = [
        {"name": machine.id, "reason": f"it is {machine.lifecycle} in Auto Scaling group {plan.chosen.name}"}
        for plan in plans
        for machine in plan.state.machines
        if machine.apart
    ]
    groups = {plan.chosen.nodegroup for plan in plans} - {None}
    known = {machine.id for plan in plans for machine in plan.state.machines}
    stray = [
        {"name": name, "reason": f"no instance of node group {_group(node)} is behind this Node"}
        for name, node in nodes.items()
        if _group(node) in groups and instance_of(node) not in known
    ]
    return apart + stray


def _group(node: Object) -> str | None:
    return (node["metadata"].get("labels") or {}).get(NODEGROUP_TAG)
