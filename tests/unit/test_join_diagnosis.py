# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an instance is no node: nothing in healthy surroundings, the likely cause first, and what could not be told."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.module_utils._join.console import last_lines, signs
from ansible_collections.flotilla.eks.plugins.module_utils._join.diagnosis import CHECKS, examine, summary
from ansible_collections.flotilla.eks.plugins.module_utils._join.evidence import (
    Case,
    Evidence,
    Profile,
    Unread,
    family_of,
    kubernetes_version,
)
from ansible_collections.flotilla.eks.plugins.module_utils._join.launch import ailing, launch
from support.join_evidence import (
    CLUSTER_GROUP,
    CLUSTER_OF_NODES,
    EVERYTHING,
    INSTANCE,
    PROFILE,
    ROLE,
    SUBNET,
    case,
    cluster,
    endpoint,
    evidence,
    from_group,
    group,
    image,
    role,
    table,
)
from support.user_data import user_data

READY = {
    "metadata": {"name": "ip-10-0-0-9"},
    "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]},
}
BY_ID = case(text=user_data(node_config={"featureGates": {"InstanceIdNodeName": True}}))
BOTTLEROCKET = image("bottlerocket-aws-k8s-1.33-x86_64-v1.50.0-abcdef12")
UBUNTU = image("ubuntu-eks/k8s_1.33/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-1")
WINDOWS = image("Windows_Server-2022-English-Core-EKS_Optimized-1.33-2026.11.05")
CONFIG_MAP = cluster(access_config={"authentication_mode": "CONFIG_MAP"})
BOTH = cluster(access_config={"authentication_mode": "API_AND_CONFIG_MAP"})
ROW = {
    "rolearn": ROLE,
    "username": "system:node:{{EC2PrivateDNSName}}",
    "groups": ["system:bootstrappers", "system:nodes"],
}
PUBLIC_ONLY = {"endpoint_private_access": False}
PUBLIC = case(public_ip_address="203.0.113.9")
OWN_ADDRESS = cluster({**PUBLIC_ONLY, "public_access_cidrs": ["203.0.113.9/32"]})
NAT_ADDRESS = cluster({**PUBLIC_ONLY, "public_access_cidrs": ["198.51.100.0/24"]})
S3 = endpoint("s3", vpc_endpoint_type="Gateway", route_table_ids=["rtb-node"], groups=[])
SERVICES = [*map(endpoint, ("ec2", "ecr.api", "ecr.dkr", "sts")), S3]
IN_CLUSTER_GROUP = case(security_groups=[{"group_id": CLUSTER_GROUP}])
SHARED = group(CLUSTER_GROUP, [from_group(CLUSTER_GROUP)], [EVERYTHING], True)


def lacking(*policies: str, **members: Any) -> dict[str, Any]:
    return {PROFILE: Profile("AIPA1", role(*policies, **members))}


HEALTHY: list[tuple[Case, dict[str, Any]]] = [
    (case(), {}),
    (replace(case(), kubernetes=READY), {}),
    (case(text=user_data(max_pods=29)), {}),
    (case("bottlerocket"), {"images": BOTTLEROCKET}),
    (case("ubuntu"), {"images": UBUNTU}),
    (case("windows"), {"images": WINDOWS, "access_entries": {ROLE: {"type": "EC2_WINDOWS"}}}),
    (BY_ID, {"access_entries": {ROLE: {"type": "EC2"}}}),
    (case(), {"images": image("our-own-image")}),
    (case(), {"cluster": CONFIG_MAP, "access_entries": {}, "aws_auth": [ROW]}),
    (case(), {"cluster": BOTH, "access_entries": {ROLE: None}, "aws_auth": [ROW]}),
    (case(), {"cluster": BOTH}),
    (case(), {"profiles": lacking("AmazonEKS_CNI_Policy"), "cni_role": True}),
    (case(), {"cluster": cluster(PUBLIC_ONLY)}),
    (case(), {"cluster": NAT_ADDRESS}),
    (PUBLIC, {"route_tables": [table("rtb-node", [SUBNET], gateway_id="igw-1")], "cluster": OWN_ADDRESS}),
    (case(), {"route_tables": [table("rtb-node", [SUBNET])], "vpc_endpoints": SERVICES}),
    (case(), {"route_tables": [table("rtb-node", [SUBNET], transit_gateway_id="tgw-1")]}),
    (IN_CLUSTER_GROUP, {"security_groups": {CLUSTER_GROUP: SHARED}}),
    (case(), {"statuses": {INSTANCE: {"instance_status": {"status": "ok"}}}}),
]


@pytest.mark.parametrize(("one", "members"), HEALTHY)
def test_what_would_join_has_no_finding(one: Case, members: dict[str, Any]) -> None:
    examination = examine(one, evidence(**members))
    assert examination.findings == ()
    assert examination.unchecked == ()
    assert examination.passed == tuple(check.id for check in CHECKS)


@pytest.mark.parametrize(
    ("check", "words", "members"),
    [
        ("role_policies", "(ours)", {"profiles": lacking("AmazonEKSWorkerNodePolicy", own=("ours",))}),
        (
            "role_policies",
            "no list",
            {"profiles": lacking("AmazonEKS_CNI_Policy"), "unread": {"cni_role": Unread("no list")}},
        ),
        ("access_entry", "no map", {"cluster": CONFIG_MAP, "unread": {"aws_auth": Unread("no map")}}),
    ],
)
def test_what_cannot_be_told_is_no_finding(check: str, words: str, members: dict[str, Any]) -> None:
    examination = examine(case(), evidence(**members))
    assert examination.findings == ()
    assert [one.check for one in examination.unchecked] == [check]
    assert words in examination.unchecked[0].reason
    assert check not in examination.passed


def test_what_could_not_be_read_is_not_looked_into() -> None:
    names = {name for check in CHECKS for name in check.needs}
    assert names <= {field.name for field in fields(Evidence)} | {"user_data", "console", "roles"}
    unread = {name: Unread(f"{name}: denied", f"ec2:{name}") for name in names}
    examination = examine(case(), Evidence(CLUSTER_OF_NODES, evidence().now, unread=unread))
    assert examination.findings == ()
    assert {one.action for one in examination.unchecked} == {f"ec2:{name}" for name in names}
    assert set(examination.passed) == {check.id for check in CHECKS if not check.needs}


def test_the_console_says_which_of_two_causes_counts() -> None:
    newer = image("amazon-eks-node-al2023-x86_64-standard-1.34-v20261105")
    wrong = evidence(access_entries={ROLE: None}, images=newer)
    silent = examine(case(), wrong).findings
    told = examine(replace(case(), console="E1127 kubelet: Unauthorized"), wrong).findings
    assert [one.check for one in silent] == ["version_skew", "access_entry"]
    assert [one.check for one in told] == ["access_entry", "version_skew", "console"]


@pytest.mark.parametrize(
    ("line", "check"),
    [
        ("x509: certificate signed by unknown authority", "user_data_ca"),
        ("dial tcp: lookup ABC.eks.amazonaws.com: no such host", "user_data_cluster"),
        ("dial tcp 10.0.1.5:443: i/o timeout", "security_groups"),
        ("api error UnauthorizedOperation: You are not authorized", "role_policies"),
        ("no EC2 IMDS role found, operation error ec2imds: GetMetadata", "instance_profile"),
        ("CIDR is missing in cluster configuration", "user_data_service_cidr"),
        ("Name is missing in cluster configuration", "user_data_cluster"),
        ("Kernel panic - not syncing", "instance_state"),
        ("Error parsing TOML user data: TOML parse error at line 1", "user_data_form"),
        ("Json deserialize error: unknown field `api-serverr`, expected one of", "user_data_form"),
        ("unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels", "user_data_form"),
    ],
)
def test_signs_on_the_console(line: str, check: str) -> None:
    assert check in [one for sign, _line in signs(f"booting\n{line}\nlogin:") for one in sign.speaks_for]


def test_a_console_shows_no_secret() -> None:
    text = "a\npassword: hunter2\ntoken k8s-aws-v1.abc Unauthorized\n" + "x" * 999
    assert last_lines(text, 3) == "password: ...\ntoken ... Unauthorized\n" + "x" * 300 + "..."
    assert last_lines(text, 0) == ""


@pytest.mark.parametrize(
    ("name", "family", "version"),
    [
        ("amazon-eks-node-al2023-arm64-nvidia-1.34-v20261105", "al2023", "1.34"),
        ("amazon-eks-gpu-node-1.30-v20250101", "al2", "1.30"),
        ("bottlerocket-aws-k8s-1.31-nvidia-aarch64-v1.50.0-abcdef12", "bottlerocket", "1.31"),
        ("Windows_Server-2025-English-Full-EKS_Optimized-1.35-2026.11.05", "windows", "1.35"),
        ("ubuntu-eks-pro/k8s_1.33/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261105", "ubuntu", "1.33"),
        ("our-image", "", ""),
    ],
)
def test_what_the_name_of_an_image_tells(name: str, family: str, version: str) -> None:
    assert (family_of({"name": name}), kubernetes_version({"name": name})) == (family, version)
    assert kubernetes_version({"name": name, "description": "a node, (k8s: 1.29.3)"}) == (version or "1.29")


def activity(message: str, status: str = "Failed") -> dict[str, Any]:
    return {"status_code": status, "status_message": message, "description": "Launching a new EC2 instance"}


@pytest.mark.parametrize(
    ("message", "check"),
    [
        ("There are not enough free addresses in subnet 'subnet-1' to satisfy the request.", "free_addresses"),
        ("We currently do not have sufficient m7i.large capacity in the zone you requested.", "capacity"),
        ("You have requested more vCPU capacity than your current vCPU limit of 32 allows.", "quota"),
        ("Value (nodes) for parameter iamInstanceProfile.name is invalid.", "instance_profile"),
        ("The image id '[ami-1]' does not exist", "image"),
        ("The security group 'sg-1' does not exist in VPC 'vpc-1'", "security_groups"),
        ("The key pair 'ops' does not exist", "launch_template"),
        ("Client.InternalError: Client error on launch", "volumes"),
        ("Something new", "launch"),
    ],
)
def test_why_a_group_launches_nothing(message: str, check: str) -> None:
    workers = {"auto_scaling_group_name": "workers", "desired_capacity": 3, "instances": []}
    (finding,) = launch(workers, [activity(message), activity(message), activity("", "Successful"), activity("old")])
    assert (finding.check, finding.severity, finding.evidence) == (check, "blocking", message)
    suspended = {**workers, "suspended_processes": [{"process_name": "Launch"}]}
    assert [one.check for one in launch(suspended, [])] == ["launch"]
    assert [one.severity for one in launch(workers, [])] == ["suspicious"]
    assert list(launch(workers, None)) == []


def test_what_eks_says_of_a_managed_group() -> None:
    issue = {"code": "Ec2SubnetInvalidConfiguration", "message": "no public address", "resource_ids": ["subnet-1"]}
    (finding,) = ailing({"nodegroup_name": "web", "health": {"issues": [issue]}})
    assert (finding.check, finding.evidence) == ("health", "no public address (subnet-1)")


NOTHING: dict[str, Any] = {
    **{name: {} for name in ("subnets", "security_groups", "nat_gateways", "vpc_dns", "images", "instance_types")},
    **{name: {} for name in ("profiles", "access_entries", "statuses")},
    **{name: [] for name in ("route_tables", "network_acls", "vpc_endpoints")},
    "cni": None,
    "cluster": {"name": "prod"},
}
BARE: dict[str, Any] = dict.fromkeys(("subnet_id", "image_id", "instance_type", "security_groups", "metadata_options"))
CASES = [
    case(),
    case(text=""),
    case(iam_instance_profile=None, tags=[], private_ip_address=None),
    case(**BARE),
    case(state={"name": "stopping"}, launch_time=None),
    replace(case(), told=None, console="Unauthorized\nx509: certificate signed by unknown authority"),
    replace(case(), kubernetes=READY),
]


@given(st.sampled_from(CASES), st.sets(st.sampled_from(sorted(NOTHING))), st.sampled_from(["", "roles", "subnets"]))
def test_no_combination_makes_it_fail(one: Case, missing: set[str], unread: str) -> None:
    known = {name: NOTHING[name] for name in missing}
    examination = examine(one, evidence(**known, unread={unread: Unread("denied")}))
    ranks = [("blocking", "suspicious").index(finding.severity) for finding in examination.findings]
    assert ranks == sorted(ranks)
    named = {found.check for found in examination.findings} | {found.check for found in examination.unchecked}
    assert named | set(examination.passed) == {check.id for check in CHECKS}
    assert not named & set(examination.passed)


def test_a_text_to_print() -> None:
    finding = {"check": "access_entry", "severity": "blocking", "problem": "no entry", "evidence": "none", "fix": "do"}
    rows = [{"instance_id": f"i-{number}", "status": "not_joined", "findings": [finding]} for number in range(12)]
    short = {"group": "workers", "desired": 13, "instances": 12, "findings": [{**finding, "check": "capacity"}]}
    text = summary("prod", [*rows, {"instance_id": "i-x", "status": "not_ready", "findings": []}], [short], [])
    assert text.startswith("cluster prod: 12 not joined, 1 joined, but not Ready\ngroup workers wants 13 and has 12:\n")
    assert "i-9; and 2 more:\n  1. access_entry (blocking): no entry\n     evidence: none\n     fix: do\n" in text
    assert text.endswith("i-x:\n  nothing that would keep it from joining was found")
    assert "is a Ready one" in summary("prod", [], [], [])
