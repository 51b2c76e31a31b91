# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replacing a node group with its successor up before it goes, against an AWS that has node groups by name."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from ansible_collections.flotilla.eks.plugins.module_utils._apply import Job, Outcome
from ansible_collections.flotilla.eks.plugins.module_utils._generations import (
    GENERATION_TAG,
    LONGEST_NAME,
    SUFFIX,
    make_absent,
    make_present,
)
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Immutable, Refused
from support.jobs import ROLE, job
from support.scripted import NOT_FOUND, Clock, ScriptedAws, _json, _response

SUBNETS = ["subnet-a"]
WANTED = {"node_role": ROLE, "subnets": SUBNETS, "instance_types": ["m6i.large"]}
OTHER = {**WANTED, "instance_types": ["m7i.large"]}
OURS = {GENERATION_TAG: "web"}
SOME_LOOKS = 3
WRITES = ("Create", "Update", "Delete", "Tag", "Untag")


@dataclass
class NodeGroups(ScriptedAws):
    """The node groups of one cluster. What is made is ACTIVE after some looks, what is deleted is gone.

    ``done`` are the writes, each with the name of its group; ``left`` what stood at each deletion, by its status.
    """

    answers: dict[str, list[Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    left: list[dict[str, str]] = field(default_factory=list)
    looks: int = 0

    def add(self, name: str, created: int, types: list[str], tags: dict[str, str] | None = None) -> None:
        self.groups[name] = {
            "nodegroupName": name,
            "nodegroupArn": f"arn:aws:eks:eu-central-1:123456789012:nodegroup/prod/{name}/1",
            "status": "ACTIVE",
            "createdAt": created,
            "nodeRole": ROLE,
            "subnets": SUBNETS,
            "instanceTypes": types,
            "labels": {},
            "tags": tags or {},
        }

    def _answer(self, request: Any, event_name: str, **_event: Any) -> AWSResponse:
        operation, body = event_name.rpartition(".")[2], _json(request.body)
        name = body.get("nodegroupName") or request.url.partition("/node-groups/")[2].partition("/")[0]
        self.calls.append(operation)
        if operation.startswith(WRITES):
            self.done.append(f"{operation} {name}")
        return _response(request.url, self._carry_out(operation, name, body))

    def _carry_out(self, operation: str, name: str, body: dict[str, Any]) -> Any:
        if operation == "ListNodegroups":
            return {"nodegroups": sorted(self.groups)}
        if operation == "CreateNodegroup":
            self.add(name, 1000 + len(self.done), body["instanceTypes"], body.get("tags"))
            self.groups[name]["status"], self.looks = "CREATING", 0
        elif name not in self.groups:
            return NOT_FOUND
        elif operation == "UpdateNodegroupConfig":
            self.groups[name]["labels"] = body["labels"]["addOrUpdateLabels"]
            return {"update": {"id": "u", "type": "ConfigUpdate", "status": "Successful"}}
        found = {"nodegroup": dict(self.groups[name])}
        if operation == "DescribeNodegroup":
            self.looks += 1
            self.groups[name]["status"] = "ACTIVE" if self.looks > SOME_LOOKS else self.groups[name]["status"]
        if operation == "DeleteNodegroup":
            del self.groups[name]
            self.left.append({name: group["status"] for name, group in self.groups.items()})
        return found


def run(clock: Clock, aws: NodeGroups, values: dict[str, Any], **words: Any) -> Outcome:
    return make_present(job(clock, aws, values, **{"replace": True, **words}))


def heir_of(aws: NodeGroups) -> str:
    """The one name with a suffix."""
    (name,) = [name for name in aws.groups if name != "web"]
    assert SUFFIX.fullmatch(name.removeprefix("web"))
    return name


def test_the_first_one_has_the_name_itself(clock: Clock) -> None:
    aws = NodeGroups()
    assert run(clock, aws, WANTED).changed
    assert aws.done == ["CreateNodegroup web"]
    assert not run(clock, aws, WANTED).changed
    assert aws.done == ["CreateNodegroup web"]


def test_what_can_be_updated_is_not_replaced(clock: Clock) -> None:
    aws = NodeGroups()
    aws.add("web", 1, ["m6i.large"])
    run(clock, aws, {**WANTED, "labels": {"a": "b"}})
    assert aws.done == ["UpdateNodegroupConfig web"]


def test_what_cannot_be_updated_is_refused_without_leave_to_replace(clock: Clock) -> None:
    aws = NodeGroups()
    aws.add("web", 1, ["m6i.large"])
    with pytest.raises(Immutable, match="instance_types"):
        run(clock, aws, OTHER, replace=False)
    assert aws.done == []


def test_the_successor_is_up_before_its_elder_goes(clock: Clock) -> None:
    aws = NodeGroups()
    aws.add("web", 1, ["m6i.large"])
    outcome = run(clock, aws, OTHER)
    heir = heir_of(aws)
    assert aws.done == [f"CreateNodegroup {heir}", "DeleteNodegroup web"]
    assert list(aws.groups) == [heir]
    assert aws.groups[heir]["tags"] == OURS
    assert [change.action for change in outcome.changes] == ["create", "delete"]
    assert (outcome.observed or {})["instance_types"] == ["m7i.large"]
    aws.done.clear()
    assert not run(clock, aws, OTHER).changed
    assert aws.done == []


def test_the_successor_is_awaited_even_by_those_who_do_not_wait(clock: Clock) -> None:
    aws = NodeGroups()
    aws.add("web", 1, ["m6i.large"])
    run(clock, aws, OTHER, wait=False)
    assert aws.left == [{heir_of(aws): "ACTIVE"}]


def test_the_youngest_counts_whatever_its_name(clock: Clock) -> None:
    aws = NodeGroups()
    aws.add("web", 1, ["m6i.large"])
    run(clock, aws, OTHER)
    heir = heir_of(aws)
    aws.add("web", 9999, ["m6i.large"])
    aws.done.clear()
    run(clock, aws, WANTED)
    assert aws.done == [f"DeleteNodegroup {heir}"]


def test_a_successor_that_is_there_already_is_not_taken_for_an_elder(clock: Clock) -> None:
    aws = NodeGroups()
    aws.add("web", 1, ["m6i.large"])
    run(clock, aws, OTHER)
    heir = heir_of(aws)
    aws.add("web", 9999, ["m6i.large"])
    aws.done.clear()
    run(clock, aws, OTHER)
    assert (aws.done, list(aws.groups)) == (["DeleteNodegroup web"], [heir])


def test_a_succession_can_go_on_and_come_back(clock: Clock) -> None:
    aws = NodeGroups()
    aws.add("web", 1, ["m6i.large"])
    run(clock, aws, OTHER)
    first = heir_of(aws)
    run(clock, aws, {**WANTED, "instance_types": ["m8i.large"]})
    second = heir_of(aws)
    run(clock, aws, OTHER)
    assert first == heir_of(aws) != second
    assert len(aws.groups) == 1


def test_check_mode_foretells_both_steps_and_takes_none(clock: Clock) -> None:
    aws = NodeGroups()
    aws.add("web", 1, ["m6i.large"])
    planned = run(clock, aws, OTHER, check_mode=True)
    assert aws.done == []
    assert [change.action for change in planned.changes] == ["create", "delete"]
    made = run(clock, aws, OTHER)
    assert [change.operation for change in made.changes] == [change.operation for change in planned.changes]
    assert made.diff == planned.diff


def test_a_succession_that_was_cut_short_is_finished(clock: Clock) -> None:
    """The successor is there, the elder still is: as after a kill between the two steps."""
    aws = NodeGroups()
    aws.add("web", 1, ["m6i.large"])
    run(clock, aws, OTHER)
    heir = heir_of(aws)
    aws.add("web", 1, ["m6i.large"])
    aws.done.clear()
    assert run(clock, aws, OTHER).changed
    assert aws.done == ["DeleteNodegroup web"]
    assert list(aws.groups) == [heir]


def test_a_stranger_with_such_a_name_is_left_alone(clock: Clock) -> None:
    aws = NodeGroups()
    aws.add("web", 1, ["m6i.large"])
    aws.add("web-0123abcd", 2, ["t3.medium"])
    aws.add("web-longer", 3, ["t3.medium"], OURS)
    assert not run(clock, aws, WANTED).changed
    make_absent(job(clock, aws, {}))
    assert sorted(aws.groups) == ["web-0123abcd", "web-longer"]


def test_all_generations_are_removed(clock: Clock) -> None:
    aws = NodeGroups()
    aws.add("web", 1, ["m6i.large"])
    aws.add("web-0123abcd", 2, ["m7i.large"], OURS)
    planned = make_absent(job(clock, aws, {}, check_mode=True))
    assert (len(planned.changes), aws.done) == (2, [])
    assert make_absent(job(clock, aws, {})).changed
    assert aws.groups == {}
    assert not make_absent(job(clock, aws, {})).changed


def test_the_users_tags_do_not_take_the_mark_of_a_generation_away(clock: Clock) -> None:
    aws = NodeGroups()
    aws.add("web", 1, ["m6i.large"])
    run(clock, aws, OTHER, tags={"Team": "a"})
    assert aws.groups[heir_of(aws)]["tags"] == {"Team": "a", **OURS}
    aws.done.clear()
    assert not run(clock, aws, OTHER, tags={"Team": "a"}).changed
    assert aws.done == []


@pytest.mark.parametrize("length", [LONGEST_NAME, LONGEST_NAME + 1])
def test_a_name_needs_room_for_the_suffix(clock: Clock, length: int) -> None:
    aws = NodeGroups()
    name = "w" * length
    aws.add(name, 1, ["m6i.large"])
    long = _named(job(clock, aws, OTHER, replace=True), name)
    if length == LONGEST_NAME:
        assert make_present(long).changed
        return
    with pytest.raises(Refused, match=f"name: found {length} characters, wanted at most {LONGEST_NAME}"):
        make_present(long)
    assert aws.done == []


def _named(one: Job, name: str) -> Job:
    return replace(one, desired=replace(one.desired, identity={**one.desired.identity, "name": name}))


def test_a_cluster_that_is_gone_has_no_generations(clock: Clock) -> None:
    aws = ScriptedAws({"ListNodegroups": [NOT_FOUND]})
    assert not make_absent(job(clock, aws, {})).changed
    assert aws.calls == ["ListNodegroups"]
