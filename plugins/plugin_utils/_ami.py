# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the id of an AMI for EKS is to be found. Pure.

Paths: https://docs.aws.amazon.com/eks/latest/userguide/ retrieve-ami-id.html, retrieve-ami-id-bottlerocket.html and
retrieve-windows-ami-id.html; https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

IMAGE_ID = re.compile(r"ami-[0-9a-f]{8}(?:[0-9a-f]{9})?")
LATEST = "latest"
_VERSION = re.compile(r"1\.\d\d")  # of two digits: YAML reads a bare 1.30 as the number 1.3
_DAY = r"20\d{6}"
_AL2 = (
    "al2: Amazon Linux 2 is at its end: AWS has published no AMIs of it for EKS since 26 November 2025, and none "
    "at all for Kubernetes 1.33 and newer. Take al2023, or the id of an image of your own"
)


class AmiError(ValueError):
    """A wish that no AMI can fulfil. The text names the option, what was found and what to give instead."""


@dataclass(frozen=True)
class Ami:
    """The AMI that is wanted: options of the lookup of the same names. An empty one means the family's default."""

    family: str
    version: str
    architecture: str = "x86_64"
    variant: str = ""
    os_version: str = ""
    release: str = LATEST


@dataclass(frozen=True)
class Source:
    """What to ask AWS: a public parameter of SSM, or, where there is none, the name of an image of Amazon's."""

    parameter: str = ""
    image_name: str = ""


@dataclass(frozen=True)
class _Family:
    """A family's variants and versions of the system (the first is the default), the form of a release with an example,
    and the way to an AMI whose options are all set. The form's group ``pin`` is what stands for the release there."""

    variants: tuple[str, ...]
    os_versions: tuple[str, ...]
    release: str
    example: str
    source: Callable[[Ami], Source]
    architectures: tuple[str, ...] = ("x86_64", "arm64")


def source(ami: Ami) -> Source:
    """Where the id of an AMI is told. Raises AmiError."""
    if ami.family in ("al2", "amazon-linux-2"):
        raise AmiError(_AL2)
    family = _FAMILIES.get(ami.family)
    if family is None:
        raise AmiError(f"{ami.family!r} is neither an image id nor a family of AMIs; choose {_choice(_FAMILIES)}")
    if not _VERSION.fullmatch(ami.version):
        found = f"{ami.version!r} is no" if ami.version else "there is no"
        raise AmiError(f"version: {found} version of Kubernetes; give one such as '1.30', quoted in YAML")
    variant = _one_of("variant", ami, ami.variant, family.variants)
    os_version = _one_of("os_version", ami, ami.os_version, family.os_versions)
    _one_of("architecture", ami, ami.architecture, family.architectures)
    return family.source(replace(ami, variant=variant, os_version=os_version, release=_pin(family, ami)))


def _one_of(option: str, ami: Ami, given: str, known: tuple[str, ...]) -> str:
    if not known:
        if given:
            raise AmiError(f"{option}: {ami.family} has none, but {given!r} was given; leave it out")
        return ""
    if given and given not in known:
        raise AmiError(f"{option}: {given!r} is none of {ami.family}; choose {_choice(known)}")
    return given or known[0]


def _pin(family: _Family, ami: Ami) -> str:
    if ami.release == LATEST:
        return LATEST
    form = re.fullmatch(family.release, ami.release)
    if form is None:
        raise AmiError(
            f"release: {ami.release!r} is none of {ami.family}; give {LATEST}, or one such as {family.example}"
        )
    version = form.groupdict().get("version")
    if version not in (None, ami.version):
        raise AmiError(
            f"release: {ami.release} is for Kubernetes {version}, but version is {ami.version}; make them agree"
        )
    return form["pin"]


def _al2023(ami: Ami) -> Source:
    name = "recommended"
    if ami.release != LATEST:
        name = f"amazon-eks-node-al2023-{ami.architecture}-{ami.variant}-{ami.version}-v{ami.release}"
    path = f"{ami.version}/amazon-linux-2023/{ami.architecture}/{ami.variant}/{name}"
    return Source(f"/aws/service/eks/optimized-ami/{path}/image_id")


def _bottlerocket(ami: Ami) -> Source:
    flavour = "" if ami.variant == "standard" else f"-{ami.variant}"
    return Source(f"/aws/service/bottlerocket/aws-k8s-{ami.version}{flavour}/{ami.architecture}/{ami.release}/image_id")


def _windows(ami: Ami) -> Source:
    name = f"Windows_Server-{ami.os_version}-English-{ami.variant.title()}-EKS_Optimized-{ami.version}"
    if ami.release != LATEST:
        return Source(image_name=f"{name}-{ami.release}")
    return Source(f"/aws/service/ami-windows-latest/{name}/image_id")


def _ubuntu(ami: Ami) -> Source:
    product = "eks-pro" if ami.variant == "pro" else "eks"
    serial = "current" if ami.release == LATEST else ami.release
    machine = "arm64" if ami.architecture == "arm64" else "amd64"
    volume = "ebs-gp2" if ami.os_version == "22.04" else "ebs-gp3"
    path = f"{product}/{ami.os_version}/{ami.version}/stable/{serial}/{machine}/hvm/{volume}"
    return Source(f"/aws/service/canonical/ubuntu/{path}/ami-id")


_FAMILIES = {
    "al2023": _Family(
        ("standard", "nvidia", "neuron"),
        (),
        rf"(?:v|(?P<version>1\.\d+)\.\d+-)?(?P<pin>{_DAY})",
        "20261105 or 1.33.5-20261105",
        _al2023,
    ),
    "bottlerocket": _Family(
        ("standard", "nvidia", "fips", "nvidia-fips"),
        (),
        r"v?(?P<pin>\d+\.\d+\.\d+(?:-[0-9a-f]{8})?)",
        "1.50.0 or 1.50.0-abcdef12",
        _bottlerocket,
    ),
    "ubuntu": _Family(("standard", "pro"), ("24.04", "22.04", "26.04"), rf"(?P<pin>{_DAY})", "20261105", _ubuntu),
    "windows": _Family(
        ("core", "full"),
        ("2022", "2019", "2025"),
        r"(?:(?P<version>1\.\d+)-)?(?P<pin>20\d\d\.\d\d\.\d\d)",
        "2026.11.05 or 1.33-2026.11.05",
        _windows,
        architectures=("x86_64",),
    ),
}


def _choice(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last
