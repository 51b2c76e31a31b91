# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hybrid activations: CreateActivation, DescribeActivations, DeleteActivation.

Rules: the service model of SSM and
https://docs.aws.amazon.com/systems-manager/latest/userguide/hybrid-activation-managed-nodes.html.
"""

from __future__ import annotations

import base64
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from ..errors import ServiceError
from ..operations import Call, operation
from ..paging import Style, page
from ..store import Activation, Region

LONGEST = timedelta(days=30)
DEFAULT_LIFETIME = timedelta(hours=24)
MOST_TAGS = 50
PAGES = Style("MaxResults", "NextToken", 50)
_FILTERS = {"ActivationIds": "ActivationId", "DefaultInstanceName": "DefaultInstanceName", "IamRole": "IamRole"}
"""The member of an activation that a filter is about."""


@operation("CreateActivation", "ssm")
def create_activation(call: Call) -> dict[str, Any]:
    """The code is in this answer alone."""
    role = call.parameters["IamRole"]
    _require_role(call, role)
    expires = _expiry(call)
    tags = call.get("Tags", [])
    _require_tags(tags)
    activation = str(uuid.uuid4())
    code = base64.b64encode(secrets.token_bytes(15)).decode()
    named = {name: call.parameters[name] for name in ("Description", "DefaultInstanceName") if call.get(name)}
    call.region.activations[activation] = Activation(
        code,
        {
            "ActivationId": activation,
            **named,
            "IamRole": role,
            "RegistrationLimit": call.get("RegistrationLimit", 1),
            "RegistrationsCount": 0,
            "ExpirationDate": expires,
            "CreatedDate": call.now,
            "Tags": tags,
        },
    )
    return {"ActivationId": activation, "ActivationCode": code}


@operation("DescribeActivations", "ssm")
def describe_activations(call: Call) -> dict[str, Any]:
    found = [described(one, call.now) for one in call.region.activations.values()]
    for condition in call.get("Filters", []):
        member, values = _FILTERS[condition["FilterKey"]], condition.get("FilterValues", [])
        found = [one for one in found if one.get(member) in values]
    return page(call, "ActivationList", found, "InvalidNextToken", PAGES)


@operation("DeleteActivation", "ssm")
def delete_activation(call: Call) -> dict[str, Any]:
    """Hosts that are registered stay so (service model)."""
    if call.region.activations.pop(call.parameters["ActivationId"], None) is None:
        raise ServiceError(
            "InvalidActivation",
            "The activation isn't valid. The activation might have been deleted, or the ActivationId and the"
            " ActivationCode don't match.",
        )
    return {}


def described(activation: Activation, now: datetime) -> dict[str, Any]:
    """An activation as DescribeActivations has it."""
    return {**activation.description, "Expired": activation.description["ExpirationDate"] <= now}


def role_arn(region: Region, name: str) -> str:
    """The ARN of a role by its name, with its path before it if it has one."""
    return f"arn:{region.partition}:iam::{region.account}:role/{name}"


def _require_role(call: Call, name: str) -> None:
    """By name, with its path and without its ARN's beginning; no service-linked one (service model)."""
    arn = role_arn(call.region, name)
    role = call.aws.role(arn)
    if role is None or not call.aws.trusts(role, "ssm.amazonaws.com") or name.startswith("aws-service-role/"):
        raise ServiceError(
            "ValidationException", f"Nonexistent role or missing ssm service principal in trust policy: {arn}"
        )


def _expiry(call: Call) -> datetime:
    """ "You can specify a date up to 30 days in advance. If you don't provide an expiration date, the activation code
    expires in 24 hours." (service model)"""
    given = call.get("ExpirationDate")
    if given is None:
        return call.now + DEFAULT_LIFETIME
    expires = datetime.fromtimestamp(float(given), UTC)
    if not call.now < expires <= call.now + LONGEST:
        raise ServiceError(
            "ValidationException", f"The expiration date {expires:%Y-%m-%dT%H:%M:%SZ} is not within the next 30 days."
        )
    return expires


def _require_tags(tags: list[dict[str, str]]) -> None:
    """https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"""
    keys = [tag["Key"] for tag in tags]
    if len(keys) > MOST_TAGS or len(set(keys)) < len(keys) or any(key.lower().startswith("aws:") for key in keys):
        raise ServiceError("ValidationException", "Tags: at most 50, none twice, and none whose key begins with aws:")
