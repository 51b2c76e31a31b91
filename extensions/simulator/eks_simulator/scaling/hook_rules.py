# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Auto Scaling demands of a lifecycle hook (service model, PutLifecycleHook)."""

from __future__ import annotations

from typing import Any

from .model import LAUNCHING, TERMINATING
from .region import ScalingRegion, invalid
from .waiting import ABANDON, CONTINUE

MOST_HOOKS = 50
_TIMEOUT = 3600
_LONGEST_WAIT = 172800


def new_hook(
    place: ScalingRegion, group: str, given: dict[str, Any], before: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A hook as DescribeLifecycleHooks shows it. What a request leaves out of one that exists stays. Raises
    ValidationError."""
    kept = {name: value for name, value in given.items() if value not in (None, "")}
    hook = {"HeartbeatTimeout": _TIMEOUT, "DefaultResult": ABANDON, **(before or {}), **kept}
    hook["AutoScalingGroupName"] = group
    if given.get("NotificationTargetARN") == "":
        hook.pop("NotificationTargetARN", None)
    if hook.get("LifecycleTransition") not in (LAUNCHING, TERMINATING):
        raise invalid(f"LifecycleTransition must be {LAUNCHING} or {TERMINATING}")
    if hook["DefaultResult"] not in (CONTINUE, ABANDON):
        raise invalid(f"DefaultResult must be {CONTINUE} or {ABANDON}, found {hook['DefaultResult']}")
    if not 30 <= hook["HeartbeatTimeout"] <= 7200:
        raise invalid(f"HeartbeatTimeout must be from 30 to 7200 seconds, found {hook['HeartbeatTimeout']}")
    hook["GlobalTimeout"] = min(_LONGEST_WAIT, 100 * hook["HeartbeatTimeout"])
    role = hook.get("RoleARN")
    if role and not any(one.arn == role for one in place.aws.iam.roles.values()):
        raise invalid(f"The role {role} of the lifecycle hook {hook['LifecycleHookName']} does not exist")
    if hook.get("NotificationTargetARN", "").startswith(("arn:aws:sns:", "arn:aws:sqs:")) and not role:
        raise invalid(f"The lifecycle hook {hook['LifecycleHookName']} needs a RoleARN for its notification target")
    return hook
