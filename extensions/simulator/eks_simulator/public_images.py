# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The AMIs for EKS in moto's EC2: those that DescribeImages asks for by id or name, made when they are first asked for.

All of them would be some two thousand in every region, each with a snapshot. Owners: the accounts of EKS, Bottlerocket,
Windows and Canonical (https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/).
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from .amis import Image, architecture, is_bottlerocket, is_ubuntu, is_windows
from .aws import Neighbours
from .moto_gateway import ServiceCall
from .public_parameters import image_name, images, released

_EKS, _BOTTLEROCKET, _WINDOWS, _CANONICAL = "602401143452", "092701018921", "801119661308", "099720109477"


def provide(aws: Neighbours, call: ServiceCall) -> None:
    """Make the AMIs that a call of DescribeImages asks for, as far as they are public ones and not there yet."""
    if (call.service, call.operation) != ("ec2", "DescribeImages"):
        return
    is_asked = _is_asked(call)
    for number, image in images(aws.region.name).items():
        if is_asked(number, image) and number not in aws.ec2.amis:
            aws.ec2.amis[number] = _ami(aws.ec2, number, image)


def _is_asked(call: ServiceCall) -> Callable[[str, Image], bool]:
    given = call.parameters
    numbers = {value for name, value in given.items() if name.startswith("ImageId.")}
    patterns: list[str] = []
    for name, value in given.items():
        if name.startswith("Filter.") and name.endswith(".Name"):
            asked = [given[one] for one in given if one.startswith(f"{name.removesuffix('Name')}Value.")]
            numbers.update(asked if value == "image-id" else [])
            patterns += asked if value == "name" else []
    return lambda number, image: number in numbers or any(fnmatchcase(image_name(image), one) for one in patterns)


def _ami(ec2: Any, number: str, image: Image) -> Any:
    from moto.ec2.models.amis import Ami

    owner = _owner(image)
    name = image_name(image)
    return Ami(
        ec2,
        number,
        name=name,
        description=f"{image.ami_type} for Kubernetes {image.version}",
        owner_id=owner,
        owner_alias=None if owner == _CANONICAL else "amazon",
        public=True,
        virtualization_type="hvm",
        architecture=architecture(image.ami_type),
        creation_date=released(image),
        platform="windows" if is_windows(image.ami_type) else None,
        image_location=f"{owner}/{name}",
        hypervisor="xen",
        root_device_type="ebs",
        root_device_name="/dev/sda1" if owner in (_WINDOWS, _CANONICAL) else "/dev/xvda",
    )


def _owner(image: Image) -> str:
    if is_windows(image.ami_type):
        return _WINDOWS
    if is_ubuntu(image.ami_type):
        return _CANONICAL
    return _BOTTLEROCKET if is_bottlerocket(image.ami_type) else _EKS
