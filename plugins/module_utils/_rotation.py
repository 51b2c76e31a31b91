# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes next in the rotation of a cluster's certificate authority: (authorities, rotation) -> Step. Pure.

A rotation is named by the authority that it takes out, the outgoing one. What is done already shows in the state of the
authorities, so every step can be found out anew after an interruption. The rules are those of the service model
(CreateCertificateAuthority, ActivateCertificateAuthority, DeleteCertificateAuthority).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused

PHASES = ("successor", "activated", "deleted", "rolled_back")
TO_COME = "(the successor)"  # its id in a plan

NODES = (
    "nodes that you run yourself (self-managed, hybrid): have them trust the successor too, by replacing them or by "
    "writing its certificate into their trust bundle; EKS sees to the control plane, Auto Mode and Fargate only"
)
KUBECONFIGS = (
    "kubeconfigs that hold certificate data of the outgoing certificate authority: write them anew with the "
    "certificates of both, as certificate_authorities has them"
)
PODS = "pods that have read the trust bundle at their start and do not look again: restart them"


@dataclass(frozen=True)
class Rotation:
    """``outgoing`` is the id of the authority to take out, ``phase`` how far to go."""

    cluster: str
    outgoing: str
    phase: str

    def __str__(self) -> str:
        return f"certificate authority {self.outgoing} of cluster {self.cluster}"


@dataclass(frozen=True)
class Step:
    """``action`` is create, activate, delete or wait, ``id`` the authority meant, ``why`` what a wait is for."""

    action: str
    id: str = ""
    why: str = ""


def next_step(authorities: Iterable[Values], rotation: Rotation) -> Step | None:
    """The next step of a rotation; None when its phase is reached. Raises Refused."""
    known = {authority["id"]: authority for authority in authorities}
    outgoing = known.pop(rotation.outgoing, None)
    other = next(iter(known.values()), None)
    for authority in (outgoing, other):
        if authority and authority["signing_status"] == "ACTIVATING":
            return Step("wait", authority["id"], "to become the signer")
        if authority and authority["distribution_status"] == "DELETING":
            return Step("wait", authority["id"], "to be deleted")
    if outgoing is None:
        if rotation.phase == "rolled_back":
            raise Refused(f"{rotation} does not exist: one that is deleted cannot sign again. Check outgoing")
        return None
    if outgoing["signing_status"] == "IN_USE":
        return None if rotation.phase == "rolled_back" else _towards_activation(rotation, other)
    return _after_activation(rotation, outgoing)


def _towards_activation(rotation: Rotation, successor: Values | None) -> Step | None:
    if successor is None:
        return Step("create")
    distribution = successor["distribution_status"]
    if distribution == "IN_PROGRESS":
        return Step("wait", successor["id"], "to be distributed")
    if distribution == "FAILED":
        return Step("delete", successor["id"])  # and make another one
    return None if rotation.phase == "successor" else Step("activate", successor["id"])


def _after_activation(rotation: Rotation, outgoing: Values) -> Step | None:
    if outgoing.get("activated_at") is None:
        raise Refused(
            f"{rotation} has never been the signer: it is a successor. Set outgoing to the one that is to be replaced"
        )
    if rotation.phase == "deleted":
        return Step("delete", rotation.outgoing)
    return Step("activate", rotation.outgoing) if rotation.phase == "rolled_back" else None


def planned(authorities: Iterable[Values], rotation: Rotation) -> list[Step]:
    """All steps that change something, from here to the phase, if each goes well. Raises Refused."""
    state = [dict(authority) for authority in authorities]
    steps = []
    while step := next_step(state, rotation):
        state = _foreseen(state, step)
        steps += [] if step.action == "wait" else [step]
    return steps


def _foreseen(authorities: list[Values], step: Step) -> list[Values]:
    """The authorities after a step that went well."""
    if step.action == "create":
        new = {"id": TO_COME, "signing_status": "NOT_USED", "distribution_status": "COMPLETE"}
        return [*authorities, new]
    if step.action == "delete" or step.why == "to be deleted":
        return [authority for authority in authorities if authority["id"] != step.id]
    if step.why == "to be distributed":
        return [{**one, "distribution_status": "COMPLETE"} if one["id"] == step.id else one for one in authorities]
    signs = {True: {"signing_status": "IN_USE", "activated_at": "now"}, False: {"signing_status": "NOT_USED"}}
    return [{**authority, **signs[authority["id"] == step.id]} for authority in authorities]


def left_to_do(authorities: Iterable[Values], rotation: Rotation) -> list[str]:
    """What the service does not do, and the user has to, where the rotation stands now."""
    known = {authority["id"]: authority for authority in authorities}
    outgoing = known.get(rotation.outgoing)
    if outgoing is None:
        return [
            "nothing of the rotation, if it was this certificate authority that was deleted: the cluster has none of "
            f"the id {rotation.outgoing}",
            "clients that trust the outgoing certificate authority alone: they cannot connect; write their kubeconfigs "
            "anew, replace such nodes",
        ]
    if outgoing["signing_status"] == "IN_USE" and len(known) == 1:
        return ["everything: no successor has been made"]
    if outgoing["signing_status"] == "IN_USE":
        then = "then go on with phase: activated; what trusts the outgoing certificate authority alone loses contact"
        return [NODES, KUBECONFIGS, PODS, then]
    back = any(authority.get("rollback_available") for authority in known.values())
    ways = "phase: rolled_back has it sign again" if back else "there is no way back to it any more"
    return [
        f"see that every node is Ready and every client connects; {ways}",
        NODES,
        KUBECONFIGS,
        PODS,
        "then go on with phase: deleted, after which nothing trusts the outgoing certificate authority",
    ]
