# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the caller of a playbook has to be allowed on AWS: a policy document for each, made of what its runs call.

The documents are in ``docs/docsite/permissions``. Every run of a playbook by a test is watched: a call that the
playbook's document, if it has one, does not allow fails the test, so a document says enough. It says no more than what
was called when it was recorded: remove it, and run the tests that run its playbook, one at a time, with
``RECORD_PERMISSIONS=1``.

The name of an operation is that of its action, but for what this file says. Its sources are the Service Authorization
Reference (https://docs.aws.amazon.com/service-authorization/latest/reference/), and the pages that are named.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from support.checkout import CHECKOUT

DOCUMENTS = CHECKOUT / "docs" / "docsite" / "permissions"
COLLECTION = "flotilla.eks."
IMPORT = "ansible.builtin.import_playbook"
RECORD = "RECORD_PERMISSIONS"
ROLES = "arn:aws:iam::*:role/*"
PASS, MAKE_LINKED = "iam:PassRole", "iam:CreateServiceLinkedRole"
CONDITION = {PASS: "iam:PassedToService", MAKE_LINKED: "iam:AWSServiceName"}

WITHOUT_PERMISSION = ("sts:GetCallerIdentity",)
OF_PROFILE = "botocore-session-"
"""What botocore calls its session of a role that a profile of the user's names: that is no call of a playbook."""
NO_SERVICES = ("kubernetes", "simulator")
"""What else is in the ledger: the API of a cluster, which asks for an access entry, and what just happens."""


@dataclass(frozen=True, order=True)
class Permission:
    """An action, for the two whose condition we can tell on behalf of a ``service``."""

    action: str
    service: str = ""


def passing(*services: str) -> tuple[Permission, ...]:
    """To hand a role on to services. Where AWS does not say who asks for it, both are allowed: the service that is
    called, and the one that has the role in the end."""
    return tuple(Permission(PASS, f"{one}.amazonaws.com") for one in services)


def linked(service: str) -> tuple[Permission, ...]:
    """To make the role that a service works with, which falls to who is first to call it in an account."""
    return (Permission(MAKE_LINKED, f"{service}.amazonaws.com"),)


def also(*actions: str) -> tuple[Permission, ...]:
    return tuple(map(Permission, actions))


class Rule(NamedTuple):
    """What calls ask for besides their own action: those that fit ``calls``, if a parameter whose name begins with
    ``parameter`` says something."""

    calls: str
    parameter: str
    asks_for: tuple[Permission, ...]


RULES = (
    # Roles that are handed on.
    Rule("autoscaling:CreateAutoScalingGroup", "LaunchTemplate", passing("ec2")),
    Rule("eks:CreateAddon", "serviceAccountRoleArn", passing("eks")),
    Rule("eks:CreateCluster", "roleArn", passing("eks")),
    Rule("eks:CreateFargateProfile", "podExecutionRoleArn", passing("eks", "eks-fargate-pods")),
    Rule("eks:CreateNodegroup", "nodeRole", passing("eks", "ec2")),
    Rule("eks:CreatePodIdentityAssociation", "roleArn", passing("eks", "pods.eks")),
    Rule("iam:AddRoleToInstanceProfile", "RoleName", passing("ec2")),
    Rule("rolesanywhere:CreateProfile", "roleArns", passing("rolesanywhere")),
    Rule("ssm:CreateActivation", "IamRole", passing("ssm")),
    # https://docs.aws.amazon.com/eks/latest/userguide/using-service-linked-roles.html and the like of other services.
    Rule("autoscaling:CreateAutoScalingGroup", "", linked("autoscaling")),
    Rule("eks:CreateCluster", "", linked("eks")),
    Rule("eks:CreateFargateProfile", "", linked("eks-fargate")),
    Rule("eks:CreateNodegroup", "", linked("eks-nodegroup")),
    # Tags that are given at once with what is made.
    Rule("autoscaling:*", "Tags.", also("autoscaling:CreateOrUpdateTags")),
    Rule("ec2:*", "TagSpecification", also("ec2:CreateTags")),
    Rule("eks:*", "tags", also("eks:TagResource")),
    Rule("iam:CreateInstanceProfile", "Tags.", also("iam:TagInstanceProfile")),
    Rule("iam:CreateOpenIDConnectProvider", "Tags.", also("iam:TagOpenIDConnectProvider")),
    Rule("iam:CreateRole", "Tags.", also("iam:TagRole")),
    Rule("rolesanywhere:*", "tags", also("rolesanywhere:TagResource")),
    Rule("ssm:*", "Tags", also("ssm:AddTagsToResource")),
    # What AWS does in the caller's name.
    # https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
    # https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html
    Rule("autoscaling:CreateAutoScalingGroup", "", also("ec2:RunInstances", "ec2:CreateTags")),
    Rule("autoscaling:UpdateAutoScalingGroup", "", also("ec2:RunInstances", "ec2:CreateTags")),
    Rule("eks:CreateNodegroup", "", also("ec2:DescribeSubnets", "iam:GetRole", "iam:ListAttachedRolePolicies")),
    Rule("eks:CreatePodIdentityAssociation", "", also("iam:GetRole")),
)


def needed(call: Mapping[str, Any]) -> Iterator[Permission]:
    """What an entry of the ledger asks for."""
    service, parameters = call["service"], call["parameters"]
    action = f"{service}:{call['operation']}"
    if service in NO_SERVICES or action in WITHOUT_PERMISSION:
        return
    if str(parameters.get("RoleSessionName")).startswith(OF_PROFILE):
        return
    yield Permission(action)
    said = ["", *(name for name, value in parameters.items() if value)]
    for rule in RULES:
        if fnmatchcase(action, rule.calls) and any(name.startswith(rule.parameter) for name in said):
            yield from rule.asks_for


def document(permissions: Iterable[Permission], roles: str = ROLES) -> dict[str, Any]:
    """The policy that allows these. Roles may be handed on whose ARN fits ``roles``; all else is for any resource."""
    wanted = sorted(set(permissions))
    plain = [one.action for one in wanted if not one.service]
    statements: list[dict[str, Any]] = [{"Sid": "Calls", "Effect": "Allow", "Action": plain, "Resource": "*"}]
    linked = "arn:aws:iam::*:role/aws-service-role/*"
    for name, action, resource in (("PassRoles", PASS, roles), ("ServiceLinkedRoles", MAKE_LINKED, linked)):
        services = [one.service for one in wanted if one.action == action]
        if services:
            condition = {"StringEquals": {CONDITION[action]: services}}
            allowed = {"Sid": name, "Effect": "Allow", "Action": action, "Resource": resource}
            statements.append({**allowed, "Condition": condition})
    return {"Version": "2012-10-17", "Statement": statements}


def permissions_of(policy: Mapping[str, Any]) -> set[Permission]:
    """What a `document` allows."""
    calls, *rest = policy["Statement"]
    found = {Permission(action) for action in calls["Action"]}
    for one in rest:
        services = one["Condition"]["StringEquals"][CONDITION[one["Action"]]]
        found |= {Permission(one["Action"], service) for service in services}
    return found


def recorded(*playbooks: str) -> set[Permission]:
    """What the documents of playbooks allow; nothing where there is none."""
    paths = [path for name in playbooks if (path := DOCUMENTS / f"{name}.json").exists()]
    return {one for path in paths for one in permissions_of(json.loads(path.read_text(encoding="utf-8")))}


def imported(playbook: str) -> list[str]:
    """The playbooks that one runs as well, which have documents of their own: for machines, if there are any."""
    plays = yaml.safe_load((CHECKOUT / "playbooks" / f"{playbook}.yml").read_text(encoding="utf-8"))
    return [Path(play[IMPORT]).stem for play in plays if IMPORT in play]


def record(playbook: str, permissions: Iterable[Permission]) -> None:
    """Have the document of a playbook allow these, too."""
    text = json.dumps(document([*recorded(playbook), *permissions]), indent=2)
    (DOCUMENTS / f"{playbook}.json").write_text(text + "\n", encoding="utf-8")


@contextmanager
def watched(name: str, environment: Mapping[str, str]) -> Iterator[None]:
    """Compare what the user of ``environment`` calls meanwhile with the documents of the playbook, if it is ours, and
    of those that it imports."""
    url = environment.get("EKS_SIMULATOR_URL")
    if not url or not name.startswith(COLLECTION):
        yield
        return
    before = max((entry["n"] for entry in _ledger(url, 0)), default=0)
    yield
    own = [entry for entry in _ledger(url, before) if entry.get("access_key") == environment["AWS_ACCESS_KEY_ID"]]
    playbook = name.removeprefix(COLLECTION)
    allowed = recorded(playbook, *imported(playbook))
    missing = {permission for entry in own for permission in needed(entry)} - allowed
    if missing and os.environ.get(RECORD):
        record(playbook, missing)
    elif missing and (DOCUMENTS / f"{playbook}.json").exists():
        told = ", ".join(f"{one.action} {one.service}".strip() for one in sorted(missing))
        raise AssertionError(f"{name} called what its policy document does not allow, see {__name__}: {told}")


def _ledger(url: str, since: int) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/ledger?since={since}") as answer:
        entries: list[dict[str, Any]] = json.load(answer)
    return entries


def main(playbooks: str = "", roles: str = ROLES) -> int:
    """Print the document of a playbook, or of several with spaces between."""
    allowed = recorded(*playbooks.split())
    if not allowed:
        known = ", ".join(sorted(path.stem for path in DOCUMENTS.glob("*.json")))
        print(f"Say which playbook: make iam-policy PLAYBOOK=NAME, with one of {known}", file=sys.stderr)
        return 1
    print(json.dumps(document(allowed, roles), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(*filter(None, sys.argv[1:])))
