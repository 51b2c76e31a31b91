# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add-ons: versions that fit, configuration by schema, conflicts, nodes to run on, and what belongs to them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from unit.simulator.account import LONG, Account, refusal

INSTALLED = 60
"""Simulated seconds after which an add-on is installed, yet not given up for want of nodes."""
ACCOUNT = "ebs-csi-controller-sa"


@pytest.fixture
def cluster(account: Account) -> str:
    """A cluster with nothing in it, not even self-managed software."""
    return account.cluster(bootstrapSelfManagedAddons=False)


@pytest.fixture(scope="module")
def pod_role(built_account: Account) -> str:
    arn = built_account.role("addon-pods", "pods.eks.amazonaws.com")
    built_account.sim.advance(60)
    return arn


def create(account: Account, cluster: str, name: str, **parameters: Any) -> Any:
    """The refusal of a CreateAddon request."""
    return refusal(account.eks.create_addon, clusterName=cluster, addonName=name, **parameters)


def made(account: Account, cluster: str, name: str, after: int = INSTALLED, **parameters: Any) -> dict[str, Any]:
    """An add-on some time after its creation."""
    account.eks.create_addon(clusterName=cluster, addonName=name, **parameters)
    account.sim.advance(after)
    return described(account, cluster, name)


def described(account: Account, cluster: str, name: str) -> dict[str, Any]:
    return account.eks.describe_addon(clusterName=cluster, addonName=name)["addon"]


def updated(account: Account, cluster: str, name: str, **parameters: Any) -> dict[str, Any]:
    """An update of an add-on after its end."""
    update = account.eks.update_addon(clusterName=cluster, addonName=name, **parameters)["update"]
    assert (update["type"], update["status"]) == ("AddonUpdate", "InProgress")
    return account.settled(update, cluster, addonName=name)


def codes(addon: dict[str, Any]) -> list[str]:
    return [issue["code"] for issue in addon["health"]["issues"]]


def test_an_addon_comes_changes_and_goes(account: Account, cluster: str) -> None:
    request = {"clusterName": cluster, "addonName": "kube-proxy", "tags": {"A": "b"}}
    addon = account.eks.create_addon(**request)["addon"]
    assert (addon["status"], addon["addonVersion"]) == ("CREATING", "v1.33.0-eksbuild.2")
    account.sim.advance(INSTALLED)
    assert described(account, cluster, "kube-proxy")["status"] == "ACTIVE"
    assert account.eks.list_addons(clusterName=cluster)["addons"] == ["kube-proxy"]
    update = updated(account, cluster, "kube-proxy", addonVersion="v1.33.5-eksbuild.9", resolveConflicts="OVERWRITE")
    assert update["status"] == "Successful"
    assert {"type": "AddonVersion", "value": "v1.33.5-eksbuild.9"} in update["params"]
    assert described(account, cluster, "kube-proxy")["addonVersion"] == "v1.33.5-eksbuild.9"
    gone = account.eks.delete_addon(clusterName=cluster, addonName="kube-proxy")["addon"]
    assert gone["status"] == "DELETING"
    account.sim.advance(LONG)
    refused = refusal(account.eks.describe_addon, clusterName=cluster, addonName="kube-proxy")
    assert (refused.code, refused.message) == (
        "ResourceNotFoundException",
        f"No addon: kube-proxy found in cluster: {cluster}",
    )


def test_an_addon_is_there_once(account: Account, cluster: str) -> None:
    made(account, cluster, "kube-proxy")
    refused = create(account, cluster, "kube-proxy")
    assert (refused.code, refused.message) == ("ResourceInUseException", "Addon already exists.")


def test_the_cluster_must_be_active(account: Account) -> None:
    cluster = account.eks.create_cluster(**account.cluster_request())["cluster"]["name"]
    assert create(account, cluster, "kube-proxy").code == "InvalidRequestException"


def test_an_addon_is_one_of_the_catalogue(account: Account, cluster: str) -> None:
    assert create(account, cluster, "my-own").message == "Addon specified is not supported in 1.33 kubernetes version"


def test_a_version_runs_on_the_clusters(account: Account, cluster: str) -> None:
    for version in ("v1.35.0-eksbuild.2", "v9", "latest"):
        refused = create(account, cluster, "kube-proxy", addonVersion=version)
        assert refused.message == "Addon version specified is not supported"
    made(account, cluster, "kube-proxy")
    key = {"clusterName": cluster, "addonName": "kube-proxy"}
    refused = refusal(account.eks.update_addon, **key, addonVersion="v1.34.0-eksbuild.2")
    assert refused.message == "Addon version specified is not supported"


def test_versions_are_listed_with_what_they_run_on(account: Account) -> None:
    [addon] = account.eks.describe_addon_versions(addonName="vpc-cni", kubernetesVersion="1.33")["addons"]
    versions = {one["addonVersion"]: one["compatibilities"] for one in addon["addonVersions"]}
    assert next(iter(versions)) == "v1.21.1-eksbuild.1"
    assert versions["v1.20.4-eksbuild.2"] == [
        {"clusterVersion": "1.33", "platformVersions": ["*"], "defaultVersion": True}
    ]
    [addon] = account.eks.describe_addon_versions(addonName="kube-proxy", kubernetesVersion="1.29")["addons"]
    assert [one["addonVersion"] for one in addon["addonVersions"]] == ["v1.29.15-eksbuild.9", "v1.29.0-eksbuild.2"]
    assert refusal(account.eks.describe_addon_versions, addonName="x").code == "ResourceNotFoundException"


def test_the_catalogue_is_filtered_and_paged(account: Account) -> None:
    def names(**filters: Any) -> list[str]:
        return [addon["addonName"] for addon in account.eks.describe_addon_versions(**filters)["addons"]]

    assert names(types=["networking"]) == ["vpc-cni", "kube-proxy", "coredns"]
    assert names(owners=["community"]) == ["metrics-server"]
    assert names(publishers=["kubecost"]) == ["kubecost_kubecost"]
    assert names(owners=["aws"], types=["observability"]) == ["amazon-cloudwatch-observability"]
    assert len(names(maxResults=2)) == 2


def test_the_configuration_schema_is_shown(account: Account) -> None:
    request = {"addonName": "aws-ebs-csi-driver", "addonVersion": "v1.51.1-eksbuild.1"}
    answer = account.eks.describe_addon_configuration(**request)
    assert "controller" in json.loads(answer["configurationSchema"])["properties"]
    [identity] = answer["podIdentityConfiguration"]
    assert identity["serviceAccount"] == ACCOUNT
    assert identity["recommendedManagedPolicies"] == ["arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"]
    refused = refusal(account.eks.describe_addon_configuration, **{**request, "addonVersion": "v0"})
    assert refused.code == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("vpc-cni", '{"env": {"WARM_ENI_TARGET": 2}}'),
        ("vpc-cni", '{"enablePrefixDelegation": "true"}'),
        ("coredns", "replicaCount: none"),
        ("coredns", '{"replicaCount": 0}'),
        ("coredns", '{"tolerations": [{"operator": "Sometimes"}]}'),
        ("coredns", "[]]"),
        ("aws-ebs-csi-driver", json.dumps({"controller": {"extraVolumeTags": {"k" * 129: "v"}}})),
    ],
)
def test_configuration_follows_the_schema(account: Account, cluster: str, name: str, values: str) -> None:
    refused = create(account, cluster, name, configurationValues=values)
    assert refused.code == "InvalidParameterException"
    assert refused.message.startswith("ConfigurationValue provided in request is not supported: ")


def test_configuration_is_kept_as_it_was_given(account: Account, cluster: str) -> None:
    values = "env:\n  WARM_ENI_TARGET: '2'\n"
    assert made(account, cluster, "vpc-cni", configurationValues=values)["configurationValues"] == values
    updated(account, cluster, "vpc-cni", addonVersion="v1.21.1-eksbuild.1")
    assert described(account, cluster, "vpc-cni")["configurationValues"] == values


def test_self_managed_software_is_not_overwritten_without_leave(account: Account) -> None:
    cluster = account.cluster()
    newest = "v1.21.1-eksbuild.1"
    addon = made(account, cluster, "vpc-cni", addonVersion=newest)
    assert (addon["status"], codes(addon)) == ("CREATE_FAILED", ["ConfigurationConflict"])
    assert addon["health"]["issues"][0]["message"].startswith("Conflicts found when trying to apply.")
    refused = refusal(account.eks.update_addon, clusterName=cluster, addonName="vpc-cni", addonVersion=newest)
    assert refused.code == "ResourceInUseException"
    account.eks.delete_addon(clusterName=cluster, addonName="vpc-cni")
    account.sim.advance(LONG)
    assert made(account, cluster, "vpc-cni", addonVersion=newest, resolveConflicts="OVERWRITE")["status"] == "ACTIVE"
    assert made(account, cluster, "kube-proxy")["status"] == "ACTIVE"  # the same version: nothing to overwrite


def test_preserved_software_is_self_managed(account: Account, cluster: str) -> None:
    made(account, cluster, "vpc-cni")
    account.eks.delete_addon(clusterName=cluster, addonName="vpc-cni", preserve=True)
    account.sim.advance(LONG)
    assert made(account, cluster, "vpc-cni", addonVersion="v1.21.1-eksbuild.1")["status"] == "CREATE_FAILED"


def test_what_needs_nodes_is_degraded_without_and_recovers_with_them(account: Account, cluster: str) -> None:
    assert made(account, cluster, "eks-pod-identity-agent")["status"] == "ACTIVE"
    assert made(account, cluster, "coredns")["status"] == "CREATING"
    account.sim.advance(LONG)
    addon = described(account, cluster, "coredns")
    assert (addon["status"], codes(addon)) == ("DEGRADED", ["InsufficientNumberOfReplicas"])
    group = account.nodegroup(cluster)
    addon = described(account, cluster, "coredns")
    assert (addon["status"], codes(addon)) == ("ACTIVE", [])
    account.eks.delete_nodegroup(clusterName=cluster, nodegroupName=group)
    account.sim.advance(LONG)
    assert described(account, cluster, "coredns")["status"] == "DEGRADED"
    account.profile(cluster, selectors=[{"namespace": "kube-system"}])
    assert described(account, cluster, "coredns")["status"] == "ACTIVE"


def test_nodes_may_come_while_an_addon_waits_for_them(account: Account, cluster: str) -> None:
    made(account, cluster, "coredns")
    account.eks.create_nodegroup(**account.nodegroup_request(cluster))
    account.sim.advance(300)
    assert described(account, cluster, "coredns")["status"] == "ACTIVE"


def test_a_service_account_role_needs_the_clusters_oidc_provider(account: Account, cluster: str) -> None:
    role = account.role(account.name("irsa"), "ec2.amazonaws.com")
    account.sim.advance(60)
    addon = made(account, cluster, "vpc-cni", serviceAccountRoleArn=role)
    assert (addon["status"], codes(addon)) == ("DEGRADED", ["AccessDenied"])
    issuer = account.describe(cluster)["identity"]["oidc"]["issuer"]
    provider = account.iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["sts.amazonaws.com"])
    federated = {"Federated": provider["OpenIDConnectProviderArn"]}
    statement = {"Effect": "Allow", "Principal": federated, "Action": "sts:AssumeRoleWithWebIdentity"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    name = role.rpartition("/")[2]
    account.iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    account.sim.advance(60)
    updated(account, cluster, "vpc-cni", serviceAccountRoleArn=role, addonVersion="v1.21.1-eksbuild.1")
    assert described(account, cluster, "vpc-cni")["status"] == "ACTIVE"
    updated(account, cluster, "vpc-cni", addonVersion="v1.20.4-eksbuild.2")
    assert "serviceAccountRoleArn" not in described(account, cluster, "vpc-cni")
    nobody = "arn:aws:iam::123456789012:role/nobody"
    assert "cannot be found" in create(account, cluster, "coredns", serviceAccountRoleArn=nobody).message


def test_pod_identities_belong_to_their_addon(account: Account, cluster: str, pod_role: str) -> None:
    identities = [{"serviceAccount": ACCOUNT, "roleArn": pod_role}]
    addon = made(account, cluster, "aws-ebs-csi-driver", podIdentityAssociations=identities)
    [arn] = addon["podIdentityAssociations"]
    key = {"clusterName": cluster, "associationId": arn.rpartition("/")[2]}
    association = account.eks.describe_pod_identity_association(**key)["association"]
    assert (association["ownerArn"], association["namespace"]) == (addon["addonArn"], "kube-system")
    for method in (account.eks.delete_pod_identity_association, account.eks.update_pod_identity_association):
        refused = refusal(method, **key)
        assert refused.code == "InvalidRequestException"
        assert "is owned by the addon" in refused.message
    account.nodegroup(cluster)
    other = account.role(account.name("pods"), "pods.eks.amazonaws.com")
    account.sim.advance(60)
    changed = [{"serviceAccount": ACCOUNT, "roleArn": other}]
    updated(account, cluster, "aws-ebs-csi-driver", podIdentityAssociations=changed)
    assert account.eks.describe_pod_identity_association(**key)["association"]["roleArn"] == other
    updated(account, cluster, "aws-ebs-csi-driver", addonVersion="v1.53.0-eksbuild.1")
    assert described(account, cluster, "aws-ebs-csi-driver")["podIdentityAssociations"] == [arn]
    updated(account, cluster, "aws-ebs-csi-driver", podIdentityAssociations=[])
    assert described(account, cluster, "aws-ebs-csi-driver")["podIdentityAssociations"] == []
    assert account.eks.list_pod_identity_associations(clusterName=cluster)["associations"] == []


def test_pod_identities_are_for_accounts_that_the_addon_has(account: Account, cluster: str, pod_role: str) -> None:
    def identity(name: str, account_name: str) -> Any:
        identities = [{"serviceAccount": account_name, "roleArn": pod_role}]
        return create(account, cluster, name, podIdentityAssociations=identities)

    assert "Pod Identity feature is not supported for addon version" in identity("kube-proxy", "x").message
    refused = identity("vpc-cni", "default")
    assert refused.message == "Service account default in pod identity configuration is not supported for addon vpc-cni"
    request = {"clusterName": cluster, "namespace": "kube-system", "serviceAccount": "aws-node", "roleArn": pod_role}
    account.eks.create_pod_identity_association(**request)
    refused = identity("vpc-cni", "aws-node")
    assert refused.code == "ResourceInUseException"
    assert refused.message.startswith("Association already exists: a-")


@pytest.mark.parametrize("preserve", [False, True])
def test_pod_identities_go_with_their_addon_unless_preserved(
    account: Account, cluster: str, pod_role: str, preserve: bool
) -> None:
    identities = [{"serviceAccount": "aws-node", "roleArn": pod_role}]
    made(account, cluster, "vpc-cni", podIdentityAssociations=identities)
    account.eks.delete_addon(clusterName=cluster, addonName="vpc-cni", preserve=preserve)
    account.sim.advance(LONG)
    left = account.eks.list_pod_identity_associations(clusterName=cluster)["associations"]
    assert [one.get("ownerArn", "nobody") for one in left] == ["nobody"] * preserve


def test_one_update_at_a_time_and_each_changes_something(account: Account, cluster: str) -> None:
    key = {"clusterName": cluster, "addonName": "kube-proxy"}
    assert made(account, cluster, "kube-proxy")["status"] == "ACTIVE"
    assert "No changes detected" in refusal(account.eks.update_addon, **key).message
    account.eks.update_addon(**key, configurationValues='{"mode": "ipvs"}')
    refused = refusal(account.eks.update_addon, **key, configurationValues='{"mode": "iptables"}')
    assert refused.code == "ResourceInUseException"
    assert refused.message.startswith("Cannot AddonUpdate because addon kube-proxy currently has update")
    assert refusal(account.eks.delete_addon, **key).code == "InvalidRequestException"


def test_updates_are_listed_by_addon(account: Account, cluster: str) -> None:
    made(account, cluster, "kube-proxy")
    update = updated(account, cluster, "kube-proxy", configurationValues='{"mode": "ipvs"}')
    assert account.eks.list_updates(name=cluster, addonName="kube-proxy")["updateIds"] == [update["id"]]
    assert account.eks.list_updates(name=cluster)["updateIds"] == []
    refused = refusal(account.eks.describe_update, name=cluster, updateId=update["id"])
    assert refused.code == "ResourceNotFoundException"


def test_a_namespace_of_ones_own(account: Account, cluster: str) -> None:
    addon = made(account, cluster, "metrics-server", namespaceConfig={"namespace": "metrics"})
    assert addon["namespaceConfig"] == {"namespace": "metrics"}
    refused = create(account, cluster, "coredns", namespaceConfig={"namespace": "Not-a-name"})
    assert refused.message == "Invalid namespace: Not-a-name"


def test_the_marketplace_demands_a_subscription(account: Account, cluster: str) -> None:
    addon = made(account, cluster, "kubecost_kubecost")
    assert (addon["status"], codes(addon)) == ("CREATE_FAILED", ["AddonSubscriptionNeeded"])


@pytest.mark.parametrize(
    ("becomes", "status", "ended"),
    [("FAILED", "UPDATE_FAILED", "Failed"), ("CANCELLED", "ACTIVE", "Cancelled"), ("DEGRADED", "DEGRADED", "Failed")],
)
def test_updates_end_badly_on_request(account: Account, cluster: str, becomes: str, status: str, ended: str) -> None:
    made(account, cluster, "kube-proxy")
    account.sim.fault(resource="addon", name="kube-proxy", becomes=becomes, code="ConfigurationConflict", count=1)
    assert updated(account, cluster, "kube-proxy", configurationValues='{"mode": "ipvs"}')["status"] == ended
    assert described(account, cluster, "kube-proxy")["status"] == status
    assert updated(account, cluster, "kube-proxy", configurationValues='{"mode": "ipvs"}')["status"] == "Successful"
    assert described(account, cluster, "kube-proxy")["status"] == "ACTIVE"


def test_a_cluster_is_deleted_with_its_addons(account: Account, cluster: str) -> None:
    made(account, cluster, "kube-proxy")
    account.eks.delete_cluster(name=cluster)
    account.sim.advance(LONG)
    assert refusal(account.eks.list_addons, clusterName=cluster).code == "ResourceNotFoundException"
