# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The AMIs for EKS: public parameters of SSM that name them, and images that EC2 describes."""

from __future__ import annotations

import pytest
from unit.simulator.account import Account, refusal

from eks_simulator.amis import UBUNTU_TYPES, image_of, is_published, releases
from eks_simulator.protocols import protocol_of
from eks_simulator.public_parameters import images, parameters
from eks_simulator.versions import VERSIONS

EKS = "/aws/service/eks/optimized-ami"
BOTTLEROCKET = "/aws/service/bottlerocket"
WINDOWS = "/aws/service/ami-windows-latest"
UBUNTU = "/aws/service/canonical/ubuntu"
NEWEST = "1.50.0-abcdef12"

LATEST = [
    (f"{EKS}/1.33/amazon-linux-2023/x86_64/standard/recommended/image_id", "AL2023_x86_64_STANDARD"),
    (f"{EKS}/1.33/amazon-linux-2023/arm64/nvidia/recommended/image_id", "AL2023_ARM_64_NVIDIA"),
    (f"{EKS}/1.33/amazon-linux-2023/x86_64/neuron/recommended/image_id", "AL2023_x86_64_NEURON"),
    (f"{BOTTLEROCKET}/aws-k8s-1.33/arm64/latest/image_id", "BOTTLEROCKET_ARM_64"),
    (f"{BOTTLEROCKET}/aws-k8s-1.33-nvidia-fips/x86_64/latest/image_id", "BOTTLEROCKET_x86_64_NVIDIA_FIPS"),
    (f"{WINDOWS}/Windows_Server-2019-English-Core-EKS_Optimized-1.33/image_id", "WINDOWS_CORE_2019_x86_64"),
    (f"{WINDOWS}/Windows_Server-2022-English-Full-EKS_Optimized-1.33/image_id", "WINDOWS_FULL_2022_x86_64"),
    (f"{UBUNTU}/eks/22.04/1.33/stable/current/amd64/hvm/ebs-gp2/ami-id", "UBUNTU_22_04_x86_64"),
    (f"{UBUNTU}/eks-pro/24.04/1.33/stable/current/arm64/hvm/ebs-gp3/ami-id", "UBUNTU_PRO_24_04_ARM_64"),
]


def value(account: Account, name: str) -> str:
    found: str = account.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    return found


def test_every_type_has_its_parameters_for_every_version() -> None:
    """The newest image of a type and version stands under one path, each of its releases under another."""
    types = [name for name in protocol_of("eks").service.shape_for("AMITypes").enum if name != "CUSTOM"]
    numbers = [number for name, number in parameters("eu-central-1").items() if number.startswith("ami-")]
    found = [image for number in numbers if (image := image_of(number))]
    for version in VERSIONS:
        for ami_type in types + UBUNTU_TYPES:
            mine = {image.release for image in found if (image.ami_type, image.version) == (ami_type, version)}
            published = releases(ami_type, version) if is_published(ami_type, version) else []
            assert mine == set(published[-1:] if ami_type.startswith("WINDOWS") else published)


@pytest.mark.parametrize(("name", "ami_type"), LATEST)
def test_the_latest_image(account: Account, name: str, ami_type: str) -> None:
    image = image_of(value(account, name))
    assert image is not None
    assert (image.ami_type, image.version) == (ami_type, "1.33")
    assert image.release == releases(ami_type, "1.33")[-1]


def test_releases_are_those_of_node_groups(account: Account, standing_cluster: str) -> None:
    group = account.describe(standing_cluster, account.nodegroup(standing_cluster))
    path = f"{EKS}/1.33/amazon-linux-2023/x86_64/standard/recommended"
    assert value(account, f"{path}/release_version") == group["releaseVersion"]
    name = value(account, f"{path}/image_name")
    assert name == "amazon-eks-node-al2023-x86_64-standard-1.33-v20261105"
    assert value(account, f"{path.rpartition('/')[0]}/{name}/image_id") == value(account, f"{path}/image_id")
    latest = f"{BOTTLEROCKET}/aws-k8s-1.33/x86_64/latest"
    assert value(account, f"{latest}/image_version") == NEWEST
    pins = [value(account, f"{BOTTLEROCKET}/aws-k8s-1.33/x86_64/{pin}/image_id") for pin in (NEWEST, "1.50.0")]
    assert pins == [value(account, f"{latest}/image_id")] * 2


@pytest.mark.parametrize(
    "name",
    [
        f"{EKS}/1.33/amazon-linux-2/recommended/image_id",  # ended with 1.32
        f"{EKS}/1.33/amazon-linux-2023/arm64/neuron/recommended/image_id",
        f"{EKS}/1.33/amazon-linux-2023/x86_64/standard/recommended",
        f"{EKS}/1.99/amazon-linux-2023/x86_64/standard/recommended/image_id",
        f"{BOTTLEROCKET}/aws-k8s-1.33/aarch64/latest/image_id",
        f"{BOTTLEROCKET}/aws-k8s-1.33/x86_64/v1.50.0/image_id",
        f"{WINDOWS}/Windows_Server-2025-English-Core-EKS_Optimized-1.33/image_id",  # came with 1.35
        f"{UBUNTU}/eks/24.04/1.33/stable/current/amd64/hvm/ebs-gp2/ami-id",
    ],
)
def test_another_path_is_not_found(account: Account, name: str) -> None:
    assert refusal(account.client("ssm").get_parameter, Name=name).code == "ParameterNotFound"


def test_several_at_once_and_by_path(account: Account) -> None:
    ssm = account.client("ssm")
    mine = account.name("/mine")
    ssm.put_parameter(Name=mine, Value="b", Type="String")
    found = ssm.get_parameters(Names=[LATEST[0][0], mine, f"{EKS}/nothing"])
    assert {one["Name"] for one in found["Parameters"]} == {LATEST[0][0], mine}
    assert found["InvalidParameters"] == [f"{EKS}/nothing"]
    path = f"{EKS}/1.33/amazon-linux-2023/x86_64/standard"
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
    leaves = {parameter["Name"].removeprefix(f"{path}/") for page in pages for parameter in page["Parameters"]}
    name = "amazon-eks-node-al2023-x86_64-standard-1.33-v"
    directories = ["recommended", *(f"{name}{day}" for day in ("20260923", "20261014", "20261105"))]
    members = ("image_id", "image_name", "release_version")
    assert leaves == {f"{directory}/{member}" for directory in directories for member in members}
    assert ssm.get_parameters_by_path(Path=path)["Parameters"] == []
    assert [one["Name"] for one in ssm.get_parameters_by_path(Path="/", Recursive=True)["Parameters"]] == [mine]


def test_nobody_owns_a_public_parameter(account: Account) -> None:
    ssm = account.client("ssm")
    arn = ssm.get_parameter(Name=LATEST[0][0])["Parameter"]["ARN"]
    assert arn == f"arn:aws:ssm:eu-central-1::parameter{LATEST[0][0]}"
    listed = ssm.get_paginator("describe_parameters").paginate()
    assert not [one for page in listed for one in page["Parameters"] if one["Name"].startswith("/aws/")]
    assert refusal(ssm.put_parameter, Name=LATEST[0][0], Value="ami-1", Type="String").status == 400


def test_each_region_has_images_of_its_own(account: Account) -> None:
    assert not images("eu-central-1").keys() & images("us-east-1").keys()


def test_images_are_described_by_id_and_by_name(account: Account) -> None:
    number = value(account, LATEST[0][0])
    image = account.ec2.describe_images(ImageIds=[number])["Images"][0]
    assert (image["Architecture"], image["OwnerId"], image["ImageOwnerAlias"]) == ("x86_64", "602401143452", "amazon")
    assert (image["RootDeviceName"], image["CreationDate"][:10]) == ("/dev/xvda", "2026-11-05")
    named = [{"Name": "name", "Values": ["Windows_Server-2022-English-Core-EKS_Optimized-1.33-*"]}]
    releases = account.ec2.describe_images(Owners=["amazon"], Filters=named)["Images"]
    assert sorted(one["Name"].rpartition("-")[2] for one in releases) == ["2026.09.23", "2026.10.14", "2026.11.05"]
    assert {one["Platform"] for one in releases} == {"windows"}
    again = account.ec2.describe_images(ImageIds=[number])["Images"]
    assert again == [image]
    assert refusal(account.ec2.describe_images, ImageIds=["ami-0123456789abcdef0"]).code == "InvalidAMIID.NotFound"
