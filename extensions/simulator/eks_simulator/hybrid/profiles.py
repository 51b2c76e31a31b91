# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles of IAM Roles Anywhere.

Rules: the service model and https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html.
"""

from __future__ import annotations

import json
from typing import Any

from ..operations import Call, operation
from ..paging import page
from ..store import AnywhereResource
from .anywhere import PAGES, SERVICE, changed, found, invalid, make, set_alias, switch

KIND = "profile"
_DEFAULT_RULES = {"x509Subject": ["*"], "x509Issuer": ["*"], "x509SAN": ["DNS", "URI", "Name/*"]}
_MEMBERS = ("name", "sessionPolicy", "roleArns", "managedPolicyArns", "durationSeconds", "acceptRoleSessionName")

switch("Profile", "Profile", lambda region: region.profiles)


@operation("CreateProfile", SERVICE)
def create_profile(call: Call) -> dict[str, Any]:
    _require_valid(call)
    description = {
        "requireInstanceProperties": call.get("requireInstanceProperties", False),
        "createdBy": call.region.account,
        "roleArns": call.parameters["roleArns"],
        "managedPolicyArns": call.get("managedPolicyArns", []),
        "durationSeconds": call.get("durationSeconds", 3600),
        "acceptRoleSessionName": call.get("acceptRoleSessionName", False),
        "attributeMappings": [_mapping(field, rules) for field, rules in _DEFAULT_RULES.items()],
    }
    if call.get("sessionPolicy"):
        description["sessionPolicy"] = call.parameters["sessionPolicy"]
    return {"profile": make(call, KIND, call.region.profiles, description).description}


@operation("GetProfile", SERVICE)
def get_profile(call: Call) -> dict[str, Any]:
    return {"profile": _of(call).description}


@operation("ListProfiles", SERVICE)
def list_profiles(call: Call) -> dict[str, Any]:
    profiles = [one.description for one in call.region.profiles.values()]
    return page(call, "profiles", profiles, "ValidationException", PAGES)


@operation("UpdateProfile", SERVICE)
def update_profile(call: Call) -> dict[str, Any]:
    profile = _of(call)
    _require_valid(call)
    set_alias(call, KIND, call.region.profiles, profile)
    return {"profile": changed(profile, **{name: call.get(name) for name in _MEMBERS})}


@operation("DeleteProfile", SERVICE)
def delete_profile(call: Call) -> dict[str, Any]:
    return {"profile": call.region.profiles.pop(_of(call).id).description}


@operation("PutAttributeMapping", SERVICE)
def put_attribute_mapping(call: Call) -> dict[str, Any]:
    """Rules are added to those of the field: what was there goes by DeleteAttributeMapping alone."""
    profile, field = _of(call), call.parameters["certificateField"]
    wanted = [rule["specifier"] for rule in call.parameters["mappingRules"]]
    rules = _rules(profile)
    rules[field] = list(dict.fromkeys([*rules.get(field, []), *wanted]))
    return _mapped(profile, rules)


@operation("DeleteAttributeMapping", SERVICE)
def delete_attribute_mapping(call: Call) -> dict[str, Any]:
    """The rules of these specifiers, or all of the field."""
    profile, field = _of(call), call.parameters["certificateField"]
    rules = _rules(profile)
    gone = call.get("specifiers") or rules.get(field, [])
    unknown = [one for one in gone if one not in rules.get(field, [])]
    if unknown or field not in rules:
        raise invalid(f"There is no rule for {', '.join(unknown)} of {field}.")
    rules[field] = [one for one in rules[field] if one not in gone]
    return _mapped(profile, rules)


def _of(call: Call) -> AnywhereResource:
    return found(call.region.profiles, call.parameters["profileId"])


def _require_valid(call: Call) -> None:
    """Roles of the caller's own account, as iam:PassRole goes no further; a policy that is one."""
    foreign = [arn for arn in call.get("roleArns", []) if arn.split(":")[4] != call.region.account]
    if foreign:
        raise invalid(f"Cross-account pass role is not allowed: {', '.join(foreign)}")
    policy = call.get("sessionPolicy")
    try:
        good = policy is None or "Statement" in json.loads(policy)
    except (TypeError, ValueError):
        good = False
    if not good:
        raise invalid("The session policy is not a policy.")


def _mapping(field: str, specifiers: list[str]) -> dict[str, Any]:
    return {"certificateField": field, "mappingRules": [{"specifier": one} for one in specifiers]}


def _rules(profile: AnywhereResource) -> dict[str, list[str]]:
    mappings = profile.description["attributeMappings"]
    return {one["certificateField"]: [rule["specifier"] for rule in one["mappingRules"]] for one in mappings}


def _mapped(profile: AnywhereResource, rules: dict[str, list[str]]) -> dict[str, Any]:
    mappings = [_mapping(field, specifiers) for field, specifiers in rules.items() if specifiers]
    return {"profile": changed(profile, attributeMappings=mappings)}
