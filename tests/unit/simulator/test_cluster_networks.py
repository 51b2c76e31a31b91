# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CreateCluster demands of subnets, security groups, endpoints and address ranges."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.account import Account, refusal


def test_subnets_must_exist(account: Account) -> None:
    refused = account.refused_cluster({"subnetIds": [account.subnets[0], "subnet-0123456789abcdef0"]})
    assert refused.message == "The subnet ID 'subnet-0123456789abcdef0' does not exist"


def test_one_subnet_is_too_few(account: Account) -> None:
    refused = account.refused_cluster({"subnetIds": account.subnets[:1]})
    assert refused.message == "Subnets specified must be in at least two different AZs"


def test_subnets_of_one_zone_are_too_few(account: Account) -> None:
    refused = account.refused_cluster({"subnetIds": [account.subnets[0], account.public_subnet]})
    assert refused.message == "Subnets specified must be in at least two different AZs"
    assert set(refused.members) == {"clusterName"}


def test_subnets_must_be_of_one_vpc(account: Account) -> None:
    other = account.subnet("10.9.0.0/24", account.zones[1], account.vpc_of("10.9.0.0/16"))
    assert "same VPC" in account.refused_cluster({"subnetIds": [account.subnets[0], other]}).message


def test_subnets_need_six_free_addresses(account: Account) -> None:
    small = account.subnet("10.0.200.0/28", account.zones[1])
    for _unused in range(6):
        account.ec2.create_network_interface(SubnetId=small)
    refused = account.refused_cluster({"subnetIds": [account.subnets[0], small]})
    assert f"Subnet {small} has 5 free IP addresses" in refused.message


def test_some_zones_have_no_eks(account: Account) -> None:
    virginia = account.client("ec2", region_name="us-east-1")
    vpc = virginia.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zones = {zone["ZoneId"]: zone["ZoneName"] for zone in virginia.describe_availability_zones()["AvailabilityZones"]}
    subnets = [
        virginia.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zones[zone])["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate(["use1-az1", "use1-az3"])
    ]
    eks = account.client("eks", region_name="us-east-1")
    refused = refusal(eks.create_cluster, **account.cluster_request({"subnetIds": subnets}))
    assert (refused.code, refused.status) == ("UnsupportedAvailabilityZoneException", 400)
    assert f"because {zones['use1-az3']}, the targeted availability zone," in refused.message
    assert zones["use1-az1"] in refused.members["validZones"]
    assert zones["use1-az3"] not in refused.members["validZones"]


def test_security_groups_must_exist(account: Account) -> None:
    refused = account.refused_cluster({"securityGroupIds": ["sg-0123456789abcdef0"]})
    assert refused.message == "The security group 'sg-0123456789abcdef0' does not exist"


def test_six_security_groups_are_too_many(account: Account) -> None:
    groups = [
        account.ec2.create_security_group(GroupName=account.name("sg"), Description="x", VpcId=account.vpc)["GroupId"]
        for _unused in range(6)
    ]
    assert "up to 5 security groups" in account.refused_cluster({"securityGroupIds": groups}).message
    account.eks.create_cluster(**account.cluster_request({"securityGroupIds": groups[:5]}))


def test_one_endpoint_must_be_on(account: Account) -> None:
    refused = account.refused_cluster({"endpointPublicAccess": False})
    assert refused.message == "Private and public endpoint access cannot be false at the same time"


@pytest.mark.parametrize("cidr", ["10.0.0.0/33", "10.0.0.1/8", "everywhere", "::/0"])
def test_public_cidrs_must_be_valid(account: Account, cidr: str) -> None:
    assert "CIDR" in account.refused_cluster({"publicAccessCidrs": [cidr]}).message


@pytest.mark.parametrize(
    ("cidr", "reason"),
    [
        ("8.8.0.0/16", "is not within"),
        ("10.32.0.0/11", "is not between /24 and /12"),
        ("10.32.0.0/25", "is not between /24 and /12"),
        ("10.0.0.0/16", "overlaps with the VPC's CIDR block 10.0.0.0/16"),
        ("10.1.2.3/16", "Invalid CIDR"),
    ],
)
def test_the_service_cidr_is_private_of_size_and_apart(account: Account, cidr: str, reason: str) -> None:
    assert reason in account.refused_cluster(kubernetesNetworkConfig={"serviceIpv4Cidr": cidr}).message


def test_an_ipv6_cluster_needs_ipv6_subnets_and_no_service_cidr(account: Account) -> None:
    assert "has no IPv6 CIDR block" in account.refused_cluster(kubernetesNetworkConfig={"ipFamily": "ipv6"}).message
    network = {"ipFamily": "ipv6", "serviceIpv4Cidr": "172.20.0.0/16"}
    assert (
        "cannot be specified for the ipFamily ipv6" in account.refused_cluster(kubernetesNetworkConfig=network).message
    )


@pytest.mark.parametrize(
    ("networks", "reason"),
    [
        ({"remoteNodeNetworks": [{"cidrs": ["8.8.8.0/24"]}]}, "is not a private"),
        ({"remoteNodeNetworks": [{"cidrs": ["10.0.5.0/24"]}]}, "overlaps with the VPC's CIDR block"),
        ({"remoteNodeNetworks": [{"cidrs": ["10.100.5.0/24"]}]}, "overlaps with the service CIDR"),
        (
            {
                "remoteNodeNetworks": [{"cidrs": ["192.168.0.0/16"]}],
                "remotePodNetworks": [{"cidrs": ["192.168.5.0/24"]}],
            },
            "overlaps with the remote network",
        ),
    ],
)
def test_remote_networks_are_private_and_apart(account: Account, networks: dict[str, Any], reason: str) -> None:
    access = {"authenticationMode": "API"}
    assert reason in account.refused_cluster(remoteNetworkConfig=networks, accessConfig=access).message


def test_remote_networks_need_access_entries(account: Account) -> None:
    networks = {"remoteNodeNetworks": [{"cidrs": ["192.168.0.0/16"]}]}
    assert "API or API_AND_CONFIG_MAP" in account.refused_cluster(remoteNetworkConfig=networks).message
    account.cluster(remoteNetworkConfig=networks, accessConfig={"authenticationMode": "API"})
