# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does the steps of a roll: each by calls of Auto Scaling, EC2 or Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._drain.run import PARALLEL, Drain, Report, Undrained
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Object
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._nodes.sources import readiness
from ansible_collections.flotilla.eks.plugins.module_utils._roll.model import (
    Cordon,
    Forget,
    Machine,
    Remember,
    Remove,
    Resize,
    Resume,
    Retire,
    State,
    Step,
    Suspend,
    Uncordon,
)
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import ROLL_TAG
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Unsettled

CAME_TO_NOTHING = ("Failed", "Cancelled")
ACTIVITIES_A_PAGE = 100
NEW_SIZES = ("MinSize", "DesiredCapacity", "MaxSize")  # as UpdateAutoScalingGroup calls them


@dataclass
class Actor:
    """Acts on groups. ``ended`` are the instances that were told to go, each with whether it was in a warm pool."""

    client: Client
    drain: Drain
    replaced: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    ended: set[tuple[str, bool]] = field(default_factory=set)
    _failures: dict[str, str] = field(default_factory=dict)

    def do(self, step: Step, state: State, nodes: Mapping[str, Object]) -> None:
        """Does a step for the group as it was seen, with its Nodes by name.

        Raises AwsError and KubernetesError; for a removal Undrained, and Refused without the consent that it takes.
        """
        group: Values = {"AutoScalingGroupName": state.name}
        match step:
            case Remember(memory):
                self._write(
                    "CreateOrUpdateTags", Tags=[{**_tag(state), "Value": memory.text(), "PropagateAtLaunch": False}]
                )
            case Forget():
                self._write("DeleteTags", Tags=[_tag(state)])
            case Suspend(processes):
                self._write("SuspendProcesses", **group, ScalingProcesses=list(processes))
            case Resume(processes):
                self._write("ResumeProcesses", **group, ScalingProcesses=list(processes))
            case Resize(sizes):
                new = zip(NEW_SIZES, sizes, state.sizes, strict=True)
                if changes := {name: size for name, size, old in new if size != old}:
                    self._write("UpdateAutoScalingGroup", **group, **changes)
            case Retire(machines):
                self.client.write("ec2", "TerminateInstances", InstanceIds=[machine.id for machine in machines])
                self._note(machines)
            case Cordon(machines):
                self.drain.cordon(_nodes_of(machines, nodes))
            case Uncordon(machines):
                self.drain.uncordon(_nodes_of(machines, nodes))
            case Remove(replaced, dropped):
                self._empty([machine.node for machine in step.machines if machine.node in nodes], nodes)
                self.terminate(dropped, replaced)

    def terminate(self, dropped: Sequence[Machine], replaced: Sequence[Machine] = ()) -> None:
        """Terminates exactly these; in place of those ``replaced``, the group launches others. Raises AwsError."""

        def end(machine: Machine, shrinks: bool) -> None:
            try:
                self._write(
                    "TerminateInstanceInAutoScalingGroup",
                    InstanceId=machine.id,
                    ShouldDecrementDesiredCapacity=shrinks,
                )
            except AwsError as error:
                if "not found" not in error.message.lower():  # else it has gone by itself
                    raise
            self._note([machine])

        with ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(end, [*dropped, *replaced], [True] * len(dropped) + [False] * len(replaced)))

    def note_failures(self, group: str) -> None:
        """Takes notice of launches that failed before, which are no news later. Raises AwsError."""
        self._failures |= dict(self._failed(group))

    def refuse_failures(self, group: str) -> None:
        """Raises Unsettled if a launch has failed since, with Auto Scaling's reason; and AwsError."""
        news = [why for activity, why in self._failed(group) if activity not in self._failures]
        if news:
            raise Unsettled(f"no instance could be launched or ended as asked: {news[0]}")

    def _failed(self, group: str) -> Iterator[tuple[str, str]]:
        answer = self.client.read(
            "autoscaling", "DescribeScalingActivities", AutoScalingGroupName=group, MaxRecords=ACTIVITIES_A_PAGE
        )
        for activity in answer["Activities"]:
            if activity["StatusCode"] in CAME_TO_NOTHING:
                yield activity["ActivityId"], activity.get("StatusMessage") or activity["StatusCode"]

    def _empty(self, names: Sequence[str], nodes: Mapping[str, Object]) -> None:
        conditions = {name: (nodes[name].get("status") or {}).get("conditions") or [] for name in names}
        silent = {name for name in names if readiness(conditions[name])[0] == "Unknown"}
        try:
            self.drain.empty(self.drain.pods(names), self.report, silent)
        except Undrained as failure:
            advice = "raise drain_timeout, or make the budgets or the number of replicas larger"
            raise Undrained(f"{failure}; {advice}", failure.report) from None

    def _note(self, machines: Sequence[Machine]) -> None:
        for machine in machines:
            self.ended.add((machine.id, machine.warm))
            (self.replaced if machine.reasons else self.removed).append(machine.id)

    def _write(self, operation: str, **members: object) -> None:
        self.client.write("autoscaling", operation, **members)


def _tag(state: State) -> Values:
    return {"ResourceId": state.name, "ResourceType": "auto-scaling-group", "Key": ROLL_TAG}


def _nodes_of(machines: Sequence[Machine], nodes: Mapping[str, Object]) -> list[Object]:
    return [nodes[machine.node] for machine in machines if machine.node in nodes]
