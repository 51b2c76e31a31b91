# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster's IAM roles lack: found and wanted in, what to make or change out. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.flotilla.eks.plugins.plugin_utils._ownership import (
    Resource,
    foreign,
    is_owned,
    owned,
    owner_text,
    tag_changes,
)

Item = dict[str, Any]

MAX_NAME_LENGTH = 64  # of an IAM role
NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")
POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/\S+")
TRUST_ANCHOR_ARN = re.compile(r"arn:aws[a-z-]*:rolesanywhere:[\w-]+:\d{12}:trust-anchor/\S+")
INLINE = "flotilla.eks"  # what we call a policy of a role's own
PATH = re.compile(r"/|/[!-~]+/")

# Where a service does not go by the name that it has everywhere else.
PRINCIPALS = {("aws-cn", "ec2"): "ec2.amazonaws.com.cn"}


@dataclass(frozen=True)
class Role:
    """One role that is wanted: ``service`` may assume it as ``trust`` says, statements of ``actions`` and maybe a
    ``condition``.

    ``policies`` are ARNs, or names of policies that AWS manages; ``permissions`` are the statements of a policy of the
    role's own. In these and in conditions, {partition} and {account} stand for the caller's. With ``given``, an ARN,
    nothing is made.
    """

    key: str  # cluster, node, fargate, hybrid or autoscaler
    description: str
    given: str
    service: str
    trust: Sequence[Item]
    policies: Sequence[str]
    permissions: Sequence[Item] = ()
    instance_profile: bool = False  # of the role's name, by which EC2 instances have the role


@dataclass(frozen=True)
class Wanted:
    """What the role's variables ask for. ``identity`` is any ARN of the account: it tells number and partition.

    ``profiles`` are the instance profiles found by name, as ``flotilla.eks.iam_roles_info`` returns them.
    """

    roles: Sequence[Role]
    prefix: str
    path: str
    boundary: str
    purge_policies: bool
    identity: str
    owner: Mapping[str, str]
    tags: Mapping[str, str]
    profiles: Sequence[Resource] = ()

    @cached_property
    def loose_profiles(self) -> list[Resource]:
        """The instance profiles without the role of their name: left by a run that was stopped, or a stranger's."""
        return [one for one in self.profiles if not _is_attached(one)]

    @cached_property
    def partition(self) -> str:
        return self.identity.split(":")[1] if self.identity else "aws"

    @cached_property
    def account(self) -> str:
        return self.identity.split(":")[4] if self.identity else ""

    def name(self, role: Role) -> str:
        return f"{self.prefix}-{role.key}"

    def filled(self, value: Any) -> Any:
        """A part of a policy with the caller's partition and account."""
        if isinstance(value, Mapping):
            return {key: self.filled(item) for key, item in value.items()}
        if isinstance(value, str):
            return value.replace("{partition}", self.partition).replace("{account}", self.account)
        return [self.filled(item) for item in value]


def plan_roles(observed: Sequence[Resource], wanted: Mapping[str, Any]) -> Item:
    """The plan of a cluster's roles: ``observed`` are ``iam_roles`` as ``flotilla.eks.iam_roles_info`` returns them,
    ``wanted`` has the fields of Wanted.

    Returns ``problems`` (texts; what cannot be), ``strangers`` (texts; roles of these names that are not ours),
    ``changes`` (one line each), ``arns`` by key (foretold for roles that do not exist yet), ``roles`` (what is wanted
    and not given, each with its ``changes``), ``removals`` (the names of all roles that are ours), and ``identity``:
    empty where neither a role nor ``wanted["identity"]`` told one, so that the account is still to be asked for.

    Likewise ``profiles`` and ``profile_arns`` of instance profiles; ``profile_removals`` are the names of those that
    are ours and do not go with their role. Likewise ``inline`` policies.
    """
    roles_wanted = [Role(**role) for role in wanted["roles"]]
    arns = [role["arn"] for role in observed] + [role.given for role in roles_wanted if ROLE_ARN.fullmatch(role.given)]
    asked = Wanted(**{**wanted, "roles": roles_wanted, "identity": next(iter(arns), wanted["identity"])})
    found = {role["role_name"]: role for role in observed}
    roles = [_role(asked, role, found.get(asked.name(role), {})) for role in asked.roles if not role.given]
    inline = [_inline(asked, role, found.get(asked.name(role), {})) for role in asked.roles if _has_inline(role)]
    profiles = [_profile(asked, role) for role in asked.roles if _has_profile(role)]
    return {
        "problems": list(_problems(asked)),
        "strangers": list(_strangers(asked, found)),
        "changes": [
            f"{item['label']}: {', '.join(item['changes'])}" for item in roles + inline + profiles if item["changes"]
        ],
        "arns": {role.key: role.given for role in asked.roles} | {role["key"]: role["arn"] for role in roles},
        "roles": roles,
        "identity": asked.identity,
        "removals": [name for name, role in found.items() if is_owned(role, asked.owner)],
        "inline": inline,
        "profiles": profiles,
        "profile_arns": {profile["key"]: profile["arn"] for profile in profiles},
        "profile_removals": [one["instance_profile_name"] for one in owned(asked.loose_profiles, asked.owner)],
    }


def _role(wanted: Wanted, role: Role, found: Resource) -> Item:
    name = wanted.name(role)
    item: Item = {
        "label": f"role {name}",
        "key": role.key,
        "name": name,
        "arn": found.get("arn") or f"arn:{wanted.partition}:iam::{wanted.account}:role{wanted.path}{name}",
        "description": role.description,
        "trust": _trust(wanted, role),
        "policies": [_policy_arn(wanted, policy) for policy in role.policies],
        "tags": {**wanted.tags, **wanted.owner},
    }
    return {**item, "changes": list(_differences(wanted, item, found)) if found else ["make it"]}


def _has_inline(role: Role) -> bool:
    return bool(role.permissions) and not role.given


def _inline(wanted: Wanted, role: Role, found: Resource) -> Item:
    """The policy of a role's own. Whatever other inline policies it has is left alone."""
    name = wanted.name(role)
    document = {"Version": "2012-10-17", "Statement": [wanted.filled(one) for one in role.permissions]}
    own = found.get("inline_policies") or []
    before = [policy["policy_document"] for policy in own if policy["policy_name"] == INLINE]
    same = [_plain(one) for one in before] == [_plain(document)]
    changes = [] if same else ["set it" if before else "make it"]
    return {
        "label": f"policy {INLINE} of role {name}",
        "name": name,
        "policy": INLINE,
        "document": document,
        "changes": changes,
    }


def _has_profile(role: Role) -> bool:
    return role.instance_profile and not role.given


def _is_attached(profile: Resource) -> bool:
    return profile["instance_profile_name"] in [role["role_name"] for role in profile["roles"]]


def _profile(wanted: Wanted, role: Role) -> Item:
    """The instance profile of a role, which lies where the role does. What is attached to our role is ours."""
    name = wanted.name(role)
    attached = [one["arn"] for one in wanted.profiles if one["instance_profile_name"] == name and _is_attached(one)]
    arn = f"arn:{wanted.partition}:iam::{wanted.account}:instance-profile{wanted.path}{name}"
    return {
        "label": f"instance profile {name}",
        "key": role.key,
        "name": name,
        "arn": attached[0] if attached else arn,
        "tags": {**wanted.tags, **wanted.owner},
        "changes": [] if attached else ["make it"],
    }


def _trust(wanted: Wanted, role: Role) -> Item:
    """The document that says who may assume the role."""
    principal = PRINCIPALS.get((wanted.partition, role.service), f"{role.service}.amazonaws.com")
    allowed = {"Effect": "Allow", "Principal": {"Service": principal}}
    statements = [{**allowed, "Action": list(one["actions"]), **_condition(wanted, one)} for one in role.trust]
    return {"Version": "2012-10-17", "Statement": statements}


def _condition(wanted: Wanted, statement: Item) -> Item:
    return {"Condition": wanted.filled(statement["condition"])} if statement.get("condition") else {}


def _policy_arn(wanted: Wanted, policy: str) -> str:
    return policy if policy.startswith("arn:") else f"arn:{wanted.partition}:iam::aws:policy/{policy}"


def _differences(wanted: Wanted, item: Item, found: Resource) -> Iterator[str]:
    if _plain(found.get("assume_role_policy_document")) != _plain(item["trust"]):
        yield "set the trust policy"
    if found.get("description", "") != item["description"]:
        yield "set the description"
    boundary = (found.get("permissions_boundary") or {}).get("permissions_boundary_arn", "")
    if wanted.boundary and boundary != wanted.boundary:
        yield f"set the permissions boundary {wanted.boundary}"
    attached = [policy["policy_arn"] for policy in found.get("managed_policies") or []]
    yield from (f"attach {arn}" for arn in item["policies"] if arn not in attached)
    if wanted.purge_policies:
        yield from (f"detach {arn}" for arn in attached if arn not in item["policies"])
    yield from tag_changes(found, item["tags"])


def _plain(document: Any) -> Any:
    """A policy document without what makes no difference: the order of lists, and lists around a single value."""
    if isinstance(document, Mapping):
        return {key: _plain(value) for key, value in document.items()}
    if isinstance(document, Sequence) and not isinstance(document, str):
        values = sorted((_plain(value) for value in document), key=repr)
        return values[0] if len(values) == 1 else values
    return document


def _problems(wanted: Wanted) -> Iterator[str]:
    """What cannot be, whatever exists."""
    for role in wanted.roles:
        if role.given and not ROLE_ARN.fullmatch(role.given):
            yield (
                f"iam_given_{role.key}_role_arn is {role.given!r}, which is not the ARN of a role: write it like "
                "arn:aws:iam::123456789012:role/NAME."
            )
        elif not role.given:
            yield from _name_problems(wanted.name(role), len(role.key) + 1)
            yield from _hybrid_problems(wanted, role)
        for policy in role.policies:
            if policy.startswith("arn:") and not POLICY_ARN.fullmatch(policy):
                yield f"{policy!r} in iam_{role.key}_policies is not the ARN of a policy."
    if not PATH.fullmatch(wanted.path):
        yield f"iam_path is {wanted.path!r}: it must begin and end with a slash."
    if wanted.boundary and not POLICY_ARN.fullmatch(wanted.boundary):
        yield f"iam_permissions_boundary is {wanted.boundary!r}, which is not the ARN of a policy."
    if empty := [key for key, value in wanted.owner.items() if not value]:
        yield f"The tag {', '.join(empty)} has no value: set iam_cluster_name, and eks_region or iam_region."


def _name_problems(name: str, suffix: int) -> Iterator[str]:
    if len(name) > MAX_NAME_LENGTH:
        yield (
            f"The role name {name} has {len(name)} characters, IAM allows {MAX_NAME_LENGTH}: set iam_name_prefix to at "
            f"most {MAX_NAME_LENGTH - suffix} characters."
        )
    if not NAME.fullmatch(name):
        yield (
            f"The role name {name!r} has characters that IAM does not allow: set iam_name_prefix to letters, digits "
            "and +=,.@-_."
        )


def _hybrid_problems(wanted: Wanted, role: Role) -> Iterator[str]:
    """What the services by which on-premises hosts get credentials demand."""
    name = f"{wanted.path}{wanted.name(role)}".lstrip("/")
    if role.trust and role.service == "ssm" and len(name) > MAX_NAME_LENGTH:
        yield (
            f"The role {name} has {len(name)} characters with its path, Systems Manager takes {MAX_NAME_LENGTH}: set "
            "iam_path or iam_name_prefix to something shorter."
        )
    anchors = [one["condition"]["ArnEquals"]["aws:SourceArn"] for one in role.trust if role.service == "rolesanywhere"]
    if not all(map(TRUST_ANCHOR_ARN.fullmatch, anchors)):
        yield (
            f"iam_given_hybrid_trust_anchor_arn is {anchors[0]!r}, which is not the ARN of a trust anchor: write it "
            "like arn:aws:rolesanywhere:REGION:123456789012:trust-anchor/ID, or leave it empty and name the "
            "certificate of the authority in iam_hybrid_ca_certificate."
        )


def _strangers(wanted: Wanted, found: Mapping[str, Resource]) -> Iterator[str]:
    """Roles and instance profiles that have the name of ours but cannot become ours."""
    for role in wanted.roles:
        other = found.get(wanted.name(role))
        if role.given or not other:
            continue
        if not is_owned(other, wanted.owner):
            yield (
                f"Role {other['arn']} does not carry the tags {owner_text(wanted.owner)}, so it belongs to somebody "
                f"else: set iam_name_prefix to something else, or name the role in iam_given_{role.key}_role_arn."
            )
        elif other["path"] != wanted.path:
            yield (
                f"Role {other['arn']} has the path {other['path']}, iam_path wants {wanted.path}: the path of a role "
                "cannot be changed. Set iam_path back, or remove the roles first with iam_state: absent."
            )
    for profile in foreign(wanted.loose_profiles, wanted.owner):
        yield (
            f"Instance profile {profile['arn']} does not carry the tags {owner_text(wanted.owner)}, so it belongs to "
            "somebody else: set iam_name_prefix to something else, or iam_node_instance_profile to false."
        )
