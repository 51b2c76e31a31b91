# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role drain and its module: pods move as their budget allows, and no failure leaves a node cordoned."""

from __future__ import annotations

from typing import Any

import pytest

from support.clusters import api_of
from support.ledger import Ledger
from support.playbook import Playbook
from support.roles import Role
from support.surroundings import Surroundings

SHOP = "/api/v1/namespaces/shop/pods"
BUDGETS = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets"


@pytest.fixture
def drain(playbook: Playbook, aws: Surroundings) -> Role:
    """On a cluster with three nodes; two of them, in group web, run three pods of which two must stay healthy."""
    aws.cluster()
    for name, size in (("web", 2), ("spare", 1)):
        scaling = {"minSize": 0, "maxSize": 3, "desiredSize": size}
        aws.nodegroup(name, scalingConfig=scaling, labels={"tier": name}, settle=False)
    aws.settle()
    api, labels = api_of(aws), {"app": "web"}
    api.create("/api/v1/namespaces", {"metadata": {"name": "shop"}})
    container = {"name": "web", "image": "public.ecr.aws/nginx/nginx:1.29"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": template}
    for node in nodes(aws, "spare"):  # so that the pods begin their life on the other nodes
        api.patch(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": True}})
    api.create("/apis/apps/v1/namespaces/shop/deployments", {"metadata": {"name": "web"}, "spec": spec})
    budget = {"minAvailable": 2, "selector": {"matchLabels": labels}}
    api.create(BUDGETS, {"metadata": {"name": "web"}, "spec": budget})
    aws.settle()
    for node in nodes(aws, "spare"):
        api.patch(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": None}})
    return Role(playbook, "drain", [], drain_cluster_name="prod", drain_nodegroups=["web"])


def nodes(aws: Surroundings, tier: str) -> list[str]:
    return [node["metadata"]["name"] for node in api_of(aws).list_all("/api/v1/nodes", labels=f"tier={tier}")]


def cordoned(aws: Surroundings) -> set[str]:
    found = api_of(aws).list_all("/api/v1/nodes")
    return {node["metadata"]["name"] for node in found if node["spec"].get("unschedulable")}


def where(aws: Surroundings) -> set[str]:
    """The nodes that the pods are on."""
    return {pod["spec"]["nodeName"] for pod in api_of(aws).list_all(SHOP, labels="app=web")}


def of_the_shop(pods: list[dict[str, str]]) -> list[dict[str, str]]:
    return [pod for pod in pods if pod["namespace"] == "shop"]


def test_drained_and_back(drain: Role, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests) -> None:
    web, spare = set(nodes(aws, "web")), set(nodes(aws, "spare"))
    assert where(aws) <= web

    with subtests.test("check mode foretells it, and what the budget would hold back just now"):
        ledger.clear()
        plan = drain.run(check=True, drain_batch_size=2).results["Bring the nodes to the wanted state"]
        assert (plan["changed"], set(plan["cordoned"])) == (True, web)
        assert len(of_the_shop(plan["evicted"])) + len(plan["stuck"]) == 3
        assert ledger.writes() == []
        assert cordoned(aws) == set()

    with subtests.test("the pods move, and their budget is kept"):
        made = drain.run(drain_batch_size=2).results["Bring the nodes to the wanted state"]
        assert (set(made["cordoned"]), len(of_the_shop(made["evicted"])), made["stuck"]) == (web, 3, [])
        assert (cordoned(aws), where(aws)) == (web, spare)

    with subtests.test("again changes nothing"):
        ledger.clear()
        assert (drain.run().changed, ledger.writes()) == (0, [])

    with subtests.test("the nodes take pods again"):
        assert drain.run(drain_state="uncordoned").changed == 1
        assert cordoned(aws) == set()
        ledger.clear()
        assert (drain.run(drain_state="uncordoned").changed, ledger.writes()) == (0, [])


def test_what_cannot_go(drain: Role, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests) -> None:
    api = api_of(aws)
    (spare,) = nodes(aws, "spare")

    with subtests.test("without consent nothing is touched"):
        lone: dict[str, Any] = {"metadata": {"name": "lone"}, "spec": {"containers": [{"name": "x", "image": "x"}]}}
        lone["spec"]["volumes"] = [{"name": "scratch", "emptyDir": {}}]
        api.create(SHOP, {**lone, "spec": {**lone["spec"], "nodeName": spare}})
        aws.settle()
        ledger.clear()
        message = drain.refused(drain_nodes=[spare], drain_nodegroups=[])
        assert "shop/lone; give force: true" in message
        assert "delete_emptydir_data: true" in message
        message = drain.refused(drain_nodes=["gone"], drain_nodegroups=[])
        assert "nodes: gone not in the cluster; it has: " in message
        assert "nothing says which nodes" in drain.refused(drain_nodegroups=[])
        assert ledger.writes() == []

    with subtests.test("a budget that does not yield is named, and no node stays cordoned"):
        api.patch(f"{BUDGETS}/web", {"spec": {"minAvailable": 3}})
        aws.settle()
        run = drain.run(fails=True, drain_timeout=2)
        held = [pod["reason"] for pod in run.last["stuck"]]
        assert held
        assert set(held) == {"The disruption budget web needs 3 healthy pods and has 3 currently"}
        assert "needs 3 healthy pods" in run.last["msg"]
        assert cordoned(aws) == set()

    with subtests.test("unless asked"):
        drain.run(fails=True, drain_timeout=1, drain_keep_cordoned=True)
        assert cordoned(aws) == set(nodes(aws, "web"))
        api.patch(f"{BUDGETS}/web", {"spec": {"minAvailable": 1}})
        aws.settle()
        drain.run()
        assert where(aws) == {spare}


def test_access_is_refused_in_plain_words(playbook: Playbook, ledger: Ledger, aws: Surroundings) -> None:
    aws.cluster(resourcesVpcConfig={"endpointPrivateAccess": True, "endpointPublicAccess": False})
    aws.iam.create_user(UserName="blue")
    key = aws.iam.create_access_key(UserName="blue")["AccessKey"]
    as_blue = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    task: dict[str, Any] = {"flotilla.eks.drain": {"cluster_name": "prod", "nodes": ["a"]}}
    ledger.clear()
    run = playbook.tasks(task, environment=as_blue, fails=True)
    assert (
        "Unauthorized. The cluster does not know who asks: give the caller's IAM role or user an access entry"
        in (run.last["msg"])
    )
    assert [entry["error"] for entry in ledger.calls("kubernetes")] == ["Unauthorized"]
