# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lookup ami looks for an AMI, and which wishes it refuses."""

from __future__ import annotations

import re

import pytest

from ansible_collections.flotilla.eks.plugins.plugin_utils._ami import IMAGE_ID, Ami, AmiError, Source, source
from eks_simulator.public_parameters import image_name, images, parameters

EVERYTHING = [
    Ami(family, version, architecture, variant, os_version)
    for version in ("1.33", "1.35")
    for family, variants, os_versions, architectures in [
        ("al2023", ["standard", "nvidia", "neuron"], [""], ["x86_64", "arm64"]),
        ("bottlerocket", ["standard", "nvidia", "fips", "nvidia-fips"], [""], ["x86_64", "arm64"]),
        ("ubuntu", ["standard", "pro"], ["22.04", "24.04", "26.04"], ["x86_64", "arm64"]),
        ("windows", ["core", "full"], ["2019", "2022", "2025"], ["x86_64"]),
    ]
    for variant in variants
    for os_version in os_versions
    for architecture in architectures
]
UNPUBLISHED = {  # by AWS and Canonical
    Ami("al2023", version, "arm64", "neuron") for version in ("1.33", "1.35")
} | {ami for ami in EVERYTHING if ami.version == "1.33" and ami.os_version in ("26.04", "2025")}
PINS = {"al2023": "20261014", "bottlerocket": "1.49.0", "ubuntu": "20261014", "windows": "2026.10.14"}


@pytest.mark.parametrize("ami", EVERYTHING, ids=str)
def test_every_ami_is_looked_for_where_it_is_published(ami: Ami) -> None:
    """Each is an AMI of its own, both the latest and a pinned one: no two paths are swapped."""
    published = parameters("eu-central-1")
    named = {image_name(image): number for number, image in images("eu-central-1").items()}
    pinned = Ami(ami.family, ami.version, ami.architecture, ami.variant, ami.os_version, PINS[ami.family])
    for wanted in (ami, pinned):
        where = source(wanted)
        number = published.get(where.parameter) or named.get(where.image_name)
        assert (number is None) == (ami in UNPUBLISHED)
        if number:
            image = images("eu-central-1")[number]
            parts = set(re.split(r"[_-]", image.ami_type.lower().replace("arm_64", "arm64").replace("x86_64", "x86")))
            asked = {
                *ami.variant.split("-"),
                *ami.os_version.split("."),
                ami.architecture.removesuffix("_64"),
                ami.family,
            }
            assert asked - parts <= {"standard", ""}
            assert parts - asked <= {"standard"}
            assert image.version == ami.version
            assert (image.day == "20261105") == (wanted is ami)


def test_defaults() -> None:
    al2023 = "/aws/service/eks/optimized-ami/1.33/amazon-linux-2023/x86_64/standard/recommended/image_id"
    assert source(Ami("al2023", "1.33")) == Source(al2023)
    windows = "/aws/service/ami-windows-latest/Windows_Server-2022-English-Core-EKS_Optimized-1.33/image_id"
    assert source(Ami("windows", "1.33")) == Source(windows)
    ubuntu = "/aws/service/canonical/ubuntu/eks/24.04/1.33/stable/current/amd64/hvm/ebs-gp3/ami-id"
    assert source(Ami("ubuntu", "1.33")) == Source(ubuntu)


@pytest.mark.parametrize(
    ("family", "releases"),
    [
        ("al2023", ["20261105", "v20261105", "1.33.5-20261105"]),
        ("windows", ["2026.11.05", "1.33-2026.11.05"]),
        ("bottlerocket", ["1.50.0", "v1.50.0"]),
    ],
)
def test_a_release_in_any_of_its_forms(family: str, releases: list[str]) -> None:
    assert len({source(Ami(family, "1.33", release=release)) for release in releases}) == 1


@pytest.mark.parametrize(
    ("ami", "message"),
    [
        (Ami("al2", "1.32"), "Amazon Linux 2 is at its end.* Take al2023"),
        (Ami("flatcar", "1.33"), "'flatcar' is neither an image id nor a family.* choose al2023, .* or windows"),
        (Ami("al2023", ""), "version: there is no version of Kubernetes; give one such as '1.30'"),
        (Ami("al2023", "1.3"), "version: '1.3' is no version of Kubernetes; .* quoted in YAML"),
        (Ami("al2023", "1.33", "amd64"), "architecture: 'amd64' is none of al2023; choose x86_64 or arm64"),
        (Ami("al2023", "1.33", variant="gpu"), "variant: 'gpu' is none of al2023; choose standard, nvidia or neuron"),
        (Ami("al2023", "1.33", os_version="2"), "os_version: al2023 has none, but '2' was given"),
        (Ami("windows", "1.33", "arm64"), "architecture: 'arm64' is none of windows; choose x86_64"),
        (Ami("windows", "1.33", os_version="2016"), "os_version: '2016' is none of windows; choose 2022, 2019 or 2025"),
        (Ami("al2023", "1.33", release="1.50.0"), "release: '1.50.0' is none of al2023; give latest, or .* 20261105"),
        (Ami("al2023", "1.33", release="1.34.2-20261105"), "for Kubernetes 1.34, but version is 1.33; make them agree"),
        (Ami("bottlerocket", "1.33", release="../../x"), "release: '../../x' is none of bottlerocket"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(ami: Ami, message: str) -> None:
    with pytest.raises(AmiError, match=message):
        source(ami)


def test_image_ids_are_told_from_families() -> None:
    assert IMAGE_ID.fullmatch("ami-0123456789abcdef0")
    assert IMAGE_ID.fullmatch("ami-01234567")
    assert not IMAGE_ID.fullmatch("ami-al2023")
