# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in a cluster without its users' doing, and what becomes of it when add-ons and Fargate profiles go."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from unit.simulator.account import CREATION, LONG, Account
from unit.simulator.kubectl import Kubectl
from unit.simulator.living_cluster import LivingCluster, workload

from eks_simulator.addon_catalog import ADDONS, SELF_MANAGED
from eks_simulator.control_plane import software
from eks_simulator.kubernetes.objects import Object
from eks_simulator.kubernetes.types import DAEMON_SET, DEPLOYMENT, DISRUPTION_BUDGET, SERVICE, SERVICE_ACCOUNT

SOON = 60


@pytest.fixture
def cluster() -> LivingCluster:
    """A new cluster with two nodes."""
    cluster = LivingCluster("elsewhere")
    software.furnish(cluster.objects, "10.100.0.0/16")
    for name in SELF_MANAGED:
        install(cluster, name)
    for name in "ab":
        cluster.node(name, labels={"kubernetes.io/os": "linux"})
    cluster.advance(SOON)
    return cluster


def install(cluster: LivingCluster, addon: str, values: Mapping[str, Any] | None = None, version: str = "v1") -> None:
    software.install(cluster.objects, "eu-central-1", addon, version, ADDONS[addon].namespace, values)
    cluster.timeline.settle()


def system(cluster: LivingCluster, kind: Any, name: str) -> Object:
    return cluster.get(kind, name, "kube-system")


def running(cluster: LivingCluster) -> dict[str, int]:
    pods = [pod for pod in cluster.pods("kube-system") if pod["status"]["phase"] == "Running"]
    return Counter(pod["metadata"]["labels"]["k8s-app"] for pod in pods)


def test_a_new_cluster_runs_its_network_and_its_dns(cluster: LivingCluster) -> None:
    assert running(cluster) == {"aws-node": 2, "kube-proxy": 2, "kube-dns": 2}
    assert cluster.get(SERVICE, "kubernetes")["spec"]["clusterIP"] == "10.100.0.1"
    dns = system(cluster, SERVICE, "kube-dns")["spec"]
    assert (dns["clusterIP"], dns["selector"]) == ("10.100.0.10", {"k8s-app": "kube-dns"})
    assert system(cluster, DISRUPTION_BUDGET, "coredns")["status"]["disruptionsAllowed"] == 1


def test_services_have_addresses_of_either_family() -> None:
    cluster = LivingCluster("elsewhere")
    software.furnish(cluster.objects, "fd30:1::/108")
    assert system(cluster, SERVICE, "kube-dns")["spec"]["clusterIPs"] == ["fd30:1::a"]


def test_daemons_stay_off_fargate(cluster: LivingCluster) -> None:
    cluster.node("fargate-x", labels={"kubernetes.io/os": "linux", "eks.amazonaws.com/compute-type": "fargate"})
    cluster.advance(SOON)
    assert running(cluster)["aws-node"] == 2


def test_another_version_is_rolled_out(cluster: LivingCluster) -> None:
    install(cluster, "coredns", version="v2")
    cluster.advance(SOON)
    images = {pod["spec"]["containers"][0]["image"] for pod in cluster.pods("kube-system")}
    assert "602401143452.dkr.ecr.eu-central-1.amazonaws.com/eks/coredns:v2" in images
    assert not any(image.endswith("/coredns:v1") for image in images)


def test_what_is_there_already_is_left_as_it_is(cluster: LivingCluster) -> None:
    before = cluster.objects.revision
    install(cluster, "coredns")
    assert cluster.objects.revision == before


def test_configuration_values_say_how_many_and_where(cluster: LivingCluster) -> None:
    install(cluster, "coredns", {"replicaCount": 3, "nodeSelector": {"disk": "fast"}})
    spec = system(cluster, DEPLOYMENT, "coredns")["spec"]
    assert (spec["replicas"], spec["template"]["spec"]["nodeSelector"]) == (3, {"disk": "fast"})


def workloads(cluster: LivingCluster, namespace: str) -> set[str]:
    return {
        one["metadata"]["name"] for kind in (DEPLOYMENT, DAEMON_SET) for one in cluster.objects.list(kind, namespace)
    }


@pytest.mark.parametrize("addon", [name for name, addon in ADDONS.items() if not addon.product])
def test_every_addon_comes_and_goes(cluster: LivingCluster, addon: str) -> None:
    namespace = ADDONS[addon].namespace
    software.uninstall(cluster.objects, addon, namespace)
    cluster.advance(SOON)
    without = workloads(cluster, namespace)
    install(cluster, addon)
    cluster.advance(SOON)
    assert workloads(cluster, namespace) > without
    assert {pod["status"]["phase"] for pod in cluster.pods(namespace)} == {"Running"}
    accounts = {one["metadata"]["name"] for one in cluster.objects.list(SERVICE_ACCOUNT, namespace)}
    assert accounts >= set(ADDONS[addon].service_accounts)
    software.uninstall(cluster.objects, addon, namespace)
    cluster.advance(SOON)
    assert workloads(cluster, namespace) == without


@pytest.fixture
def kubectl(account: Account, standing_cluster: str, tmp_path: Path) -> Kubectl:
    return Kubectl(account, standing_cluster, tmp_path)


def names(kubectl: Kubectl, *arguments: str) -> set[str]:
    return set(kubectl.said("get", *arguments, "-o", "name").split())


def test_an_addon_of_eks_runs_in_its_cluster(kubectl: Kubectl) -> None:
    eks, sim = kubectl.account.eks, kubectl.account.sim
    assert names(kubectl, "deployments", "-n", "kube-system") == {"deployment.apps/coredns"}
    assert names(kubectl, "daemonsets", "-n", "kube-system") == {"daemonset.apps/aws-node", "daemonset.apps/kube-proxy"}
    named = {"clusterName": kubectl.cluster, "addonName": "metrics-server"}
    eks.create_addon(**named, configurationValues='{"replicas": 3}')
    sim.advance(CREATION)
    deployment = json.loads(kubectl.said("get", "deployment", "metrics-server", "-n", "kube-system", "-o", "json"))
    assert deployment["spec"]["replicas"] == 3
    sim.advance(LONG)
    eks.delete_addon(**named)
    sim.advance(CREATION)
    assert "not found" in kubectl("get", "deployment", "metrics-server", "-n", "kube-system").stderr


def test_pods_of_a_fargate_profile_run_and_go_with_it(kubectl: Kubectl) -> None:
    account, file = kubectl.account, kubectl.home / "web.json"
    profile = account.profile(kubectl.cluster, selectors=[{"namespace": "default"}])
    web = {"apiVersion": "apps/v1", "kind": "Deployment", **workload("web", replicas=1)}
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [web]}))
    kubectl.said("apply", "-f", str(file))
    account.sim.advance(SOON)
    kubectl.said("rollout", "status", "deployment/web", "--timeout=20s")
    assert {name.partition("ip-")[0] for name in names(kubectl, "nodes")} == {"node/fargate-"}
    account.eks.delete_fargate_profile(clusterName=kubectl.cluster, fargateProfileName=profile)
    account.sim.advance(LONG)
    assert not names(kubectl, "nodes")
    pods = kubectl.objects("pods", "-n", "default")
    assert [pod["status"]["phase"] for pod in pods] == ["Pending"]
    assert pods[0]["status"]["conditions"][0]["message"] == "no nodes available to schedule pods"
    kubectl.said("delete", "-f", str(file))
