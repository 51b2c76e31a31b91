# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What programs on an EC2 instance are told by its metadata, and the token that its credentials make for a cluster."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

METADATA = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254")
CLUSTER_HEADER = "x-k8s-aws-id"


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


def cluster_token(cluster: str, region: str) -> str:
    """A token for a cluster, as ``aws eks get-token`` makes it by the credentials of the instance's role.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
    """
    role = (metadata("meta-data/iam/security-credentials/") or "").strip()
    keys = json.loads(metadata(f"meta-data/iam/security-credentials/{role}") or "{}")
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    host, scope = f"sts.{region}.amazonaws.com", f"{moment[:8]}/{region}/sts/aws4_request"
    query = {
        "Action": "GetCallerIdentity",
        "Version": "2011-06-15",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{keys['AccessKeyId']}/{scope}",
        "X-Amz-Date": moment,
        "X-Amz-Expires": "60",
        "X-Amz-Security-Token": keys["Token"],
        "X-Amz-SignedHeaders": f"host;{CLUSTER_HEADER}",
    }
    canonical = urlencode(sorted(query.items()), quote_via=quote, safe="-_.~")
    nothing = hashlib.sha256(b"").hexdigest()
    headers = f"host:{host}\n{CLUSTER_HEADER}:{cluster}\n"
    request = "\n".join(["GET", "/", canonical, headers, f"host;{CLUSTER_HEADER}", nothing])
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{keys['SecretAccessKey']}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    url = f"https://{host}/?{canonical}&X-Amz-Signature={signature}"
    return "k8s-aws-v1." + urlsafe_b64encode(url.encode()).decode().rstrip("=")
