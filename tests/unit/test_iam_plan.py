# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IAM roles of a cluster: what they lack, and which are nobody's business."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.flotilla.eks.plugins.plugin_utils._iam import plan_roles

OWNER = {"flotilla.eks/cluster": "demo", "flotilla.eks/region": "eu-central-1"}
SOURCE = "arn:{partition}:eks:eu-central-1:{account}:fargateprofile/demo/*"
POLICIES = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "arn:aws:iam::123456789012:policy/own"]


def role(key: str = "node", **members: Any) -> dict[str, Any]:
    service = {"cluster": "eks", "node": "ec2", "fargate": "eks-fargate-pods", "hybrid": "ssm"}[key]
    condition = {"condition": {"ArnLike": {"aws:SourceArn": SOURCE}}} if key == "fargate" else {}
    wanted = {
        "key": key,
        "description": f"{key} of demo",
        "given": "",
        "service": service,
        "trust": [{"actions": ["sts:AssumeRole"], **condition}],
    }
    return {**wanted, "policies": POLICIES, **members}


def wish(*roles: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "roles": list(roles) or [role()],
        "prefix": "demo",
        "path": "/",
        "boundary": "",
        "purge_policies": True,
        "identity": "arn:aws:sts::123456789012:assumed-role/admin/me",
        "owner": OWNER,
        "tags": {},
        **members,
    }


def make(wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """What flotilla.eks.iam_roles_info finds of the roles after the plan was carried out."""
    plan = plan_roles([], wanted)
    documents = {one["name"]: [inline(one)] for one in plan["inline"]}
    boundary = {"permissions_boundary": {"permissions_boundary_arn": wanted["boundary"]}} if wanted["boundary"] else {}
    return [
        {
            "role_name": item["name"],
            "arn": item["arn"],
            "path": wanted["path"],
            "description": item["description"],
            "assume_role_policy_document": item["trust"],
            "managed_policies": [{"policy_arn": arn} for arn in item["policies"]],
            "inline_policies": documents.get(item["name"], []),
            "tags": dict(item["tags"]),
            **boundary,
        }
        for item in plan["roles"]
    ]


def inline(planned: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A policy of a role's own that was planned, as it is found."""
    return {"policy_name": planned["policy"], "policy_document": planned["document"], **changed}


def made_profiles(wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """The instance profiles after the plan was carried out."""
    return [
        {
            "instance_profile_name": one["name"],
            "arn": one["arn"],
            "roles": [{"role_name": one["name"]}],
            "tags": one["tags"],
        }
        for one in plan_roles([], wanted)["profiles"]
    ]


@given(
    st.fixed_dictionaries(
        {
            "path": st.sampled_from(["/", "/eks/", "/a/b/"]),
            "boundary": st.sampled_from(["", "arn:aws:iam::123456789012:policy/limit"]),
            "tags": st.dictionaries(st.sampled_from(["team", "CostCenter"]), st.text("abc")),
            "purge_policies": st.booleans(),
        }
    )
)
def test_planning_what_was_made_yields_nothing(members: dict[str, Any]) -> None:
    wanted = wish(role("cluster"), role("node", instance_profile=True), role("fargate"), **members)
    plan = plan_roles(make(wanted), {**wanted, "profiles": made_profiles(wanted)})
    assert (plan["problems"], plan["strangers"], plan["changes"]) == ([], [], [])
    assert plan["profile_removals"] == []
    assert plan["removals"] == ["demo-cluster", "demo-node", "demo-fargate"]


PERMISSION = {
    "Effect": "Allow",
    "Action": ["eks:DescribeCluster"],
    "Resource": "arn:{partition}:eks:eu-central-1:{account}:cluster/demo",
}


def test_a_policy_of_the_roles_own_is_made_and_mended() -> None:
    wanted = wish(role("hybrid", permissions=[PERMISSION]))
    plan = plan_roles([], wanted)
    assert plan["changes"] == ["role demo-hybrid: make it", "policy flotilla.eks of role demo-hybrid: make it"]
    [statement] = plan["inline"][0]["document"]["Statement"]
    assert statement["Resource"] == "arn:aws:eks:eu-central-1:123456789012:cluster/demo"
    [found] = make(wanted)
    assert plan_roles([found], wanted)["changes"] == []
    drift = inline(plan["inline"][0], policy_document={"Version": "2012-10-17", "Statement": []})
    assert plan_roles([{**found, "inline_policies": [drift]}], wanted)["changes"] == [
        "policy flotilla.eks of role demo-hybrid: set it"
    ]
    others = inline(plan["inline"][0], policy_name="own")
    assert plan_roles([{**found, "inline_policies": [others]}], wanted)["inline"][0]["changes"] == ["make it"]


def test_what_is_no_placeholder_stays() -> None:
    variable = {"StringEquals": {"sts:RoleSessionName": "${aws:PrincipalTag/x509Subject/CN}"}}
    roles = plan_roles([], wish(role(trust=[{"actions": ["sts:AssumeRole"], "condition": variable}])))["roles"]
    assert roles[0]["trust"]["Statement"][0]["Condition"] == variable


ANCHOR = "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/0a1b"


def anchored(arn: str) -> dict[str, Any]:
    """A role for hosts that come with certificates."""
    trust = [{"actions": ["sts:AssumeRole"], "condition": {"ArnEquals": {"aws:SourceArn": arn}}}]
    return role("hybrid", service="rolesanywhere", trust=trust)


def test_a_trust_anchor_is_needed_where_certificates_let_in() -> None:
    assert plan_roles([], wish(anchored(ANCHOR)))["problems"] == []
    [text] = plan_roles([], wish(anchored("")))["problems"]
    assert text.startswith(
        "iam_given_hybrid_trust_anchor_arn is '', which is not the ARN of a trust anchor: write it like"
    )
    given_arn = {"given": "arn:aws:iam::123456789012:role/theirs"}
    assert plan_roles([], wish({**anchored(""), **given_arn}))["problems"] == []


def test_systems_manager_takes_short_paths_only() -> None:
    assert plan_roles([], wish(role("hybrid"), path="/" + "p" * 51 + "/"))["problems"] == []
    [text] = plan_roles([], wish(role("hybrid"), path="/" + "p" * 53 + "/"))["problems"]
    assert "has 65 characters with its path, Systems Manager takes 64: set iam_path or iam_name_prefix" in text


def test_arns_are_foretold() -> None:
    given_arn = "arn:aws:iam::123456789012:role/theirs"
    plan = plan_roles([], wish(role("cluster", given=given_arn), role("node"), path="/eks/"))
    assert plan["arns"] == {"cluster": given_arn, "node": "arn:aws:iam::123456789012:role/eks/demo-node"}
    assert plan["changes"] == ["role demo-node: make it"]


def test_any_arn_tells_the_account() -> None:
    assert plan_roles([], wish(identity=""))["identity"] == ""
    assert plan_roles([], wish(role(given="arn:aws:iam::123456789012:role/x"), identity=""))["identity"]
    assert plan_roles(make(wish()), wish(identity=""))["changes"] == []


@pytest.mark.parametrize(
    ("partition", "node"),
    [("aws", "ec2.amazonaws.com"), ("aws-cn", "ec2.amazonaws.com.cn"), ("aws-us-gov", "ec2.amazonaws.com")],
)
def test_each_partition_has_its_arns_and_principals(partition: str, node: str) -> None:
    identity = f"arn:{partition}:iam::123456789012:user/me"
    roles = plan_roles([], wish(role("cluster"), role("node"), role("fargate"), identity=identity))["roles"]
    statements = [one["trust"]["Statement"][0] for one in roles]
    assert [one["Principal"]["Service"] for one in statements] == [
        "eks.amazonaws.com",
        node,
        "eks-fargate-pods.amazonaws.com",
    ]
    assert statements[2]["Condition"] == {
        "ArnLike": {"aws:SourceArn": f"arn:{partition}:eks:eu-central-1:123456789012:fargateprofile/demo/*"}
    }
    assert roles[1]["arn"] == f"arn:{partition}:iam::123456789012:role/demo-node"
    assert roles[1]["policies"][0] == f"arn:{partition}:iam::aws:policy/AmazonEKSWorkerNodePolicy"


def test_an_instance_profile_has_the_name_and_the_path_of_its_role() -> None:
    wanted = wish(role("node", instance_profile=True), path="/eks/")
    plan = plan_roles([], wanted)
    assert plan["changes"] == ["role demo-node: make it", "instance profile demo-node: make it"]
    assert plan["profile_arns"] == {"node": "arn:aws:iam::123456789012:instance-profile/eks/demo-node"}
    [profile] = made_profiles(wanted)
    loose = plan_roles(make(wanted), {**wanted, "profiles": [{**profile, "roles": []}]})
    assert (loose["changes"], loose["profile_removals"]) == (["instance profile demo-node: make it"], ["demo-node"])
    given_role = role("node", given="arn:aws:iam::123456789012:role/theirs", instance_profile=True)
    assert plan_roles([], wish(given_role))["profile_arns"] == {}


@pytest.mark.parametrize(("tags", "ours"), [(OWNER, True), ({}, False)])
def test_a_profile_that_no_role_has_is_ours_by_its_tags(tags: dict[str, str], ours: bool) -> None:
    arn = "arn:aws:iam::123456789012:instance-profile/demo-node"
    profile = {"instance_profile_name": "demo-node", "arn": arn, "roles": [], "tags": tags}
    plan = plan_roles([], wish(role("node", instance_profile=True), profiles=[profile]))
    assert plan["profile_removals"] == (["demo-node"] if ours else [])
    assert [f"Instance profile {arn} does not carry the tags" in text for text in plan["strangers"]] == [True] * (
        not ours
    )


@pytest.mark.parametrize(
    ("drift", "change"),
    [
        ({"description": "changed by hand"}, "set the description"),
        ({"assume_role_policy_document": {"Statement": []}}, "set the trust policy"),
        ({"tags": {**OWNER, "team": "red"}}, "tag team=blue"),
        ({"managed_policies": []}, f"attach arn:aws:iam::aws:policy/{POLICIES[0]}"),
        (
            {"managed_policies": [{"policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}]},
            "detach arn:aws:iam::aws",
        ),
        ({"permissions_boundary": {}}, "set the permissions boundary arn:aws:iam::123456789012:policy/limit"),
    ],
)
def test_drift_is_seen(drift: dict[str, Any], change: str) -> None:
    wanted = wish(tags={"team": "blue"}, boundary="arn:aws:iam::123456789012:policy/limit")
    [found] = make(wanted)
    assert change in "".join(plan_roles([{**found, **drift}], wanted)["changes"])


def test_spellings_that_mean_the_same_are_no_drift() -> None:
    [found] = make(wish())
    statement = {**found["assume_role_policy_document"]["Statement"][0], "Action": "sts:AssumeRole"}
    found["assume_role_policy_document"] = {"Statement": statement, "Version": "2012-10-17"}
    assert plan_roles([found], wish())["changes"] == []


def test_further_policies_and_a_boundary_stay_where_nobody_minds() -> None:
    [found] = make(wish())
    found["managed_policies"].append({"policy_arn": "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"})
    found["permissions_boundary"] = {"permissions_boundary_arn": "arn:aws:iam::123456789012:policy/limit"}
    assert plan_roles([found], wish(purge_policies=False))["changes"] == []


@pytest.mark.parametrize("tags", [{}, {**OWNER, "flotilla.eks/region": "us-east-1"}])
def test_a_role_of_somebody_else_is_neither_changed_nor_removed(tags: dict[str, str]) -> None:
    [found] = make(wish())
    plan = plan_roles([{**found, "tags": tags}], wish())
    [text] = plan["strangers"]
    assert "Role arn:aws:iam::123456789012:role/demo-node does not carry the tags flotilla.eks/cluster=demo, " in text
    assert "iam_name_prefix" in text
    assert "iam_given_node_role_arn" in text
    assert plan["removals"] == []


def test_a_path_cannot_be_changed() -> None:
    [text] = plan_roles(make(wish()), wish(path="/eks/"))["strangers"]
    assert "has the path /, iam_path wants /eks/: the path of a role cannot be changed" in text


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"prefix": "x" * 60}, "has 65 characters, IAM allows 64: set iam_name_prefix to at most 59 characters"),
        ({"prefix": "two words"}, "'two words-node' has characters that IAM does not allow"),
        ({"path": "eks"}, "iam_path is 'eks': it must begin and end with a slash"),
        ({"boundary": "limit"}, "iam_permissions_boundary is 'limit', which is not the ARN of a policy"),
        ({"roles": [role(given="theirs")]}, "iam_given_node_role_arn is 'theirs', which is not the ARN of a role"),
        ({"roles": [role(policies=["arn:aws:s3:::x"])]}, "'arn:aws:s3:::x' in iam_node_policies is not the ARN"),
        ({"owner": {**OWNER, "flotilla.eks/region": ""}}, "The tag flotilla.eks/region has no value: set"),
    ],
)
def test_what_cannot_be_is_refused(members: dict[str, Any], text: str) -> None:
    assert text in "\n".join(plan_roles([], wish(**members))["problems"])
