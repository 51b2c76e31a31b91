# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy documents of playbooks: what a call asks for, and that each is printed where it can be found."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support import permissions
from support.guides import GUIDES
from support.permissions import DOCUMENTS, MAKE_LINKED, PASS, Permission, document, needed, permissions_of, recorded

NAMES = sorted(path.stem for path in DOCUMENTS.glob("*.json"))
ROLE = "arn:aws:iam::123456789012:role/harbour-cluster"


def call(action: str, **parameters: Any) -> dict[str, Any]:
    service, _colon, operation = action.partition(":")
    return {"service": service, "operation": operation, "parameters": parameters}


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        (call("eks:DescribeCluster", name="harbour"), ["eks:DescribeCluster"]),
        (call("sts:GetCallerIdentity"), []),
        (call("kubernetes:list nodes"), []),
        (call("sts:AssumeRole", RoleSessionName="botocore-session-1764230000"), []),
        (call("sts:AssumeRole", RoleSessionName="flotilla-eks-harbour"), ["sts:AssumeRole"]),
        (call("eks:CreateCluster", roleArn=ROLE, tags={}), ["eks:CreateCluster", PASS, MAKE_LINKED]),
        (call("eks:CreateAddon", addonName="vpc-cni", tags={"a": "b"}), ["eks:CreateAddon", "eks:TagResource"]),
        (call("ec2:CreateVpc", **{"TagSpecification.1.ResourceType": "vpc"}), ["ec2:CreateVpc", "ec2:CreateTags"]),
        (call("iam:CreateRole", **{"Tags.member.1.Key": "a"}), ["iam:CreateRole", "iam:TagRole"]),
        (call("iam:TagRole", **{"Tags.member.1.Key": "a"}), ["iam:TagRole"]),
        (call("ssm:CreateActivation", IamRole="hybrid"), ["ssm:CreateActivation", PASS]),
        (call("iam:AddRoleToInstanceProfile", RoleName="node"), ["iam:AddRoleToInstanceProfile", PASS]),
    ],
)
def test_what_a_call_asks_for(entry: dict[str, Any], wanted: list[str]) -> None:
    assert [one.action for one in needed(entry)] == wanted


def test_a_document_tells_what_it_was_made_of() -> None:
    some = {Permission("eks:CreateCluster"), Permission(PASS, "eks.amazonaws.com"), Permission(MAKE_LINKED, "eks")}
    assert permissions_of(document(some)) == some
    [_calls, passing, _linked] = document(some, "arn:aws:iam::1:role/a-*")["Statement"]
    assert passing["Resource"] == "arn:aws:iam::1:role/a-*"


@pytest.mark.parametrize("name", NAMES)
def test_a_document_can_be_attached(name: str) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: spaces are not counted."""
    kept = json.loads((DOCUMENTS / f"{name}.json").read_text(encoding="utf-8"))
    assert kept == document(recorded(name))
    assert len(json.dumps(kept, separators=(",", ":"))) <= 6144


@pytest.mark.parametrize("name", NAMES)
def test_a_document_is_in_the_guide(name: str) -> None:
    assert f"literalinclude:: ../permissions/{name}.json" in GUIDES["permissions"].read_text(encoding="utf-8")


def test_one_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert permissions.main("site", "arn:aws:iam::1:role/a-*") == 0
    assert "arn:aws:iam::1:role/a-*" in capsys.readouterr().out
    assert permissions.main("decommission nodes_hybrid_leave") == 0
    printed = capsys.readouterr().out
    assert "eks:DeleteCluster" in printed
    assert "ssm:DeregisterManagedInstance" in printed
    assert permissions.main("nonsense") == 1
    assert "site" in capsys.readouterr().err
