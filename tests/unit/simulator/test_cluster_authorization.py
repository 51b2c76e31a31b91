# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what in a cluster: masters, access policies and their scopes, nodes, roles and bindings."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.living_cluster import LivingCluster

from eks_simulator.control_plane import authorization, rbac
from eks_simulator.kubernetes.control import Attributes, User
from eks_simulator.kubernetes.objects import Objects
from eks_simulator.kubernetes.types import CLUSTER_ROLE, POD, ROLE_BINDING

ADA = User("ada", ("team", "system:authenticated"))
NODE = User("system:node:one", ("system:nodes", "system:authenticated"))


@pytest.fixture
def objects() -> Objects:
    found = LivingCluster("default", "web", "dev-1").objects
    rbac.furnish(found)
    return found


def policy(name: str, *namespaces: str) -> dict[str, Any]:
    """An associated access policy; for the whole cluster unless namespaces are named."""
    scope = {"type": "namespace" if namespaces else "cluster", "namespaces": list(namespaces)}
    return {"policyArn": f"arn:aws:eks::aws:cluster-access-policy/AmazonEKS{name}Policy", "accessScope": scope}


def wanted(text: str) -> Attributes:
    """What `get pods in web named x`, `create pods/eviction in web`, `get /version` want."""
    what, _unused, name = text.partition(" named ")
    what, _unused, namespace = what.partition(" in ")
    verb, _unused, resource = what.partition(" ")
    if resource.startswith("/"):
        return Attributes(verb, path=resource)
    resource, _unused, group = resource.partition(".")
    group, _unused, subresource = group.partition("/") if group else (group, "", "")
    if not group:
        resource, _unused, subresource = resource.partition("/")
    return Attributes(verb, group, resource, subresource, namespace, name)


def may(objects: Objects, user: User, text: str, *policies: dict[str, Any]) -> bool:
    return authorization.permits(objects, user, policies, wanted(text))


@pytest.mark.parametrize("text", ["delete nodes named one", "get secrets in web", "get /metrics"])
def test_masters_may_do_anything(objects: Objects, text: str) -> None:
    assert may(objects, User("root", ("system:masters",)), text)
    assert not may(objects, ADA, text)


@pytest.mark.parametrize(
    ("name", "allowed", "denied"),
    [
        ("ClusterAdmin", ["delete nodes named one", "get secrets in web", "get /metrics"], []),
        (
            "Admin",
            ["create roles.rbac.authorization.k8s.io in web", "get secrets in web"],
            ["list nodes", "create namespaces"],
        ),
        ("AdminView", ["get secrets in web", "list nodes"], ["delete pods in web named x", "get /metrics"]),
        (
            "Edit",
            ["patch deployments.apps in web named x", "create pods/eviction in web", "get secrets in web"],
            ["create roles.rbac.authorization.k8s.io in web", "list nodes"],
        ),
        (
            "View",
            ["list pods in web", "get deployments.apps/scale in web"],
            ["get secrets in web", "delete pods in web named x"],
        ),
    ],
)
def test_access_policies_grant_what_the_user_guide_lists(
    objects: Objects, name: str, allowed: list[str], denied: list[str]
) -> None:
    assert [text for text in allowed if not may(objects, ADA, text, policy(name))] == []
    assert [text for text in denied if may(objects, ADA, text, policy(name))] == []


def test_a_scope_ends_at_its_namespaces(objects: Objects) -> None:
    scoped = policy("ClusterAdmin", "web", "dev-*")
    allowed = ["delete pods in web named x", "get secrets in dev-1", "get namespaces named web"]
    denied = ["list pods in default", "list pods", "list nodes", "get namespaces named default", "get /metrics"]
    assert [text for text in allowed if not may(objects, ADA, text, scoped)] == []
    assert [text for text in denied if may(objects, ADA, text, scoped)] == []


def test_policies_add_up(objects: Objects) -> None:
    both = (policy("View"), policy("Edit", "web"))
    assert may(objects, ADA, "list pods in default", *both)
    assert may(objects, ADA, "delete pods in web named x", *both)
    assert not may(objects, ADA, "delete pods in default named x", *both)


@pytest.mark.parametrize(
    "text", ["get /apis/apps/v1", "get /version", "create selfsubjectaccessreviews.authorization.k8s.io"]
)
def test_everybody_who_is_known_may_look_around(objects: Objects, text: str) -> None:
    assert may(objects, ADA, text)
    assert not may(objects, User("system:anonymous", ("system:unauthenticated",)), "get /apis")


def test_a_node_has_itself_and_its_pods(objects: Objects) -> None:
    objects.create(POD, {"metadata": {"name": "mine", "namespace": "web"}, "spec": {"nodeName": "one"}, "status": {}})
    objects.create(POD, {"metadata": {"name": "other", "namespace": "web"}, "spec": {"nodeName": "two"}, "status": {}})
    allowed = [
        "patch nodes/status named one",
        "update leases.coordination.k8s.io in kube-node-lease named one",
        "patch pods/status in web named mine",
        "create events in web",
        "list services",
    ]
    denied = [
        "patch nodes named two",
        "delete nodes named one",
        "patch pods/status in web named other",
        "create deployments.apps in web",
        "update leases.coordination.k8s.io in web named one",
    ]
    assert [text for text in allowed if not may(objects, NODE, text)] == []
    assert [text for text in denied if may(objects, NODE, text)] == []


def binding(objects: Objects, subject: str, name: str, role: str, namespace: str = "web") -> None:
    objects.create(
        ROLE_BINDING,
        {
            "metadata": {"name": role, "namespace": namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": subject, "name": name}],
        },
    )


@pytest.mark.parametrize(("subject", "name"), [("Group", "team"), ("User", "ada")])
def test_a_binding_grants_its_role_in_its_namespace(objects: Objects, subject: str, name: str) -> None:
    binding(objects, subject, name, "edit")
    assert may(objects, ADA, "delete pods in web named x")
    assert not may(objects, ADA, "delete pods in default named x")
    assert not may(objects, User("bob", ("system:authenticated",)), "delete pods in web named x")


def test_a_rule_can_be_about_named_objects_alone(objects: Objects) -> None:
    rule = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["settings"], "verbs": ["get"]}
    objects.create(CLUSTER_ROLE, {"metadata": {"name": "settings"}, "rules": [rule]})
    binding(objects, "User", "ada", "settings")
    assert may(objects, ADA, "get configmaps in web named settings")
    assert not may(objects, ADA, "get configmaps in web named others")
    assert not may(objects, ADA, "list configmaps in web")


def test_the_rules_that_are_told_are_those_that_count(objects: Objects) -> None:
    told = authorization.rules(objects, ADA, [policy("View", "web")], "web")
    assert rbac.allows(told, wanted("list pods in web"))
    assert not rbac.allows(told, wanted("delete pods in web named x"))
    assert not rbac.allows(authorization.rules(objects, ADA, [policy("View", "web")], "default"), wanted("list pods"))
