# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add-ons: versions by word, configuration as data and by schema, roles by content, and errors that help."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.ledger import Ledger
from support.steps import Steps, fields, operations
from support.surroundings import Surroundings

NEWEST, DEFAULT = "v1.21.1-eksbuild.1", "v1.20.4-eksbuild.2"
CNI: dict[str, Any] = {"cluster_name": "prod", "name": "vpc-cni"}
EBS: dict[str, Any] = {"cluster_name": "prod", "name": "aws-ebs-csi-driver"}
LOOKED_UP = ["DescribeAddon", "DescribeCluster", "DescribeAddonVersions"]


@pytest.fixture
def prod(aws: Surroundings) -> str:
    """A cluster of version 1.34 with nothing in it, not even self-managed software."""
    return aws.cluster("prod", version="1.34", bootstrapSelfManagedAddons=False)


def describe(aws: Surroundings, name: str = "vpc-cni") -> dict[str, Any]:
    found: dict[str, Any] = aws.eks.describe_addon(clusterName="prod", addonName=name)["addon"]
    return found


def test_an_addon_is_made_changed_and_deleted(prod: str, steps: Steps) -> None:
    made = steps.converge("addon", **CNI, tags={"CostCenter": "4711"})
    assert operations(made) == ["CreateAddon"]
    assert (made["addon_version"], made["status"], made["tags"]) == (DEFAULT, "ACTIVE", {"CostCenter": "4711"})
    changed = steps.converge(
        "addon", **CNI, addon_version=NEWEST, configuration_values={"env": {"WARM_ENI_TARGET": "2"}}, tags={"a": "b"}
    )
    assert operations(changed) == ["UpdateAddon", "UntagResource", "TagResource"]
    assert fields(changed) == {"addon_version", "configuration_values", "tags.CostCenter", "tags.a"}
    assert changed["configuration_values"] == {"env": {"WARM_ENI_TARGET": "2"}}
    emptied = steps.converge("addon", **CNI, configuration_values={})
    assert operations(emptied) == ["UpdateAddon"]
    gone = steps.converge("addon", **CNI, state="absent")
    assert operations(gone) == ["DeleteAddon"]


@pytest.mark.parametrize(("word", "version"), [("latest", NEWEST), ("default", DEFAULT)])
def test_versions_by_word_are_looked_up_and_stay(
    aws: Surroundings, prod: str, steps: Steps, ledger: Ledger, word: str, version: str
) -> None:
    assert steps.converge("addon", **CNI, addon_version=word)["addon_version"] == version
    again = steps.run("addon", **CNI, addon_version=word)
    assert not again["changed"]
    assert ledger.operations() == LOOKED_UP
    choices: list[dict[str, Any]] = [{}, {"addon_version": version}]
    for exact in choices:
        assert not steps.run("addon", **CNI, **exact)["changed"]
        assert ledger.operations() == ["DescribeAddon"]


def test_default_moves_an_addon_back(aws: Surroundings, prod: str, steps: Steps) -> None:
    aws.addon("vpc-cni", addonVersion=NEWEST)
    assert steps.converge("addon", **CNI, addon_version="default")["addon_version"] == DEFAULT


def test_the_latest_version_follows_the_clusters(aws: Surroundings, prod: str, steps: Steps) -> None:
    proxy: dict[str, Any] = {"cluster_name": "prod", "name": "kube-proxy", "addon_version": "latest"}
    assert steps.converge("addon", **proxy)["addon_version"] == "v1.34.2-eksbuild.9"
    aws.eks.update_cluster_version(name="prod", version="1.35")
    aws.settle()
    assert steps.converge("addon", **proxy)["addon_version"] == "v1.35.0-eksbuild.9"


@pytest.mark.parametrize(
    "spelling",
    [
        '{"nodeSelector": {"pool": "system"}, "replicaCount": 3}',
        "replicaCount: 3\nnodeSelector:\n  pool: system\n",
        {"replicaCount": 3, "nodeSelector": {"pool": "system"}},
    ],
)
def test_configuration_is_compared_as_data(aws: Surroundings, prod: str, steps: Steps, spelling: Any) -> None:
    aws.nodegroup()
    aws.addon("coredns", configurationValues='{"replicaCount":3, "nodeSelector":{"pool":"system"}}')
    dns: dict[str, Any] = {"cluster_name": "prod", "name": "coredns"}
    assert not steps.run("addon", **dns, configuration_values=spelling)["changed"]
    aws.eks.delete_addon(clusterName="prod", addonName="coredns")
    aws.settle()
    made = steps.converge("addon", **dns, configuration_values=spelling)
    assert made["configuration_values"] == {"replicaCount": 3, "nodeSelector": {"pool": "system"}}


@pytest.mark.parametrize("check", [True, False])
def test_configuration_is_checked_before_anything_is_written(prod: str, steps: Steps, check: bool) -> None:
    wrong = {"env": {"WARM_ENI_TARGET": 2, "WARM_ENI": "2"}, "enableNetworkPolicy": "perhaps", "mode": "ipvs"}
    message = steps.refused("addon", **CNI, addon_version=NEWEST, configuration_values=wrong, check=check)
    assert message.startswith("add-on vpc-cni of cluster prod: configuration_values.")
    assert "configuration_values.env.WARM_ENI_TARGET: found 2, wanted a value of type string, in quotes" in message
    assert "configuration_values.env.WARM_ENI: there is no such value; there are: " in message
    assert 'configuration_values.enableNetworkPolicy: found "perhaps", wanted "true" or "false"' in message
    assert "configuration_values.mode: there is no such value" in message


def test_what_is_no_document_is_refused(prod: str, steps: Steps) -> None:
    message = steps.refused("addon", **CNI, configuration_values="{[}")
    assert "add-on vpc-cni of cluster prod: configuration_values: neither JSON" in message
    assert "wanted a dictionary" in steps.refused("addon", **CNI, configuration_values="just words")


def test_roles_of_pods_are_compared_by_content(aws: Surroundings, prod: str, steps: Steps, ledger: Ledger) -> None:
    aws.nodegroup()
    one, other = aws.role("pods", "one"), aws.role("pods", "other")
    account = "ebs-csi-controller-sa"
    made = steps.converge("addon", **EBS, pod_identity_associations=[{"service_account": account, "role_arn": one}])
    [association] = made["pod_identity_associations"]
    assert (association["service_account"], association["role_arn"]) == (account, one)
    changed = steps.converge(
        "addon", **EBS, pod_identity_associations=[{"service_account": account, "role_arn": other}]
    )
    assert changed["diff"]["before"] == {"pod_identity_associations": [{"service_account": account, "role_arn": one}]}
    assert operations(changed) == ["UpdateAddon"]
    left = steps.run("addon", **EBS)
    assert not left["changed"]
    assert ledger.operations() == ["DescribeAddon"]
    assert left["pod_identity_associations"][0].keys() == {"association_arn", "association_id"}
    emptied = steps.converge("addon", **EBS, pod_identity_associations=[])
    assert emptied["pod_identity_associations"] == []
    assert aws.eks.list_pod_identity_associations(clusterName="prod")["associations"] == []


def test_a_service_account_role_survives_other_updates(aws: Surroundings, prod: str, steps: Steps) -> None:
    """The service takes a role that an update leaves out for one that is to go."""
    issuer = aws.eks.describe_cluster(name="prod")["cluster"]["identity"]["oidc"]["issuer"]
    provider = aws.iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["sts.amazonaws.com"])
    principal = {"Federated": provider["OpenIDConnectProviderArn"]}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRoleWithWebIdentity"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = aws.iam.create_role(RoleName="vpc-cni", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    aws.settle()
    steps.converge("addon", **CNI, service_account_role_arn=role)
    updated = steps.converge("addon", **CNI, addon_version=NEWEST)
    assert fields(updated) == {"addon_version"}
    assert updated["service_account_role_arn"] == role
    without = steps.converge("addon", **CNI, service_account_role_arn="")
    assert "service_account_role_arn" not in without


def test_self_managed_software_is_taken_over_on_request(aws: Surroundings, steps: Steps) -> None:
    aws.cluster("prod", version="1.34")
    message = steps.failed("addon", **CNI, addon_version="latest")
    assert "add-on vpc-cni of cluster prod is CREATE_FAILED: ConfigurationConflict: " in message
    assert "resolve_conflicts: OVERWRITE" in message
    message = steps.refused("addon", **CNI, addon_version="latest", resolve_conflicts="OVERWRITE")
    assert "set replace: true" in message
    wanted: dict[str, Any] = {"addon_version": "latest", "resolve_conflicts": "OVERWRITE", "replace": True}
    made = steps.converge("addon", **CNI, **wanted)
    assert operations(made) == ["DeleteAddon", "CreateAddon"]
    assert made["status"] == "ACTIVE"


def test_a_deletion_may_leave_the_software(aws: Surroundings, prod: str, steps: Steps, ledger: Ledger) -> None:
    aws.addon("vpc-cni")
    steps.converge("addon", **CNI, state="absent", preserve=True)
    [deletion] = [entry for entry in ledger.writes() if entry["operation"] == "DeleteAddon"]
    assert deletion["parameters"]["preserve"] is True


def test_another_namespace_means_another_addon(aws: Surroundings, prod: str, steps: Steps) -> None:
    aws.nodegroup()
    metrics: dict[str, Any] = {"cluster_name": "prod", "name": "metrics-server"}
    aws.addon("metrics-server")
    message = steps.refused("addon", **metrics, namespace_config={"namespace": "metrics"})
    assert "namespace_config.namespace: found 'kube-system', wanted 'metrics'" in message
    made = steps.converge("addon", **metrics, namespace_config={"namespace": "metrics"}, replace=True)
    assert made["namespace_config"] == {"namespace": "metrics"}


def test_what_lacks_nodes_says_so(prod: str, steps: Steps) -> None:
    dns: dict[str, Any] = {"cluster_name": "prod", "name": "coredns"}
    message = steps.failed("addon", **dns)
    assert "add-on coredns of cluster prod is DEGRADED: InsufficientNumberOfReplicas: " in message
    assert "Give the cluster nodes" in message
    assert not steps.run("addon", **dns, wait=False)["changed"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"addon_version": "v0.0.1-eksbuild.1"}, ["addon_version: found 'v0.0.1-eksbuild.1'", "addon_versions_info"]),
        ({"pod_identity_associations": [{"service_account": "x", "role_arn": "PODS"}]}, ["Service account x", "tells"]),
        ({"service_account_role_arn": "cni"}, ["service_account_role_arn: found 'cni'", "ARN of an IAM role"]),
    ],
)
def test_a_refusal_names_the_field_and_the_remedy(
    aws: Surroundings, prod: str, steps: Steps, options: dict[str, Any], words: list[str]
) -> None:
    known = json.loads(json.dumps(options).replace("PODS", aws.role("pods")))
    message = steps.failed("addon", **CNI, **known)
    assert message.startswith("add-on vpc-cni of cluster prod: ")
    assert [word for word in words if word not in message] == []


def test_an_addon_that_eks_does_not_have(prod: str, steps: Steps) -> None:
    unknown: dict[str, Any] = {"cluster_name": "prod", "name": "my-own", "addon_version": "latest"}
    message = steps.refused("addon", **unknown, check=True)
    assert "addon_version: found 'latest', but EKS has no version of my-own for Kubernetes 1.34" in message


def test_check_mode_runs_through_without_a_cluster(steps: Steps) -> None:
    plan = steps.run("addon", **CNI, addon_version="latest", configuration_values={"env": {}}, check=True)
    assert operations(plan) == ["CreateAddon"]


def test_a_version_that_no_longer_takes_the_configuration(aws: Surroundings, prod: str, steps: Steps) -> None:
    """The configuration that is there is checked by the schema of a version that is to come."""
    values = {"mode": "ipvs"}
    proxy: dict[str, Any] = {"cluster_name": "prod", "name": "kube-proxy"}
    aws.addon("kube-proxy", configurationValues=json.dumps(values))
    made = steps.converge("addon", **proxy, addon_version="latest")
    assert made["configuration_values"] == values


def test_what_eks_offers_is_told(prod: str, steps: Steps, ledger: Ledger) -> None:
    asked: dict[str, Any] = {"name": "vpc-cni", "cluster_name": "prod", "configuration_of": "latest"}
    [cni] = steps.run("addon_versions_info", **asked)["addons"]
    assert (cni["latest_version"], cni["default_version"]) == (NEWEST, DEFAULT)
    assert cni["configuration"]["addon_version"] == NEWEST
    assert "env" in cni["configuration"]["configuration_schema"]["definitions"]["VpcCni"]["properties"]
    assert cni["configuration"]["pod_identity_configuration"][0]["service_account"] == "aws-node"
    assert ledger.operations() == ["DescribeCluster", "DescribeAddonVersions", "DescribeAddonConfiguration"]
    assert steps.run("addon_versions_info", name="my-own")["addons"] == []
    assert "configuration_of: found 'default'" in steps.refused("addon_versions_info", configuration_of="default")
    assert "give its name" in steps.refused("addon_versions_info", configuration_of="v1")


def test_all_of_a_clusters_addons_are_told(aws: Surroundings, prod: str, steps: Steps) -> None:
    identities = [{"serviceAccount": "aws-node", "roleArn": aws.role("pods")}]
    aws.addon("vpc-cni", podIdentityAssociations=identities, configurationValues="env: {WARM_IP_TARGET: '1'}")
    aws.addon("kube-proxy")
    found = steps.run("addon_info", cluster_name="prod")["addons"]
    assert [addon["addon_name"] for addon in found] == ["kube-proxy", "vpc-cni"]
    assert found[1]["configuration_values"] == {"env": {"WARM_IP_TARGET": "1"}}
    assert found[1]["pod_identity_associations"][0]["role_arn"] == aws.role("pods")
    assert steps.run("addon_info", cluster_name="prod", name="coredns")["addons"] == []
