# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an instance boots for: the cluster that its kubelet is to join, and as what."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..aws import Neighbours
from ..store import Cluster
from .bootstrap import Bootstrap
from .node import Outfit


@dataclass(frozen=True)
class Membership:
    """The cluster, the role whose credentials the kubelet has, and what it is started with. `owner` is the ARN of the
    managed node group that the instance belongs to, or empty, `group` the name of its group. `told` is what its user
    data says; EKS tells its own nodes nothing that is wrong."""

    cluster: Cluster
    owner: str
    group: str
    role_arn: str
    outfit: Outfit
    told: Bootstrap | None = None


Source = Callable[[Neighbours, Any], Membership | None]
"""Tells of an instance what it boots for; nothing of one that is not of the source's kind. Raises Hindrance."""


def user_data_of(instance: Any) -> bytes:
    """The user data of an instance; moto has it in base64."""
    return b64decode(str(instance.user_data or ""))


def tags_of(instance: Any) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in instance.get_tags()}
