# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module aws_auth on clusters that look callers up in the ConfigMap."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from support.clusters import api_of
from support.ledger import Ledger
from support.playbook import Playbook
from support.steps import Steps
from support.surroundings import Surroundings

CONFIG_MAPS = "/api/v1/namespaces/kube-system/configmaps"
ROLE = "arn:aws:iam::123456789012:role"
BY_HAND = f"# ours\n- rolearn: {ROLE}/ops # on call\n  username: ops\n"
NODE = {"rolearn": f"{ROLE}/team/node", "type": "EC2_WINDOWS"}


def data(aws: Surroundings) -> dict[str, str]:
    return (api_of(aws).find(f"{CONFIG_MAPS}/aws-auth") or {}).get("data") or {}


def task(**options: Any) -> dict[str, Any]:
    return {"name": "Keep", "flotilla.eks.aws_auth": {"cluster_name": "prod", **options}}


def test_rows_come_and_go(
    playbook: Playbook, ledger: Ledger, aws: Surroundings, subtests: pytest.Subtests, steps: Steps
) -> None:
    aws.cluster(accessConfig={"authenticationMode": "CONFIG_MAP"})

    def keep(*, check: bool = False, diff: bool = False, **options: Any) -> dict[str, Any]:
        ledger.clear()
        return playbook.tasks(task(**options), check=check, diff=diff).results["Keep"]

    with subtests.test("check mode foretells the ConfigMap, and makes none"):
        plan = keep(check=True, diff=True, map_roles=[NODE])
        assert (plan["changed"], plan["changes"]) == (True, [f"mapRoles: add {ROLE}/node"])
        assert plan["diff"]["before"] == ""
        assert "eks:kube-proxy-windows" in plan["diff"]["after"]
        assert (ledger.writes(), data(aws)) == ([], {})

    with subtests.test("it is made, and the same again changes nothing"):
        made = keep(map_roles=[NODE])
        assert made["map_roles"] == yaml.safe_load(data(aws)["mapRoles"]) == plan["map_roles"]
        assert made["map_roles"][0]["username"] == "system:node:{{EC2PrivateDNSName}}"
        assert not keep(map_roles=[NODE])["changed"]
        assert ledger.writes() == []

    with subtests.test("rows of others stay as they were written"):
        api_of(aws).patch(f"{CONFIG_MAPS}/aws-auth", {"data": {"mapRoles": BY_HAND, "mapAccounts": "[]"}})
        keep(map_roles=[NODE])
        assert data(aws)["mapRoles"].startswith(BY_HAND)
        assert keep(map_roles=[NODE], state="absent", check=True)["changes"] == [f"mapRoles: remove {ROLE}/node"]
        assert keep(map_roles=[NODE], state="absent")["changed"]
        assert data(aws) == {"mapRoles": BY_HAND, "mapAccounts": "[]"}
        assert not keep(map_roles=[NODE], state="absent")["changed"]

    with subtests.test("a text that lets nobody in is an error"):
        api_of(aws).patch(f"{CONFIG_MAPS}/aws-auth", {"data": {"mapRoles": "- rolearn: ["}})
        message = steps.refused("aws_auth", cluster_name="prod", map_roles=[NODE])
        assert message.startswith("ConfigMap aws-auth of cluster prod: mapRoles is not valid YAML (line ")

    with subtests.test("what cannot be is said before anything is asked"):
        message = steps.refused("aws_auth", cluster_name="prod", map_roles=[{"rolearn": "node"}])
        assert "ConfigMap aws-auth of cluster prod: mapRoles: 'node' is not the ARN of an IAM role" in message
        assert ledger.calls() == []


def test_a_cluster_that_does_not_look_there(aws: Surroundings, steps: Steps) -> None:
    aws.cluster(accessConfig={"authenticationMode": "API"})
    message = steps.refused("aws_auth", cluster_name="prod", map_roles=[NODE])
    assert "with authentication mode API, the cluster looks nobody up in it; use flotilla.eks.access_entry" in message
    assert "EKS cluster 'gone' does not exist" in steps.refused("aws_auth", cluster_name="gone", map_roles=[NODE])
