# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a fleet needs what, what is ours, what may be pruned, and how a live one is described."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._fleet.entry import wished
from ansible_collections.flotilla.eks.plugins.module_utils._fleet.form import form
from ansible_collections.flotilla.eks.plugins.module_utils._fleet.members import (
    MEMBERS,
    Entry,
    action,
    marked,
    needs,
    surplus,
)
from ansible_collections.flotilla.eks.plugins.module_utils._generations import GENERATION_TAG
from ansible_collections.flotilla.eks.plugins.module_utils._model import Resource, struct
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Desired, Refused
from ansible_collections.flotilla.eks.plugins.module_utils._progress import Progress, append_to, duration
from ansible_collections.flotilla.eks.plugins.module_utils._resources.access_entry import ACCESS_ENTRY
from ansible_collections.flotilla.eks.plugins.module_utils._resources.cluster import CLUSTER
from ansible_collections.flotilla.eks.plugins.module_utils._resources.fargate_profile import FARGATE_PROFILE
from ansible_collections.flotilla.eks.plugins.module_utils._resources.nodegroup import NODEGROUP
from support.descriptors import IDENTITIES

ADDON = Resource("addon", "add-on", "Addon", {"cluster_name": (), "name": ()}, "addons", "arn", struct(), ())
OURS = {"tags": {"flotilla.eks/cluster": "prod"}}
NODE_ROLE = "arn:aws:iam::123456789012:role/node"


def entry(resource: Resource, name: str, **facts: Any) -> Entry:
    *parents, own = resource.identity
    values = facts.pop("values", {})
    return Entry(resource, Desired({**dict.fromkeys(parents, "prod"), own: name}, values), **facts)


CLUSTER_ENTRY = entry(CLUSTER, "prod")
CNI = entry(ADDON, "vpc-cni", before_compute=True)
DNS = entry(ADDON, "coredns")
NODES = entry(ACCESS_ENTRY, NODE_ROLE)
PEOPLE = entry(ACCESS_ENTRY, "arn:aws:iam::123456789012:role/people")
WEB = entry(NODEGROUP, "web", values={"node_role": NODE_ROLE})
JOBS = entry(FARGATE_PROFILE, "jobs")


def test_what_is_made_waits_for_what_it_needs() -> None:
    everything = [CLUSTER_ENTRY, CNI, DNS, NODES, PEOPLE, WEB, JOBS]
    cluster, cni, nodes = CLUSTER_ENTRY.key, CNI.key, NODES.key
    assert needs(everything) == {
        cluster: frozenset(),
        cni: {cluster},
        nodes: {cluster},
        PEOPLE.key: {cluster},
        WEB.key: {cluster, cni, nodes},
        JOBS.key: {cluster, cni},
        DNS.key: {cluster, WEB.key},
    }


def test_where_there_are_no_groups_addons_wait_for_fargate() -> None:
    assert needs([DNS, JOBS])[DNS.key] == {JOBS.key}


def test_what_goes_leaves_last_and_in_reverse() -> None:
    going = [entry(resource, "old", absent=True) for resource in (ACCESS_ENTRY, NODEGROUP, ADDON)]
    access, group, addon = going
    found = needs([*going, WEB, DNS, PEOPLE])
    new = {WEB.key, DNS.key}
    assert found[addon.key] == new
    assert found[group.key] == {*new, addon.key}
    assert found[access.key] == {*new, group.key}


@pytest.mark.parametrize(
    ("given", "observed", "tags"),
    [
        (None, None, {"flotilla.eks/cluster": "prod"}),
        ({"a": "1"}, None, {"a": "1", "flotilla.eks/cluster": "prod"}),
        (None, OURS, None),
        ({"a": "1"}, OURS, {"a": "1", "flotilla.eks/cluster": "prod"}),
        (None, {"tags": {}}, None),
        ({"a": "1"}, {}, {"a": "1"}),
        ({"a": "1"}, {"tags": {"flotilla.eks/cluster": "other"}}, {"a": "1"}),
    ],
)
def test_ours_are_marked_and_those_of_others_are_not(given: Any, observed: Any, tags: Any) -> None:
    wanted = Desired(IDENTITIES["nodegroup"], tags=given)
    assert marked(Entry(NODEGROUP, wanted), observed, "prod").tags == tags
    ours = marked(Entry(NODEGROUP, wanted, create_first=True), observed, "prod")
    assert ours.tags == {**(given or {}), "flotilla.eks/cluster": "prod"}


def group(name: str, **members: Any) -> dict[str, Any]:
    return {"cluster_name": "prod", "nodegroup_name": name, **members}


def test_what_may_be_pruned() -> None:
    live = [
        group("web", **OURS),
        group("web-0a1b2c3d", tags={**OURS["tags"], GENERATION_TAG: "web"}),
        group("old", **OURS),
        group("theirs"),
        group("others", tags={"flotilla.eks/cluster": "other"}),
    ]

    def pruned(unowned: bool) -> list[str]:
        return [identity["name"] for identity in surplus(NODEGROUP, live, [WEB], "prod", unowned)]

    assert pruned(unowned=False) == ["old"]
    assert pruned(unowned=True) == ["old", "theirs", "others"]


@pytest.mark.parametrize(("kind", "pruned"), [("STANDARD", 1), ("EC2_LINUX", 0), ("FARGATE_LINUX", 0), ("EC2", 0)])
def test_what_eks_made_is_not_pruned(kind: str, pruned: int) -> None:
    live = [{"cluster_name": "prod", "principal_arn": NODE_ROLE, "type": kind, "tags": {}}]
    assert len(surplus(ACCESS_ENTRY, live, [], "prod", unowned=True)) == pruned


def test_actions() -> None:
    plans = {(): "untouched", ("update", "tag"): "update", ("create", "attach"): "create", ("delete",): "delete"}
    assert {operations: action(operations) for operations in plans} == plans
    assert action(["delete", "create"]) == "replace"


def options(**given: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {"cluster": None, "prune": [], "prune_unowned": False, **dict.fromkeys(MEMBERS)}
    return {**nothing, "cluster_name": "prod", **given}


def test_entries_are_what_their_modules_would_make_of_them() -> None:
    web = {"nodegroup_name": "web", "node_role": NODE_ROLE, "labels": {"a": 1}, "wait_timeout": 60}
    wish = wished(options(cluster={"version": 1.33}, nodegroups=[web, {"name": "old", "state": "absent"}]))
    assert [one.key for one in wish.entries] == ["cluster/prod", "nodegroup/web", "nodegroup/old"]
    assert wish.entries[0].desired.values == {"version": "1.33"}
    assert wish.entries[1].desired.values == {"node_role": NODE_ROLE, "labels": {"a": "1"}}
    assert (wish.entries[1].timeout, wish.entries[2].timeout, wish.entries[2].absent) == (60, None, True)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"cluster": {"state": "absent"}}, "cluster.state: there is no such option; there are: "),
    ({"cluster": {"colour": 1}}, "cluster.colour: there is no such option"),
    ({"nodegroups": [{}]}, r"nodegroups\[0\].name: missing; it is required"),
    (
        {"nodegroups": [{"name": "a", "nodegroup_name": "b"}]},
        r"nodegroups\[0\].nodegroup_name: another name of name, wh",
    ),
    (
        {"nodegroups": [{"name": "a"}, {"name": "a"}]},
        r"nodegroups\[1\]: nodegroup/a is listed twice, first as nodegroup",
    ),
    (
        {"nodegroups": [{"name": "a", "disk_size": "x"}]},
        r"nodegroups\[0\].disk_size: found 'x', wanted a value of type",
    ),
    (
        {"nodegroups": [{"name": "a", "ami_type": "X"}]},
        r"nodegroups\[0\].ami_type: found 'X', wanted one of AL2_x86_64,",
    ),
    (
        {"nodegroups": [{"name": "a", "update_config": {"max_unavailable": 1, "max_unavailable_percentage": 1}}]},
        r"nodegroups\[0\].update_config: found max_unavailable and max_unavailable_percentage, of which only one",
    ),
    (
        {"access_entries": [{"principal_arn": "a", "policies": [{"access_scope": {"type": "cluster"}}]}]},
        r"access_entries\[0\].policies\[0\].policy_arn: missing; it is required",
    ),
]


@pytest.mark.parametrize(("given", "message"), WRONG)
def test_errors_say_where(given: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=f"fleet of cluster prod: .*{message}"):
        wished(options(**given))


def test_a_live_resource_in_the_words_of_a_user() -> None:
    live = group(
        "web",
        status="ACTIVE",
        node_role=NODE_ROLE,
        launch_template={"id": "lt-1", "name": "nodes", "version": "3"},
        scaling_config={"min_size": 1, "max_size": 2, "desired_size": 1},
        taints=[],
        resources={"auto_scaling_groups": [{"name": "x"}]},
        tags={"aws:cloudformation:stack-id": "x", "Team": "a"},
    )
    assert form(NODEGROUP, live) == {
        "name": "web",
        "node_role": NODE_ROLE,
        "launch_template": {"id": "lt-1", "version": "3"},
        "scaling_config": {"min_size": 1, "max_size": 2, "desired_size": 1},
        "taints": [],
        "tags": {"Team": "a"},
    }


@pytest.mark.parametrize(
    ("principal", "username", "shown"),
    [
        ("arn:aws:iam::1:user/a", "arn:aws:iam::1:user/a", False),
        ("arn:aws:iam::123456789012:role/x/a", "arn:aws:sts::123456789012:assumed-role/a/{{SessionName}}", False),
        ("arn:aws:iam::123456789012:role/a", "ops", True),
    ],
)
def test_a_name_that_eks_chose_is_not_asked_for(principal: str, username: str, shown: bool) -> None:
    live = {"cluster_name": "prod", "principal_arn": principal, "type": "STANDARD", "username": username}
    assert ("username" in form(ACCESS_ENTRY, live)) is shown


def test_progress_tells_changes_at_once_and_else_now_and_then() -> None:
    now = [0.0]
    lines: list[str] = []
    progress = Progress("prod", lines.append, clock=lambda: now[0])
    tell = progress.of("nodegroup/web")
    for second, state in [(0, "CREATING"), (5, "CREATING"), (15, "CREATING"), (20, "CREATING"), (100, "ACTIVE")]:
        now[0] = second
        tell(state)
    assert lines == [
        "prod  nodegroup/web  CREATING  0s",
        "prod  nodegroup/web  CREATING  15s",
        "prod  nodegroup/web  ACTIVE  1m40s",
    ]


def test_durations() -> None:
    assert [duration(seconds) for seconds in (0, 59.9, 60, 3599, 3720)] == ["0s", "59s", "1m00s", "59m59s", "1h02m"]


def test_a_file_that_cannot_be_written_stops_nothing(tmp_path: Any) -> None:
    append_to(str(tmp_path / "missing" / "file"))("lost")
    append_to(None)("nowhere")
    append_to(str(tmp_path / "file"))("kept")
    assert (tmp_path / "file").read_text() == "kept\n"
