# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cluster a host is a node of, also where the cluster's inventory host is in another slice of the job."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.plugin_utils._membership import cluster_of
from support.awx import sliced

NODE = {"eks_cluster": "north"}
SAYS = {"eks_cluster_name": "prod", "eks_region": "eu-north-1", "eks_profile": "shop"}


@pytest.mark.parametrize(
    ("node", "cluster", "told"),
    [
        ({}, {}, ("north", "", "", "north")),
        ({}, SAYS, ("prod", "eu-north-1", "shop", "north")),
        ({**SAYS, "eks_cluster_name": "north"}, {}, ("north", "eu-north-1", "shop", "north")),
        ({"eks_region": "eu-west-1"}, SAYS, ("prod", "eu-west-1", "shop", "north")),
        (SAYS, None, ("prod", "eu-north-1", "shop", "localhost")),
        ({"eks_cluster_name": "prod"}, None, ("prod", "", "", "localhost")),
    ],
)
def test_the_host_counts_then_its_cluster(
    node: dict[str, Any], cluster: dict[str, Any] | None, told: tuple[str, ...]
) -> None:
    hosts = {"edge-1": {**NODE, **node}, **({} if cluster is None else {"north": cluster})}
    found = cluster_of("edge-1", hosts)
    assert (found["name"], found["region"], found["profile"], found["delegate_to"]) == told
    assert found["problem"] == ""


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ({}, "eks_cluster is not set."),
        ({"eks_cluster_name": "prod"}, "eks_cluster is not set."),
        (NODE, "eks_cluster is north, which is not in the inventory."),
    ],
)
def test_a_host_that_does_not_say_enough(node: dict[str, str], told: str) -> None:
    problem = cluster_of("edge-1", {"edge-1": node})["problem"]
    assert problem.startswith(f"Host edge-1: {told} Set it to the inventory host")


@pytest.mark.parametrize("cluster", [{}, {"eks_cluster_name": "stage"}])
def test_a_host_that_names_two_clusters(cluster: dict[str, str]) -> None:
    problem = cluster_of("edge-1", {"edge-1": {**NODE, **SAYS}, "north": cluster})["problem"]
    name = cluster.get("eks_cluster_name", "north")
    assert problem.startswith(
        f"Host edge-1: eks_cluster_name is prod, but eks_cluster is north, which is cluster {name}."
    )


def test_slices_take_every_host_of_the_inventory_in_turn() -> None:
    """So the slice of a node need not have its cluster: this is what the roles have to do without."""
    hosts: dict[str, Any] = {"edge-2": {}, "edge-1": {}, "edge-3": {}}
    inventory = {"eks_clusters": {"hosts": {"prod": {"a": 1}}}, "eks_hybrid_nodes": {"hosts": hosts, "vars": NODE}}
    first, second = (sliced(inventory, number, 2) for number in (1, 2))
    assert [list(group["hosts"]) for group in first.values()] == [[], ["edge-1", "edge-3"]]
    assert [list(group["hosts"]) for group in second.values()] == [["prod"], ["edge-2"]]
    assert first["eks_hybrid_nodes"]["vars"] == NODE
