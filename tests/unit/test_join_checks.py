# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each single defect of an instance, its image, its user data and its role is found as what it is."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._join.evidence import Case, Profile
from support.join_evidence import (
    INSTANCE,
    PROFILE,
    ROLE,
    SUBNET,
    Defect,
    blocks,
    case,
    cluster,
    evidence,
    image,
    looks_bad,
    prove,
    role,
)
from support.user_data import AUTHORITY, user_data

OTHER_AUTHORITY = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").decode()
NO_CNI = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady"
WINDOWS = image("Windows_Server-2022-English-Core-EKS_Optimized-1.33-2026.11.05")
AL2 = image("amazon-eks-node-1.32-v20251112")
PLAIN = image("al2023-ami-2023.9.20261105.0-kernel-6.12-x86_64")
BOOTSTRAP = "#!/bin/sh\n/etc/eks/bootstrap.sh prod\n"
NAMELESS = "<powershell>\nStart-EKSBootstrap.ps1\n</powershell>"
CONFIG_MAP = cluster(access_config={"authentication_mode": "CONFIG_MAP"})
BOTH = cluster(access_config={"authentication_mode": "API_AND_CONFIG_MAP"})
NODES = ["system:bootstrappers", "system:nodes"]
ROW = {"rolearn": ROLE, "username": "system:node:{{EC2PrivateDNSName}}", "groups": NODES}
WITH_PATH = ROLE.replace("role/", "role/team/")
FULL = {SUBNET: {"cidr_block": "10.0.0.0/24", "available_ip_address_count": 0}}
PRESSURE = {"type": "MemoryPressure", "status": "True", "message": "kubelet has insufficient memory"}


def profile(*lacking: str, **members: Any) -> dict[str, Any]:
    return {PROFILE: Profile("AIPA1", role(*lacking, **members))}


def entry(kind: str) -> dict[str, Any]:
    return {ROLE: {"type": kind}}


def unready(reason: str, status: str = "False", *more: dict[str, Any]) -> Case:
    """One that has joined, and is not Ready."""
    conditions = [*more, {"type": "Ready", "status": status, "reason": "KubeletNotReady", "message": reason}]
    joined = {"metadata": {"name": "ip-10-0-0-9"}, "status": {"conditions": conditions}}
    return replace(case(), node={**case().node, "status": "not_ready"}, kubernetes=joined)


def misled(old: str, new: str) -> Case:
    """One whose user data say something else."""
    return case(text=user_data().replace(old, new))


INSTANCES = [
    blocks("instance_state", "the instance is stopped", case(state={"name": "stopped"})),
    blocks("instance_state", "status checks", statuses={INSTANCE: {"system_status": {"status": "impaired"}}}),
    looks_bad("instance_state", "may still be booting", case(launch_time="2026-01-01T11:58:00+00:00")),
    blocks("node_conditions", "the network plugin is not ready on it", unready(NO_CNI)),
    blocks("node_conditions", "there is no DaemonSet kube-system/aws-node", unready(NO_CNI), cni=None),
    blocks("node_conditions", "has stopped telling", unready("gone", "Unknown")),
    blocks("node_conditions", "short of memory", unready("x", "True", PRESSURE, {"type": "Ready", "status": "False"})),
    looks_bad("node_conditions", "has joined, and is not Ready", unready("PLEG is not healthy")),
    blocks("metadata", "metadata service is off", case(metadata_options={"http_endpoint": "disabled"})),
    looks_bad("tags", "does not carry the cluster's tag", case(tags=[])),
    looks_bad("free_addresses", "no free address", subnets={**evidence().subnets, **FULL}),
    blocks("free_addresses", "no free address", replace(case(), node={**case().node, "status": "not_ready"}),
           subnets={**evidence().subnets, **FULL}),
    blocks("console", "does not know", replace(case(), console="E1 Unable to register node: Unauthorized")),
]  # fmt: skip
BOOTS = [
    looks_bad("image", "is not there any more", images={}),
    looks_bad("image", "Amazon Linux 2, which is at its end", case("al2", BOOTSTRAP), images=AL2),
    blocks("image", "none for EKS", images=PLAIN),
    blocks("version_skew", "newer than the cluster", cluster=cluster(version="1.32")),
    blocks("version_skew", "4 minor versions older", cluster=cluster(version="1.37")),
    blocks("user_data_form", "not as the AMI's bootstrap wants it", case(text="")),
    blocks("user_data_form", "not as the AMI's bootstrap wants it", case(text=BOOTSTRAP)),
    looks_bad("user_data_form", "not as the AMI's", misled('"spec":', '"spec":\n  "kublet": {}')),
    blocks("user_data_cluster", "names another cluster", misled('"prod"', '"test"')),
    blocks("user_data_cluster", "another endpoint", misled("0123456789ABCDEF", "F")),
    blocks("user_data_cluster", "does not say which", case("windows", NAMELESS), images=WINDOWS,
           access_entries=entry("EC2_WINDOWS")),
    blocks("user_data_ca", "of another cluster", misled(AUTHORITY, OTHER_AUTHORITY)),
    blocks("user_data_ca", "no valid certificate", misled(AUTHORITY, "LS0t")),
    blocks("user_data_service_cidr", "another range", misled("172.20", "10.100")),
    looks_bad("user_data_service_cidr", "is not among", case(text=user_data(cluster_dns="10.100.0.10"))),
    looks_bad("max_pods", "more pods than", case(text=user_data(max_pods=110))),
]  # fmt: skip
ACCESS = [
    blocks("instance_profile", "has no instance profile", case(iam_instance_profile=None)),
    blocks("instance_profile", "does not exist any more", profiles={PROFILE: None}),
    blocks("instance_profile", "holds no role", profiles={PROFILE: Profile("AIPA1", None)}),
    blocks("instance_profile", "made again", case(iam_instance_profile={"arn": PROFILE, "id": "AIPA0"})),
    blocks("role_policies", "may not assume", profiles=profile(services=frozenset({"eks.amazonaws.com"}))),
    blocks("role_policies", "lacks AmazonEKSWorkerNodePolicy", profiles=profile("AmazonEKSWorkerNodePolicy")),
    looks_bad("role_policies", "lacks AmazonEC2", profiles=profile("AmazonEC2ContainerRegistryPullOnly")),
    looks_bad("role_policies", "lacks AmazonEKS_CNI_Policy", profiles=profile("AmazonEKS_CNI_Policy")),
    blocks("access_entry", "has no access entry", access_entries={ROLE: None}),
    blocks("access_entry", "does not make nodes", access_entries=entry("STANDARD")),
    blocks("access_entry", "nodes of another kind", access_entries=entry("EC2_WINDOWS")),
    blocks("access_entry", "is not in aws-auth", cluster=CONFIG_MAP),
    blocks("access_entry", "is not in aws-auth", cluster=BOTH, access_entries={ROLE: None}),
    blocks("access_entry", "does not make nodes", cluster=CONFIG_MAP, aws_auth=[{**ROW, "groups": NODES[:1]}]),
    blocks("access_entry", "does not make nodes", cluster=CONFIG_MAP, aws_auth=[{**ROW, "username": "me"}]),
    blocks("access_entry", "an ARN with a path", cluster=CONFIG_MAP, profiles=profile(arn=WITH_PATH),
           aws_auth=[{**ROW, "rolearn": WITH_PATH}]),
    blocks("access_entry", "is broken", cluster=CONFIG_MAP, aws_auth_fault="mapRoles is no list"),
]  # fmt: skip


@pytest.mark.parametrize("defect", [*INSTANCES, *BOOTS, *ACCESS], ids=lambda defect: f"{defect[0]}: {defect[2]}")
def test_a_single_defect_is_found_as_what_it_is(defect: Defect) -> None:
    prove(defect)
