# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that are signed with a machine's credentials: the token for a cluster, and calls of AWS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen

CLUSTER_HEADER = "x-k8s-aws-id"
ALGORITHM = "AWS4-HMAC-SHA256"


def cluster_token(cluster: str, region: str, keys: Mapping[str, str]) -> str:
    """A token for a cluster, as ``aws eks get-token`` makes it. Keys are named as EC2's metadata name them."""
    moment = _now()
    host, scope = f"sts.{region}.amazonaws.com", f"{moment[:8]}/{region}/sts/aws4_request"
    query = {
        "Action": "GetCallerIdentity",
        "Version": "2011-06-15",
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{keys['AccessKeyId']}/{scope}",
        "X-Amz-Date": moment,
        "X-Amz-Expires": "60",
        "X-Amz-Security-Token": keys["Token"],
        "X-Amz-SignedHeaders": f"host;{CLUSTER_HEADER}",
    }
    canonical = urlencode(sorted(query.items()), quote_via=quote, safe="-_.~")
    headers = {"host": host, CLUSTER_HEADER: cluster}
    signature = _signature("GET", canonical, headers, b"", moment, scope, keys["SecretAccessKey"])
    url = f"https://{host}/?{canonical}&X-Amz-Signature={signature}"
    return "k8s-aws-v1." + urlsafe_b64encode(url.encode()).decode().rstrip("=")


def call(
    url: str, service: str, region: str, target: str, body: Mapping[str, Any], keys: Mapping[str, str]
) -> dict[str, Any]:
    """The answer to an operation of a service with a JSON protocol, called at ``url``. Raises OSError."""
    moment, content = _now(), json.dumps(body).encode()
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": urlsplit(url).netloc,
        "x-amz-date": moment,
        "x-amz-security-token": keys["Token"],
        "x-amz-target": target,
    }
    signature = _signature("POST", "", headers, content, moment, scope, keys["SecretAccessKey"])
    signed = f"SignedHeaders={';'.join(sorted(headers))}, Signature={signature}"
    headers["authorization"] = f"{ALGORITHM} Credential={keys['AccessKeyId']}/{scope}, {signed}"
    with urlopen(Request(f"{url}/", content, headers, method="POST"), timeout=30) as answer:
        return dict(json.loads(answer.read() or b"{}"))


def _signature(
    verb: str, query: str, headers: Mapping[str, str], content: bytes, moment: str, scope: str, secret: str
) -> str:
    names = sorted(headers)
    lines = "".join(f"{name}:{headers[name]}\n" for name in names)
    request = "\n".join([verb, "/", query, lines, ";".join(names), hashlib.sha256(content).hexdigest()])
    text = "\n".join([ALGORITHM, moment, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
