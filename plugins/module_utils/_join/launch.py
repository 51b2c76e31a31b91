# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why does an Auto Scaling group launch nothing? What its last activities say. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ansible_collections.flotilla.eks.plugins.module_utils._join.evidence import Finding, blocking, suspicious
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values

_TEMPLATE = "change the launch template (flotilla.eks.self_managed_nodegroups), which makes a new version"
_LOOK = "aws autoscaling describe-scaling-activities --auto-scaling-group-name"
CAUSES = [
    (r"free addresses|InsufficientFreeAddresses", "free_addresses", "a subnet of the group has no free address left",
     "free some, or give the group further subnets"),
    (r"sufficient .*capacity|InsufficientInstanceCapacity|no spot capacity|Spot.*capacity|capacity-not-available",
     "capacity", "EC2 has no capacity of the wanted type now",
     "allow more instance types and zones (mixed instances), or wait"),
    (r"vCPU limit|VcpuLimitExceeded|InstanceLimitExceeded|quota|MaxSpotInstanceCountExceeded|limit.*exceeded", "quota",
     "a quota of the account is used up",
     "aws service-quotas request-service-quota-increase, or free what is not needed"),
    (r"iamInstanceProfile|IAM Instance Profile|instance profile", "instance_profile",
     "the instance profile of the launch template does not exist, or may not be passed", _TEMPLATE),
    (r"image id|AMI|InvalidAMIID|architecture", "image",
     "the AMI of the launch template does not exist, may not be used, or does not fit the instance type", _TEMPLATE),
    (r"security group|InvalidGroup", "security_groups", "a security group of the launch template does not exist, or is "
     "of another VPC", _TEMPLATE),
    (r"key pair|InvalidKeyPair", "launch_template", "the key pair of the launch template does not exist", _TEMPLATE),
    (r"InternalError|KMS|encrypted", "volumes", "the volumes cannot be made or attached: most often the KMS key does "
     "not let the Auto Scaling role use it", "let the service-linked role AWSServiceRoleForAutoScaling use the key, in "
     "the policy of the key"),
    (r"subnet", "launch_template", "a subnet of the group does not exist", "give the group other subnets"),
    (r"not supported|unsupported", "launch_template", "the zone does not have the wanted type, or not in this form",
     "choose other types or zones"),
    (r"launch template|user data|parameter", "launch_template", "the launch template is not valid, or not there",
     _TEMPLATE),
]  # fmt: skip
"""What words of EC2's message (https://docs.aws.amazon.com/autoscaling/ec2/userguide/
CHAP_Troubleshooting.html) tell; the first that occur count."""
FAILED = ("Failed", "Cancelled")


def ailing(nodegroup: Values) -> Iterator[Finding]:
    """What EKS itself says of a managed node group, as DescribeNodegroup returns it."""
    for issue in (nodegroup.get("health") or {}).get("issues") or []:
        things = ", ".join(issue.get("resource_ids") or [str(nodegroup.get("nodegroup_name"))])
        yield _named(
            "health",
            blocking(
                f"EKS says that the node group is not well: {issue.get('code')}",
                f"{issue.get('message')} ({things})",
                "https://docs.aws.amazon.com/eks/latest/APIReference/API_Issue.html says what each code asks for",
            ),
        )


def launch(scaling_group: Values, activities: Sequence[Values] | None) -> Iterator[Finding]:
    """Why a group has fewer instances than it wants. ``activities`` are its last ones, the newest first."""
    name = scaling_group["auto_scaling_group_name"]
    suspended = {process.get("process_name") for process in scaling_group.get("suspended_processes") or []}
    if "Launch" in suspended:
        yield _named(
            "launch",
            blocking(
                "the Auto Scaling group launches nothing: its process Launch is suspended",
                f"suspended_processes of {name}: {', '.join(sorted(map(str, suspended)))}",
                f"aws autoscaling resume-processes --auto-scaling-group-name {name} --scaling-processes Launch",
            ),
        )
    told = dict.fromkeys(_message(activity) for activity in _newest_failures(activities or ()))
    yield from (_cause(name, message) for message in told)
    if not told and "Launch" not in suspended and activities is not None:
        yield _named(
            "launch",
            suspicious(
                "the Auto Scaling group has fewer instances than it wants, and no activity of it says why",
                f"{name} wants {scaling_group['desired_capacity']}, has {len(scaling_group.get('instances') or [])}",
                f"it may be launching them: {_LOOK} {name}",
            ),
        )


def _newest_failures(activities: Sequence[Values]) -> Iterator[Values]:
    """Those since the last success: what failed before it has been mended."""
    for activity in activities:
        if activity.get("status_code") in FAILED:
            yield activity
        elif activity.get("status_code") == "Successful" and "Launching" in str(activity.get("description")):
            return


def _message(activity: Values) -> str:
    return str(activity.get("status_message") or activity.get("description") or "no message")


def _cause(name: str, message: str) -> Finding:
    for words, check, problem, fix in CAUSES:
        if re.search(words, message, re.IGNORECASE):
            return _named(check, blocking(f"the Auto Scaling group cannot launch: {problem}", message, fix))
    return _named("launch", blocking("the Auto Scaling group cannot launch instances", message, f"{_LOOK} {name}"))


def _named(check: str, finding: Finding) -> Finding:
    return replace(finding, check=check)
