# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hybrid activations: made for hosts that need one, with a code that only they see, removed when they have it."""

from __future__ import annotations

from typing import Any

import pytest

from support.ledger import Ledger
from support.playbook import Playbook
from support.steps import Steps, operations
from support.surroundings import Surroundings

ACTIVATION = "flotilla.eks.ssm_activation"
MONTH = 30 * 86400
"""As long as an activation may serve: simulated time runs fast."""
EDGE: dict[str, Any] = {"name": "edge", "registration_limit": 2, "iam_role": "test-hybrid", "expires_in": MONTH - 600}


def test_from_the_activation_to_the_host_and_back(
    aws: Surroundings, playbook: Playbook, ledger: Ledger, subtests: pytest.Subtests
) -> None:
    aws.role("hybrid")
    kept = playbook.directory / "code"
    wanted = {**EDGE, "tags": {"site": "north"}, "default_instance_name": "edge", "description": "Site"}
    plan = {"check_mode": True, "diff": True, "no_log": True, "register": "planned"}
    with subtests.test("check mode foretells and writes nothing; the code reaches the hosts and no log"):
        run = playbook.tasks(
            {"name": "Plan", ACTIVATION: wanted, **plan},
            {"name": "Planned", "ansible.builtin.debug": {"msg": "{{ planned.changes }}"}},
            {"name": "Activate", ACTIVATION: wanted, "no_log": True, "diff": True, "register": "made"},
            {
                "name": "Made",
                "ansible.builtin.debug": {"msg": "{{ made | dict2items | rejectattr(*known) }}"},
            },
            {
                "name": "Keep",
                "ansible.builtin.copy": {
                    "dest": str(kept),
                    "content": "{{ made.activation_id }} {{ made.activation_code }}",
                },
                "no_log": True,
            },
            {"name": "Info", "flotilla.eks.ssm_activation_info": {"name": "edge"}},
            {"name": "Nobody needs it", ACTIVATION: {**EDGE, "registration_limit": 0}},
            variables={"known": ["key", "==", "activation_code"]},
            arguments=["-vvv"],
        )
        activation, code = kept.read_text(encoding="utf-8").split()
        assert len(code) >= 20
        assert code not in run.output
        assert code not in str(ledger.calls())
        assert [entry["operation"] for entry in ledger.writes() if entry["service"] == "ssm"] == ["CreateActivation"]
        told = {item["key"]: item["value"] for item in run.results["Made"]["msg"]}
        assert told["changes"] == run.results["Planned"]["msg"]
        [found] = run.results["Info"]["activations"]
        assert found == {name: told[name] for name in found}
        assert found["tags"] == {"site": "north", "flotilla.eks/activation": "edge"}
        assert (found["registration_limit"], found["expired"]) == (2, False)
        assert not run.results["Nobody needs it"]["changed"]

    with subtests.test("hosts register with it"):
        host = aws.host({"activation_id": activation, "activation_code": code}, computer_name="edge-1")
        run = playbook.tasks(
            {"name": "By tag", "flotilla.eks.ssm_managed_instance_info": {"tags": {"site": "north"}}},
            {"name": "By id", "flotilla.eks.ssm_managed_instance_info": {"instance_ids": [host, f"mi-{'0' * 17}"]}},
            {"name": "By activation", "flotilla.eks.ssm_managed_instance_info": {"activation_ids": [activation]}},
            {"name": "All", "flotilla.eks.ssm_managed_instance_info": {}},
        )
        for name in ("By tag", "By id", "By activation", "All"):
            [instance] = run.results[name]["managed_instances"]
            assert (instance["instance_id"], instance["name"], instance["computer_name"]) == (host, "edge", "edge-1")


def test_the_task_must_not_be_logged(aws: Surroundings, playbook: Playbook, steps: Steps) -> None:
    aws.role("hybrid")
    assert "set no_log: true on the task" in steps.refused("ssm_activation", **EDGE)
    planned = playbook.tasks({"name": "Plan", ACTIVATION: EDGE}, check=True, warns=True)
    assert operations(planned.results["Plan"]) == ["CreateActivation"]
    assert "no_log: true" in " ".join(planned.warnings)


def test_what_lets_nobody_in_any_more_is_swept_and_the_rest_left_to_its_run(aws: Surroundings, steps: Steps) -> None:
    used, serves, other = (aws.activation(name) for name in ("edge", "edge", "other"))
    aws.host(used)
    swept = steps.converge("ssm_activation", **{**EDGE, "registration_limit": 0})
    assert operations(swept) == ["DeleteActivation"]
    left = {one["ActivationId"] for one in aws.ssm.describe_activations()["ActivationList"]}
    assert left == {serves["activation_id"], other["activation_id"]}
    aws.simulator.advance(MONTH)
    swept = steps.converge("ssm_activation", **{**EDGE, "registration_limit": 0})
    assert swept["diff"]["before"][f"activations[{serves['activation_id']}]"] == "0 of 1 registered, expired"


def test_it_is_removed_by_id_or_by_name(aws: Surroundings, steps: Steps) -> None:
    first, second, third, other = (aws.activation(name) for name in ("edge", "edge", "edge", "other"))
    host = aws.host(first)
    by_id = steps.converge("ssm_activation", activation_id=first["activation_id"], state="absent")
    assert operations(by_id) == ["DeleteActivation"]
    by_name = steps.converge("ssm_activation", name="edge", state="absent")
    assert operations(by_name) == ["DeleteActivation"] * 2
    assert {second["activation_id"], third["activation_id"]} == {
        name.removeprefix("activations[").removesuffix("]")
        for change in by_name["changes"]
        for name in change["fields"]
    }
    assert [one["ActivationId"] for one in aws.ssm.describe_activations()["ActivationList"]] == [other["activation_id"]]
    gone = steps.converge("ssm_managed_instance", instance_id=host)
    assert operations(gone) == ["DeregisterManagedInstance"]
    assert gone["diff"]["before"] == {"status": "present", "ping_status": "Online"}
    assert "wanted the id of a managed instance" in steps.refused("ssm_managed_instance", instance_id="i-0a1b2c3d")


def test_bad_input_is_refused(aws: Surroundings, playbook: Playbook, ledger: Ledger) -> None:
    """Before anything is asked of AWS that writes, and though nobody may see the task's result."""
    arn = aws.role("hybrid")
    ledger.clear()
    run = playbook.tasks(
        {"name": "An ARN", ACTIVATION: {**EDGE, "iam_role": arn}, "ignore_errors": True},
        {"name": "Too long", ACTIVATION: {**EDGE, "expires_in": 31 * 86400}, "ignore_errors": True},
        {"name": "No limit", ACTIVATION: {"name": "edge"}, "ignore_errors": True},
        {"name": "Nothing named", ACTIVATION: {"state": "absent"}, "ignore_errors": True},
    )
    said = {name: str(result["msg"]) for name, result in run.results.items()}
    assert "wanted the role's name with its path: test-hybrid" in said["An ARN"]
    assert "expires_in: found 2678400, wanted 60 to 2592000 seconds" in said["Too long"]
    assert "registration_limit" in said["No limit"]
    assert "name, activation_id" in said["Nothing named"]
    assert ledger.writes() == []
