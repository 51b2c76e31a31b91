# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bootstrap of an AMI makes of user data: what it starts a kubelet with, or why it starts none."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..hindrance import Hindrance


class Rejected(Hindrance):
    """The user data is not what a program of the bootstrap takes: that ends."""

    def __init__(self, program: str, message: str) -> None:
        super().__init__(program, message, final=True)


@dataclass(frozen=True)
class Kubelet:
    """What a kubelet was told by flags and configuration. `name` is empty, `max_pods` None if it was told nothing."""

    labels: dict[str, str] = field(default_factory=dict)
    taints: list[dict[str, str]] = field(default_factory=list)
    max_pods: int | None = None
    name: str = ""


@dataclass(frozen=True)
class Bootstrap:
    """An instance that means to join a cluster.

    `family` is al2023, bottlerocket, ubuntu or windows. `endpoint` and `authority` (base64 of PEM) are empty where the
    bootstrap asks EKS for them. `cidr` is the services' range that it was told, if any, `pods` the expression for the
    number of pods that nodeadm takes.
    """

    family: str
    cluster: str
    endpoint: str = ""
    authority: str = ""
    cidr: str = ""
    dns: tuple[str, ...] = ()
    kubelet: Kubelet = field(default_factory=Kubelet)
    named_by_id: bool = False
    pods: str = ""
