# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances of EC2 as launch templates describe them, made in moto.

`data` is that of a launch template (the service model's RequestLaunchTemplateData), after whatever overrides it. All of
it that shows on an instance reaches the instance. Why EC2 refuses a launch is worded as
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html and EC2 itself have it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..aws import Neighbours

_NO_ADDRESSES = "There are not enough free addresses in subnet '{}' to satisfy the requested number of instances."
_ROOT = "/dev/xvda"
_ROOT_SIZE = 8


class LaunchFailure(Exception):
    """EC2 refuses to launch. `zonal`: another zone may do."""

    def __init__(self, message: str, zonal: bool = False) -> None:
        super().__init__(message)
        self.message, self.zonal = message, zonal


def require_launchable(aws: Neighbours, data: dict[str, Any]) -> None:
    """What can be said before a subnet is chosen. Raises LaunchFailure."""
    for needed in ("ImageId", "InstanceType"):
        if not data.get(needed):
            raise LaunchFailure(f"The request must contain the parameter {needed}")
    _require_interfaces(data)
    if aws.instance_type(data["InstanceType"]) is None:
        raise LaunchFailure(f"Invalid value '{data['InstanceType']}' for InstanceType.")
    if data.get("KeyName") and aws.key_pair(data["KeyName"]) is None:
        raise LaunchFailure(f"The key pair '{data['KeyName']}' does not exist")
    for group_id in _group_ids(data):
        if aws.security_group(group_id) is None:
            raise LaunchFailure(f"The security group '{group_id}' does not exist")
    if data.get("IamInstanceProfile"):
        _profile(aws, data["IamInstanceProfile"])
    placement = (data.get("Placement") or {}).get("GroupName")
    if placement and placement not in aws.region.placement_groups:
        raise LaunchFailure(f"The Placement Group '{placement}' is unknown.")


def _require_interfaces(data: dict[str, Any]) -> None:
    interfaces = data.get("NetworkInterfaces") or []
    if not interfaces:
        return
    if data.get("SecurityGroupIds") or data.get("SecurityGroups"):
        raise LaunchFailure(
            "Network interfaces and an instance-level security groups may not be specified on the same request"
        )
    places = [(one.get("NetworkCardIndex", 0), one.get("DeviceIndex")) for one in interfaces]
    if len(set(places)) != len(places) or any(index is None for _card, index in places):
        raise LaunchFailure("Each network interface requires a unique device index.")
    if (0, 0) not in places:
        raise LaunchFailure("Invalid value for deviceIndex: the primary network interface, 0, must be specified.")
    if len(interfaces) > 1 and any(one.get("AssociatePublicIpAddress") for one in interfaces):
        raise LaunchFailure(
            "The associatePublicIPAddress parameter cannot be specified when launching with multiple network"
            " interfaces."
        )


def run(
    aws: Neighbours, data: dict[str, Any], subnet: Any, zone: str, tags: dict[str, str], spot: bool, now: datetime
) -> Any:
    """Launch one instance into a subnet, or the default one of a zone. Raises LaunchFailure."""
    require_launchable(aws, data)
    if subnet is not None:
        _require_room(aws, data, subnet)
    groups = _group_ids(data) or _default_group(aws, subnet)
    specified = _tag_specifications(data)
    placement = {"subnet_id": subnet.id} if subnet is not None else {"placement": zone}
    from moto.ec2.exceptions import EC2ClientError

    try:
        reservation = aws.ec2.run_instances(
            data["ImageId"],
            1,
            data.get("UserData"),
            data.get("SecurityGroups") or [],
            instance_type=data["InstanceType"],
            is_instance_type_default=False,
            region_name=aws.region.name,
            security_group_ids=groups,
            nics=_interfaces(data),
            key_name=data.get("KeyName"),
            ebs_optimized=data.get("EbsOptimized", False),
            monitoring_state="enabled" if (data.get("Monitoring") or {}).get("Enabled") else "disabled",
            metadata_options=data.get("MetadataOptions") or {},
            disable_api_termination=data.get("DisableApiTermination", False),
            disable_api_stop=data.get("DisableApiStop", False),
            instance_initiated_shutdown_behavior=data.get("InstanceInitiatedShutdownBehavior"),
            hibernation_options=data.get("HibernationOptions"),
            instance_market_options="spot" if spot else None,
            associate_public_ip=None,
            block_device_mappings=[],
            tags={"instance": {**specified.get("instance", {}), **tags}},
            **placement,
        )
    except EC2ClientError as problem:
        raise LaunchFailure(str(problem.message)) from None
    (instance,) = reservation.instances
    _furnish(aws, instance, data, specified, now)
    return instance


def _furnish(
    aws: Neighbours, instance: Any, data: dict[str, Any], specified: dict[str, dict[str, str]], now: datetime
) -> None:
    """What moto leaves out when it launches from a template."""
    instance.launch_time = now.replace(tzinfo=None)  # moto goes by the host's clock
    if data.get("IamInstanceProfile"):
        profile = _profile(aws, data["IamInstanceProfile"])
        aws.ec2.associate_iam_instance_profile(instance.id, iam_instance_profile_arn=profile.arn)
    placement = data.get("Placement") or {}
    instance.placement.group_name = placement.get("GroupName", "")
    instance.placement.partition_number = placement.get("PartitionNumber")
    instance.placement.tenancy = placement.get("Tenancy", "default")
    for wanted, interface in zip(_ordered(data) or [{}], instance.nics.values(), strict=True):
        # "true" is what EC2 takes for interfaces that it makes with an instance
        interface.delete_on_termination = wanted.get("DeleteOnTermination", True)
        interface.device_index = wanted.get("DeviceIndex", 0)
        interface.network_card_index = wanted.get("NetworkCardIndex", 0)
        interface.interface_type = wanted.get("InterfaceType", interface.interface_type)
        interface.add_tags(specified.get("network-interface", {}))
    for name in ("CpuOptions", "EnclaveOptions", "MaintenanceOptions", "PrivateDnsNameOptions"):
        if data.get(name):
            setattr(instance, _attribute(name), data[name])
    _attach_volumes(aws, instance, data.get("BlockDeviceMappings") or [], specified.get("volume", {}))


def _attach_volumes(aws: Neighbours, instance: Any, mappings: list[dict[str, Any]], tags: dict[str, str]) -> None:
    """The volumes of the template, and a root one if that is none of them. Of all but the root one EC2 keeps what the
    template does not say to delete (service model, EbsBlockDevice.DeleteOnTermination)."""
    wanted = {_ROOT: {"VolumeSize": _ROOT_SIZE}}
    for mapping in mappings:
        if mapping.get("NoDevice") is not None:
            wanted.pop(mapping["DeviceName"], None)
        elif mapping.get("Ebs") is not None:
            wanted[mapping["DeviceName"]] = mapping["Ebs"]
    root = "/dev/sda1" if "/dev/sda1" in wanted else _ROOT
    if root != _ROOT and wanted[_ROOT] == {"VolumeSize": _ROOT_SIZE}:
        del wanted[_ROOT]
    instance.root_device_name = root
    for device, ebs in wanted.items():
        volume = aws.ec2.create_volume(
            size=ebs.get("VolumeSize", _ROOT_SIZE),
            zone_name=instance.availability_zone,
            snapshot_id=None,
            encrypted=ebs.get("Encrypted", False),
            kms_key_id=ebs.get("KmsKeyId"),
            volume_type=ebs.get("VolumeType"),
            iops=ebs.get("Iops"),
            throughput=ebs.get("Throughput"),
        )
        volume.add_tags(tags)
        aws.ec2.attach_volume(volume.id, instance.id, device, ebs.get("DeleteOnTermination", device == root))


def _ordered(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The network interfaces, the primary one first."""
    interfaces = data.get("NetworkInterfaces") or []
    return sorted(interfaces, key=lambda one: (one.get("NetworkCardIndex", 0), one.get("DeviceIndex", 0)))


def _interfaces(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The network interfaces in the form that moto takes, which knows an interface by its device index alone. The
    security groups are the instance's there."""
    kept = ("AssociatePublicIpAddress", "DeleteOnTermination", "Description", "PrivateIpAddress")
    return [
        {"DeviceIndex": place, **{name: interface[name] for name in kept if name in interface}}
        for place, interface in enumerate(_ordered(data))
    ]


def _require_room(aws: Neighbours, data: dict[str, Any], subnet: Any) -> None:
    if subnet.available_ip_address_count < max(1, len(data.get("NetworkInterfaces") or ())):
        raise LaunchFailure(_NO_ADDRESSES.format(subnet.id), zonal=True)
    for group_id in _group_ids(data):
        group = aws.security_group(group_id)
        if group is not None and group.vpc_id != subnet.vpc_id:
            raise LaunchFailure(f"Security group {group_id} and subnet {subnet.id} belong to different networks.")


def _group_ids(data: dict[str, Any]) -> list[str]:
    """The security groups of the instance, or of all its interfaces."""
    own = list(data.get("SecurityGroupIds") or ())
    of_interfaces = [group for one in data.get("NetworkInterfaces") or () for group in one.get("Groups") or ()]
    return list(dict.fromkeys(own + of_interfaces))


def _default_group(aws: Neighbours, subnet: Any) -> list[str]:
    if subnet is None:
        return []
    group = aws.ec2.get_security_group_from_name("default", subnet.vpc_id)
    return [group.id] if group else []


def _profile(aws: Neighbours, reference: dict[str, str]) -> Any:
    name, arn = reference.get("Name"), reference.get("Arn")
    for profile in aws.iam.instance_profiles.values():
        if (name and profile.name == name) or (arn and profile.arn == arn):
            return profile
    kind = "iamInstanceProfile.name" if name else "iamInstanceProfile.arn"
    what = "name" if name else "ARN"
    raise LaunchFailure(f"Value ({name or arn}) for parameter {kind} is invalid. Invalid IAM Instance Profile {what}")


def _tag_specifications(data: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {
        one["ResourceType"]: {tag["Key"]: tag.get("Value", "") for tag in one.get("Tags") or ()}
        for one in data.get("TagSpecifications") or ()
    }


def _attribute(name: str) -> str:
    from moto.core.utils import camelcase_to_underscores

    return str(camelcase_to_underscores(name))
