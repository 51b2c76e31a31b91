# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role self_managed_nodes on clusters of somebody else: make, again, roll, shrink, diagnose, remove."""

from __future__ import annotations

from typing import Any

import pytest

from support.clusters import api_of
from support.ledger import Ledger
from support.playbook import Playbook
from support.roles import Role
from support.surroundings import Surroundings

API = {"authenticationMode": "API"}
TAINT = {"key": "workload", "value": "batch", "effect": "NoSchedule"}


def nodes(aws: Surroundings, group: str = "batch") -> list[dict[str, Any]]:
    return api_of(aws).list_all("/api/v1/nodes", labels=f"flotilla.eks/nodegroup={group}")


def labels(aws: Surroundings) -> set[str]:
    """The values of the label tier."""
    return {node["metadata"]["labels"]["tier"] for node in nodes(aws)}


def deploy(aws: Surroundings) -> None:
    """Two pods that tolerate the taint, and a budget that lets one of them go at a time."""
    api, chosen = api_of(aws), {"app": "crunch"}
    api.create("/api/v1/namespaces", {"metadata": {"name": "shop"}})
    container = {"name": "crunch", "image": "public.ecr.aws/docker/library/busybox:1.37"}
    pod = {"containers": [container], "tolerations": [{"key": TAINT["key"], "operator": "Exists"}]}
    template = {"metadata": {"labels": chosen}, "spec": pod}
    spec = {"replicas": 2, "selector": {"matchLabels": chosen}, "template": template}
    api.create("/apis/apps/v1/namespaces/shop/deployments", {"metadata": {"name": "crunch"}, "spec": spec})
    budget = {"maxUnavailable": 1, "selector": {"matchLabels": chosen}}
    path = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets"
    api.create(path, {"metadata": {"name": "crunch"}, "spec": budget})
    aws.settle()


def lost(ledger: Ledger) -> list[Any]:
    """What the simulator says of pods that went down with their node."""
    return ledger.calls("simulator", "lose pods")


def profile(aws: Surroundings, name: str = "test-node") -> str:
    """An instance profile of the role of this name."""
    made = aws.iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]
    aws.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return str(made)


def common(aws: Surroundings) -> dict[str, Any]:
    """What all groups of the cluster share."""
    given = {
        "self_managed_nodes_role_arn": aws.role("node"),
        "self_managed_nodes_instance_profile": profile(aws),
        "self_managed_nodes_subnet_ids": aws.private_subnets,
    }
    aws.settle()
    waits = {"self_managed_nodes_wait_timeout": 60, "self_managed_nodes_roll_drain_timeout": 60}
    return {"self_managed_nodes_cluster_name": "prod", **waits, **given}


def group(name: str = "batch", **members: Any) -> dict[str, Any]:
    scaling = {"min_size": 1, "max_size": 3, "desired_size": 2}
    return {"name": name, "instance_types": ["m7i.large"], "scaling": scaling, **members}


def account(aws: Surroundings) -> dict[str, Any]:
    """What there is, but for what roles, subnets and the like have of themselves."""
    rules = aws.ec2.describe_security_groups()["SecurityGroups"]
    return {
        "scaling groups": [one["AutoScalingGroupName"] for one in scaling_groups(aws)],
        "launch templates": [
            one["LaunchTemplateName"] for one in aws.ec2.describe_launch_templates()["LaunchTemplates"]
        ],
        "security groups": {one["GroupId"]: (one["IpPermissions"], one["IpPermissionsEgress"]) for one in rules},
        "roles": sorted(role["RoleName"] for role in aws.iam.list_roles()["Roles"]),
        "profiles": [one["Arn"] for one in aws.iam.list_instance_profiles()["InstanceProfiles"]],
        "access entries": sorted(aws.eks.list_access_entries(clusterName="prod")["accessEntries"]),
    }


def scaling_groups(aws: Surroundings) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return found


def test_made_rolled_and_removed_without_a_trace(
    playbook: Playbook, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests
) -> None:
    aws.cluster("prod", version="1.33", resourcesVpcConfig={"endpointPrivateAccess": True}, accessConfig=API)
    cluster = Role(playbook, "self_managed_nodes", [], **common(aws))
    batch = group(labels={"tier": "batch"}, taints=[TAINT], tags={"team": "blue"})
    wanted: dict[str, Any] = {"self_managed_nodes_groups": [batch]}
    before = account(aws)

    with subtests.test("check mode writes nothing"):
        ledger.clear()
        plan = cluster.run(check=True, **wanted)
        assert ledger.writes() == []
        assert plan.changed > 0

    with subtests.test("the nodes are ready, with labels and taints"):
        cluster.run(**wanted)
        found = nodes(aws)
        assert (len(found), labels(aws)) == (2, {"batch"})
        assert all(TAINT in node["spec"]["taints"] for node in found)

    with subtests.test("again changes nothing"):
        ledger.clear()
        again = cluster.run(**wanted)
        assert (again.changed, ledger.writes()) == (0, [])

    with subtests.test("another label is told in check mode, and by itself replaces nothing"):
        batch["labels"] = {"tier": "slow"}
        ledger.clear()
        told = cluster.run(check=True, **wanted).results["Say which nodes will be outdated"]["results"][0]["msg"]
        assert told.startswith("node group batch: its 2 nodes are outdated then, by user_data")
        assert ledger.writes() == []
        run = cluster.run(**wanted)
        assert "prod-batch: some nodes are of an earlier version" in run.results["Say which nodes stay outdated"]["msg"]
        assert labels(aws) == {"batch"}

    with subtests.test("rolled, no pod is lost"):
        first = {node["metadata"]["uid"] for node in nodes(aws)}
        deploy(aws)
        cluster.run(**wanted, self_managed_nodes_roll=True)
        assert labels(aws) == {"slow"}
        assert not first & {node["metadata"]["uid"] for node in nodes(aws)}
        assert lost(ledger) == []
        ledger.clear()
        again = cluster.run(**wanted, self_managed_nodes_roll=True)
        assert (again.changed, ledger.writes()) == (0, [])

    with subtests.test("what is too much is drained and removed"):
        batch["scaling"] = {"min_size": 1, "max_size": 3, "desired_size": 1}
        cluster.run(**wanted)
        assert len(nodes(aws)) == 1
        assert lost(ledger) == []

    with subtests.test("check mode foretells the removal"):
        api_of(aws).delete("/apis/apps/v1/namespaces/shop/deployments/crunch")
        ledger.clear()
        plan = cluster.run(check=True, self_managed_nodes_state="absent")
        assert plan.results["Plan the removal"]["results"][0]["msg"] == (
            "node group batch: drain and terminate its 1 nodes, and remove it"
        )
        assert ledger.writes() == []

    with subtests.test("removed, drained, nothing is left"):
        cluster.run(self_managed_nodes_state="absent")
        assert account(aws) == before
        assert lost(ledger) == []

    with subtests.test("removed again changes nothing"):
        ledger.clear()
        again = cluster.run(self_managed_nodes_state="absent")
        assert (again.changed, ledger.writes()) == (0, [])


def test_every_system_and_roles_that_are_shared(
    playbook: Playbook, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests
) -> None:
    """Windows with a role of its own, Bottlerocket without the cluster's security group, Ubuntu a group a zone."""
    aws.cluster("prod", version="1.33", resourcesVpcConfig={"endpointPrivateAccess": True}, accessConfig=API)
    role = Role(playbook, "self_managed_nodes", [], **common(aws))
    small = {"min_size": 1, "max_size": 2, "desired_size": 1}
    windows = group("win", ami={"family": "windows"}, policies=["CloudWatchAgentServerPolicy"], scaling=small)
    rocket = group("rocket", ami={"family": "bottlerocket"}, cluster_security_group=False, scaling=small)
    ubuntu = group("ubuntu", ami={"family": "ubuntu"}, one_group_per_zone=True, scaling=small)
    ubuntu |= {"instance_types": ["m7i.large", "m6i.large"], "subnets": aws.private_subnets[:2]}
    before = account(aws)
    wanted: dict[str, Any] = {"self_managed_nodes_groups": [windows, rocket, ubuntu]}

    with subtests.test("check mode foretells it, roles and all"):
        ledger.clear()
        role.run(check=True, **wanted)
        assert ledger.writes() == []

    with subtests.test("each joins, by the right type of entry"):
        role.run(**wanted)
        assert [len(nodes(aws, name)) for name in ("win", "rocket", "ubuntu")] == [1, 1, 2]
        assert entries(aws) == {"prod-win-node": "EC2_WINDOWS", "test-node": "EC2_LINUX"}
        cni = api_of(aws).get("/api/v1/namespaces/kube-system/configmaps/amazon-vpc-cni")
        assert cni["data"]["enable-windows-ipam"] == "true"
        assert len([one for one in scaling_groups(aws) if one["AutoScalingGroupName"].startswith("prod-ubuntu-")]) == 2

    with subtests.test("again changes nothing"):
        ledger.clear()
        assert (role.run(**wanted).changed, ledger.writes()) == (0, [])

    with subtests.test("a role stays as long as a group has it"):
        rocket["state"] = "absent"
        role.run(**wanted)
        assert nodes(aws, "rocket") == []
        assert entries(aws) == {"prod-win-node": "EC2_WINDOWS", "test-node": "EC2_LINUX"}

    with subtests.test("with the last of them all goes"):
        role.run(self_managed_nodes_state="absent", self_managed_nodes_drain=False)
        assert account(aws) == before


def entries(aws: Surroundings) -> dict[str, str]:
    """The types of the access entries of nodes by the names of their roles."""
    found = {}
    for arn in aws.eks.list_access_entries(clusterName="prod")["accessEntries"]:
        entry = aws.eks.describe_access_entry(clusterName="prod", principalArn=arn)["accessEntry"]
        if entry["type"] != "STANDARD":
            found[arn.rpartition("/")[2]] = entry["type"]
    return found


def test_by_aws_auth_and_why_a_node_does_not_join(
    playbook: Playbook, aws: Surroundings, subtests: pytest.Subtests
) -> None:
    mode = {"authenticationMode": "CONFIG_MAP"}
    aws.cluster("prod", version="1.33", resourcesVpcConfig={"endpointPrivateAccess": True}, accessConfig=mode)
    role = Role(playbook, "self_managed_nodes", [], **common(aws))

    def rows() -> str:
        found = api_of(aws).find("/api/v1/namespaces/kube-system/configmaps/aws-auth") or {}
        return str((found.get("data") or {}).get("mapRoles", ""))

    with subtests.test("nodes join by a row"):
        role.run(self_managed_nodes_groups=[group()])
        assert len(nodes(aws)) == 2
        assert "role/test-node" in rows()

    with subtests.test("an instance refresh replaces them, too"):
        other = [group(labels={"tier": "new"})]
        role.run(
            self_managed_nodes_groups=other,
            self_managed_nodes_roll=True,
            self_managed_nodes_replacement="instance_refresh",
        )
        assert (len(nodes(aws)), labels(aws)) == (2, {"new"})

    with subtests.test("the failure says why others do not"):
        useless = {"role_arn": aws.role("pods", "useless"), "instance_profile": profile(aws, "useless")}
        message = role.refused(self_managed_nodes_groups=[group("poor", **useless)], self_managed_nodes_wait_timeout=5)
        assert "0 of 2 are Ready" in message
        assert "role_policies (blocking)" in message

    with subtests.test("removed, the rows are gone"):
        role.run(self_managed_nodes_state="absent", self_managed_nodes_drain=False)
        assert "role/" not in rows()
        assert scaling_groups(aws) == []
