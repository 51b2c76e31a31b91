# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of self-managed nodes in the simulated AWS that somebody made, each wrong in one thing that keeps it out."""

from __future__ import annotations

import base64
from functools import cached_property
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._user_data import node_user_data
from support.surroundings import Surroundings

AL2023 = "/aws/service/eks/optimized-ami/{}/amazon-linux-2023/x86_64/standard/recommended/image_id"


class Workers:
    """Makes Auto Scaling groups of a cluster whose nodes would join, but for what a test says otherwise."""

    def __init__(self, aws: Surroundings, mode: str = "API") -> None:
        self.aws = aws
        self.cluster = aws.cluster(
            "prod",
            version="1.33",
            accessConfig={"authenticationMode": mode},
            resourcesVpcConfig={"endpointPrivateAccess": True, "endpointPublicAccess": True},
        )
        self.description = aws.eks.describe_cluster(name=self.cluster)["cluster"]
        self.role = aws.role("node", "workers")
        self._way_out()

    @property
    def known(self) -> dict[str, Any]:
        """The cluster as flotilla.eks.cluster returns it, as far as user data want to know it."""
        network = self.description["kubernetesNetworkConfig"]
        return {
            "name": self.cluster,
            "endpoint": self.description["endpoint"],
            "certificate_authority": self.description["certificateAuthority"],
            "kubernetes_network_config": {"ip_family": "ipv4", "service_ipv4_cidr": network["serviceIpv4Cidr"]},
        }

    @property
    def cluster_group(self) -> str:
        return str(self.description["resourcesVpcConfig"]["clusterSecurityGroupId"])

    def _way_out(self) -> None:
        """The private subnets lead to a NAT gateway in a public one, and the VPC resolves private names."""
        ec2 = self.aws.ec2
        ec2.modify_vpc_attribute(VpcId=self.aws.vpc, EnableDnsHostnames={"Value": True})
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        gateway = ec2.create_nat_gateway(SubnetId=self.aws.public_subnets[0], AllocationId=address)["NatGateway"]
        table = ec2.create_route_table(VpcId=self.aws.vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway["NatGatewayId"])
        for subnet in self.aws.private_subnets:
            ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)

    def let_in(self, role: str = "", kind: str = "EC2_LINUX") -> None:
        self.aws.eks.create_access_entry(clusterName=self.cluster, principalArn=role or self.role, type=kind)

    @cached_property
    def profile(self) -> str:
        return self.profile_of("workers", self.role)

    def profile_of(self, name: str, role: str) -> str:
        self.aws.iam.create_instance_profile(InstanceProfileName=name)
        self.aws.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role.rpartition("/")[2])
        return name

    def image(self, version: str = "1.33") -> str:
        found = self.aws.ssm.get_parameter(Name=AL2023.format(version))
        return str(found["Parameter"]["Value"])

    def user_data(self, **members: Any) -> str:
        return node_user_data({**self.known, **members})

    def group(self, name: str, size: int = 1, text: str | None = None, **changes: Any) -> str:
        """An Auto Scaling group; ``changes`` are other members of its launch template, None takes one away."""
        subnets = changes.pop("subnets", self.aws.private_subnets)
        tagged = changes.pop("tagged", True)
        data = {
            "ImageId": self.image(),
            "InstanceType": "m7i.large",
            "SecurityGroupIds": [self.cluster_group],
            "IamInstanceProfile": {"Name": self.profile},
            "UserData": base64.b64encode((self.user_data() if text is None else text).encode()).decode(),
            **changes,
        }
        template = {key: value for key, value in data.items() if value is not None}
        self.aws.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=template)
        tag = {"Key": f"kubernetes.io/cluster/{self.cluster}", "Value": "owned", "PropagateAtLaunch": tagged}
        self.aws.client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchTemplate={"LaunchTemplateName": name, "Version": "1"},
            MinSize=0,
            MaxSize=size,
            DesiredCapacity=size,
            VPCZoneIdentifier=",".join(subnets),
            Tags=[tag],
        )
        return name
