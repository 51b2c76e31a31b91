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
def slower() -> Iterator[SimulatorProcess]:
    """A simulated AWS on which a cluster takes seconds to come, time enough to be cancelled in."""
    with SimulatorProcess(speed=30) as process:
        yield process


def progress(resource: str, state: str) -> Callable[[Event], bool]:
    return lambda event: f"demo  {resource}  {state}  " in event["stdout"]


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


def test_a_cancelled_update_is_finished(tmp_path: Path, slower: SimulatorProcess) -> None:
    aws = Surroundings(slower)
    aws.cluster("demo")
    aws.nodegroup("web", cluster="demo", scalingConfig={"minSize": 1, "maxSize": 3, "desiredSize": 1})
    scaling = {"min_size": 1, "max_size": 3, "desired_size": 2}
    group = {"name": "web", "scaling_config": scaling, "labels": {"tier": "web"}}

    def job(name: str, **variables: Any) -> Job:
        inventory = clusters(aws, "demo", managed_nodes_groups=[group], **variables)
        return Job(tmp_path / name, slower.env, "site", inventory, arguments="--tags managed_nodes")

    with job("cancelled") as cancelled:
        cancelled.until(progress("nodegroup/web", "ConfigUpdate InProgress"))
        cancelled.cancel()
    assert cancelled.status == "canceled", cancelled.output
    with job("finishing", **warm()) as finishing:
        pass
    assert finishing.status == "successful", finishing.output
    found = aws.eks.describe_nodegroup(clusterName="demo", nodegroupName="web")["nodegroup"]
    assert (found["status"], found["labels"], found["scalingConfig"]["desiredSize"]) == ("ACTIVE", {"tier": "web"}, 2)
