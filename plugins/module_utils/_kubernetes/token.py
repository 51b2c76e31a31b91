# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bearer tokens of EKS: a presigned request GetCallerIdentity of STS, which a cluster sends to learn who asks.

The form is that of ``aws eks get-token``; a signed header names the cluster, so that no other one takes the token. The
URL carries X-Amz-Expires=60, but the cluster takes it for 15 minutes after it was signed; clients are told 14, so that
a token does not run out on its way.
https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster
"""

from __future__ import annotations

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
URL_SECONDS = 60
VALIDITY = timedelta(minutes=14)
RENEWAL = timedelta(minutes=5)  # a stored token with less than this left is made anew


@dataclass(frozen=True)
class Signature:
    """What a token tells about itself: the STS host it is for, who signed it, and when (UTC)."""

    host: str
    access_key: str
    signed: datetime

    @property
    def expires(self) -> datetime:
        """Until when the token may be used."""
        return self.signed + VALIDITY


def make_token(sts: Any, cluster: str) -> str:
    """A token for ``cluster``: its name, or its id for a local cluster on Outposts. No call is made.

    ``sts`` is a botocore client; its credentials sign, its endpoint and region become part of the token.
    Raises botocore's NoCredentialsError.
    """

    def name_the_cluster(request: Any, **_event: Any) -> None:
        request.headers[CLUSTER_HEADER] = cluster

    signing = "before-sign.sts.GetCallerIdentity"
    sts.meta.events.register(signing, name_the_cluster)
    try:
        url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=URL_SECONDS, HttpMethod="GET")
    finally:
        sts.meta.events.unregister(signing, name_the_cluster)
    return PREFIX + urlsafe_b64encode(url.encode()).decode().rstrip("=")


def read_token(token: str) -> Signature | None:
    """What stands in a token, or None if the text is no token of EKS."""
    try:
        encoded = token.removeprefix(PREFIX)
        url = urlsplit(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
        query = parse_qs(url.query)
        signed = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return Signature(url.netloc, query["X-Amz-Credential"][0].split("/")[0], signed)
    except (ValueError, KeyError):
        return None


def still_serves(stored: str, fresh: str, same_signer: bool = True) -> bool:
    """Whether a stored token is as good as one made just now: for the same STS, not about to expire.

    ``same_signer`` asks for the same access key too; an assumed role has another one in each session.
    """
    old, new = read_token(stored), read_token(fresh)
    if not old or not new or old.host != new.host or (same_signer and old.access_key != new.access_key):
        return False
    return old.expires - new.signed >= RENEWAL


class Tokens:
    """Gives a token that serves for five minutes at least; ``sign`` makes one. Safe to share between threads."""

    def __init__(self, sign: Callable[[], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._sign = sign
        self._clock = clock
        self._lock = Lock()
        self._token = ""
        self._stale = 0.0

    def __call__(self) -> str:
        with self._lock:
            if not self._token or self._clock() >= self._stale:
                self._stale = self._clock() + (VALIDITY - RENEWAL).total_seconds()
                self._token = self._sign()
            return self._token
