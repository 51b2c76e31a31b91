# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A trust anchor of IAM Roles Anywhere: the certificate authority whose certificates let hosts have a role.

The service tells them apart by an id, and takes a name twice: so a name must be the only one of its kind to be used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ansible_collections.flotilla.eks.plugins.module_utils._model import (
    Finder,
    Hooks,
    Resource,
    Update,
    Values,
    flag,
    integer,
    many,
    struct,
    text,
)
from ansible_collections.flotilla.eks.plugins.module_utils._paths import graft, pick
from ansible_collections.flotilla.eks.plugins.module_utils._resources._rules import anywhere_name_problems, same_name

BUNDLE = "source.source_data.x509_certificate_data"
AUTHORITY = "source.source_data.acm_pca_arn"
TYPES = {BUNDLE: "CERTIFICATE_BUNDLE", AUTHORITY: "AWS_ACM_PCA"}
EVENTS = ("CA_CERTIFICATE_EXPIRY", "END_ENTITY_CERTIFICATE_EXPIRY")
THRESHOLDS = (1, 360)  # days: service model, NotificationSettingThresholdInteger
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.S)


def certificates(bundle: str | None) -> list[str]:
    """The certificates of a bundle, whatever stands around them and in whichever order."""
    return sorted("".join(found.split()) for found in CERTIFICATE.findall(bundle or ""))


def prepare(desired: Values) -> Values:
    """What a trust anchor is of follows from the data that are given."""
    known = next((kind for path, kind in TYPES.items() if pick(desired, path)), None)
    if known and not pick(desired, "source.source_type"):
        desired = {**desired, "source": {**desired["source"]}}
        graft(desired, "source.source_type", known)
    return desired


def check(desired: Values, observed: Values | None) -> list[str]:
    return [*anywhere_name_problems(desired["name"]), *_source_problems(desired), *_notification_problems(desired)]


def _source_problems(desired: Values) -> Iterator[str]:
    for path, kind in TYPES.items():
        said = pick(desired, "source.source_type")
        if pick(desired, path) and said != kind:
            yield f"source.source_type: found {said}, wanted {kind}, as {path} is given"
    bundle = pick(desired, BUNDLE)
    if bundle and "PRIVATE KEY" in bundle:
        yield f"{BUNDLE}: found a private key, wanted certificates of authorities only. Whoever saw the key can use it"
    elif bundle and not certificates(bundle):
        yield f"{BUNDLE}: found no certificate, wanted one or more in PEM"


def _notification_problems(desired: Values) -> Iterator[str]:
    settings = desired.get("notification_settings") or []
    events = [setting["event"] for setting in settings]
    if len(set(events)) < len(events):
        yield f"notification_settings: found {', '.join(events)}, wanted each event once"
    for setting in settings:
        days, (least, most) = setting.get("threshold"), THRESHOLDS
        place = f"notification_settings[{setting['event']}].threshold"
        if days is not None and not least <= days <= most:
            yield f"{place}: found {days}, wanted {least} to {most} days"
        elif setting["enabled"] and days is None:
            yield f"{place}: missing; the service wants it where a notification is enabled"


TRUST_ANCHOR = Resource(
    kind="roles_anywhere_trust_anchor",
    label="trust anchor",
    service="rolesanywhere",
    api="TrustAnchor",
    verbs={"describe": "GetTrustAnchor"},
    identity={"name": ("name",)},
    listing="trust_anchors",
    answer="trust_anchor",
    finder=Finder("trust_anchor_id", "trust_anchor_id", same_name),
    arn="trust_anchor_arn",
    tag_listing="ListTagsForResource",
    required=("source",),
    options=struct(
        source=struct(
            source_type=text("CERTIFICATE_BUNDLE", "AWS_ACM_PCA", "SELF_SIGNED_REPOSITORY"),
            source_data=struct(
                {"exclusive": (("x509_certificate_data", "acm_pca_arn"),)},
                x509_certificate_data=text(normal=certificates),
                acm_pca_arn=text(),
            ),
        ),
        enabled=flag(),
        crl_dp_revocation_enabled=flag(),
        notification_settings=many(
            struct(
                event=text(*EVENTS, required=True),
                enabled=flag(required=True),
                threshold=integer(),
                channel=text("ALL"),
            ),
            keyed="event",
        ),
        alias_name=text(),
    ),
    updates=(
        Update("UpdateTrustAnchor", ("source", "crl_dp_revocation_enabled", "alias_name")),
        Update("PutNotificationSettings", ("notification_settings",)),
        Update("EnableTrustAnchor", ("enabled",), otherwise="DisableTrustAnchor"),
    ),
    lifecycle=None,
    hooks=Hooks(prepare=prepare, check=check),
)
