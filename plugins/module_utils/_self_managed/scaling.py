# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do so that one Auto Scaling group becomes what is wanted. Pure.

Nothing here lowers a desired capacity or ends an instance: what is too much is told, for flotilla.eks.roll.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._compare import Difference
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.partial import (
    matches,
    merged,
    portion,
    says_nothing,
)
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import (
    ROLL_TAG,
    Template,
    tags_of,
    template_of,
)
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.steps import PIN, Step, title
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.tags import tag_entries, tag_paths, tag_steps
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.wanted import HOOK, NAME, POLICY, ScalingGroup

SIZES = ("min_size", "max_size", "desired_capacity")
ORDERED = ("overrides", "termination_policies")  # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/
MODIFIER = "skip_zonal_shift_validation"  # accompanies a call, and is no state
MIXED = "mixed_instances_policy"
# A warm pool with instances cannot be deleted otherwise; they are in no service, and no pod is lost with them.
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-warm-pools.html
WITH_INSTANCES = {"force_delete": True}
# What says "none" in a request, and is left out of answers: service model of UpdateAutoScalingGroup and PutWarmPool.
NONE = {
    "max_instance_lifetime": 0,
    "default_instance_warmup": -1,
    "max_group_prepared_capacity": -1,
    "min_healthy_percentage": -1,
    "max_healthy_percentage": -1,
    "deletion_protection": "none",
    "termination_policies": ["Default"],
}
# What no update carries: option -> what adds some of it, what takes some away, and what tells an entry.
ATTACHED = {
    "target_group_arns": ("AttachLoadBalancerTargetGroups", "DetachLoadBalancerTargetGroups"),
    "load_balancer_names": ("AttachLoadBalancers", "DetachLoadBalancers"),
    "traffic_sources": ("AttachTrafficSources", "DetachTrafficSources"),
}


@dataclass(frozen=True)
class Live:
    """A scaling group as it is. Hooks and policies are there if they were read."""

    group: Values
    hooks: Sequence[Values] = ()
    policies: Sequence[Values] = ()


@dataclass(frozen=True)
class Sizes:
    """What an update may carry of the sizes that are wanted, what waits for a roll, and how many instances that has to
    remove."""

    now: Values
    pending: Values
    surplus: int


def sizes(wanted: ScalingGroup, group: Values) -> Sizes:
    """Sizes only ever grow here: a maximum stops at what is desired now, as AWS would end instances above it.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
    """
    asked: dict[str, int] = {name: wanted.settings[name] for name in SIZES if name in wanted.settings}
    differing = {name: size for name, size in asked.items() if size != group[name]}
    if ROLL_TAG in tags_of(group):
        return Sizes({}, differing, 0)
    desired: int = group["desired_capacity"]
    least = min(asked.get("desired_capacity", desired), asked.get("max_size", desired))
    held_back = {name: max(size, desired) if name != "min_size" else size for name, size in asked.items()}
    now = {name: size for name, size in held_back.items() if size != group[name]}
    pending = {name: size for name, size in differing.items() if size != held_back[name]}
    return Sizes(now, pending, max(0, desired - least))


def created(wanted: ScalingGroup) -> list[Step]:
    """The steps that make a scaling group where there is none."""
    settings = {
        name: value for name, value in wanted.settings.items() if not (_is_none(name, value) or says_nothing(value))
    }
    params = {
        **_request(settings),
        **_launching({}, wanted.settings.get(MIXED)),
        "lifecycle_hook_specification_list": list(wanted.hooks or ()) or None,
        "tags": tag_entries(wanted.name, wanted.tags, wanted.group_tags),
    }
    told = {**settings, "lifecycle_hooks": list(wanted.hooks or ()) or None, **tag_paths(wanted.tags, "tags")}
    told |= tag_paths(wanted.group_tags, "group_tags")
    told.pop(MODIFIER, None)
    differs = tuple(Difference(name, None, value) for name, value in told.items() if value is not None)
    return [
        _step(wanted.name, "create", "CreateAutoScalingGroup", params, differs),
        *_warm_pool(wanted, None),
        *_policies(wanted, ()),
    ]


def updated(wanted: ScalingGroup, live: Live, current: Template | None) -> list[Step]:
    """The steps that make a scaling group what is wanted; ``current`` is what it shall launch, None if yet unmade."""
    group = live.group
    return [
        *_own_update(wanted, group, current),
        *_attachments(wanted, group),
        *_hooks(wanted, live.hooks),
        *_warm_pool(wanted, group.get("warm_pool_configuration")),
        *_policies(wanted, live.policies),
        *tag_steps(wanted, group),
    ]


def removed(group: Values) -> list[Step]:
    name = group[NAME]
    pool = [_step(name, "delete", "DeleteWarmPool", WITH_INSTANCES)] if group.get("warm_pool_configuration") else []
    return [*pool, _step(name, "delete", "DeleteAutoScalingGroup")]


def subnets_of(group: Values) -> list[str]:
    return [subnet for subnet in (group.get("vpc_zone_identifier") or "").split(",") if subnet]


def _step(
    name: str, action: str, operation: str, params: Values | None = None, differs: tuple[Difference, ...] = ()
) -> Step:
    return Step(action, operation, {NAME: name, **(params or {})}, differs, resource=title(name))


def _own_update(wanted: ScalingGroup, group: Values, current: Template | None) -> Iterator[Step]:
    """One call for all that UpdateAutoScalingGroup carries."""
    seen = {**group, "subnets": subnets_of(group)}
    skipped = {*SIZES, *ATTACHED, MODIFIER, MIXED}
    params: Values = {}
    differs: list[Difference] = []
    for name, value in wanted.settings.items():
        if name not in skipped and not matches(_said(name, value), _said(name, seen.get(name)), ORDERED, name):
            params[name] = merged(seen.get(name), value)
            differs.append(Difference(name, portion(seen.get(name), value), value))
    for name, size in sizes(wanted, group).now.items():
        params[name] = size
        differs.append(Difference(name, group[name], size))
    launching, changes = _launch_changes(wanted.settings.get(MIXED), group, current)
    if params or changes:
        modifier = {MODIFIER: wanted.settings[MODIFIER]} if MODIFIER in wanted.settings else {}
        request = {**_request(params), **launching, **modifier}
        yield _step(wanted.name, "update", "UpdateAutoScalingGroup", request, (*differs, *changes))


def _request(settings: Values) -> Values:
    """Settings as a request says them; the launch template and its policy are apart."""
    rest = {
        name: NONE.get(name, value) if says_nothing(value) else value
        for name, value in settings.items()
        if name not in ("subnets", MIXED)
    }
    return {**rest, "vpc_zone_identifier": ",".join(settings["subnets"])} if "subnets" in settings else rest


def _launch_changes(
    policy: Values | None, group: Values, current: Template | None
) -> tuple[Values, tuple[Difference, ...]]:
    """What an update says of what is launched, and how that differs; nothing if it is as it shall be."""
    changes = []
    seen = group.get(MIXED)
    if policy is not None and not (bool(policy) == bool(seen) and matches(policy, seen, ORDERED)):
        changes.append(Difference(MIXED, portion(seen, policy) if policy else seen, policy))
    before = template_of(group)
    if current is None or before != current:
        old = before.version if before else None
        changes.append(Difference("launch_template.version", old, current.version if current else "new"))
    return (_launching(seen or {}, policy) if changes else {}), tuple(changes)


def _launching(seen: Values, policy: Values | None) -> Values:
    """The member of a request that says what is launched: the launch template alone, or in a mixed instances policy."""
    whole = seen if policy is None else merged(seen, policy) if policy else {}
    if not whole:
        return {"launch_template": PIN}
    distribution = dict(whole.get("instances_distribution") or {})
    if distribution.get("spot_allocation_strategy", "lowest-price") != "lowest-price":
        # "Valid only when the SpotAllocationStrategy is lowest-price", and answered all the same:
        # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstancesDistribution.html
        distribution.pop("spot_instance_pools", None)
    template = {**(whole.get("launch_template") or {}), "launch_template_specification": PIN}
    return {MIXED: {"launch_template": template, "instances_distribution": distribution or None}}


def _said(name: str, value: Any) -> Any:
    """A value without what says none."""
    if isinstance(value, Mapping):
        return {key: said for key, item in value.items() if (said := _said(key, item)) is not None or item is None}
    return None if _is_none(name, value) else value


def _is_none(name: str, value: Any) -> bool:
    return name in NONE and value == NONE[name]


def _attachments(wanted: ScalingGroup, group: Values) -> Iterator[Step]:
    for option, (attach, detach) in ATTACHED.items():
        if option not in wanted.settings:
            continue
        before, after = group.get(option) or [], wanted.settings[option]
        seen, asked = {_key(one): one for one in before}, {_key(one): one for one in after}
        differs = (Difference(option, sorted(seen), sorted(asked)),)
        for operation, some in (
            (attach, [one for key, one in asked.items() if key not in seen]),
            (detach, [one for key, one in seen.items() if key not in asked]),
        ):
            if some:
                yield _step(wanted.name, "update", operation, {option: some}, differs)


def _key(entry: Any) -> str:
    return str(entry["identifier"] if isinstance(entry, Mapping) else entry)


def _hooks(wanted: ScalingGroup, seen: Sequence[Values]) -> Iterator[Step]:
    yield from _entries(
        wanted, "lifecycle_hooks", wanted.hooks, seen, HOOK, ("PutLifecycleHook", "DeleteLifecycleHook")
    )


def _policies(wanted: ScalingGroup, seen: Sequence[Values]) -> Iterator[Step]:
    yield from _entries(wanted, "scaling_policies", wanted.policies, seen, POLICY, ("PutScalingPolicy", "DeletePolicy"))


def _entries(
    wanted: ScalingGroup,
    option: str,
    asked: Sequence[Values] | None,
    seen: Sequence[Values],
    key: str,
    operations: tuple[str, str],
) -> Iterator[Step]:
    """Entries that have a name, and a call each."""
    if asked is None:
        return
    put, delete = operations
    before = {one[key]: one for one in seen}
    for one in asked:
        old = before.pop(one[key], None)
        if old is None or not matches(one, old):
            differs = (Difference(option, [portion(old, one)] if old else [], [one]),)
            yield _step(wanted.name, "update", put, one, differs)
    for name, old in before.items():
        yield _step(wanted.name, "update", delete, {key: name}, (Difference(option, [old], []),))


def _warm_pool(wanted: ScalingGroup, seen: Values | None) -> Iterator[Step]:
    asked = wanted.warm_pool
    if asked and (seen is None or not matches(_said("", asked), _said("", seen))):
        differs = (Difference("warm_pool", portion(seen, asked) if seen else None, asked),)
        yield _step(wanted.name, "update", "PutWarmPool", merged(seen or {}, asked), differs)
    if asked == {} and seen is not None:
        yield _step(wanted.name, "update", "DeleteWarmPool", WITH_INSTANCES, (Difference("warm_pool", seen, None),))
