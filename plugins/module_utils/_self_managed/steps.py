# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan of self-managed node groups is made of."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.flotilla.eks.plugins.module_utils._plan import Change


class Placeholder:
    """Stands in a request for what is known when it is sent."""


PIN = Placeholder()  # the version of the launch template that is launched, as a structure
NUMBER = Placeholder()  # its number


@dataclass(frozen=True)
class Step(Change):
    """A change with the service that makes it and the thing that it is about, for people."""

    service: str = "autoscaling"
    resource: str = ""


def title(name: str) -> str:
    return f"Auto Scaling group {name}"
