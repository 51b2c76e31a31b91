# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The AMI types of managed node groups: their architecture, their system, and their releases.

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


def releases(ami_type: str, version: str) -> list[str]:
    """The releaseVersions for a Kubernetes version, oldest first."""
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
    return f"Bottlerocket OS {image.release.partition('-')[0]} (aws-k8s-{image.version})"
