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
    assert "failed to satisfy constraint" in account.refused_cluster(name=name).message


def test_a_role_must_exist(account: Account) -> None:
    arn = "arn:aws:iam::123456789012:role/nobody"
    assert account.refused_cluster(roleArn=arn).message == (
        f"Role with arn: {arn}, could not be assumed because it does not exist or the trusted entity is not correct"
    )


def test_a_role_must_trust_eks(account: Account) -> None:
    assert "the trusted entity is not correct" in account.refused_cluster(roleArn=account.roles["node"]).message


def test_a_role_must_be_of_the_same_account(account: Account) -> None:
    refused = account.refused_cluster(roleArn="arn:aws:iam::210987654321:role/cluster")
    assert refused.message == "Cross-account pass role is not allowed."


def test_a_role_arn_must_be_one(account: Account) -> None:
    assert account.refused_cluster(roleArn="cluster").message == "Role ARN is invalid: cluster"


def test_a_new_role_is_unknown_for_some_seconds(account: Account) -> None:
    arn = account.role(account.name("role"), "eks.amazonaws.com")
    assert "does not exist" in account.refused_cluster(roleArn=arn).message
    account.sim.advance(8)
    account.eks.create_cluster(**account.cluster_request(roleArn=arn))


@pytest.mark.parametrize("version", ["1.99", "1.3", "0.1", "1.30", "latest"])
def test_an_unknown_or_unsupported_version_is_refused(account: Account, version: str) -> None:
    refused = account.refused_cluster(version=version)
    assert refused.message == "unsupported Kubernetes version"


AUTO: dict[str, Any] = {
    "storageConfig": {"blockStorage": {"enabled": True}},
    "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True}},
    "bootstrapSelfManagedAddons": False,
    "accessConfig": {"authenticationMode": "API"},
}


def test_auto_mode_is_all_on_or_all_off(account: Account) -> None:
    for missing in ("storageConfig", "kubernetesNetworkConfig"):
        partial = {name: value for name, value in AUTO.items() if name != missing}
        refused = account.refused_cluster(computeConfig={"enabled": True}, **partial)
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
    assert reason in account.refused_cluster(computeConfig={"enabled": True, **compute}, **AUTO).message


def test_auto_mode_needs_access_entries_and_no_self_managed_addons(account: Account) -> None:
    request = {**AUTO, "computeConfig": {"enabled": True}}
    assert "EKS Auto Mode requires" in account.refused_cluster(**{**request, "accessConfig": {}}).message
    request["bootstrapSelfManagedAddons"] = None
    assert "bootstrapSelfManagedAddons must be set to false" in account.refused_cluster(**request).message


def test_a_config_map_cluster_needs_its_creator_as_administrator(account: Account) -> None:
    access = {"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": False}
    assert (
        "bootstrapClusterCreatorAdminPermissions must be true" in account.refused_cluster(accessConfig=access).message
    )


def test_the_encryption_key_must_exist_and_be_symmetric(account: Account) -> None:
    def config(arn: str, resource: str = "secrets") -> list[dict[str, Any]]:
        return [{"resources": [resource], "provider": {"keyArn": arn}}]

    missing = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
    assert "is not valid" in account.refused_cluster(encryptionConfig=config(missing)).message
    kms = account.client("kms")
    pair = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["Arn"]
    assert "is not a symmetric" in account.refused_cluster(encryptionConfig=config(pair)).message
    key = kms.create_key()["KeyMetadata"]["Arn"]
    assert "resource type 'secrets'" in account.refused_cluster(encryptionConfig=config(key, "pods")).message
    name = account.cluster(encryptionConfig=config(key))
    assert account.describe(name)["encryptionConfig"] == config(key)


def test_node_ports_and_durations_must_make_sense(account: Account) -> None:
    ports = {"serviceNodePortRange": {"minPort": 32000, "maxPort": 31000}}
    assert "serviceNodePortRange" in account.refused_cluster(kubeApiServerConfig=ports).message
    assert "Invalid duration in eventTtl" in account.refused_cluster(kubeApiServerConfig={"eventTtl": "soon"}).message


def test_a_local_cluster_names_one_outpost(account: Account) -> None:
    outposts: dict[str, Any] = {"outpostArns": ["op-1"], "controlPlaneInstanceType": "m5.large"}
    assert "one valid Outpost ARN" in account.refused_cluster(outpostConfig=outposts).message
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
