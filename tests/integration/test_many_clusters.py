# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook site on clusters of several regions and accounts, one of which cannot be made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eks_simulator.process import SimulatorProcess
from support.ledger import Ledger
from support.playbook import Playbook
from support.surroundings import Surroundings

HERE, THERE = "eu-central-1", "us-east-1"
OTHER = "210987654321"
ROLE = f"arn:aws:iam::{OTHER}:role/fleet"
PROFILES = f"""\
[profile shop]
role_arn = {ROLE}
credential_source = Environment
"""
VERIFY = "Wait until as many nodes are ready as there are hosts"
CLUSTER = "Make or change the cluster with its administrators"


def subnets(aws: Surroundings) -> list[str]:
    for subnet in aws.private_subnets:
        aws.ec2.create_tags(Resources=[subnet], Tags=[{"Key": "kubernetes.io/role/internal-elb", "Value": "1"}])
    return aws.private_subnets


def test_each_lands_where_it_belongs_and_one_that_fails_stops_no_other(
    tmp_path: Path, simulator: SimulatorProcess, ledger: Ledger
) -> None:
    (tmp_path / "aws").write_text(PROFILES, encoding="utf-8")
    places = {
        "amber": Surroundings(simulator, HERE),
        "birch": Surroundings(simulator, THERE),
        "cedar": Surroundings(simulator, HERE, ROLE),
        "dune": Surroundings(simulator, THERE, ROLE),
    }
    hosts: dict[str, dict[str, Any]] = {
        host: {"eks_region": aws.region, "network_given_private_subnet_ids": subnets(aws)}
        for host, aws in places.items()
    }
    for host in ("cedar", "dune"):
        hosts[host]["eks_profile"] = "shop"
    hosts["birch"]["cluster_version"] = "1.10"
    simulator.advance(60)
    ledger.clear()
    playbook = Playbook(tmp_path, {**simulator.env, "AWS_CONFIG_FILE": str(tmp_path / "aws")})
    run = playbook.run(
        "flotilla.eks.site",
        inventory={"eks_clusters": {"hosts": hosts, "vars": {"iam_roles": ["cluster"]}}},
        arguments=["--tags", "cluster,kubeconfig,nodes"],
        fails=True,
    )
    looking = playbook.run(
        "flotilla.eks.nodes_hybrid_verify",
        inventory={
            "eks_clusters": {"hosts": {host: hosts[host] for host in ("amber", "cedar")}},
            "eks_hybrid_nodes": {"hosts": {"edge-1": {"eks_cluster": "cedar"}}},
        },
        variables={"nodes_hybrid_verify_timeout": 1},
        fails=True,
    )
    assert "for 1 nodes to be Ready, in vain" in looking.on("cedar")[VERIFY]["msg"]
    assert "nothing to wait for" in looking.on("amber")["Show the nodes"]["msg"]
    assert [host for host, stats in run.stats.items() if stats["failures"]] == ["birch"]
    told = run.on("birch")[CLUSTER]["msg"]
    assert told.startswith("fleet of cluster birch: ")
    assert "1.10" in told
    for host, aws in places.items():
        assert aws.eks.list_clusters()["clusters"] == ([] if host == "birch" else [host])
        assert f"arn:aws:iam::{aws.account}:role/{host}-cluster" in [
            role["Arn"] for role in aws.iam.list_roles()["Roles"]
        ]
        written = [entry for entry in ledger.writes() if host in str(entry["parameters"])]
        assert {entry["account"] for entry in written} == {aws.account}
        looked_at = [entry["account"] for entry in ledger.calls("kubernetes") if entry["region"] == aws.region]
        assert (aws.account in looked_at) == (host != "birch")
