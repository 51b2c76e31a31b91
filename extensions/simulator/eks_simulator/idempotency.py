# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""clientRequestToken: a request that is repeated finds what it made the first time.

The model calls the token "a unique, case-sensitive identifier that you provide to ensure the idempotency of the
request". The same token with other parameters is refused, as
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Run_Instance_Idempotency.html says for EC2; EKS models no
IdempotentParameterMismatch, so the answer is InvalidParameterException.
"""

from __future__ import annotations

import json
from typing import Any

from .errors import invalid_parameter
from .operations import Call


def recall(call: Call) -> Any | None:
    """What an earlier request with this token made; None if there was none. Raises InvalidParameterException."""
    token = call.get("clientRequestToken")
    earlier = call.region.tokens.get((call.operation, token)) if token else None
    if earlier is None:
        return None
    parameters, made = earlier
    if parameters != _canonical(call):
        raise invalid_parameter(
            f"The clientRequestToken {token} was used for an earlier {call.operation} request with other parameters."
        )
    return made


def remember(call: Call, made: Any) -> None:
    """Keep what this request made, for its repetition."""
    token = call.get("clientRequestToken")
    if token:
        call.region.tokens[call.operation, token] = (_canonical(call), made)


def forget(call: Call, made: Any) -> None:
    """Drop a resource that is gone, so that its token may make it anew."""
    for key in [key for key, (_unused, kept) in call.region.tokens.items() if kept is made]:
        del call.region.tokens[key]


def _canonical(call: Call) -> str:
    rest = {name: value for name, value in call.parameters.items() if name != "clientRequestToken"}
    return json.dumps(rest, sort_keys=True)
