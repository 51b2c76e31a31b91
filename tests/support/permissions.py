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
from typing import Any

from support.checkout import CHECKOUT

DOCUMENTS = CHECKOUT / "docs" / "docsite" / "permissions"
COLLECTION = "flotilla.eks."
RECORD = "RECORD_PERMISSIONS"
ROLES = "arn:aws:iam::*:role/*"
PASS, MAKE_LINKED = "iam:PassRole", "iam:CreateServiceLinkedRole"
CONDITION = {PASS: "iam:PassedToService", MAKE_LINKED: "iam:AWSServiceName"}

WITHOUT_PERMISSION = ("sts:GetCallerIdentity",)
OF_PROFILE = "botocore-session-"
"""What botocore calls its session of a role that a profile of the user's names: that is no call of a playbook."""
NO_SERVICES = ("kubernetes", "simulator")
"""What else is in the ledger: the API of a cluster, which asks for an access entry, and what just happens."""

# Operations that hand a role on: the parameter that names it, and to whom. Where AWS does not say who asks for it, the
# service that is called, or the one that has the role in the end, both are allowed.
PASSES = {
    "autoscaling:CreateAutoScalingGroup": ("LaunchTemplate", "ec2"),
    "eks:CreateAddon": ("serviceAccountRoleArn", "eks"),
    "eks:CreateCluster": ("roleArn", "eks"),
    "eks:CreateFargateProfile": ("podExecutionRoleArn", "eks eks-fargate-pods"),
    "eks:CreateNodegroup": ("nodeRole", "eks ec2"),
    "eks:CreatePodIdentityAssociation": ("roleArn", "eks pods.eks"),
    "iam:AddRoleToInstanceProfile": ("RoleName", "ec2"),
    "rolesanywhere:CreateProfile": ("roleArns", "rolesanywhere"),
    "ssm:CreateActivation": ("IamRole", "ssm"),
}
# https://docs.aws.amazon.com/eks/latest/userguide/using-service-linked-roles.html and the like of the other services:
# who is first to call one of these in an account also makes the role that its service works with.
LINKED = {
    "autoscaling:CreateAutoScalingGroup": "autoscaling",
    "eks:CreateCluster": "eks",
    "eks:CreateFargateProfile": "eks-fargate",
    "eks:CreateNodegroup": "eks-nodegroup",
}
# Tags that are given at once with what is made: the parameter, and the action.
TAGGED = {
    "autoscaling": ("Tags.", "autoscaling:CreateOrUpdateTags"),
    "ec2": ("TagSpecification", "ec2:CreateTags"),
    "eks": ("tags", "eks:TagResource"),
    "rolesanywhere": ("tags", "rolesanywhere:TagResource"),
    "ssm": ("Tags", "ssm:AddTagsToResource"),
}
IAM_TAGGED = {
    "CreateInstanceProfile": "iam:TagInstanceProfile",
    "CreateOpenIDConnectProvider": "iam:TagOpenIDConnectProvider",
    "CreateRole": "iam:TagRole",
}
# What AWS does in the caller's name.
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html
ALONG = {
    "autoscaling:CreateAutoScalingGroup": ("ec2:RunInstances", "ec2:CreateTags"),
    "autoscaling:UpdateAutoScalingGroup": ("ec2:RunInstances", "ec2:CreateTags"),
    "eks:CreateNodegroup": ("ec2:DescribeSubnets", "iam:GetRole", "iam:ListAttachedRolePolicies"),
    "eks:CreatePodIdentityAssociation": ("iam:GetRole",),
}


@dataclass(frozen=True, order=True)
class Permission:
    """An action, for the two whose condition we can tell on behalf of a ``service``."""

    action: str
    service: str = ""


def needed(call: Mapping[str, Any]) -> Iterator[Permission]:
    """What an entry of the ledger asks for."""
    service, operation, parameters = call["service"], call["operation"], call["parameters"]
    action = f"{service}:{operation}"
    if service in NO_SERVICES or action in WITHOUT_PERMISSION:
        return
    if str(parameters.get("RoleSessionName")).startswith(OF_PROFILE):
        return
    yield Permission(action)
    parameter, services = PASSES.get(action, ("", ""))
    if any(name.startswith(parameter) for name in parameters):
        yield from (Permission(PASS, f"{one}.amazonaws.com") for one in services.split())
    if action in LINKED:
        yield Permission(MAKE_LINKED, f"{LINKED[action]}.amazonaws.com")
    parameter, tagging = TAGGED.get(service, ("Tags.", IAM_TAGGED.get(operation, "")))
    if tagging and any(name.startswith(parameter) and value for name, value in parameters.items()):
        yield Permission(tagging)
    yield from map(Permission, ALONG.get(action, ()))


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


def recorded(playbook: str) -> set[Permission]:
    """What the document of a playbook allows; nothing if there is none."""
    path = DOCUMENTS / f"{playbook}.json"
    return permissions_of(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else set()


def record(playbook: str, permissions: Iterable[Permission]) -> None:
    """Have the document of a playbook allow these, too."""
    text = json.dumps(document([*recorded(playbook), *permissions]), indent=2)
    (DOCUMENTS / f"{playbook}.json").write_text(text + "\n", encoding="utf-8")


@contextmanager
def watched(name: str, environment: Mapping[str, str]) -> Iterator[None]:
    """Compare what the user of ``environment`` calls meanwhile with the document of the playbook, if it is ours."""
    url = environment.get("EKS_SIMULATOR_URL")
    if not url or not name.startswith(COLLECTION):
        yield
        return
    before = max((entry["n"] for entry in _ledger(url, 0)), default=0)
    yield
    own = [entry for entry in _ledger(url, before) if entry.get("access_key") == environment["AWS_ACCESS_KEY_ID"]]
    playbook = name.removeprefix(COLLECTION)
    missing = {permission for entry in own for permission in needed(entry)} - recorded(playbook)
    if missing and os.environ.get(RECORD):
        record(playbook, missing)
    elif missing and (DOCUMENTS / f"{playbook}.json").exists():
        told = ", ".join(f"{one.action} {one.service}".strip() for one in sorted(missing))
        raise AssertionError(f"{name} called what its policy document does not allow, see {__name__}: {told}")


def _ledger(url: str, since: int) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/ledger?since={since}") as answer:
        entries: list[dict[str, Any]] = json.load(answer)
    return entries


def main(playbook: str = "", roles: str = ROLES) -> int:
    """Print the document of a playbook."""
    allowed = recorded(playbook)
    if not allowed:
        known = ", ".join(sorted(path.stem for path in DOCUMENTS.glob("*.json")))
        print(f"Say which playbook: make iam-policy PLAYBOOK=NAME, with one of {known}", file=sys.stderr)
        return 1
    print(json.dumps(document(allowed, roles), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(*filter(None, sys.argv[1:])))
