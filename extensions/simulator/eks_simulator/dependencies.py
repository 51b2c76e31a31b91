# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clusters, instances and security groups keep in use in EC2: AWS does not let it be deleted, and moto does.

EKS puts network interfaces of the control plane into a cluster's subnets, with its security groups, and node groups
and Fargate profiles run instances in theirs. An instance keeps its interface until it is terminated, and a security
group is in use, too, while the rules of another name it
(https://docs.aws.amazon.com/vpc/latest/userguide/deleting-security-groups.html). EC2 then answers DependencyViolation
(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .moto_gateway import ServiceCall
from .scaling.region import ScalingRegion
from .store import Region


def violation(place: ScalingRegion, call: ServiceCall) -> str | None:
    """Why EC2 must refuse a call that deletes what is in use; None if it need not."""
    if call.service != "ec2":
        return None
    if call.operation == "DeleteSubnet" and call.parameters.get("SubnetId") in set(_subnets(place)):
        return f"The subnet '{call.parameters['SubnetId']}' has dependencies and cannot be deleted."
    if call.operation == "DeleteSecurityGroup" and call.parameters.get("GroupId") in set(_security_groups(place)):
        return f"resource {call.parameters['GroupId']} has a dependent object"
    return None


def _subnets(place: ScalingRegion) -> Iterator[str]:
    yield from _subnets_of_clusters(place.region)
    yield from (interface.subnet.id for interface in _interfaces(place))
    yield from (instance.subnet_id for instance in _ending(place))


def _subnets_of_clusters(region: Region) -> Iterator[str]:
    for cluster in region.clusters.values():
        yield from cluster.description["resourcesVpcConfig"]["subnetIds"]
        for part in (*cluster.nodegroups.values(), *cluster.fargate_profiles.values()):
            yield from part.description["subnets"]


def _security_groups(place: ScalingRegion) -> Iterator[str]:
    for cluster in place.region.clusters.values():
        config = cluster.description["resourcesVpcConfig"]
        yield from config["securityGroupIds"]
        if "clusterSecurityGroupId" in config:
            yield config["clusterSecurityGroupId"]
    yield from (group.id for interface in _interfaces(place) for group in interface.group_set)
    yield from (group.id for instance in _ending(place) for group in instance.security_groups)
    for groups in place.aws.ec2.groups.values():
        for group in groups.values():
            rules = (*group.ingress_rules, *group.egress_rules)
            yield from {rule.source_group.get("GroupId", "") for rule in rules} - {group.id}


def _interfaces(place: ScalingRegion) -> Iterator[Any]:
    """The network interfaces of instances. Those of NAT gateways stay in moto (5.2.5) when these are gone."""
    yield from (interface for interface in place.aws.ec2.enis.values() if interface.instance is not None)


def _ending(place: ScalingRegion) -> Iterator[Any]:
    """Instances that moto has terminated at once, and that EC2 takes its time for."""
    yield from (member.instance for _group, member in place.members() if member.leaving)
