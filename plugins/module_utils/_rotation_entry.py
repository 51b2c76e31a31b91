# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out the rotation of a cluster's certificate authority, each step found out anew from what there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.flotilla.eks.plugins.module_utils import _settle
from ansible_collections.flotilla.eks.plugins.module_utils._authorities import read_authorities
from ansible_collections.flotilla.eks.plugins.module_utils._client import AwsError, Client, client_for
from ansible_collections.flotilla.eks.plugins.module_utils._entry import guarded
from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._resources.cluster import CLUSTER
from ansible_collections.flotilla.eks.plugins.module_utils._rotation import (
    PHASES,
    Rotation,
    Step,
    left_to_do,
    next_step,
    planned,
)
from ansible_collections.flotilla.eks.plugins.module_utils._settle import Patience, Unsettled

OPERATIONS = {
    "create": "CreateCertificateAuthority",
    "activate": "ActivateCertificateAuthority",
    "delete": "DeleteCertificateAuthority",
}
ARGUMENT_SPEC = {
    "cluster_name": {"type": "str", "required": True},
    "outgoing": {"type": "str", "required": True},
    "phase": {"type": "str", "required": True, "choices": list(PHASES)},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 3600},
    "wait_delay": {"type": "int", "default": 15},
}


def run() -> None:
    """main() of the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    rotation = Rotation(params["cluster_name"], params["outgoing"], params["phase"])
    patience = Patience(params["wait"], params["wait_timeout"], max(1, params["wait_delay"]))
    work = Work(client_for(module), rotation, patience)
    module.exit_json(**guarded(module, str(rotation), lambda: _outcome(module, work)))


def _outcome(module: Any, work: Work) -> Values:
    before = work.read()
    plan = planned(before, work.rotation)
    steps = plan if module.check_mode else work.carry_out(plan)
    after = before if module.check_mode else work.read()
    result = {
        "changed": bool(steps),
        "changes": [{"action": step.action, "operation": OPERATIONS[step.action], "fields": []} for step in steps],
        "certificate_authorities": after,
        "left_to_do": left_to_do(after, work.rotation),
    }
    if module._diff:
        lines = [f"{OPERATIONS[step.action]} {step.id}".strip() for step in plan]
        header = {"before_header": str(work.rotation), "after_header": str(work.rotation)}
        result["diff"] = {**header, "before": {}, "after": {"steps": lines} if lines else {}}
    return result


@dataclass
class Work:
    """One rotation under way. Raises Refused, AwsError and Unsettled."""

    client: Client
    rotation: Rotation
    patience: Patience

    def read(self) -> list[Values]:
        return read_authorities(self.client, self.rotation.cluster)

    def carry_out(self, plan: list[Step]) -> list[Step]:
        """Takes steps until none is left, or until the last one is begun if the user does not wait; those taken."""
        taken: list[Step] = []
        while step := next_step(self.read(), self.rotation):
            if step.action == "wait":
                if not self.patience.wait and len(taken) >= len(plan):
                    break
                self._wait(step)
                continue
            if len(taken) >= len(plan) or (step.action == "delete" and step not in plan):
                raise Unsettled(
                    f"{self.rotation}: a step did not succeed, as {OPERATIONS[step.action]} {step.id} is due now, and "
                    f"was not foreseen: {_states(self.read())}. Run again to go on from there"
                )
            self._take(step, last=len(taken) + 1 == len(plan))
            taken.append(step)
        return taken

    def _take(self, step: Step, last: bool) -> None:
        cluster = {"name": self.rotation.cluster}
        _settle.settled(self.client, CLUSTER, cluster, self.patience)  # one update of a cluster at a time
        update = self._send(step)
        if update and (self.patience.wait or not last):
            _settle.followed(self.client, CLUSTER, cluster, update, self.patience)

    def _send(self, step: Step) -> Values:
        names = {"cluster_name": self.rotation.cluster, **({"certificate_authority_id": step.id} if step.id else {})}
        for _try in self.patience.tries():
            try:
                update: Values = self.client.call(OPERATIONS[step.action], **names)["update"]
            except AwsError as error:
                if step.action == "delete" and error.not_found:
                    return {}
                if not error.in_use:
                    raise
                refusal = error
            else:
                return update
        raise refusal

    def _wait(self, step: Step) -> None:
        def look() -> bool | None:
            return None if next_step(self.read(), self.rotation) == step else True

        what = f"for certificate authority {step.id} {step.why}"
        _settle.poll(look, self.client, CLUSTER, {"name": self.rotation.cluster}, self.patience, what)


def _states(authorities: list[Values]) -> str:
    """id: signing status, distribution status; ..."""
    return "; ".join(f"{one['id']}: {one['signing_status']}, {one['distribution_status']}" for one in authorities)
