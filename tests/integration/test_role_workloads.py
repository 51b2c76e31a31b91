# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles workloads and access: from manifests to pods on the right nodes, who may, and what is never shown."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from eks_simulator.process import SimulatorProcess
from support.clusters import api_of
from support.helm import Helm
from support.ledger import Ledger
from support.playbook import Playbook
from support.roles import Role
from support.surroundings import Surroundings

SECRET = "hunter2-in-the-clear"
POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
TAINT = {"key": "workload", "value": "batch", "effect": "NO_SCHEDULE"}
SHOW = "Show how many pods run on which node"


def deployment(name: str, namespace: str, replicas: int = 1, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    pod = {"containers": [{"name": name, "image": "public.ecr.aws/nginx/nginx:1.29"}], **spec}
    template = {"metadata": {"labels": labels}, "spec": pod}
    wanted = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": wanted,
    }


TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {cluster: "{{ access_cluster_name }}"}
---
apiVersion: v1
kind: Secret
metadata: {name: key, namespace: shop}
stringData: {password: "{{ password }}"}
"""


@pytest.fixture
def workloads(playbook: Playbook, aws: Surroundings) -> Role:
    """On a cluster with a node group, a tainted one, and a Fargate profile for the namespace jobs."""
    aws.cluster()
    aws.nodegroup("web", scalingConfig={"minSize": 0, "maxSize": 3, "desiredSize": 2}, settle=False)
    aws.nodegroup("batch", scalingConfig={"minSize": 0, "maxSize": 3, "desiredSize": 1}, taints=[TAINT])
    aws.fargate_profile("jobs")
    files, templates = playbook.directory / "files", playbook.directory / "templates"
    files.mkdir()
    templates.mkdir()
    tolerant: dict[str, Any] = {
        "nodeSelector": {"eks.amazonaws.com/nodegroup": "batch"},
        "tolerations": [{"key": "workload", "operator": "Equal", "value": "batch"}],
    }
    documents = [deployment("report", "jobs"), deployment("crunch", "shop", **tolerant)]
    (files / "more.yml").write_text("---\n".join(f"{json.dumps(document)}\n" for document in documents))
    (templates / "settings.yml.j2").write_text(TEMPLATE)
    return Role(
        playbook,
        "workloads",
        [],
        access_cluster_name="prod",
        workloads_namespaces=["jobs", {"name": "shop", "labels": {"team": "blue"}}],
        workloads_definitions=[deployment("web", "shop", 2)],
        workloads_files=["more.yml"],
        workloads_templates=["settings.yml.j2"],
        password=SECRET,
    )


def nodes_of(aws: Surroundings, namespace: str) -> dict[str, set[str]]:
    """The kinds of node that the pods of each application are on: Fargate, or the name of the node group."""
    api = api_of(aws)
    labels = {node["metadata"]["name"]: node["metadata"]["labels"] for node in api.list_all("/api/v1/nodes")}
    found: dict[str, set[str]] = {}
    for pod in api.list_all(f"/api/v1/namespaces/{namespace}/pods"):
        on = labels[pod["spec"]["nodeName"]]
        kind = on.get("eks.amazonaws.com/nodegroup") or on["eks.amazonaws.com/compute-type"]
        found.setdefault(pod["metadata"]["labels"]["app"], set()).add(kind)
    return found


def test_from_manifests_to_pods_and_back(
    workloads: Role, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests
) -> None:
    with subtests.test("check mode says all, and writes nothing"):
        ledger.clear()
        plan = workloads.run(check=True)
        assert plan.results["Say what would go into namespaces that are still to be made"]["msg"] == [
            "Deployment shop/web",
            "Deployment jobs/report",
            "Deployment shop/crunch",
            "ConfigMap shop/settings",
            "Secret shop/key",
        ]
        assert plan.results["Apply the manifests"]["changed"]
        assert ledger.writes() == []

    with subtests.test("each pod is on a node of its kind, once the role is through"):
        made = workloads.run()
        assert nodes_of(aws, "shop") == {"web": {"web"}, "crunch": {"batch"}}
        assert nodes_of(aws, "jobs") == {"report": {"fargate"}}
        heading, *lines = made.results[SHOW]["msg"]
        assert heading.split() == ["NODE", "NAMESPACE", "PODS", "READY"]
        shown = {tuple(line.split()[1:]) for line in lines if line.split()[1] in ("jobs", "shop")}
        assert shown <= {("jobs", "1", "1"), ("shop", "1", "1"), ("shop", "2", "2")}
        settings = api_of(aws).get("/api/v1/namespaces/shop/configmaps/settings")
        assert settings["data"] == {"cluster": "prod"}

    with subtests.test("again changes nothing"):
        ledger.clear()
        assert (workloads.run().changed, ledger.writes()) == (0, [])

    with subtests.test("a change is planned, and what the manifests no longer say goes"):
        ledger.clear()
        other: dict[str, Any] = {"workloads_definitions": [deployment("web", "shop", 1)], "workloads_templates": []}
        assert workloads.run(check=True, **other).changed == 1
        assert ledger.writes() == []
        assert workloads.run(**other).changed == 1
        assert api_of(aws).get("/apis/apps/v1/namespaces/shop/deployments/web")["status"]["replicas"] == 1

    with subtests.test("what is listed is removed, namespaces on request alone"):
        ledger.clear()
        assert workloads.run(check=True, workloads_state="absent").changed == 1
        assert ledger.writes() == []
        workloads.run(workloads_state="absent")
        left = [
            thing["metadata"]["name"] for thing in api_of(aws).list_all("/apis/apps/v1/namespaces/shop/deployments")
        ]
        assert left == []
        assert api_of(aws).find("/api/v1/namespaces/shop/secrets/key") is None
        workloads.run(workloads_state="absent", workloads_delete_namespaces=True)
        assert api_of(aws).find("/api/v1/namespaces/shop") is None


def test_no_secret_is_shown(workloads: Role, aws: Surroundings) -> None:
    """Neither a Secret of the manifests nor a token, at any verbosity, in no diff."""
    play = [{**workloads.play, "vars": {**workloads.common, "workloads_files": []}}]
    seen = ""
    for check in (True, False):
        run = workloads.playbook.run(play, check=check, diff=True, arguments=["-vvv"], warns=True)
        seen += run.output + str(run.lines)
    stored = api_of(aws).get("/api/v1/namespaces/shop/secrets/key")["data"]["password"]
    assert base64.b64decode(stored).decode() == SECRET
    bad = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "bad", "namespace": "shop"},
        "data": {"x": SECRET},
    }
    run = workloads.run(fails=True, workloads_definitions=[bad])
    assert "EKS cluster prod: the Secrets could not be applied: " in run.last["msg"]
    seen += run.output + str(run.lines)
    assert [text for text in ("k8s-aws-v1.", stored, SECRET) if text in seen] == []


def test_what_is_refused_before_anything_is_written(workloads: Role, ledger: Ledger) -> None:
    nameless = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop"}}
    ledger.clear()
    message = workloads.refused(workloads_definitions=[nameless], workloads_files=[], workloads_templates=[])
    assert "definition 1 lacks metadata.name" in message
    chart = {"name": "metrics", "namespace": "kube-system", "chart_ref": "metrics-server"}
    message = workloads.refused(
        workloads_charts=[chart],
        workloads_namespaces=[],
        workloads_definitions=[],
        workloads_files=[],
        workloads_templates=[],
    )
    assert "workloads_charts lists metrics, and there is no helm on localhost" in message
    assert "nothing says what to remove" in workloads.refused(
        workloads_state="absent",
        workloads_namespaces=[],
        workloads_definitions=[],
        workloads_files=[],
        workloads_templates=[],
    )
    assert "is not there" in workloads.refused(access_cluster_name="gone")
    assert ledger.writes() == []


def test_who_gets_in_and_from_where(
    workloads: Role, aws: Surroundings, ledger: Ledger, simulator: SimulatorProcess
) -> None:
    user = aws.iam.create_user(UserName="blue")["User"]["Arn"]
    key = aws.iam.create_access_key(UserName="blue")["AccessKey"]
    as_blue = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    play = [{**workloads.play, "vars": {**workloads.common, "workloads_templates": [], "workloads_files": []}}]

    run = workloads.playbook.run(play, environment=as_blue, fails=True, warns=True)
    assert "Unauthorized" in str(run.last)
    aws.eks.update_cluster_config(name="prod", accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})
    aws.settle()
    aws.eks.create_access_entry(clusterName="prod", principalArn=user)
    run = workloads.playbook.run(play, environment=as_blue, fails=True, warns=True)
    assert "forbidden" in str(run.last)
    administrator = aws.role("people")
    aws.eks.create_access_entry(clusterName="prod", principalArn=administrator)
    for principal in (user, administrator):
        scope = {"type": "cluster"}
        aws.eks.associate_access_policy(clusterName="prod", principalArn=principal, policyArn=POLICY, accessScope=scope)
    workloads.playbook.run(play, environment=as_blue, warns=True)
    assert nodes_of(aws, "shop") == {"web": {"web"}}
    ledger.clear()
    workloads.run(access_role_arn=administrator, workloads_files=[], workloads_templates=[])
    assert "AssumeRole" in ledger.operations("sts")

    public = {"endpointPublicAccess": True, "publicAccessCidrs": ["198.51.100.0/24"]}
    aws.eks.update_cluster_config(name="prod", resourcesVpcConfig=public)
    aws.settle()
    simulator.look_from("192.0.2.1")
    message = workloads.refused(workloads_files=[], workloads_templates=[])
    assert "If nobody answers at https://127.0.0.1:" in message
    assert "the endpoint is open to 198.51.100.0/24 alone" in message


def test_charts(playbook: Playbook, aws: Surroundings, subtests: pytest.Subtests) -> None:
    aws.cluster()
    helm = Helm(playbook, "metrics", "1.0.0")
    chart = {"name": "metrics", "namespace": "ops", "chart_ref": "metrics", "values": {"replicas": 2}}
    role = Role(playbook, "workloads", [], access_cluster_name="prod", workloads_charts=[chart], workloads_show=False)
    for options, changed in (({}, 1), ({}, 0), ({"workloads_state": "absent"}, 1), ({"workloads_state": "absent"}, 0)):
        with subtests.test(**options, changed=changed):
            run = playbook.run(
                [role.play], variables={**role.common, **options}, environment=helm.environment, warns=True
            )
            assert run.changed == changed
    assert {tuple(call[1:]) for call in helm.asked} == {("ops", "k8s-aws-v1", "1")}
    assert helm.changes == ["upgrade", "uninstall"]
