# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an instance says on its console while it boots, and which other findings that speaks for. Pure.

The words are those of nodeadm, the kubelet, containerd, cloud-init and the kernel.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.flotilla.eks.plugins.module_utils._join.evidence import (
    Case,
    Evidence,
    Finding,
    blocking,
    suspicious,
)

_LONGEST = 300  # characters of a line that are shown
_SECRETS = re.compile(r"k8s-aws-v1\.[\w=-]+|((?:secret|token|password|passwd)[\w-]*[\"']?\s*[:=]\s*)\S+", re.IGNORECASE)


@dataclass(frozen=True)
class Sign:
    """Words by which a console tells of something; ``speaks_for`` are the checks whose findings would explain it."""

    words: re.Pattern[str]
    problem: str
    fix: str
    speaks_for: tuple[str, ...] = ()
    grave: bool = True


def _sign(words: str, problem: str, fix: str, *speaks_for: str, grave: bool = True) -> Sign:
    return Sign(re.compile(words, re.IGNORECASE), problem, fix, speaks_for, grave)


_NETWORK = ("security_groups", "network_acls", "route", "service_endpoints", "endpoint_access", "dns")
_FORM = "write the user data with the filter flotilla.eks.node_user_data"
SIGNS = (
    _sign(r"kernel panic|emergency mode|no space left on device|out of memory: kill", "the system of the instance does "
          "not get up", "choose another AMI or type, or a larger volume, and replace the instance", "instance_state"),
    _sign(r"name is missing in cluster configuration|apiserver endpoint is missing in cluster configuration",
          "nodeadm is not told which cluster to join", _FORM, "user_data_cluster", "user_data_form"),
    _sign(r"certificate authority is missing in cluster configuration", "nodeadm is told of no certificate authority",
          _FORM, "user_data_ca", "user_data_form"),
    _sign(r"cidr is missing in cluster configuration|invalid CIDR", "nodeadm is told of no range of services", _FORM,
          "user_data_service_cidr", "user_data_form"),
    _sign(r"bootstrap\.sh has been removed|could not find.*NodeConfig|no kind \"\w+\" is registered|no config in chain|"
          r"failed to (?:parse|decode|unmarshal|deserialize)|error unmarshaling|illegal base64|unknown flag|"
          r"Json deserialize error|unknown field `|Error parsing TOML user data",
          "the bootstrap rejects what the user data says", _FORM, "user_data_form", "user_data_ca", "image"),
    _sign(r"unknown 'kubernetes\.io' or 'k8s\.io' labels specified", "the kubelet refuses a label that it may not "
          "set on itself", "take the label out of the user data, and set it with flotilla.eks.nodes", "user_data_form"),
    _sign(r"no EC2 IMDS role found|failed to refresh cached credentials|NoCredentialProviders|"
          r"unable to (?:locate|get) credentials|EC2 ?MetadataError", "the instance gets no AWS credentials",
          "give it an instance profile with a role that EC2 may assume, and the metadata service",
          "instance_profile", "role_policies", "metadata"),
    _sign(r"UnauthorizedOperation|AccessDenied(?:Exception)?\b|is not authorized to perform", "AWS refuses what the "
          "role of the instance asks for", "attach AmazonEKSWorkerNodePolicy to the role", "role_policies"),
    _sign(r"x509: certificate signed by unknown authority|certificate verify failed|x509: certificate is valid for",
          "the kubelet does not trust who answers at the endpoint", _FORM, "user_data_ca", "user_data_cluster"),
    _sign(r"no such host|server misbehaving|temporary failure in name resolution", "a name, such as the endpoint's, is "
          "not resolved", "check the endpoint in the user data and the DNS of the VPC", "user_data_cluster", "dns"),
    _sign(r"\bUnauthorized\b|you must be logged in to the server", "the cluster does not know the instance's role",
          "give the role an access entry (flotilla.eks.access_entry)", "access_entry", "user_data_cluster"),
    _sign(r"\bforbidden\b.*\b(?:user|node)|is forbidden", "the cluster knows the instance's role, but not as that of "
          "this node", "give the role an access entry of the right type (flotilla.eks.access_entry)", "access_entry"),
    _sign(r"Failed to initialize CSINode|could not find the requested resource", "the versions of kubelet and "
          "cluster do not go together", "take an AMI for the cluster's version (lookup flotilla.eks.ami)",
          "version_skew"),
    _sign(r"i/o timeout|connection timed out|context deadline exceeded|Client\.Timeout exceeded|no route to host|"
          r"network is unreachable|connection refused|TLS handshake timeout", "the instance does not reach the cluster "
          "or a service of AWS", "see the security groups, network ACLs and routes", *_NETWORK),
    _sign(r"failed to pull|ErrImagePull|ImagePullBackOff|failed to resolve reference", "images cannot be pulled",
          "attach AmazonEC2ContainerRegistryPullOnly to the role, and see the way to ECR", "role_policies",
          "service_endpoints", "route", grave=False),
    _sign(r"InsufficientFreeAddresses|failed to assign an IP address|no available IP", "there are no free addresses",
          "launch in another subnet", "free_addresses", grave=False),
)  # fmt: skip


def console(case: Case, evidence: Evidence) -> Iterator[Finding]:
    for sign, line in signs(case.console or ""):
        yield (blocking if sign.grave else suspicious)(f"on its console: {sign.problem}", line, sign.fix)


def signs(output: str) -> Iterator[tuple[Sign, str]]:
    """The signs in an output, each with the last line that has it."""
    lines = output.splitlines()
    for sign in SIGNS:
        found = next((line for line in reversed(lines) if sign.words.search(line)), None)
        if found is not None:
            yield sign, shown(found)


def shown(line: str) -> str:
    """A line without what looks like a secret, and no longer than one reads."""
    plain = _SECRETS.sub(lambda match: f"{match[1] or ''}...", line.strip())
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}..."


def last_lines(output: str, number: int) -> str:
    """The end of an output."""
    lines = output.rstrip().splitlines()[-number:] if number > 0 else []
    return "\n".join(map(shown, lines))
