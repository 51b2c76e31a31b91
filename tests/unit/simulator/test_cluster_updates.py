# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Updates of clusters: one category and one update at a time, one-way changes, versions, encryption."""

from __future__ import annotations

from typing import Any

import pytest
from unit.simulator.account import LONG, Account, refusal

CHANGES: list[tuple[str, dict[str, Any]]] = [
    (
        "EndpointAccessUpdate",
        {"resourcesVpcConfig": {"endpointPrivateAccess": True, "publicAccessCidrs": ["8.8.8.0/24"]}},
    ),
    ("ControlPlaneEgressUpdate", {"resourcesVpcConfig": {"controlPlaneEgressMode": "CUSTOMER_ROUTED"}}),
    ("LoggingUpdate", {"logging": {"clusterLogging": [{"types": ["api"], "enabled": True}]}}),
    ("AccessConfigUpdate", {"accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"}}),
    ("UpgradePolicyUpdate", {"upgradePolicy": {"supportType": "STANDARD"}}),
    ("ZonalShiftConfigUpdate", {"zonalShiftConfig": {"enabled": True}}),
    ("DeletionProtectionUpdate", {"deletionProtection": True}),
    ("ControlPlaneScalingConfigUpdate", {"controlPlaneScalingConfig": {"tier": "tier-xl"}}),
    ("ControlPlaneComponentConfigUpdate", {"kubeApiServerConfig": {"eventTtl": "30m"}}),
]


@pytest.fixture(scope="module")
def shared_cluster(built_account: Account) -> str:
    return built_account.cluster(version="1.35")


def covers(present: Any, given: Any) -> bool:
    """Whether `present` has all that was given."""
    if isinstance(given, dict):
        return present is not None and all(covers(present.get(name), value) for name, value in given.items())
    if isinstance(given, list) and given and isinstance(given[0], dict):
        return all(any(covers(one, value) for one in present) for value in given)
    return present == given


@pytest.mark.parametrize(("kind", "change"), CHANGES, ids=[kind for kind, _unused in CHANGES])
def test_a_change_is_followed_by_its_update(
    account: Account, shared_cluster: str, kind: str, change: dict[str, Any]
) -> None:
    update = account.eks.update_cluster_config(name=shared_cluster, **change)["update"]
    assert (update["type"], update["status"]) == (kind, "InProgress")
    assert update["params"]
    during = account.describe(shared_cluster)
    assert during["status"] == "UPDATING"
    assert not covers(during, change)
    assert account.settled(update, shared_cluster)["status"] == "Successful"
    after = account.describe(shared_cluster)
    assert after["status"] == "ACTIVE"
    assert covers(after, change)
    unchanged = refusal(account.eks.update_cluster_config, name=shared_cluster, **change)
    assert unchanged.code == "InvalidParameterException"
    assert "No changes detected" in unchanged.message


def test_a_call_carries_one_category(account: Account) -> None:
    name = account.cluster()
    mixed = {"zonalShiftConfig": {"enabled": True}, "deletionProtection": True}
    refused = refusal(account.eks.update_cluster_config, name=name, **mixed)
    assert refused.code == "InvalidParameterException"
    assert "DeletionProtectionUpdate, ZonalShiftConfigUpdate" in refused.message
    vpc = {"endpointPrivateAccess": True, "subnetIds": account.subnets}
    refused = refusal(account.eks.update_cluster_config, name=name, resourcesVpcConfig=vpc)
    assert "EndpointAccessUpdate, VpcConfigUpdate" in refused.message


def test_an_update_names_something(account: Account) -> None:
    name = account.cluster()
    assert "No changes detected" in refusal(account.eks.update_cluster_config, name=name).message


def test_one_update_at_a_time(account: Account) -> None:
    name = account.cluster()
    update = account.eks.update_cluster_config(name=name, deletionProtection=True)["update"]
    for call, parameters in (
        (account.eks.update_cluster_config, {"zonalShiftConfig": {"enabled": True}}),
        (account.eks.update_cluster_version, {"version": "1.34"}),
    ):
        refused = refusal(call, name=name, **parameters)
        assert (refused.code, refused.status) == ("ResourceInUseException", 409)
        assert f"because cluster {name} currently has update {update['id']} in progress" in refused.message


def test_a_cluster_that_is_made_cannot_be_updated(account: Account) -> None:
    name = account.eks.create_cluster(**account.cluster_request())["cluster"]["name"]
    refused = refusal(account.eks.update_cluster_config, name=name, deletionProtection=True)
    assert (refused.code, refused.message) == ("InvalidRequestException", f"Cluster '{name}' is not in ACTIVE status")


def test_subnets_change_within_the_vpc_and_over_two_zones(account: Account) -> None:
    name = account.cluster()
    other = account.vpc_of("10.7.0.0/16")
    strangers = [account.subnet(f"10.7.{number}.0/24", account.zones[number], other) for number in range(2)]
    for subnets, reason in (
        (strangers, f"another VPC than the cluster's, {account.vpc}"),
        (account.subnets[:1], "at least two different AZs"),
    ):
        vpc = {"subnetIds": subnets}
        assert reason in refusal(account.eks.update_cluster_config, name=name, resourcesVpcConfig=vpc).message
    update = account.eks.update_cluster_config(name=name, resourcesVpcConfig={"subnetIds": account.subnets[1:]})[
        "update"
    ]
    assert account.settled(update, name)["status"] == "Successful"
    assert account.describe(name)["resourcesVpcConfig"]["subnetIds"] == account.subnets[1:]


def test_the_order_of_subnets_is_no_change(account: Account) -> None:
    name = account.cluster()
    vpc = {"subnetIds": account.subnets[::-1]}
    assert (
        "No changes detected" in refusal(account.eks.update_cluster_config, name=name, resourcesVpcConfig=vpc).message
    )


def test_one_endpoint_stays_on(account: Account) -> None:
    name = account.cluster()
    vpc = {"endpointPublicAccess": False}
    assert "cannot be false" in refusal(account.eks.update_cluster_config, name=name, resourcesVpcConfig=vpc).message


def test_customer_routed_egress_stays(account: Account) -> None:
    name = account.cluster({"controlPlaneEgressMode": "CUSTOMER_ROUTED"})
    vpc = {"controlPlaneEgressMode": "AWS_MANAGED"}
    refused = refusal(account.eks.update_cluster_config, name=name, resourcesVpcConfig=vpc)
    assert "cannot be changed from CUSTOMER_ROUTED to AWS_MANAGED" in refused.message


@pytest.mark.parametrize(
    ("before", "after"), [("API", "CONFIG_MAP"), ("API", "API_AND_CONFIG_MAP"), ("CONFIG_MAP", "API")]
)
def test_authentication_modes_go_one_way_step_by_step(account: Account, before: str, after: str) -> None:
    name = account.cluster(accessConfig={"authenticationMode": before})
    refused = refusal(account.eks.update_cluster_config, name=name, accessConfig={"authenticationMode": after})
    assert f"Unsupported authentication mode update from {before} to {after}" in refused.message


def test_support_cannot_be_left_once_it_is_extended(account: Account) -> None:
    name = account.cluster(version="1.32")
    refused = refusal(account.eks.update_cluster_config, name=name, upgradePolicy={"supportType": "STANDARD"})
    assert "is in extended support" in refused.message


def test_logging_keeps_the_types_that_are_not_mentioned(account: Account) -> None:
    name = account.cluster(logging={"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]})
    change = {"clusterLogging": [{"types": ["api"], "enabled": False}, {"types": ["scheduler"], "enabled": True}]}
    account.settled(account.eks.update_cluster_config(name=name, logging=change)["update"], name)
    assert account.describe(name)["logging"]["clusterLogging"] == [
        {"types": ["audit", "scheduler"], "enabled": True},
        {"types": ["api", "authenticator", "controllerManager"], "enabled": False},
    ]


def auto_mode(enabled: bool, **compute: Any) -> dict[str, Any]:
    return {
        "computeConfig": {"enabled": enabled, **compute},
        "storageConfig": {"blockStorage": {"enabled": enabled}},
        "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": enabled}},
    }


def test_auto_mode_is_switched_as_one_and_keeps_its_node_role(account: Account) -> None:
    name = account.cluster(accessConfig={"authenticationMode": "API"})
    partial = {"computeConfig": {"enabled": True}}
    assert "all required configs" in refusal(account.eks.update_cluster_config, name=name, **partial).message
    pools = {"nodePools": ["system"], "nodeRoleArn": account.roles["node"]}
    account.settled(account.eks.update_cluster_config(name=name, **auto_mode(True, **pools))["update"], name)
    assert account.describe(name)["computeConfig"] == {"enabled": True, **pools}
    other = account.role(account.name("node"), "ec2.amazonaws.com")
    changed = auto_mode(True, nodePools=["system"], nodeRoleArn=other)
    assert "nodeRoleArn cannot be changed" in refusal(account.eks.update_cluster_config, name=name, **changed).message
    account.settled(account.eks.update_cluster_config(name=name, **auto_mode(False))["update"], name)
    assert account.describe(name)["computeConfig"] == {"enabled": False}


def test_the_service_cidr_stays(account: Account) -> None:
    name = account.cluster()
    network = {"serviceIpv4Cidr": "172.30.0.0/16"}
    refused = refusal(account.eks.update_cluster_config, name=name, kubernetesNetworkConfig=network)
    assert "serviceIpv4Cidr cannot be changed" in refused.message


def test_remote_networks_are_added_and_removed(account: Account) -> None:
    name = account.cluster(accessConfig={"authenticationMode": "API"})
    networks = {"remoteNodeNetworks": [{"cidrs": ["192.168.0.0/24"]}]}
    account.settled(account.eks.update_cluster_config(name=name, remoteNetworkConfig=networks)["update"], name)
    assert account.describe(name)["remoteNetworkConfig"] == networks
    nothing: dict[str, Any] = {"remoteNodeNetworks": [], "remotePodNetworks": []}
    account.settled(account.eks.update_cluster_config(name=name, remoteNetworkConfig=nothing)["update"], name)
    assert "remoteNetworkConfig" not in account.describe(name)


@pytest.mark.parametrize(("before", "after"), [("1.32", "1.34"), ("1.33", "1.32"), ("1.33", "1.33")])
def test_a_version_goes_one_minor_up(account: Account, before: str, after: str) -> None:
    name = account.cluster(version=before)
    refused = refusal(account.eks.update_cluster_version, name=name, version=after)
    assert refused.code == "InvalidParameterException"
    assert refused.message == f"Unsupported Kubernetes minor version update from {before} to {after}"


def test_an_upgrade_brings_version_and_platform(account: Account) -> None:
    name = account.cluster(version="1.32")
    update = account.eks.update_cluster_version(name=name, version="1.33")["update"]
    assert update["type"] == "VersionUpdate"
    assert {"type": "Version", "value": "1.33"} in update["params"]
    assert account.describe(name)["version"] == "1.32"
    assert account.settled(update, name)["status"] == "Successful"
    assert (account.describe(name)["version"], account.describe(name)["status"]) == ("1.33", "ACTIVE")


def test_node_groups_must_have_caught_up_before_an_upgrade(account: Account) -> None:
    name = account.cluster(version="1.32")
    group = account.nodegroup(name)
    account.settled(account.eks.update_cluster_version(name=name, version="1.33")["update"], name)
    refused = refusal(account.eks.update_cluster_version, name=name, version="1.34")
    assert refused.code == "InvalidRequestException"
    assert refused.message.startswith(f"Nodegroups {group} must be updated to match cluster version 1.33")


def test_encryption_is_associated_once(account: Account) -> None:
    name = account.cluster()
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    config = [{"resources": ["secrets"], "provider": {"keyArn": key}}]
    update = account.eks.associate_encryption_config(clusterName=name, encryptionConfig=config)["update"]
    assert update["type"] == "AssociateEncryptionConfig"
    assert account.settled(update, name)["status"] == "Successful"
    assert account.describe(name)["encryptionConfig"] == config
    refused = refusal(account.eks.associate_encryption_config, clusterName=name, encryptionConfig=config)
    assert refused.code == "InvalidRequestException"
    assert "already associated" in refused.message


def test_updates_are_listed_and_described_by_owner(account: Account) -> None:
    name = account.cluster()
    group = account.nodegroup(name)
    own = account.eks.update_cluster_config(name=name, deletionProtection=True)["update"]["id"]
    scaling = {"clusterName": name, "nodegroupName": group, "scalingConfig": {"maxSize": 3}}
    groups = account.eks.update_nodegroup_config(**scaling)["update"]["id"]
    account.sim.advance(LONG)
    assert account.eks.list_updates(name=name)["updateIds"] == [own]
    assert account.eks.list_updates(name=name, nodegroupName=group)["updateIds"] == [groups]
    assert refusal(account.eks.describe_update, name=name, updateId=groups).code == "ResourceNotFoundException"
    assert account.eks.describe_update(name=name, updateId=groups, nodegroupName=group)["update"]["id"] == groups
    assert refusal(account.eks.describe_update, name=name, updateId="none").message == "No update found for ID: none"


def test_no_update_can_be_cancelled_yet(account: Account) -> None:
    name = account.cluster()
    update = account.eks.update_cluster_config(name=name, deletionProtection=True)["update"]
    assert refusal(account.eks.cancel_update, name=name, updateId=update["id"]).code == "InvalidStateException"
