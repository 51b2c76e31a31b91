# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who came with a certificate to IAM Roles Anywhere: subjects, and the certificates that were seen of each.

Rules: the service model of ListSubjects and GetSubject.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..errors import not_found
from ..operations import Call, operation
from ..paging import page
from ..store import Region
from .anywhere import PAGES, SERVICE

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_DETAILS = ("credentials", "instanceProperties")
"""What GetSubject tells and ListSubjects does not."""


@operation("ListSubjects", SERVICE)
def list_subjects(call: Call) -> dict[str, Any]:
    subjects = [
        {name: value for name, value in one.items() if name not in _DETAILS} for one in call.region.subjects.values()
    ]
    return page(call, "subjects", subjects, "ValidationException", PAGES)


@operation("GetSubject", SERVICE)
def get_subject(call: Call) -> dict[str, Any]:
    number = call.parameters["subjectId"]
    for subject in call.region.subjects.values():
        if subject["subjectId"] == number:
            return {"subject": subject}
    raise not_found(f"Resource not found: {number}")


def remember(region: Region, certificate: Certificate, now: datetime) -> dict[str, Any]:
    """The subject of a certificate that was let in, which is noted with it."""
    from cryptography.hazmat.primitives.serialization import Encoding

    name = certificate.subject.rfc4514_string()
    number = str(uuid.uuid4())
    arn = region.arn(f"subject/{number}", SERVICE)
    new = {
        "subjectId": number,
        "subjectArn": arn,
        "enabled": True,
        "x509Subject": name,
        "createdAt": now,
        "credentials": [],
        "instanceProperties": [],
    }
    subject = region.subjects.setdefault(name, new)
    pem = certificate.public_bytes(Encoding.PEM).decode()
    seen = {
        "seenAt": now,
        "serialNumber": str(certificate.serial_number),
        "issuer": certificate.issuer.rfc4514_string(),
        "enabled": True,
        "x509CertificateData": pem,
        "failed": False,
    }
    others = [one for one in subject["credentials"] if one["x509CertificateData"] != pem]
    subject |= {"lastSeenAt": now, "updatedAt": now, "credentials": [*others, seen]}
    return subject
