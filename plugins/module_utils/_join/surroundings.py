# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of the surroundings of instances that do not join: each list once, side by side.

What the caller may not read is no reason to fail: it is noted as unread, with the action that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._aws_auth import BadRows, rows_of
from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client
from ansible_collections.flotilla.eks.plugins.module_utils._join.evidence import Case, Evidence, Profile, Role, Unread
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.api import Kubernetes, KubernetesError
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._paths import pick
from ansible_collections.flotilla.eks.plugins.module_utils._read import PARALLEL_READS

DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
SYSTEM = "/api/v1/namespaces/kube-system"
CNI = "/apis/apps/v1/namespaces/kube-system/daemonsets/aws-node"
ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
DNS = {"enable_dns_support": "enableDnsSupport", "enable_dns_hostnames": "enableDnsHostnames"}
PORTION = {"DescribeInstanceStatus": 100, "DescribeInstanceTypes": 100, "DescribeImages": 200}
IN_VPC = {
    "subnets": ("DescribeSubnets", "Subnets", "subnet_id"),
    "route_tables": ("DescribeRouteTables", "RouteTables", ""),
    "network_acls": ("DescribeNetworkAcls", "NetworkAcls", ""),
    "security_groups": ("DescribeSecurityGroups", "SecurityGroups", "group_id"),
    "vpc_endpoints": ("DescribeVpcEndpoints", "VpcEndpoints", ""),
    "nat_gateways": ("DescribeNatGateways", "NatGateways", "nat_gateway_id"),
}
"""What a VPC consists of: how EC2 lists it, and by which member it is found, if it is."""


@dataclass
class Looks:
    """Reads what may be refused. ``unread`` says what was, by the names of Evidence's fields. Safe between threads."""

    unread: dict[str, Unread] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def look(self, name: str, service: str, work: Callable[[], Any], otherwise: Any) -> Any:
        """What ``work`` returns; ``otherwise`` if it is refused, which is noted."""
        try:
            return work()
        except AwsError as error:
            denied = error.code in DENIED
            action = f"{service}:{error.operation}" if denied else ""
            reason = f"{name}: the caller may not do {action}" if denied else f"{name}: {error}"
            self._note(name, Unread(reason, action))
        except KubernetesError as error:
            self._note(name, Unread(f"{name}: {error}"))
        return otherwise

    def _note(self, name: str, about: Unread) -> None:
        with self._lock:
            self.unread.setdefault(name, about)


def surroundings(client: Client, api: Kubernetes, cluster: Values, cases: Sequence[Case], now: Any) -> Evidence:
    """All that the checks of the cases want to know."""
    looks = Looks()
    vpcs = sorted({str(case.instance.get("vpc_id") or "") for case in cases} | {_vpc_of(cluster)})
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        jobs = {name: pool.submit(_in_vpcs, looks, client, name, vpcs) for name in IN_VPC}
        jobs |= {
            "vpc_dns": pool.submit(looks.look, "vpc_dns", "ec2", lambda: _dns(client, _vpc_of(cluster)), {}),
            "images": pool.submit(looks.look, "images", "ec2", lambda: _images(client, cases), {}),
            "instance_types": pool.submit(looks.look, "instance_types", "ec2", lambda: _types(client, cases), {}),
            "statuses": pool.submit(looks.look, "statuses", "ec2", lambda: _statuses(client, cases), {}),
            "cni": pool.submit(looks.look, "cni", "", lambda: api.find(CNI), None),
            "cni_role": pool.submit(looks.look, "cni_role", "eks", lambda: _cni_role(client, api, cluster), False),
        }
        rows = pool.submit(looks.look, "aws_auth", "", lambda: _aws_auth(api, cluster), ((), ""))
        profiles = looks.look("profiles", "iam", lambda: _profiles(client, looks, cases), {})
        roles = sorted({profile.role.arn for profile in profiles.values() if profile and profile.role})
        entries = pool.submit(looks.look, "access_entries", "eks", lambda: _entries(client, cluster, roles), {})
        found = {name: job.result() for name, job in jobs.items()}
        aws_auth, fault = rows.result()
        return Evidence(
            cluster,
            now,
            profiles=profiles,
            access_entries=entries.result(),
            aws_auth=aws_auth,
            aws_auth_fault=fault,
            unread=looks.unread,
            **found,
        )


def _vpc_of(cluster: Values) -> str:
    return str(pick(cluster, "resources_vpc_config.vpc_id") or "")


def _in_vpcs(looks: Looks, client: Client, name: str, vpcs: Sequence[str]) -> Any:
    operation, answer, key = IN_VPC[name]
    filters = {"Filter" if name == "nat_gateways" else "Filters": [{"Name": "vpc-id", "Values": list(vpcs)}]}
    found = looks.look(name, "ec2", lambda: client.listed("ec2", operation, answer, **filters), [])
    return _by(key, found) if key else found


def _by(key: str, found: Iterable[Values]) -> dict[str, Values]:
    return {one[key]: one for one in found}


def _dns(client: Client, vpc: str) -> dict[str, bool]:
    answers = {
        name: client.read("ec2", "DescribeVpcAttribute", VpcId=vpc, Attribute=member) for name, member in DNS.items()
    }
    return {name: bool(answers[name][member[0].upper() + member[1:]]["Value"]) for name, member in DNS.items()}


def _images(client: Client, cases: Sequence[Case]) -> dict[str, Values]:
    """By a filter: one that is gone is left out, where asking for it by its id is an error."""
    ids = {case.image_id for case in cases} - {""}
    return _by("image_id", _described(client, "DescribeImages", "Images", "", ids))


def _types(client: Client, cases: Sequence[Case]) -> dict[str, Values]:
    names = {str(case.instance["instance_type"]) for case in cases if case.instance.get("instance_type")}
    return _by("instance_type", _described(client, "DescribeInstanceTypes", "InstanceTypes", "InstanceTypes", names))


def _statuses(client: Client, cases: Sequence[Case]) -> dict[str, Values]:
    ids = {case.id for case in cases}
    return _by("instance_id", _described(client, "DescribeInstanceStatus", "InstanceStatuses", "InstanceIds", ids))


def _described(client: Client, operation: str, answer: str, member: str, wanted: Iterable[str]) -> list[Values]:
    names, size = sorted(wanted), PORTION[operation]
    found: list[Values] = []
    for start in range(0, len(names), size):
        some = names[start : start + size]
        asked: Mapping[str, Any] = {member: some} if member else {"Filters": [{"Name": "image-id", "Values": some}]}
        found += client.listed("ec2", operation, answer, **asked)
    return found


def _profiles(client: Client, looks: Looks, cases: Sequence[Case]) -> dict[str, Profile | None]:
    arns = sorted({case.profile_arn for case in cases} - {""})
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        return dict(zip(arns, pool.map(lambda arn: _profile(client, looks, arn), arns), strict=True))


def _profile(client: Client, looks: Looks, arn: str) -> Profile | None:
    answer = client.find("iam", "GetInstanceProfile", InstanceProfileName=arn.rpartition("/")[2])
    if answer is None:
        return None
    found = answer["InstanceProfile"]
    role = next(iter(found.get("Roles") or []), None)
    if role is None:
        return Profile(found["InstanceProfileId"], None)
    known = Role(role["Arn"], role["RoleName"], _trusted(role.get("AssumeRolePolicyDocument")))
    return Profile(found["InstanceProfileId"], looks.look("roles", "iam", lambda: _with_policies(client, known), known))


def _with_policies(client: Client, role: Role) -> Role:
    attached = client.listed("iam", "ListAttachedRolePolicies", "AttachedPolicies", RoleName=role.name)
    inline: list[Any] = client.listed("iam", "ListRolePolicies", "PolicyNames", RoleName=role.name)
    managed = {one["policy_name"] for one in attached if ":iam::aws:policy/" in one["policy_arn"]}
    own = [one["policy_name"] for one in attached if ":iam::aws:policy/" not in one["policy_arn"]]
    return Role(role.arn, role.name, role.services, frozenset(managed), (*own, *map(str, inline)))


def _trusted(document: Any) -> frozenset[str]:
    """The services that a trust policy lets assume the role."""
    services: set[str] = set()
    for statement in _listed((document or {}).get("Statement")):
        principal = statement.get("Principal")
        actions = {str(action).lower() for action in _listed(statement.get("Action"))}
        if (
            statement.get("Effect") == "Allow"
            and isinstance(principal, dict)
            and actions & {"sts:assumerole", "sts:*", "*"}
        ):
            services.update(_listed(principal.get("Service")))
    return frozenset(services)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _entries(client: Client, cluster: Values, roles: Sequence[str]) -> dict[str, Values | None]:
    mode = pick(cluster, "access_config.authentication_mode") or "CONFIG_MAP"
    if "API" not in mode:
        return {}
    found = {}
    for arn in roles:
        answer = client.find("eks", "DescribeAccessEntry", cluster_name=cluster["name"], principal_arn=arn)
        found[arn] = answer["access_entry"] if answer else None
    return found


def _aws_auth(api: Kubernetes, cluster: Values) -> tuple[list[Any], str]:
    """The rows of roles, and what is wrong with the text."""
    mode = pick(cluster, "access_config.authentication_mode") or "CONFIG_MAP"
    if "CONFIG_MAP" not in mode:
        return [], ""
    found = api.find(f"{SYSTEM}/configmaps/aws-auth") or {}
    try:
        return rows_of("mapRoles", pick(found, "data.mapRoles")), ""
    except BadRows as error:
        return [], str(error)


def _cni_role(client: Client, api: Kubernetes, cluster: Values) -> bool:
    """Whether the network plugin has a role of its own."""
    account = api.find(f"{SYSTEM}/serviceaccounts/aws-node") or {}
    if ROLE_ANNOTATION in (pick(account, "metadata.annotations") or {}):
        return True
    own = {"cluster_name": cluster["name"], "namespace": "kube-system", "service_account": "aws-node"}
    return bool(client.pages("ListPodIdentityAssociations", "associations", **own))
