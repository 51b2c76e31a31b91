# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps an EC2 instance of an EKS AMI from becoming a node of a cluster. Pure, and runs on hosts.

The facts are those of `_ec2_host.facts`, and ``cluster`` and ``roles`` as module ``bootstrap_info`` returns them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._hosts.checks import (
    cluster_is_usable,
    endpoint,
    privileges,
    skew,
)
from ansible_collections.flotilla.eks.plugins.module_utils._hosts.preflight import Checks, Facts, Problem, Unknown

EC2, HYBRID = "ec2", "hybrid"
"""The two programs called nodeadm: that of the AMI for EC2, and that for machines on premises."""
AMI = "launch an instance from an EKS optimized AMI of Amazon Linux 2023 (lookup flotilla.eks.ami)"
_IDENTITY = "what instance it is, without its metadata"


def _systemd(facts: Facts) -> Problem | None:
    if facts["systemd"]:
        return None
    return Problem("systemd does not run this host", f"A kubelet is a service of systemd: {AMI}")


def _system(facts: Facts) -> Problem | None:
    found = facts["os"]
    if found.get("ID") == "amzn" and found.get("VERSION_ID", "").startswith("2023"):
        return None
    return Problem(f"the system is {found.get('PRETTY_NAME') or 'unknown'}, not Amazon Linux 2023", f"To join, {AMI}")


def _nodeadm(facts: Facts) -> Problem | None:
    if facts["nodeadm"] == EC2:
        return None
    if facts["nodeadm"] == HYBRID:
        return Problem(
            "its nodeadm is the one for machines on premises, which does not know EC2",
            "Have it uninstall what it installed, and use the role hybrid_nodes for such a machine, or " + AMI,
        )
    return Problem("there is no nodeadm in /usr/bin", f"It comes with the AMI: {AMI}")


def _kubelet(facts: Facts) -> Problem | None:
    if facts["kubelet_version"]:
        return None
    return Problem("there is no kubelet in /usr/bin that tells its version", f"It comes with the AMI: {AMI}")


def _version_skew(facts: Facts) -> Problem | Unknown | None:
    version = facts["cluster"].get("version")
    return skew(facts["kubelet_version"], facts, f"Launch the instance from an AMI for Kubernetes {version}")


def _imds(facts: Facts) -> Problem | None:
    if not facts["imds"].get("problem"):
        return None
    return Problem(
        f"the instance metadata service does not answer ({facts['imds']['problem']})",
        "Enable it (aws ec2 modify-instance-metadata-options --http-endpoint enabled), and let no firewall of the host "
        "keep root from 169.254.169.254. Only EC2 instances have it",
    )


def _instance_profile(facts: Facts) -> Problem | Unknown | None:
    if facts["imds"].get("problem"):
        return Unknown(_IDENTITY)
    if facts["imds"]["role"]:
        return None
    return Problem(
        "the instance has no instance profile, so its kubelet has no identity",
        "Attach one whose role has AmazonEKSWorkerNodePolicy (aws ec2 associate-iam-instance-profile)",
    )


def _region(facts: Facts) -> Problem | Unknown | None:
    if facts["imds"].get("problem"):
        return Unknown(_IDENTITY)
    here, there = facts["imds"]["region"], _region_of(facts["cluster"])
    if here == there:
        return None
    return Problem(f"the instance is in {here}, the cluster in {there}", "Correct eks_cluster in the inventory")


def _access(facts: Facts) -> Problem | Unknown | None:
    """The metadata tell a role's name without its path, so roles are the same if account and name are."""
    if facts["imds"].get("problem") or not facts["imds"]["role"]:
        return Unknown("which role the instance has")
    if facts["roles"] is None:
        return Unknown("which roles the cluster lets in")
    account, name = facts["imds"]["account"], facts["imds"]["role"]
    if any((arn.split(":")[4], arn.rpartition("/")[2]) == (account, name) for arn in facts["roles"]):
        return None
    return Problem(
        f"the cluster does not let the role {name} of account {account} in",
        "Give it an access entry of type EC2_LINUX (flotilla.eks.access_entry), or where these do not count, a row of "
        "aws-auth (flotilla.eks.aws_auth)",
    )


def _endpoint(facts: Facts) -> Problem | Unknown | None:
    return endpoint(
        facts,
        "Check the route to it, the security groups (port 443 of the cluster's), the name server of the VPC, and that "
        "the cluster has private access (endpoint_private_access)",
    )


def _other_cluster(facts: Facts) -> Problem | Unknown | None:
    joined, wanted = facts["joined"], facts["cluster"].get("endpoint")
    if not joined["endpoint"] or joined["endpoint"] == wanted or joined["kubelet"] not in ("active", "activating"):
        return None
    return Problem(
        f"its kubelet serves another cluster, {joined['endpoint']}",
        "Take it out of that one first (self_managed_nodes_host_state: absent), or skip this check to move it at once, "
        "by which the pods on it are lost",
    )


CHECKS: Checks = {
    "privileges": privileges,
    "systemd": _systemd,
    "system": _system,
    "nodeadm": _nodeadm,
    "kubelet": _kubelet,
    "cluster": cluster_is_usable,
    "version_skew": _version_skew,
    "imds": _imds,
    "region": _region,
    "instance_profile": _instance_profile,
    "access": _access,
    "endpoint": _endpoint,
    "other_cluster": _other_cluster,
}
TO_LEAVE = ("privileges", "systemd", "imds")
"""The checks of a host that is to leave its cluster."""


def flavour(help_text: str) -> str | None:
    """Which nodeadm tells this help: that for machines on premises can uninstall, that of the AMI can only init."""
    if re.search(r"^\s*uninstall\b", help_text, re.MULTILINE):
        return HYBRID
    return EC2 if re.search(r"^\s*init\b", help_text, re.MULTILINE) else None


def _region_of(cluster: Mapping[str, Any]) -> str:
    return str(cluster["arn"]).split(":")[3]
