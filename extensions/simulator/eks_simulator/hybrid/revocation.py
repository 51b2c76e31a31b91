# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate revocation lists of IAM Roles Anywhere, and the certificates that they shut out.

Rules: the service model and https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html, "Revocation";
https://datatracker.ietf.org/doc/html/rfc5280#section-6.3.3 on whose lists count. A list outlives its trust anchor: the
strict reading of a model that says nothing.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from ..operations import Call, operation
from ..paging import page
from ..store import AnywhereResource, Region
from .anywhere import PAGES, SERVICE, changed, found, invalid, make, set_alias, switch

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

KIND = "crl"
MOST = 2
"""Of a trust anchor (https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html)."""
LONGEST = 300_000
"""Bytes (service model, ImportCrlRequestCrlDataBlob)."""

switch("Crl", "Crl", lambda region: region.crls)


@operation("ImportCrl", SERVICE)
def import_crl(call: Call) -> dict[str, Any]:
    anchor = _anchor(call.region, call.parameters["trustAnchorArn"])
    _require_list(call.parameters["crlData"], anchor)
    if sum(one.description["trustAnchorArn"] == anchor.arn for one in call.region.crls.values()) >= MOST:
        raise invalid(f"The trust anchor {anchor.id} has {MOST} certificate revocation lists, and can have no more.")
    description = {"crlData": call.parameters["crlData"], "trustAnchorArn": anchor.arn}
    return {"crl": make(call, KIND, call.region.crls, description).description}


@operation("GetCrl", SERVICE)
def get_crl(call: Call) -> dict[str, Any]:
    return {"crl": _of(call).description}


@operation("ListCrls", SERVICE)
def list_crls(call: Call) -> dict[str, Any]:
    return page(call, "crls", [one.description for one in call.region.crls.values()], "ValidationException", PAGES)


@operation("UpdateCrl", SERVICE)
def update_crl(call: Call) -> dict[str, Any]:
    """The whole list in the place of what was there."""
    crl, data = _of(call), call.get("crlData")
    if data is not None:
        anchor = call.region.trust_anchors.get(crl.description["trustAnchorArn"].rpartition("/")[2])
        _require_list(data, anchor)
    set_alias(call, KIND, call.region.crls, crl)
    return {"crl": changed(crl, name=call.get("name"), crlData=data)}


@operation("DeleteCrl", SERVICE)
def delete_crl(call: Call) -> dict[str, Any]:
    return {"crl": call.region.crls.pop(_of(call).id).description}


def is_revoked(region: Region, anchor: AnywhereResource, certificate: Certificate) -> bool:
    """Whether an enabled list of the trust anchor, of the certificate's own authority, has its serial number."""
    from cryptography import x509

    lists = [
        x509.load_pem_x509_crl(_decoded(one.description["crlData"]))
        for one in region.crls.values()
        if one.description["trustAnchorArn"] == anchor.arn and one.description["enabled"]
    ]
    number = certificate.serial_number
    return any(
        one.issuer == certificate.issuer and one.get_revoked_certificate_by_serial_number(number) is not None
        for one in lists
    )


def _of(call: Call) -> AnywhereResource:
    return found(call.region.crls, call.parameters["crlId"])


def _anchor(region: Region, arn: str) -> AnywhereResource:
    """ImportCrl knows no ResourceNotFoundException (service model)."""
    for anchor in region.trust_anchors.values():
        if arn in (anchor.arn, anchor.description.get("aliasArn")):
            return anchor
    raise invalid(f"Trust anchor not found: {arn}")


def _decoded(data: str | bytes) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        raise invalid("The data are not base64.") from None


def _require_list(data: str | bytes, anchor: AnywhereResource | None) -> None:
    """ "In order to be properly imported, a CRL must be in PEM format" (service model), signed by an authority that the
    trust anchor stands for, and that may sign lists."""
    from cryptography import x509

    from .chains import authorities, may_sign_lists

    content = _decoded(data)
    if len(content) > LONGEST:
        raise invalid(f"The list has more than {LONGEST} bytes.")
    try:
        given = x509.load_pem_x509_crl(content)
    except ValueError:
        raise invalid("Unable to parse the certificate revocation list.") from None
    bundle = anchor.description["source"]["sourceData"].get("x509CertificateData") if anchor else None
    if bundle is None:
        return
    signers = [one for one in authorities(bundle) if one.subject == given.issuer and may_sign_lists(one)]
    if not any(given.is_signature_valid(one.public_key()) for one in signers):  # type: ignore[arg-type]  # keys that sign
        raise invalid("The certificate revocation list is not signed by an authority of the trust anchor.")
