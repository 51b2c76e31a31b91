# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated AWS for rehearsing Amazon EKS: moto for its neighbours, an EKS of our own that is as strict as AWS."""

from __future__ import annotations

ACCOUNT = "123456789012"
"""The account of every caller whose access key belongs to no other (moto's default account)."""
