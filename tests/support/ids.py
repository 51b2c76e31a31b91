# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids that AWS chooses, as documentation prints them."""

from __future__ import annotations

SUBNETS = [f"subnet-0a1b2c3d4e5f6000{number}" for number in (1, 2, 3)]
