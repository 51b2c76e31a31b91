# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The AMIs for EKS: their types, which are those of managed node groups and Canonical's, their systems and releases.

Architectures and systems follow from the types' names
(https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html, ami-versions-*). Release dates are
plausible inventions: AWS publishes a release every week or two.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from .versions import VERSIONS, minor

DEFAULT_AMI_TYPE = "AL2023_x86_64_STANDARD"
LAST_AL2_MINOR = 32
"""Amazon Linux 2 AMIs end with Kubernetes 1.32 (https://docs.aws.amazon.com/eks/latest/userguide/eks-ami-deprecation-faqs.html)."""
UBUNTU_TYPES = [
    f"UBUNTU_{edition}{release}_{architecture}"
    for edition in ("", "PRO_")
    for release in ("22_04", "24_04", "26_04")
    for architecture in ("x86_64", "ARM_64")
]
"""Canonical's, which EKS has no types for: named as EKS would."""
_FIRST_MINORS = {"WINDOWS_CORE_2025": 35, "WINDOWS_FULL_2025": 35, "24_04": 31, "26_04": 35}
"""The first Kubernetes version of systems that came later, as eksctl's documentation has it
(https://docs.aws.amazon.com/eks/latest/eksctl/custom-ami-support.html)."""
_DATES = ["20260923", "20261014", "20261105"]
_BOTTLEROCKET = ["1.48.0-12ab34cd", "1.49.0-9f8e7d6c", "1.50.0-abcdef12"]


def architecture(ami_type: str) -> str:
    """arm64 or x86_64."""
    return "arm64" if "ARM_64" in ami_type else "x86_64"


def is_windows(ami_type: str) -> bool:
    return ami_type.startswith("WINDOWS")


def is_bottlerocket(ami_type: str) -> bool:
    return ami_type.startswith("BOTTLEROCKET")


def is_al2(ami_type: str) -> bool:
    return ami_type.startswith("AL2_")


def supports(ami_type: str, version: str) -> bool:
    """Whether there are AMIs of this type for a Kubernetes version."""
    return not is_al2(ami_type) or minor(version) <= LAST_AL2_MINOR


def is_ubuntu(ami_type: str) -> bool:
    return ami_type.startswith("UBUNTU")


def is_published(ami_type: str, version: str) -> bool:
    """Whether an AMI of this type was ever published for a Kubernetes version. Those of old versions stay."""
    first = max((minors for name, minors in _FIRST_MINORS.items() if name in ami_type), default=0)
    return supports(ami_type, version) and minor(version) >= first


def releases(ami_type: str, version: str) -> list[str]:
    """The releaseVersions for a Kubernetes version, oldest first; of Ubuntu, the serials of its images."""
    if is_ubuntu(ami_type):
        return _DATES
    if is_bottlerocket(ami_type):
        return _BOTTLEROCKET
    if is_windows(ami_type):
        return [f"{version}-{date[:4]}.{date[4:6]}.{date[6:]}" for date in _DATES]
    return [f"{VERSIONS[version].patch}-{date}" for date in _DATES]


@dataclass(frozen=True)
class Image:
    """An AMI that EKS publishes: a release of a type, for a Kubernetes version."""

    ami_type: str
    version: str
    release: str

    @property
    def day(self) -> str:
        """When it was released: 20261105."""
        return _DATES[releases(self.ami_type, self.version).index(self.release)]


_published: dict[str, Image] = {}


def image_id(region: str, image: Image) -> str:
    """The id of an image, which every region has one of its own for."""
    text = f"{region}/{image.ami_type}/{image.version}/{image.release}"
    number = f"ami-{hashlib.sha256(text.encode()).hexdigest()[:17]}"
    _published[number] = image
    return number


def image_of(number: str) -> Image | None:
    """The image of an id, if it is one of EKS's."""
    return _published.get(number)


def kubelet_version(version: str) -> str:
    """What the kubelet of a Kubernetes version on EKS's AMIs says of itself: v1.33.5-eks-3025e55."""
    patch = VERSIONS[version].patch
    return f"v{patch}-eks-{hashlib.sha256(patch.encode()).hexdigest()[:7]}"


def system(image: Image | None) -> str:
    """The operating system as a Node has it."""
    if image is None or image.ami_type.startswith("AL2023"):
        return f"Amazon Linux 2023.9.{image.release.rpartition('-')[2] if image else _DATES[-1]}"
    if is_al2(image.ami_type):
        return "Amazon Linux 2"
    if is_windows(image.ami_type):
        return f"Windows Server {image.ami_type.split('_')[2]} Datacenter"
    if is_ubuntu(image.ami_type):
        return f"Ubuntu {image.ami_type.removeprefix('UBUNTU_').removeprefix('PRO_')[:5].replace('_', '.')} LTS"
    return f"Bottlerocket OS {image.release.partition('-')[0]} (aws-k8s-{image.version})"
