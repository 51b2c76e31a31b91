# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes are meant, what is counted of them, what they lack, and how long that is waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import KubernetesError
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.info import View, wait
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import Sources
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.view import join
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.wanted import (
    Selection,
    Wanted,
    enumerated,
    groups,
    lacks,
    summary,
)
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience, Unsettled
from support.node_sources import instance, instance_id, node, node_name, scaling_group, sources
from support.scripted import Clock

NOT_READY = {"type": "Ready", "status": "False", "reason": "KubeletNotReady"}
OLD = "v1.32.8-eks-99d6cc0"


def fleet() -> Sources:
    """The group web: a node ready, one not, one at an older version, one not joined, one to be launched; api: none."""
    return sources(
        nodes=[node(1), node(2, ready=NOT_READY), node(3, version=OLD)],
        instances=[instance(number) for number in (1, 2, 3, 4)],
        scaling_groups=[scaling_group(1, 2, 3, 4, desired_capacity=5), scaling_group(group="api")],
        nodegroups=["web", "api"],
    )


def missing(wanted: Wanted, selection: Selection | None = None, found: Sources | None = None) -> list[str]:
    found = found or fleet()
    selection = selection or Selection()
    everything = join(found)
    return lacks(wanted, selection, selection.of_nodes(everything), selection.of_groups(groups(everything, found)))


UNREADY = f"{node_name(2)} (managed, web) is not ready: KubeletNotReady"
BEHIND = f"{node_name(3)} (managed, web) is at 1.32"
TO_LAUNCH = "1 more that the Auto Scaling group of web has not launched; flotilla.eks.join_diagnosis tells why"


def not_joined(phrase: str) -> bool:
    who = f"{instance_id(4)} (managed, web) is not joined: no Node has appeared for it"
    return phrase.startswith(who) and "get-console-output" in phrase


def test_counts_by_status_and_kind() -> None:
    numbers = {"nodes": 4, "ready": 2, "not_ready": 1, "not_joined": 1}
    assert summary(join(fleet())) == {**numbers, "kinds": {"managed": numbers}}
    assert summary([]) == {"nodes": 0, "ready": 0, "not_ready": 0, "not_joined": 0, "kinds": {}}


def test_groups_without_nodes_are_told_too() -> None:
    found = sources(
        nodegroups=["web", "idle"],
        fargate_profiles=["apps"],
        scaling_groups=[scaling_group(1), scaling_group(group="web", desired_capacity=2), scaling_group(group=None)],
    )
    rows = groups(join(found), found)
    assert [(row["kind"], row["group"], row["desired"], row["nodes"]) for row in rows] == [
        ("managed", "idle", None, 0),
        ("managed", "web", 3, 1),
        ("self_managed", "workers", 0, 0),
        ("fargate", "apps", None, 0),
    ]


@pytest.mark.parametrize(
    ("selection", "names", "rows"),
    [
        (Selection(), 4, ["api", "web"]),
        (Selection(kinds=["fargate", "managed"]), 4, ["api", "web"]),
        (Selection(kinds=["fargate"]), 0, []),
        (Selection(groups=["api"]), 0, ["api"]),
        (Selection(groups=["web"], names={node_name(1)}), 1, ["web"]),
        (Selection(names=set()), 0, ["api", "web"]),
    ],
)
def test_selection(selection: Selection, names: int, rows: list[str]) -> None:
    everything = join(fleet())
    assert len(selection.of_nodes(everything)) == names
    assert [row["group"] for row in selection.of_groups(groups(everything, fleet()))] == rows


def test_all_lack_everything_that_is_not_as_wanted() -> None:
    first, second, *others = missing(Wanted(version="1.33"))
    assert not_joined(first)
    assert [second, *others] == [UNREADY, BEHIND, TO_LAUNCH]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(ready=2), []),
        (Wanted(ready=0), []),
        (Wanted(ready=2, version="1.33"), [BEHIND]),
    ],
)
def test_with_enough_nodes_only_their_version_matters(wanted: Wanted, found: list[str]) -> None:
    assert missing(wanted) == found


def test_too_few_lack_those_that_could_be_ready() -> None:
    assert missing(Wanted(ready=3))[1:] == [UNREADY, TO_LAUNCH]


def test_too_few_of_which_nothing_is_known_are_counted() -> None:
    assert missing(Wanted(ready=3), found=sources()) == ["2 more, of which no source tells"]


@pytest.mark.parametrize("version", ["1.33", "v1.33.4-eks-99d6cc0"])
def test_a_version_is_one_of_kubernetes_or_of_the_kubelet(version: str) -> None:
    assert missing(Wanted(version=version), found=sources()) == []


def test_a_group_that_is_named_has_to_be_there() -> None:
    assert missing(Wanted(), Selection(groups=["web", "wbe"]), sources()) == ["group wbe, which no source knows"]


def test_nothing_wanted_of_an_idle_group_is_nothing_missed() -> None:
    assert missing(Wanted(), Selection(groups=["api"])) == []


def test_who_is_not_there_may_lack_the_label_as_well() -> None:
    assert missing(Wanted(), Selection(names={node_name(1)})) == []


def test_long_lists_are_cut() -> None:
    assert enumerated(["a", "b"]) == "a; b"
    assert enumerated([str(number) for number in range(12)]).endswith("; 8; 9; and 2 more")


def waited(clock: Clock, views: Sequence[View | KubernetesError], timeout: float = 60) -> dict[str, Any]:
    return wait(
        script(views), Patience(True, timeout, 5, clock, clock.sleep), "nodes of cluster prod", Wanted(2, "1.33")
    )


def script(views: Sequence[View | KubernetesError]) -> Callable[[], View]:
    left = list(views)

    def view() -> View:
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, KubernetesError):
            raise found
        return found

    return view


SEEN: dict[str, Any] = {"nodes": [{"status": "ready"}, {"status": "not_ready"}]}
SILENCE = KubernetesError("GET /api/v1/nodes", "nobody answers")
REFUSED = KubernetesError("GET /api/v1/nodes", "no", 403)


def test_the_first_view_that_lacks_nothing_ends_the_wait(clock: Clock) -> None:
    assert waited(clock, [(SEEN, ["a"]), SILENCE, (SEEN, ["a"]), ({"nodes": []}, [])]) == {"nodes": []}


def test_a_wait_in_vain_says_who_is_missing(clock: Clock) -> None:
    told = (
        r"^nodes of cluster prod: waited 60 s for 2 nodes to be Ready, all at 1\.33, in vain; 1 of 2 are Ready\. "
        r"Missing: a; b\. Raise wait_timeout, or repair them and run again$"
    )
    with pytest.raises(Unsettled, match=told):
        waited(clock, [(SEEN, ["a", "b"])])
    assert clock.now == 60


def test_trouble_at_the_end_is_told_with_what_was_seen_before(clock: Clock) -> None:
    with pytest.raises(Unsettled, match=r"Missing: a\. The last look failed: GET /api/v1/nodes: nobody answers"):
        waited(clock, [(SEEN, ["a"]), SILENCE])


@pytest.mark.parametrize("views", [[SILENCE], [(SEEN, ["a"]), REFUSED]])
def test_what_patience_does_not_help_against_is_told_at_once(
    clock: Clock, views: Sequence[View | KubernetesError]
) -> None:
    with pytest.raises(KubernetesError):
        waited(clock, views)
    assert clock.now < 5
