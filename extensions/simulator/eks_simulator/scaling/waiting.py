# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances that wait for their lifecycle hooks.

All hooks of a transition are in force at once; the instance goes on when all have answered, or have timed out with
their default result. ABANDON ends the others at once
(https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks-overview.html).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

from .model import Group, HookAction, Member, Wait
from .region import ScalingRegion

CONTINUE, ABANDON = "CONTINUE", "ABANDON"
_LONGEST = timedelta(hours=48)
_MOST_TIMEOUTS = 100
"""An instance waits for 48 hours or 100 times the heartbeat timeout, whichever is smaller."""


def wait(
    place: ScalingRegion, group: Group, member: Member, transition: str, state: str, then: Callable[[str], None]
) -> None:
    """Let an instance wait in `state` for the hooks of a transition, if there are any, and tell `then` the result."""
    hooks = [hook for hook in group.hooks.values() if hook["LifecycleTransition"] == transition]
    if not hooks:
        then(CONTINUE)
        return
    member.state = state
    if member.activity:
        member.activity.description["StatusCode"] = "MidLifecycleAction"
    member.wait = Wait({}, then)
    for hook in hooks:
        seconds = timedelta(seconds=hook["HeartbeatTimeout"])
        action = HookAction(hook, str(uuid.uuid4()), place.now, place.now + seconds)
        member.wait.actions[hook["LifecycleHookName"]] = action
        _watch(place, member, member.wait, action)


def beat(place: ScalingRegion, member: Member, action: HookAction) -> None:
    """Give a hook its whole heartbeat timeout anew, within the limits of them all."""
    seconds = timedelta(seconds=action.hook["HeartbeatTimeout"])
    action.deadline = min(place.now + seconds, action.begun + min(_LONGEST, _MOST_TIMEOUTS * seconds))
    if member.wait:
        _watch(place, member, member.wait, action)


def complete(member: Member, action: HookAction, result: str) -> None:
    """Take a hook's answer."""
    waiting = member.wait
    if waiting is None:
        return
    waiting.actions.pop(action.hook["LifecycleHookName"], None)
    if result == ABANDON or not waiting.actions:
        member.wait = None
        waiting.then(result)


def _watch(place: ScalingRegion, member: Member, waiting: Wait, action: HookAction) -> None:
    def end() -> None:
        name = action.hook["LifecycleHookName"]
        if member.wait is waiting and waiting.actions.get(name) is action and place.now >= action.deadline:
            complete(member, action, action.hook["DefaultResult"])

    place.after((action.deadline - place.now).total_seconds(), end)
