# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of every module succeed, one after the other, as they are printed.

Only what an example cannot know is put in: the ids that AWS chooses, and a directory of the test's own.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import Encoding

from support.authority import Authority
from support.documentation import MODULES, OF_HOSTS, documentation
from support.ids import SUBNETS
from support.playbook import Playbook
from support.self_managed import SelfManaged
from support.surroundings import Surroundings

INSTANCE = "i-0a1b2c3d4e5f60718"
HOST = "mi-0a1b2c3d4e5f60718"
KEY = "key/1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9"
NODE = "ip-10-0-1-17.eu-central-1.compute.internal"
IMAGE, SECURITY_GROUP = "ami-0a1b2c3d4e5f60718", "sg-0a1b2c3d4e5f60718"
YEAR = 366 * 24 * 3600  # simulated seconds
DIRECTORY = "/run/deploy"
AUTHORITY = Authority()
NOT_FOR_US_TO_CHOOSE = re.compile(
    r"\b(?:subnet|sg|vpc|lt|ami)-[0-9a-f]{8,}\b|\bkey/[0-9a-f-]{36}\b|/run/deploy\b|\bip-[\d-]+\.[\w.-]+|\bm?i-[0-9a-f]{17}\b"
)


def an_account_without_clusters(aws: Surroundings) -> dict[str, Any]:
    aws.role("cluster", "eks-cluster")
    aws.role("node", "eks-auto-nodes")
    aws.security_group("eks-control-plane")
    return {}


def a_cluster(aws: Surroundings) -> dict[str, Any]:
    aws.cluster("prod", version="1.34", accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})
    aws.role("node", "eks-node")
    aws.role("fargate", "eks-fargate")
    aws.role("cluster", "platform-admin")
    aws.role("cluster", "developer")
    aws.role("capability", "eks-capability")
    return {}


def an_agents_role(aws: Surroundings) -> dict[str, Any]:
    aws.role("connector", "eks-connector")
    return {}


def a_connected_cluster(aws: Surroundings) -> dict[str, Any]:
    config = {"roleArn": aws.role("connector"), "provider": "OTHER"}
    aws.eks.register_cluster(name="site", connectorConfig=config)
    return {}


def an_expired_subscription(aws: Surroundings) -> dict[str, Any]:
    aws.subscription("support-2025")
    aws.simulator.advance(YEAR)
    return {}


def subscriptions(aws: Surroundings) -> dict[str, Any]:
    for name in ("support", "support-2025"):
        aws.subscription(name)
    return {}


def a_cluster_with_an_identity_provider(aws: Surroundings) -> dict[str, Any]:
    oidc = {"identityProviderConfigName": "corporate", "issuerUrl": "https://id.example.org", "clientId": "kubernetes"}
    aws.eks.associate_identity_provider_config(clusterName=aws.cluster("prod"), oidc=oidc)
    aws.settle()
    return {}


def roles_for_a_cluster(aws: Surroundings) -> dict[str, Any]:
    for kind, name in [("cluster", "eks-cluster"), ("node", "eks-node"), ("fargate", "eks-fargate")]:
        aws.role(kind, name)
    aws.role("cluster", "platform-admin")
    return {}


def roles_of_a_cluster(aws: Surroundings) -> dict[str, Any]:
    for purpose in ("cluster", "node"):
        aws.role(purpose, f"prod-{purpose}")
    return {}


def a_cluster_and_a_launch_template(aws: Surroundings) -> dict[str, Any]:
    template = {"LaunchTemplateName": "eks-nodes", "LaunchTemplateData": {"InstanceType": "m6i.large"}}
    aws.ec2.create_launch_template(**template)
    aws.ec2.create_launch_template_version(**template)
    return a_cluster(aws)


def a_cluster_with_its_members(aws: Surroundings) -> dict[str, Any]:
    a_cluster(aws)
    aws.nodegroup("web")
    aws.fargate_profile("apps")
    aws.eks.create_access_entry(clusterName="prod", principalArn=aws.role("cluster", "platform-admin"))
    return {}


def a_cluster_for_pods_with_roles(aws: Surroundings) -> dict[str, Any]:
    a_cluster(aws)
    aws.nodegroup("web")
    for name in ("ebs-csi", "orders", "reports"):
        aws.role("pods", name)
    return {}


def a_cluster_with_addons_and_associations(aws: Surroundings) -> dict[str, Any]:
    a_cluster(aws)
    aws.addon("kube-proxy")
    aws.pod_identity("orders")
    return {}


def a_cluster_and_what_its_module_returned(aws: Surroundings) -> dict[str, Any]:
    found = aws.eks.describe_cluster(name=aws.cluster("production"))["cluster"]
    known = {"arn": found["arn"], "endpoint": found["endpoint"], "certificate_authority": found["certificateAuthority"]}
    return {"cluster_result": known}


def a_cluster_with_nodes(aws: Surroundings) -> dict[str, Any]:
    aws.cluster("prod", version="1.33")
    aws.nodegroup("web", labels={"accelerator": "nvidia"}, scalingConfig={"minSize": 0, "maxSize": 3, "desiredSize": 3})
    aws.nodegroup("api")
    return {}


def a_cluster_and_an_instance_profile(aws: Surroundings) -> dict[str, Any]:
    found = aws.eks.describe_cluster(name=aws.cluster("prod"))["cluster"]
    aws.role("node", "eks-node")
    aws.iam.create_instance_profile(InstanceProfileName="eks-node")
    aws.iam.add_role_to_instance_profile(InstanceProfileName="eks-node", RoleName="eks-node")
    known = {
        "name": "prod",
        "endpoint": found["endpoint"],
        "certificate_authority": found["certificateAuthority"],
        "kubernetes_network_config": {"service_ipv4_cidr": found["kubernetesNetworkConfig"]["serviceIpv4Cidr"]},
    }
    return {"cluster": known}


def outdated_nodes(aws: Surroundings) -> dict[str, Any]:
    """Those of a self-managed group that would be launched with other user data now."""
    SelfManaged(aws).change(labels={"tier": "web"})
    return {}


def an_instance(aws: Surroundings) -> str:
    """The id of an instance of an Auto Scaling group, or of none if there is none."""
    groups = aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return next((one["InstanceId"] for group in groups for one in group["Instances"]), INSTANCE)


def a_network_of_a_cluster(aws: Surroundings) -> dict[str, Any]:
    things = [aws.vpc, *aws.private_subnets]
    aws.ec2.create_tags(Resources=things, Tags=[{"Key": "flotilla.eks/cluster", "Value": "prod"}])
    return {}


def a_node_of(aws: Surroundings, group: str) -> str:
    """The name of a node of a group; of none if there is no such group."""
    tagged = [{"Name": "tag:eks:nodegroup-name", "Values": [group]}]
    found = aws.ec2.describe_instances(Filters=tagged)["Reservations"]
    return next((reservation["Instances"][0]["PrivateDnsName"] for reservation in found), NODE)


def a_role_for_hosts(aws: Surroundings) -> dict[str, Any]:
    aws.role("hybrid", "prod-hybrid")
    return {}


def trust_anchors(aws: Surroundings) -> dict[str, Any]:
    aws.trust_anchor(Authority().pem)
    return {}


def a_role_for_certificates(aws: Surroundings) -> dict[str, Any]:
    aws.role("anywhere", "prod-hybrid")
    return {}


def profiles(aws: Surroundings) -> dict[str, Any]:
    aws.profile()
    return {}


def activations(aws: Surroundings) -> dict[str, Any]:
    aws.activation("edge-join")
    return {}


def a_host(aws: Surroundings) -> dict[str, Any]:
    """One that has registered with Systems Manager."""
    aws.host(aws.activation("edge-join"))
    return {}


def registered(aws: Surroundings) -> str:
    """The id of a host that has registered with Systems Manager, or of none if there is none."""
    found = aws.ssm.describe_instance_information()["InstanceInformationList"]
    return next((host["InstanceId"] for host in found), HOST)


def a_certificate(aws: Surroundings) -> dict[str, Any]:
    """One of the authority that the examples have, for which there is a trust anchor."""
    certificate, _key = AUTHORITY.issue("edge-1")
    anchor = {"trust_anchor_arn": aws.trust_anchor(AUTHORITY.pem)}
    return {"anchor": anchor, "signed": {"certificate": certificate.public_bytes(Encoding.PEM).decode()}}


def nothing(aws: Surroundings) -> dict[str, Any]:
    return {}


def a_cluster_on_its_way_back(aws: Surroundings) -> dict[str, Any]:
    """A cluster with EKS Auto Mode that was upgraded and is rolled back, with a node group that stayed behind."""
    aws.auto_mode_cluster("prod", version="1.33")
    aws.nodegroup("web")
    aws.eks.update_cluster_version(name="prod", version="1.34")
    aws.settle()
    aws.eks.update_cluster_version(name="prod", version="1.33")
    return {}


# What the examples of a module find in AWS, and the variables that they use.
GIVEN = {
    "access_policies_info": nothing,
    "anywhere_subscription": an_expired_subscription,
    "anywhere_subscription_info": subscriptions,
    "connected_cluster": an_agents_role,
    "drain": a_cluster_with_nodes,
    "connected_cluster_info": a_connected_cluster,
    "access_entry": a_cluster,
    "access_entry_info": a_cluster_with_its_members,
    "addon": a_cluster_for_pods_with_roles,
    "addon_info": a_cluster_with_addons_and_associations,
    "addon_versions_info": a_cluster,
    "aws_auth": a_cluster,
    "bootstrap_info": a_cluster,
    "capability": a_cluster,
    "capability_info": a_cluster,
    "certificate_authority": a_cluster,
    "certificate_authority_info": a_cluster,
    "cluster": an_account_without_clusters,
    "cluster_info": a_cluster_with_its_members,
    "cluster_versions_info": nothing,
    "fargate_profile": a_cluster,
    "fargate_profile_info": a_cluster_with_its_members,
    "fleet": roles_for_a_cluster,
    "fleet_info": a_cluster_with_its_members,
    "identity_provider_config": a_cluster,
    "identity_provider_config_info": a_cluster_with_an_identity_provider,
    "iam_oidc_provider": a_cluster,
    "iam_roles_info": roles_of_a_cluster,
    "insights_info": a_cluster_with_its_members,
    "join_diagnosis": a_cluster_with_nodes,
    "kubeconfig": a_cluster_and_what_its_module_returned,
    "network_info": a_network_of_a_cluster,
    "nodegroup": a_cluster_and_a_launch_template,
    "nodegroup_info": a_cluster_with_its_members,
    "nodes": a_cluster_with_nodes,
    "nodes_info": a_cluster_with_nodes,
    "pod_identity_association": a_cluster_for_pods_with_roles,
    "pod_identity_association_info": a_cluster_with_addons_and_associations,
    "roles_anywhere_crl": a_certificate,
    "roles_anywhere_profile": a_role_for_certificates,
    "roles_anywhere_profile_info": profiles,
    "roles_anywhere_trust_anchor": nothing,
    "roles_anywhere_trust_anchor_info": trust_anchors,
    "roll": outdated_nodes,
    "ssm_activation": a_role_for_hosts,
    "ssm_activation_info": activations,
    "ssm_managed_instance": a_host,
    "ssm_managed_instance_info": a_host,
    "self_managed_nodegroups": a_cluster_and_an_instance_profile,
    "self_managed_nodegroups_info": nothing,
    "update": a_cluster_on_its_way_back,
}


@pytest.mark.parametrize("module", [module for module in MODULES if module not in OF_HOSTS])  # see tests/hosts
def test_examples_run(module: str, aws: Surroundings, playbook: Playbook) -> None:
    """In one play, in which each task has to do its work: none is left out."""
    variables = GIVEN[module](aws)
    (playbook.directory / "ca.pem").write_text(AUTHORITY.pem, encoding="utf-8")
    (playbook.directory / "ca.key").write_bytes(AUTHORITY.private)
    real = dict(zip(SUBNETS, aws.private_subnets, strict=True))
    real |= {
        KEY: aws.key.rpartition(":")[2],
        DIRECTORY: str(playbook.directory),
        NODE: a_node_of(aws, "web"),
        INSTANCE: an_instance(aws),
        HOST: registered(aws),
        IMAGE: IMAGE,
        SECURITY_GROUP: aws.security_group("examples"),
    }
    printed = documentation(module).examples_text
    tasks = yaml.safe_load(NOT_FOR_US_TO_CHOOSE.sub(lambda match: real[match.group()], printed))
    run = playbook.tasks(*tasks, variables=variables)
    assert [line["task"] for line in run.lines] == [task["name"] for task in tasks]
    assert {line["status"] for line in run.lines} == {"ok"}
    assert all(run.results[task["name"]]["changed"] for task in tasks if changes_something(task))


def changes_something(task: dict[str, Any]) -> bool:
    """Whether a task calls one of our modules that do more than look, and may find something to do."""
    return task.get("failed_when", "") != f"{task.get('register')} is changed" and any(
        name.startswith("flotilla.eks.") and not name.endswith("_info") and not only_looks(name, task[name])
        for name in task
    )


def only_looks(module: str, options: dict[str, Any]) -> bool:
    if module == "flotilla.eks.update":
        return bool(options.get("state") != "cancelled")
    if module == "flotilla.eks.roles_anywhere_crl":
        return "ca_key" not in options and options.get("state") != "absent"
    return module == "flotilla.eks.join_diagnosis"
