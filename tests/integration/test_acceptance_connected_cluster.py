# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connected clusters: registered with a code that nobody but the user gets, found among clusters, deregistered."""

from __future__ import annotations

from typing import Any

from support.ledger import Ledger
from support.playbook import Playbook
from support.steps import Steps, operations
from support.surroundings import Surroundings

SITE = "flotilla.eks.connected_cluster"


def site(aws: Surroundings, **more: Any) -> dict[str, Any]:
    return {"name": "site", "connector_config": {"role_arn": aws.role("connector"), "provider": "OTHER"}, **more}


def test_the_code_reaches_the_user_and_nobody_else(aws: Surroundings, playbook: Playbook, ledger: Ledger) -> None:
    wanted = site(aws, tags={"Team": "a"})
    kept = playbook.directory / "code"
    ledger.clear()
    run = playbook.tasks(
        {"name": "Register", SITE: wanted, "no_log": True, "register": "made"},
        {
            "name": "Keep",
            "ansible.builtin.copy": {"dest": str(kept), "content": "{{ made.connector_config.activation_code }}"},
            "no_log": True,
        },
        {"name": "Tell", "ansible.builtin.debug": {"msg": "{{ made.status }} {{ made.changes | length }}"}},
        {"name": "Again", SITE: wanted, "register": "again"},
        {"name": "Info", "flotilla.eks.connected_cluster_info": {}},
        {"name": "As a cluster", "flotilla.eks.cluster_info": {"name": "site"}},
        arguments=["-vvv"],
    )
    code = kept.read_text(encoding="utf-8")
    assert len(code) > 10
    assert code not in run.output
    assert run.results["Tell"]["msg"] == "PENDING 1"
    assert not run.results["Again"]["changed"]
    assert "activation_code" not in str([run.results[name] for name in ("Again", "Info", "As a cluster")])
    assert [found["name"] for found in run.results["Info"]["connected_clusters"]] == ["site"]
    assert code not in str(ledger.calls())
    assert [entry["operation"] for entry in ledger.writes()] == ["RegisterCluster"]


def test_a_registration_that_would_be_logged_is_refused(aws: Surroundings, playbook: Playbook, steps: Steps) -> None:
    assert "set no_log: true on the task" in steps.refused("connected_cluster", **site(aws))
    planned = playbook.tasks({"name": "Plan", SITE: site(aws)}, check=True, warns=True)
    assert operations(planned.results["Plan"]) == ["RegisterCluster"]
    assert "no_log: true" in " ".join(planned.warnings)


def test_it_is_tagged_and_deregistered(aws: Surroundings, steps: Steps) -> None:
    members = site(aws)["connector_config"]
    aws.eks.register_cluster(
        name="site", connectorConfig={"roleArn": members["role_arn"], "provider": members["provider"]}
    )
    assert operations(steps.converge("connected_cluster", **site(aws), tags={"Team": "b"})) == ["TagResource"]
    other = {"connector_config": {**members, "provider": "GKE"}}
    assert "connector_config.provider: found 'OTHER'" in steps.refused("connected_cluster", **{**site(aws), **other})
    gone = steps.converge("connected_cluster", name="site", state="absent")
    assert operations(gone) == ["DeregisterCluster"]


def test_a_cluster_of_eks_is_left_alone(aws: Surroundings, steps: Steps) -> None:
    aws.cluster("site")
    assert not steps.converge("connected_cluster", name="site", state="absent")["changed"]
    assert steps.run("connected_cluster_info")["connected_clusters"] == []


def test_a_role_that_has_just_been_made_is_waited_for(aws: Surroundings, playbook: Playbook) -> None:
    fresh = aws.role("connector", "fresh", settle=False)
    options = {"name": "site", "connector_config": {"role_arn": fresh, "provider": "EC2"}}
    run = playbook.tasks({"name": "Register", SITE: options, "no_log": True})
    assert run.results["Register"]["changed"]
