# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The run of a roll: what it waits for, what stops it, what it leaves behind, and by which calls it sees and acts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError
from ansible_collections.flotilla.eks.plugins.module_utils._drain.pods import Consent
from ansible_collections.flotilla.eks.plugins.module_utils._drain.run import Drain
from ansible_collections.flotilla.eks.plugins.module_utils._roll.act import Actor
from ansible_collections.flotilla.eks.plugins.module_utils._roll.model import Machine, Policy, Remove, State, Step
from ansible_collections.flotilla.eks.plugins.module_utils._roll.read import Choice, Lookout
from ansible_collections.flotilla.eks.plugins.module_utils._roll.run import Roll
from ansible_collections.flotilla.eks.plugins.module_utils._roll.sizes import PROCESSES, Sizes
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience, Unsettled
from support.node_sources import IN_TIME, instance, instance_id, node, place, scaling_group
from support.rolls import OLD, World, group, machine
from support.scripted import Clock

BUSY = AwsError("UpdateAutoScalingGroup", "ScalingActivityInProgress", "busy")
NOT_READY = {"type": "Ready", "status": "False", "reason": "KubeletNotReady"}


@dataclass
class Stage:
    """A world that stands for AWS and Kubernetes; ``meddle`` does to it what it likes after each step."""

    world: World
    meddle: Callable[[World], None] = lambda world: None
    pods: list[dict[str, Any]] = field(default_factory=list)
    troubles: list[Exception] = field(default_factory=list)
    ended: set[tuple[str, bool]] = field(default_factory=set)
    steps: list[Step] = field(default_factory=list)
    client: Any = field(default_factory=lambda: SimpleNamespace(region="eu-central-1"))
    nodes: dict[str, Any] = field(default_factory=dict)

    @property
    def kubernetes(self) -> Any:
        return SimpleNamespace(list_all=lambda path: self.pods)

    def look(self, names: list[str]) -> dict[str, State]:
        self.world.live()
        return {self.world.state.name: self.world.state}

    def do(self, step: Step, state: State, nodes: Any) -> None:
        if self.troubles:
            raise self.troubles.pop()
        self.steps.append(step)
        self.world.act(step)
        self.meddle(self.world)

    def terminate(self, dropped: list[Machine]) -> None:
        self.world.act(Remove((), tuple(dropped)))

    def note_failures(self, name: str) -> None:
        pass

    refuse_failures = note_failures


def roll(stage: Stage) -> Roll:
    clock = Clock()
    patience = Patience(timeout=60, delay=5, clock=clock, sleep=clock.sleep)
    actor: Any = stage
    lookout: Any = stage
    return Roll("web", actor, lookout, Policy(), patience)


def three_outdated() -> World:
    return World(group(*(machine(number, reasons=OLD) for number in range(3))), lambda count: 0)


def change(world: World, name: str, **members: Any) -> None:
    machines = tuple(replace(one, **members) if one.id == name else one for one in world.state.machines)
    world.state = replace(world.state, machines=machines)


def as_before(world: World) -> None:
    """What a roll that has stepped back leaves of a group whose instances are still those that it found."""
    state = world.state
    assert (state.sizes, state.memory, state.suspended) == (Sizes(0, 3, 4), None, frozenset())
    assert not [one for one in state.alive if one.cordoned or one.marked]


def test_to_the_end_through_trouble_that_passes() -> None:
    stage = Stage(three_outdated(), troubles=[BUSY, AwsError("x", "Throttling", "slow")])
    made = roll(stage)
    made.run()
    assert (stage.world.gone, made.launched, made.changed) == (
        ["i-1", "i-2", "i-0"],
        ["i-new-1", "i-new-2", "i-new-3"],
        True,
    )
    as_before(stage.world)


def test_trouble_that_does_not_pass() -> None:
    stage = Stage(three_outdated(), troubles=[AwsError("CreateOrUpdateTags", "AccessDenied", "no")])
    with pytest.raises(Unsettled, match=r"web: CreateOrUpdateTags: no \(AccessDenied\)\. Nothing was touched"):
        roll(stage).run()
    assert stage.world.state.memory is None


def test_a_node_that_was_ready_and_is_not_any_more() -> None:
    def meddle(world: World) -> None:
        if "i-1" in world.gone:
            change(world, "i-2", ready=False, trouble="Unknown: Kubelet stopped posting node status.")
            world.live = lambda: None  # type: ignore[method-assign]

    stage = Stage(three_outdated(), meddle)
    with pytest.raises(Unsettled, match=r"i-2 \(node-2\): Unknown: Kubelet stopped.*Every node takes pods again"):
        roll(stage).run()
    assert stage.world.gone == ["i-1"], "the new node stands in for the one that has fallen"
    assert stage.world.state.suspended == frozenset()
    assert not [one for one in stage.world.state.alive if one.marked]


def test_new_nodes_that_carry_pods_stay() -> None:
    world = three_outdated()
    live = world.live
    pod = {"metadata": {"namespace": "shop", "name": "web", "uid": "u"}, "spec": {"nodeName": "i-new-1"}}

    def meddle(world: World) -> None:
        if any(one.marked for one in world.state.alive):
            world.live = lambda: None  # type: ignore[method-assign]
            change(world, "i-2", ready=False, trouble="gone")
            stage.pods = [pod]

    stage = Stage(world, meddle)
    more = r"desired_size 4, max_size 4\. That is 1 more than before, which carry pods"
    with pytest.raises(Unsettled, match=more):
        roll(stage).run()
    state = world.state
    assert state.memory is not None
    assert (state.sizes.desired, state.suspended) == (4, frozenset())
    assert not [one for one in state.alive if one.marked]

    stage.meddle, stage.pods = (lambda world: None), []
    world.live = live  # type: ignore[method-assign]
    change(world, "i-2", ready=True)
    roll(stage).run()
    as_before(world)


def test_an_instance_that_is_no_node_in_time() -> None:
    world = three_outdated()
    stage = Stage(world)
    live, world.live = world.live, lambda: None  # type: ignore[method-assign]

    def launch_only(world: World) -> None:
        if len(world.state.alive) < world.state.sizes.desired and not world.launched:
            live()

    stage.meddle = launch_only
    with pytest.raises(Unsettled) as error:
        roll(stage).run()
    assert "waited 60 s for i-new-1 to become Ready nodes, in vain" in str(error.value)
    assert "flotilla.eks.join_diagnosis" in str(error.value)
    assert "What was launched and carries no pods is terminated: i-new-1" in str(error.value)
    as_before(world)


class Api:
    """Answers by operation; ``asked`` are the requests."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def listed(self, service: str, operation: str, key: str, **members: Any) -> Any:
        return self._answer(operation, members)

    def read(self, service: str, operation: str, **members: Any) -> Any:
        return self._answer(operation, members)

    write = read

    def _answer(self, operation: str, members: dict[str, Any]) -> Any:
        self.asked.append((operation, members))
        answer = self.answers.get(operation, [])
        found = answer(members) if callable(answer) else answer
        if isinstance(found, Exception):
            raise found
        return found

    def operations(self) -> list[str]:
        return [operation for operation, _members in self.asked]


def template(version: str) -> dict[str, Any]:
    named = {"launch_template_id": "lt-1", "launch_template_name": "web", "version": version}
    return {"launch_template": named}


def version(number: int, **data: Any) -> dict[str, Any]:
    return {"version_number": number, "default_version": number == 2, "launch_template_data": data}


def aws_group(**members: Any) -> dict[str, Any]:
    """Two instances of the first version of a template, of which the second counts, and one in the warm pool."""
    found = scaling_group(1, 2, min_size=1, max_size=3, **template("2"))
    found["tags"] = [{"key": "flotilla.eks/nodegroup", "value": "web"}]
    found["auto_scaling_group_name"] = "web"
    found["warm_pool_configuration"] = {"min_size": 1}
    for one in found["instances"]:
        one |= template("1")
    return {**found, **members}


def lookout(nodes: list[Any], choice: Choice | None = None, **answers: Any) -> tuple[Lookout, Api]:
    given: dict[str, Any] = {
        "DescribeAutoScalingGroups": [aws_group()],
        "DescribeInstances": [{"instances": [{**instance(number), "image_id": "ami-1"} for number in (1, 2, 3)]}],
        "DescribeLaunchTemplateVersions": [version(1, image_id="ami-1"), version(2, image_id="ami-2")],
        "DescribeWarmPool": [place(3, lifecycle_state="Warmed:Stopped", **template("1"))],
        **answers,
    }
    api = Api(**given)
    client: Any = api
    kubernetes: Any = SimpleNamespace(list_all=lambda path: nodes)
    return Lookout(client, kubernetes, choice or Choice()), api


def labelled(number: int, **members: Any) -> dict[str, Any]:
    return node(number, labels={"flotilla.eks/nodegroup": "web"}, **members)


def test_what_a_look_sees() -> None:
    shut = labelled(2, ready=NOT_READY)
    shut["spec"] = {**shut["spec"], "unschedulable": True}
    shut["metadata"]["annotations"] = {"flotilla.eks/roll": "cordoned"}
    seen, api = lookout([labelled(1), shut])
    state = seen.look(["web"])["web"]
    one, two, warm = state.machines
    assert (one.id, one.node, one.ready, one.marked) == (instance_id(1), node(1)["metadata"]["name"], True, False)
    assert (two.ready, two.trouble, two.cordoned, two.marked) == (False, "NotReady: KubeletNotReady", True, True)
    assert (warm.warm, warm.node) == (True, "")
    assert {machine.reasons for machine in state.machines} == {("AMI: ami-1 -> ami-2",)}
    assert state.sizes == Sizes(1, 2, 3)
    seen.look(["web"])
    assert api.operations() == [
        "DescribeAutoScalingGroups",
        "DescribeWarmPool",
        "DescribeInstances",
        "DescribeLaunchTemplateVersions",
        "DescribeAutoScalingGroups",
        "DescribeWarmPool",
    ]


@pytest.mark.parametrize(
    ("seen", "trouble"),
    [
        (
            node(1, labels={}),
            "label flotilla.eks/nodegroup: found None, wanted web, which the user data has to give it",
        ),
        (labelled(1, spec={"taints": [{"key": "node.kubernetes.io/not-ready"}]}), "it has the taint node.kubernetes"),
        (labelled(1, ready=IN_TIME), ""),
    ],
)
def test_nodes_that_pods_cannot_run_on(seen: dict[str, Any], trouble: str) -> None:
    found, _api = lookout([seen])
    (first, *_others) = found.look(["web"])["web"].machines
    assert first.trouble.startswith(trouble)
    assert first.ready == (not trouble)


def test_versions_that_are_gone_and_parameters() -> None:
    gone = AwsError("DescribeLaunchTemplateVersions", "InvalidLaunchTemplateId.VersionNotFound", "no")

    def answer(members: dict[str, Any]) -> Any:
        if members.get("ResolveAlias"):
            return [version(2, image_id="ami-1")]
        return gone if "1" in members.get("Versions", []) else [version(2, image_id="resolve:ssm:/ami")]

    found, _api = lookout([], DescribeLaunchTemplateVersions=answer)
    (first, *_others) = found.look(["web"])["web"].machines
    assert first.reasons == ("version 1 of launch template web is no more, and what it said unknown",)


def test_all_are_those_that_there_were() -> None:
    memory = '{"before":[1,2,3],"after":[1,2,3],"surge":1,"suspended":[],"since":"2026-01-01T10:58:30+00:00"}'
    late = {**instance(2), "launch_time": "2026-01-01T11:58:30+00:00"}
    answers: dict[str, Any] = {
        "DescribeAutoScalingGroups": [aws_group(tags=[{"key": "flotilla.eks/roll", "value": memory}])],
        "DescribeInstances": [{"instances": [instance(1), late]}],
    }
    found, _api = lookout([], Choice("all", frozenset({instance_id(2)})), **answers)
    one, two, _warm = found.look(["web"])["web"].machines
    assert one.reasons == ("all are to be replaced",)
    assert two.reasons == ("it is named in instance_ids",)
    found, _api = lookout([], Choice("none"))
    assert {machine.reasons for machine in found.look(["web"])["web"].machines} == {()}


def actor(api: Api) -> Actor:
    client: Any = api
    nothing: Any = SimpleNamespace(list_all=lambda path: [])
    return Actor(client, Drain(nothing, Patience(), Consent()))


def test_exactly_those_are_terminated() -> None:
    gone = AwsError("TerminateInstanceInAutoScalingGroup", "ValidationError", "Instance Id not found - no such")
    api = Api(TerminateInstanceInAutoScalingGroup=lambda members: gone if members["InstanceId"] == "i-1" else None)
    acting = actor(api)
    acting.do(Remove((machine(0, reasons=OLD),), (machine(1),)), group(), {})
    asked = sorted((m["InstanceId"], m["ShouldDecrementDesiredCapacity"]) for _operation, m in api.asked)
    assert asked == [("i-0", False), ("i-1", True)]
    assert (acting.replaced, acting.removed) == (["i-0"], ["i-1"])


def test_launches_that_fail_are_news_once() -> None:
    activities = [{"ActivityId": "a", "StatusCode": "Failed", "StatusMessage": "no room"}]
    api = Api(DescribeScalingActivities=lambda members: {"Activities": activities})
    acting = actor(api)
    acting.note_failures("web")
    acting.refuse_failures("web")
    activities.append({"ActivityId": "b", "StatusCode": "Cancelled"})
    with pytest.raises(Unsettled, match="no instance could be launched or ended as asked: Cancelled"):
        acting.refuse_failures("web")


def test_processes_by_name() -> None:
    assert set(PROCESSES).isdisjoint({"Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy"})
