# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a group launches an instance: from which version of which template, into which subnet, with which tags."""

from __future__ import annotations

from typing import Any

from ..aws import Neighbours
from ..templates import versions
from . import machines
from .balance import next_zone, population
from .machines import LaunchFailure
from .model import Group, Member, Source
from .purchasing import next_purchase
from .region import ScalingRegion

GROUP_TAG = "aws:autoscaling:groupName"


def zones_of(aws: Neighbours, group: Group) -> dict[str, list[Any]]:
    """The group's zones with its subnets in each; without subnets if it has none."""
    if not group.subnets:
        return {zone: [] for zone in group.settings["AvailabilityZones"]}
    zones: dict[str, list[Any]] = {}
    for subnet_id in group.subnets:
        subnet = aws.subnet(subnet_id)
        if subnet is not None:
            zones.setdefault(subnet.availability_zone, []).append(subnet)
    return zones


def choose_zone(place: ScalingRegion, group: Group, without: set[str]) -> str | None:
    """The zone for the next instance; None if all that the group has are in `without`."""
    zones = [zone for zone in zones_of(place.aws, group) if zone not in without]
    return next_zone(zones, population(group.members))


def launch(place: ScalingRegion, group: Group, zone: str, state: str) -> Member:
    """Launch an instance into a zone. Raises LaunchFailure."""
    spot, override = next_purchase(group)
    source, data = specification(place, group, override)
    subnets = zones_of(place.aws, group)[zone]
    subnet = max(subnets, key=lambda one: one.available_ip_address_count, default=None)
    spot = spot or (data.get("InstanceMarketOptions") or {}).get("MarketType") == "spot"
    instance = machines.run(place.aws, data, subnet, zone, _tags(group, source), spot, place.now)
    weight = override.get("WeightedCapacity")
    member = Member(
        instance,
        source,
        state,
        zone=instance.availability_zone,
        zone_id=subnet.availability_zone_id if subnet else "",
        since=place.now,
        weight=int(weight or 1),
        weighted=weight is not None,
        spot=spot,
        protected=bool(group.settings.get("NewInstancesProtectedFromScaleIn")),
    )
    group.members.append(member)
    return member


def specification(
    place: ScalingRegion, group: Group, override: dict[str, Any] | None = None
) -> tuple[Source, dict[str, Any]]:
    """What the group launches now from what, with an override of its policy. Raises LaunchFailure."""
    settings = group.launched
    if settings.get("LaunchConfigurationName"):
        return _from_configuration(place, settings["LaunchConfigurationName"])
    override = override or {}
    policy = settings.get("MixedInstancesPolicy")
    reference = policy["LaunchTemplate"]["LaunchTemplateSpecification"] if policy else settings["LaunchTemplate"]
    source, data = from_template(place.aws, override.get("LaunchTemplateSpecification") or reference)
    over = {name: override[name] for name in ("InstanceType", "ImageId") if override.get(name)}
    placement = settings.get("PlacementGroup")
    if placement:
        data = {**data, "Placement": {**(data.get("Placement") or {}), "GroupName": placement}}
    return source, {**data, **over}


def from_template(aws: Neighbours, reference: dict[str, str]) -> tuple[Source, dict[str, Any]]:
    """The version of a launch template that a reference names: by number, $Latest, or $Default, which is what no
    version means. Raises LaunchFailure (EC2's wording)."""
    named = {"id": reference.get("LaunchTemplateId"), "name": reference.get("LaunchTemplateName")}
    template = aws.launch_template({key: value for key, value in named.items() if value})
    if template is None:
        what = f"with template ID {named['id']}" if named["id"] else f"with template name {named['name']}"
        raise LaunchFailure(f"The specified launch template, {what}, does not exist.")
    asked = reference.get("Version") or "$Default"
    version = versions.find(template, asked)
    if version is None:
        raise LaunchFailure(
            f"Could not find the specified version {asked} for the launch template with ID {template.id}."
        )
    return Source(template.id, template.name, str(version.number)), dict(version.data)


def _from_configuration(place: ScalingRegion, name: str) -> tuple[Source, dict[str, Any]]:
    """A launch configuration in the terms of a launch template's data."""
    found = place.configurations.get(name)
    if found is None:
        raise LaunchFailure(f"Launch configuration name not found - Launch configuration {name} not found")
    profile = found.get("IamInstanceProfile")
    kind = "Arn" if (profile or "").startswith("arn:") else "Name"
    data = {
        "ImageId": found.get("ImageId"),
        "InstanceType": found.get("InstanceType"),
        "KeyName": found.get("KeyName"),
        "SecurityGroupIds": found.get("SecurityGroups"),
        "UserData": found.get("UserData"),
        "IamInstanceProfile": {kind: profile} if profile else None,
        "BlockDeviceMappings": found.get("BlockDeviceMappings"),
        "MetadataOptions": found.get("MetadataOptions"),
        "EbsOptimized": found.get("EbsOptimized", False),
        "Monitoring": {"Enabled": (found.get("InstanceMonitoring") or {}).get("Enabled", True)},
        "InstanceMarketOptions": {"MarketType": "spot"} if found.get("SpotPrice") else None,
    }
    return Source(configuration=name), {key: value for key, value in data.items() if value is not None}


def _tags(group: Group, source: Source) -> dict[str, str]:
    """What the group marks its instances with: its tags that propagate, which go over those of the template, and AWS's
    own (https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html)."""
    propagated = {key: tag["Value"] for key, tag in group.tags.items() if tag["PropagateAtLaunch"]}
    template = {
        "aws:ec2launchtemplate:id": source.template_id,
        "aws:ec2launchtemplate:version": source.version,
    }
    return {**propagated, **(template if source.template_id else {}), GROUP_TAG: group.name}
