# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role kubeconfig: what it takes over from the role cluster, and what it asks AWS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from support.ledger import Ledger
from support.playbook import Playbook
from support.surroundings import Surroundings

HOSTS = {"eks_clusters": {"hosts": {"frankfurt": {"eks_cluster_name": "prod"}}}}


def contexts(file: Path) -> list[str]:
    return [entry["name"] for entry in yaml.safe_load(file.read_text())["contexts"]]


def play(*before: dict[str, Any], **variables: Any) -> list[dict[str, Any]]:
    keywords = {"hosts": "eks_clusters", "gather_facts": False, "roles": ["flotilla.eks.kubeconfig"]}
    return [{**keywords, "pre_tasks": list(before), "vars": variables}]


def test_the_context_of_a_host(playbook: Playbook, aws: Surroundings, ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / ".kube" / "config"

    plan = playbook.run(play(), inventory=HOSTS, check=True)
    assert plan.changed == 1
    assert not file.exists()

    aws.cluster()
    ledger.clear()
    assert playbook.run(play(), inventory=HOSTS).changed == 1
    assert contexts(file) == ["frankfurt"]
    assert playbook.run(play(), inventory=HOSTS).changed == 0
    assert ledger.operations() == ["DescribeCluster"] * 2

    assert playbook.run(play(kubeconfig_state="absent"), inventory=HOSTS).changed == 1
    assert contexts(file) == []
    assert playbook.run(play(kubeconfig_state="absent"), inventory=HOSTS).changed == 0
    assert len(ledger.calls()) == 2


def test_after_the_cluster_role_nothing_is_asked(
    playbook: Playbook, aws: Surroundings, ledger: Ledger, tmp_path: Path
) -> None:
    aws.cluster()
    ledger.clear()
    cluster = {"name": "Cluster", "flotilla.eks.cluster": {"name": "prod"}, "register": "cluster_result"}
    file = tmp_path / "mine"
    playbook.run(play(cluster, kubeconfig_path=str(file), kubeconfig_context="own"), inventory=HOSTS)
    assert contexts(file) == ["own"]
    assert ledger.operations() == ["DescribeCluster"]


def test_a_wrong_variable_is_named(playbook: Playbook, tmp_path: Path) -> None:
    run = playbook.run(play(kubeconfig_auth="password"), inventory=HOSTS, fails=True)
    assert "kubeconfig_auth" in run.last["msg"]
