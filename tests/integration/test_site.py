# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks site and decommission: from an empty account and back, stopped in the middle, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from eks_simulator.process import SimulatorProcess
from support.checkout import CHECKOUT
from support.ledger import Ledger
from support.playbook import Playbook, Run
from support.surroundings import Surroundings

SITE = "flotilla.eks.site"
DECOMMISSION = "flotilla.eks.decommission"
BECOMES = "Say what would become a node of a cluster that is still to be made"
FUTURE: dict[str, Any] = {
    group: {"hosts": {host: {"eks_cluster": "demo", "ansible_host": "192.0.2.1"}}}
    for group, host in {"eks_hybrid_nodes": "edge-1", "eks_ec2_nodes": "batch-1"}.items()
}
"""Hosts that nobody can reach, nor has to before their cluster is there."""
CONFIRMED = {"decommission_confirm": "demo"}
EXAMPLE: dict[str, Any] = yaml.safe_load(
    (CHECKOUT / "playbooks" / "inventory-example" / "host_vars" / "demo.yml").read_text(encoding="utf-8")
)


def inventory(*hosts: str, **variables: Any) -> dict[str, Any]:
    return {"eks_clusters": {"hosts": {host: {} for host in hosts or ("demo",)}, "vars": variables}}


def given(aws: Surroundings) -> dict[str, Any]:
    """The example with one node group and one Fargate profile, on subnets and roles of somebody else."""
    for subnet in aws.private_subnets:
        aws.ec2.create_tags(Resources=[subnet], Tags=[{"Key": "kubernetes.io/role/internal-elb", "Value": "1"}])
    roles = {f"iam_given_{purpose}_role_arn": aws.role(purpose) for purpose in ("cluster", "node", "fargate")}
    some = {name: EXAMPLE[name][:1] for name in ("managed_nodes_groups", "fargate_profiles")}
    some["self_managed_nodes_groups"] = []  # a given role comes without an instance profile
    return inventory(**{**EXAMPLE, "network_given_private_subnet_ids": aws.private_subnets, **roles, **some})


def called(simulator: SimulatorProcess, operation: str) -> Callable[[], bool]:
    """Whether the operation has been called."""
    return lambda: any(entry["operation"] == operation for entry in simulator.ledger())


def account(aws: Surroundings) -> set[str]:
    """What there is."""
    nat = [gateway for gateway in aws.ec2.describe_nat_gateways()["NatGateways"] if gateway["State"] != "deleted"]
    return {
        *aws.eks.list_clusters()["clusters"],
        *(role["Arn"] for role in aws.iam.list_roles()["Roles"]),
        *(vpc["VpcId"] for vpc in aws.ec2.describe_vpcs()["Vpcs"]),
        *(subnet["SubnetId"] for subnet in aws.ec2.describe_subnets()["Subnets"]),
        *(table["RouteTableId"] for table in aws.ec2.describe_route_tables()["RouteTables"]),
        *(gateway["NatGatewayId"] for gateway in nat),
        *(address["AllocationId"] for address in aws.ec2.describe_addresses()["Addresses"]),
        *(group["GroupId"] for group in aws.ec2.describe_security_groups()["SecurityGroups"]),
        *(one["LaunchTemplateId"] for one in aws.ec2.describe_launch_templates()["LaunchTemplates"]),
        *(profile["Arn"] for profile in aws.iam.list_instance_profiles()["InstanceProfiles"]),
    }


def contexts(playbook: Playbook) -> list[str]:
    kubeconfig = playbook.directory / ".kube" / "config"
    return [context["name"] for context in yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))["contexts"] or []]


def changed_tasks(run: Run) -> set[str]:
    return {line["task"] for line in run.lines if line["status"] == "ok" and line["result"].get("changed")}


def test_from_an_empty_account_and_back(
    playbook: Playbook, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests
) -> None:
    hosts = inventory(**{**EXAMPLE, "network_zone_count": 2, "network_nat": "none"})
    aws.role("cluster")
    before = {*account(aws), *aws.private_subnets, aws.vpc}
    before |= account(aws)

    with subtests.test("the plan shows every phase and writes nothing"):
        ledger.clear()
        plan = playbook.run(SITE, inventory={**hosts, **FUTURE}, check=True, diff=True)
        assert ledger.writes() == []
        assert account(aws) == before
        assert changed_tasks(plan) >= {
            "Plan the network",
            "Plan the roles",
            "Make or change the cluster with its administrators",
            "Make or change the node groups",
            "Say what would be made in a cluster that is still to be made",
            "Make or change the Fargate profiles",
            "Keep the context in the kubeconfig file, or out of it",
        }
        for host in ("edge-1", "batch-1"):
            assert plan.on(host)[BECOMES]["msg"] == f"Host {host} would become a node of demo, once that is there"

    with subtests.test("what was planned is made"):
        playbook.run(SITE, inventory=hosts)
        assert aws.eks.describe_cluster(name="demo")["cluster"]["status"] == "ACTIVE"
        assert sorted(aws.eks.list_nodegroups(clusterName="demo")["nodegroups"]) == ["batch", "general"]
        assert sorted(aws.eks.list_fargate_profiles(clusterName="demo")["fargateProfileNames"]) == ["jobs", "system"]
        assert contexts(playbook) == ["demo"]

    with subtests.test("again changes nothing"):
        ledger.clear()
        assert (playbook.run(SITE, inventory=hosts).changed, ledger.writes()) == (0, [])

    with subtests.test("the plan of the removal writes nothing"):
        ledger.clear()
        plan = playbook.run(DECOMMISSION, inventory=hosts, check=True)
        assert ledger.writes() == []
        assert changed_tasks(plan) >= {
            "Plan the removal",
            "Remove the node groups",
            "Remove the Fargate profiles",
            "Delete the cluster",
        }

    with subtests.test("all that was made is removed, and no more"):
        playbook.run(DECOMMISSION, inventory=hosts, variables=CONFIRMED)
        assert account(aws) == before
        assert contexts(playbook) == []

    with subtests.test("once more there is nothing to remove"):
        ledger.clear()
        assert playbook.run(DECOMMISSION, inventory=hosts, variables=CONFIRMED).changed == 0
        assert ledger.writes() == []


def test_stopped_anywhere_it_finishes_when_run_again(
    playbook: Playbook, simulator: SimulatorProcess, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests
) -> None:
    hosts = given(aws)
    before = account(aws)

    with subtests.test("site, while a node group comes"):
        playbook.killed(SITE, called(simulator, "CreateNodegroup"), inventory=hosts)
        playbook.run(SITE, inventory=hosts)
        made = [
            entry for entry in ledger.writes("eks") if entry["operation"].startswith("Create") and not entry["error"]
        ]
        kinds = sorted(entry["operation"] for entry in made)
        assert kinds == ["CreateAccessEntry", "CreateCluster", "CreateFargateProfile", "CreateNodegroup"]

    with subtests.test("decommission, while a node group goes"):
        playbook.killed(DECOMMISSION, called(simulator, "DeleteNodegroup"), inventory=hosts, variables=CONFIRMED)
        playbook.run(DECOMMISSION, inventory=hosts, variables=CONFIRMED)
        assert account(aws) == before


def test_what_others_made_is_never_removed(
    playbook: Playbook, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests
) -> None:
    hosts = given(aws)
    aws.cluster("demo")
    aws.nodegroup("theirs", cluster="demo")

    with subtests.test("on a cluster of somebody else nothing is touched"):
        ledger.clear()
        run = playbook.run(DECOMMISSION, inventory=hosts, variables=CONFIRMED)
        assert (run.changed, ledger.writes()) == (0, [])

    with subtests.test("a node group of somebody else keeps the cluster from being deleted"):
        arn = aws.eks.describe_cluster(name="demo")["cluster"]["arn"]
        aws.eks.tag_resource(resourceArn=arn, tags={"flotilla.eks/cluster": "demo"})
        run = playbook.run(DECOMMISSION, inventory=hosts, variables=CONFIRMED, fails=True)
        assert "node group theirs" in run.last["msg"]
        assert aws.eks.list_nodegroups(clusterName="demo")["nodegroups"] == ["theirs"]


@pytest.mark.parametrize("confirmed", [{}, {"decommission_confirm": "dem"}, {"decommission_confirm": "one"}])
def test_nothing_is_removed_unless_every_cluster_is_confirmed(
    playbook: Playbook, ledger: Ledger, confirmed: dict[str, str]
) -> None:
    run = playbook.run(DECOMMISSION, inventory=inventory("one", "two"), variables=confirmed, fails=True)
    assert "say -e decommission_confirm=two" in run.on("two")["Refuse to remove a cluster that was not named"]["msg"]
    assert ledger.calls() == []


def test_a_machine_does_not_leave_with_the_cluster_of_others(playbook: Playbook, ledger: Ledger) -> None:
    hosts = {**inventory("demo", "other"), **FUTURE}
    confirmed = {"decommission_confirm": "other"}
    run = playbook.run(
        DECOMMISSION, inventory=hosts, variables=confirmed, arguments=["--limit", "other,edge-1"], fails=True
    )
    told = run.on("edge-1")["Refuse to have a host leave before a cluster that stays"]["msg"]
    assert "would leave cluster demo, which is not among those that are to be removed" in told
    assert ledger.calls() == []


def test_a_machine_that_is_lost_while_it_leaves_keeps_the_clusters(
    playbook: Playbook, ledger: Ledger, aws: Surroundings
) -> None:
    """It is this computer until it was looked at, and then nowhere. Another one is dead, and leaves as such."""
    aws.cluster("demo", tags={"flotilla.eks/cluster": "demo"})
    nowhere = {
        "eks_cluster": "demo",
        "ansible_host": "127.0.79.1",
        "ansible_connection": "ssh",
        "ansible_become": False,
    }
    lost = {
        "ansible_connection": "{{ 'ssh' if hybrid_nodes_dead is defined else 'local' }}",
        "hybrid_nodes_skip_checks": ["privileges", "systemd", "busy"],
    }
    dead = {"hybrid_nodes_unreachable": "remove", "hybrid_nodes_node_name": "mi-0a1b2c3d4e5f60718"}
    machines = {"edge-1": {**nowhere, **lost}, "edge-2": {**nowhere, **dead}}
    hosts = {**given(aws), "eks_hybrid_nodes": {"hosts": machines}}
    ledger.clear()
    run = playbook.run(DECOMMISSION, inventory=hosts, variables=CONFIRMED, fails=True)
    assert run.stats["edge-1"]["unreachable"] == 1
    told = run.on("demo")["Refuse to remove clusters whose machines have not left"]["msg"]
    assert told.startswith("edge-1 could not be reached any more before all was done that leaving takes")
    assert ledger.writes() == []


def test_tags_choose_a_phase_with_what_it_builds_on(playbook: Playbook, aws: Surroundings) -> None:
    aws.cluster("demo")
    hosts = given(aws)
    run = playbook.run(SITE, inventory=hosts, arguments=["--tags", "fargate"])
    assert changed_tasks(run) == {"Make or change the Fargate profiles"}
    assert aws.eks.list_fargate_profiles(clusterName="demo")["fargateProfileNames"] == ["system"]
