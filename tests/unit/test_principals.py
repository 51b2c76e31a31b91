# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IAM principals behind ARNs of callers."""

from __future__ import annotations

import pytest

from ansible_collections.flotilla.eks.plugins.plugin_utils._principals import PrincipalError, principals, session_roles

ROLE = {"role_name": "deploy", "arn": "arn:aws:iam::123456789012:role/teams/platform/deploy"}
SESSION = "arn:aws:sts::123456789012:assumed-role/deploy/somebody@example.org"
USER = "arn:aws:iam::123456789012:user/ada"


def test_sessions_name_their_roles_once() -> None:
    assert session_roles([SESSION, USER, SESSION + "-2", ROLE["arn"]]) == ["deploy"]


def test_a_session_becomes_its_role_with_the_path() -> None:
    assert principals([SESSION], [ROLE]) == [ROLE["arn"]]


def test_each_principal_is_named_once() -> None:
    assert principals([USER, SESSION, ROLE["arn"], USER], [ROLE]) == [USER, ROLE["arn"]]


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_other_partitions(partition: str) -> None:
    role = {"role_name": "deploy", "arn": f"arn:{partition}:iam::123456789012:role/deploy"}
    assert principals([SESSION.replace("arn:aws:", f"arn:{partition}:")], [role]) == [role["arn"]]


@pytest.mark.parametrize(
    ("arn", "says"),
    [
        pytest.param(
            SESSION.replace("deploy", "gone"), "session of the IAM role gone, which was not found", id="no role"
        ),
        pytest.param(SESSION.replace("1234", "9999"), "give the ARN of the role, with its path", id="other account"),
        pytest.param("arn:aws:sts::123456789012:federated-user/ada", "give an IAM role or user", id="federated user"),
    ],
)
def test_an_arn_that_leads_nowhere_is_refused(arn: str, says: str) -> None:
    with pytest.raises(PrincipalError, match=says):
        principals([arn], [ROLE])
