# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rotation of a certificate authority: step by step, at a stroke, after an interruption, and back."""

from __future__ import annotations

from typing import Any

from support.steps import Steps, operations
from support.surroundings import Surroundings

CREATE, ACTIVATE, DELETE = (f"{verb}CertificateAuthority" for verb in ("Create", "Activate", "Delete"))


def signer(aws: Surroundings) -> str:
    return str(aws.eks.describe_cluster(name="prod")["cluster"]["certificateAuthority"]["active"]["id"])


def rotation(aws: Surroundings, phase: str) -> dict[str, Any]:
    """The options of a rotation that takes out who signs now."""
    return {"cluster_name": "prod", "outgoing": signer(aws), "phase": phase}


def states(result: dict[str, Any]) -> dict[str, str]:
    return {found["id"]: found["signing_status"] for found in result["certificate_authorities"]}


def test_a_rotation_step_by_step(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    wanted = rotation(aws, "successor")
    outgoing = wanted["outgoing"]
    made = steps.converge("certificate_authority", **wanted)
    assert operations(made) == [CREATE]
    [successor] = states(made).keys() - {outgoing}
    assert [found["distribution_status"] for found in made["certificate_authorities"]] == ["COMPLETE", "COMPLETE"]
    assert any("kubeconfigs" in line for line in made["left_to_do"])
    active = steps.converge("certificate_authority", **{**wanted, "phase": "activated"})
    assert (operations(active), states(active)) == ([ACTIVATE], {outgoing: "NOT_USED", successor: "IN_USE"})
    gone = steps.converge("certificate_authority", **{**wanted, "phase": "deleted"})
    assert (operations(gone), states(gone)) == ([DELETE], {successor: "IN_USE"})
    assert any("cannot connect" in line for line in gone["left_to_do"])
    info = steps.run("certificate_authority_info", cluster_name="prod")
    assert info["certificate_authorities"] == gone["certificate_authorities"]


def test_a_rotation_at_a_stroke_waits_for_the_updates_of_others(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    wanted = rotation(aws, "deleted")
    aws.eks.update_cluster_config(name="prod", upgradePolicy={"supportType": "STANDARD"})
    made = steps.converge("certificate_authority", **wanted)
    assert operations(made) == [CREATE, ACTIVATE, DELETE]


def test_an_interrupted_rotation_is_finished_by_the_next_run(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    wanted = rotation(aws, "activated")
    aws.eks.create_certificate_authority(clusterName="prod")
    assert operations(steps.run("certificate_authority", **wanted)) == [ACTIVATE]
    assert signer(aws) != wanted["outgoing"]


def test_a_rotation_can_be_taken_back(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    wanted = rotation(aws, "activated")
    steps.run("certificate_authority", **wanted)
    back = steps.converge("certificate_authority", **{**wanted, "phase": "rolled_back"})
    assert (operations(back), signer(aws)) == ([ACTIVATE], wanted["outgoing"])


def test_a_successor_that_fails_is_made_again(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    wanted = rotation(aws, "successor")
    aws.simulator.fault(resource="cluster", becomes="FAILED", code="Unknown", message="No luck", count=1)
    assert "No luck" in steps.failed("certificate_authority", **wanted)
    again = steps.run("certificate_authority", **wanted)
    assert operations(again) == [DELETE, CREATE]
    assert sorted(states(again).values()) == ["IN_USE", "NOT_USED"]


def test_without_waiting_the_last_step_is_begun(aws: Surroundings, steps: Steps) -> None:
    aws.cluster()
    wanted = rotation(aws, "successor")
    begun = steps.run("certificate_authority", **wanted, wait=False)
    assert operations(begun) == [CREATE]
    assert not steps.run("certificate_authority", **wanted)["changed"]
