# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Kubernetes user a caller of AWS is: by access entries and the ConfigMap aws-auth."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from unit.simulator.living_cluster import LivingCluster

from eks_simulator.callers import Identity
from eks_simulator.control_plane.users import entry_of, map_role, unmap_role, user_of
from eks_simulator.kubernetes.control import User
from eks_simulator.kubernetes.objects import Objects
from eks_simulator.kubernetes.types import CONFIG_MAP
from eks_simulator.store import AccessEntry, Cluster

USER, ROLE = "arn:aws:iam::123456789012:user/ada", "arn:aws:iam::123456789012:role/team/nodes"
ADA = Identity(USER, "AIDA1")
SESSION = Identity(ROLE, "AROA1:i-0123", "i-0123")
HOST = "ip-10-0-0-4.eu-central-1.compute.internal"


def instances(instance_id: str) -> str | None:
    """The names of the one instance that there is."""
    return HOST if instance_id == "i-0123" else None


@pytest.fixture
def objects() -> Objects:
    return LivingCluster("kube-system").objects


def cluster(mode: str, creator: str = "", entries: dict[str, dict[str, Any]] | None = None) -> Cluster:
    found = Cluster("cluster", "demo", "arn", {"accessConfig": {"authenticationMode": mode}}, creator=creator)
    for arn, description in (entries or {}).items():
        known = {"kubernetesGroups": [], "username": arn, **description}
        found.access_entries[arn] = AccessEntry("access_entry", arn, "", known)
    return found


def aws_auth(objects: Objects, **data: Any) -> None:
    text = {name: value if isinstance(value, str) else yaml.safe_dump(value) for name, value in data.items()}
    objects.create(CONFIG_MAP, {"metadata": {"name": "aws-auth", "namespace": "kube-system"}, "data": text})


def found(where: Cluster, objects: Objects, who: Identity) -> tuple[str, list[str]] | None:
    """Name and groups of a user."""
    user = user_of(where, objects, who, instances)
    return (user.name, sorted(set(user.groups) - {"system:authenticated"})) if user else None


def test_without_entry_nobody_is_a_user(objects: Objects) -> None:
    assert user_of(cluster("API"), objects, ADA, instances) is None


def test_an_entry_gives_name_and_groups(objects: Objects) -> None:
    where = cluster("API", entries={USER: {"kubernetesGroups": ["team"], "username": "ada"}})
    user = user_of(where, objects, ADA, instances)
    assert user is not None
    assert (user.name, user.groups) == ("ada", ("team", "system:authenticated"))
    assert entry_of(where, user) is where.access_entries[USER]


def test_placeholders_of_a_name_are_filled_in(objects: Objects) -> None:
    named = Identity(ROLE, "AROA1:ada@example.com", "ada@example.com")
    where = cluster("API", entries={ROLE: {"username": "{{AccountID}}:{{SessionName}}"}})
    assert found(where, objects, named) == ("123456789012:ada-example.com", [])


def test_a_session_of_a_node_role_is_the_node_of_its_instance(objects: Objects) -> None:
    entry = {"username": "system:node:{{EC2PrivateDNSName}}", "kubernetesGroups": ["system:nodes"]}
    where = cluster("API", entries={ROLE: entry})
    assert found(where, objects, SESSION) == (f"system:node:{HOST}", ["system:nodes"])
    assert found(where, objects, Identity(ROLE, "AROA1:x", "somebody")) is None


def test_the_creator_is_a_master_where_there_are_no_entries(objects: Objects) -> None:
    assert found(cluster("CONFIG_MAP", USER), objects, ADA) == ("kubernetes-admin", ["system:masters"])
    assert found(cluster("API", USER), objects, ADA) is None


def test_entries_do_not_count_in_config_map_mode(objects: Objects) -> None:
    where = cluster("CONFIG_MAP", entries={USER: {}})
    assert found(where, objects, ADA) is None
    assert entry_of(where, User("ada", extra={"canonicalArn": [USER]})) is None


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("CONFIG_MAP", ("ada", ["team"])), ("API_AND_CONFIG_MAP", ("ada", ["team"])), ("API", None)],
)
def test_the_config_map_counts_by_mode(objects: Objects, mode: str, expected: Any) -> None:
    aws_auth(objects, mapUsers=[{"userarn": USER, "username": "ada", "groups": ["team"]}])
    assert found(cluster(mode), objects, ADA) == expected


def test_an_entry_comes_before_the_config_map(objects: Objects) -> None:
    aws_auth(objects, mapUsers=[{"userarn": USER, "username": "by-map"}])
    assert found(cluster("API_AND_CONFIG_MAP", entries={USER: {"username": "by-entry"}}), objects, ADA) == (
        "by-entry",
        [],
    )


def test_a_role_is_mapped_without_its_path(objects: Objects) -> None:
    """The trap of auth-configmap.html: with the path it never matches."""
    with_path = {"rolearn": ROLE, "username": "wrong"}
    without = {"rolearn": "arn:aws:iam::123456789012:role/Nodes", "username": "right"}
    aws_auth(objects, mapRoles=[with_path, without])
    assert found(cluster("CONFIG_MAP"), objects, SESSION) == ("right", [])


def test_an_account_can_be_mapped_as_a_whole(objects: Objects) -> None:
    aws_auth(objects, mapAccounts=["123456789012"])
    assert found(cluster("CONFIG_MAP"), objects, ADA) == (USER, [])


def test_rows_that_are_none_are_passed_over(objects: Objects) -> None:
    aws_auth(objects, mapRoles="- rolearn: [", mapUsers="ada", mapAccounts="{}")
    assert found(cluster("CONFIG_MAP"), objects, ADA) is None


def test_eks_maps_the_role_of_nodes_once_and_leaves_other_rows_alone(objects: Objects) -> None:
    aws_auth(objects, mapRoles=[{"rolearn": "arn:aws:iam::123456789012:role/ops", "username": "ops"}])
    where = cluster("CONFIG_MAP")
    for _again in range(2):
        map_role(objects, ROLE, "EC2_LINUX")
    assert found(where, objects, SESSION) == (f"system:node:{HOST}", ["system:bootstrappers", "system:nodes"])
    unmap_role(objects, ROLE)
    assert found(where, objects, SESSION) is None
    rows = yaml.safe_load(objects.get(CONFIG_MAP, "kube-system", "aws-auth")["data"]["mapRoles"])
    assert [row["username"] for row in rows] == ["ops"]
