# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks as AWX runs them: in slices, with artifacts for the next job, live progress, and a user who cancels."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eks_simulator.process import SimulatorProcess
from support.awx import Inventory, sliced
from support.ledger import Ledger
from support.playbook import Programs
from support.runner import Event, Job
from support.self_managed import SelfManaged
from support.surroundings import Surroundings

PHASES = "--tags cluster,managed_nodes"


def clusters(aws: Surroundings, *hosts: str, **variables: Any) -> Inventory:
    """Clusters on subnets and roles of somebody else."""
    for subnet in aws.private_subnets:
        aws.ec2.create_tags(Resources=[subnet], Tags=[{"Key": "kubernetes.io/role/internal-elb", "Value": "1"}])
    roles = {f"iam_given_{purpose}_role_arn": aws.role(purpose) for purpose in ("cluster", "node", "fargate")}
    here = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    given = {"network_given_private_subnet_ids": aws.private_subnets, **roles}
    return {"eks_clusters": {"hosts": {host: {} for host in hosts}, "vars": {**here, **given, **variables}}}


def warm() -> dict[str, str]:
    """Variables of a job that is not cancelled: a module that starts warm is no descendant of it."""
    return {"ansible_python_interpreter": str(Programs.get().python)}


def test_slices_at_the_same_time_hand_on_what_they_did(
    tmp_path: Path, simulator: SimulatorProcess, aws: Surroundings, ledger: Ledger
) -> None:
    inventory = clusters(aws, "one", "two", **warm())
    parts = [sliced(inventory, number, 2) for number in (1, 2)]

    def job(name: str, part: Inventory, **options: Any) -> Job:
        return Job(tmp_path / name, simulator.env, "site", part, **options)

    with (
        job("first", parts[0], arguments=PHASES) as first,
        job("second", parts[1], arguments=PHASES) as second,
    ):
        pass
    assert (first.status, second.status) == ("successful", "successful"), first.output + second.output
    assert sorted(aws.eks.list_clusters()["clusters"]) == ["one", "two"]
    done = first.artifacts["eks_site"]
    assert list(done) == ["one"]
    assert (done["one"]["status"], done["one"]["cluster"]) == ("ACTIVE", "one")
    assert "create cluster/one" in done["one"]["changes"]
    assert list(second.artifacts["eks_site"]) == ["two"]

    handed_on = {**first.artifacts, **second.artifacts}
    ledger.clear()
    with job("plan", inventory, variables=handed_on, arguments=f"--check {PHASES}") as plan:
        pass
    assert plan.status == "successful", plan.output
    assert {host: found["changes"] for host, found in plan.artifacts["eks_site"].items()} == {"one": [], "two": []}
    assert ledger.writes() == []
    for ran in (first, second, plan):
        everything = json.dumps(ran.events)
        for secret in (simulator.env["AWS_SECRET_ACCESS_KEY"], "k8s-aws-v1."):
            assert secret not in everything


@pytest.fixture
def slower(request: pytest.FixtureRequest) -> Iterator[SimulatorProcess]:
    """A simulated AWS on which what a test waits for takes seconds, time enough to be cancelled in."""
    with SimulatorProcess(speed=request.param) as process:
        yield process


def progress(resource: str, state: str) -> Callable[[Event], bool]:
    return lambda event: f"demo  {resource}  {state}  " in event["stdout"]


@pytest.mark.parametrize("slower", [100], indirect=True)
def test_what_a_cancelled_job_left_the_next_one_finishes(tmp_path: Path, slower: SimulatorProcess) -> None:
    aws, ledger = Surroundings(slower), Ledger(slower)
    group: dict[str, Any] = {"name": "web", "scaling_config": {"min_size": 1, "max_size": 3, "desired_size": 1}}

    def job(name: str, **variables: Any) -> Job:
        inventory = clusters(aws, "demo", managed_nodes_groups=[group], **variables)
        return Job(tmp_path / name, slower.env, "site", inventory, arguments=PHASES)

    with job("cancelled") as cancelled:
        event = cancelled.until(progress("cluster/demo", "CREATING"))
        assert event["event"] == "verbose"  # and the task has not ended: it was told while it was done
        cancelled.cancel()
    assert cancelled.status == "canceled", cancelled.output
    with job("finishing", **warm()) as finishing:
        finishing.until(progress("nodegroup/web", "ACTIVE"))
    assert finishing.status == "successful", finishing.output
    assert aws.eks.describe_nodegroup(clusterName="demo", nodegroupName="web")["nodegroup"]["status"] == "ACTIVE"
    made = [call["operation"] for call in ledger.calls("eks") if call["operation"].startswith("Create")]
    assert sorted(made) == ["CreateAccessEntry", "CreateCluster", "CreateNodegroup"]


@pytest.mark.parametrize("slower", [30], indirect=True)
def test_a_cancelled_roll_is_finished(tmp_path: Path, slower: SimulatorProcess) -> None:
    aws, ledger = Surroundings(slower), Ledger(slower)
    web = SelfManaged(aws, size=2)
    web.deploy(replicas=2, available=1)
    web.change(labels={"tier": "web"})
    old, sizes = set(web.instances), web.sizes
    task = {"flotilla.eks.roll": {"cluster_name": "prod", "wait_delay": 1}}
    plays = [{"hosts": "eks_clusters", "gather_facts": False, "tasks": [task]}]

    def job(name: str, **variables: Any) -> Job:
        return Job(tmp_path / name, slower.env, plays, clusters(aws, "prod", **variables))

    with job("cancelled") as cancelled:
        cancelled.until(lambda event: "prod  roll/prod-web  cordon " in event["stdout"])
        cancelled.cancel()
    assert cancelled.status == "canceled", cancelled.output
    assert old & set(web.instances)
    with job("finishing", **warm()) as finishing:
        pass
    assert finishing.status == "successful", finishing.output
    assert not old & set(web.instances)
    web.untouched(sizes=sizes)
    assert ledger.lost_pods() == []
