# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules fleet and fleet_info: plan, apply in order and side by side, prune, fail in part, adopt."""

from __future__ import annotations

import re
from typing import Any

import pytest

from support.ledger import Ledger
from support.playbook import Playbook, Run
from support.surroundings import Surroundings

ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
OWNER = {"flotilla.eks/cluster": "prod"}


class Fleet:
    """Runs ``flotilla.eks.fleet`` for the cluster prod."""

    def __init__(self, playbook: Playbook, ledger: Ledger) -> None:
        self.playbook = playbook
        self.ledger = ledger

    def run(self, wanted: dict[str, Any], **options: Any) -> Run:
        self.ledger.clear()
        task = {"name": "Fleet", "flotilla.eks.fleet": {"cluster_name": "prod", "wait_delay": 1, **wanted}}
        return self.playbook.tasks({**task, "diff": True}, **options)

    def result(self, wanted: dict[str, Any], **options: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.run(wanted, **options).results["Fleet"]
        assert "Traceback" not in str(result)
        return result

    def unchanged(self, wanted: dict[str, Any]) -> None:
        result = self.result(wanted)
        assert (result["changed"], self.ledger.writes()) == (False, [])

    def refused(self, wanted: dict[str, Any]) -> str:
        message = str(self.result(wanted, fails=True)["msg"])
        assert self.ledger.writes() == []
        return message


@pytest.fixture
def fleet(playbook: Playbook, ledger: Ledger) -> Fleet:
    return Fleet(playbook, ledger)


def whole(aws: Surroundings) -> dict[str, Any]:
    """One cluster with members of every kind."""
    return {
        "cluster": {
            "version": "1.34",
            "role_arn": aws.role("cluster"),
            "subnets": aws.private_subnets,
            "access_config": {"authentication_mode": "API"},
        },
        "access_entries": [entry(aws.role("cluster", "ops")), entry(aws.role("cluster", "dev"))],
        "nodegroups": [group(aws, "web"), group(aws, "batch", labels={"tier": "batch"})],
        "fargate_profiles": [profile(aws, name) for name in ("jobs", "cron", "ci")],
        "addons": [
            {"name": "coredns", "addon_version": "latest", "resolve_conflicts": "OVERWRITE"},
            {"name": "vpc-cni"},
        ],
        "pod_identity_associations": [
            {"namespace": "shop", "service_account": "web", "role_arn": aws.role("pods", "shop-web")}
        ],
    }


def entry(principal: str) -> dict[str, Any]:
    return {"principal_arn": principal, "policies": [{"policy_arn": ADMIN, "access_scope": {"type": "cluster"}}]}


def group(aws: Surroundings, name: str, **options: Any) -> dict[str, Any]:
    return {"name": name, "node_role": aws.role("node"), "subnets": aws.private_subnets, **options}


def profile(aws: Surroundings, name: str) -> dict[str, Any]:
    own = {"role_arn": aws.role("fargate"), "subnets": aws.private_subnets}
    return {"name": name, **own, "selectors": [{"namespace": name}]}


def actions(result: dict[str, Any]) -> dict[str, str]:
    return {one["resource"]: one["action"] for one in result["plan"]["entries"]}


def statuses(result: dict[str, Any]) -> dict[str, str]:
    return {one["resource"]: one["status"] for one in result["resources"]}


def test_a_whole_cluster_from_nothing(fleet: Fleet, aws: Surroundings, subtests: pytest.Subtests) -> None:
    wanted = whole(aws)

    with subtests.test("check mode plans all of it and writes nothing"):
        plan = fleet.result(wanted, check=True)
        assert plan["plan"]["counts"] == {"create": 11, "update": 0, "replace": 0, "delete": 0, "untouched": 0}
        assert (plan["changed"], fleet.ledger.writes()) == (True, [])
        assert fleet.ledger.operations("eks") == ["DescribeCluster", "DescribeAddonVersions"]
        assert [one["after_header"] for one in plan["diff"]][:2] == ["cluster prod", entry_title(wanted, 0)]

    with subtests.test("it is made in the order of its needs"):
        made = fleet.result(wanted)
        assert actions(made) == actions(plan)
        assert set(statuses(made).values()) == {"done"}
        assert all(one["seconds"] >= 0 for one in made["resources"])
        assert made["diff"] == plan["diff"]
        check_order(fleet.ledger.operations("eks"))
        assert made["observed"]["nodegroup/web"]["tags"] == OWNER
        assert made["observed"]["cluster/prod"]["status"] == "ACTIVE"

    with subtests.test("again changes nothing, with one call for each resource, and few more"):
        fleet.unchanged(wanted)
        lists = ["ListAssociatedAccessPolicies", "ListAssociatedAccessPolicies", "ListPodIdentityAssociations"]
        lookups = ["DescribeAddonVersions"]  # what "latest" is
        assert len(fleet.ledger.calls()) == 11 + len(lists) + len(lookups)

    with subtests.test("a change touches what differs, and nothing else"):
        wanted["nodegroups"][1]["labels"] = {"tier": "jobs"}
        wanted["cluster"]["zonal_shift_config"] = {"enabled": True}
        plan = fleet.result(wanted, check=True)
        assert fleet.ledger.writes() == []
        made = fleet.result(wanted)
        assert actions(made) == actions(plan) == {"cluster/prod": "update", "nodegroup/batch": "update"}
        writes = [call["operation"] for call in fleet.ledger.writes()]
        assert writes == ["UpdateClusterConfig", "UpdateNodegroupConfig"]
        fleet.unchanged(wanted)


def entry_title(wanted: dict[str, Any], index: int) -> str:
    return f"access entry {wanted['access_entries'][index]['principal_arn']} of cluster prod"


def check_order(operations: list[str]) -> None:
    """The cluster is first, add-ons are where nodes need them, and EKS had to refuse no second Fargate profile."""
    writes = [name for name in operations if name.startswith(("Create", "Associate"))]
    assert writes[0] == "CreateCluster"
    early, late = [place for place, name in enumerate(writes) if name == "CreateAddon"]
    assert early < writes.index("CreateNodegroup") < late
    assert sorted(writes) == sorted(
        ["CreateCluster", *["CreateAccessEntry", "AssociateAccessPolicy", "CreateNodegroup", "CreateAddon"] * 2]
        + ["CreateFargateProfile"] * 3
        + ["CreatePodIdentityAssociation"]
    )


def test_only_ours_is_pruned(fleet: Fleet, aws: Surroundings) -> None:
    aws.cluster(accessConfig={"authenticationMode": "API"})
    aws.nodegroup("theirs")
    aws.nodegroup("old", tags=OWNER)
    aws.fargate_profile("old", tags=OWNER)
    wanted = {"nodegroups": [group(aws, "web")], "prune": ["nodegroups"]}
    plan = fleet.result(wanted, check=True)
    assert actions(plan) == {"nodegroup/web": "create", "nodegroup/old": "delete"}
    assert fleet.ledger.writes() == []
    made = fleet.result(wanted)
    assert actions(made) == actions(plan)
    assert [call["operation"] for call in fleet.ledger.writes()] == ["CreateNodegroup", "DeleteNodegroup"]
    assert sorted(aws.eks.list_nodegroups(clusterName="prod")["nodegroups"]) == ["theirs", "web"]
    fleet.unchanged(wanted)

    plan = fleet.result(
        {**wanted, "prune": ["nodegroups", "fargate_profiles", "access_entries"], "prune_unowned": True}
    )
    assert actions(plan) == {"nodegroup/theirs": "delete", "fargate_profile/old": "delete"} | strangers(aws)


def strangers(aws: Surroundings) -> dict[str, str]:
    """The entry that EKS made for who created the cluster, which is nobody's by tag."""
    return {"access_entry/arn:aws:iam::123456789012:user/simulator": "delete"}


def test_a_group_is_replaced_by_a_successor(fleet: Fleet, aws: Surroundings) -> None:
    aws.cluster()
    create_first = {"replacement": "create_first", "replace": True}
    fleet.result({"nodegroups": [group(aws, "web", instance_types=["m5.large"], **create_first)]})
    wanted = {"nodegroups": [group(aws, "web", instance_types=["m6i.large"], **create_first)], "prune": ["nodegroups"]}
    plan = fleet.result(wanted, check=True)
    made = fleet.result(wanted)
    assert actions(plan) == actions(made) == {"nodegroup/web": "replace"}
    assert [call["operation"] for call in fleet.ledger.writes()] == ["CreateNodegroup", "DeleteNodegroup"]
    (successor,) = aws.eks.list_nodegroups(clusterName="prod")["nodegroups"]
    assert successor.startswith("web-")
    fleet.unchanged(wanted)


def test_what_replaces_it_fails_so_nothing_is_pruned(fleet: Fleet, aws: Surroundings) -> None:
    aws.cluster()
    aws.nodegroup("old", tags=OWNER)
    aws.simulator.fault(resource="nodegroup", name="new", becomes="CREATE_FAILED", code="NodeCreationFailure")
    result = fleet.result({"nodegroups": [group(aws, "new")], "prune": ["nodegroups"]}, fails=True)
    assert statuses(result) == {"nodegroup/new": "failed", "nodegroup/old": "not_started"}
    assert "Not begun because of that: nodegroup/old" in result["msg"]
    assert "old" in aws.eks.list_nodegroups(clusterName="prod")["nodegroups"]


def test_one_failure_stops_only_what_needs_it(fleet: Fleet, aws: Surroundings) -> None:
    wanted = whole(aws)
    aws.simulator.fault(resource="nodegroup", name="web", becomes="CREATE_FAILED", code="NodeCreationFailure")
    result = fleet.result(wanted, fails=True)
    assert result["changed"]
    assert (
        "1 of 11 failed. nodegroup/web: node group web of cluster prod is CREATE_FAILED: NodeCreation" in result["msg"]
    )
    assert {name for name, status in statuses(result).items() if status != "done"} == {
        "nodegroup/web",
        "addon/coredns",
    }
    assert "Not begun because of that: addon/coredns" in result["msg"]
    aws.simulator.clear_faults()

    wanted["nodegroups"].append(group(aws, "more"))
    result = fleet.result(wanted, fails=True)
    assert "nodegroup/web: node group web of cluster prod: status: found CREATE_FAILED, wanted ACTIVE" in result["msg"]
    assert actions(result) == {"nodegroup/more": "create", "addon/coredns": "create"}
    assert statuses(result)["nodegroup/more"] == "done"
    aws.eks.delete_nodegroup(clusterName="prod", nodegroupName="web")
    assert actions(fleet.result(wanted)) == {"nodegroup/web": "create", "addon/coredns": "create"}
    fleet.unchanged(wanted)


def test_a_cluster_that_fails_stops_all(fleet: Fleet, aws: Surroundings) -> None:
    aws.simulator.fault(resource="cluster", name="prod", becomes="FAILED", code="Ec2SubnetNotFound")
    result = fleet.result(whole(aws), fails=True)
    assert set(statuses(result).values()) == {"failed", "not_started"}
    assert all("cluster/prod" in one.get("because_of", ["cluster/prod"]) for one in result["resources"])
    assert [call["operation"] for call in fleet.ledger.writes()] == ["CreateCluster"]


def test_errors_name_their_entry_and_all_are_told_at_once(fleet: Fleet, aws: Surroundings) -> None:
    taint = {"key": "a", "effect": "NEVER"}
    message = fleet.refused(
        {
            "cluster": {"colour": "red"},
            "nodegroups": [group(aws, "web"), group(aws, "b", taints=[taint]), {"labels": {}}, group(aws, "web")],
            "fargate_profiles": [{"name": "jobs", "subnets": {}, "selectors": 7}],
        }
    )
    assert "cluster.colour: there is no such option; there are: access_config, " in message
    assert "nodegroups[1].taints[0].effect: found 'NEVER', wanted one of NO_SCHEDULE, " in message
    assert "nodegroups[2].name: missing; it is required" in message
    assert "nodegroups[3]: nodegroup/web is listed twice, first as nodegroups[0]" in message
    assert "fargate_profiles[0].selectors[0]: found '7', wanted a dictionary of options" in message
    assert fleet.ledger.calls() == []


def test_what_cannot_be_is_refused_before_anything_is_written(fleet: Fleet, aws: Surroundings) -> None:
    aws.cluster()
    aws.nodegroup("web")
    message = fleet.refused(
        {
            "nodegroups": [group(aws, "web", instance_types=["m6i.large"]), {"name": "new"}],
            "fargate_profiles": [profile(aws, "jobs")],
        }
    )
    assert "nodegroup/web: node group web of cluster prod: instance_types: found" in message
    assert "nodegroup/new: node group new of cluster prod does not exist, and to create it" in message


def test_a_cluster_of_somebody_else_must_exist(fleet: Fleet, aws: Surroundings) -> None:
    wanted = {"nodegroups": [group(aws, "web")]}
    assert "there is no such cluster in this account and region" in fleet.refused(wanted)
    plan = fleet.result(wanted, check=True)
    assert actions(plan) == {"nodegroup/web": "create"}


def test_a_run_that_was_killed_is_finished_by_the_next(fleet: Fleet, aws: Surroundings, playbook: Playbook) -> None:
    wanted = whole(aws)
    task = {"flotilla.eks.fleet": {"cluster_name": "prod", "wait_delay": 1, **wanted}}
    play = [{"hosts": "all", "gather_facts": False, "tasks": [task]}]
    playbook.killed(play, lambda: "CreateNodegroup" in fleet.ledger.operations("eks"))
    made = fleet.result(wanted)
    assert all(status in ("done", "untouched") for status in statuses(made).values())
    fleet.unchanged(wanted)


def test_what_others_made_is_adopted_without_a_change(fleet: Fleet, aws: Surroundings, playbook: Playbook) -> None:
    """``fleet_info``, saved and given to ``fleet``, changes nothing, whatever the cluster is like."""
    aws.cluster(
        tags={"Team": "a"},
        version="1.33",
        logging={"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]},
        encryptionConfig=[{"resources": ["secrets"], "provider": {"keyArn": aws.key}}],
        accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"},
        upgradePolicy={"supportType": "STANDARD"},
        zonalShiftConfig={"enabled": True},
        deletionProtection=True,
    )
    template = {"LaunchTemplateName": "nodes", "LaunchTemplateData": {"InstanceType": "m6i.large"}}
    aws.ec2.create_launch_template(**template)
    aws.nodegroup("templated", launchTemplate={"name": "nodes", "version": "1"})
    taints = [{"key": "gpu", "value": "true", "effect": "NO_SCHEDULE"}]
    aws.nodegroup("web", labels={"a.b/c": "1"}, taints=taints, updateConfig={"maxUnavailablePercentage": 33})
    aws.fargate_profile("jobs", selectors=[{"namespace": "jobs", "labels": {"x": "1"}}])
    aws.eks.create_access_entry(clusterName="prod", principalArn=aws.role("cluster", "ops"), kubernetesGroups=["ops"])
    values = '{"replicaCount": 3}'
    aws.eks.create_addon(
        clusterName="prod", addonName="coredns", configurationValues=values, resolveConflicts="OVERWRITE"
    )
    issuer = {"issuerUrl": "https://idp.example.com", "clientId": "kubernetes", "identityProviderConfigName": "idp"}
    aws.eks.associate_identity_provider_config(clusterName="prod", oidc=issuer)
    aws.settle()

    info = {"name": "Read", "flotilla.eks.fleet_info": {"cluster_name": "prod"}}
    live = playbook.tasks(info).results["Read"]["fleet"]
    assert [one["name"] for one in live["nodegroups"]] == ["templated", "web"]
    assert live["nodegroups"][1]["labels"] == {"a.b/c": "1"}
    assert live["addons"][0]["configuration_values"] == {"replicaCount": 3}
    fleet.unchanged(live)
    assert actions(fleet.result({**live, "prune": [option for option in live if isinstance(live[option], list)]})) == {}


def test_a_cluster_that_is_not_there_has_no_fleet(playbook: Playbook) -> None:
    info = {"name": "Read", "flotilla.eks.fleet_info": {"cluster_name": "prod"}}
    assert playbook.tasks(info).results["Read"]["fleet"] == {}


def test_progress_is_shown_while_it_happens(fleet: Fleet, aws: Surroundings) -> None:
    aws.cluster()
    run = fleet.run({"nodegroups": [group(aws, "web")]})
    lines = re.findall(r"^prod  nodegroup/web  (.+)  \d+s$", run.stdout, re.MULTILINE)
    assert lines == ["begun", "CREATING", "ACTIVE"]
    run = fleet.run({"nodegroups": [group(aws, "api")], "show_progress": False})
    assert "nodegroup/api  CREATING" not in run.output
