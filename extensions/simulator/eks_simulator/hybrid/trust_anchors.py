# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trust anchors of IAM Roles Anywhere.

Rules: the service model and https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html.
"""

from __future__ import annotations

import re
from typing import Any

from ..operations import Call, operation
from ..paging import page
from ..store import AnywhereResource
from .anywhere import PAGES, SERVICE, changed, found, invalid, make, set_alias, switch

KIND = "trust-anchor"
_AUTHORITY = re.compile(r"arn:aws[a-z-]*:acm-pca:[a-z0-9-]+:\d{12}:certificate-authority/[0-9a-f-]{36}")
_EVENTS = ("CA_CERTIFICATE_EXPIRY", "END_ENTITY_CERTIFICATE_EXPIRY")
_DEFAULT_THRESHOLD = 45
""" "Default notifications ... 45 days" (https://docs.aws.amazon.com/rolesanywhere/latest/userguide/customize-notification-settings.html)."""

switch("TrustAnchor", "TrustAnchor", lambda region: region.trust_anchors)


@operation("CreateTrustAnchor", SERVICE)
def create_trust_anchor(call: Call) -> dict[str, Any]:
    """One that nobody asked to be enabled is not: the strict reading of a model that says nothing."""
    source = call.parameters["source"]
    _require_source(source)
    default = [
        {"event": event, "enabled": True, "threshold": _DEFAULT_THRESHOLD, "channel": "ALL"} for event in _EVENTS
    ]
    description = {
        "source": source,
        "crlDpRevocationEnabled": call.get("crlDpRevocationEnabled", False),
        "notificationSettings": [{**one, "configuredBy": "rolesanywhere.amazonaws.com"} for one in default],
    }
    given = call.get("notificationSettings", [])
    _require_settings(given)
    made = make(call, KIND, call.region.trust_anchors, description)
    _configure(call, made, given)
    return {"trustAnchor": made.description}


@operation("GetTrustAnchor", SERVICE)
def get_trust_anchor(call: Call) -> dict[str, Any]:
    return {"trustAnchor": _of(call).description}


@operation("ListTrustAnchors", SERVICE)
def list_trust_anchors(call: Call) -> dict[str, Any]:
    anchors = [one.description for one in call.region.trust_anchors.values()]
    return page(call, "trustAnchors", anchors, "ValidationException", PAGES)


@operation("UpdateTrustAnchor", SERVICE)
def update_trust_anchor(call: Call) -> dict[str, Any]:
    anchor, source = _of(call), call.get("source")
    if source:
        _require_source(source)
    set_alias(call, KIND, call.region.trust_anchors, anchor)
    members = {name: call.get(name) for name in ("name", "source", "crlDpRevocationEnabled")}
    return {"trustAnchor": changed(anchor, **members)}


@operation("DeleteTrustAnchor", SERVICE)
def delete_trust_anchor(call: Call) -> dict[str, Any]:
    return {"trustAnchor": call.region.trust_anchors.pop(_of(call).id).description}


@operation("PutNotificationSettings", SERVICE)
def put_notification_settings(call: Call) -> dict[str, Any]:
    anchor, settings = _of(call), call.parameters["notificationSettings"]
    _require_settings(settings)
    _configure(call, anchor, settings)
    return {"trustAnchor": changed(anchor)}


def _of(call: Call) -> AnywhereResource:
    return found(call.region.trust_anchors, call.parameters["trustAnchorId"])


def _require_source(source: dict[str, Any]) -> None:
    kind, data = source.get("sourceType"), source.get("sourceData", {})
    if kind == "CERTIFICATE_BUNDLE" and set(data) == {"x509CertificateData"}:
        _require_authorities(data["x509CertificateData"])
    elif kind == "AWS_ACM_PCA" and set(data) == {"acmPcaArn"}:
        if not _AUTHORITY.fullmatch(data["acmPcaArn"]):
            raise invalid(f"Not the ARN of a certificate authority: {data['acmPcaArn']}")
    else:
        raise invalid(f"The source data do not fit the source type {kind}.")


def _require_authorities(bundle: str) -> None:
    from .chains import authorities, is_authority

    try:
        certificates = authorities(bundle)
    except ValueError:
        raise invalid("Unable to parse the certificate bundle.") from None
    if not all(map(is_authority, certificates)):
        raise invalid("Incorrect basic constraints for CA certificate")


def _require_settings(settings: list[dict[str, Any]]) -> None:
    if any(one["enabled"] and "threshold" not in one for one in settings):
        raise invalid("A notification setting that is enabled needs a threshold.")
    if len({one["event"] for one in settings}) < len(settings):
        raise invalid("A notification setting is given twice.")


def _configure(call: Call, anchor: AnywhereResource, settings: list[dict[str, Any]]) -> None:
    by_event = {one["event"]: one for one in anchor.description["notificationSettings"]}
    for setting in settings:
        by_event[setting["event"]] = {"channel": "ALL", **setting, "configuredBy": call.region.account}
    anchor.description["notificationSettings"] = list(by_event.values())
