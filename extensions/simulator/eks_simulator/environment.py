# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment that points AWS clients at the simulator, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .callers import make_key

_ELSEWHERE = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_URL",
)
DEFAULT_REGION = "eu-central-1"


def client_environment(url: str, surroundings: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables to set so that a client finds the simulator at `url` and no real credentials.

    The keys are random and long: Ansible censors a secret wherever it occurs, so a common word would censor results.
    A region that the user has set is kept.
    """
    surroundings = os.environ if surroundings is None else surroundings
    region = surroundings.get("AWS_REGION") or surroundings.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    key, secret = make_key()
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "EKS_SIMULATOR_URL": f"{url}/_simulator",
    }


def without_elsewhere(surroundings: Mapping[str, str]) -> dict[str, str]:
    """`surroundings` without the variables that lead to another account or endpoint."""
    return {
        name: value
        for name, value in surroundings.items()
        if name not in _ELSEWHERE and not name.startswith("AWS_ENDPOINT_URL_")
    }
