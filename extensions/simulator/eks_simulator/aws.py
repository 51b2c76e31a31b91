# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window on the neighbours: what EKS looks up, and makes, in moto's EC2, IAM, KMS and STS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .moto_setup import moto_backend
from .store import Region
from .trust import allows

IAM_PROPAGATION_SECONDS = 8
"""How long a new or changed role stays unknown to EKS. IAM is eventually consistent
(https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency) and
names no figure; tools wait some ten seconds."""


class RoleChanges:
    """When roles were last created or had their trust changed, in simulated time, by (account, role name)."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._moments: dict[tuple[str, str], datetime] = {}

    def note(self, account: str, role_name: str) -> None:
        self._moments[account, role_name] = self._now()

    def have_propagated(self, account: str, role_name: str) -> bool:
        moment = self._moments.get((account, role_name))
        return moment is None or (self._now() - moment).total_seconds() >= IAM_PROPAGATION_SECONDS

    def clear(self) -> None:
        self._moments.clear()


@dataclass
class Neighbours:
    """The other services, as one account sees them in one region."""

    region: Region
    role_changes: RoleChanges

    @property
    def ec2(self) -> Any:
        return moto_backend("ec2")[self.region.account][self.region.name]

    @property
    def iam(self) -> Any:
        return moto_backend("iam")[self.region.account][self.region.partition]

    @property
    def kms(self) -> Any:
        return moto_backend("kms")[self.region.account][self.region.name]

    @property
    def ssm(self) -> Any:
        return moto_backend("ssm")[self.region.account][self.region.name]

    def subnet(self, subnet_id: str) -> Any | None:
        return next((zone[subnet_id] for zone in self.ec2.subnets.values() if subnet_id in zone), None)

    def security_group(self, group_id: str) -> Any | None:
        return self.ec2.get_security_group_from_id(group_id)

    def vpc_blocks(self, vpc_id: str) -> list[str]:
        """The IPv4 CIDR blocks of a VPC."""
        return [block["cidr_block"] for block in self.ec2.vpcs[vpc_id].get_cidr_block_association_set()]

    def is_public(self, subnet: Any) -> bool:
        """Whether the subnet's route table (its own, else the VPC's main one) leads to an internet gateway."""
        return any(str(route.gateway_id or "").startswith("igw-") for route in self.routes(subnet))

    def routes(self, subnet: Any) -> list[Any]:
        """The routes of the subnet's route table: its own, else the VPC's main one."""
        tables = [table for table in self.ec2.route_tables.values() if table.vpc_id == subnet.vpc_id]
        own = [table for table in tables if subnet.id in table._associations.values()]
        main = [table for table in tables if table.main_association_id]
        return [route for table in (own or main) for route in table.routes]

    def default_security_groups(self, vpc_id: str) -> list[str]:
        """The id of the VPC's default security group, which things have that are given none."""
        groups = self.ec2.groups.get(vpc_id, {}).values()
        return [group.id for group in groups if group.is_default or group.name == "default"]

    def launch_template(self, reference: dict[str, Any]) -> Any | None:
        """The launch template that a reference names by id or name; None if there is none."""
        template_id = reference.get("id") or self.ec2.launch_template_name_to_ids.get(reference.get("name"))
        return self.ec2.launch_templates.get(template_id)

    def instance_type(self, name: str) -> dict[str, Any] | None:
        from moto.ec2.models.instance_types import INSTANCE_TYPES

        return INSTANCE_TYPES.get(name)

    def instances(self) -> list[Any]:
        """The EC2 instances, terminated ones among them, the oldest first."""
        return [instance for reservation in self.ec2.reservations.values() for instance in reservation.instances]

    def instance(self, instance_id: str) -> Any | None:
        return next((one for one in self.instances() if one.id == instance_id), None)

    def nat_addresses(self, vpc_id: str) -> list[str]:
        """The public addresses of the VPC's NAT gateways."""
        gateways = [one for one in self.ec2.nat_gateways.values() if one.vpc_id == vpc_id]
        return [address for gateway in gateways for address in self.addresses_of_nat(gateway)]

    def addresses_of_nat(self, gateway: Any) -> list[str]:
        """The public addresses of a NAT gateway, none of one that is gone."""
        addresses = gateway.address_set if gateway.state != "deleted" else []
        return [address["publicIp"] for address in addresses if address.get("publicIp")]

    def key_pair(self, name: str) -> Any | None:
        return self.ec2.key_pairs.get(name)

    def kms_key(self, arn: str) -> Any | None:
        """The KMS key of an ARN (a key's or an alias's) in this account and region; None if there is none."""
        try:
            return self.kms.describe_key(arn)
        except Exception:
            return None

    def role(self, arn: str) -> Any | None:
        """The account's role of an ARN, once IAM's news of it has spread; None before, and if there is none."""
        for role in self.iam.roles.values():
            if role.arn == arn:
                return role if self.role_changes.have_propagated(self.region.account, role.name) else None
        return None

    def role_of_profile(self, arn: str) -> Any | None:
        """The role in the instance profile of an ARN, if there is one."""
        profile = next((one for one in self.iam.instance_profiles.values() if one.arn == arn), None)
        return profile.roles[0] if profile and profile.roles else None

    def is_propagating(self, role_arn: str) -> bool:
        """Whether IAM's news of a role are still on their way to EKS."""
        return not self.role_changes.have_propagated(self.region.account, role_arn.rpartition("/")[2])

    def user(self, arn: str) -> Any | None:
        return next((user for user in self.iam.users.values() if user.arn == arn), None)

    def trusts(self, role: Any, principal: str, action: str = "sts:AssumeRole", kind: str = "Service") -> bool:
        """Whether the role's trust policy lets a principal, by default a service, do `action`, on whatever conditions:
        AWS does not say for each of its services which keys it comes with."""
        return allows(role, {kind: [principal]}, action, None)

    def federates(self, role: Any, issuer: str) -> bool:
        """Whether the role lets the tokens of an OIDC issuer in that IAM knows."""
        arn = f"arn:{self.region.partition}:iam::{self.region.account}:oidc-provider/{issuer.removeprefix('https://')}"
        known = arn in self.iam.open_id_providers
        return known and self.trusts(role, arn, "sts:AssumeRoleWithWebIdentity", "Federated")

    def create_cluster_security_group(self, cluster_name: str, vpc_id: str, suffix: str) -> str:
        """Make the security group that EKS makes for a cluster, with EKS's name, description and tags."""
        name = f"eks-cluster-sg-{cluster_name}-{suffix}"
        tags = {"Name": name, f"kubernetes.io/cluster/{cluster_name}": "owned", "aws:eks:cluster-name": cluster_name}
        description = (
            "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes,"
            " as well as any managed workloads."
        )
        group: str = self.ec2.create_security_group(name, description, vpc_id=vpc_id, tags=tags).id
        self.ec2.authorize_security_group_ingress(group, "-1", None, None, [], source_groups=[{"GroupId": group}])
        return group

    def delete_security_group(self, group_id: str) -> None:
        if self.security_group(group_id):
            self.ec2.delete_security_group(group_id=group_id)
