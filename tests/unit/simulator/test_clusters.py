# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters: what CreateCluster and DeleteCluster demand, and what a cluster looks like through its life."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography import x509
from unit.simulator.account import CREATION, LONG, Account, refusal


def create(account: Account, vpc: dict[str, Any] | None = None, **parameters: Any) -> Any:
    """The refusal of a CreateCluster request."""
    refused = refusal(account.eks.create_cluster, **account.cluster_request(vpc, **parameters))
    assert refused.code == "InvalidParameterException"
    assert refused.status == 400
    return refused


def test_a_cluster_gets_its_endpoint_authority_and_issuer_when_it_becomes_active(account: Account) -> None:
    name = account.eks.create_cluster(**account.cluster_request())["cluster"]["name"]
    young = account.describe(name)
    assert young["status"] == "CREATING"
    assert not {"endpoint", "identity"} & set(young)
    assert young["certificateAuthority"] == {}
    assert "clusterSecurityGroupId" not in young["resourcesVpcConfig"]
    account.sim.advance(CREATION)
    grown = account.describe(name)
    assert grown["status"] == "ACTIVE"
    assert grown["endpoint"].startswith("https://")
    assert "/id/" in grown["identity"]["oidc"]["issuer"]
    authority = x509.load_pem_x509_certificate(base64.b64decode(grown["certificateAuthority"]["data"]))
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_cluster_has_the_defaults_of_aws(account: Account) -> None:
    name = account.cluster(version=None)
    cluster = account.describe(name)
    assert cluster["version"] == "1.35"
    vpc = cluster["resourcesVpcConfig"]
    assert (vpc["endpointPublicAccess"], vpc["endpointPrivateAccess"]) == (True, False)
    assert vpc["publicAccessCidrs"] == ["0.0.0.0/0"]
    assert vpc["controlPlaneEgressMode"] == "AWS_MANAGED"
    assert vpc["vpcId"] == account.vpc
    network = cluster["kubernetesNetworkConfig"]
    assert (network["ipFamily"], network["serviceIpv4Cidr"]) == ("ipv4", "172.20.0.0/16") or (
        network["serviceIpv4Cidr"] == "10.100.0.0/16"
    )
    assert cluster["accessConfig"] == {"authenticationMode": "CONFIG_MAP"}
    assert cluster["upgradePolicy"] == {"supportType": "EXTENDED"}
    assert cluster["deletionProtection"] is False
    assert cluster["computeConfig"] == {"enabled": False}
    assert cluster["tags"] == {}
    assert cluster["health"] == {"issues": []}
    assert [setup["enabled"] for setup in cluster["logging"]["clusterLogging"]] == [False]
    assert cluster["platformVersion"].startswith("eks.")


def test_the_cluster_security_group_is_a_real_one_and_goes_with_the_cluster(account: Account) -> None:
    name = account.cluster()
    group_id = account.describe(name)["resourcesVpcConfig"]["clusterSecurityGroupId"]
    group = account.ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
    tags = {tag["Key"]: tag["Value"] for tag in group["Tags"]}
    assert tags[f"kubernetes.io/cluster/{name}"] == "owned"
    assert tags["aws:eks:cluster-name"] == name
    assert group["VpcId"] == account.vpc
    account.eks.delete_cluster(name=name)
    account.sim.advance(LONG)
    assert refusal(account.ec2.describe_security_groups, GroupIds=[group_id]).code == "InvalidGroup.NotFound"


def test_what_bootstraps_a_cluster_is_never_returned(account: Account) -> None:
    access = {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
    name = account.cluster(bootstrapSelfManagedAddons=False, accessConfig=access)
    assert "bootstrapSelfManagedAddons" not in account.describe(name)
    assert account.describe(name)["accessConfig"] == {"authenticationMode": "API"}
    assert account.eks.list_access_entries(clusterName=name)["accessEntries"] == []


def test_the_creator_is_an_administrator_unless_refused(account: Account) -> None:
    name = account.cluster(accessConfig={"authenticationMode": "API"})
    creator = account.client("sts").get_caller_identity()["Arn"]
    assert account.eks.list_access_entries(clusterName=name)["accessEntries"] == [creator]
    policies = account.eks.list_associated_access_policies(clusterName=name, principalArn=creator)
    assert [policy["policyArn"].rpartition("/")[2] for policy in policies["associatedAccessPolicies"]] == [
        "AmazonEKSClusterAdminPolicy"
    ]


def test_an_unknown_cluster_is_not_found(account: Account) -> None:
    refused = refusal(account.eks.describe_cluster, name="nowhere")
    assert (refused.code, refused.status) == ("ResourceNotFoundException", 404)
    assert refused.message == "No cluster found for name: nowhere."
    assert refused.members == {"clusterName": "nowhere"}


def test_a_name_is_taken_once(account: Account) -> None:
    request = account.cluster_request()
    account.eks.create_cluster(**request)
    refused = refusal(account.eks.create_cluster, **request)
    assert (refused.code, refused.status) == ("ResourceInUseException", 409)
    assert refused.message == f"Cluster already exists with name: {request['name']}"


@pytest.mark.parametrize("name", ["-front", "has space", "dotted.name", "x" * 101, ""])
def test_a_name_follows_the_pattern(account: Account, name: str) -> None:
    assert "failed to satisfy constraint" in create(account, name=name).message


def test_a_role_must_exist(account: Account) -> None:
    arn = "arn:aws:iam::123456789012:role/nobody"
    assert create(account, roleArn=arn).message == (
        f"Role with arn: {arn}, could not be assumed because it does not exist or the trusted entity is not correct"
    )


def test_a_role_must_trust_eks(account: Account) -> None:
    assert "the trusted entity is not correct" in create(account, roleArn=account.roles["node"]).message


def test_a_role_must_be_of_the_same_account(account: Account) -> None:
    refused = create(account, roleArn="arn:aws:iam::210987654321:role/cluster")
    assert refused.message == "Cross-account pass role is not allowed."


def test_a_role_arn_must_be_one(account: Account) -> None:
    assert create(account, roleArn="cluster").message == "Role ARN is invalid: cluster"


def test_a_new_role_is_unknown_for_some_seconds(account: Account) -> None:
    arn = account.role(account.name("role"), "eks.amazonaws.com")
    assert "does not exist" in create(account, roleArn=arn).message
    account.sim.advance(8)
    account.eks.create_cluster(**account.cluster_request(roleArn=arn))


def test_subnets_must_exist(account: Account) -> None:
    refused = create(account, {"subnetIds": [account.subnets[0], "subnet-0123456789abcdef0"]})
    assert refused.message == "The subnet ID 'subnet-0123456789abcdef0' does not exist"


def test_one_subnet_is_too_few(account: Account) -> None:
    refused = create(account, {"subnetIds": account.subnets[:1]})
    assert refused.message == "Subnets specified must be in at least two different AZs"


def test_subnets_of_one_zone_are_too_few(account: Account) -> None:
    refused = create(account, {"subnetIds": [account.subnets[0], account.public_subnet]})
    assert refused.message == "Subnets specified must be in at least two different AZs"
    assert set(refused.members) == {"clusterName"}


def test_subnets_must_be_of_one_vpc(account: Account) -> None:
    other = account.subnet("10.9.0.0/24", account.zones[1], account.vpc_of("10.9.0.0/16"))
    assert "same VPC" in create(account, {"subnetIds": [account.subnets[0], other]}).message


def test_subnets_need_six_free_addresses(account: Account) -> None:
    small = account.subnet("10.0.200.0/28", account.zones[1])
    for _ in range(6):
        account.ec2.create_network_interface(SubnetId=small)
    refused = create(account, {"subnetIds": [account.subnets[0], small]})
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
    refused = create(account, {"securityGroupIds": ["sg-0123456789abcdef0"]})
    assert refused.message == "The security group 'sg-0123456789abcdef0' does not exist"


def test_six_security_groups_are_too_many(account: Account) -> None:
    groups = [
        account.ec2.create_security_group(GroupName=account.name("sg"), Description="x", VpcId=account.vpc)["GroupId"]
        for _ in range(6)
    ]
    assert "up to 5 security groups" in create(account, {"securityGroupIds": groups}).message
    account.eks.create_cluster(**account.cluster_request({"securityGroupIds": groups[:5]}))


def test_one_endpoint_must_be_on(account: Account) -> None:
    refused = create(account, {"endpointPublicAccess": False})
    assert refused.message == "Private and public endpoint access cannot be false at the same time"


@pytest.mark.parametrize("cidr", ["10.0.0.0/33", "10.0.0.1/8", "everywhere", "::/0"])
def test_public_cidrs_must_be_valid(account: Account, cidr: str) -> None:
    assert "CIDR" in create(account, {"publicAccessCidrs": [cidr]}).message


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
    assert reason in create(account, kubernetesNetworkConfig={"serviceIpv4Cidr": cidr}).message


def test_an_ipv6_cluster_needs_ipv6_subnets_and_no_service_cidr(account: Account) -> None:
    assert "has no IPv6 CIDR block" in create(account, kubernetesNetworkConfig={"ipFamily": "ipv6"}).message
    network = {"ipFamily": "ipv6", "serviceIpv4Cidr": "172.20.0.0/16"}
    assert "cannot be specified for the ipFamily ipv6" in create(account, kubernetesNetworkConfig=network).message


@pytest.mark.parametrize("version", ["1.99", "1.3", "0.1", "1.30", "latest"])
def test_an_unknown_or_unsupported_version_is_refused(account: Account, version: str) -> None:
    refused = create(account, version=version)
    assert refused.message == "unsupported Kubernetes version"


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
    assert reason in create(account, remoteNetworkConfig=networks, accessConfig=access).message


def test_remote_networks_need_access_entries(account: Account) -> None:
    networks = {"remoteNodeNetworks": [{"cidrs": ["192.168.0.0/16"]}]}
    assert "API or API_AND_CONFIG_MAP" in create(account, remoteNetworkConfig=networks).message
    account.cluster(remoteNetworkConfig=networks, accessConfig={"authenticationMode": "API"})


AUTO: dict[str, Any] = {
    "storageConfig": {"blockStorage": {"enabled": True}},
    "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True}},
    "bootstrapSelfManagedAddons": False,
    "accessConfig": {"authenticationMode": "API"},
}


def test_auto_mode_is_all_on_or_all_off(account: Account) -> None:
    for missing in ("storageConfig", "kubernetesNetworkConfig"):
        partial = {name: value for name, value in AUTO.items() if name != missing}
        refused = create(account, computeConfig={"enabled": True}, **partial)
        assert "are all either fully enabled or fully disabled" in refused.message
    account.cluster(computeConfig={"enabled": True}, **AUTO)


@pytest.mark.parametrize(
    ("compute", "reason"),
    [
        ({"nodePools": ["gpu"], "nodeRoleArn": "ROLE"}, "Invalid node pools: gpu"),
        ({"nodePools": ["system"]}, "nodeRoleArn must be provided"),
        ({"nodeRoleArn": "ROLE"}, "nodePool value(s) must be provided"),
    ],
)
def test_node_pools_are_built_in_and_have_a_role(account: Account, compute: dict[str, Any], reason: str) -> None:
    if "nodeRoleArn" in compute:
        compute = {**compute, "nodeRoleArn": account.roles["node"]}
    assert reason in create(account, computeConfig={"enabled": True, **compute}, **AUTO).message


def test_auto_mode_needs_access_entries_and_no_self_managed_addons(account: Account) -> None:
    request = {**AUTO, "computeConfig": {"enabled": True}}
    assert "EKS Auto Mode requires" in create(account, **{**request, "accessConfig": {}}).message
    request["bootstrapSelfManagedAddons"] = None
    assert "bootstrapSelfManagedAddons must be set to false" in create(account, **request).message


def test_a_config_map_cluster_needs_its_creator_as_administrator(account: Account) -> None:
    access = {"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": False}
    assert "bootstrapClusterCreatorAdminPermissions must be true" in create(account, accessConfig=access).message


def test_the_encryption_key_must_exist_and_be_symmetric(account: Account) -> None:
    def config(arn: str, resource: str = "secrets") -> list[dict[str, Any]]:
        return [{"resources": [resource], "provider": {"keyArn": arn}}]

    missing = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    assert "is not valid" in create(account, encryptionConfig=config(missing)).message
    kms = account.client("kms")
    pair = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["Arn"]
    assert "is not a symmetric" in create(account, encryptionConfig=config(pair)).message
    key = kms.create_key()["KeyMetadata"]["Arn"]
    assert "resource type 'secrets'" in create(account, encryptionConfig=config(key, "pods")).message
    name = account.cluster(encryptionConfig=config(key))
    assert account.describe(name)["encryptionConfig"] == config(key)


def test_node_ports_and_durations_must_make_sense(account: Account) -> None:
    ports = {"serviceNodePortRange": {"minPort": 32000, "maxPort": 31000}}
    assert "serviceNodePortRange" in create(account, kubeApiServerConfig=ports).message
    assert "Invalid duration in eventTtl" in create(account, kubeApiServerConfig={"eventTtl": "soon"}).message


def test_a_local_cluster_names_one_outpost(account: Account) -> None:
    outposts: dict[str, Any] = {"outpostArns": ["op-1"], "controlPlaneInstanceType": "m5.large"}
    assert "one valid Outpost ARN" in create(account, outpostConfig=outposts).message
    outposts["outpostArns"] = ["arn:aws:outposts:eu-central-1:123456789012:outpost/op-0123456789abcdef0"]
    name = account.cluster({"subnetIds": account.subnets[:1]}, outpostConfig=outposts)
    assert account.describe(name)["outpostConfig"] == outposts


def test_deletion_protection_blocks_deletion(account: Account) -> None:
    name = account.cluster(deletionProtection=True)
    refused = refusal(account.eks.delete_cluster, name=name)
    assert refused.code == "InvalidRequestException"
    assert "deletion protection is enabled" in refused.message


def test_node_groups_block_deletion(account: Account) -> None:
    name = account.cluster()
    group = account.nodegroup(name)
    refused = refusal(account.eks.delete_cluster, name=name)
    assert (refused.code, refused.message) == ("ResourceInUseException", "Cluster has nodegroups attached")
    account.eks.delete_nodegroup(clusterName=name, nodegroupName=group)
    assert refusal(account.eks.delete_cluster, name=name).code == "ResourceInUseException"
    account.sim.advance(LONG)
    account.eks.delete_cluster(name=name)


def test_fargate_profiles_block_deletion(account: Account) -> None:
    name = account.cluster()
    account.profile(name)
    refused = refusal(account.eks.delete_cluster, name=name)
    assert (refused.code, refused.message) == ("ResourceInUseException", "Cluster has fargate profiles attached")


def test_an_update_in_progress_blocks_deletion(account: Account) -> None:
    name = account.cluster()
    account.eks.update_cluster_config(name=name, zonalShiftConfig={"enabled": True})
    assert "update" in refusal(account.eks.delete_cluster, name=name).message


def test_a_cluster_can_be_deleted_neither_while_it_comes_nor_while_it_goes(account: Account) -> None:
    name = account.eks.create_cluster(**account.cluster_request())["cluster"]["name"]
    assert refusal(account.eks.delete_cluster, name=name).code == "ResourceInUseException"
    account.sim.advance(CREATION)
    assert account.eks.delete_cluster(name=name)["cluster"]["status"] == "DELETING"
    assert refusal(account.eks.delete_cluster, name=name).code == "ResourceInUseException"
    account.sim.advance(LONG)
    assert refusal(account.eks.describe_cluster, name=name).code == "ResourceNotFoundException"


def test_ec2_keeps_what_a_cluster_uses(account: Account) -> None:
    name = account.cluster()
    group = account.describe(name)["resourcesVpcConfig"]["clusterSecurityGroupId"]
    for call, parameters in (
        (account.ec2.delete_subnet, {"SubnetId": account.subnets[0]}),
        (account.ec2.delete_security_group, {"GroupId": group}),
    ):
        assert refusal(call, **parameters).code == "DependencyViolation"


def test_clusters_of_another_region_or_account_are_not_seen(account: Account) -> None:
    account.cluster()
    assert account.client("eks", region_name="us-east-1").list_clusters()["clusters"] == []
