# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server-side apply. Pure."""

from __future__ import annotations

from . import strategic
from .objects import Object


def applied(current: Object | None, wanted: Object) -> Object:
    """`current` with what is applied upon it."""
    return strategic.patched(current or {}, wanted)
