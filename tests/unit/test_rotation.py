# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth table of a rotation: what there is of certificate authorities, how far to go, and the steps that follow."""

from __future__ import annotations

import pytest

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._rotation import (
    TO_COME,
    Rotation,
    Step,
    left_to_do,
    next_step,
    planned,
)

OLD, NEW = "old", "new"
CREATE, ACTIVATE, DELETE = Step("create"), Step("activate", NEW), Step("delete", OLD)
BACK, AGAIN = Step("activate", OLD), Step("delete", NEW)


def authority(number: str, signing: str, distribution: str = "COMPLETE", **more: object) -> Values:
    signed = {"activated_at": "then"} if number == OLD or signing == "IN_USE" else {}
    return {"id": number, "signing_status": signing, "distribution_status": distribution, **signed, **more}


ALONE = [authority(OLD, "IN_USE")]
DISTRIBUTING = [*ALONE, authority(NEW, "NOT_USED", "IN_PROGRESS")]
FAILED = [*ALONE, authority(NEW, "NOT_USED", "FAILED")]
READY = [*ALONE, authority(NEW, "NOT_USED")]
ACTIVATING = [authority(OLD, "IN_USE"), authority(NEW, "ACTIVATING")]
ACTIVE = [authority(OLD, "NOT_USED"), authority(NEW, "IN_USE", rollback_available=True)]
LEAVING = [authority(OLD, "NOT_USED", "DELETING"), authority(NEW, "IN_USE")]
GONE = [authority(NEW, "IN_USE")]


def rotation(phase: str, outgoing: str = OLD) -> Rotation:
    return Rotation("prod", outgoing, phase)


@pytest.mark.parametrize(
    ("there", "phase", "steps"),
    [
        (ALONE, "successor", [CREATE]),
        (ALONE, "activated", [CREATE, Step("activate", TO_COME)]),
        (ALONE, "deleted", [CREATE, Step("activate", TO_COME), DELETE]),
        (ALONE, "rolled_back", []),
        (DISTRIBUTING, "successor", []),
        (DISTRIBUTING, "activated", [ACTIVATE]),
        (DISTRIBUTING, "deleted", [ACTIVATE, DELETE]),
        (FAILED, "successor", [AGAIN, CREATE]),
        (FAILED, "activated", [AGAIN, CREATE, Step("activate", TO_COME)]),
        (READY, "successor", []),
        (READY, "activated", [ACTIVATE]),
        (READY, "deleted", [ACTIVATE, DELETE]),
        (READY, "rolled_back", []),
        (ACTIVATING, "successor", []),
        (ACTIVATING, "activated", []),
        (ACTIVATING, "deleted", [DELETE]),
        (ACTIVATING, "rolled_back", [BACK]),
        (ACTIVE, "successor", []),
        (ACTIVE, "activated", []),
        (ACTIVE, "deleted", [DELETE]),
        (ACTIVE, "rolled_back", [BACK]),
        (LEAVING, "deleted", []),
        (GONE, "successor", []),
        (GONE, "activated", []),
        (GONE, "deleted", []),
    ],
)
def test_steps(there: list[Values], phase: str, steps: list[Step]) -> None:
    assert planned(there, rotation(phase)) == steps


@pytest.mark.parametrize(
    ("there", "phase", "what"),
    [
        (DISTRIBUTING, "successor", Step("wait", NEW, "to be distributed")),
        (ACTIVATING, "activated", Step("wait", NEW, "to become the signer")),
        (LEAVING, "deleted", Step("wait", OLD, "to be deleted")),
    ],
)
def test_what_is_under_way_is_waited_for(there: list[Values], phase: str, what: Step) -> None:
    assert next_step(there, rotation(phase)) == what


def test_one_that_is_gone_does_not_come_back() -> None:
    with pytest.raises(Refused, match="cannot sign again"):
        planned(GONE, rotation("rolled_back"))


@pytest.mark.parametrize("phase", ["activated", "deleted", "rolled_back"])
def test_a_successor_is_not_taken_for_the_outgoing_one(phase: str) -> None:
    with pytest.raises(Refused, match="certificate authority new of cluster prod has never been the signer"):
        planned(READY, rotation(phase, outgoing=NEW))


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (ALONE, ["no successor"]),
        (READY, ["nodes that you run yourself", "kubeconfigs", "pods", "phase: activated"]),
        (ACTIVE, ["every node is Ready", "rolled_back has it sign again", "nodes", "kubeconfigs", "phase: deleted"]),
        ([ACTIVE[0], authority(NEW, "IN_USE")], ["no way back"]),
        (GONE, ["the cluster has none of the id old", "cannot connect"]),
    ],
)
def test_what_is_left_to_the_user_is_said(there: list[Values], words: list[str]) -> None:
    said = " ".join(left_to_do(there, rotation("deleted")))
    assert [word for word in words if word not in said] == []
