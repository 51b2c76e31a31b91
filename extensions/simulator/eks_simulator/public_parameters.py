# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public parameters of SSM that tell the AMIs for EKS, and those AMIs' names.

Paths: https://docs.aws.amazon.com/eks/latest/userguide/ retrieve-ami-id.html, retrieve-ami-id-bottlerocket.html and
retrieve-windows-ami-id.html; https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/. Of
Windows there is the latest release only. Names of AMIs are as those that EC2 shows; Ubuntu's are plausible inventions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any

from .amis import UBUNTU_TYPES, Image, architecture, image_id, is_published, releases
from .aws import Neighbours
from .moto_gateway import ServiceCall
from .protocols import protocol_of
from .versions import VERSIONS

_ROOT = "/aws/service/"
_READS = ("GetParameter", "GetParameters", "GetParametersByPath")
_CODENAMES = {"22.04": "jammy", "24.04": "noble", "26.04": "resolute"}
_AL2_KINDS = {"AL2_x86_64": "", "AL2_x86_64_GPU": "gpu", "AL2_ARM_64": "arm64"}


def parameters(region: str) -> dict[str, str]:
    """The values of the parameters in a region, by name."""
    return {name: value for name, (value, _image) in _published(region).items()}


@cache
def images(region: str) -> dict[str, Image]:
    """The AMIs in a region, by their ids."""
    return {image_id(region, image): image for image, _latest in _images()}


def released(image: Image) -> datetime:
    """When an AMI was released."""
    return datetime.strptime(image.day, "%Y%m%d").replace(tzinfo=UTC)


def image_name(image: Image) -> str:
    """What EC2 calls an AMI."""
    return _NAMES[image.ami_type.partition("_")[0]](image)


@contextmanager
def lent(aws: Neighbours, call: ServiceCall) -> Iterator[None]:
    """Let moto's SSM have the public parameters that a call reads, for as long as it does: they are nobody's own, and
    DescribeParameters does not list them."""
    reads = call.service == "ssm" and call.operation in _READS
    names = _asked(aws.region.name, call) if reads else []
    stored = aws.ssm._parameters if names else {}
    for name in names:
        stored[name] = [_parameter(aws.region.name, name)]
    try:
        yield
    finally:
        for name in names:
            stored.pop(name, None)


@cache
def _published(region: str) -> dict[str, tuple[str, Image]]:
    """The value of each parameter, and the AMI that it is about."""
    return {name: (value, image) for image, latest in _images() for name, value in _of_image(region, image, latest)}


def _asked(region: str, call: ServiceCall) -> list[str]:
    public, given = _published(region), call.parameters
    if call.operation == "GetParametersByPath":
        path = str(given.get("Path", "")).rstrip("/") + "/"
        return [name for name in public if path.startswith(_ROOT) and name.startswith(path)]
    asked = given.get("Names") or [given.get("Name")]
    return [name for name in (str(one).partition(":")[0] for one in asked) if name in public]


def _parameter(region: str, name: str) -> Any:
    models: Any = import_module("moto.ssm.models")
    value, image = _published(region)[name]
    return models.Parameter(
        account_id="",  # https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
        name=name,
        value=value,
        parameter_type="String",
        description=None,
        allowed_pattern=None,
        keyid=None,
        last_modified_date=released(image),
        version=1,
        data_type="text",
    )


@cache
def _images() -> list[tuple[Image, bool]]:
    """Every AMI, the oldest release first, and whether it is the latest."""
    types = [name for name in protocol_of("eks").service.shape_for("AMITypes").enum if name != "CUSTOM"] + UBUNTU_TYPES
    return [
        (Image(ami_type, version, release), release == releases(ami_type, version)[-1])
        for version in VERSIONS
        for ami_type in types
        if is_published(ami_type, version)
        for release in releases(ami_type, version)
    ]


def _of_image(region: str, image: Image, latest: bool) -> Iterator[tuple[str, str]]:
    family, number = image.ami_type.partition("_")[0], image_id(region, image)
    if family == "WINDOWS":
        if latest:
            name = image_name(image).rpartition("-")[0]
            yield f"/aws/service/ami-windows-latest/{name}/image_id", number
    elif family == "UBUNTU":
        for serial in [image.day, *(["current"] if latest else [])]:
            yield f"/aws/service/canonical/ubuntu/{_ubuntu_path(image, serial)}/ami-id", number
    elif family == "BOTTLEROCKET":
        for release in [image.release, image.release.partition("-")[0], *(["latest"] if latest else [])]:
            path = f"/aws/service/bottlerocket/{_variant(image)}/{architecture(image.ami_type)}/{release}"
            yield from [(f"{path}/image_id", number), (f"{path}/image_version", image.release)]
    else:
        for name in [image_name(image), *(["recommended"] if latest else [])]:
            path = f"/aws/service/eks/optimized-ami/{image.version}/{_amazon_linux(image)}/{name}"
            yield from [(f"{path}/image_id", number), (f"{path}/image_name", image_name(image))]
            yield f"{path}/release_version", image.release


def _amazon_linux(image: Image) -> str:
    if image.ami_type.startswith("AL2_"):
        return "-".join(filter(None, ["amazon-linux-2", _AL2_KINDS[image.ami_type]]))
    return f"amazon-linux-2023/{architecture(image.ami_type)}/{_kind(image)}"


def _al2_name(image: Image) -> str:
    kind = _AL2_KINDS[image.ami_type]
    return "-".join(filter(None, ["amazon-eks", kind, "node", image.version, f"v{image.day}"]))


def _al2023_name(image: Image) -> str:
    return f"amazon-eks-node-al2023-{architecture(image.ami_type)}-{_kind(image)}-{image.version}-v{image.day}"


def _kind(image: Image) -> str:
    """standard, nvidia or neuron."""
    return image.ami_type.rpartition("_")[2].lower()


def _variant(image: Image) -> str:
    """aws-k8s-1.35-nvidia-fips, as Bottlerocket names it."""
    flavours = [flavour for flavour in ("NVIDIA", "FIPS") if flavour in image.ami_type.split("_")]
    return "-".join([f"aws-k8s-{image.version}", *map(str.lower, flavours)])


def _bottlerocket_name(image: Image) -> str:
    machine = "aarch64" if architecture(image.ami_type) == "arm64" else "x86_64"
    return f"bottlerocket-{_variant(image)}-{machine}-v{image.release}"


def _windows_name(image: Image) -> str:
    _windows, edition, year, *_rest = image.ami_type.split("_")
    day = image.release.rpartition("-")[2]
    return f"Windows_Server-{year}-English-{edition.title()}-EKS_Optimized-{image.version}-{day}"


def _ubuntu_name(image: Image) -> str:
    product, release, volume, machine = _ubuntu(image)
    series = f"ubuntu-{_CODENAMES[release]}-{release}-{machine}-server"
    return f"ubuntu-{product}/k8s_{image.version}/images/hvm-{volume}/{series}-{image.day}"


def _ubuntu_path(image: Image, serial: str) -> str:
    product, release, volume, machine = _ubuntu(image)
    return f"{product}/{release}/{image.version}/stable/{serial}/{machine}/hvm/{volume}"


def _ubuntu(image: Image) -> tuple[str, str, str, str]:
    """Product, release, kind of volume and machine: eks, 24.04, ebs-gp3, amd64."""
    pro = image.ami_type.startswith("UBUNTU_PRO_")
    year, month = image.ami_type.split("_")[2 if pro else 1 :][:2]
    machine = "arm64" if architecture(image.ami_type) == "arm64" else "amd64"
    return "eks-pro" if pro else "eks", f"{year}.{month}", "ebs-gp2" if year < "24" else "ebs-gp3", machine


_NAMES: dict[str, Callable[[Image], str]] = {
    "AL2": _al2_name,
    "AL2023": _al2023_name,
    "BOTTLEROCKET": _bottlerocket_name,
    "WINDOWS": _windows_name,
    "UBUNTU": _ubuntu_name,
}
