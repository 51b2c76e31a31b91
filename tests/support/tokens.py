# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens of EKS as if signed at some other time."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def token_signed(
    ago: timedelta, access_key: str = "AKIA", host: str = "sts.eu-central-1.amazonaws.com", now: datetime = NOW
) -> str:
    """A token signed some time before ``now``, without the parts that only AWS reads."""
    date = (now - ago).strftime("%Y%m%dT%H%M%SZ")
    url = f"https://{host}/?X-Amz-Credential={access_key}%2F20260101%2Feu-central-1%2Fsts%2Faws4_request&X-Amz-Date={date}"
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
