# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each decision of a roll: sizes, who goes, in what order, what comes next, and which groups it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._roll.checks import chosen, everything, refuse
from ansible_collections.flotilla.eks.plugins.module_utils._roll.choice import leavers, retreat
from ansible_collections.flotilla.eks.plugins.module_utils._roll.foresee import foreseen, told
from ansible_collections.flotilla.eks.plugins.module_utils._roll.model import (
    Cordon,
    Done,
    Machine,
    Policy,
    Remember,
    Remove,
    Resize,
    Resume,
    Retire,
    State,
    Step,
    Suspend,
    Uncordon,
    Wait,
)
from ansible_collections.flotilla.eks.plugins.module_utils._roll.sizes import (
    LAUNCH,
    PROCESSES,
    Allowance,
    Memory,
    Sizes,
    Wish,
    agreed,
    allowance,
    memory_of,
    refuse_sizes,
)
from ansible_collections.flotilla.eks.plugins.module_utils._roll.steps import next_step
from support.rolls import OLD, group, machine

ONE = Policy()
IN_PLACE = Policy(Allowance("0", "1"))


def rolling(*machines: Machine, policy: Policy = ONE, before: int = 3, **members: Any) -> State:
    """A group in the midst of a roll that found so many instances, all outdated."""
    surge, _unavailable = policy.allowed.of(before)
    sizes = Sizes(0, before, before + 1)
    memory = Memory(sizes, sizes, surge, PROCESSES)
    return group(*machines, memory=memory, suspended=frozenset(PROCESSES), **members)


def old(number: int, **members: Any) -> Machine:
    return machine(number, reasons=OLD, **members)


def ids(step: Step) -> tuple[list[str], list[str]]:
    assert isinstance(step, Remove)
    return [one.id for one in step.replaced], [one.id for one in step.dropped]


@pytest.mark.parametrize(
    ("surge", "unavailable", "desired", "wanted"),
    [
        ("1", "0", 3, (1, 0)),
        ("25%", "0", 3, (1, 0)),
        ("25%", "0", 10, (3, 0)),
        ("7%", "7%", 100, (7, 7)),
        ("0", "25%", 10, (0, 2)),
        ("0", "25%", 3, (0, 1)),
        ("100%", "100%", 0, (0, 1)),
        ("2", "1", 3, (2, 1)),
    ],
)
def test_how_far_to_stray(surge: str, unavailable: str, desired: int, wanted: tuple[int, int]) -> None:
    assert allowance(surge, unavailable).of(desired) == wanted


@pytest.mark.parametrize(
    ("surge", "unavailable", "complaint"),
    [
        ("0", "0%", "found 0 for both"),
        ("many", "0", "max_surge: found 'many'"),
        ("-1", "1", "max_surge: found '-1'"),
        ("1", "101%", "max_unavailable: found '101%'"),
        ("%", "1", "max_surge: found '%'"),
    ],
)
def test_allowances_that_make_no_sense(surge: str, unavailable: str, complaint: str) -> None:
    with pytest.raises(Refused, match=complaint):
        allowance(surge, unavailable)


@pytest.mark.parametrize(
    ("desired_now", "wish", "after", "why"),
    [
        (3, Wish(), Sizes(1, 3, 5), "nothing has happened"),
        (4, Wish(), Sizes(1, 3, 5), "the surge is up"),
        (5, Wish(), Sizes(1, 4, 5), "an autoscaler wants one more"),
        (9, Wish(), Sizes(1, 5, 5), "no more than the maximum"),
        (2, Wish(), Sizes(1, 2, 5), "somebody wants one fewer"),
        (5, Wish(desired=3), Sizes(1, 3, 5), "the user has the last word"),
        (3, Wish(0, 0, 2), Sizes(0, 0, 2), "the user wants other sizes now"),
    ],
)
def test_which_sizes_count_in_the_end(desired_now: int, wish: Wish, after: Sizes, why: str) -> None:
    found = Sizes(1, 3, 5)
    stored = Memory(found, found, 1, PROCESSES)
    assert agreed(stored, Sizes(1, desired_now, 5), PROCESSES, wish, Allowance()).after == after, why


def test_only_what_ran_is_resumed() -> None:
    assert "AZRebalance" not in agreed(None, Sizes(1, 1, 1), {"AZRebalance"}, Wish(), Allowance()).suspended


def test_sizes_and_memories_that_make_no_sense() -> None:
    with pytest.raises(Refused, match=r"web: desired_size: it would have min_size 2, desired_size 0 and max_size 3"):
        refuse_sizes("web", Sizes(2, 0, 3), Wish(desired=0))
    for text in ("", "{}", '{"before": 1}', "[]"):
        with pytest.raises(Refused, match=r"web: tag flotilla.eks/roll: found .*remove the tag"):
            memory_of(text, "web")


@pytest.mark.parametrize(
    ("state", "policy", "wanted"),
    [
        (group(machine(0), machine(1)), ONE, Done()),
        (group(machine(0, ready=False)), ONE, Done()),
        (rolling(old(0), old(1), old(2)), ONE, Resize(Sizes(0, 4, 4))),
        (rolling(old(0), old(1), old(2), machine(3, node="", ready=False)), ONE, Wait),
        (rolling(old(0), old(1), old(2), machine(3)), ONE, Cordon((old(0), old(1), old(2)))),
        (rolling(old(0), old(1), old(2), policy=IN_PLACE), IN_PLACE, Cordon((old(0),))),
        (rolling(machine(0, marked=True, cordoned=True), machine(1), machine(2)), ONE, Uncordon),
        (rolling(machine(0), machine(1), machine(2), sizes=Sizes(0, 4, 4)), ONE, Wait),
        (rolling(machine(0), machine(1), machine(2), sizes=Sizes(0, 3, 4)), ONE, Resume(PROCESSES)),
        (
            rolling(old(0), old(1, lifecycle="Warmed:Stopped"), before=1),
            ONE,
            Retire((old(1, lifecycle="Warmed:Stopped"),)),
        ),
        (rolling(machine(0), machine(1, lifecycle="Terminating"), before=1), ONE, Wait),
        (rolling(old(0, lifecycle="Standby"), machine(1), before=1), ONE, Resume(PROCESSES)),
    ],
)
def test_what_is_next(state: State, policy: Policy, wanted: Any) -> None:
    step = next_step(state, policy)
    if isinstance(wanted, type):
        assert isinstance(step, wanted)
    else:
        assert step == wanted


def test_the_memory_comes_first_and_then_the_processes() -> None:
    state = group(old(0))
    step = next_step(state, ONE)
    assert isinstance(step, Remember)
    assert next_step(replace(state, memory=step.memory), ONE) == Suspend(PROCESSES)


def test_a_group_that_a_killed_run_froze_launches_again() -> None:
    state = rolling(old(0), old(1), old(2))
    assert state.memory is not None
    frozen = replace(state, memory=replace(state.memory, suspended=(*PROCESSES, LAUNCH)))
    assert next_step(replace(frozen, suspended=frozenset((*PROCESSES, LAUNCH))), ONE) == Resume((LAUNCH,))
    assert isinstance(next_step(frozen, ONE), Resize)


def test_no_ready_node_goes_that_is_needed() -> None:
    """One of the outdated is sick: it goes in place of a healthy one, of which none can be spared."""
    shut = {"cordoned": True, "marked": True}
    sick = old(2, ready=False, **shut)
    state = rolling(old(0, **shut), old(1, **shut), sick, machine(3))
    assert ids(next_step(state, ONE)) == (["i-2"], [])
    more = Policy(Allowance("1", "1"))
    assert ids(next_step(state, more)) == (["i-2", "i-1"], [])


def test_the_last_ones_make_up_for_the_surge() -> None:
    shut = {"cordoned": True, "marked": True}
    assert ids(next_step(rolling(old(0, **shut), machine(1), machine(2), machine(3)), ONE)) == ([], ["i-0"])
    uneven = rolling(old(0, **shut), machine(1), machine(2), machine(4))
    assert ids(next_step(uneven, ONE)) == (["i-0"], []), "zone a would have none, b two"


def test_who_goes_first() -> None:
    """Outdated, then not joined, not Ready, unprotected, of the fullest zone, the oldest."""
    machines = [
        machine(1, protected=True),
        machine(4),
        machine(7),
        machine(3),
        machine(5, ready=False),
        machine(6, node="", ready=False),
        old(9, protected=True),
    ]
    order = [one.id for one in leavers(group(*machines), 0)]
    assert order == ["i-9", "i-6", "i-5", "i-4", "i-7", "i-3", "i-1"]


def test_what_can_go_when_a_roll_steps_back() -> None:
    fresh = [machine(5), machine(6, ready=False), machine(7)]
    state = group(old(0), old(1), *fresh)
    assert [one.id for one in retreat(state, Sizes(0, 3, 3))] == ["i-6", "i-7"]
    assert [one.id for one in retreat(state, Sizes(0, 4, 4))] == ["i-6"]
    sick = group(old(0), old(1, ready=False), machine(5))
    assert retreat(sick, Sizes(0, 2, 2)) == (), "a Ready node more is none too many where one is missing"
    assert retreat(state, Sizes(0, 5, 5)) == ()


def test_steps_in_words() -> None:
    words = [told(step, state) for step, state in foreseen(group(old(0), old(1), sizes=Sizes(0, 2, 2)), ONE)]
    assert words == [
        "write into the group's tag what to return to",
        f"suspend {', '.join(PROCESSES)}",
        "resize: desired 2 -> 3, max 2 -> 3",
        "cordon i-0 (node-0), i-1 (node-1)",
        "drain and replace i-0 (node-0)",
        "drain and remove i-1 (node-1)",
        "resize: max 3 -> 2",
        f"resume {', '.join(PROCESSES)}",
        "remove the tag",
    ]


def scaling_group(name: str, **tags: str) -> dict[str, Any]:
    marked = tags or {"flotilla.eks/cluster": "prod", "flotilla.eks/nodegroup": "web"}
    return {
        "auto_scaling_group_name": name,
        "tags": [{"key": key, "value": value} for key, value in marked.items()],
        "min_size": 0,
    }


def test_which_groups_it_is_about() -> None:
    owned = [scaling_group("prod-web-b"), scaling_group("prod-web-a")]
    other = scaling_group("other", **{"kubernetes.io/cluster/prod": "owned"})
    assert [one.name for one in everything(owned)] == ["prod-web-a", "prod-web-b"]
    nothing = {"min_size": None, "desired_size": None, "max_size": None}
    wanted = [{"name": name, **nothing} for name in ("web", "other", "gone")]
    found, missing = chosen("prod", wanted, owned, [other])
    assert [(one.name, one.nodegroup) for one in found] == [
        ("prod-web-b", "web"),
        ("prod-web-a", "web"),
        ("other", None),
    ]
    assert missing == ["gone"]
    with pytest.raises(Refused, match=r"groups\[0\].name: .*tag kubernetes.io/cluster/prod: found None, wanted owned"):
        chosen("prod", [wanted[1]], [], [scaling_group("other", Team="a")])


@pytest.mark.parametrize(
    ("members", "suspended", "refreshes", "complaint"),
    [
        ({"status": "Delete in progress"}, [], [], "is being deleted"),
        ({}, ["Launch"], [], "process Launch: found suspended"),
        ({}, [], [{"InstanceRefreshId": "r-1", "Status": "InProgress"}], "instance refresh r-1 is InProgress"),
        (
            {"mixed_instances_policy": {"launch_template": {"overrides": [{"weighted_capacity": "4"}]}}},
            [],
            [],
            "weighted_capacity: its sizes count weights",
        ),
        ({"desired_capacity_type": "vcpu"}, [], [], "desired_capacity_type: found vcpu"),
    ],
)
def test_groups_that_cannot_be_rolled(members: Any, suspended: Any, refreshes: Any, complaint: str) -> None:
    with pytest.raises(Refused, match=complaint):
        refuse({**scaling_group("web"), **members}, suspended, refreshes)
    refuse(scaling_group("web"), ["HealthCheck"], [{"InstanceRefreshId": "r-1", "Status": "Successful"}])
