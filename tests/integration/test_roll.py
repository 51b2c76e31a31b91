# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module roll: outdated nodes are replaced and surplus ones removed, no pod is lost, and no run leaves a mess."""

from __future__ import annotations

import re
from typing import Any

import pytest

from support.clusters import api_of
from support.ledger import Ledger
from support.playbook import Playbook, Run
from support.self_managed import SelfManaged
from support.surroundings import Surroundings


class Rolls:
    """Runs ``flotilla.eks.roll`` on the cluster prod."""

    def __init__(self, playbook: Playbook, ledger: Ledger) -> None:
        self.playbook, self.ledger = playbook, ledger

    def task(self, **options: Any) -> dict[str, Any]:
        return {"name": "Roll", "flotilla.eks.roll": {"cluster_name": "prod", "wait_delay": 1, **options}, "diff": True}

    def run(self, check: bool = False, fails: bool = False, **options: Any) -> Run:
        self.ledger.clear()
        return self.playbook.tasks(self.task(**options), check=check, fails=fails)

    def result(self, **options: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.run(**options).results["Roll"]
        assert "Traceback" not in str(result)
        return result

    def foreseen(self, **options: Any) -> dict[str, Any]:
        """The plan, which is made without one write."""
        result = self.result(check=True, **options)
        assert self.ledger.writes() == []
        return result

    def unchanged(self, **options: Any) -> None:
        result = self.result(**options)
        assert (result["changed"], self.ledger.writes()) == (False, [])
        assert not self.foreseen(**options)["changed"]

    def lost(self) -> list[dict[str, Any]]:
        """The pods that a node took with it."""
        return [entry for entry in self.ledger.calls() if entry["operation"] == "lose pods"]


@pytest.fixture
def rolls(playbook: Playbook, ledger: Ledger) -> Rolls:
    return Rolls(playbook, ledger)


@pytest.fixture
def web(aws: Surroundings) -> SelfManaged:
    return SelfManaged(aws)


def test_a_new_image(rolls: Rolls, web: SelfManaged, subtests: pytest.Subtests) -> None:
    web.deploy()
    old, watched = web.instances, web.watch()

    with subtests.test("a version that says the same is no reason"):
        web.change()
        rolls.unchanged()

    web.change(labels={"tier": "web"}, InstanceType="m5.large")
    with subtests.test("check mode tells who would go, and why"):
        plan = rolls.foreseen()
        assert sorted(one["instance_id"] for one in plan["plan"]) == old == sorted(plan["replaced"])
        assert {(*one["reasons"], one["action"], one["nodegroup"]) for one in plan["plan"]} == {
            ("user data", "replace", "web")
        }
        assert [one["batch"] for one in plan["plan"]] == [1, 2, 3]
        assert "resize: desired 3 -> 4, max 3 -> 4" in plan["groups"][0]["steps"]

    with subtests.test("all are replaced, and no pod is lost"):
        run = rolls.run()
        made = run.results["Roll"]
        assert sorted(made["replaced"]) == old
        assert (made["removed"], len(made["launched"])) == ([], 3)
        assert sorted(made["launched"]) == web.instances
        assert web.versions == {"3"}
        assert web.fewest_ready(watched) == 3
        assert rolls.lost() == []
        assert made["diff"] == plan["diff"]
        web.untouched(sizes=(1, 3, 3))
        assert re.search(r"^prod  roll/prod-web  cordon i-\w+ \(", run.stdout, re.MULTILINE)

    with subtests.test("again changes nothing"):
        rolls.unchanged()


def test_runs_that_are_killed_are_finished_by_the_next(rolls: Rolls, aws: Surroundings, playbook: Playbook) -> None:
    web = SelfManaged(aws, 4)
    web.deploy()
    old, watched = web.instances, web.watch()
    web.change(labels={"tier": "web"})
    play = [{"hosts": "all", "gather_facts": False, "tasks": [rolls.task()]}]
    for operation in ("UpdateAutoScalingGroup", "patch nodes", "TerminateInstanceInAutoScalingGroup"):
        rolls.ledger.clear()
        playbook.killed(play, lambda: operation in rolls.ledger.operations())  # noqa: B023
    assert rolls.foreseen()["groups"][0]["interrupted"]
    rolls.result()
    assert not set(web.instances) & set(old)
    assert web.versions == {"2"}
    assert web.fewest_ready(watched) == 4
    assert rolls.lost() == []
    web.untouched(sizes=(1, 4, 4))
    rolls.unchanged()


def test_it_stops_at_the_first_sign_of_ill_health(
    rolls: Rolls, web: SelfManaged, aws: Surroundings, subtests: pytest.Subtests
) -> None:
    web.deploy(available=3)
    api_of(aws).delete("/apis/apps/v1/namespaces/kube-system/deployments/coredns")
    aws.settle()
    before = web.instances
    web.change(labels={"tier": "web"})

    with subtests.test("a budget that allows no eviction"):
        failed = rolls.result(fails=True, drain_timeout=2)
        assert "The disruption budget web needs 3 healthy pods and has 3 currently" in failed["msg"]
        assert "Every node takes pods again that did before" in failed["msg"]
        aws.settle()
        assert (web.instances, failed["replaced"]) == (before, [])
        web.untouched(sizes=(1, 3, 3))

    with subtests.test("a node that does not become Ready"):
        aws.simulator.fault(resource="node", name="*", becomes="NotReady")
        failed = rolls.result(fails=True, ready_timeout=5)
        (late,) = failed["launched"]
        assert re.search(rf"waited 5 s for {late} .*to become Ready nodes, in vain", failed["msg"])
        assert "flotilla.eks.join_diagnosis" in failed["msg"]
        assert f"--instance-id {late}" in failed["msg"]
        aws.simulator.clear_faults()
        aws.settle()
        assert web.instances == before
        web.untouched(sizes=(1, 3, 3))

    with subtests.test("a launch that fails"):
        aws.ec2.create_key_pair(KeyName="gone")
        web.change(KeyName="gone")
        aws.ec2.delete_key_pair(KeyName="gone")
        failed = rolls.result(fails=True)
        assert "no instance could be launched" in failed["msg"]
        assert "gone" in failed["msg"]
        aws.settle()
        assert web.instances == before
        web.untouched(sizes=(1, 3, 3))


def test_nodes_that_are_too_many(rolls: Rolls, web: SelfManaged, subtests: pytest.Subtests) -> None:
    web.deploy(available=2)
    smaller = {"groups": [{"name": "web", "min_size": 0, "desired_size": 2, "max_size": 2}]}

    with subtests.test("one is drained and removed, and none comes for it"):
        plan = rolls.foreseen(**smaller)
        made = rolls.result(**smaller)
        assert (made["removed"], made["replaced"], made["launched"]) == (plan["removed"], [], [])
        assert plan["plan"][0]["reasons"] == ["there are more than desired"]
        assert web.sizes == (0, 2, 2)
        assert rolls.lost() == []
        rolls.unchanged(**smaller)

    with subtests.test("replaced in place, one fewer at a time"):
        old = web.instances
        made = rolls.result(replace="all", max_surge="0", max_unavailable="1")
        assert sorted(made["replaced"]) == old
        assert not set(old) & set(web.instances)
        web.untouched(sizes=(0, 2, 2))

    with subtests.test("all, whatever budgets say"):
        none = {"groups": [{"name": "prod-web", "desired_size": 0}], "disable_eviction": True}
        assert len(rolls.result(**none)["removed"]) == 2
        assert (web.instances, web.sizes) == ([], (0, 0, 2))
        assert rolls.lost() == []
        rolls.unchanged(**none)


def test_what_cannot_be_is_refused(rolls: Rolls, web: SelfManaged, aws: Surroundings) -> None:
    aws.nodegroup("managed", scalingConfig={"minSize": 0, "maxSize": 1, "desiredSize": 0})
    (theirs,) = aws.eks.describe_nodegroup(clusterName="prod", nodegroupName="managed")["nodegroup"]["resources"][
        "autoScalingGroups"
    ]
    lone: dict[str, Any] = {"metadata": {"name": "lone"}, "spec": {"containers": [{"name": "x", "image": "x"}]}}
    api_of(aws).create("/api/v1/namespaces/default/pods", lone)
    aws.settle()
    web.change(labels={"tier": "web"})
    refusals: dict[str, dict[str, Any]] = {
        "groups: wbe: there is no self-managed node group or Auto Scaling group of this name; cluster prod has: ": {
            "groups": [{"name": "wbe"}]
        },
        "belongs to the managed node group managed": {"groups": [{"name": theirs["name"]}]},
        "is chosen twice": {"groups": [{"name": "web"}, {"name": "prod-web"}]},
        "desired_size: it would have min_size 1, desired_size 0": {"groups": [{"name": "web", "desired_size": 0}]},
        "max_surge: found 'many', wanted a number of nodes such as 2": {"max_surge": "many"},
        "max_surge, max_unavailable: found 0 for both": {"max_surge": "0"},
        "default/lone; give force: true to lose them. Nothing was touched": {},
    }
    tasks = [{**rolls.task(**options), "name": text, "ignore_errors": True} for text, options in refusals.items()]
    rolls.ledger.clear()
    run = rolls.playbook.tasks(*tasks)
    for text in refusals:
        assert text in run.results[text]["msg"]
    assert rolls.ledger.writes() == []
    found = rolls.foreseen(groups=[{"name": "wbe"}])
    assert (found["changed"], found["not_found"]) == (False, ["wbe"])


def test_calls_do_not_grow_with_instances(rolls: Rolls, aws: Surroundings) -> None:
    web = SelfManaged(aws, 300)
    web.change(labels={"tier": "web"})
    plan = rolls.foreseen(max_surge="10%")
    assert [one["batch"] for one in plan["plan"]] == [number for number in range(1, 11) for _one in range(30)]
    assert sorted(rolls.ledger.operations()) == [
        *["DescribeAutoScalingGroups"] * 2,
        "DescribeCluster",
        "DescribeCluster",
        "DescribeInstanceRefreshes",
        "DescribeInstances",
        "DescribeLaunchTemplateVersions",
        "list nodes",
        *["list pods"] * 2,  # pages
    ]
