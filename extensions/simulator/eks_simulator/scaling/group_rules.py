# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Auto Scaling demands of a group.

Sources: the service model of CreateAutoScalingGroup and UpdateAutoScalingGroup, and of the structures in them; AWS's
wording where it is known from what its users report.
"""

from __future__ import annotations

from typing import Any

from ..errors import ServiceError
from . import load_balancing
from .balance import TERMINATION_POLICIES
from .launching import specification, zones_of
from .machines import LaunchFailure, require_launchable
from .model import Group
from .region import ScalingRegion, invalid

_MOST_GROUPS = 500
_MOST_TYPES = 40
_DAY = 86400
_UNSERVED = ("InstanceId", "Context", "AvailabilityZoneIds", "InstanceLifecyclePolicy", "Operator")
_SOURCES = ("LaunchTemplate", "LaunchConfigurationName", "InstanceId", "MixedInstancesPolicy")
_HEALTH_CHECKS = {"EC2", "EBS", "ELB", "VPC_LATTICE"}
_ON_DEMAND = ("lowest-price", "prioritized")
_SPOT = (
    "lowest-price",
    "capacity-optimized",
    "capacity-optimized-prioritized",
    "price-capacity-optimized",
    "diversified",
)
_MALFORMED = "You must use a valid fully-formed launch template."


def require_free_name(place: ScalingRegion, name: str) -> None:
    """Raises AlreadyExists, ValidationError and LimitExceeded."""
    if name in place.groups:
        pending = " and is pending delete" if place.groups[name].status else ""
        raise ServiceError(
            "AlreadyExists",
            f"AutoScalingGroup by this name already exists - A group with the name {name} already exists{pending}",
        )
    if ":" in name:
        raise invalid(f"AutoScalingGroupName must not contain a colon: {name}")
    if len(place.groups) >= _MOST_GROUPS:
        raise ServiceError("LimitExceeded", f"You have reached the limit of {_MOST_GROUPS} Auto Scaling groups")


def require_served(given: dict[str, Any]) -> None:
    """Refuse what would be dropped here and not on AWS."""
    unserved = [name for name in _UNSERVED if name in given]
    policy = given.get("MixedInstancesPolicy") or {}
    if any("InstanceRequirements" in one for one in policy.get("LaunchTemplate", {}).get("Overrides") or ()):
        unserved.append("MixedInstancesPolicy.LaunchTemplate.Overrides.InstanceRequirements")
    if "DistributionSegments" in policy.get("InstancesDistribution", {}):
        unserved.append("MixedInstancesPolicy.InstancesDistribution.DistributionSegments")
    if given.get("DesiredCapacityType", "units") != "units":
        unserved.append(f"DesiredCapacityType {given['DesiredCapacityType']}")
    if unserved:
        raise invalid(f"The simulator does not serve {', '.join(unserved)} of Auto Scaling groups.")


def require_valid(place: ScalingRegion, group: Group, given: dict[str, Any]) -> None:
    """Check a group as it is going to be, of which a request gives this part. Raises ValidationError."""
    _require_sizes(group)
    sources = [name for name in _SOURCES if name in given]
    if not any(group.settings.get(name) for name in _SOURCES):
        raise invalid(
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or"
            " MixedInstancesPolicy parameter."
        )
    if len(sources) > 1:
        raise invalid(
            "Valid requests must contain only one of LaunchTemplate, LaunchConfigurationName, InstanceId and"
            f" MixedInstancesPolicy; found {', '.join(sources)}"
        )
    _require_numbers(group.settings)
    _require_words(group.settings)
    _require_network(place, group)
    load_balancing.require_known(place, group.settings)
    _require_mixture(group.settings.get("MixedInstancesPolicy"))
    if sources or "VPCZoneIdentifier" in given:
        require_source(place, group)


def _require_sizes(group: Group) -> None:
    for name in ("MinSize", "MaxSize", "DesiredCapacity"):
        if group.settings[name] < 0:
            raise invalid(f"{name} must be greater than or equal to zero, found {group.settings[name]}")
    if group.smallest > group.largest:
        raise invalid(f"Max bound, {group.largest}, must be greater than or equal to min bound, {group.smallest}")
    if not group.smallest <= group.desired <= group.largest:
        raise invalid(
            f"Desired capacity:{group.desired} must be between the specified min size:{group.smallest} and max"
            f" size:{group.largest}"
        )


def _require_numbers(settings: dict[str, Any]) -> None:
    lifetime = settings.get("MaxInstanceLifetime")
    if lifetime is not None and lifetime < _DAY:
        raise invalid(f"MaxInstanceLifetime must be 0 or at least {_DAY} seconds, found {lifetime}")
    for name in ("DefaultCooldown", "HealthCheckGracePeriod", "DefaultInstanceWarmup"):
        if settings.get(name, 0) < 0:
            raise invalid(f"{name} must be greater than or equal to zero, found {settings[name]}")
    policy = settings.get("InstanceMaintenancePolicy")
    if policy:
        least, most = policy.get("MinHealthyPercentage"), policy.get("MaxHealthyPercentage")
        if least is None or most is None or -1 in (least, most):
            raise invalid("InstanceMaintenancePolicy needs both MinHealthyPercentage and MaxHealthyPercentage")
        if most < 100 or most - least > 100 or (most == 100 and least == 100):
            raise invalid(
                "MaxHealthyPercentage must be from 100 to 200 and at most 100 above MinHealthyPercentage, not both"
                f" 100; found {least} and {most}"
            )


def _require_words(settings: dict[str, Any]) -> None:
    for policy in settings["TerminationPolicies"]:
        if policy not in TERMINATION_POLICIES:
            raise invalid(f"Invalid termination policy: {policy}; valid: {', '.join(TERMINATION_POLICIES)}")
    unknown = set(settings["HealthCheckType"].split(",")) - _HEALTH_CHECKS
    if unknown:
        raise invalid(f"Invalid health check type: {', '.join(sorted(unknown))}")


def _require_network(place: ScalingRegion, group: Group) -> None:
    zones = group.settings.get("AvailabilityZones") or []
    if not zones and not group.subnets:
        raise invalid("At least one Availability Zone or VPC Subnet is required.")
    known = {zone.name for zone in place.aws.ec2.describe_availability_zones()}
    unknown = [zone for zone in zones if zone not in known]
    if unknown:
        raise invalid(f"Invalid availability zones: [{', '.join(unknown)}]")
    if len(set(group.subnets)) != len(group.subnets):
        raise invalid("Duplicate subnets are not allowed in VPCZoneIdentifier")
    for subnet_id in group.subnets:
        if place.aws.subnet(subnet_id) is None:
            raise invalid(f"The subnet ID '{subnet_id}' does not exist")
    if len({place.aws.subnet(one).vpc_id for one in group.subnets}) > 1:  # type: ignore[union-attr]
        raise invalid("The subnets of an Auto Scaling group must be in one VPC")
    if group.subnets and set(zones) != set(zones_of(place.aws, group)):
        raise invalid("The availability zones of the specified subnets and the AutoScalingGroup do not match")


def _require_mixture(policy: dict[str, Any] | None) -> None:
    if policy is None:
        return
    template = policy.get("LaunchTemplate") or {}
    if not template.get("LaunchTemplateSpecification"):
        raise invalid("MixedInstancesPolicy needs LaunchTemplate.LaunchTemplateSpecification")
    overrides = template.get("Overrides") or []
    types = [one.get("InstanceType") for one in overrides]
    if len(types) > _MOST_TYPES:
        raise invalid(f"At most {_MOST_TYPES} instance types per Auto Scaling group, found {len(types)}")
    if len(set(types)) != len(types):
        raise invalid("Instance types must not be listed twice in the overrides of a MixedInstancesPolicy")
    weights = [one.get("WeightedCapacity") for one in overrides]
    if any(weights) and not all(weights):
        raise invalid("WeightedCapacity must be given for all overrides of a MixedInstancesPolicy or for none")
    for weight in filter(None, weights):
        if not weight.isdigit() or not 1 <= int(weight) <= 999:
            raise invalid(f"WeightedCapacity must be from 1 to 999, found {weight}")
    _require_distribution(policy["InstancesDistribution"])


def _require_distribution(distribution: dict[str, Any]) -> None:
    for name, valid in (("OnDemandAllocationStrategy", _ON_DEMAND), ("SpotAllocationStrategy", _SPOT)):
        if distribution[name] not in valid:
            raise invalid(f"Invalid {name}: {distribution[name]}; valid: {', '.join(valid)}")
    for name, least, most in (
        ("OnDemandBaseCapacity", 0, None),
        ("OnDemandPercentageAboveBaseCapacity", 0, 100),
        ("SpotInstancePools", 1, 20),
    ):
        value = distribution[name]
        if value < least or (most is not None and value > most):
            raise invalid(f"{name} must be from {least} to {most if most is not None else 'any number'}, found {value}")


def require_source(place: ScalingRegion, group: Group) -> None:
    """Auto Scaling lets EC2 try the launch without carrying it out, for each type of the group."""
    policy = group.launched.get("MixedInstancesPolicy") or {}
    template = policy.get("LaunchTemplate") or {}
    specifications = [group.launched.get("LaunchTemplate"), template.get("LaunchTemplateSpecification")]
    overrides = template.get("Overrides") or [{}]
    specifications += [override.get("LaunchTemplateSpecification") for override in overrides]
    for one in filter(None, specifications):
        _require_reference(one)
    try:
        for override in overrides:
            _source, data = specification(place, group, override)
            require_launchable(place.aws, data)
            if policy and (data.get("InstanceMarketOptions") or {}).get("MarketType") == "spot":
                raise invalid(
                    "You cannot use a launch template that is set to request Spot Instances (InstanceMarketOptions)"
                    " when you configure an Auto Scaling group with a mixed instances policy."
                )
            if any(interface.get("SubnetId") for interface in data.get("NetworkInterfaces") or ()):
                raise invalid(f"{_MALFORMED} It must not specify a subnet: these are the group's.")
            _require_same_network(place, group, data)
            _require_one_zone(place, group, data)
    except LaunchFailure as failure:
        prefix = "" if group.launched.get("LaunchConfigurationName") else f"{_MALFORMED} "
        raise invalid(f"{prefix}{failure.message}") from None


def _require_one_zone(place: ScalingRegion, group: Group, data: dict[str, Any]) -> None:
    """A cluster placement group is within one zone (service model, PlacementGroup)."""
    name = (data.get("Placement") or {}).get("GroupName")
    strategy = place.region.placement_groups[name]["Strategy"] if name else ""
    if strategy == "cluster" and len(group.settings["AvailabilityZones"]) > 1:
        raise invalid(f"You cannot specify multiple Availability Zones and the cluster placement group {name}.")


def _require_reference(reference: dict[str, str]) -> None:
    if ("LaunchTemplateId" in reference) == ("LaunchTemplateName" in reference):
        raise invalid("Valid requests must contain either launchTemplateId or LaunchTemplateName")
    version = reference.get("Version", "$Default")
    if version not in ("$Default", "$Latest") and not version.isdigit():
        raise invalid(
            "Invalid launch template version: either '$Default', '$Latest', or a numeric version are allowed."
        )


def _require_same_network(place: ScalingRegion, group: Group, data: dict[str, Any]) -> None:
    groups = [*(data.get("SecurityGroupIds") or ())]
    groups += [one for interface in data.get("NetworkInterfaces") or () for one in interface.get("Groups") or ()]
    for subnet_id in group.subnets[:1]:
        subnet: Any = place.aws.subnet(subnet_id)
        for group_id in groups:
            if place.aws.security_group(group_id).vpc_id != subnet.vpc_id:  # type: ignore[union-attr]
                raise invalid(
                    f"{_MALFORMED} Security group {group_id} and subnet {subnet_id} belong to different networks."
                )
