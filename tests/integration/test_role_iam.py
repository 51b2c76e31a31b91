# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role iam against the simulated AWS: plan, make, again, repair, remove, given roles, bad input."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.authority import Authority
from support.ledger import Ledger
from support.playbook import Playbook
from support.roles import Role, handed_on
from support.surroundings import ACCOUNT, Surroundings

FACTS = [
    "iam_cluster_role_arn",
    "iam_node_role_arn",
    "iam_node_instance_profile_arn",
    "iam_fargate_role_arn",
    "iam_hybrid_role_arn",
    "iam_hybrid_trust_anchor_arn",
    "iam_hybrid_profile_arn",
]
ARN = f"arn:aws:iam::{ACCOUNT}:role"


@pytest.fixture
def iam(playbook: Playbook) -> Role:
    return Role(playbook, "iam", FACTS, iam_cluster_name="demo")


def roles(aws: Surroundings) -> list[str]:
    return [role["RoleName"] for role in aws.iam.list_roles()["Roles"]]


def policies(aws: Surroundings, role: str) -> set[str]:
    attached = aws.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    return {policy["PolicyName"] for policy in attached}


def trust(aws: Surroundings, role: str) -> dict[str, Any]:
    [statement] = aws.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    return dict(statement)


def test_from_an_empty_account_and_back(
    iam: Role, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests
) -> None:
    aws.role("node", "demo-of-somebody-else")
    facts = {f"iam_{key}_role_arn": f"{ARN}/demo-{key}" for key in ("cluster", "node", "fargate")}
    facts |= {"iam_node_instance_profile_arn": "", "iam_hybrid_role_arn": ""}
    facts |= {"iam_hybrid_trust_anchor_arn": "", "iam_hybrid_profile_arn": ""}

    with subtests.test("check mode writes nothing and foretells the ARNs"):
        ledger.clear()
        plan = iam.run(check=True)
        assert ledger.writes() == []
        assert plan.changed == 1
        assert handed_on(plan) == facts

    with subtests.test("what was planned is made, and no more"):
        assert handed_on(iam.run()) == facts
        assert policies(aws, "demo-cluster") == {"AmazonEKSClusterPolicy"}
        assert policies(aws, "demo-node") == {
            "AmazonEKSWorkerNodePolicy",
            "AmazonEC2ContainerRegistryPullOnly",
            "AmazonEKS_CNI_Policy",
        }
        assert policies(aws, "demo-fargate") == {"AmazonEKSFargatePodExecutionRolePolicy"}
        assert trust(aws, "demo-cluster")["Action"] == ["sts:AssumeRole", "sts:TagSession"]
        assert trust(aws, "demo-node")["Principal"] == {"Service": "ec2.amazonaws.com"}
        source = f"arn:aws:eks:eu-central-1:{ACCOUNT}:fargateprofile/demo/*"
        assert trust(aws, "demo-fargate")["Condition"] == {"ArnLike": {"aws:SourceArn": source}}

    with subtests.test("again changes nothing"):
        ledger.clear()
        again = iam.run()
        assert (again.changed, ledger.writes(), handed_on(again)) == (0, [], facts)

    with subtests.test("drift is repaired, options are followed"):
        aws.iam.attach_role_policy(RoleName="demo-node", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        aws.iam.untag_role(RoleName="demo-cluster", TagKeys=["team"])
        anybody = {**trust(aws, "demo-fargate"), "Condition": {}}
        document = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
        aws.iam.update_assume_role_policy(RoleName="demo-fargate", PolicyDocument=document)
        boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
        options: dict[str, Any] = {
            "iam_auto_mode": True,
            "iam_node_cni_policy": False,
            "iam_node_ssm_policy": True,
            "iam_node_policies": ["CloudWatchAgentServerPolicy"],
            "iam_permissions_boundary": boundary,
            "iam_tags": {"team": "blue"},
        }
        assert iam.run(check=True, **options).changed == 1
        iam.run(**options)
        assert iam.run(**options).changed == 0
        assert policies(aws, "demo-node") == {
            "AmazonEKSWorkerNodePolicy",
            "AmazonEC2ContainerRegistryPullOnly",
            "AmazonSSMManagedInstanceCore",
            "CloudWatchAgentServerPolicy",
        }
        assert len(policies(aws, "demo-cluster")) == 5
        assert trust(aws, "demo-fargate")["Condition"]
        role = aws.iam.get_role(RoleName="demo-node")["Role"]
        assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
        assert {"Key": "team", "Value": "blue"} in role["Tags"]

    with subtests.test("an instance profile for self-managed nodes"):
        wanted: dict[str, Any] = {**options, "self_managed_nodes_groups": [{"name": "batch"}]}
        ledger.clear()
        plan = iam.run(check=True, **wanted)
        assert (plan.changed, ledger.writes()) == (1, [])
        profile = f"arn:aws:iam::{ACCOUNT}:instance-profile/demo-node"
        assert handed_on(plan)["iam_node_instance_profile_arn"] == profile
        assert handed_on(iam.run(**wanted))["iam_node_instance_profile_arn"] == profile
        [made] = aws.iam.list_instance_profiles()["InstanceProfiles"]
        assert (made["Arn"], [role["RoleName"] for role in made["Roles"]]) == (profile, ["demo-node"])
        ledger.clear()
        assert (iam.run(**wanted).changed, ledger.writes()) == (0, [])
        aws.iam.remove_role_from_instance_profile(InstanceProfileName="demo-node", RoleName="demo-node")
        assert iam.run(**wanted).changed == 1  # as after a run that was stopped in between

    with subtests.test("check mode foretells the removal"):
        ledger.clear()
        assert iam.run(check=True, iam_state="absent").changed == 1
        assert ledger.writes() == []

    with subtests.test("removed with what is attached, and nothing else"):
        iam.run(iam_state="absent", iam_roles=["cluster"])
        assert roles(aws) == ["demo-of-somebody-else"]
        assert aws.iam.list_instance_profiles()["InstanceProfiles"] == []

    with subtests.test("removed again changes nothing"):
        ledger.clear()
        again = iam.run(iam_state="absent")
        assert (again.changed, ledger.writes()) == (0, [])


def test_roles_of_others_are_refused_and_stay(iam: Role, ledger: Ledger, aws: Surroundings) -> None:
    aws.role("node", "demo-node")
    ledger.clear()
    message = iam.refused()
    assert f"Role {ARN}/demo-node does not carry the tags flotilla.eks/cluster=demo, flotilla.eks/region=" in message
    assert "iam_given_node_role_arn" in message
    run = iam.run(iam_state="absent")
    assert (run.changed, ledger.writes()) == (0, [])
    assert "does not carry the tags" in run.output


def test_given_roles_are_handed_on_and_left_alone(iam: Role, ledger: Ledger, aws: Surroundings) -> None:
    given: dict[str, Any] = {f"iam_given_{key}_role_arn": aws.role(key) for key in ("cluster", "node")}
    ledger.clear()
    run = iam.run(iam_roles=["cluster", "node"], **given)
    assert (run.changed, ledger.calls()) == (0, [])
    assert handed_on(run) == {
        "iam_cluster_role_arn": f"{ARN}/test-cluster",
        "iam_node_role_arn": f"{ARN}/test-node",
        "iam_node_instance_profile_arn": "",
        "iam_fargate_role_arn": "",
        "iam_hybrid_role_arn": "",
        "iam_hybrid_trust_anchor_arn": "",
        "iam_hybrid_profile_arn": "",
    }
    assert iam.run(iam_state="absent", **given).changed == 0


def test_an_instance_profile_that_no_role_has(iam: Role, ledger: Ledger, aws: Surroundings) -> None:
    """As a run leaves it that was stopped between the two calls; or somebody else's."""
    owner = {"flotilla.eks/cluster": "demo", "flotilla.eks/region": aws.region}
    tags = [{"Key": key, "Value": value} for key, value in owner.items()]
    aws.iam.create_instance_profile(InstanceProfileName="demo-node", Tags=tags)
    assert iam.run(iam_state="absent").changed == 1
    assert aws.iam.list_instance_profiles()["InstanceProfiles"] == []
    aws.iam.create_instance_profile(InstanceProfileName="demo-node")
    ledger.clear()
    message = iam.refused(iam_node_instance_profile=True, iam_roles=["node"])
    assert f"Instance profile arn:aws:iam::{ACCOUNT}:instance-profile/demo-node does not carry the tags" in message
    assert (iam.run(iam_state="absent").changed, ledger.writes()) == (0, [])


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        (
            {"iam_cluster_name": "x" * 57},
            "has 65 characters, IAM allows 64: set iam_name_prefix to at most 56 characters",
        ),
        ({"iam_given_node_role_arn": "node"}, "iam_given_node_role_arn is 'node', which is not the ARN of a role"),
        (
            {"iam_roles": ["cluster", "nodes"]},
            "value of iam_roles must be one or more of: cluster, node, fargate, hybrid",
        ),
        ({"iam_path": "eks"}, "iam_path is 'eks': it must begin and end with a slash"),
        ({"iam_region": ""}, "The tag flotilla.eks/region has no value: set iam_cluster_name, and eks_region"),
    ],
)
def test_bad_input_is_refused(iam: Role, ledger: Ledger, variables: dict[str, Any], text: str) -> None:
    assert text in iam.refused(**variables)
    assert ledger.calls() == []


def own_policy(aws: Surroundings) -> list[dict[str, Any]]:
    """The statements of the hybrid role's own policy."""
    found = aws.iam.get_role_policy(RoleName="demo-hybrid", PolicyName="flotilla.eks")["PolicyDocument"]
    return list(found["Statement"])


def test_a_role_for_on_premises_nodes(iam: Role, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests) -> None:
    cluster = f"arn:aws:eks:eu-central-1:{ACCOUNT}:cluster/demo"
    hybrid: dict[str, Any] = {"iam_roles": ["hybrid"]}

    with subtests.test("with Systems Manager"):
        ledger.clear()
        planned = iam.run(check=True, **hybrid)
        assert (planned.changed, ledger.writes()) == (1, [])
        assert handed_on(iam.run(**hybrid))["iam_hybrid_role_arn"] == f"{ARN}/demo-hybrid"
        assert policies(aws, "demo-hybrid") == {"AmazonSSMManagedInstanceCore", "AmazonEC2ContainerRegistryPullOnly"}
        assert trust(aws, "demo-hybrid")["Principal"] == {"Service": "ssm.amazonaws.com"}
        assert trust(aws, "demo-hybrid")["Condition"] == {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:ssm:eu-central-1:{ACCOUNT}:*"},
        }
        reading, looking, leaving = own_policy(aws)
        assert (reading["Action"], reading["Resource"]) == (["eks:DescribeCluster", "eks:ListAccessEntries"], cluster)
        assert looking["Action"] == "ssm:DescribeInstanceInformation"
        assert leaving["Condition"] == {"StringEquals": {"ssm:resourceTag/EKSClusterARN": cluster}}
        ledger.clear()
        assert (iam.run(**hybrid).changed, ledger.writes()) == (0, [])

    with subtests.test("Systems Manager takes its name"):
        aws.simulator.advance(60)
        assert aws.ssm.create_activation(IamRole="demo-hybrid")["ActivationId"]

    with subtests.test("drift of its own policy is mended"):
        anything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [anything]})
        aws.iam.put_role_policy(RoleName="demo-hybrid", PolicyName="flotilla.eks", PolicyDocument=document)
        ledger.clear()
        assert (iam.run(check=True, **hybrid).changed, ledger.writes()) == (1, [])
        iam.run(**hybrid)
        assert len(own_policy(aws)) == 3

    with subtests.test("with IAM Roles Anywhere"):
        path = iam.playbook.directory / "ca.pem"
        path.write_text(Authority().pem)
        certificates = {**hybrid, "iam_hybrid_credential_provider": "iam_roles_anywhere"}
        assert "iam_given_hybrid_trust_anchor_arn is ''" in iam.refused(**certificates)
        certificates["iam_hybrid_ca_certificate"] = str(path)
        ledger.clear()
        assert (iam.run(check=True, **certificates).changed > 2, ledger.writes()) == (True, [])
        made = handed_on(iam.run(**certificates))
        [anchor] = aws.anywhere.list_trust_anchors()["trustAnchors"]
        [profile] = aws.anywhere.list_profiles()["profiles"]
        assert made["iam_hybrid_trust_anchor_arn"] == anchor["trustAnchorArn"]
        assert made["iam_hybrid_profile_arn"] == profile["profileArn"]
        assert (profile["roleArns"], profile["acceptRoleSessionName"]) == ([f"{ARN}/demo-hybrid"], True)
        assert (profile["enabled"], anchor["enabled"]) == (True, True)
        document = aws.iam.get_role(RoleName="demo-hybrid")["Role"]["AssumeRolePolicyDocument"]
        tagging, assuming = document["Statement"]
        assert tagging["Action"] == ["sts:TagSession", "sts:SetSourceIdentity"]
        assert assuming["Condition"]["StringEquals"] == {"sts:RoleSessionName": "${aws:PrincipalTag/x509Subject/CN}"}
        trusted = {one["Condition"]["ArnEquals"]["aws:SourceArn"] for one in document["Statement"]}
        assert trusted == {anchor["trustAnchorArn"]}
        assert policies(aws, "demo-hybrid") == {"AmazonEC2ContainerRegistryPullOnly"}
        assert len(own_policy(aws)) == 1
        ledger.clear()
        assert (iam.run(**certificates).changed, ledger.writes()) == (0, [])

    with subtests.test("a trust anchor of somebody else is not touched"):
        tag = "flotilla.eks/region"
        aws.anywhere.untag_resource(resourceArn=anchor["trustAnchorArn"], tagKeys=[tag])
        said = iam.refused(**certificates)
        assert said.startswith(f"{anchor['trustAnchorArn']} is called demo-hybrid, but does not carry the tags")
        aws.anywhere.tag_resource(resourceArn=anchor["trustAnchorArn"], tags=[{"key": tag, "value": aws.region}])

    with subtests.test("trust anchor and profile go with the role"):
        ledger.clear()
        assert (iam.run(check=True, iam_state="absent", **certificates).changed > 2, ledger.writes()) == (True, [])
        iam.run(iam_state="absent", **certificates)
        assert roles(aws) == aws.anywhere.list_trust_anchors()["trustAnchors"] == []
        assert aws.anywhere.list_profiles()["profiles"] == []
        assert iam.run(iam_state="absent", **certificates).changed == 0
        iam.run(**hybrid)

    with subtests.test("removed with its own policy"):
        iam.run(iam_state="absent")
        assert roles(aws) == []
