# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of self-managed node groups: what it changes, what it leaves to a roll, and what it refuses."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.apply import Job, carry_out
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.plan import Observed, planned, refusals
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling import Live, sizes
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import (
    ROLL_TAG,
    owner,
    template_of,
)
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.steps import Step
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.wanted import Nodegroup, ScalingGroup
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience
from support.scaling_account import Account, Killed

NOTHING = Observed()
OWNER = owner("prod", "web")
SUBNETS = ["subnet-a", "subnet-b", "subnet-c"]
NAMES = ["prod-web-a", "prod-web-b"]


def subsets(values: list[Any], least: int = 0) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=least, unique_by=str)


def optional(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=strategies)


TAGS = st.dictionaries(st.sampled_from(["team", "cost", "k8s.io/x"]), st.sampled_from(["", "1", "2"]))
POLICY = optional(
    instances_distribution=optional(
        spot_allocation_strategy=st.sampled_from(["lowest-price", "price-capacity-optimized"]),
        on_demand_base_capacity=st.integers(0, 2),
    ),
    launch_template=optional(
        overrides=subsets([{"instance_type": kind} for kind in ("m7i.large", "m6i.large")], 1),
    ),
)
SETTINGS = optional(
    default_cooldown=st.integers(1, 3),
    default_instance_warmup=st.sampled_from([-1, 60]),
    max_instance_lifetime=st.sampled_from([0, 86400]),
    termination_policies=subsets(["OldestInstance", "Default"]),
    new_instances_protected_from_scale_in=st.booleans(),
    instance_maintenance_policy=st.sampled_from(
        [
            {"min_healthy_percentage": -1, "max_healthy_percentage": -1},
            {"min_healthy_percentage": 90, "max_healthy_percentage": 110},
        ]
    ),
    placement_group=st.sampled_from(["", "close"]),
    mixed_instances_policy=POLICY,
    target_group_arns=subsets(["arn:one", "arn:two"]),
    skip_zonal_shift_validation=st.booleans(),
)
HOOKS = st.lists(
    st.fixed_dictionaries(
        {
            "lifecycle_hook_name": st.sampled_from(["a", "b"]),
            "lifecycle_transition": st.just("autoscaling:EC2_INSTANCE_LAUNCHING"),
        },
        optional={"heartbeat_timeout": st.sampled_from([60, 300])},
    ),
    unique_by=lambda hook: str(hook["lifecycle_hook_name"]),
)
POLICIES = st.lists(
    st.fixed_dictionaries({"policy_name": st.sampled_from(["a", "b"]), "enabled": st.booleans()}),
    unique_by=lambda policy: str(policy["policy_name"]),
)
POOLS: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.fixed_dictionaries(
    {"min_size": st.integers(0, 2)}, optional={"max_group_prepared_capacity": st.sampled_from([-1, 4])}
)


@st.composite
def scaling_groups(draw: st.DrawFn, name: str) -> ScalingGroup:
    least, desired, most = sorted(draw(st.tuples(*[st.integers(0, 5)] * 3)))
    asked = {"min_size": least, "max_size": most, "subnets": draw(subsets(SUBNETS, 1))}
    return ScalingGroup(
        name,
        asked | draw(SETTINGS) | draw(st.sampled_from([{}, {"desired_capacity": desired}])),
        draw(st.none() | POOLS),
        draw(st.none() | HOOKS),
        draw(st.none() | POLICIES),
        draw(TAGS) | OWNER,
        {f"group/{key}": value for key, value in draw(TAGS).items()},
        draw(st.booleans()),
    )


DATA = st.fixed_dictionaries(
    {"image_id": st.sampled_from(["ami-1", "ami-2"])},
    optional={"ebs_optimized": st.booleans(), "key_name": st.just("k")},
)


@st.composite
def nodegroups(draw: st.DrawFn) -> Nodegroup:
    names = draw(subsets(NAMES, 1))
    return Nodegroup("prod", "web", draw(DATA), [draw(scaling_groups(name)) for name in names], draw(TAGS) | OWNER)


def converge(account: Any, wanted: Nodegroup, writes: int | None = None) -> None:
    """A run of the module, which is killed after some writes."""
    account.left = writes
    steps = planned(wanted, account.observed)
    taken: list[Step] = []
    with suppress(Killed):
        carry_out(Job(account, wanted, account.observed, steps, Patience(wait=False, timeout=0), taken.append))
    account.left = None
    assert [step.operation for step in taken] == [step.operation for step in steps][:writes]


@given(nodegroups())
def test_what_was_applied_needs_nothing_more(wanted: Nodegroup) -> None:
    account = Account()
    assert refusals(wanted, NOTHING) == []
    converge(account, wanted)
    assert planned(wanted, account.observed) == []
    assert [version["launch_template_data"] for version in account.observed.versions] == [wanted.data]


@given(nodegroups(), nodegroups(), st.booleans(), st.data())
def test_any_run_ends_in_the_same_state_wherever_one_before_it_ended(
    first: Nodegroup, second: Nodegroup, roll: bool, choice: st.DataObject
) -> None:
    account = Account()
    converge(account, first)
    if roll:
        for live in account.observed.groups.values():
            live.group["tags"].append({"key": ROLL_TAG, "value": "{}"})
    before = {name: dict(live.group) for name, live in account.observed.groups.items()}
    converge(account, second, choice.draw(st.integers(0, len(planned(second, account.observed)))))
    converge(account, second)
    assert planned(second, account.observed) == []
    assert len(account.observed.versions) <= 2
    for name, old in before.items():
        new = account.observed.groups[name].group
        assert new["desired_capacity"] >= old["desired_capacity"]
        if roll:
            assert [new[size] for size in ("min_size", "max_size")] == [old[size] for size in ("min_size", "max_size")]
    for one in second.scaling_groups:
        launched = template_of(account.observed.groups[one.name].group)
        assert launched
        assert launched.version == str(account.observed.default["version_number"])  # type: ignore[index]


@given(nodegroups())
def test_what_is_removed_leaves_nothing(wanted: Nodegroup) -> None:
    account = Account()
    converge(account, wanted)
    absent = Nodegroup("prod", "web", absent=True)
    if any(live.group["desired_capacity"] for live in account.observed.groups.values()):
        assert refusals(absent, account.observed)
    converge(account, absent)
    assert account.observed == NOTHING
    assert planned(absent, NOTHING) == []
    assert refusals(absent, NOTHING) == []


def group(**members: Any) -> dict[str, Any]:
    found = {"auto_scaling_group_name": "g", "min_size": 1, "max_size": 5, "desired_capacity": 3, "tags": [], **members}
    return {**found, "tags": [*found["tags"], *({"key": key, "value": value} for key, value in OWNER.items())]}


ROLLING = {"tags": [{"key": ROLL_TAG, "value": "{}"}]}


@pytest.mark.parametrize(
    ("asked", "live", "now", "pending", "surplus"),
    [
        ({}, {}, {}, {}, 0),
        ({"min_size": 2}, {}, {"min_size": 2}, {}, 0),
        ({"min_size": 4}, {}, {"min_size": 4}, {}, 0),
        ({"desired_capacity": 5}, {}, {"desired_capacity": 5}, {}, 0),
        ({"desired_capacity": 1}, {}, {}, {"desired_capacity": 1}, 2),
        ({"max_size": 9}, {}, {"max_size": 9}, {}, 0),
        ({"max_size": 4}, {}, {"max_size": 4}, {}, 0),
        ({"max_size": 2}, {}, {"max_size": 3}, {"max_size": 2}, 1),
        ({"max_size": 2}, {"max_size": 3}, {}, {"max_size": 2}, 1),
        ({"max_size": 2, "desired_capacity": 1}, {}, {"max_size": 3}, {"max_size": 2, "desired_capacity": 1}, 2),
        (
            {"min_size": 0, "max_size": 0, "desired_capacity": 0},
            {"desired_capacity": 0},
            {"min_size": 0, "max_size": 0},
            {},
            0,
        ),
        ({"max_size": 9, "desired_capacity": 1}, ROLLING, {}, {"max_size": 9, "desired_capacity": 1}, 0),
    ],
)
def test_sizes(asked: dict[str, int], live: Any, now: Any, pending: Any, surplus: int) -> None:
    found = sizes(ScalingGroup("g", asked), group(**live))
    assert (found.now, found.pending, found.surplus) == (now, pending, surplus)


def refused(wanted: Nodegroup, *groups: dict[str, Any], prune: bool = False) -> str:
    live = {one["auto_scaling_group_name"]: Live(one) for one in groups}
    tags = [{"key": key, "value": value} for key, value in OWNER.items()]
    template = {"launch_template_id": "lt-1", "launch_template_name": "prod-web", "tags": tags}
    return "; ".join(refusals(wanted, Observed(template, (), live), prune))


IMAGE = {"image_id": "ami-1"}
WANTED = Nodegroup("prod", "web", IMAGE, [ScalingGroup("g", {})], OWNER)
STAYING = {"instance_id": "i-1", "lifecycle_state": "InService"}
LEAVING = {"instance_id": "i-2", "lifecycle_state": "Terminating:Wait"}


@pytest.mark.parametrize(
    ("wanted", "groups", "message"),
    [
        (WANTED, [group()], ""),
        (WANTED, [], "g: subnets, min_size, max_size: missing"),
        (replace(WANTED, data={"instance_type": "m7i.large"}), [group()], "launch_template.image_id: missing"),
        (
            replace(
                WANTED,
                data={**IMAGE, "instance_market_options": {"market_type": "spot"}},
                scaling_groups=[ScalingGroup("g", {"mixed_instances_policy": {"launch_template": {}}})],
            ),
            [group()],
            "leave launch_template.instance_market_options out",
        ),
        (
            replace(WANTED, scaling_groups=[ScalingGroup("g", {"min_size": 6})]),
            [group()],
            "min_size: found 6, wanted no more",
        ),
        (
            replace(WANTED, scaling_groups=[ScalingGroup("g", {"desired_capacity": 0})]),
            [group()],
            "desired_capacity: found 0, wanted no less than min_size, which is 1",
        ),
        (replace(WANTED, absent=True), [group(desired_capacity=0)], ""),
        (replace(WANTED, absent=True), [group(desired_capacity=0, instances=[LEAVING])], ""),
        (
            replace(WANTED, absent=True),
            [group(desired_capacity=0, instances=[STAYING])],
            "g has the instances i-1. Nothing",
        ),
        (replace(WANTED, absent=True), [group()], "g has no instances yet, but wants some"),
        (
            replace(WANTED, absent=True),
            [group(desired_capacity=0, deletion_protection="prevent-all-deletion")],
            "deletion_protection is prevent-all-deletion",
        ),
        (replace(WANTED, absent=True), [group(status="Delete in progress")], ""),
    ],
)
def test_refusals(wanted: Nodegroup, groups: list[dict[str, Any]], message: str) -> None:
    found = refused(wanted, *groups)
    assert (message in found) if message else (found == "")


def test_a_group_that_is_listed_no_more_is_only_pruned_if_wanted() -> None:
    old = group(auto_scaling_group_name="old", instances=[STAYING])
    assert refused(WANTED, group(), old) == ""
    assert "old has the instances i-1" in refused(WANTED, group(), old, prune=True)
