# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A profile of IAM Roles Anywhere: the roles that hosts may have, for how long, and what of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.flotilla.eks.plugins.module_utils._model import (
    Attachments,
    Finder,
    Hooks,
    Resource,
    Update,
    Values,
    document,
    flag,
    integer,
    many,
    struct,
    text,
)
from ansible_collections.flotilla.eks.plugins.module_utils._resources._rules import (
    anywhere_name_problems,
    role_arn_problems,
    same_name,
)

FIELDS = ("x509Subject", "x509Issuer", "x509SAN")
DURATIONS = (900, 43200)  # seconds: service model, CreateProfileRequestDurationSecondsInteger
MAPPING = struct(
    certificate_field=text(*FIELDS, required=True),
    mapping_rules=many(struct(specifier=text(required=True)), required=True),
)


def check(desired: Values, observed: Values | None) -> list[str]:
    return [*anywhere_name_problems(desired["name"]), *_problems(desired)]


def _problems(desired: Values) -> Iterator[str]:
    for arn in desired.get("role_arns") or []:
        yield from role_arn_problems({"role_arns": arn}, "role_arns")
    seconds, (least, most) = desired.get("duration_seconds"), DURATIONS
    if seconds is not None and not least <= seconds <= most:
        yield f"duration_seconds: found {seconds}, wanted {least} to {most}"


def no_way_back(before: Any, after: Any) -> str | None:
    """Service model, UpdateProfileRequestSessionPolicyString: it has a character at least."""
    return "it can be changed, not taken away" if before and not after else None


def rules_to_change(before: Values | None, after: Values) -> tuple[Values, Values]:
    """Putting a mapping adds its rules to those that are there, so what is not wanted any more is removed first."""
    known = _specifiers(before or {"mapping_rules": []})
    wanted = _specifiers(after)
    gone = [name for name in known if name not in wanted]
    new = [name for name in wanted if name not in known]
    return {"specifiers": gone} if gone else {}, after if new else {}


def _specifiers(mapping: Values) -> list[str]:
    return [rule["specifier"] for rule in mapping["mapping_rules"]]


PROFILE = Resource(
    kind="roles_anywhere_profile",
    label="profile",
    service="rolesanywhere",
    api="Profile",
    verbs={"describe": "GetProfile"},
    identity={"name": ("name",)},
    listing="profiles",
    answer="profile",
    finder=Finder("profile_id", "profile_id", same_name),
    arn="profile_arn",
    tag_listing="ListTagsForResource",
    required=("role_arns",),
    options=struct(
        role_arns=many(text()),
        enabled=flag(),
        accept_role_session_name=flag(),
        duration_seconds=integer(),
        managed_policy_arns=many(text()),
        session_policy=document(refuse=no_way_back),
        require_instance_properties=flag(),
        alias_name=text(),
        attribute_mappings=many(MAPPING),
    ),
    updates=(
        Update(
            "UpdateProfile",
            (
                "role_arns",
                "accept_role_session_name",
                "duration_seconds",
                "managed_policy_arns",
                "session_policy",
                "alias_name",
            ),
        ),
        Update("EnableProfile", ("enabled",), otherwise="DisableProfile"),
    ),
    attachments=Attachments(
        option="attribute_mappings",
        item=MAPPING,
        key="certificate_field",
        listing="",
        answer="attribute_mappings",
        add="PutAttributeMapping",
        remove="DeleteAttributeMapping",
        purge="purge_attribute_mappings",
        split=rules_to_change,
    ),
    lifecycle=None,
    hooks=Hooks(check=check),
)
