# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin nodes, as ``ansible-inventory`` shows it: regions, accounts, groups, the cache, and trouble."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
import yaml

from eks_simulator.process import SimulatorProcess
from support.ledger import Ledger
from support.playbook import Playbook
from support.surroundings import Surroundings

HERE, THERE = "eu-central-1", "us-east-1"
ROLE = "arn:aws:iam::210987654321:role/inventory"


def shown(playbook: Playbook, *arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    """What ``ansible-inventory`` shows with these settings of the plugin."""
    file = playbook.directory / "my_eks_nodes.yml"
    file.write_text(yaml.safe_dump({"plugin": "flotilla.eks.nodes", **settings}), encoding="utf-8")
    return subprocess.run(
        ["ansible-inventory", "--inventory", str(file), *arguments],
        cwd=playbook.directory,
        env=playbook.variables(),
        capture_output=True,
        text=True,
        check=False,
    )


def listed(playbook: Playbook, **settings: Any) -> dict[str, Any]:
    found = shown(playbook, "--list", **settings)
    assert (found.returncode, found.stderr) == (0, "")
    inventory: dict[str, Any] = json.loads(found.stdout, object_hook=plain)
    return inventory


def plain(value: dict[str, Any]) -> Any:
    """Text that Ansible marks as no template, as it is."""
    return value["__ansible_unsafe"] if list(value) == ["__ansible_unsafe"] else value


def test_clusters_and_nodes_of_regions_and_accounts(
    playbook: Playbook, ledger: Ledger, simulator: SimulatorProcess, aws: Surroundings
) -> None:
    aws.cluster("prod")
    aws.nodegroup("web", labels={"team": "shop"}, scalingConfig={"minSize": 1, "maxSize": 2, "desiredSize": 2})
    Surroundings(simulator, THERE).cluster("prod")
    other = Surroundings(simulator, role=ROLE)
    other.cluster("stage")
    other.nodegroup("web", cluster="stage")
    ledger.clear()

    settings: dict[str, Any] = {
        "regions": [HERE, THERE],
        "accounts": [{}, {"role_arn": ROLE, "regions": [HERE]}],
        "keyed_groups": [{"key": "eks_labels.team", "prefix": "team"}],
        "groups": {"eks_clusters": "eks_kind == 'cluster' and eks_cluster_name == 'stage'"},
        "compose": {"ansible_user": "'ec2-user'"},
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(playbook.directory / "cache"),
    }
    inventory = listed(playbook, **settings)
    hosts = inventory["_meta"]["hostvars"]
    assert set(inventory["eks_clusters_found"]["hosts"]) == {f"prod.{HERE}", f"prod.{THERE}", "stage"}
    assert inventory["eks_clusters"]["hosts"] == ["stage"]
    assert inventory["eks_cluster_stage"]["hosts"] == [
        name for name in hosts if hosts[name].get("eks_cluster") == "stage"
    ]
    mine = inventory["team_shop"]["hosts"]
    assert sorted(mine) == sorted(inventory[f"eks_cluster_prod_{HERE.replace('-', '_')}"]["hosts"])
    assert len(mine) == 2
    assert set(inventory["eks_nodes"]["hosts"]) == set(inventory["eks_group_web"]["hosts"]) > set(mine)
    assert set(inventory["eks_nodes"]["hosts"]) == set(inventory["eks_kind_managed"]["hosts"])
    node = hosts[mine[0]]
    assert (node["ansible_host"], node["ansible_user"]) == (node["eks_addresses"]["internal_ip"], "ec2-user")
    assert (node["eks_account"], node["eks_region"], node["eks_cluster_name"]) == ("123456789012", HERE, "prod")
    assert hosts["stage"]["eks_account"] == "210987654321"
    assert ledger.writes() == []

    ledger.clear()
    graph = shown(playbook, "--graph", "eks_nodes", **settings, address="ssm", hostname="instance_id")
    assert ledger.operations("eks") == ledger.operations("kubernetes") == ledger.operations("ec2") == []
    assert f"|--{node['eks_instance_id']}" in graph.stdout


def test_a_cluster_that_nobody_reaches(playbook: Playbook, simulator: SimulatorProcess, aws: Surroundings) -> None:
    aws.cluster("inner", resourcesVpcConfig={"endpointPublicAccess": False, "endpointPrivateAccess": True})
    simulator.look_from("203.0.113.9")
    failed = shown(playbook, "--list")
    told = "EKS cluster 'inner' in eu-central-1: GET /api/v1/nodes: nobody answers at https://127.0.0.1:"
    assert told in " ".join(failed.stderr.split())
    assert json.loads(failed.stdout)["_meta"]["hostvars"] == {}
    skipped = shown(playbook, "--list", skip_unreachable=True)
    assert told in " ".join(skipped.stderr.split())
    assert list(json.loads(skipped.stdout)["_meta"]["hostvars"]) == ["inner"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"hostname": "ip"}, "hostname"),
        ({"accounts": [{"role_arn": "nonsense"}]}, "accounts: role_arn nonsense cannot be assumed"),
        ({"accounts": [{"role": "nonsense"}]}, "accounts[0]: found role; known are role_arn, external_id"),
    ],
)
def test_bad_settings_are_named(playbook: Playbook, settings: dict[str, Any], told: str) -> None:
    assert told in shown(playbook, "--list", **settings).stderr
