# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a machine on premises from joining: each check by itself, whatever system it is told of."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.preflight import judged
from ansible_collections.flotilla.eks.plugins.module_utils._hybrid.firewalls import interfaces, is_open, lets_in
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
    "kubernetes_network_config": {"service_ipv4_cidr": "172.20.0.0/16"},
    "remote_network_config": {
        "remote_node_networks": [{"cidrs": ["10.80.0.0/16", "10.81.0.0/16"]}],
        "remote_pod_networks": [{"cidrs": ["10.85.0.0/16"]}],
    },
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
    "rules": "-P INPUT ACCEPT",
    "listening": [22],
    "listening_udp": [323],
    "version": "1.34",
    "node_ip": "10.81.0.5",
    "interfaces": {"lo": ["127.0.0.1/8"], "eth0": ["10.81.0.5/24"]},
    "mtu": {"lo": 65536, "eth0": 1500},
    "node_name": "",
    "nodes": [],
    "vpc_cidrs": ["10.0.0.0/16"],
    "limits": {"nofile": 1024, "nproc": -1},
    "packages": "",
    "busy": "",
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
CERTIFIED = {"credential_provider": "iam_roles_anywhere", "node_name": "edge-1"}
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
        ({"node_ip": "10.82.0.5", "interfaces": {"eth0": ["10.82.0.5/24"]}}, "node_ip", "10.82.0.5 is in none"),
        ({"interfaces": {"lo": [], "eth0": ["10.81.0.6/24"]}}, "node_ip", "not have the address 10.81.0.5"),
        ({"node_ip": "fd00::5"}, "node_ip", "not have the address fd00::5"),
        (
            {"vpc_cidrs": ["10.0.0.0/16", "10.81.0.0/20"]},
            "overlap",
            "its address 10.81.0.5 is in 10.81.0.0/20 of the VPC",
        ),
        (
            {"cluster": {"kubernetes_network_config": {"service_ipv4_cidr": "10.81.0.0/20"}}},
            "overlap",
            "of the services",
        ),
        (
            {"interfaces": {"eth0": ["10.81.0.5/24"], "docker0": ["172.20.0.1/16"]}},
            "overlap",
            "its network 172.20.0.0/16 on docker0 is in 172.20.0.0/16 of the services",
        ),
        (
            {"interfaces": {"eth0": ["10.81.0.5/24"], "wg0": ["10.85.0.1/14"]}},
            "overlap",
            "its network 10.84.0.0/14 on wg0 has 10.85.0.0/16 of the pods in it",
        ),
        ({**CERTIFIED, "node_name": "Edge_1"}, "node_name", "'Edge_1'"),
        ({**CERTIFIED, "node_name": "e" * 65}, "node_name", "e" * 65),
        ({**CERTIFIED, "node_name": ""}, "node_name", "''"),
        ({"nodes": [{"name": "mi-2", "address": "10.81.0.5", "ready": True}]}, "taken", "its address 10.81.0.5"),
        (
            {**CERTIFIED, "nodes": [{"name": "edge-1", "address": "10.81.0.9", "ready": True}]},
            "taken",
            "its name edge-1",
        ),
        ({"mtu": {"eth0": 65520}}, "mtu", "of eth0 is 65520"),
        ({"mtu": {"eth0": 4000}}, "mtu", "of eth0 is 4000"),
        ({"limits": {"nofile": 256, "nproc": 4096}}, "limits", "nofile 256"),
        ({"limits": {"nofile": 1024, "nproc": 4095}}, "limits", "nproc 4095"),
        ({"packages": "The following packages are only half configured"}, "packages", "half configured"),
        ({"busy": "nodeadm init (process 77)"}, "busy", "nodeadm init (process 77)"),
        ({"rules": "-P INPUT DROP"}, "inbound", "10250"),
        ({"listening": [10256]}, "ports", "10256/tcp"),
        ({"listening_udp": [4789, 8472]}, "ports", "8472/udp, 4789/udp"),
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
        {**CERTIFIED, "profiles": ["backup"]},
        {**CERTIFIED, "node_name": f"{'e' * 63}.e"[-64:]},
        {"firewall": {"name": "firewalld", "ports": ["4000-9000/udp"]}, "rules": "-P INPUT DROP"},
        {"listening_udp": [8472]},
        {"listening_udp": [4789, 8472], "joined": JOINED},
        {"mtu": {"eth0": 1400}},
        {"mtu": {"eth0": 9001}},
        {"mtu": {"eth0": 8000}},
        {"limits": {"nofile": -1, "nproc": 4096}},
        {"interfaces": {"eth0": ["10.81.0.5/24"], "cilium_host": ["10.85.0.7/32"]}, "joined": JOINED},
        {"nodes": [{"name": "mi-2", "address": "10.81.0.9", "ready": True}]},
        {"nodes": [{"name": "mi-2", "address": "10.81.0.5", "ready": False}]},
        {"nodes": [{"name": "mi-1", "address": "10.81.0.5", "ready": True}], "joined": JOINED, "instance_id": "mi-1"},
    ],
)
def test_what_is_no_problem(given: dict[str, Any]) -> None:
    assert judged(CHECKS, facts(**given)).findings == {}


def test_what_cannot_be_known_is_no_further_finding() -> None:
    unknown = {"time_synchronized": None, "node_ip": "", "version": None, "cluster": {"status": "CREATING"}}
    unknown |= {"nodes": None, "vpc_cidrs": None}
    report = judged(CHECKS, facts(**unknown))
    assert list(report.findings) == ["cluster"]
    assert list(report.unknown) == [
        *("cgroup", "time", "mtu", "authentication", "version_skew", "node_ip", "overlap", "taken")
    ]


def test_every_check_is_told_of_both_ways() -> None:
    marks = {mark.args[0]: mark.args[1] for mark in test_each_check_says_what_it_found.pytestmark}
    (cases,) = marks.values()
    assert {check for _given, check, _text in cases} == set(CHECKS)


def test_faults_of_all_kinds_are_in_one_report() -> None:
    faults = {"uid": 1, "systemd": False, "memory": 1, "swap_partitions": ["/dev/sda3"], "rules": "-P INPUT DROP"}
    assert list(judged(CHECKS, facts(**faults)).findings) == ["privileges", "systemd", "memory", "swap", "inbound"]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("", True),
        ("iptables: Permission denied", True),
        ("-P INPUT ACCEPT", True),
        ("-P INPUT DROP", False),
        ("-P INPUT DROP\n-A INPUT -i lo -j ACCEPT", False),
        ("-P INPUT DROP\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT", False),
        ("-P INPUT DROP\n-A INPUT -p udp -m udp --dport 10250 -j ACCEPT", False),
        ("-P INPUT DROP\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", False),
        ("-P INPUT DROP\n-A INPUT -p tcp -m tcp --dport 10250 -j ACCEPT", True),
        ("-P INPUT DROP\n-A INPUT -s 10.0.0.0/16 -p tcp -m tcp --dport 10250 -j ACCEPT", True),
        ("-P INPUT DROP\n-A INPUT -p tcp -m multiport --dports 22,10200:10300 -j ACCEPT", True),
        ("-P INPUT DROP\n-A INPUT -s 10.0.0.0/16 -j ACCEPT", True),
        ("-P INPUT DROP\n-A INPUT -j site-rules", True),
        ("-P INPUT DROP\n-A INPUT -j LOG", False),
        ("-P INPUT ACCEPT\n-A INPUT -j REJECT --reject-with icmp-host-prohibited", False),
        ("-P INPUT ACCEPT\n-A INPUT -p tcp -m tcp --dport 10250 -j DROP", False),
        ("-P INPUT ACCEPT\n-A INPUT -s 192.0.2.1/32 -p tcp -m tcp --dport 10250 -j DROP", True),
        ("-P INPUT ACCEPT\n-A INPUT -p tcp -m tcp ! --dport 22 -j DROP", False),
        ("-P INPUT ACCEPT\n-A INPUT -p tcp -m tcp ! --dport 10250 -j DROP", True),
        ("-P INPUT DROP\n-A INPUT -p tcp -m tcp --dport 10250 -m comment --comment x -j ACCEPT", True),
    ],
)
def test_what_iptables_lets_in(rules: str, expected: bool) -> None:
    assert lets_in(rules, 10250) is expected


def test_ports_that_firewalls_list() -> None:
    assert is_open("8472/udp", ["22/tcp", "8000-9000/udp"])
    assert is_open("8472/udp", ["8472"])
    assert not is_open("8472/udp", ["8472/tcp", "8473-9000/udp", "ssh"])


def test_the_addresses_of_interfaces() -> None:
    told = (
        "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever\n"
        "2: eth0    inet 10.80.0.1/24 brd 10.80.0.255 scope global eth0\\       valid_lft forever\n"
        "2: eth0    inet 10.80.1.1/24 scope global secondary eth0\\       valid_lft forever\n"
    )
    assert interfaces(told) == {"lo": ["127.0.0.1/8"], "eth0": ["10.80.0.1/24", "10.80.1.1/24"]}


def test_to_leave_needs_less_than_to_join() -> None:
    assert set(TO_LEAVE) < set(CHECKS)


def test_what_has_to_be_reached() -> None:
    found = endpoints("eu-central-1", "aws", "ssm")
    assert "https://ssm.eu-central-1.amazonaws.com" in found
    assert "https://amazon-ssm-eu-central-1.s3.eu-central-1.amazonaws.com" in found
    anywhere = endpoints("cn-north-1", "aws-cn", "iam_roles_anywhere")
    assert "https://rolesanywhere.cn-north-1.amazonaws.com.cn" in anywhere
    assert not [url for url in anywhere if "ssm" in url]
