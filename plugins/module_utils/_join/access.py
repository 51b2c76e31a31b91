# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is the instance somebody whom the cluster lets in? Its instance profile, role, access entry, row of aws-auth. Pure.

https://docs.aws.amazon.com/eks/latest/userguide/ create-node-role.html, access-entries.html, auth-configmap.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._aws_auth import TYPES
from ansible_collections.flotilla.eks.plugins.module_utils._join.evidence import (
    Answer,
    Case,
    Evidence,
    Finding,
    Role,
    Unread,
    blocking,
    suspicious,
)
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._user_data.told import WINDOWS

WORKER_POLICIES = {"AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodeMinimalPolicy"}
IMAGE_POLICIES = {
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEC2ContainerRegistryReadOnly",
    "AmazonEC2ContainerRegistryPowerUser",
    "AmazonEC2ContainerRegistryFullAccess",
}
CNI_POLICY = "AmazonEKS_CNI_Policy"
_EC2 = ("ec2.amazonaws.com", "ec2.amazonaws.com.cn")
_PROFILE_ID = (
    "AIPA"  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
)
_OF_NODES = ("EC2_LINUX", "EC2_WINDOWS", "EC2")


def instance_profile(case: Case, evidence: Evidence) -> Iterator[Answer]:
    arn = case.profile_arn
    if not arn:
        yield blocking(
            "the instance has no instance profile, so it has no AWS credentials and no cluster knows who it is",
            f"{case.id} has no IamInstanceProfile",
            "give the launch template iam_instance_profile, and replace the instance (flotilla.eks.roll)",
        )
        return
    profile = evidence.profiles.get(arn)
    if profile is None:
        yield blocking(
            "the instance profile of the instance does not exist any more",
            f"{arn} is not found",
            "make it again with its role, name it in the launch template, and replace the instance "
            "(flotilla.eks.roll): a new profile of the same name is another one",
        )
        return
    if profile.role is None:
        yield blocking(
            "the instance profile holds no role, so the instance has no AWS credentials",
            f"{arn} has no role",
            f"add the node's role: aws iam add-role-to-instance-profile --instance-profile-name {_name(arn)} "
            "--role-name ROLE",
        )
    used = str((case.instance.get("iam_instance_profile") or {}).get("id"))
    if used != profile.id and used.startswith(_PROFILE_ID) and profile.id.startswith(_PROFILE_ID):
        yield blocking(
            "the instance profile was deleted and made again since the instance was launched",
            f"the instance has {used}, the profile of that name is {profile.id} now",
            "replace the instance (flotilla.eks.roll)",
        )


def role_policies(case: Case, evidence: Evidence) -> Iterator[Answer]:
    role = evidence.role_of(case)
    if role is None:
        return
    if not role.services & set(_EC2):
        yield blocking(
            f"EC2 may not assume the role {role.name}, so the instance has no AWS credentials",
            f"its trust policy names {', '.join(sorted(role.services)) or 'no service'}",
            f"let {_EC2[0]} do sts:AssumeRole in the trust policy of {role.name}",
        )
    if not role.managed & WORKER_POLICIES:
        yield _lacking(
            blocking,
            role,
            "AmazonEKSWorkerNodePolicy",
            "by it, a node may ask EC2 for what it has to know of itself (ec2:DescribeInstances)",
        )
    if not role.managed & IMAGE_POLICIES:
        yield _lacking(
            suspicious,
            role,
            "AmazonEC2ContainerRegistryPullOnly",
            "the images of kube-proxy and of the network plugin cannot be pulled from ECR, so the node stays NotReady",
        )
    if CNI_POLICY in role.managed or evidence.cni_role:
        return
    if "cni_role" in evidence.unread:
        yield evidence.unread["cni_role"]
    else:
        yield _lacking(
            suspicious,
            role,
            CNI_POLICY,
            "the network plugin, which has no role of its own (no pod identity association and no annotation of the "
            "service account kube-system/aws-node), may not give addresses to pods, so the node stays NotReady",
        )


def _lacking(severity: Callable[..., Finding], role: Role, policy: str, so: str) -> Answer:
    """A policy that is not attached; it may be that one of somebody's own says the same."""
    if role.own:
        return Unread(
            f"{policy} is not attached to the role {role.name}; whether its own policies ({', '.join(role.own)}) allow "
            "the same was not looked into"
        )
    return severity(
        f"the role {role.name} lacks {policy}: {so}",
        f"attached: {', '.join(sorted(role.managed)) or 'nothing'}",
        f"aws iam attach-role-policy --role-name {role.name} --policy-arn arn:{role.arn.split(':')[1]}:iam::aws:"
        f"policy/{policy}",
    )


def access_entry(case: Case, evidence: Evidence) -> Iterator[Answer]:
    """An access entry goes before a row of aws-auth, where the mode knows both."""
    role = evidence.role_of(case)
    if role is None:
        return
    wanted = _wanted_type(case, evidence)
    entry = evidence.access_entries.get(role.arn) if "API" in evidence.modes else None
    if entry is not None:
        yield from _of_entry(entry, role, wanted, evidence)
    elif "CONFIG_MAP" in evidence.modes and "aws_auth" in evidence.unread:
        yield evidence.unread["aws_auth"]
    elif "CONFIG_MAP" in evidence.modes:
        yield from _of_aws_auth(role, wanted, evidence)
    else:
        yield blocking(
            f"the role {role.name} has no access entry, so the cluster turns its nodes away (Unauthorized)",
            f"DescribeAccessEntry finds none for {role.arn}, and the authentication mode is API",
            _entry_fix(evidence, role, wanted),
        )


def _wanted_type(case: Case, evidence: Evidence) -> str:
    if case.told and case.told.instance_id_names:
        return "EC2"  # https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/api/, InstanceIdNodeName
    return "EC2_WINDOWS" if evidence.family_of(case) == WINDOWS else "EC2_LINUX"


def _entry_fix(evidence: Evidence, role: Role, wanted: str) -> str:
    return f"flotilla.eks.access_entry: cluster_name: {evidence.name}, principal_arn: {role.arn}, type: {wanted}"


def _of_entry(entry: Values, role: Role, wanted: str, evidence: Evidence) -> Iterator[Answer]:
    found = entry.get("type") or "STANDARD"
    if found == wanted:
        return
    told = f"the access entry of {role.arn} has the type {found}, the instance needs {wanted}"
    fix = f"{_entry_fix(evidence, role, wanted)}, replace: true; the type cannot be changed"
    if found in _OF_NODES:
        problem = f"the access entry of the role {role.name} is for nodes of another kind"
    else:
        problem = f"the access entry of the role {role.name} does not make nodes of its instances"
    yield blocking(problem, told, fix)


def _of_aws_auth(role: Role, wanted: str, evidence: Evidence) -> Iterator[Answer]:
    if evidence.aws_auth_fault:
        yield blocking(
            "the ConfigMap aws-auth is broken: by it, the cluster lets nobody in",
            evidence.aws_auth_fault,
            f"repair its text: kubectl -n kube-system edit configmap aws-auth; or {_entry_fix(evidence, role, wanted)}",
        )
        return
    username, groups = TYPES.get(wanted, TYPES["EC2_LINUX"])
    account = role.arn.partition(":role/")[0]
    plain = f"{account}:role/{role.name}"
    rows = {str(row.get("rolearn")): row for row in evidence.aws_auth if isinstance(row, Mapping)}
    row = rows.get(plain)
    if row is None:
        yield _no_row(role, plain, rows, evidence, wanted)
        return
    lacking = [group for group in groups if group not in (row.get("groups") or [])]
    if row.get("username") != username or lacking:
        yield blocking(
            f"the row of the role {role.name} in aws-auth does not make nodes of its instances",
            f"its username is {row.get('username')!r}" + (f", it lacks {', '.join(lacking)}" if lacking else ""),
            _row_fix(evidence, plain, wanted),
        )


def _no_row(role: Role, plain: str, rows: Mapping[str, Any], evidence: Evidence, wanted: str) -> Finding:
    no_entry = "it has no access entry either, and " if "API" in evidence.modes else ""
    if plain != role.arn and role.arn in rows:
        return blocking(
            f"the row of the role {role.name} in aws-auth has an ARN with a path, by which the cluster finds no role",
            f"{no_entry}aws-auth says rolearn: {role.arn}; it has to be {plain}",
            _row_fix(evidence, plain, wanted),
        )
    fix = _row_fix(evidence, plain, wanted)
    return blocking(
        f"the role {role.name} is not in aws-auth, so the cluster turns its nodes away (Unauthorized)",
        f"{no_entry}kube-system/aws-auth has no row of {plain}",
        f"{_entry_fix(evidence, role, wanted)}; or {fix}" if "API" in evidence.modes else fix,
    )


def _row_fix(evidence: Evidence, arn: str, wanted: str) -> str:
    return f"flotilla.eks.aws_auth: cluster_name: {evidence.name}, map_roles: [{{rolearn: {arn}, type: {wanted}}}]"


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]
