# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module iam_roles_info: one task tells what three of amazon.aws tell in loops, in the same words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eks_simulator.process import SimulatorProcess
from support.ledger import Ledger
from support.playbook import Playbook
from support.surroundings import Surroundings

DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "eks:ListClusters", "Resource": "*"}]}
NAMES = {"names": ["test-node", "nobody", "test-cluster"]}
EVERYTHING = {**NAMES, "instance_profiles": ["nodes", "none"]}
THEIRS = [
    {"name": "cluster", "amazon.aws.iam_role_info": {"name": "test-cluster"}},
    {"name": "node", "amazon.aws.iam_role_info": {"name": "test-node"}},
    {"name": "policies", "amazon.aws.iam_policy_info": {"iam_type": "role", "iam_name": "test-node"}},
    {"name": "profile", "amazon.aws.iam_instance_profile_info": {"name": "nodes"}},
]


def task(**options: Any) -> dict[str, Any]:
    return {"name": "ours", "flotilla.eks.iam_roles_info": options}


@pytest.fixture
def account(aws: Surroundings) -> Surroundings:
    """An account with two roles: that of the nodes has all that a role can have."""
    for purpose in ("cluster", "node"):
        aws.role(purpose)
    boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
    aws.iam.put_role_permissions_boundary(RoleName="test-node", PermissionsBoundary=boundary)
    aws.iam.tag_role(RoleName="test-node", Tags=[{"Key": "CostCenter", "Value": "1"}])
    aws.iam.put_role_policy(RoleName="test-node", PolicyName="own", PolicyDocument=json.dumps(DOCUMENT))
    aws.iam.create_instance_profile(InstanceProfileName="nodes", Tags=[{"Key": "CostCenter", "Value": "2"}])
    aws.iam.add_role_to_instance_profile(InstanceProfileName="nodes", RoleName="test-node")
    return aws


def test_it_tells_what_amazon_aws_tells(playbook: Playbook, ledger: Ledger, account: Surroundings) -> None:
    ledger.clear()
    ours = playbook.tasks(task(**EVERYTHING), check=True).last
    assert (ours["changed"], len(ledger.calls()), ledger.writes()) == (False, 10, [])

    theirs = playbook.tasks(*THEIRS, warns=True).results  # of what amazon.aws will drop
    node, cluster = ours["iam_roles"]
    for mine, name in ((node, "node"), (cluster, "cluster")):
        [other] = theirs[name]["iam_roles"]
        assert set(mine) - set(other) == set()
        same = set(mine) - {"inline_policies", "max_session_duration"}
        assert {key: mine[key] for key in same} == {key: other[key] for key in same}
    assert node["inline_policies"] == theirs["policies"]["policies"]
    assert (node["inline_policies"][0]["policy_document"], cluster["inline_policies"]) == (DOCUMENT, [])
    [profile], [other] = ours["iam_instance_profiles"], theirs["profile"]["iam_instance_profiles"]
    assert (profile["arn"], profile["tags"]) == (other["arn"], other["tags"])
    assert [role["arn"] for role in profile["roles"]] == [node["arn"]]


def test_only_what_is_asked_for_is_read(playbook: Playbook, ledger: Ledger, account: Surroundings) -> None:
    ledger.clear()
    ours = playbook.tasks(task(**NAMES, include=[])).last
    assert [role["role_name"] for role in ours["iam_roles"]] == ["test-node", "test-cluster"]
    assert ledger.operations() == ["GetRole"] * 3


def test_a_refusal_is_one_sentence(playbook: Playbook, simulator: SimulatorProcess, account: Surroundings) -> None:
    simulator.fault(operation="iam:ListRolePolicies", error="AccessDenied", status=403)
    result = playbook.tasks(task(names=["test-node"]), fails=True).last
    assert result["msg"].startswith("IAM roles test-node: ListRolePolicies: ")
    assert "AccessDenied" in result["msg"]
    assert "Traceback" not in str(result)
