# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new node group fails of: instances that are not launched, do not join, or are not well.

Codes: NodegroupIssueCode of the service model, with its words where it has any;
https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html#worker-node-fail.
"""

from __future__ import annotations

from typing import Any

from . import autoscaling
from .operations import Call
from .store import Resource

_NO_ADDRESSES = (
    "One or more of the subnets associated with your managed node group does not have enough available IP addresses"
    " for new nodes."
)
_NOT_JOINED = "Instances failed to join the kubernetes cluster"
_UNHEALTHY = "Unhealthy nodes in the kubernetes cluster"


def misfortune(call: Call, group: Resource) -> dict[str, Any] | None:
    """The fault in which the creation of a node group ends that does not have all its nodes Ready."""
    if autoscaling.shortage(call, group):
        return _failure("InsufficientFreeAddresses", _NO_ADDRESSES, group.description["subnets"])
    ailing = [boot for boot in call.boots.of(group) if boot.problem]
    if not ailing:
        return None
    absent = any(boot.plane is None for boot in ailing)
    affected = [boot.instance.id for boot in ailing]
    return _failure("NodeCreationFailure", _NOT_JOINED if absent else _UNHEALTHY, affected)


def _failure(code: str, message: str, affected: list[str]) -> dict[str, Any]:
    return {"becomes": "CREATE_FAILED", "code": code, "message": message, "resourceIds": affected}
