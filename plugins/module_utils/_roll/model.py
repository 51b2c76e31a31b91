# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a roll sees of an Auto Scaling group, what the user wants of it, and the steps that there are. Data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.flotilla.eks.plugins.module_utils._roll.sizes import (
    NO_WISH,
    ONE_MORE,
    Allowance,
    Memory,
    Sizes,
    Wish,
)

IN_SERVICE = "InService"
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html
APART = ("EnteringStandby", "Standby", "Detaching", "Detached")  # not counted by the desired size
LEAVING = ("Terminating", "Terminated")
WARM = "Warmed:"


@dataclass(frozen=True)
class Machine:
    """An instance of the group with the Node that it has become, if it has.

    ``lifecycle`` is Auto Scaling's; ``launched`` is a moment in ISO 8601. ``reasons`` say why it shall be replaced,
    ``trouble`` why it is no Ready node. It is ``marked`` if a roll has cordoned it.
    """

    id: str
    zone: str = ""
    lifecycle: str = IN_SERVICE
    launched: str = ""
    protected: bool = False
    reasons: tuple[str, ...] = ()
    node: str = ""
    ready: bool = False
    trouble: str = ""
    cordoned: bool = False
    marked: bool = False

    @property
    def warm(self) -> bool:
        return self.lifecycle.startswith(WARM)

    @property
    def leaving(self) -> bool:
        return self.lifecycle.removeprefix(WARM).startswith(LEAVING)

    @property
    def apart(self) -> bool:
        return self.lifecycle in APART

    @property
    def alive(self) -> bool:
        """Whether the desired size counts it."""
        return not (self.warm or self.leaving or self.apart)

    def __str__(self) -> str:
        return f"{self.id} ({self.node})" if self.node else self.id


@dataclass(frozen=True)
class State:
    """A group as it is found. ``suspended`` are its processes that are; it launches into its ``zones``."""

    name: str
    sizes: Sizes
    machines: tuple[Machine, ...] = ()
    suspended: frozenset[str] = frozenset()
    memory: Memory | None = None
    zones: tuple[str, ...] = ()

    @property
    def alive(self) -> tuple[Machine, ...]:
        return tuple(machine for machine in self.machines if machine.alive)

    @property
    def outdated(self) -> tuple[Machine, ...]:
        return tuple(machine for machine in self.alive if machine.reasons)

    @property
    def unready(self) -> tuple[Machine, ...]:
        """Those that should become Ready nodes, or be so again."""
        return tuple(machine for machine in self.alive if not machine.reasons and not machine.ready)


@dataclass(frozen=True)
class Policy:
    """What the user wants of a group: sizes to end with, how far to stray from them, and whether to replace ``all``."""

    allowed: Allowance = ONE_MORE
    wish: Wish = NO_WISH
    all: bool = False


@dataclass(frozen=True)
class Step:
    """One thing to do. `Done` means that nothing is left."""


class Done(Step):
    """The group is as it shall be."""


@dataclass(frozen=True)
class Remember(Step):
    """Write the memory into the group's tag."""

    memory: Memory


@dataclass(frozen=True)
class Forget(Step):
    """Remove the tag."""


@dataclass(frozen=True)
class Suspend(Step):
    """Suspend processes of the group."""

    processes: tuple[str, ...]


@dataclass(frozen=True)
class Resume(Step):
    """Resume processes of the group."""

    processes: tuple[str, ...]


@dataclass(frozen=True)
class Resize(Step):
    """Give the group other sizes; a higher desired one has it launch instances. A lower one is never lower than the
    number of instances that there are, so that none of them goes."""

    sizes: Sizes


@dataclass(frozen=True)
class Retire(Step):
    """Terminate instances of the warm pool, which carry nothing; the pool makes others."""

    machines: tuple[Machine, ...]


@dataclass(frozen=True)
class Cordon(Step):
    """Keep new pods off nodes, and mark them as kept so by a roll."""

    machines: tuple[Machine, ...]


@dataclass(frozen=True)
class Uncordon(Step):
    """Let pods onto nodes that a roll has cordoned."""

    machines: tuple[Machine, ...]


@dataclass(frozen=True)
class Remove(Step):
    """Drain and terminate instances: those ``replaced``, in whose place others are launched, and those ``dropped``."""

    replaced: tuple[Machine, ...]
    dropped: tuple[Machine, ...] = ()

    @property
    def machines(self) -> tuple[Machine, ...]:
        return self.replaced + self.dropped


@dataclass(frozen=True)
class Wait(Step):
    """Look again later. ``machines`` are those that are waited for."""

    what: str
    machines: tuple[Machine, ...] = ()


def names(machines: Iterable[Machine]) -> str:
    return ", ".join(map(str, machines))
