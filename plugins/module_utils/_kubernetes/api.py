# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one door to the Kubernetes API of a cluster: the few requests that our modules make, errors that say what to do.

Objects are as the API gives and takes them, in its own spelling. It needs no Kubernetes library, and trusts the
cluster's own certificate authority alone.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from ansible_collections.flotilla.eks.plugins.module_utils._client import WriteInCheckMode
from ansible_collections.flotilla.eks.plugins.module_utils._kubernetes.endpoint import Endpoint
from ansible_collections.flotilla.eks.plugins.module_utils._tls import trusting

Object = dict[str, Any]

PAGE = 500  # objects in an answer, as kubectl asks
TIMEOUT = 30  # seconds without a sign of life
ATTEMPTS = 4  # of a request that the server was too busy for
ALL = {"dryRun": "All"}


class KubernetesError(Exception):
    """A request that was refused, or that no Kubernetes API answered.

    ``code`` is the HTTP status, 0 without an answer; ``reason`` and ``details`` are those of Kubernetes' Status.
    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
    """

    def __init__(
        self,
        request: str,
        message: str,
        code: int = 0,
        reason: str = "",
        details: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{request}: {message}{ADVICE.get(code, '')}" + (f" ({reason})" if reason else ""))
        self.request = request
        self.message = message
        self.code = code
        self.reason = reason
        self.details = dict(details or {})
        self.retry_after = retry_after  # seconds that the server asks to wait, if it does

    @property
    def not_found(self) -> bool:
        return self.reason == "NotFound"

    @property
    def transient(self) -> bool:
        """Whether the same request may well succeed later."""
        return self.code in (0, 429) or self.code >= 500

    @property
    def blocked(self) -> list[str]:
        """What the disruption budgets say that hold back an eviction; empty if it is not one of them that does."""
        causes = self.details.get("causes") or []
        return [cause.get("message", "") for cause in causes if cause.get("reason") == "DisruptionBudget"]


ADVICE = {
    401: (
        ". The cluster does not know who asks: give the caller's IAM role or user an access entry "
        "(flotilla.eks.access_entry), and check the clock of this machine, as a token is good for minutes"
    ),
    403: (
        ". Associate an access policy with the caller's access entry (flotilla.eks.access_entry), such as "
        "AmazonEKSAdminViewPolicy to look, or AmazonEKSClusterAdminPolicy to change all"
    ),
}


class Untrusted(KubernetesError):
    """Who answers has no certificate of the cluster. Trying again does not help."""

    @property
    def transient(self) -> bool:
        return False


class Kubernetes:
    """Asks a cluster's API. Safe to share between threads.

    ``token`` gives a bearer token that is good now. In check mode (``read_only``) every write is refused but those
    with ``dry_run``. ``now`` is the time of the last answer by the server's clock, for ages.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        token: Callable[[], str],
        read_only: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._endpoint = endpoint
        self._token = token
        self._read_only = read_only
        self._sleep = sleep
        self._opener = build_opener(HTTPSHandler(context=_trusting(endpoint)), _NoRedirect())
        self.now: datetime | None = None

    def get(self, path: str) -> Object:
        """One object, say ``/api/v1/nodes/NAME``. Raises KubernetesError."""
        return self._send("GET", path)

    def find(self, path: str) -> Object | None:
        """Like get; None if there is no such object."""
        try:
            return self.get(path)
        except KubernetesError as error:
            if error.not_found:
                return None
            raise

    def list_all(self, path: str, labels: str = "", fields: str = "") -> list[Object]:
        """All objects of a collection that the selectors choose, from every page. Raises KubernetesError.

        A list that grows too old from page to page is read anew, at once, as client-go does.
        https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
        """
        query = {name: text for name, text in (("labelSelector", labels), ("fieldSelector", fields)) if text}
        try:
            return self._pages(path, query | {"limit": str(PAGE)})
        except KubernetesError as error:
            if error.reason != "Expired":
                raise
            return self._pages(path, query)

    def _pages(self, path: str, query: dict[str, str]) -> list[Object]:
        answer = self._send("GET", path, query)
        items = list(answer["items"])
        while more := answer["metadata"].get("continue"):
            answer = self._send("GET", path, query | {"continue": more})
            items += answer["items"]
        return items

    def create(self, path: str, body: Object, dry_run: bool = False) -> Object:
        """A new object of a collection, or one for a subresource such as an eviction. Raises KubernetesError."""
        return self._send("POST", path, ALL if dry_run else {}, body)

    def patch(self, path: str, change: Object, dry_run: bool = False) -> Object:
        """The object with a change merged into it: maps merge, null removes, lists are replaced.

        Raises KubernetesError.
        """
        return self._send("PATCH", path, ALL if dry_run else {}, change, "application/merge-patch+json")

    def delete(self, path: str, options: Object | None = None, dry_run: bool = False) -> Object:
        """Deletes an object, with DeleteOptions such as gracePeriodSeconds or preconditions. Raises KubernetesError."""
        return self._send("DELETE", path, ALL if dry_run else {}, options)

    def _send(
        self,
        verb: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
    ) -> Object:
        request = f"{verb} {path}"
        if self._read_only and verb != "GET" and query != ALL:
            raise WriteInCheckMode(f"{request} was about to be sent in check mode")
        url = self._endpoint.url + path + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json", **({"Content-Type": content_type} if data else {})}
        for attempt in range(1, ATTEMPTS + 1):
            sending = Request(url, data, {**headers, "Authorization": f"Bearer {self._token()}"}, method=verb)
            try:
                with self._opener.open(sending, timeout=TIMEOUT) as answer:
                    self._look_at_the_clock(answer.headers)
                    return _object(request, answer.read())
            except HTTPError as error:
                refusal = _refusal(request, error)
                if refusal.retry_after is None or refusal.blocked or attempt == ATTEMPTS:
                    raise refusal from None
                self._sleep(refusal.retry_after)
            except (OSError, HTTPException) as error:  # URLError is an OSError
                raise _failure(request, error, self._endpoint) from None
        raise AssertionError("the last attempt returns or raises")

    def _look_at_the_clock(self, headers: Mapping[str, str]) -> None:
        if "Date" in headers:
            self.now = parsedate_to_datetime(headers["Date"])


class _NoRedirect(HTTPRedirectHandler):
    """The API does not redirect, and nobody else is to get the token."""

    def redirect_request(self, *_args: Any, **_options: Any) -> None:
        return None


def _trusting(endpoint: Endpoint) -> ssl.SSLContext:
    try:
        return trusting(endpoint.certificate_authority)
    except ValueError as error:
        raise Untrusted("certificate_authority", str(error)) from None


def _object(request: str, body: bytes) -> Object:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise KubernetesError(request, "the answer is no JSON object: whoever gave it is no Kubernetes API")
    return answer


def _refusal(request: str, error: HTTPError) -> KubernetesError:
    """The error of a Status, or of a proxy on the way that knows none."""
    try:
        status = json.loads(error.read())
        message, reason, details = status["message"], status.get("reason", ""), status.get("details")
    except (ValueError, KeyError, TypeError, OSError, HTTPException):
        message, reason, details = f"HTTP status {error.code}, {error.reason}", "", None
    pause = error.headers.get("Retry-After", "")
    return KubernetesError(request, message, error.code, reason, details, float(pause) if pause.isdigit() else None)


def _failure(request: str, error: Exception, endpoint: Endpoint) -> KubernetesError:
    """What went wrong before an answer came."""
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Untrusted(
            request,
            f"the server at {endpoint.url} has no certificate of this cluster's authority ({cause.verify_message}), so "
            "nothing was sent to it. Describe the cluster anew: its endpoint or its authority may have changed; or "
            "have the proxy on the way leave the connection as it is",
        )
    told = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return KubernetesError(request, f"nobody answers at {endpoint.url} ({told}): {endpoint.hint}")
