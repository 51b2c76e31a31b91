# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out plans against a scripted AWS: which calls, in which order, awaited how, and what is said of them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from ansible_collections.flotilla.eks.plugins.module_utils._apply import make_present
from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Unsettled
from support.jobs import ROLE, cluster, done, group, job, update
from support.scripted import IN_USE, NOT_FOUND, Clock, Refusal, ScriptedAws

NEW = {"node_role": ROLE, "subnets": ["subnet-a"]}
LOST = ConnectionClosedError(endpoint_url="https://eks")
ROLE_UNKNOWN = Refusal("InvalidParameterException", "The role with name node cannot be found.")


def test_what_is_as_desired_costs_one_read(clock: Clock) -> None:
    aws = ScriptedAws({"DescribeNodegroup": [group(labels={"a": "1"})]})
    outcome = make_present(job(clock, aws, {"labels": {"a": "1"}}))
    assert (outcome.changed, aws.calls) == (False, ["DescribeNodegroup"])


def test_creation_is_awaited(clock: Clock) -> None:
    describes = [NOT_FOUND, group("CREATING"), group("CREATING"), group(tags={"CostCenter": "1"})]
    aws = ScriptedAws({"DescribeNodegroup": describes, "CreateNodegroup": [group("CREATING")]})
    outcome = make_present(job(clock, aws, NEW, tags={"CostCenter": "1"}))
    assert (outcome.changed, outcome.warnings) == (True, [])
    assert outcome.observed is not None
    assert outcome.observed["status"] == "ACTIVE"
    assert aws.bodies("CreateNodegroup") == [
        {"nodegroupName": "web", "nodeRole": ROLE, "subnets": ["subnet-a"], "tags": {"CostCenter": "1"}}
    ]


def test_creation_is_not_awaited_if_the_user_does_not_wait(clock: Clock) -> None:
    aws = ScriptedAws({"DescribeNodegroup": [NOT_FOUND, group("CREATING")], "CreateNodegroup": [group("CREATING")]})
    outcome = make_present(job(clock, aws, NEW, wait=False))
    assert outcome.observed is not None
    assert (outcome.changed, outcome.observed["status"], clock.pauses) == (True, "CREATING", [])


@pytest.mark.parametrize(
    "answers", [[NOT_FOUND], [group(diskSize=1)], [group("DELETING")]], ids=["new", "old", "going"]
)
def test_check_mode_predicts_and_writes_nothing(clock: Clock, answers: list[Any]) -> None:
    aws = ScriptedAws({"DescribeNodegroup": answers})
    outcome = make_present(job(clock, aws, {**NEW, "labels": {"a": "1"}}, check_mode=True))
    assert (outcome.changed, aws.calls, clock.pauses) == (True, ["DescribeNodegroup"], [])
    assert outcome.diff["after"]["labels"] == {"a": "1"}


def test_updates_go_one_by_one_each_awaited_by_its_id(clock: Clock) -> None:
    after = cluster(deletionProtection=True, upgradePolicy={"supportType": "STANDARD"})
    aws = ScriptedAws(
        {
            "DescribeCluster": [cluster(), after],
            "UpdateClusterConfig": [update(number=1), update(number=2)],
            "DescribeUpdate": [update(), update("Successful", 1), update("Successful", 2)],
        }
    )
    desired = {"deletion_protection": True, "upgrade_policy": {"support_type": "STANDARD"}}
    assert make_present(job(clock, aws, desired, kind="cluster")).changed
    first = ["UpdateClusterConfig", "DescribeUpdate", "DescribeUpdate"]
    second = ["UpdateClusterConfig", "DescribeUpdate"]
    assert aws.calls[1:6] == first + second
    assert aws.bodies("UpdateClusterConfig") == [
        {"deletionProtection": True},
        {"upgradePolicy": {"supportType": "STANDARD"}},
    ]


def test_all_but_the_last_update_are_awaited_even_without_waiting(clock: Clock) -> None:
    aws = ScriptedAws(
        {
            "DescribeCluster": [cluster()],
            "UpdateClusterConfig": [update(number=1), update(number=2)],
            "DescribeUpdate": [update("Successful")],
        }
    )
    desired = {"deletion_protection": True, "upgrade_policy": {"support_type": "STANDARD"}}
    make_present(job(clock, aws, desired, kind="cluster", wait=False))
    assert aws.calls[1:4] == ["UpdateClusterConfig", "DescribeUpdate", "UpdateClusterConfig"]
    assert aws.calls.count("DescribeUpdate") == 1


@pytest.mark.parametrize("busy", ["CREATING", "UPDATING"])
def test_busy_resource_is_waited_for_and_looked_at_again(clock: Clock, busy: str) -> None:
    """What somebody else did meanwhile is not done again."""
    aws = ScriptedAws({"DescribeNodegroup": [group(busy), group(busy), group(labels={"a": "1"})]})
    outcome = make_present(job(clock, aws, {"labels": {"a": "1"}}))
    assert (outcome.changed, aws.writes) == (False, [])


def test_creation_that_was_interrupted_is_waited_for(clock: Clock) -> None:
    aws = ScriptedAws({"DescribeNodegroup": [group("CREATING"), group("CREATING"), group()]})
    outcome = make_present(job(clock, aws, NEW))
    assert outcome.observed is not None
    assert (outcome.changed, outcome.observed["status"], aws.writes) == (False, "ACTIVE", [])


def test_update_met_by_another_one_is_tried_again(clock: Clock) -> None:
    aws = ScriptedAws(
        {
            "DescribeNodegroup": [group(), group(labels={"a": "1"})],
            "UpdateNodegroupConfig": [IN_USE, IN_USE, update("Successful")],
        }
    )
    assert make_present(job(clock, aws, {"labels": {"a": "1"}})).changed
    assert aws.writes == ["UpdateNodegroupConfig"] * 3
    assert clock.pauses[:2] == [0.5, 0.75]


def test_deletion_under_way_is_waited_out_before_creation(clock: Clock) -> None:
    describes = [group("DELETING"), group("DELETING"), NOT_FOUND, group("CREATING"), group()]
    aws = ScriptedAws({"DescribeNodegroup": describes, "CreateNodegroup": [group("CREATING")]})
    assert done(make_present(job(clock, aws, NEW))) == ["CreateNodegroup"]


def test_creation_whose_answer_was_lost_knows_its_own(clock: Clock) -> None:
    describes = [NOT_FOUND, group("CREATING"), group("CREATING"), group()]
    aws = ScriptedAws({"DescribeNodegroup": describes, "CreateNodegroup": [LOST, IN_USE]})
    outcome = make_present(job(clock, aws, NEW))
    assert (outcome.changed, done(outcome)) == (True, ["CreateNodegroup"])
    assert aws.writes == ["CreateNodegroup"] * 2


def test_creation_that_somebody_else_was_faster_with_is_no_change(clock: Clock) -> None:
    aws = ScriptedAws({"DescribeNodegroup": [NOT_FOUND, group()], "CreateNodegroup": [IN_USE]})
    assert not make_present(job(clock, aws, NEW)).changed


def test_creation_that_somebody_else_made_otherwise_is_updated(clock: Clock) -> None:
    aws = ScriptedAws(
        {
            "DescribeNodegroup": [NOT_FOUND, group(), group(), group(labels={"a": "1"})],
            "CreateNodegroup": [IN_USE],
            "UpdateNodegroupConfig": [update("Successful")],
        }
    )
    outcome = make_present(job(clock, aws, {**NEW, "labels": {"a": "1"}}))
    assert (outcome.changed, done(outcome)) == (True, ["UpdateNodegroupConfig"])


def test_creation_in_use_without_a_resource_is_an_error(clock: Clock) -> None:
    aws = ScriptedAws({"DescribeNodegroup": [NOT_FOUND], "CreateNodegroup": [IN_USE]})
    with pytest.raises(AwsError, match="ResourceInUseException"):
        make_present(job(clock, aws, NEW))
    assert aws.writes == ["CreateNodegroup"]


def test_one_fargate_profile_waits_for_another(clock: Clock) -> None:
    selectors = [{"namespace": "a"}]
    profile = {"fargateProfile": {"status": "ACTIVE", "podExecutionRoleArn": ROLE, "selectors": selectors}}
    aws = ScriptedAws(
        {
            "DescribeFargateProfile": [NOT_FOUND, NOT_FOUND, NOT_FOUND, profile],
            "CreateFargateProfile": [IN_USE, IN_USE, profile],
        }
    )
    values = {"pod_execution_role_arn": ROLE, "selectors": selectors}
    assert make_present(job(clock, aws, values, kind="fargate_profile")).changed
    assert aws.writes == ["CreateFargateProfile"] * 3


def test_role_that_is_not_known_yet_is_tried_again(clock: Clock) -> None:
    aws = ScriptedAws(
        {"DescribeNodegroup": [NOT_FOUND, group()], "CreateNodegroup": [ROLE_UNKNOWN, ROLE_UNKNOWN, group("CREATING")]}
    )
    assert make_present(job(clock, aws, NEW)).changed
    assert aws.writes == ["CreateNodegroup"] * 3


def test_role_that_stays_unknown_is_an_error(clock: Clock) -> None:
    aws = ScriptedAws({"DescribeNodegroup": [NOT_FOUND], "CreateNodegroup": [ROLE_UNKNOWN]})
    with pytest.raises(AwsError, match="cannot be found"):
        make_present(job(clock, aws, NEW))
    assert 60 <= clock.now < 90


def test_other_bad_parameter_is_an_error_at_once(clock: Clock) -> None:
    refusal = Refusal("InvalidParameterException", "The subnet is not there")
    aws = ScriptedAws({"DescribeNodegroup": [NOT_FOUND], "CreateNodegroup": [refusal]})
    with pytest.raises(AwsError, match="The subnet is not there"):
        make_present(job(clock, aws, NEW))
    assert aws.writes == ["CreateNodegroup"]


def test_nothing_to_change_is_no_change(clock: Clock) -> None:
    refusal = Refusal("InvalidParameterException", "No changes detected for this update")
    aws = ScriptedAws({"DescribeNodegroup": [group(), group(labels={"a": "1"})], "UpdateNodegroupConfig": [refusal]})
    assert not make_present(job(clock, aws, {"labels": {"a": "1"}})).changed


def test_creation_that_fails_is_told_at_once(clock: Clock) -> None:
    issues = {"issues": [{"code": "NodeCreationFailure", "message": "never joined"}]}
    describes = [NOT_FOUND, group("CREATING"), group("CREATE_FAILED", health=issues)]
    aws = ScriptedAws({"DescribeNodegroup": describes, "CreateNodegroup": [group("CREATING")]})
    with pytest.raises(Unsettled, match="web of cluster prod is CREATE_FAILED: NodeCreationFailure: never joined"):
        make_present(job(clock, aws, NEW))
    assert len(clock.pauses) == 1


def test_stillborn_is_deleted_and_created_again_on_request(clock: Clock) -> None:
    describes = [group("CREATE_FAILED"), group("DELETING"), NOT_FOUND, group("CREATING"), group()]
    made = {"CreateNodegroup": [group("CREATING")], "DeleteNodegroup": [group("DELETING")]}
    aws = ScriptedAws({"DescribeNodegroup": describes, **made})
    assert done(make_present(job(clock, aws, NEW, replace=True))) == ["DeleteNodegroup", "CreateNodegroup"]
    assert aws.writes == ["DeleteNodegroup", "CreateNodegroup"]


@pytest.mark.parametrize("values", [{}, {"labels": {"a": "1"}}], ids=["as desired", "to be updated"])
def test_degraded_is_never_a_success(clock: Clock, values: Values) -> None:
    degraded = group("DEGRADED", labels={"a": "0"}, health={"issues": [{"code": "AccessDenied", "message": "no"}]})
    aws = ScriptedAws({"DescribeNodegroup": [degraded], "UpdateNodegroupConfig": [update("Successful")]})
    with pytest.raises(Unsettled, match="is DEGRADED: AccessDenied: no"):
        make_present(job(clock, aws, values))


def test_change_that_does_not_show_is_warned_about(clock: Clock) -> None:
    aws = ScriptedAws({"DescribeNodegroup": [group()], "UpdateNodegroupConfig": [update("Successful")]})
    outcome = make_present(job(clock, aws, {"labels": {"a": "1"}}))
    assert outcome.warnings == [
        "node group web of cluster prod: the service accepted the change, and yet labels is None"
    ]


def test_creation_that_does_not_show_is_warned_about(clock: Clock) -> None:
    """It is done, so it is too late to refuse; the next run will."""
    aws = ScriptedAws({"DescribeNodegroup": [NOT_FOUND, group()], "CreateNodegroup": [group("CREATING")]})
    outcome = make_present(job(clock, aws, {**NEW, "disk_size": 50}))
    assert outcome.changed
    assert len(outcome.warnings) == 1
    assert "disk_size" in outcome.warnings[0]


def test_refusal_comes_before_any_write(clock: Clock) -> None:
    aws = ScriptedAws({"DescribeNodegroup": [group()]})
    with pytest.raises(Refused, match="subnets"):
        make_present(job(clock, aws, {"subnets": ["subnet-b"], "labels": {"a": "1"}}, tags={"a": "1"}))
    assert aws.writes == []


def test_tags_are_reconciled_by_arn(clock: Clock) -> None:
    before, after = group(tags={"old": "1", "aws:x": "1"}), group(tags={"new": "1", "aws:x": "1"})
    aws = ScriptedAws({"DescribeNodegroup": [before, after], "UntagResource": [{}], "TagResource": [{}]})
    assert make_present(job(clock, aws, {}, tags={"new": "1"})).changed
    assert aws.writes == ["UntagResource", "TagResource"]


def test_launch_template_version_is_looked_up(clock: Clock) -> None:
    ec2 = b"<R><launchTemplates><item><latestVersionNumber>7</latestVersionNumber></item></launchTemplates></R>"
    template = {"id": "lt-1", "name": "web", "version": "7"}
    aws = ScriptedAws({"DescribeNodegroup": [group(launchTemplate=template)], "DescribeLaunchTemplates": [ec2]})
    outcome = make_present(job(clock, aws, {"launch_template": {"id": "lt-1", "version": "$Latest"}}))
    assert (outcome.changed, aws.connections) == (False, ["eks", "ec2"])


def test_template_that_is_not_said_is_refused_not_crashed_on(clock: Clock) -> None:
    aws = ScriptedAws({"DescribeNodegroup": [group()]})
    with pytest.raises(Refused, match="launch_template: wanted either id or name"):
        make_present(job(clock, aws, {"launch_template": {"version": "$Latest"}}))


def test_security_groups_may_be_given_by_name(clock: Clock) -> None:
    ec2 = (
        b"<R><securityGroupInfo><item><groupName>web</groupName><groupId>sg-1</groupId></item></securityGroupInfo></R>"
    )
    vpc = {"vpcId": "vpc-1", "subnetIds": [], "securityGroupIds": ["sg-1", "sg-2"], "endpointPublicAccess": True}
    aws = ScriptedAws({"DescribeCluster": [cluster(resourcesVpcConfig=vpc)], "DescribeSecurityGroups": [ec2]})
    values = {"resources_vpc_config": {"security_group_ids": ["web", "sg-2"]}}
    assert not make_present(job(clock, aws, values, kind="cluster")).changed
