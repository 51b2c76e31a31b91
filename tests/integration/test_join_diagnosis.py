# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module join_diagnosis names what kept instances from joining, which the simulated AWS really kept out."""

from __future__ import annotations

import base64
from typing import Any

from support.ledger import Ledger
from support.playbook import Playbook
from support.surroundings import Surroundings
from support.unjoined import Workers

OTHER_AUTHORITY = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").decode()


def diagnose(name: str = "diagnose", **options: Any) -> dict[str, Any]:
    return {"name": name, "flotilla.eks.join_diagnosis": {"cluster_name": "prod", **options}}


def causes(result: dict[str, Any]) -> dict[str, str]:
    """The likely cause of each group's instances."""
    return {row["group"]: row["likely_cause"] for row in result["instances"]}


def test_each_cause_is_named(playbook: Playbook, ledger: Ledger, aws: Surroundings) -> None:
    workers = Workers(aws)
    workers.let_in()
    stranger = workers.profile_of("stranger", aws.role("node", "stranger"))
    bare = aws.role("node", "bare")
    workers.let_in(bare)
    aws.iam.detach_role_policy(RoleName="bare", PolicyArn="arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy")
    workers.group("healthy")
    workers.group("closed", SecurityGroupIds=[aws.security_group("closed")])
    workers.group("stranger", IamInstanceProfile={"Name": stranger})
    workers.group("authority", text=workers.user_data(certificate_authority={"data": OTHER_AUTHORITY}))
    workers.group("newer", ImageId=workers.image("1.34"))
    workers.group("nobody", IamInstanceProfile=None)
    workers.group("bare", IamInstanceProfile={"Name": workers.profile_of("bare", bare)})
    workers.group("script", text="#!/bin/bash\n/etc/eks/bootstrap.sh prod\n")
    aws.settle()
    ledger.clear()
    found = playbook.tasks(diagnose()).results["diagnose"]
    assert ledger.writes() == []
    print(found["summary"])
    assert causes(found) == {
        "closed": "security_groups",
        "stranger": "access_entry",
        "authority": "user_data_ca",
        "newer": "version_skew",
        "nobody": "instance_profile",
        "bare": "role_policies",
        "script": "user_data_form",
    }
