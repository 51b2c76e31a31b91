# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Suspending and resuming what a group does by itself."""

from __future__ import annotations

from typing import Any

from .model import PROCESSES
from .operations import ScalingCall, operation
from .region import invalid


@operation("SuspendProcesses")
def suspend_processes(call: ScalingCall) -> dict[str, Any]:
    group, names = call.living_group(), _named(call)
    group.suspended |= dict.fromkeys(names, f"User suspended at {call.place.now:%Y-%m-%dT%H:%M:%SZ}")
    return {}


@operation("ResumeProcesses")
def resume_processes(call: ScalingCall) -> dict[str, Any]:
    group, names = call.living_group(), _named(call)
    group.suspended = {name: why for name, why in group.suspended.items() if name not in names}
    call.place.wake(group)
    return {}


@operation("DescribeScalingProcessTypes")
def describe_scaling_process_types(call: ScalingCall) -> dict[str, Any]:
    return {"Processes": [{"ProcessName": name} for name in PROCESSES]}


def _named(call: ScalingCall) -> list[str]:
    """The processes that a call names; all if it names none."""
    names = call.get("ScalingProcesses") or list(PROCESSES)
    unknown = [name for name in names if name not in PROCESSES]
    if unknown:
        raise invalid(f"Invalid scaling processes: {', '.join(unknown)}; valid: {', '.join(PROCESSES)}")
    return names
