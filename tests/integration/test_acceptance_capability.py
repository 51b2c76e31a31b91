# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Capabilities: check, real and again, through creation, change and removal."""

from __future__ import annotations

from typing import Any

from support.steps import Steps, fields, operations
from support.surroundings import Surroundings

ANNA, BERT = ({"id": name, "type": "SSO_USER"} for name in ("anna", "bert"))


def capability(aws: Surroundings, kind: str, **more: Any) -> dict[str, Any]:
    """The options of a new capability, in a cluster that looks in access entries."""
    aws.cluster(accessConfig={"authenticationMode": "API"})
    role = aws.role("capability")
    named = {"cluster_name": "prod", "name": "tools", "type": kind, "role_arn": role}
    return {**named, "delete_propagation_policy": "RETAIN", **more}


def argo_cd(*mappings: dict[str, Any]) -> dict[str, Any]:
    sign_in = {"idc_instance_arn": "arn:aws:sso:::instance/ssoins-1234567890abcdef"}
    return {"argo_cd": {"aws_idc": sign_in, "rbac_role_mappings": list(mappings)}}


def test_argo_cd_comes_changes_and_goes(aws: Surroundings, steps: Steps) -> None:
    first, later = ({"role": "ADMIN", "identities": [who]} for who in (ANNA, BERT))
    wanted = capability(aws, "ARGOCD", configuration=argo_cd(first))
    made = steps.converge("capability", **wanted, tags={"Team": "a"})
    assert operations(made) == ["CreateCapability"]
    assert (made["status"], made["tags"]) == ("ACTIVE", {"Team": "a"})
    assert made["configuration"]["argo_cd"]["server_url"].startswith("https://")
    changed = steps.converge("capability", **{**wanted, "configuration": argo_cd(later)})
    assert (operations(changed), fields(changed)) == (
        ["UpdateCapability"],
        {"configuration.argo_cd.rbac_role_mappings"},
    )
    assert changed["configuration"]["argo_cd"]["rbac_role_mappings"] == [later]
    emptied = steps.converge("capability", **{**wanted, "configuration": argo_cd()})
    assert emptied["configuration"]["argo_cd"].get("rbac_role_mappings", []) == []
    [found] = steps.run("capability_info", cluster_name="prod")["capabilities"]
    assert found["capability_name"] == "tools"
    gone = steps.converge("capability", cluster_name="prod", name="tools", state="absent")
    assert operations(gone) == ["DeleteCapability"]


def test_ack_is_configured_and_gets_another_role(aws: Surroundings, steps: Steps) -> None:
    wanted = capability(aws, "ACK", configuration={"ack": {"disabled_services": ["s3", "ec2"]}})
    steps.converge("capability", **wanted)
    reordered = {**wanted, "configuration": {"ack": {"disabled_services": ["ec2", "s3"]}}}
    assert not steps.run("capability", **reordered)["changed"]
    other = aws.role("capability", "ack-only")
    changed = steps.converge(
        "capability",
        cluster_name="prod",
        name="tools",
        role_arn=other,
        configuration={"ack": {"disabled_services": []}},
    )
    assert (operations(changed), changed["role_arn"]) == (["UpdateCapability"], other)


def test_another_type_needs_a_replacement(aws: Surroundings, steps: Steps) -> None:
    wanted = capability(aws, "KRO")
    steps.run("capability", **wanted)
    assert "replace: true" in steps.refused("capability", **{**wanted, "type": "ACK"})
    replaced = steps.converge("capability", **{**wanted, "type": "ACK"}, replace=True)
    assert operations(replaced) == ["DeleteCapability", "CreateCapability"]


def test_what_ails_a_capability_is_said(aws: Surroundings, steps: Steps) -> None:
    wanted = capability(aws, "KRO")
    aws.simulator.fault(
        resource="capability", becomes="CREATE_FAILED", code="AccessDenied", message="The role may nothing", count=1
    )
    assert "AccessDenied: The role may nothing" in steps.failed("capability", **wanted)
    assert "replace: true" in steps.refused("capability", **wanted)
    assert steps.run("capability", **wanted, replace=True)["status"] == "ACTIVE"


def test_a_role_that_nobody_may_assume_is_named(aws: Surroundings, steps: Steps) -> None:
    wanted = capability(aws, "KRO", role_arn=aws.role("node"), wait_timeout=1, wait_delay=1)
    message = steps.failed("capability", **wanted)
    assert "role_arn: found" in message
    assert "capabilities.eks.amazonaws.com may assume" in message


def test_a_cluster_is_not_deleted_under_its_capabilities(aws: Surroundings, steps: Steps) -> None:
    steps.run("capability", **capability(aws, "KRO"))
    assert steps.run("cluster", check=True, name="prod", state="absent")["blocked_by"] == ["capability tools"]
    assert "while these exist: capability tools" in steps.refused("cluster", name="prod", state="absent")
