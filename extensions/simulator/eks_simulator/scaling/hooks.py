# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lifecycle hooks, and the answers to them."""

from __future__ import annotations

from typing import Any

from ..errors import ServiceError
from ..operations import Call
from .hook_rules import MOST_HOOKS, new_hook
from .model import LAUNCHING, TERMINATING, HookAction, Member
from .region import invalid
from .requests import group_of, living_group, operation
from .waiting import ABANDON, CONTINUE, beat, complete


@operation("PutLifecycleHook")
def put_lifecycle_hook(call: Call) -> dict[str, Any]:
    group = living_group(call)
    name = call.parameters["LifecycleHookName"]
    hook = new_hook(call.scaling, group.name, call.parameters, group.hooks.get(name))
    if len({**group.hooks, name: hook}) > MOST_HOOKS:
        raise ServiceError("LimitExceeded", f"An Auto Scaling group can have at most {MOST_HOOKS} lifecycle hooks")
    group.hooks[name] = hook
    return {}


@operation("DescribeLifecycleHooks")
def describe_lifecycle_hooks(call: Call) -> dict[str, Any]:
    names = call.get("LifecycleHookNames") or []
    hooks = [hook for name, hook in sorted(group_of(call).hooks.items()) if not names or name in names]
    return {"LifecycleHooks": hooks}


@operation("DeleteLifecycleHook")
def delete_lifecycle_hook(call: Call) -> dict[str, Any]:
    """Outstanding actions are completed: those of launching instances abandoned, those of terminating ones continued
    (service model, DeleteLifecycleHook)."""
    group = living_group(call)
    name = call.parameters["LifecycleHookName"]
    hook = group.hooks.pop(name, None)
    if hook is None:
        raise invalid(f"No Lifecycle Hook found named {name} for Auto Scaling group {group.name}")
    result = ABANDON if hook["LifecycleTransition"] == LAUNCHING else CONTINUE
    for member in list(group.members):
        if member.wait and name in member.wait.actions:
            complete(member, member.wait.actions[name], result)
    return {}


@operation("CompleteLifecycleAction")
def complete_lifecycle_action(call: Call) -> dict[str, Any]:
    result = call.parameters["LifecycleActionResult"]
    if result not in (CONTINUE, ABANDON):
        raise invalid(f"LifecycleActionResult must be {CONTINUE} or {ABANDON}, found {result}")
    member, action = _action(call)
    complete(member, action, result)
    return {}


@operation("RecordLifecycleActionHeartbeat")
def record_lifecycle_action_heartbeat(call: Call) -> dict[str, Any]:
    member, action = _action(call)
    beat(call.scaling, member, action)
    return {}


@operation("DescribeLifecycleHookTypes")
def describe_lifecycle_hook_types(call: Call) -> dict[str, Any]:
    return {"LifecycleHookTypes": [LAUNCHING, TERMINATING]}


def _action(call: Call) -> tuple[Member, HookAction]:
    """The action that a call names by its token, or by its instance. Raises ValidationError (AWS's wording)."""
    group = group_of(call)
    name, token, instance = (call.get(key) for key in ("LifecycleHookName", "LifecycleActionToken", "InstanceId"))
    if name not in group.hooks:
        raise invalid(f"No Lifecycle Hook found named {name} for Auto Scaling group {group.name}")
    if not token and not instance:
        raise invalid("Either LifecycleActionToken or InstanceId must be specified")
    for member in group.members:
        action = member.wait.actions.get(name) if member.wait else None
        if action and (action.token == token if token else member.id == instance):
            return member, action
    what = f"token {token}" if token else f"instance ID {instance}"
    raise invalid(f"No active Lifecycle Action found with {what}")
