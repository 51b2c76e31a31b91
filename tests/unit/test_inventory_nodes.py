# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts that the inventory plugin makes of clusters and nodes, and what Ansible makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from ansible.template import Templar, trust_as_template

from ansible_collections.flotilla.eks.plugins.module_utils._nodes.view import join
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.plugin_utils._inventory import Host, checked, hosts
from support.node_sources import instance, instance_id, node, node_name, sources

FARGATE = {"eks.amazonaws.com/compute-type": "fargate"}
NOBODYS = "{{ 1 + 1 }}"


def found(name: str = "prod", region: str = "eu-central-1", account: str = "1", **members: Any) -> dict[str, Any]:
    """A cluster with one node of group web, or the ``nodes`` given."""
    arn = f"arn:aws:eks:{region}:{account}:cluster/{name}"
    cluster = {"name": name, "arn": arn, "status": "ACTIVE", "version": "1.33", "endpoint": "https://x", "tags": {}}
    return {"cluster": cluster, "profile": "", "nodes": join(sources()), **members}


def one(host: str, made: list[Host]) -> Host:
    (found,) = [each for each in made if each.name == host]
    return found


def test_a_cluster_is_a_host_that_no_playbook_of_ours_acts_upon() -> None:
    host = one("prod", hosts([found()]))
    assert host.groups == ("eks_clusters_found",)
    assert host.variables == {
        "ansible_connection": "local",
        "eks_account": "1",
        "eks_arn": "arn:aws:eks:eu-central-1:1:cluster/prod",
        "eks_cluster_name": "prod",
        "eks_endpoint": "https://x",
        "eks_kind": "cluster",
        "eks_name": "prod",
        "eks_region": "eu-central-1",
        "eks_status": "ACTIVE",
        "eks_tags": {},
        "eks_version": "1.33",
    }


def test_a_node_is_a_host_with_all_that_is_told_of_it() -> None:
    host = one(node_name(1), hosts([found()]))
    assert host.groups == (
        "eks_nodes",
        "eks_cluster_prod",
        "eks_kind_managed",
        "eks_group_web",
        "eks_zone_eu-central-1a",
        "eks_version_1.33",
        "eks_status_ready",
    )
    told = {f"eks_{key}": value for key, value in join(sources())[0].items() if key not in ("age", "sources")}
    assert host.variables == {
        **told,
        "eks_cluster": "prod",
        "eks_cluster_name": "prod",
        "eks_region": "eu-central-1",
        "eks_account": "1",
        "ansible_host": "10.0.0.1",
        "ansible_aws_ssm_instance_id": instance_id(1),
        "ansible_aws_ssm_region": "eu-central-1",
    }


def test_what_has_not_joined_is_a_host_in_fewer_groups() -> None:
    nodes = join(sources(nodes=[], instances=[instance()]))
    host = one(instance_id(1), hosts([found(nodes=nodes)]))
    assert "eks_status_not_joined" in host.groups
    assert not any(group.startswith("eks_version") for group in host.groups)
    assert host.variables["ansible_host"] == "10.0.0.1"


@pytest.mark.parametrize(
    ("address", "host", "connection"),
    [
        ("private_ip", "10.0.0.1", None),
        ("private_dns", node_name(1), None),
        ("public_ip", "203.0.113.7", None),
        ("ssm", instance_id(1), "amazon.aws.aws_ssm"),
    ],
)
def test_the_address_is_the_one_asked_for(address: str, host: str, connection: str | None) -> None:
    nodes = join(sources(instances=[instance(public_ip_address="203.0.113.7")]))
    made = one(node_name(1), hosts([found(nodes=nodes, profile="shop")], address=address)).variables
    assert (made["ansible_host"], made.get("ansible_connection")) == (host, connection)
    assert (made["eks_profile"], made["ansible_aws_ssm_profile"]) == ("shop", "shop")


@pytest.mark.parametrize("address", ["public_ip", "ssm"])
def test_no_address_is_made_up(address: str) -> None:
    nodes = join(sources(nodes=[node(name="fargate-1", provider="aws:///z/x/fargate-1", labels=FARGATE)], instances=[]))
    made = one("fargate-1", hosts([found(nodes=nodes)], "instance_id", address)).variables
    assert not [name for name in made if name.startswith("ansible_")]


def names(*everything: dict[str, Any], hostname: str = "name") -> list[str]:
    return [host.name for host in hosts(everything, hostname)]


def test_no_name_stands_for_two() -> None:
    here, there, else_where = found(), found(region="us-east-1"), found(region="us-east-1", account="2")
    assert names(here, found("test", nodes=[])) == ["prod", "test", node_name(1)]
    assert names(here, {**there, "nodes": []}) == ["prod.eu-central-1", "prod.us-east-1", node_name(1)]
    clusters = ["prod.eu-central-1", "prod.us-east-1.1", "prod.us-east-1.2"]
    everything = [*clusters, *(f"{node_name(1)}.{cluster}" for cluster in clusters)]
    assert names(here, there, else_where) == everything
    assert names(else_where, there, here) == everything


def test_a_node_is_not_taken_for_a_cluster() -> None:
    nodes = join(sources(nodes=[node(name="prod")]))
    assert names(found(nodes=nodes)) == ["prod", "prod.prod"]


def test_a_cluster_found_on_two_ways_is_one() -> None:
    assert names(found(), found(profile="same")) == ["prod", node_name(1)]


def test_the_name_may_be_the_id() -> None:
    assert names(found(), hostname="instance_id") == ["prod", instance_id(1)]


def test_an_account_is_what_it_may_be() -> None:
    assert checked([{}, {"role_arn": "a", "external_id": "b", "profile": "c", "regions": ["d"]}])[0] == {}
    with pytest.raises(
        Refused, match=r"^accounts\[1\]: found role; known are role_arn, external_id, profile, regions$"
    ):
        checked([{}, {"role": "a"}])
    with pytest.raises(Refused, match=r"^accounts\[0\]: found 'a'; it has to be a dictionary"):
        checked(["a"])


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InventoryManager:
    """What Ansible reads from a file for the plugin, with a node whose label is a template of somebody's."""
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    labels = {"team": NOBODYS, "eks.amazonaws.com/nodegroup": "we b"}
    told = [found(nodes=join(sources(nodes=[node(labels=labels)], instances=[])))]
    monkeypatch.setattr(type(inventory_loader.get("flotilla.eks.nodes")), "_search", lambda self: told)
    file = tmp_path / "eks_nodes.yml"
    settings = {
        "plugin": "flotilla.eks.nodes",
        "compose": {"team": "eks_labels.team", "site": "'rack-' ~ eks_kind"},
        "groups": {"tainted": "eks_kind != 'cluster' and eks_taints"},
        "keyed_groups": [{"key": "eks_kind", "prefix": "is"}],
    }
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    manager = InventoryManager(DataLoader(), sources=[str(file)])
    assert manager.hosts, "the plugin did not take the file"
    return manager


def test_ansible_reads_hosts_and_groups(inventory: InventoryManager) -> None:
    groups = {name: [host.name for host in group.hosts] for name, group in inventory.groups.items() if group.hosts}
    assert groups["eks_clusters_found"] == groups["is_cluster"] == ["prod"]
    assert groups["eks_group_we_b"] == groups["is_managed"] == groups["eks_nodes"] == [node_name(1)]
    assert "tainted" not in groups
    assert inventory.hosts[node_name(1)].vars["site"] == "rack-managed"


def test_what_others_wrote_is_no_template(inventory: InventoryManager) -> None:
    told = inventory.hosts[node_name(1)].vars
    templar = Templar(DataLoader(), variables=told)
    assert templar.template(trust_as_template("{{ eks_labels.team }}")) == NOBODYS
    assert templar.template(trust_as_template("{{ team }}")) == NOBODYS
