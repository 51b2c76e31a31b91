# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the EC2 instance that this runs on is told by its metadata service, over IMDSv2. Runs on hosts.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
"""

from __future__ import annotations

import json
import os
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

ENDPOINT = "http://169.254.169.254"
VARIABLE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
"""Where the AWS SDKs look for another address. https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html"""
TIMEOUT = 5  # seconds; it is a link-local address


class ImdsError(Exception):
    """The metadata service did not answer as it should; the text says how."""


class Imds:
    """Asks the metadata service with a token. Raises ImdsError when it is made, if there is no such service."""

    def __init__(self, endpoint: str | None = None) -> None:
        self.endpoint = (endpoint or os.environ.get(VARIABLE) or ENDPOINT).rstrip("/")
        self._opener = build_opener(ProxyHandler({}))
        token = self._send("PUT", "api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "300"})
        if token is None:
            raise ImdsError(f"PUT {self.endpoint}/latest/api/token: HTTP status 404")
        self._headers = {"X-aws-ec2-metadata-token": token}

    def find(self, path: str) -> str | None:
        """A document below ``latest``, say ``user-data``; None if there is none. Raises ImdsError."""
        return self._send("GET", path, self._headers)

    def identity(self) -> dict[str, Any]:
        """The instance identity document. Raises ImdsError."""
        document = self.find("dynamic/instance-identity/document")
        try:
            found = json.loads(document or "")
        except ValueError:
            raise ImdsError(f"{self.endpoint}: the instance identity document is no JSON") from None
        return dict(found)

    def role(self) -> str | None:
        """The name of the role whose credentials the instance has, if it has an instance profile. Raises ImdsError."""
        names = (self.find("meta-data/iam/security-credentials/") or "").split()
        return names[0] if names else None

    def _send(self, verb: str, path: str, headers: dict[str, str]) -> str | None:
        request = Request(f"{self.endpoint}/latest/{path}", headers=headers, method=verb)
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                return str(answer.read().decode("utf-8", "replace"))
        except HTTPError as error:
            if error.code == 404:
                return None
            raise ImdsError(f"{verb} {request.full_url}: HTTP status {error.code}") from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise ImdsError(f"{verb} {request.full_url}: {getattr(reason, 'strerror', None) or reason}") from None
