# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What programs on an EC2 instance are told by its metadata."""

from __future__ import annotations

import json
import os
from urllib.error import HTTPError
from urllib.request import Request, urlopen

METADATA = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254")


def metadata(path: str) -> str | None:
    """A document below ``latest``; None if there is none. Raises OSError."""
    asking = Request(f"{METADATA}/latest/api/token", method="PUT")
    asking.add_header("X-aws-ec2-metadata-token-ttl-seconds", "60")
    with urlopen(asking) as answer:
        token = answer.read().decode()
    try:
        with urlopen(Request(f"{METADATA}/latest/{path}", headers={"X-aws-ec2-metadata-token": token})) as answer:
            return str(answer.read().decode())
    except HTTPError as error:
        if error.code == 404:
            return None
        raise


def identity() -> dict[str, str]:
    """The instance identity document."""
    document: dict[str, str] = json.loads(metadata("dynamic/instance-identity/document") or "{}")
    return document


def keys() -> dict[str, str]:
    """The credentials of the instance's role."""
    role = (metadata("meta-data/iam/security-credentials/") or "").strip()
    return dict(json.loads(metadata(f"meta-data/iam/security-credentials/{role}") or "{}"))


def labels() -> dict[str, str]:
    """Those that the cloud gives to a Node."""
    document = identity()
    return {
        "node.kubernetes.io/instance-type": document["instanceType"],
        "topology.kubernetes.io/zone": document["availabilityZone"],
    }
