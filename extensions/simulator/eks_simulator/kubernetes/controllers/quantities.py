# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities of resources, and counts that may be percentages."""

from __future__ import annotations

import math
from decimal import Decimal
from functools import lru_cache

_UNITS = {
    **{unit: Decimal(10) ** power for unit, power in zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
}


@lru_cache(maxsize=4096)
def millis(quantity: str | int | float) -> int:
    """`100m`, `1.5`, `128Mi`, `1e3` in thousandths, rounded up, as schedulers count
    (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/). Raises ArithmeticError."""
    text = str(quantity).strip()
    unit = next((one for one in (text[-2:], text[-1:]) if one in _UNITS), "")
    return math.ceil(Decimal(text.removesuffix(unit)) * _UNITS.get(unit, 1) * 1000)


def share(value: int | str, whole: int, up: bool) -> int:
    """A count, or a percentage of `whole` rounded `up` or down (IntOrString). Raises ValueError."""
    if not isinstance(value, str):
        return value
    part = whole * int(value.removesuffix("%"))
    return -(-part // 100) if up else part // 100
