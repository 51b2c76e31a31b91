# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fargate: the pods that it takes, and their nodes."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.living_cluster import SUBNETS, LivingCluster, phases, template, workload

from eks_simulator.kubernetes.controllers import FargateProfile
from eks_simulator.kubernetes.controllers.fargate_sizes import provisioned
from eks_simulator.kubernetes.controllers.pods import condition, ready
from eks_simulator.kubernetes.types import DAEMON_SET, DEPLOYMENT, NAMESPACE, NODE, POD

SOON = 120


def profile(name: str = "apps", namespace: str = "shop", **labels: str) -> FargateProfile:
    return FargateProfile(name, [{"namespace": namespace, "labels": labels}], SUBNETS)


@pytest.fixture
def cluster() -> LivingCluster:
    cluster = LivingCluster("shop", "default")
    cluster.profiles.append(profile())
    return cluster


def test_each_pod_has_a_node_of_its_own(cluster: LivingCluster) -> None:
    cluster.deploy("web", 2, "shop")
    assert not cluster.objects.list(NODE)
    pod = cluster.pods("shop")[0]
    assert pod["spec"]["schedulerName"] == "fargate-scheduler"
    assert pod["metadata"]["labels"]["eks.amazonaws.com/fargate-profile"] == "apps"
    assert pod["metadata"]["annotations"]["CapacityProvisioned"] == "0.25vCPU 0.5GB"
    cluster.advance(SOON)
    pods, nodes = cluster.pods("shop"), cluster.objects.list(NODE)
    assert phases(pods) == ["Running"] * 2
    assert {pod["spec"]["nodeName"] for pod in pods} == {node["metadata"]["name"] for node in nodes}
    names = [
        "fargate-ip-10-0-1-254.eu-central-1.compute.internal",
        "fargate-ip-10-0-2-254.eu-central-1.compute.internal",
    ]
    assert [node["metadata"]["name"] for node in nodes] == names
    node = nodes[0]
    assert node["metadata"]["labels"]["eks.amazonaws.com/compute-type"] == "fargate"
    assert node["metadata"]["labels"]["topology.kubernetes.io/zone"] == "eu-central-1a"
    taint = {"key": "eks.amazonaws.com/compute-type", "value": "fargate", "effect": "NoSchedule"}
    assert node["spec"]["taints"] == [taint]
    assert node["spec"]["providerID"].startswith("aws:///eu-central-1a/")
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.32.3-eks-5ad4801"
    assert ready(node)
    on_first = next(pod for pod in pods if pod["spec"]["nodeName"] == names[0])
    assert on_first["status"]["podIP"] == on_first["status"]["hostIP"] == "10.0.1.254"


def test_the_node_goes_with_its_pod(cluster: LivingCluster) -> None:
    cluster.deploy("web", 1, "shop")
    cluster.advance(SOON)
    cluster.delete(DEPLOYMENT, cluster.get(DEPLOYMENT, "web", "shop"))
    cluster.advance(SOON)
    assert not cluster.objects.list(NODE)
    assert not cluster.lost


def test_a_pod_that_is_deleted_meanwhile_gets_no_node(cluster: LivingCluster) -> None:
    cluster.deploy("web", 1, "shop")
    cluster.delete(DEPLOYMENT, cluster.get(DEPLOYMENT, "web", "shop"))
    cluster.advance(SOON)
    assert not cluster.objects.list(NODE)


def test_others_go_to_other_nodes(cluster: LivingCluster) -> None:
    cluster.node("a")
    cluster.deploy("web", 1)
    assert cluster.pods()[0]["spec"]["nodeName"] == "a"


def test_a_profile_takes_new_pods_only(cluster: LivingCluster) -> None:
    cluster.deploy("web", 1)
    cluster.profiles.append(profile("more", "default"))
    cluster.advance(SOON)
    assert phases(cluster.pods()) == ["Pending"]


@pytest.mark.parametrize(
    ("namespace", "labels", "taken"),
    [
        ("shop", {}, True),
        ("sh*", {}, True),
        ("?hop", {"app": "w*"}, True),
        ("shop", {"app": "other"}, False),
        ("shop", {"app": "web", "tier": "*"}, False),
        ("shopping", {}, False),
    ],
)
def test_selectors(namespace: str, labels: dict[str, str], taken: bool) -> None:
    cluster = LivingCluster("shop")
    cluster.profiles.append(profile("apps", namespace, **labels))
    cluster.deploy("web", 1, "shop")
    assert (cluster.pods("shop")[0]["spec"]["schedulerName"] == "fargate-scheduler") is taken


def test_of_several_profiles_the_first_by_name_takes_a_pod_unless_it_names_one(cluster: LivingCluster) -> None:
    cluster.profiles.append(profile("a-first"))
    cluster.create(DEPLOYMENT, workload("web", "shop", replicas=1))
    named = workload("named", "shop", replicas=1)
    named["spec"]["template"]["metadata"]["labels"]["eks.amazonaws.com/fargate-profile"] = "apps"
    cluster.create(DEPLOYMENT, named)
    taken = [pod["metadata"]["labels"]["eks.amazonaws.com/fargate-profile"] for pod in cluster.pods("shop")]
    assert taken == ["apps", "a-first"]


def test_daemons_stay_away(cluster: LivingCluster) -> None:
    cluster.create(DAEMON_SET, workload("agent", "shop"))
    cluster.deploy("web", 1, "shop")
    cluster.advance(SOON)
    assert [pod["metadata"]["labels"]["app"] for pod in cluster.pods("shop")] == ["web"]


@pytest.mark.parametrize(
    ("spec", "container", "message"),
    [
        ({}, {"securityContext": {"privileged": True}}, "invalid SecurityContext fields: Privileged"),
        ({"hostNetwork": True}, {}, "fields not supported: HostNetwork"),
        ({}, {"ports": [{"containerPort": 80, "hostPort": 80}]}, "fields not supported: HostPort"),
        ({}, {"resources": {"requests": {"cpu": "17"}}}, "no Fargate configuration is large enough"),
    ],
)
def test_what_fargate_does_not_run(
    cluster: LivingCluster, spec: dict[str, Any], container: dict[str, Any], message: str
) -> None:
    made = template("web", **spec)
    containers = [{**made["spec"]["containers"][0], **container}]
    metadata = {"name": "web", "namespace": "shop"}
    status = {"phase": "Pending"}
    cluster.create(POD, {"metadata": metadata, "spec": {**made["spec"], "containers": containers}, "status": status})
    cluster.advance(SOON)
    said = condition(cluster.get(POD, "web", "shop"), "PodScheduled")
    assert said["message"] == f"Pod not supported on Fargate: {message}"
    assert not cluster.objects.list(NODE)


def test_a_namespace_of_fargate_goes_with_its_nodes(cluster: LivingCluster) -> None:
    cluster.deploy("web", 2, "shop")
    cluster.advance(SOON)
    cluster.objects.condemn(NAMESPACE, "", "shop", 0)
    cluster.advance(SOON)
    assert cluster.objects.find(NAMESPACE, "", "shop") is None
    assert not cluster.objects.list(NODE)


@pytest.mark.parametrize(
    ("cpu", "memory", "size"),
    [
        ("100m", "64Mi", "0.25vCPU 0.5GB"),
        ("250m", "1Gi", "0.25vCPU 2GB"),
        ("250m", "2Gi", "0.5vCPU 3GB"),
        ("1", "1Gi", "1vCPU 2GB"),
        ("4", "30Gi", "8vCPU 32GB"),
        ("16", "119Gi", "16vCPU 120GB"),
        ("16", "120Gi", None),
        ("17", "1Gi", None),
    ],
)
def test_sizes(cpu: str, memory: str, size: str | None) -> None:
    container = {"resources": {"requests": {"cpu": cpu, "memory": memory}}}
    assert provisioned({"spec": {"containers": [container]}}) == size
