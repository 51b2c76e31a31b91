# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Suspending and resuming what a group does by itself."""

from __future__ import annotations

from typing import Any

from ..operations import Call
from .model import PROCESSES
from .region import invalid
from .requests import living_group, operation


@operation("SuspendProcesses")
def suspend_processes(call: Call) -> dict[str, Any]:
    group, names = living_group(call), _named(call)
    group.suspended |= dict.fromkeys(names, f"User suspended at {call.scaling.now:%Y-%m-%dT%H:%M:%SZ}")
    return {}


@operation("ResumeProcesses")
def resume_processes(call: Call) -> dict[str, Any]:
    group, names = living_group(call), _named(call)
    group.suspended = {name: why for name, why in group.suspended.items() if name not in names}
    call.scaling.wake(group)
    return {}


@operation("DescribeScalingProcessTypes")
def describe_scaling_process_types(call: Call) -> dict[str, Any]:
    return {"Processes": [{"ProcessName": name} for name in PROCESSES]}


def _named(call: Call) -> list[str]:
    """The processes that a call names; all if it names none."""
    names = call.get("ScalingProcesses") or list(PROCESSES)
    unknown = [name for name in names if name not in PROCESSES]
    if unknown:
        raise invalid(f"Invalid scaling processes: {', '.join(unknown)}; valid: {', '.join(PROCESSES)}")
    return names
