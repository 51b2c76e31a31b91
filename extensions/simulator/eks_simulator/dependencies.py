# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clusters keep in use in the neighbours: AWS does not let it be deleted, and moto does not know of it.

EKS puts network interfaces of the control plane into a cluster's subnets, with its security groups, and node groups
and Fargate profiles run instances in theirs; EC2 then answers DependencyViolation
(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html).
"""

from __future__ import annotations

from collections.abc import Iterator

from .moto_gateway import ServiceCall
from .store import Region


def violation(region: Region, call: ServiceCall) -> str | None:
    """Why EC2 must refuse a call that deletes what a cluster uses; None if it need not."""
    if call.service != "ec2":
        return None
    if call.operation == "DeleteSubnet" and call.parameters.get("SubnetId") in set(_subnets(region)):
        return f"The subnet '{call.parameters['SubnetId']}' has dependencies and cannot be deleted."
    if call.operation == "DeleteSecurityGroup" and call.parameters.get("GroupId") in set(_security_groups(region)):
        return f"resource {call.parameters['GroupId']} has a dependent object"
    return None


def _subnets(region: Region) -> Iterator[str]:
    for cluster in region.clusters.values():
        yield from cluster.description["resourcesVpcConfig"]["subnetIds"]
        for part in (*cluster.nodegroups.values(), *cluster.fargate_profiles.values()):
            yield from part.description["subnets"]


def _security_groups(region: Region) -> Iterator[str]:
    for cluster in region.clusters.values():
        config = cluster.description["resourcesVpcConfig"]
        yield from config["securityGroupIds"]
        if "clusterSecurityGroupId" in config:
            yield config["clusterSecurityGroupId"]
