# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role is assumed by whom its trust policy lets in, and by nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from unit.simulator.account import Account, refusal

ROOT, USER = "arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:user/simulator"
OTHER = "arn:aws:iam::210987654321:root"
EXTERNAL = {"StringEquals": {"sts:ExternalId": "flotilla"}}


def statement(principal: Any = ROOT, action: Any = "sts:AssumeRole", **members: Any) -> dict[str, Any]:
    named = principal if principal == "*" else {"AWS": principal}
    return {"Effect": "Allow", "Principal": named, "Action": action, **members}


def trusting(account: Account, *statements: dict[str, Any], **members: Any) -> str:
    """The ARN of a new role with this trust policy, which has spread."""
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    made = account.iam.create_role(RoleName=account.name("ops"), AssumeRolePolicyDocument=document, **members)
    account.sim.advance(60)
    return str(made["Role"]["Arn"])


def assume(account: Account, arn: str, **asked: Any) -> dict[str, Any]:
    answer: dict[str, Any] = account.client("sts").assume_role(RoleArn=arn, RoleSessionName="visit", **asked)
    return answer


def refused(account: Account, arn: str, **asked: Any) -> str:
    error = refusal(account.client("sts").assume_role, RoleArn=arn, RoleSessionName="visit", **asked)
    assert (error.code, error.status) == ("AccessDenied", 403)
    return error.message


@pytest.mark.parametrize(
    ("statements", "asked"),
    [
        ([statement()], {}),
        ([statement("123456789012")], {}),
        ([statement(USER)], {}),
        ([statement(["arn:aws:iam::123456789012:user/ada", USER])], {}),
        ([statement("*")], {}),
        ([{**statement(), "Principal": {"AWS": "*"}}], {}),
        ([statement(action="sts:*")], {}),
        ([statement(Condition=EXTERNAL)], {"ExternalId": "flotilla"}),
        ([statement("*", Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:user/sim*"}})], {}),
        ([statement(action=["sts:AssumeRole", "sts:TagSession"])], {"Tags": [{"Key": "team", "Value": "a"}]}),
    ],
)
def test_who_is_let_in(account: Account, statements: list[dict[str, Any]], asked: dict[str, Any]) -> None:
    arn = trusting(account, *statements)
    told = assume(account, arn, **asked)["AssumedRoleUser"]["Arn"]
    assert told == f"arn:aws:sts::123456789012:assumed-role/{arn.rpartition('/')[2]}/visit"


@pytest.mark.parametrize(
    ("statements", "asked"),
    [
        ([statement(OTHER)], {}),
        ([statement("arn:aws:iam::123456789012:user/ada")], {}),
        ([{**statement(), "Principal": {"Service": "ec2.amazonaws.com"}}], {}),
        ([statement(action="sts:TagSession")], {}),
        ([statement(Condition=EXTERNAL)], {}),
        ([statement(Condition=EXTERNAL)], {"ExternalId": "another"}),
        ([statement(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})], {}),
        ([statement(), statement(USER, Effect="Deny")], {}),
        ([statement(), statement(USER, Effect="Deny", Condition={"DateLessThan": {"aws:CurrentTime": "x"}})], {}),
    ],
)
def test_who_is_turned_away(account: Account, statements: list[dict[str, Any]], asked: dict[str, Any]) -> None:
    arn = trusting(account, *statements)
    assert refused(account, arn, **asked) == (
        f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    )


def test_a_role_has_to_be_there(account: Account) -> None:
    for arn in ("arn:aws:iam::123456789012:role/gone", "arn:aws:iam::210987654321:role/gone", f"x{ROOT}:role/xxxxxxx"):
        assert refused(account, arn).endswith(f"sts:AssumeRole on resource: {arn}")
    new = account.role(account.name("new"), ROOT)
    assert refused(account, new).endswith(f"sts:AssumeRole on resource: {new}")
    account.sim.advance(60)
    assume(account, new)


def test_what_else_is_asked_for_has_to_be_allowed(account: Account) -> None:
    arn = trusting(account, statement())
    assert "perform: sts:TagSession on" in refused(account, arn, Tags=[{"Key": "team", "Value": "a"}])
    assert "perform: sts:SetSourceIdentity on" in refused(account, arn, SourceIdentity="ada")


def test_from_session_to_session_and_account_to_account(account: Account) -> None:
    """By the role behind it, a session is let in, for an hour at most."""
    there = "arn:aws:iam::210987654321:role/teams/fleet"
    account.sim.make_role(there)
    account.sim.make_role(there)
    here = assume(account, there)["Credentials"]
    own = {"aws_access_key_id": here["AccessKeyId"], "aws_secret_access_key": here["SecretAccessKey"]}
    sts = account.client("sts", **own, aws_session_token=here["SessionToken"])
    back, closed = trusting(account, statement(there), MaxSessionDuration=7200), trusting(account, statement())
    assert sts.assume_role(RoleArn=back, RoleSessionName="back")["AssumedRoleUser"]["Arn"].endswith("/back")
    error = refusal(sts.assume_role, RoleArn=closed, RoleSessionName="back")
    assert error.message.startswith("User: arn:aws:sts::210987654321:assumed-role/fleet/visit is not authorized")
    chained = refusal(sts.assume_role, RoleArn=back, RoleSessionName="back", DurationSeconds=3601)
    assert (chained.code, "role chaining" in chained.message) == ("ValidationError", True)


def test_a_session_is_no_longer_than_its_role_allows(account: Account) -> None:
    arn = trusting(account, statement(), MaxSessionDuration=7200)
    assume(account, arn, DurationSeconds=7200)
    sts = account.client("sts")
    error = refusal(sts.assume_role, RoleArn=arn, RoleSessionName="visit", DurationSeconds=7201)
    assert "exceeds the MaxSessionDuration" in error.message
    short = refusal(sts.assume_role, RoleArn=arn, RoleSessionName="visit", DurationSeconds=899)
    assert "greater than or equal to 900" in short.message


def test_nobody_comes_with_tokens_of_others(account: Account) -> None:
    arn = trusting(account, statement("*", "sts:*"))
    asked = {"RoleArn": arn, "RoleSessionName": "visit", "WebIdentityToken": "x" * 20}
    assert refusal(account.client("sts").assume_role_with_web_identity, **asked).code == "InvalidAction"


def test_an_instance_has_the_role_that_lets_ec2_in(account: Account) -> None:
    [made] = account.ec2.run_instances(ImageId="ami-0a1b2c3d", MinCount=1, MaxCount=1)["Instances"]
    keys = account.sim.instance_credentials(made["InstanceId"], account.roles["node"])
    assert set(keys) == {"access_key_id", "secret_access_key", "session_token", "expiration"}
    with pytest.raises(ValueError, match="EC2 cannot assume the role"):
        account.sim.instance_credentials(made["InstanceId"], account.roles["cluster"])
    with pytest.raises(ValueError, match="does not exist"):
        account.sim.instance_credentials("i-0a1b2c3d4e5f60718", account.roles["node"])
    with pytest.raises(ValueError, match="is not the ARN of a role"):
        account.sim.make_role("fleet")
