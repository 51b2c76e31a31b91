# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role awx has AWX run the playbooks: made once, kept, changed where its variables say so, removed without a trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.awx_api.server import PASSWORD, TOKEN, USER, Awx
from support.checkout import CHECKOUT
from support.playbook import Playbook, Run

REPOSITORY = "https://git.example.com/fleet.git"
PLAYBOOKS = {path.stem for path in (CHECKOUT / "playbooks").glob("*.yml")}
AWS = {"access_key": "AKIA", "secret_key": "secret-key-of-aws", "role_arn": "arn:aws:iam::123456789012:role/eks"}
AUTHORITY = {"ca_certificate": "-", "ca_key": "key-of-the-authority", "ca_passphrase": "passphrase-of-the-authority"}
PROXY = {"address": "http://edge:password-of-the-proxy@proxy.example.com:3128", "no_proxy": "registry.example.com"}
HOOK_PASSWORD = "password-of-the-hook"
HOOK = {"url": "https://hooks.example.com/eks", "headers": {}, "password": HOOK_PASSWORD}
SECRETS = (
    *(AWS["secret_key"], AUTHORITY["ca_key"], AUTHORITY["ca_passphrase"], "password-of-the-proxy"),
    *(HOOK_PASSWORD, TOKEN, PASSWORD),
)

FLEET: dict[str, Any] = {
    "awx_playbooks": ["site"],
    "awx_oauthtoken": TOKEN,
    "awx_image": "registry.example.com/eks-ee:1",
    "awx_project_url": REPOSITORY,
    "awx_inventory_source": "inventory/eks_nodes.yml",
    "awx_credentials": {
        "aws": {"inputs": AWS},
        "machine": {"name": "Machines on premises"},
        "hybrid": {"inputs": AUTHORITY},
        "proxy": {"inputs": PROXY},
    },
    "awx_hosts": {
        "eks_clusters": {"harbour": {"eks_region": "eu-central-1", "cluster_version": "1.34"}},
        "eks_hybrid_nodes": {"edge-1": {"ansible_host": "10.80.0.17", "eks_cluster": "harbour"}},
    },
    "awx_notifications": [{"name": "hook", "type": "webhook", "configuration": HOOK, "on": ["error", "approvals"]}],
}


@pytest.fixture
def awx() -> Iterator[Awx]:
    """AWX as it is installed, with a credential for SSH, and a repository that has the playbooks."""
    with Awx({REPOSITORY: [f"playbooks/{name}.yml" for name in PLAYBOOKS]}) as awx:
        machine = awx.named("credential_types", "Machine")["id"]
        given = {"name": "Machines on premises", "credential_type": machine, "inputs": {"username": "ops"}}
        awx.store.add("credentials", given)
        yield awx


def run(
    playbook: Playbook, awx: Awx, *arguments: str, fails: bool = False, warns: bool = False, **variables: Any
) -> Run:
    """Run the playbook as talkative as can be. No secret may be in what it says."""
    given = FLEET | {"awx_host": awx.url} | variables
    done = playbook.run("flotilla.eks.awx", variables=given, fails=fails, warns=warns, arguments=["-vvv", *arguments])
    assert [secret for secret in SECRETS if secret in done.output] == []
    return done


def test_made_kept_changed_and_removed(playbook: Playbook, awx: Awx) -> None:
    before = awx.all_names()
    assert run(playbook, awx, "--check").changed
    assert awx.writes == []

    assert run(playbook, awx).changed
    assert awx.names("job_templates") == {"EKS site", "EKS site plan"}
    plan = awx.named("job_templates", "EKS site plan")
    assert (plan["job_type"], plan["diff_mode"], plan["allow_simultaneous"]) == ("check", True, False)
    assert awx.associated("job_templates", "EKS site", "credentials") == [
        "EKS aws",
        "EKS hybrid",
        "EKS proxy",
        "Machines on premises",
    ]
    assert awx.associated("job_templates", "EKS site", "notification_templates_error") == ["EKS hook"]
    assert awx.associated("groups", "eks_clusters", "hosts") == ["harbour"]
    assert json.loads(awx.named("hosts", "edge-1")["variables"]) == {
        "eks_cluster_name": "harbour",
        "eks_region": "eu-central-1",
        "ansible_host": "10.80.0.17",
        "eks_cluster": "harbour",
    }
    assert awx.path("EKS site with approval") == ["EKS site plan", "Carry out the plan", "EKS site"]
    assert awx.named("schedules", "EKS drift")["unified_job_template"] == plan["id"]
    assert awx.named("inventory_sources", "EKS nodes")["source_path"] == "inventory/eks_nodes.yml"

    awx.clear()
    assert run(playbook, awx).changed == 0
    assert awx.writes == []

    question = {"question_name": "Which", "variable": "which", "type": "text", "required": True, "default": ""}
    row = {"playbook": "site", "description": "Makes clusters", "credentials": ["aws"], "survey": [question]}
    changed = run(playbook, awx, "--tags", "organization,templates", awx_labels=["eks", "night"], _awx_playbooks=[row])
    site = awx.named("job_templates", "EKS site")
    assert changed.changed == 2  # the label, and the template: its description, its survey and its labels
    assert awx.store.surveys[site["id"]]["spec"] == [question]
    assert awx.associated("job_templates", "EKS site", "labels") == ["eks", "night"]

    organization = awx.named("organizations", "EKS")["id"]
    awx.store.add("teams", {"name": "Operators", "organization": organization})
    gone = run(playbook, awx, awx_state="absent")
    assert "stays, as it has more than the role has made: Operators" in gone.output
    assert awx.all_names() == before | {"EKS", "Operators"}

    awx.store.remove("teams", awx.named("teams", "Operators")["id"])
    run(playbook, awx, awx_state="absent")
    assert awx.all_names() == before
    awx.clear()
    assert run(playbook, awx, awx_state="absent").changed == 0
    assert awx.writes == []


def test_what_somebody_else_has_made_is_not_taken_over(playbook: Playbook, awx: Awx) -> None:
    organization = awx.store.add("organizations", {"name": "EKS"})["id"]
    awx.store.add("projects", {"name": "EKS playbooks", "organization": organization, "status": "successful"})
    refused = run(playbook, awx, fails=True)
    assert "AWX has projects that this role would make, and has not made: EKS playbooks" in refused.output
    assert run(playbook, awx, awx_state="absent").changed == 0
    assert awx.writes == []


def test_who_may_not_read_is_told_what_is_needed(playbook: Playbook, awx: Awx) -> None:
    login: dict[str, Any] = {"awx_oauthtoken": "", "awx_username": USER, "awx_password": "another"}
    told = run(playbook, awx, fails=True, **login).last["msg"]
    assert "401" in told
    assert "awx_username and awx_password, of somebody who may write" in told


def test_without_the_collection_it_is_told_what_is_needed(tmp_path: Path, awx: Awx) -> None:
    nothing = {"ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false"}
    told = run(Playbook(tmp_path, nothing, warm=False), awx, fails=True, warns=True).last["msg"]
    assert "This role needs the collection awx.awx (ansible-galaxy collection install awx.awx" in told
