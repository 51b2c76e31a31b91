# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs for a scripted AWS, and the answers of EKS that their tests are made of."""

from __future__ import annotations

from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._apply import Job, Outcome
from ansible_collections.flotilla.eks.plugins.module_utils._client import Client
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Desired
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience
from support.descriptors import IDENTITIES, RESOURCES
from support.scripted import Clock, ScriptedAws

ROLE = "arn:aws:iam::123456789012:role/node"


def group(status: str = "ACTIVE", **members: Any) -> Values:
    arn = "arn:aws:eks:eu-central-1:123456789012:nodegroup/prod/web/1"
    return {"nodegroup": {"status": status, "nodegroupArn": arn, "nodeRole": ROLE, "subnets": ["subnet-a"], **members}}


def cluster(status: str = "ACTIVE", **members: Any) -> Values:
    return {"cluster": {"status": status, "version": "1.32", **members}}


def update(status: str = "InProgress", number: int = 1, **members: Any) -> Values:
    return {"update": {"id": f"u-{number}", "type": "ConfigUpdate", "status": status, **members}}


def job(
    clock: Clock, aws: ScriptedAws, values: Values, kind: str = "nodegroup", check_mode: bool = False, **words: Any
) -> Job:
    discreet = words.pop("discreet", False)
    waits = Patience(wait=words.pop("wait", True), timeout=600, clock=clock, sleep=clock.sleep)
    desired = Desired(IDENTITIES[kind], values, **words)
    return Job(
        Client(aws.connect, read_only=check_mode), RESOURCES[kind], desired, waits, check_mode, discreet=discreet
    )


def done(outcome: Outcome) -> list[str]:
    return [change.operation for change in outcome.changes]
