# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sizes that Fargate runs pods in. Pure.

https://docs.aws.amazon.com/eks/latest/userguide/fargate-pod-configuration.html: the smallest of the table that holds
what the containers ask, and 256 MB for the Kubernetes components.
"""

from __future__ import annotations

import math

from ..objects import Object
from .pods import requests
from .quantities import millis

_GB = 1024**3 * 1000
_OWN = millis("256Mi")
_SIZES: tuple[tuple[float, tuple[float, ...]], ...] = (
    (0.25, (0.5, 1, 2)),
    (0.5, tuple(range(1, 5))),
    (1, tuple(range(2, 9))),
    (2, tuple(range(4, 17))),
    (4, tuple(range(8, 31))),
    (8, tuple(range(16, 61, 4))),
    (16, tuple(range(32, 121, 8))),
)
"""vCPUs, and the GB of memory that they come with."""


def provisioned(pod: Object) -> str | None:
    """`0.25vCPU 0.5GB`; None if a pod asks for more than there is."""
    wanted = requests(pod)
    memory = math.ceil(wanted["memory"] + _OWN)
    for cpus, memories in _SIZES:
        size = next((one for one in memories if memory <= one * _GB), None)
        if wanted["cpu"] <= cpus * 1000 and size is not None:
            return f"{cpus}vCPU {size}GB"
    return None
