# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The consoles of instances tell of their boots in the order of what happened, each family in its own form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from eks_simulator.nodes.console_text import Attempt, Host, text
from eks_simulator.nodes.hindrance import Hindrance, unregistered

SINCE = datetime(2026, 11, 6, tzinfo=UTC)
REJECTED = Hindrance("nodeadm", "CIDR is missing in cluster configuration", final=True)


def console(family: str, *hindrances: Hindrance | None, printed: str = "", booted: bool = True) -> list[str]:
    """The lines of a machine that tried to join after a minute, and every half minute after that."""
    attempts = [Attempt(SINCE + timedelta(seconds=60 + 30 * at), one) for at, one in enumerate(hindrances)]
    host = Host(family, "Some OS 1.0", "ip-10-0-0-1", "ip-10-0-0-1.ec2.internal", printed=printed)
    return text(host, SINCE, attempts, booted).splitlines()


def order(lines: list[str], *words: str) -> list[int]:
    """Where each of the words is first said."""
    return [next(at for at, line in enumerate(lines) if word in line) for word in words]


def test_what_nodeadm_rejects_keeps_the_kubelet_from_starting() -> None:
    lines = console("al2023", REJECTED, printed="ERROR: no such script")
    said = order(
        lines,
        "Starting nodeadm-config.service",
        'fatal cli/main.go:34 Command failed {"error": "CIDR is missing in cluster configuration"}',
        "[FAILED] Failed to start nodeadm-config.service",
        "[DEPEND] Dependency failed for nodeadm-run.service",
        "[DEPEND] Dependency failed for kubelet.service",
        "cloud-init[1829]: ERROR: no such script",
        "[FAILED] Failed to start cloud-final.service",
        "login:",
    )
    assert said == sorted(said)
    assert not any("OK" in line for line in lines)


def test_attempts_follow_one_another_until_the_node_registers() -> None:
    refused = unregistered("Unauthorized", "a")
    lines = console("al2023", Hindrance("nodeadm", "no role"), refused, None)
    said = order(
        lines,
        "DEBUG retrying request EC2/DescribeInstances: no role",
        "[  OK  ] Finished nodeadm-config.service",
        "[  OK  ] Started kubelet.service",
        "login:",
        '[   90.000000] kubelet[2310]: E1106 00:01:30.000000    2310 "Unable to register node with API server"',
        '[  120.000000] kubelet[2310]: I1106 00:02:00.000000    2310 "Successfully registered node"',
    )
    assert said == sorted(said)
    assert not any("FAILED" in line for line in lines)


@pytest.mark.parametrize(
    ("family", "hindrance", "last"),
    [
        ("bottlerocket", Hindrance("early-boot-config", "x", final=True), "[DEPEND] Dependency failed for Kubelet."),
        ("bottlerocket", Hindrance("pluto", "x", final=True), "[DEPEND] Dependency failed for Kubelet."),
        ("ubuntu", Hindrance("bootstrap.sh", "x", final=True), "Dependency failed for snap.kubelet-eks.daemon.service"),
        ("al2", Hindrance("bootstrap.sh", "x", final=True), "Dependency failed for kubelet.service"),
        ("al2023", Hindrance("kubelet", "x", final=True), "Main process exited, code=exited, status=1/FAILURE"),
        ("windows", Hindrance("EKSBootstrap", "x", final=True), "2026/11/06 00:01:00Z: EKSBootstrap[1829]: x"),
    ],
)
def test_each_family_fails_in_its_own_form(family: str, hindrance: Hindrance, last: str) -> None:
    lines = console(family, hindrance)
    assert any(last in line for line in lines)
    assert any("x" in line for line in lines)


@pytest.mark.parametrize("family", ["al2023", "bottlerocket", "ubuntu", "al2", "windows"])
def test_each_family_tells_that_its_node_registered(family: str) -> None:
    assert "Successfully registered node" in console(family, None)[-1]


def test_a_machine_that_joins_nothing_boots_all_the_same() -> None:
    assert "login: " in console("")[-1]
    assert not any("kubelet" in line for line in console(""))
    assert "login" not in console("", booted=False)[-1]
