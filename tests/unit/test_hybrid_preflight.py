# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a machine on premises from joining: each check by itself, whatever system it is told of."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.preflight import judged
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.network_checks import endpoints
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.preflight import CHECKS, TO_LEAVE

URL = "https://prod.example"
UBUNTU = {"ID": "ubuntu", "VERSION_ID": "24.04", "PRETTY_NAME": "Ubuntu 24.04.2 LTS"}
RHEL = {"ID": "rhel", "VERSION_ID": "9.4", "PRETTY_NAME": "Red Hat Enterprise Linux 9.4 (Plow)"}
AL2023 = {"ID": "amzn", "VERSION_ID": "2023", "PRETTY_NAME": "Amazon Linux 2023.8"}
CLUSTER: dict[str, Any] = {
    "name": "prod",
    "arn": "arn:aws:eks:eu-central-1:123456789012:cluster/prod",
    "status": "ACTIVE",
    "version": "1.34",
    "endpoint": URL,
    "access_config": {"authentication_mode": "API"},
    "remote_network_config": {"remote_node_networks": [{"cidrs": ["10.80.0.0/16", "10.81.0.0/16"]}]},
}
WELL: dict[str, Any] = {
    "uid": 0,
    "systemd": True,
    "os": UBUNTU,
    "machine": "x86_64",
    "containerd": False,
    "containerd_source": "distro",
    "memory": 7900,
    "disks": {"/usr": 40.0, "/var/lib": 40.0},
    "cgroup": 2,
    "swap_partitions": [],
    "time_synchronized": True,
    "hostname": "edge-1.example.net",
    "environment": {"http_proxy": "", "HTTP_PROXY": "", "https_proxy": "", "HTTPS_PROXY": "", "no_proxy": ""},
    "proxy": [],
    "proxy_down": "",
    "private": [],
    "unreachable": {},
    "firewall": None,
    "listening": [22],
    "version": "1.34",
    "node_ip": "10.81.0.5",
    "addresses": ["127.0.0.1", "10.81.0.5"],
    "endpoint": "",
    "joined": {"endpoint": "", "authority": "", "node_name": "", "kubelet": ""},
    "other_kubernetes": [],
    "installed": False,
    "provider": "",
    "credential_provider": "ssm",
    "instance_id": "",
    "profiles": [],
    "cluster": CLUSTER,
}
JOINED = {"endpoint": URL, "node_name": "mi-1", "kubelet": "active"}


def facts(**members: Any) -> dict[str, Any]:
    """Those of a host that may join; cluster and joined are merged."""
    merged = {key: {**WELL[key], **value} if key in ("cluster", "joined") else value for key, value in members.items()}
    return {**WELL, **merged}


def test_nothing_is_wrong_with_a_host_that_may_join() -> None:
    report = judged(CHECKS, WELL)
    assert (report.passed, report.findings, report.unknown) == (list(CHECKS), {}, {})


@pytest.mark.parametrize(
    ("given", "check", "text"),
    [
        ({"uid": 1000}, "privileges", "the id 1000"),
        ({"systemd": False}, "systemd", "systemd does not run"),
        ({"os": {"ID": "debian", "VERSION_ID": "12", "PRETTY_NAME": "Debian GNU/Linux 12"}}, "system", "Debian"),
        ({"os": {**UBUNTU, "VERSION_ID": "18.04", "PRETTY_NAME": "Ubuntu 18.04"}}, "system", "Ubuntu 18.04"),
        ({"os": {**RHEL, "VERSION_ID": "10.0"}, "containerd_source": "docker"}, "system", "Red Hat"),
        ({"os": {}}, "system", "unknown"),
        ({"machine": "riscv64"}, "architecture", "riscv64"),
        ({"os": RHEL}, "containerd_source", "no containerd from distro for rhel"),
        ({"os": AL2023, "containerd_source": "docker"}, "containerd_source", "no containerd from docker for amzn"),
        ({"containerd_source": "none"}, "containerd_source", "none is to be installed"),
        ({"memory": 512}, "memory", "512 MiB"),
        ({"disks": {"/usr": 9.0, "/var/lib": 1.25}}, "disk", "1.2 GiB below /var/lib"),
        ({"cgroup": 1, "version": "v1.35.0-eks-1", "cluster": {"version": "1.35"}}, "cgroup", "cgroup v1"),
        ({"swap_partitions": ["/dev/sda3"]}, "swap", "/dev/sda3"),
        ({"time_synchronized": False}, "time", "not synchronized"),
        ({"hostname": "Edge_1"}, "hostname", "'Edge_1'"),
        (
            {"environment": {"https_proxy": "http://a:1", "HTTPS_PROXY": "http://b:1"}},
            "proxy",
            "https_proxy and HTTPS_",
        ),
        ({"proxy": ["/etc/yum.conf says 'proxy=other'"]}, "proxy", "/etc/yum.conf says 'proxy=other'"),
        ({"proxy_down": "the proxy a:1 does not answer (refused)"}, "proxy", "a:1 does not answer (refused)"),
        ({"private": ["containerd", "runc"]}, "private_mode", "containerd, runc"),
        ({"unreachable": {"https://sts.example": "timed out"}}, "reach", "https://sts.example (timed out)"),
        ({"unreachable": dict.fromkeys("ab", "timed out")}, "reach", "from the host: a, b (timed out)"),
        ({"firewall": {"name": "firewalld", "ports": ["22/tcp"]}}, "firewall", "firewalld is active"),
        ({"listening": [22, 10250]}, "ports", "10250"),
        ({"cluster": {"status": "CREATING"}}, "cluster", "CREATING"),
        ({"cluster": {"access_config": {"authentication_mode": "CONFIG_MAP"}}}, "authentication", "CONFIG_MAP"),
        ({"cluster": {"access_config": None}}, "authentication", "CONFIG_MAP"),
        ({"version": "1.35"}, "version_skew", "newer than the cluster's 1.34"),
        ({"version": "v1.30.9-eks-1"}, "version_skew", "more than 3 minor versions older"),
        ({"cluster": {"remote_network_config": None}}, "node_ip", "no remote node networks"),
        ({"node_ip": "10.82.0.5", "addresses": ["10.82.0.5"]}, "node_ip", "10.82.0.5 is in none"),
        ({"addresses": ["10.81.0.6"]}, "node_ip", "not have the address 10.81.0.5"),
        ({"endpoint": "certificate verify failed"}, "endpoint", "certificate verify failed"),
        ({"joined": {"endpoint": "https://other.example"}}, "other_cluster", "https://other.example"),
        ({"other_kubernetes": ["k3s"]}, "other_kubernetes", "k3s"),
        ({"provider": "iam_roles_anywhere"}, "provider", "iam_roles_anywhere, not ssm"),
        ({"profiles": ["default", "backup"]}, "credentials", "default, backup"),
    ],
)
def test_each_check_says_what_it_found(given: dict[str, Any], check: str, text: str) -> None:
    report = judged(CHECKS, facts(**given))
    assert list(report.findings) == [check]
    assert text in report.findings[check].text


def test_a_proxy_that_wants_another_password_is_not_taken_for_a_firewall() -> None:
    denied = {"https://sts.example": "Tunnel connection failed: 407 Proxy Authentication Required"}
    assert "another name or password" in judged(CHECKS, facts(unreachable=denied)).findings["reach"].fix


@pytest.mark.parametrize(
    "given",
    [
        {"os": RHEL, "containerd_source": "docker"},
        {"os": {**RHEL, "VERSION_ID": "8.10"}, "containerd_source": "none", "containerd": True},
        {"os": AL2023},
        {"os": {**UBUNTU, "VERSION_ID": "22.04"}, "containerd_source": "docker"},
        {"machine": "aarch64"},
        {"cgroup": 1},
        {"disks": {"/usr": 1.0, "/var/lib": 1.0}, "installed": True},
        {"environment": {"http_proxy": "http://a:1", "HTTP_PROXY": "http://a:1", "HTTPS_PROXY": "http://b:1"}},
        {"firewall": {"name": "ufw", "ports": ["8472/udp"]}},
        {"firewall": {"name": "ufw", "ports": ["4789/udp"]}},
        {"listening": [10250, 10256], "joined": JOINED},
        {"cluster": {"status": "UPDATING", "access_config": {"authentication_mode": "API_AND_CONFIG_MAP"}}},
        {"version": "v1.31.2-eks-1"},
        {"provider": "ssm", "instance_id": "mi-1", "profiles": ["default"], "joined": JOINED},
        {"credential_provider": "iam_roles_anywhere", "profiles": ["backup"]},
    ],
)
def test_what_is_no_problem(given: dict[str, Any]) -> None:
    assert judged(CHECKS, facts(**given)).findings == {}


def test_what_cannot_be_known_is_no_further_finding() -> None:
    unknown = {"time_synchronized": None, "node_ip": "", "version": None, "cluster": {"status": "CREATING"}}
    report = judged(CHECKS, facts(**unknown))
    assert list(report.findings) == ["cluster"]
    assert list(report.unknown) == ["cgroup", "time", "authentication", "version_skew", "node_ip"]


def test_to_leave_needs_less_than_to_join() -> None:
    assert set(TO_LEAVE) < set(CHECKS)


def test_what_has_to_be_reached() -> None:
    found = endpoints("eu-central-1", "aws", "ssm")
    assert "https://ssm.eu-central-1.amazonaws.com" in found
    assert "https://amazon-ssm-eu-central-1.s3.eu-central-1.amazonaws.com" in found
    anywhere = endpoints("cn-north-1", "aws-cn", "iam_roles_anywhere")
    assert "https://rolesanywhere.cn-north-1.amazonaws.com.cn" in anywhere
    assert not [url for url in anywhere if "ssm" in url]
