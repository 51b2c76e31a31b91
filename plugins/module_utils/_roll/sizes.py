# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sizes of an Auto Scaling group that is rolled: which it had, which it shall end with, and how far it may stray
from them meanwhile. They are remembered in a tag of the group, so that a run can finish what another began. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import NamedTuple

from ansible_collections.flotilla.eks.plugins.module_utils._plan import Refused
from ansible_collections.flotilla.eks.plugins.module_utils._self_managed.scaling_groups import ROLL_TAG

# What would change the group behind a roll's back: each terminates instances without draining them, or sets the desired
# size. ReplaceUnhealthy goes on: what it replaces is no use to anybody.
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html
LAUNCH = "Launch"  # suspended while a roll steps back, so that the desired size can be lowered to what there is
PROCESSES = ("AZRebalance", "AlarmNotification", "InstanceRefresh", "ScheduledActions")


class Sizes(NamedTuple):
    """Those of an Auto Scaling group, in instances."""

    min: int
    desired: int
    max: int


class Wish(NamedTuple):
    """The sizes that the user wants a group to end with; None leaves it as it is."""

    min: int | None = None
    desired: int | None = None
    max: int | None = None


NO_WISH = Wish()


@dataclass(frozen=True)
class Memory:
    """What a roll keeps in the group's tag: the sizes that it found and those to end with, how many instances more it
    may have meanwhile, the processes that it suspended, and for a roll of all the launch of the last of them.
    """

    before: Sizes
    after: Sizes
    surge: int = 0
    suspended: tuple[str, ...] = ()
    since: str = ""

    @property
    def low(self) -> int:
        """The least that the desired size can be on the way."""
        return min(self.before.desired, self.after.desired)

    @property
    def high(self) -> int:
        """The most that the desired size can be on the way."""
        return max(self.before.desired, self.after.desired + self.surge)

    def text(self) -> str:
        """The value of the tag, which holds 256 characters."""
        told = {"before": self.before, "after": self.after, "surge": self.surge, "suspended": self.suspended}
        return json.dumps({**told, **({"since": self.since} if self.since else {})}, separators=(",", ":"))


def memory_of(text: str, group: str) -> Memory:
    """What a tag remembers. Raises Refused if nobody can tell."""
    try:
        told = json.loads(text)
        before, after = Sizes(*map(int, told["before"])), Sizes(*map(int, told["after"]))
        suspended = tuple(map(str, told["suspended"]))
        return Memory(before, after, int(told["surge"]), suspended, str(told.get("since", "")))
    except (ValueError, TypeError, KeyError):
        raise Refused(
            f"Auto Scaling group {group}: tag {ROLL_TAG}: found {text!r}, wanted what a roll remembers; set the sizes "
            "of the group and resume its processes by hand, and remove the tag"
        ) from None


@dataclass(frozen=True)
class Allowance:
    """How many instances more or fewer than the desired number there may be: numbers, or shares of it such as 25%.

    Read as in a Deployment of Kubernetes: a share of a surge is rounded up, one of unavailable nodes down, and where
    both come to nothing, one may be unavailable.
    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment
    """

    surge: str = "1"
    unavailable: str = "0"

    def of(self, desired: int) -> tuple[int, int]:
        surge = ceil(_amount(self.surge, desired))
        unavailable = floor(_amount(self.unavailable, desired))
        return surge, unavailable if surge or unavailable else 1


ONE_MORE = Allowance()


def _amount(text: str, of: int) -> float:
    # whole numbers until the last, as 0.07 * 100 is more than 7
    return int(text[:-1]) * of / 100 if text.endswith("%") else int(text)


def allowance(surge: str, unavailable: str) -> Allowance:
    """Raises Refused with the option that is wrong."""
    for option, text in (("max_surge", surge), ("max_unavailable", unavailable)):
        if not text.removesuffix("%").isdecimal() or (text.endswith("%") and int(text[:-1]) > 100):
            raise Refused(f"{option}: found {text!r}, wanted a number of nodes such as 2, or a percentage such as 25%")
    if not int(surge.removesuffix("%")) and not int(unavailable.removesuffix("%")):
        raise Refused(
            "max_surge, max_unavailable: found 0 for both, so no node could ever go; allow one more than desired "
            "(max_surge: 1), or one fewer (max_unavailable: 1)"
        )
    return Allowance(surge, unavailable)


def agreed(
    stored: Memory | None, sizes: Sizes, suspended: Collection[str], wish: Wish, allowed: Allowance, since: str = ""
) -> Memory:
    """What the group is to remember, given what it remembers, its sizes, and what the user wants.

    Where others, say an autoscaler, have set a desired size that the roll itself cannot have set, theirs counts, unless
    the user names one. Agreeing again on what was agreed changes nothing.
    """
    known = stored or Memory(sizes, sizes, 0, tuple(name for name in PROCESSES if name not in suspended))
    most = known.after.max if wish.max is None else wish.max
    least = known.after.min if wish.min is None else wish.min
    if wish.desired is None:
        drift = max(sizes.desired - known.high, 0) + min(sizes.desired - known.low, 0)
        drift = max(min(drift, most - known.after.desired), least - known.after.desired) if drift else 0
        known = replace(known, before=known.before._replace(desired=known.before.desired + drift))
        desired = known.after.desired + drift
    else:
        desired = wish.desired
    surge, _unavailable = allowed.of(desired)
    return replace(
        known, after=Sizes(least, desired, most), surge=max(known.surge, surge), since=since and (known.since or since)
    )


def refuse_sizes(group: str, after: Sizes, wish: Wish) -> None:
    """Raises Refused if a group cannot have such sizes."""
    if not 0 <= after.min <= after.desired <= after.max:
        given = [f"{name}_size" for name, value in wish._asdict().items() if value is not None]
        raise Refused(
            f"Auto Scaling group {group}: {', '.join(given)}: it would have min_size {after.min}, desired_size "
            f"{after.desired} and max_size {after.max}, wanted each at least the one before; give the others too"
        )
