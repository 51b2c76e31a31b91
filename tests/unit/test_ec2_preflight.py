# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps an instance from joining: each check by itself, and the report of them all."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.ec2_preflight import CHECKS, TO_LEAVE, flavour
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.preflight import Problem, Unknown, judged
from support.checkout import CHECKOUT
from support.documentation import OF_HOSTS
from support.imports import COLLECTION, files_imported, imported, parsed

ARN = "arn:aws:eks:eu-central-1:123456789012:cluster/prod"
URL = "https://prod.example"
WELL: dict[str, Any] = {
    "uid": 0,
    "systemd": True,
    "os": {"ID": "amzn", "VERSION_ID": "2023", "PRETTY_NAME": "Amazon Linux 2023.8"},
    "nodeadm": "ec2",
    "kubelet_version": "v1.33.4-eks-99d6cc0",
    "imds": {"problem": None, "region": "eu-central-1", "account": "123456789012", "role": "eks-node"},
    "endpoint": "",
    "joined": {"endpoint": "", "authority": "", "node_name": "", "kubelet": "inactive"},
    "cluster": {"name": "prod", "arn": ARN, "status": "ACTIVE", "version": "1.33", "endpoint": URL},
    "roles": ["arn:aws:iam::123456789012:role/nodes/eks-node"],
}
NO_IMDS = {"problem": "PUT http://169.254.169.254/latest/api/token: timed out"}
IDENTITY = ["region", "instance_profile", "access"]


def facts(**members: Any) -> dict[str, Any]:
    """Those of a host that may join; members that are dictionaries are merged."""
    merged = {key: {**WELL[key], **value} if isinstance(value, dict) else value for key, value in members.items()}
    return {**WELL, **merged}


def joined(**members: str) -> dict[str, Any]:
    return {"joined": {"endpoint": "https://other.example", "kubelet": "active", **members}}


def test_nothing_is_wrong_with_a_host_that_may_join() -> None:
    report = judged(CHECKS, WELL)
    assert (report.passed, report.findings, report.unknown) == (list(CHECKS), {}, {})


@pytest.mark.parametrize(
    ("given", "check", "text"),
    [
        ({"uid": 1000}, "privileges", "the id 1000"),
        ({"systemd": False}, "systemd", "systemd does not run"),
        ({"os": {"ID": "ubuntu", "PRETTY_NAME": "Ubuntu 24.04"}}, "system", "Ubuntu 24.04"),
        ({"os": {"VERSION_ID": "2", "PRETTY_NAME": "Amazon Linux 2"}}, "system", "Amazon Linux 2,"),
        ({"os": {"ID": "", "PRETTY_NAME": ""}}, "system", "unknown"),
        ({"nodeadm": None}, "nodeadm", "no nodeadm"),
        ({"nodeadm": "hybrid"}, "nodeadm", "for machines on premises"),
        ({"kubelet_version": "v1.34.0-eks-1"}, "version_skew", "newer than the cluster's 1.33"),
        ({"kubelet_version": "v1.29.9-eks-1"}, "version_skew", "more than 3 minor versions older"),
        ({"cluster": {"status": "CREATING"}}, "cluster", "CREATING"),
        ({"imds": {"role": None}}, "instance_profile", "no instance profile"),
        ({"imds": {"region": "us-east-1"}}, "region", "in us-east-1, the cluster in eu-central-1"),
        ({"imds": {"role": "eks-nod"}}, "access", "eks-nod of account 123456789012"),
        ({"imds": {"account": "210987654321"}}, "access", "of account 210987654321"),
        ({"endpoint": "certificate verify failed"}, "endpoint", "certificate verify failed"),
        (joined(), "other_cluster", "https://other.example"),
        (joined(kubelet="activating"), "other_cluster", "https://other.example"),
    ],
)
def test_each_check_says_what_it_found(given: dict[str, Any], check: str, text: str) -> None:
    report = judged(CHECKS, facts(**given))
    assert list(report.findings) == [check]
    assert text in report.findings[check].text


@pytest.mark.parametrize(
    "given",
    [
        {"kubelet_version": "v1.30.0-eks-1"},
        {"cluster": {"status": "UPDATING"}},
        joined(kubelet="inactive"),
        joined(endpoint=URL),
        {"roles": ["arn:aws:iam::123456789012:role/eks-node"]},
    ],
)
def test_what_is_no_problem(given: dict[str, Any]) -> None:
    assert judged(CHECKS, facts(**given)).findings == {}


def test_what_cannot_be_known_is_no_further_finding() -> None:
    report = judged(CHECKS, facts(imds=NO_IMDS))
    assert (list(report.findings), list(report.unknown)) == (["imds"], IDENTITY)
    report = judged(CHECKS, facts(kubelet_version=None, roles=None, cluster={"status": "CREATING", "endpoint": None}))
    assert list(report.findings) == ["kubelet", "cluster"]
    assert list(report.unknown) == ["version_skew", "access", "endpoint"]


def test_the_report_tells_all_at_once() -> None:
    report = judged(CHECKS, facts(uid=1000, nodeadm=None, imds=NO_IMDS), skip=["systemd", "endpoint"])
    lines = report.message("Host node-1 cannot join").splitlines()
    assert lines[0] == f"Host node-1 cannot join: 3 of {len(CHECKS) - 5} checks failed, nothing was changed."
    assert [line.split(":")[0] for line in lines[1:4]] == ["- privileges", "- nodeadm", "- imds"]
    assert [line.split(":")[0] for line in lines[4:7]] == [f"- {name}" for name in IDENTITY]
    assert lines[7:] == ["Skipped: systemd, endpoint"]


def test_a_skipped_check_is_not_made() -> None:
    def never(_facts: Any) -> Problem | Unknown | None:
        raise AssertionError("it is skipped")

    assert judged({"one": never}, {}, skip=["one"]).skipped == ["one"]


def test_to_leave_needs_less_than_to_join() -> None:
    assert set(TO_LEAVE) < set(CHECKS)


def test_which_nodeadm_it_is() -> None:
    ami = "  Subcommands:\n    config   Manage\n    init     Initialize this instance\n"
    assert flavour(ami) == "ec2"
    assert flavour(ami + "    install\n    uninstall  Uninstall components\n") == "hybrid"
    assert flavour("sh: nodeadm: not found") is None


def test_what_runs_on_hosts_needs_nothing_but_their_python() -> None:
    """Amazon Linux 2023 has Python 3.9, and no boto3 for it."""
    pending, seen = [CHECKOUT / "plugins" / "modules" / f"{module}.py" for module in OF_HOSTS], set[Path]()
    while pending:
        file = pending.pop()
        seen.add(file)
        tree = parsed(file, (3, 9))
        theirs = {name.partition(".")[0] for name in imported(tree) if not name.startswith(COLLECTION)}
        assert theirs <= {*sys.stdlib_module_names, "ansible"}, file
        pending += files_imported(tree) - seen
    assert {file.stem.lstrip("_") for file in seen} >= {"ec2_host", "preflight", "tls"}
