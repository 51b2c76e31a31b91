# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances of managed node groups become Nodes, are kept as their group is, are replaced, and go."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from unit.simulator.account import CREATION, LONG, Account, taint
from unit.simulator.kubectl import Kubectl

SIZES = {"minSize": 0, "maxSize": 6, "desiredSize": 2}
GROUP = "eks.amazonaws.com/nodegroup"

Node = dict[str, Any]


@pytest.fixture
def kubectl(account: Account, standing_cluster: str, tmp_path: Path) -> Kubectl:
    return Kubectl(account, standing_cluster, tmp_path)


def nodes(kubectl: Kubectl, group: str) -> list[Node]:
    return kubectl.objects("nodes", "-l", f"{GROUP}={group}")


def is_ready(node: Node) -> bool:
    return bool(condition(node, "Ready")["status"] == "True")


def condition(node: Node, kind: str) -> dict[str, Any]:
    (found,) = (one for one in node["status"]["conditions"] if one["type"] == kind)
    return found


def instances(account: Account, group: str) -> list[dict[str, Any]]:
    """The instances of a node group that run."""
    wanted = {"tag:eks:nodegroup-name": group, "instance-state-name": "running"}
    filters = [{"Name": name, "Values": [value]} for name, value in wanted.items()]
    reservations = account.ec2.describe_instances(Filters=filters)["Reservations"]
    return [instance for one in reservations for instance in one["Instances"]]


def deployed(kubectl: Kubectl, group: str, replicas: int = 2, least: int | None = None) -> str:
    """The name of a Deployment that runs on the nodes of a group, with a budget that keeps so many pods."""
    name = kubectl.account.name("web")
    labels: dict[str, Any] = {"app": name}
    container = {"name": "web", "image": "registry.k8s.io/pause:3.10"}
    template = {"metadata": {"labels": labels}, "spec": {"nodeSelector": {GROUP: group}, "containers": [container]}}
    specification = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    head = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}}
    kubectl.create({**head, "spec": specification})
    if least is not None:
        head = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}}
        kubectl.create({**head, "spec": {"minAvailable": least, "selector": {"matchLabels": labels}}})
    kubectl.account.sim.advance(60)
    return name


def providers(kubectl: Kubectl, group: str) -> dict[str, str]:
    """The providerIDs of a group's nodes by name, which a later node may have again."""
    return {node["metadata"]["name"]: node["spec"]["providerID"] for node in nodes(kubectl, group)}


def homes(kubectl: Kubectl, name: str, group: str) -> set[str]:
    """The providerIDs of the nodes on which the pods of a Deployment run."""
    pods = kubectl.objects("pods", "-l", f"app={name}")
    assert all(pod["status"]["phase"] == "Running" for pod in pods)
    return {providers(kubectl, group)[pod["spec"]["nodeName"]] for pod in pods}


def begun_update(account: Account, cluster: str, group: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = account.eks.update_nodegroup_version(clusterName=cluster, nodegroupName=group, **more)
    return found["update"]


def old_group(account: Account, cluster: str, **more: Any) -> str:
    """A group of two nodes that there is a newer AMI for."""
    return account.nodegroup(cluster, scalingConfig=SIZES, releaseVersion="1.33.5-20260923", **more)


def test_nodes_are_what_their_instances_and_their_group_are(account: Account, kubectl: Kubectl) -> None:
    own = {"labels": {"team": "a"}, "taints": [taint(value="x")], "instanceTypes": ["m6g.large"]}
    group = account.nodegroup(kubectl.cluster, scalingConfig=SIZES, amiType="AL2023_ARM_64_STANDARD", **own)
    by_name = {one["PrivateDnsName"]: one for one in instances(account, group)}
    found = nodes(kubectl, group)
    assert {node["metadata"]["name"] for node in found} == set(by_name)
    assert len({one["Placement"]["AvailabilityZone"] for one in by_name.values()}) == 2
    for node in found:
        instance, labels = by_name[node["metadata"]["name"]], node["metadata"]["labels"]
        zone = instance["Placement"]["AvailabilityZone"]
        assert instance["LaunchTime"] < datetime.fromisoformat(node["metadata"]["creationTimestamp"])
        assert node["spec"]["providerID"] == f"aws:///{zone}/{instance['InstanceId']}"
        assert node["spec"]["taints"] == [{"key": "team", "value": "x", "effect": "NoSchedule"}]
        assert (labels["team"], labels["topology.kubernetes.io/zone"]) == ("a", zone)
        assert (labels["kubernetes.io/arch"], labels["node.kubernetes.io/instance-type"]) == ("arm64", "m6g.large")
        assert labels["eks.amazonaws.com/nodegroup-image"] == instance["ImageId"]
        assert node["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.33.5-eks-")
        assert {"type": "InternalIP", "address": instance["PrivateIpAddress"]} in node["status"]["addresses"]
        assert (node["status"]["capacity"]["cpu"], node["status"]["capacity"]["pods"]) == ("2", "29")
        assert is_ready(node)
    assert {tag["Key"]: tag["Value"] for tag in instance["Tags"]}["eks:cluster-name"] == kubectl.cluster


def test_a_node_appears_when_its_instance_has_booted_and_is_ready_a_little_later(
    account: Account, kubectl: Kubectl
) -> None:
    request = account.nodegroup_request(kubectl.cluster, scalingConfig=SIZES)
    account.eks.create_nodegroup(**request)
    group = request["nodegroupName"]
    seen = []
    for seconds in (30, 40, 30):
        account.sim.advance(seconds)
        seen.append([is_ready(node) for node in nodes(kubectl, group)])
    assert seen == [[], [False, False], [True, True]]
    account.sim.advance(CREATION)


def test_nodes_come_and_go_with_their_instances(account: Account, kubectl: Kubectl) -> None:
    group = account.nodegroup(kubectl.cluster, scalingConfig=SIZES)
    lost, kept = (instance["InstanceId"] for instance in instances(account, group))
    account.ec2.terminate_instances(InstanceIds=[lost])
    assert [node["spec"]["providerID"].rpartition("/")[2] for node in nodes(kubectl, group)] == [kept]
    account.sim.advance(CREATION)  # the Auto Scaling group has launched another
    assert len(nodes(kubectl, group)) == 2
    name = account.describe(kubectl.cluster, group)["resources"]["autoScalingGroups"][0]["name"]
    account.client("autoscaling").set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=3)
    account.sim.advance(CREATION)
    assert len(nodes(kubectl, group)) == 3
    account.eks.delete_nodegroup(clusterName=kubectl.cluster, nodegroupName=group)
    account.sim.advance(LONG)
    assert nodes(kubectl, group) == []
    assert instances(account, group) == []


def test_a_stopped_instance_is_not_heard_of_until_it_has_started_again(account: Account, kubectl: Kubectl) -> None:
    group = account.nodegroup(kubectl.cluster, scalingConfig=SIZES)
    ids = [instance["InstanceId"] for instance in instances(account, group)]
    account.ec2.stop_instances(InstanceIds=ids)
    assert [condition(node, "Ready")["status"] for node in nodes(kubectl, group)] == ["Unknown"] * 2
    account.ec2.start_instances(InstanceIds=ids)
    account.sim.advance(CREATION)
    assert [is_ready(node) for node in nodes(kubectl, group)] == [True, True]


def test_nodes_follow_the_labels_and_taints_of_their_group(account: Account, kubectl: Kubectl) -> None:
    group = account.nodegroup(kubectl.cluster, scalingConfig=SIZES, labels={"a": "1", "b": "1"}, taints=[taint("old")])
    account.eks.update_nodegroup_config(
        clusterName=kubectl.cluster,
        nodegroupName=group,
        labels={"addOrUpdateLabels": {"b": "2", "c": "2"}, "removeLabels": ["a"]},
        taints={"addOrUpdateTaints": [taint("new", "NO_EXECUTE")], "removeTaints": [taint("old")]},
    )
    account.sim.advance(LONG)
    for node in nodes(kubectl, group):
        labels = node["metadata"]["labels"]
        assert ({name: labels.get(name) for name in "abc"}) == {"a": None, "b": "2", "c": "2"}
        assert node["spec"]["taints"] == [{"key": "new", "effect": "NoExecute"}]


def test_without_the_worker_policy_there_are_no_nodes(account: Account, kubectl: Kubectl) -> None:
    role = account.role(account.name("powerless"), "ec2.amazonaws.com")
    account.sim.advance(60)
    group = account.nodegroup(kubectl.cluster, scalingConfig=SIZES, nodeRole=role)
    described = account.describe(kubectl.cluster, group)
    (issue,) = described["health"]["issues"]
    assert (described["status"], issue["code"]) == ("CREATE_FAILED", "NodeCreationFailure")
    assert set(issue["resourceIds"]) == {instance["InstanceId"] for instance in instances(account, group)}
    assert nodes(kubectl, group) == []


def test_instances_need_addresses(account: Account, kubectl: Kubectl) -> None:
    narrow = account.subnet("10.0.240.0/28", account.zones[0])
    sizes = {"minSize": 0, "maxSize": 20, "desiredSize": 12}
    group = account.nodegroup(kubectl.cluster, scalingConfig=sizes, subnets=[narrow])
    described = account.describe(kubectl.cluster, group)
    (issue,) = described["health"]["issues"]
    assert (described["status"], issue["code"]) == ("CREATE_FAILED", "InsufficientFreeAddresses")
    assert len(nodes(kubectl, group)) == 11  # 16, of which AWS reserves five


def test_a_session_of_an_instances_role_is_its_node(account: Account, kubectl: Kubectl) -> None:
    group = account.nodegroup(kubectl.cluster, scalingConfig=SIZES)
    own, other = instances(account, group)
    found = account.sim.instance_credentials(own["InstanceId"], account.roles["node"])
    keys = {f"aws_{name}": found[name] for name in ("access_key_id", "secret_access_key", "session_token")}
    kubelet = replace(kubectl, keys=keys)
    kubelet.said("annotate", "node", own["PrivateDnsName"], "note=mine")
    refused = kubelet("annotate", "node", other["PrivateDnsName"], "note=mine").stderr
    assert f'User "system:node:{own["PrivateDnsName"]}" cannot' in refused


def test_who_is_let_in_at_last_joins(account: Account, tmp_path: Path) -> None:
    """The kubelets knock on, until the row of aws-auth is back."""
    cluster = account.cluster(accessConfig={"authenticationMode": "CONFIG_MAP"})
    kubectl = Kubectl(account, cluster, tmp_path)
    request = account.nodegroup_request(cluster, scalingConfig=SIZES)
    account.eks.create_nodegroup(**request)
    row = json.loads(kubectl.said("get", "configmap", "aws-auth", "-n", "kube-system", "-o", "json"))
    kubectl.said("delete", "configmap", "aws-auth", "-n", "kube-system")
    account.sim.advance(CREATION)
    assert account.describe(cluster, request["nodegroupName"])["status"] == "CREATE_FAILED"
    assert nodes(kubectl, request["nodegroupName"]) == []
    kubectl.create({**row, "metadata": {"name": "aws-auth", "namespace": "kube-system"}})
    account.sim.advance(CREATION)
    assert [is_ready(node) for node in nodes(kubectl, request["nodegroupName"])] == [True, True]


@pytest.mark.parametrize(("becomes", "seen"), [("NOT_JOINED", [True]), ("NotReady", [False, True])])
def test_a_fault_keeps_a_node_from_being_ready(
    account: Account, kubectl: Kubectl, becomes: str, seen: list[bool]
) -> None:
    request = account.nodegroup_request(kubectl.cluster, scalingConfig=SIZES)
    group = request["nodegroupName"]
    account.sim.fault(resource="node", name=group, becomes=becomes, count=1)
    account.eks.create_nodegroup(**request)
    account.sim.advance(CREATION)
    assert sorted(is_ready(node) for node in nodes(kubectl, group)) == seen
    assert account.describe(kubectl.cluster, group)["health"]["issues"][0]["code"] == "NodeCreationFailure"


def test_an_update_of_the_version_replaces_the_nodes_and_moves_the_pods(account: Account, kubectl: Kubectl) -> None:
    group = old_group(account, kubectl.cluster)
    name = deployed(kubectl, group, least=1)
    before = set(providers(kubectl, group).values())
    assert homes(kubectl, name, group) <= before
    update = begun_update(account, kubectl.cluster, group)
    settled = account.settled(update, kubectl.cluster, nodegroupName=group)
    after = set(providers(kubectl, group).values())
    assert (settled["status"], len(after), after & before) == ("Successful", 2, set())
    assert homes(kubectl, name, group) <= after
    assert account.describe(kubectl.cluster, group)["scalingConfig"]["desiredSize"] == 2


def test_a_budget_that_lets_no_pod_go_fails_the_update_unless_it_is_forced(account: Account, kubectl: Kubectl) -> None:
    group = old_group(account, kubectl.cluster)
    name = deployed(kubectl, group, least=2)
    before, named = homes(kubectl, name, group), providers(kubectl, group)
    settled = account.settled(begun_update(account, kubectl.cluster, group), kubectl.cluster, nodegroupName=group)
    assert (settled["status"], settled["errors"][0]["errorCode"]) == ("Failed", "PodEvictionFailure")
    assert {named[node] for node in settled["errors"][0]["resourceIds"]} <= before
    assert account.describe(kubectl.cluster, group)["releaseVersion"] == "1.33.5-20260923"
    assert homes(kubectl, name, group) == before
    assert len(nodes(kubectl, group)) == 2
    assert not any(node["spec"].get("unschedulable") for node in nodes(kubectl, group))
    forced = begun_update(account, kubectl.cluster, group, force=True)
    assert account.settled(forced, kubectl.cluster, nodegroupName=group)["status"] == "Successful"
    assert not homes(kubectl, name, group) & before


def test_an_update_fails_whose_new_nodes_do_not_join(account: Account, kubectl: Kubectl) -> None:
    group = old_group(account, kubectl.cluster)
    before = providers(kubectl, group)
    account.sim.fault(resource="node", name=group, becomes="NOT_JOINED")
    settled = account.settled(begun_update(account, kubectl.cluster, group), kubectl.cluster, nodegroupName=group)
    assert settled["errors"][0]["errorCode"] == "NodeCreationFailure"
    assert providers(kubectl, group) == before
    assert len(instances(account, group)) == 2
