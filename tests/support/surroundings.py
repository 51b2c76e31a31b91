# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster needs around it, put into the simulated AWS with boto3: a VPC, roles, keys, and clusters of others."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import boto3

from eks_simulator.process import Simulator

ACCOUNT = "123456789012"
PAST_ANY_TRANSITION = 7200  # simulated seconds
ROLES = {
    "people": (f"arn:aws:iam::{ACCOUNT}:root", []),
    "cluster": ("eks.amazonaws.com", ["AmazonEKSClusterPolicy"]),
    "node": (
        "ec2.amazonaws.com",
        ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy"],
    ),
    "capability": ("capabilities.eks.amazonaws.com", []),
    "anywhere": ("rolesanywhere.amazonaws.com", ["AmazonEC2ContainerRegistryPullOnly"]),
    "pods": ("pods.eks.amazonaws.com", []),
    "connector": ("ssm.amazonaws.com", []),
    "hybrid": ("ssm.amazonaws.com", ["AmazonSSMManagedInstanceCore", "AmazonEC2ContainerRegistryPullOnly"]),
    "fargate": ("eks-fargate-pods.amazonaws.com", ["AmazonEKSFargatePodExecutionRolePolicy"]),
}


class Surroundings:
    """Makes each thing when first asked for. Roles are named ``test-cluster``, ``test-node``, ``test-fargate``.

    With a ``role``, an ARN, all is made as that role, in its account, where somebody has made it for us.
    """

    def __init__(self, simulator: Simulator, region: str = "", role: str = "") -> None:
        self.simulator = simulator
        self.region = region or simulator.env["AWS_REGION"]
        self.account = role.split(":")[4] if role else ACCOUNT
        self._keys = {
            "aws_access_key_id": simulator.env["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": simulator.env["AWS_SECRET_ACCESS_KEY"],
        }
        if role:
            simulator.make_role(role)
            session = self.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
            self._keys = {
                "aws_access_key_id": session["AccessKeyId"],
                "aws_secret_access_key": session["SecretAccessKey"],
                "aws_session_token": session["SessionToken"],
            }

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client of the simulated AWS."""
        url = self.simulator.env["AWS_ENDPOINT_URL"]
        return boto3.client(service, endpoint_url=url, region_name=region or self.region, **self._keys)

    @cached_property
    def eks(self) -> Any:
        return self.client("eks")

    @cached_property
    def ec2(self) -> Any:
        return self.client("ec2")

    @cached_property
    def iam(self) -> Any:
        return self.client("iam")

    @cached_property
    def ssm(self) -> Any:
        return self.client("ssm")

    @cached_property
    def anywhere(self) -> Any:
        return self.client("rolesanywhere")

    @cached_property
    def vpc(self) -> str:
        """A VPC whose private subnets have no way to the internet and whose public ones have."""
        return str(self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])

    @cached_property
    def zones(self) -> list[str]:
        return [zone["ZoneName"] for zone in self.ec2.describe_availability_zones()["AvailabilityZones"]][:3]

    @cached_property
    def private_subnets(self) -> list[str]:
        """Three, one in each zone."""
        return [self.subnet(f"10.0.{number}.0/24", zone) for number, zone in enumerate(self.zones)]

    @cached_property
    def public_subnets(self) -> list[str]:
        """Three, one in each zone, routed to an internet gateway."""
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        subnets = [self.subnet(f"10.0.{100 + number}.0/24", zone) for number, zone in enumerate(self.zones)]
        for subnet in subnets:
            self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        return subnets

    def subnet(self, cidr: str, zone: str) -> str:
        """A further subnet of the VPC."""
        return str(self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"])

    def security_group(self, name: str) -> str:
        """A further security group of the VPC."""
        return str(self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"])

    @cached_property
    def key(self) -> str:
        """The ARN of a KMS key."""
        return str(self.client("kms").create_key()["KeyMetadata"]["Arn"])

    def role(self, purpose: str, name: str = "", *, settle: bool = True) -> str:
        """The ARN of the IAM role for one of ROLES' purposes, by now known to EKS if ``settle``."""
        name = name or f"test-{purpose}"
        arn = f"arn:aws:iam::{self.account}:role/{name}"
        if name not in self._roles:
            principal, policies = ROLES[purpose]
            statement = {
                "Effect": "Allow",
                "Principal": {"AWS" if principal.startswith("arn:") else "Service": principal},
                "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
            }
            trust = {"Version": "2012-10-17", "Statement": [statement]}
            with suppress(self.iam.exceptions.EntityAlreadyExistsException):  # made from another region
                self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
            for policy in policies:
                self.iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
            self._roles.add(name)
            self.simulator.advance(60 if settle else 0)
        return arn

    @cached_property
    def _roles(self) -> set[str]:
        return set()

    def settle(self) -> None:
        """Let all that is under way come to its end; the simulated AWS lives through it when it is next called."""
        self.simulator.advance(PAST_ANY_TRANSITION)
        self.eks.list_clusters()

    def cluster(self, name: str = "prod", *, settle: bool = True, **members: Any) -> str:
        """A cluster that somebody else made, in the API's spelling; returns its name."""
        network = {"subnetIds": self.private_subnets, **members.pop("resourcesVpcConfig", {})}
        self.eks.create_cluster(
            **{"name": name, "roleArn": self.role("cluster"), "resourcesVpcConfig": network, **members}
        )
        if settle:
            self.settle()
        return name

    def auto_mode_cluster(self, name: str = "prod", **members: Any) -> str:
        """A cluster with EKS Auto Mode that somebody else made; returns its name."""
        on: dict[str, Any] = {
            "accessConfig": {"authenticationMode": "API"},
            "bootstrapSelfManagedAddons": False,
            "computeConfig": {"enabled": True},
            "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True}},
            "storageConfig": {"blockStorage": {"enabled": True}},
        }
        return self.cluster(name, **on, **members)

    def nodegroup(self, name: str = "web", *, cluster: str = "prod", settle: bool = True, **members: Any) -> str:
        """A node group that somebody else made; returns its name."""
        own = {"clusterName": cluster, "nodegroupName": name, "nodeRole": self.role("node")}
        self.eks.create_nodegroup(**{**own, "subnets": self.private_subnets, **members})
        if settle:
            self.settle()
        return name

    def addon(self, name: str = "kube-proxy", *, cluster: str = "prod", settle: bool = True, **members: Any) -> str:
        """An add-on that somebody else installed over whatever was there; returns its name."""
        given = {"clusterName": cluster, "addonName": name, "resolveConflicts": "OVERWRITE", **members}
        self.eks.create_addon(**given)
        if settle:
            self.settle()
        return name

    def pod_identity(self, account: str = "orders", *, cluster: str = "prod", **members: Any) -> str:
        """A pod identity association that somebody else made, in the namespace shop; returns its id."""
        given = {"clusterName": cluster, "namespace": "shop", "serviceAccount": account, **members}
        made = self.eks.create_pod_identity_association(**{"roleArn": self.role("pods"), **given})
        return str(made["association"]["associationId"])

    def fargate_profile(self, name: str = "apps", *, cluster: str = "prod", settle: bool = True, **members: Any) -> str:
        """A Fargate profile that somebody else made; returns its name."""
        own = {"clusterName": cluster, "fargateProfileName": name, "podExecutionRoleArn": self.role("fargate")}
        defaults = {"subnets": self.private_subnets, "selectors": [{"namespace": name}]}
        self.eks.create_fargate_profile(**{**own, **defaults, **members})
        if settle:
            self.settle()
        return name

    def trust_anchor(self, pem: str, name: str = "edge", **members: Any) -> str:
        """The ARN of an enabled trust anchor that somebody else made."""
        source = {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": pem}}
        made = self.anywhere.create_trust_anchor(**{"name": name, "source": source, "enabled": True, **members})
        return str(made["trustAnchor"]["trustAnchorArn"])

    def profile(self, name: str = "edge", **members: Any) -> str:
        """The ARN of an enabled profile that somebody else made, in which hosts may name their sessions."""
        own = {"name": name, "roleArns": [self.role("anywhere")], "enabled": True, "acceptRoleSessionName": True}
        return str(self.anywhere.create_profile(**{**own, **members})["profile"]["profileArn"])

    def activation(self, name: str = "", **members: Any) -> dict[str, str]:
        """Id and code of a hybrid activation, as hosts register with; with a name, it carries the tag of it."""
        tags = [{"Key": "flotilla.eks/activation", "Value": name}] if name else []
        role = self.role("hybrid").rpartition("/")[2]
        late = datetime.fromisoformat(self.simulator.now()) + timedelta(days=29)  # simulated time runs fast
        own = {"IamRole": role, "Tags": tags, "ExpirationDate": late}
        made = self.ssm.create_activation(**{**own, **members})
        return {"activation_id": made["ActivationId"], "activation_code": made["ActivationCode"]}

    def host(self, activation: dict[str, str], **told: str) -> str:
        """The id of an on-premises host that has registered with Systems Manager."""
        return str(self.simulator.register_host(**activation, **told)["instance_id"])

    def subscription(self, name: str = "support", *, settle: bool = True, **members: Any) -> str:
        """A subscription of EKS Anywhere for a year that carries the tag of its name; returns its id."""
        own = {"name": name, "term": {"duration": 12, "unit": "MONTHS"}, "tags": {"flotilla.eks/subscription": name}}
        made = self.eks.create_eks_anywhere_subscription(**{**own, "licenseQuantity": 1, **members})["subscription"]
        if settle:
            self.settle()
        return str(made["id"])
