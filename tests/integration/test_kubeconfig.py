# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``kubeconfig`` in real playbook runs: what stands in the file, who may read it, what is never shown."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.token import make_token
from eks_simulator.process import SimulatorProcess
from support.ledger import Ledger
from support.playbook import Playbook, Run
from support.surroundings import Surroundings

ARN = "arn:aws:eks:eu-central-1:123456789012:cluster/prod"
TOKEN = "k8s-aws-v1."
VERBOSE = ["-vvv"]

TEAM_FILE = """\
# of the team, do not lose
apiVersion: v1
kind: Config
clusters:
- name: kind  # the laptop
  cluster:
    server: https://127.0.0.1:6443
contexts:
- name: kind
  context: {cluster: kind, user: kind}
current-context: kind
users:
- name: kind
  user:
    token: hunter2-in-the-clear
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new" / "deep" / "config"


def kubeconfig(playbook: Playbook, file: Path | None, run: dict[str, Any] | None = None, **options: Any) -> Run:
    """Run the module for the cluster ``prod`` on a file."""
    path = {"path": str(file)} if file else {}
    task = {"name": "Kubeconfig", "flotilla.eks.kubeconfig": {"cluster_name": "prod", **path, **options}}
    return playbook.tasks(task, **(run or {}))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def team_file(tmp_path: Path, content: str = TEAM_FILE) -> Path:
    file = tmp_path / "config"
    file.write_text(content)
    file.chmod(0o600)
    return file


def only_user(file: Path) -> dict[str, Any]:
    (entry,) = yaml.safe_load(file.read_text())["users"]
    user: dict[str, Any] = entry["user"]
    return user


def test_check_run_again(playbook: Playbook, aws: Surroundings, ledger: Ledger, file: Path) -> None:
    aws.cluster()
    ledger.clear()
    assert kubeconfig(playbook, file, {"check": True}).last["changed"]
    assert not file.parent.exists()

    run = kubeconfig(playbook, file)
    assert run.last["changed"]
    assert run.last["context"] == run.last["current_context"] == "prod"
    assert run.last["cluster"] == ARN
    assert (mode(file), mode(file.parent), mode(file.parent.parent)) == (0o600, 0o700, 0o700)

    before = file.stat()
    again = kubeconfig(playbook, file)
    assert not again.last["changed"]
    assert file.stat().st_ino == before.st_ino
    assert ledger.operations("eks") == ["DescribeCluster"] * 3
    assert ledger.writes() == []


def test_content(playbook: Playbook, aws: Surroundings, file: Path) -> None:
    aws.cluster()
    kubeconfig(playbook, file, context="frankfurt", namespace="web", role_arn="arn:aws:iam::123456789012:role/admin")
    cluster = aws.eks.describe_cluster(name="prod")["cluster"]
    document = yaml.safe_load(file.read_text())
    assert document["clusters"] == [
        {
            "name": ARN,
            "cluster": {
                "server": cluster["endpoint"],
                "certificate-authority-data": cluster["certificateAuthority"]["data"],
            },
        }
    ]
    assert document["contexts"] == [
        {"name": "frankfurt", "context": {"cluster": ARN, "namespace": "web", "user": f"frankfurt@{ARN}"}}
    ]
    assert document["current-context"] == "frankfurt"
    words = "eks get-token --cluster-name prod --region eu-central-1 --output json --role-arn"
    assert only_user(file)["exec"]["args"] == [*words.split(), "arn:aws:iam::123456789012:role/admin"]


def test_a_laxer_mode_is_corrected(playbook: Playbook, aws: Surroundings, file: Path) -> None:
    aws.cluster()
    kubeconfig(playbook, file)
    file.chmod(0o644)
    foreseen = kubeconfig(playbook, file, {"check": True, "diff": True}).last
    assert foreseen["changed"]
    assert "mode: '0644'" in foreseen["diff"]["before"]
    assert mode(file) == 0o644
    assert kubeconfig(playbook, file).last["changed"]
    assert mode(file) == 0o600


def test_all_else_stays_and_absent_restores_it(playbook: Playbook, aws: Surroundings, tmp_path: Path) -> None:
    aws.cluster()
    file = team_file(tmp_path)
    run = kubeconfig(playbook, file, backup=True)
    assert run.last["current_context"] == "kind"
    assert Path(run.last["backup_file"]).read_text() == TEAM_FILE
    assert mode(Path(run.last["backup_file"])) == 0o600
    lines = iter(file.read_text().splitlines())
    assert all(line in lines for line in TEAM_FILE.splitlines())

    assert kubeconfig(playbook, file, {"check": True}, state="absent").last["changed"]
    assert kubeconfig(playbook, file, state="absent").last["changed"]
    assert file.read_text() == TEAM_FILE
    assert not kubeconfig(playbook, file, state="absent").last["changed"]


def test_absent_asks_nobody_and_makes_no_file(playbook: Playbook, ledger: Ledger, file: Path) -> None:
    assert not kubeconfig(playbook, file, state="absent").last["changed"]
    assert not file.parent.exists()
    assert ledger.calls() == []


def test_current_context_on_request(playbook: Playbook, aws: Surroundings, tmp_path: Path) -> None:
    aws.cluster()
    run = kubeconfig(playbook, team_file(tmp_path), set_current_context=True)
    assert run.last["current_context"] == "prod"
    assert not kubeconfig(playbook, tmp_path / "config", set_current_context=True).last["changed"]


def test_default_path(playbook: Playbook, aws: Surroundings, tmp_path: Path) -> None:
    aws.cluster()
    assert kubeconfig(playbook, None).last["path"] == str(tmp_path / ".kube" / "config")


def test_a_cluster_made_anew_under_its_name_is_found_again(playbook: Playbook, aws: Surroundings, file: Path) -> None:
    aws.cluster()
    kubeconfig(playbook, file)
    first = yaml.safe_load(file.read_text())
    aws.eks.delete_cluster(name="prod")
    aws.settle()
    aws.cluster()
    assert kubeconfig(playbook, file).last["changed"]
    second = yaml.safe_load(file.read_text())
    assert len(second["clusters"]) == 1
    assert second["clusters"] != first["clusters"]
    assert second["users"] == first["users"]


def test_a_known_cluster_is_not_described(playbook: Playbook, aws: Surroundings, ledger: Ledger, file: Path) -> None:
    aws.cluster()
    ledger.clear()
    read = {
        "name": "Read",
        "flotilla.eks.cluster_info": {"name": "prod"},
        "register": "read",
    }
    task = {"cluster_name": "prod", "path": str(file), "cluster": "{{ read.clusters[0] }}"}
    playbook.tasks(read, {"name": "Kubeconfig", "flotilla.eks.kubeconfig": task})
    assert ledger.operations("eks") == ["DescribeCluster"]
    assert not kubeconfig(playbook, file).last["changed"]


def test_token_is_kept_while_it_serves(playbook: Playbook, aws: Surroundings, ledger: Ledger, file: Path) -> None:
    aws.cluster()
    first = kubeconfig(playbook, file, auth="token").last
    assert first["changed"]
    token = only_user(file)["token"]
    assert token.startswith(TOKEN)
    again = kubeconfig(playbook, file, auth="token").last
    assert not again["changed"]
    assert again["expires"] == first["expires"]
    assert only_user(file)["token"] == token
    other_caller = {"environment": {"AWS_ACCESS_KEY_ID": "AKIA" + "7" * 16}}
    assert kubeconfig(playbook, file, other_caller, auth="token").last["changed"]
    assert kubeconfig(playbook, file, auth="exec").last["changed"]
    assert list(only_user(file)) == ["exec"]


def test_token_of_a_role_is_kept_too(playbook: Playbook, aws: Surroundings, ledger: Ledger, file: Path) -> None:
    aws.cluster()
    role = aws.role("people")
    ledger.clear()
    assert kubeconfig(playbook, file, {"check": True}, auth="token", role_arn=role).last["changed"]
    assert ledger.operations("sts") == []
    assert kubeconfig(playbook, file, auth="token", role_arn=role).last["changed"]
    assert not kubeconfig(playbook, file, auth="token", role_arn=role).last["changed"]
    assert ledger.operations("sts") == ["AssumeRole"]
    assert kubeconfig(playbook, file, auth="token").last["changed"]


def test_no_secret_is_shown(playbook: Playbook, aws: Surroundings, simulator: SimulatorProcess, tmp_path: Path) -> None:
    """Nothing of the stored tokens, the new one, or the credentials: in no run, at any verbosity, in no diff."""
    aws.cluster()
    file = team_file(tmp_path)
    seen, tokens = "", set()
    of_role = {"auth": "token", "role_arn": aws.role("people")}
    for options in ({"auth": "token"}, of_role, {"auth": "exec"}, {"state": "absent"}):
        for check in (True, False):
            run = kubeconfig(playbook, file, {"check": check, "diff": True, "arguments": VERBOSE}, **options)
            seen += run.output + str(run.lines)
        tokens |= {entry["user"].get("token") for entry in yaml.safe_load(file.read_text())["users"]} - {None}
    assert len(tokens) == 3
    assert "valid until" in seen
    for secret in (*tokens, simulator.env["AWS_SECRET_ACCESS_KEY"]):
        assert secret not in seen
    assert TOKEN not in seen


def test_kubectl_takes_what_is_written(playbook: Playbook, aws: Surroundings, file: Path, tmp_path: Path) -> None:
    """By a stored token; and by a command, for which a script stands in that hands out a token made beforehand."""
    aws.cluster()
    token = make_token(aws.client("sts"), "prod")
    credential = {"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential"}
    (tmp_path / "credential.json").write_text(json.dumps({**credential, "status": {"token": token}}))
    command = tmp_path / "bin" / "aws"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\ncat {tmp_path}/credential.json\n')
    command.chmod(0o755)
    for auth in ("token", "exec"):
        kubeconfig(playbook, file, auth=auth, context=auth)
        asked = ["kubectl", "--kubeconfig", str(file), "--context", auth, "get", "namespaces", "-o", "name"]
        seen = {"HOME": str(tmp_path), "PATH": f"{command.parent}:{os.environ['PATH']}"}
        answer = subprocess.run(asked, env=seen, capture_output=True, text=True, check=True)
        assert "namespace/kube-system" in answer.stdout.split()
    words = (tmp_path / "asked").read_text().splitlines()
    assert words == ["eks get-token --cluster-name prod --region eu-central-1 --output json"]


def test_diff_of_a_change(playbook: Playbook, aws: Surroundings, file: Path) -> None:
    aws.cluster()
    kubeconfig(playbook, file)
    diff = kubeconfig(playbook, file, {"check": True, "diff": True}, namespace="web").last["diff"]
    before, after = diff["before"].splitlines(), diff["after"].splitlines()
    assert [line for line in after if line not in before] == ["    namespace: web"]


def test_a_context_of_another_cluster_is_not_taken(playbook: Playbook, aws: Surroundings, tmp_path: Path) -> None:
    aws.cluster()
    file = team_file(tmp_path)
    message = kubeconfig(playbook, file, {"fails": True}, context="kind").last["msg"]
    assert "'kind'" in message
    assert "leads to another cluster (kind)" in message
    assert "force: true" in message
    assert file.read_text() == TEAM_FILE
    kubeconfig(playbook, file, context="kind", force=True)
    assert "hunter2" in file.read_text()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("users: [\n  {token: hunter2-in-the-clear\n", "is not valid YAML (line 3, column 1)"),
        ("- hunter2-in-the-clear\n", "is YAML, but not a kubeconfig"),
        ("users:\n- token: hunter2-in-the-clear\n", "has an entry without a name: number 1 of 'users'"),
    ],
)
def test_a_bad_file_is_left_as_it_is(
    playbook: Playbook, aws: Surroundings, tmp_path: Path, content: str, problem: str
) -> None:
    aws.cluster()
    file = team_file(tmp_path, content)
    run = kubeconfig(playbook, file, {"fails": True, "arguments": VERBOSE})
    assert run.last["msg"].startswith(f"{file} {problem}")
    assert "hunter2" not in run.output + str(run.lines)
    assert file.read_text() == content


def test_no_cluster(playbook: Playbook, simulator: SimulatorProcess, file: Path) -> None:
    message = kubeconfig(playbook, file, {"fails": True}).last["msg"]
    assert message.startswith("EKS cluster 'prod' does not exist in region eu-central-1: check cluster_name")
    assert not file.exists()


def test_no_cluster_yet_in_check_mode(playbook: Playbook, simulator: SimulatorProcess, file: Path) -> None:
    result = kubeconfig(playbook, file, {"check": True, "diff": True}).last
    assert result["changed"]
    assert "once it is ACTIVE" in result["diff"]["after"]


def test_cluster_failed(playbook: Playbook, aws: Surroundings, simulator: SimulatorProcess, file: Path) -> None:
    simulator.fault(resource="cluster", name="prod", becomes="FAILED", code="InternalFailure", message="out of luck")
    aws.cluster()
    message = kubeconfig(playbook, file, {"fails": True}).last["msg"]
    assert message.startswith("EKS cluster 'prod' is FAILED")
    assert "delete it and create it again" in message


def test_cluster_not_active_yet(playbook: Playbook, simulator: SimulatorProcess, file: Path) -> None:
    known = {"status": "CREATING", "endpoint": "https://a", "arn": ARN, "certificate_authority": {"data": "Q0E="}}
    message = kubeconfig(playbook, file, {"fails": True}, cluster=known).last["msg"]
    assert message.startswith("EKS cluster 'prod' is CREATING")
    assert "wait until it is ACTIVE" in message
    assert kubeconfig(playbook, file, {"check": True}, cluster=known).last["changed"]


def test_unreachable(playbook: Playbook, simulator: SimulatorProcess, file: Path) -> None:
    nobody = {"fails": True, "environment": {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}}
    message = kubeconfig(playbook, file, nobody).last["msg"]
    assert message.startswith("EKS cluster 'prod': DescribeCluster: nobody answers at http://127.0.0.1:9")


def test_incomplete_description(playbook: Playbook, simulator: SimulatorProcess, file: Path) -> None:
    message = kubeconfig(playbook, file, {"fails": True}, cluster={"endpoint": "https://a"}).last["msg"]
    assert "cluster needs arn, endpoint and certificate_authority.data" in message


def test_clusters_side_by_side_in_one_file(playbook: Playbook, aws: Surroundings, file: Path) -> None:
    """As many hosts as forks write the file at once; no entry is lost, and the second run changes nothing."""
    names = [f"c{number}" for number in range(6)]
    for name in names:
        aws.cluster(name, settle=False)
    aws.settle()
    task = {"cluster_name": "{{ inventory_hostname }}", "path": str(file)}
    play = {"hosts": "all", "gather_facts": False, "tasks": [{"name": "Kubeconfig", "flotilla.eks.kubeconfig": task}]}
    hosts: dict[str, Any] = {"all": {"hosts": {name: {} for name in names}}}
    run = playbook.run([play], inventory=hosts, arguments=["--forks", "6"])
    assert run.changed == 6
    document = yaml.safe_load(file.read_text())
    assert sorted(context["name"] for context in document["contexts"]) == names
    assert len(document["clusters"]) == len(document["users"]) == 6
    assert playbook.run([play], inventory=hosts).changed == 0
