# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The console of an instance (EC2's GetConsoleOutput): what happened since the instance was powered on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .. import durations
from ..amis import image_of, system
from ..clock import Timeline
from . import console_text
from .bootstrap import Rejected, bootstrap, family
from .bootstrap.al2023 import NO_BOOTSTRAP
from .bootstrap.cloud_init import calls_bootstrap
from .console_text import Attempt, Host
from .hindrance import Hindrance
from .membership import user_data_of

_MOST = 64 * 1024
"""How much of the output EC2 keeps: "Only the most recent 64 KB" (API reference, GetConsoleOutput)."""


@dataclass
class Console:
    """The console of an instance."""

    instance: Any
    timeline: Timeline
    since: datetime = field(init=False)
    attempts: list[Attempt] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Power on: nothing is left of what was there."""
        self.since = self.timeline.now
        self.attempts.clear()

    def tell(self, hindrance: Hindrance | None) -> bool:
        """Show how an attempt to join ended, if it did not end so before."""
        before = self.attempts[-1].hindrance if self.attempts else Hindrance("", "")
        same = str(hindrance) == str(before) and (not hindrance or not before or hindrance.final == before.final)
        if not same:
            self.attempts.append(Attempt(self.timeline.now, hindrance))
        return not same

    def output(self) -> tuple[datetime, str]:
        """When the console changed last, and what is on it; nothing in the first half minute."""
        passed = (self.timeline.now - self.since).total_seconds()
        if passed < durations.INSTANCE_BOOT / 2:
            return self.since, ""
        latest = self.attempts[-1].at if self.attempts else self.since
        booted = passed >= durations.INSTANCE_BOOT
        return latest, console_text.text(_host(self.instance), self.since, self.attempts, booted)[-_MOST:]


def _host(instance: Any) -> Host:
    image, name, data = image_of(instance.image_id), instance.private_dns_name, user_data_of(instance)
    kind = family(instance.image_id, data)
    printed = NO_BOOTSTRAP if kind == "al2023" and calls_bootstrap(data) else ""
    return Host(kind, system(image), name.partition(".")[0], name, _loaded(instance), printed)


def _loaded(instance: Any) -> str:
    """What nodeadm says of the configuration: of all members those that tell which cluster it took for its own."""
    try:
        told = bootstrap(instance.image_id, user_data_of(instance))
    except Rejected:
        return ""
    if told is None or told.family != "al2023":
        return ""
    cluster = {"name": told.cluster, "apiServerEndpoint": told.endpoint, "cidr": told.cidr}
    return json.dumps({"config": {"spec": {"cluster": cluster}}}, separators=(",", ":"))
