# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the simulator act with: an account with a network and roles, and a look at error answers."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from eks_simulator.process import SimulatorProcess

CREATION = 600
"""Simulated seconds in which a cluster, a node group and a Fargate profile are all made."""
LONG = 3600
"""Simulated seconds in which anything ends."""


@dataclass
class Refusal:
    """An error answer: its code, message, HTTP status, and the modelled members beside the message."""

    code: str
    message: str
    status: int
    members: dict[str, Any]


def refusal(call: Callable[..., Any], **parameters: Any) -> Refusal:
    """The error that a call is answered with. Fails the test if there is none."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    known = ("Error", "ResponseMetadata", "message")
    members = {name: value for name, value in answer.items() if name not in known}
    return Refusal(
        answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"], members
    )


def taint(key: str = "team", effect: str = "NO_SCHEDULE", **more: str) -> dict[str, str]:
    """A taint, in order unless told otherwise."""
    return {"key": key, "effect": effect, **more}


@dataclass
class Account:
    """A caller's account in one region: clients, a network of three private subnets and a public one, and roles."""

    sim: SimulatorProcess
    region: str = "eu-central-1"
    names: Iterator[int] = field(default_factory=itertools.count)
    roles: dict[str, str] = field(default_factory=dict)

    def client(self, service: str, **options: Any) -> Any:
        """A client that does not check parameters itself, nor repeats a call."""
        config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
        given = {
            "region_name": self.region,
            "endpoint_url": self.sim.url,
            "aws_access_key_id": self.sim.env["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": self.sim.env["AWS_SECRET_ACCESS_KEY"],
            "config": config,
        }
        return boto3.client(service, **{**given, **options})

    def __post_init__(self) -> None:
        self.eks, self.ec2, self.iam = self.client("eks"), self.client("ec2"), self.client("iam")

    def build(self) -> None:
        """Make the network and the roles, and let IAM's news of them spread."""
        self.vpc = self.vpc_of("10.0.0.0/16")
        zones = [zone["ZoneName"] for zone in self.ec2.describe_availability_zones()["AvailabilityZones"]]
        self.zones = zones
        self.subnets = [self.subnet(f"10.0.{number}.0/24", zone) for number, zone in enumerate(zones[:3])]
        self.public_subnet = self.subnet("10.0.100.0/24", zones[0])
        self.lead_out(self.public_subnet)
        self.roles["cluster"] = self.role("cluster", "eks.amazonaws.com", "AmazonEKSClusterPolicy")
        self.roles["node"] = self.role("node", "ec2.amazonaws.com", "AmazonEKSWorkerNodePolicy")
        self.roles["fargate"] = self.role("fargate", "eks-fargate-pods.amazonaws.com")
        self.roles["capability"] = self.role("capability", "capabilities.eks.amazonaws.com")
        self.roles["connector"] = self.role("connector", "ssm.amazonaws.com")
        self.sim.advance(60)

    def vpc_of(self, cidr: str) -> str:
        return self.ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]

    def subnet(self, cidr: str, zone: str, vpc: str | None = None) -> str:
        answer = self.ec2.create_subnet(VpcId=vpc or self.vpc, CidrBlock=cidr, AvailabilityZone=zone)
        return answer["Subnet"]["SubnetId"]

    def lead_out(self, subnet: str) -> None:
        """Route a subnet to a new internet gateway."""
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)

    def role(self, name: str, principal: str, *policies: str) -> str:
        """The ARN of a new role that a service may assume, and pods with the tags of their session; or by an ARN, an
        account, user or role."""
        pods = principal.startswith("pods.")
        actions = ["sts:AssumeRole", "sts:TagSession"] if pods else "sts:AssumeRole"
        kind = "AWS" if principal.startswith("arn:") else "Service"
        statement = {"Effect": "Allow", "Principal": {kind: principal}, "Action": actions}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        for policy in policies:
            self.iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
        return arn

    def name(self, prefix: str) -> str:
        """A name that no other test has."""
        return f"{prefix}-{next(self.names)}"

    def cluster_request(self, vpc: dict[str, Any] | None = None, **parameters: Any) -> dict[str, Any]:
        """A CreateCluster request that is in order but for what is passed; `vpc` goes over resourcesVpcConfig."""
        return {
            "name": self.name("cluster"),
            "roleArn": self.roles["cluster"],
            "version": "1.33",
            "resourcesVpcConfig": {"subnetIds": self.subnets, **(vpc or {})},
            **parameters,
        }

    def cluster(self, vpc: dict[str, Any] | None = None, **parameters: Any) -> str:
        """The name of a new cluster that is ACTIVE."""
        name = self.eks.create_cluster(**self.cluster_request(vpc, **parameters))["cluster"]["name"]
        self.sim.advance(CREATION)
        return name

    def nodegroup_request(self, cluster: str, **parameters: Any) -> dict[str, Any]:
        return {
            "clusterName": cluster,
            "nodegroupName": self.name("group"),
            "subnets": self.subnets,
            "nodeRole": self.roles["node"],
            **parameters,
        }

    def nodegroup(self, cluster: str, **parameters: Any) -> str:
        """The name of a new node group that is ACTIVE."""
        answer = self.eks.create_nodegroup(**self.nodegroup_request(cluster, **parameters))
        self.sim.advance(CREATION)
        return answer["nodegroup"]["nodegroupName"]

    def refused_cluster(self, vpc: dict[str, Any] | None = None, **parameters: Any) -> Refusal:
        """How a CreateCluster request is refused: always as InvalidParameterException."""
        refused = refusal(self.eks.create_cluster, **self.cluster_request(vpc, **parameters))
        assert (refused.code, refused.status) == ("InvalidParameterException", 400)
        return refused

    def refused_nodegroup(self, cluster: str, **parameters: Any) -> Refusal:
        """How a CreateNodegroup request is refused."""
        return refusal(self.eks.create_nodegroup, **self.nodegroup_request(cluster, **parameters))

    def profile_request(self, cluster: str, **parameters: Any) -> dict[str, Any]:
        return {
            "clusterName": cluster,
            "fargateProfileName": self.name("profile"),
            "podExecutionRoleArn": self.roles["fargate"],
            "selectors": [{"namespace": "default"}],
            **parameters,
        }

    def profile(self, cluster: str, **parameters: Any) -> str:
        """The name of a new Fargate profile that is ACTIVE."""
        answer = self.eks.create_fargate_profile(**self.profile_request(cluster, **parameters))
        self.sim.advance(CREATION)
        return answer["fargateProfile"]["fargateProfileName"]

    def template(self, **data: Any) -> dict[str, str]:
        """A reference to a new launch template of `data`."""
        answer = self.ec2.create_launch_template(LaunchTemplateName=self.name("template"), LaunchTemplateData=data)
        return {"id": answer["LaunchTemplate"]["LaunchTemplateId"]}

    def describe(self, cluster: str, nodegroup: str | None = None) -> dict[str, Any]:
        if nodegroup:
            return self.eks.describe_nodegroup(clusterName=cluster, nodegroupName=nodegroup)["nodegroup"]
        return self.eks.describe_cluster(name=cluster)["cluster"]

    def settled(self, update: dict[str, Any], cluster: str, **owner: str) -> dict[str, Any]:
        """An update after long enough a time."""
        self.sim.advance(LONG)
        return self.eks.describe_update(name=cluster, updateId=update["id"], **owner)["update"]
