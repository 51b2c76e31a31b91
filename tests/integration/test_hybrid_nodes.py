# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On-premises hosts as nodes: what our modules make lets them in, by either credential provider, and tells of them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from eks_simulator.process import SimulatorProcess
from support.anywhere_client import credentials, session
from support.authority import Authority
from support.clusters import api_of, deploy_network_plugin
from support.ledger import Ledger
from support.playbook import Playbook
from support.roles import Role, handed_on
from support.steps import Steps
from support.surroundings import ACCOUNT, Surroundings

CLUSTER = f"arn:aws:eks:eu-central-1:{ACCOUNT}:cluster/prod"


@pytest.fixture
def iam(playbook: Playbook) -> Role:
    facts = ["iam_hybrid_role_arn", "iam_hybrid_trust_anchor_arn", "iam_hybrid_profile_arn"]
    return Role(playbook, "iam", facts, iam_cluster_name="prod", iam_roles=["hybrid"])


def a_cluster_for_hosts(aws: Surroundings, role: str) -> None:
    networks = {"remoteNodeNetworks": [{"cidrs": ["10.80.0.0/16"]}]}
    aws.cluster("prod", version="1.34", accessConfig={"authenticationMode": "API"}, remoteNetworkConfig=networks)
    aws.eks.create_access_entry(clusterName="prod", principalArn=role, type="HYBRID_LINUX")
    caller = f"arn:aws:iam::{ACCOUNT}:user/simulator"
    entries = aws.eks.list_access_entries(clusterName="prod")["accessEntries"]
    assert caller in entries


def told(steps: Steps) -> dict[str, dict[str, Any]]:
    """What nodes_info tells of each node, by its name or id."""
    return {node["name"] or node["id"]: node for node in steps.run("nodes_info", cluster_name="prod")["nodes"]}


def join(aws: Surroundings, keys: dict[str, str], address: str) -> str:
    return aws.simulator.join_node(**keys, cluster="prod", region=aws.region, ip_address=address)


def verify(playbook: Playbook, *hosts: str, fails: bool = False) -> str:
    """What the playbook that looks at the nodes of these hosts says."""
    inventory = {
        "eks_clusters": {"hosts": {"prod": {"eks_region": "eu-central-1"}}},
        "eks_hybrid_nodes": {"hosts": {host: {"eks_cluster": "prod"} for host in hosts}},
    }
    variables = {"nodes_hybrid_verify_timeout": 1}
    run = playbook.run("flotilla.eks.nodes_hybrid_verify", inventory=inventory, variables=variables, fails=fails)
    return str(
        run.on("prod")["Wait until as many nodes are ready as there are hosts" if fails else "Show the nodes"]["msg"]
    )


def test_by_systems_manager(iam: Role, aws: Surroundings, playbook: Playbook, steps: Steps) -> None:
    iam.run()
    aws.simulator.advance(60)
    a_cluster_for_hosts(aws, f"arn:aws:iam::{ACCOUNT}:role/prod-hybrid")
    deploy_network_plugin(api_of(aws))
    kept = playbook.directory / "activation"
    wanted = {"name": "join", "registration_limit": 2, "iam_role": "prod-hybrid", "tags": {"EKSClusterARN": CLUSTER}}
    wanted["expires_in"] = 29 * 86400  # simulated time runs fast
    content = "{{ made.activation_id }} {{ made.activation_code }}"
    playbook.tasks(
        {"name": "Activate", "flotilla.eks.ssm_activation": wanted, "no_log": True, "register": "made"},
        {"name": "Keep", "ansible.builtin.copy": {"dest": str(kept), "content": content}, "no_log": True},
    )
    number, code = kept.read_text(encoding="utf-8").split()
    hosts = [aws.simulator.register_host(activation_id=number, activation_code=code) for _time in range(2)]
    first, second = (host["instance_id"] for host in hosts)
    assert join(aws, aws.simulator.host_credentials(hosts[0]), "10.80.0.5") == first
    aws.settle()
    nodes = told(steps)
    assert {name: (node["kind"], node["status"]) for name, node in nodes.items()} == {
        first: ("hybrid", "ready"),
        second: ("hybrid", "not_joined"),
    }
    assert nodes[first]["provider_id"] == f"eks-hybrid:///eu-central-1/prod/{first}"
    assert nodes[first]["disagreements"] == []
    aws.simulator.silence_host(first)
    assert [one["about"] for one in told(steps)[first]["disagreements"]] == ["state"]
    steps.converge("ssm_managed_instance", instance_id=second)
    assert list(told(steps)) == [first]


def test_a_dead_host_leaves_only_if_its_certificates_can_be_looked_for(
    playbook: Playbook, aws: Surroundings, simulator: SimulatorProcess, ledger: Ledger
) -> None:
    aws.cluster(accessConfig={"authenticationMode": "API"})
    dead = {"eks_cluster": "prod", "ansible_host": "127.0.79.1", "ansible_connection": "ssh"}
    variables = {"hybrid_nodes_unreachable": "remove", "hybrid_nodes_credential_provider": "iam_roles_anywhere"}
    hosts = {"eks_clusters": {"hosts": {"prod": {}}}, "eks_hybrid_nodes": {"hosts": {"edge-1": dead}}}
    leave: dict[str, Any] = {"playbook": "flotilla.eks.nodes_hybrid_leave", "inventory": hosts, "variables": variables}
    ledger.clear()
    simulator.fault(operation="rolesanywhere:ListTrustAnchors", error="AccessDeniedException", status=403)
    told = playbook.run(**leave, fails=True).on("edge-1")["Stop where there is none"]["results"][0]["msg"]
    assert "has no trust anchor prod-hybrid with the tag flotilla.eks/cluster=prod, as " in told
    assert "AccessDenied" in told
    simulator.clear_faults()
    assert (playbook.run(**leave).changed, ledger.writes()) == (0, [])


def test_by_certificates(iam: Role, aws: Surroundings, steps: Steps, playbook: Playbook) -> None:
    authority = Authority()
    path = iam.playbook.directory / "ca.pem"
    path.write_text(authority.pem)
    made = handed_on(iam.run(iam_hybrid_credential_provider="iam_roles_anywhere", iam_hybrid_ca_certificate=str(path)))
    aws.simulator.advance(60)
    role = made["iam_hybrid_role_arn"]
    a_cluster_for_hosts(aws, role)
    certificate, key = authority.issue("edge-1")
    named = {"trustAnchorArn": made["iam_hybrid_trust_anchor_arn"], "profileArn": made["iam_hybrid_profile_arn"]}
    named["roleArn"] = role
    url = aws.simulator.url
    assert session(url, certificate, key, body={"roleSessionName": "edge-2"}, **named)[0] == 403
    status, answer = session(url, certificate, key, body={"roleSessionName": "edge-1"}, **named)
    assert status == 201
    assert join(aws, credentials(answer), "10.80.0.6") == "edge-1"
    aws.settle()
    said = steps.refused("nodes", cluster_name="prod", nodes=[{"name": "edge-1"}], wait_timeout=1)
    assert "cni plugin not initialized. No network plug-in (CNI) runs on it" in said
    assert "deploy Cilium or Calico" in said
    deploy_network_plugin(api_of(aws))
    aws.settle()
    assert {name: (node["kind"], node["status"]) for name, node in told(steps).items()} == {
        "edge-1": ("hybrid", "ready")
    }
    assert re.search(r"edge-1 .*ready", verify(playbook, "edge-1"))
    assert "for 2 nodes to be Ready, in vain; 1 of 1 are Ready" in verify(playbook, "edge-1", "edge-2", fails=True)
