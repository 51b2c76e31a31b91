# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one door to AWS: calls in options' spelling, paging, retries, error classes, and no write in check mode."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import BoundedSemaphore, Lock
from typing import Any

try:
    from botocore import xform_name
    from botocore.config import Config
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        EndpointConnectionError,
        HTTPClientError,
        NoCredentialsError,
        PartialCredentialsError,
    )
    from botocore.session import Session

    POOL = Config(max_pool_connections=32)  # kept open for the threads of one task
except ImportError:
    pass  # AnsibleAWSModule reports it

from ansible_collections.flotilla.eks.plugins.module_utils._model import Values
from ansible_collections.flotilla.eks.plugins.module_utils._session import connect, session_of
from ansible_collections.flotilla.eks.plugins.module_utils._shapes import from_api, to_api

ATTEMPTS = 10  # of a call, where the user set no other number: reads and token-carrying writes are safe to repeat
ATTEMPTS_TO_CONNECT = 4  # an address that nobody answers at is given up sooner
CALLS_AT_A_TIME = 16
READS = ("Describe", "List", "Get", "AssumeRole")
THROTTLES = {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}


class AwsError(Exception):
    """A call that AWS refused or that did not reach it. ``code`` is the service's, or botocore's exception."""

    def __init__(self, operation: str, code: str, message: str, http_status: int = 0, retries: int = 0) -> None:
        super().__init__(f"{operation}: {message} ({code})")
        self.operation = operation
        self.code = code
        self.message = message
        self.retries = retries
        self.transient = code in THROTTLES or http_status >= 500

    def advise(self, advice: str) -> None:
        """Adds something to read to the service's message."""
        self.message += advice
        self.args = (f"{self.operation}: {self.message} ({self.code})",)

    @property
    def not_found(self) -> bool:
        return self.code in ("ResourceNotFoundException", "NotFoundException", "NoSuchEntity", "ParameterNotFound")

    @property
    def propagating(self) -> bool:
        return self.code == "ResourcePropagationDelayException"

    @property
    def in_use(self) -> bool:
        return self.code == "ResourceInUseException"


class WriteInCheckMode(RuntimeError):
    """A write call was attempted in check mode: a defect of this collection, never of the user's."""


class Client:
    """Calls AWS for one task. Safe to share between threads.

    ``connect(service, config)`` makes a botocore client; it is called when a service is first needed. Of the calls of
    all threads, ``parallel`` are under way at a time.
    """

    def __init__(
        self, connect: Callable[[str, Any], Any], read_only: bool = False, parallel: int = CALLS_AT_A_TIME
    ) -> None:
        self._connect = connect
        self._read_only = read_only
        self._clients: dict[str, Any] = {}
        self._connecting = Lock()
        self._turns = BoundedSemaphore(parallel)
        self._now: datetime | None = None

    @property
    def now(self) -> datetime:
        """The time by AWS's clock, as its last answer told it; before any, by the clock of this machine."""
        return self._now or datetime.now(UTC)

    @property
    def region(self) -> str:
        return str(self._service("eks").meta.region_name)

    def call(self, operation: str, **values: Any) -> Values:
        """Calls an operation of EKS with those of ``values`` that its input has; the answer in options' spelling.

        Raises AwsError, and WriteInCheckMode.
        """
        return self.call_of("eks", operation, **values)

    def call_of(self, service: str, operation: str, **values: Any) -> Values:
        """Like call, of another service."""
        model = self._service(service).meta.service_model.operation_model(operation)
        answer = self._send(service, operation, to_api(model.input_shape, values))
        return from_api(model.output_shape, answer) if model.output_shape else {}

    def request_shape(self, service: str, operation: str) -> Any:
        """The shape of what an operation takes, in botocore's model of the service."""
        return self._service(service).meta.service_model.operation_model(operation).input_shape

    def pages(self, operation: str, key: str, **values: Any) -> list[Any]:
        """All items under ``key`` of a List operation of EKS, from every page."""
        return self.pages_of("eks", operation, key, **values)

    def pages_of(self, service: str, operation: str, key: str, **values: Any) -> list[Any]:
        """Like pages, of another service that names its pages as EKS does."""
        items: list[Any] = []
        token = None
        while True:
            answer = self.call_of(service, operation, next_token=token, **values)
            items += answer.get(key) or []
            token = answer.get("next_token")
            if not token:
                return items

    def read(self, service: str, operation: str, **members: Any) -> Any:
        """Calls a reading operation of another service, in that service's own spelling."""
        return self._send(service, operation, members)

    def write(self, service: str, operation: str, **members: Any) -> Any:
        """Calls a changing operation of another service, in that service's own spelling.

        Raises AwsError, and WriteInCheckMode.
        """
        return self._send(service, operation, members)

    def find(self, service: str, operation: str, **members: Any) -> Any | None:
        """Like read, of EKS like call; None if the service has not got what is asked about."""
        try:
            return self.call(operation, **members) if service == "eks" else self.read(service, operation, **members)
        except AwsError as error:
            if error.not_found:
                return None
            raise

    def listed(self, service: str, operation: str, key: str, **members: Any) -> list[Values]:
        """All structures under ``key`` of a reading operation of another service, from every page, in option names.

        ``members`` are in the service's own. Raises AwsError.
        """
        shape = self._service(service).meta.service_model.operation_model(operation).output_shape.members[key]
        found: list[Values] = from_api(shape, self._send(service, operation, members, every_page=True).get(key) or [])
        return found

    def _send(self, service: str, operation: str, request: Values, every_page: bool = False) -> Any:
        if self._read_only and not operation.startswith(READS):
            raise WriteInCheckMode(f"{operation} was about to be called in check mode")
        client, method = self._service(service), xform_name(operation)
        try:
            with self._turns:
                if every_page and client.can_paginate(method):
                    return client.get_paginator(method).paginate(**request).build_full_result()
                return getattr(client, method)(**request)
        except ClientError as error:
            raise _refusal(operation, error) from error
        except BotoCoreError as error:
            raise _failure(operation, error, client) from error

    def _service(self, service: str) -> Any:
        with self._connecting:
            if service not in self._clients:
                client = self._connect(service, _config())
                client.meta.events.register_first(f"needs-retry.{service}", _give_up_connecting)
                client.meta.events.register(f"after-call.{service}", self._heed_clock)
                self._clients[service] = client
        return self._clients[service]

    def _heed_clock(self, http_response: Any = None, **_event: Any) -> None:
        told = http_response.headers.get("Date") if http_response is not None else None
        if told:
            self._now = parsedate_to_datetime(told)


def portions(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The items, as many at a time as one request may hold."""
    return (items[start : start + size] for start in range(0, len(items), size))


def client_for(module: Any, parallel: int = CALLS_AT_A_TIME, **connection: Any) -> Client:
    """The door of an AnsibleAWSModule, with its credentials, region and settings; read-only in check mode.

    ``connection`` overrides what the module's options say, such as region or aws_access_key_id.
    """

    def door(service: str, config: Any) -> Any:
        profile = module.params.get("profile")
        return connect(module, service, POOL if _retries_of_profile(profile) else config, **connection)

    return Client(door, read_only=module.check_mode, parallel=parallel)


def _config() -> Any:
    if "AWS_MAX_ATTEMPTS" in os.environ or "AWS_RETRY_MODE" in os.environ:
        return POOL
    return POOL.merge(Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS}))


def _retries_of_profile(profile: str | None) -> bool:
    """Whether the user's AWS configuration file says how often to try, which then counts."""
    try:
        settings = session_of(profile).get_scoped_config()
    except BotoCoreError:
        return False  # what is wrong with it is said when the client is made
    return bool({"max_attempts", "retry_mode"} & set(settings))


def _give_up_connecting(attempts: int = 0, caught_exception: Any = None, **_event: Any) -> None:
    if isinstance(caught_exception, EndpointConnectionError) and attempts >= ATTEMPTS_TO_CONNECT:
        raise caught_exception


def _refusal(operation: str, error: Any) -> AwsError:
    details = error.response.get("Error", {})
    metadata = error.response.get("ResponseMetadata", {})
    message = details.get("Message") or error.response.get("message") or "no reason given"
    code = details.get("Code") or "Unknown"
    advice = ADVICE.get(code, "")
    return AwsError(
        operation, code, message + advice, metadata.get("HTTPStatusCode", 0), metadata.get("RetryAttempts", 0)
    )


BAD_CREDENTIALS = ". The AWS credentials are not valid here: check the access key, its account and the region"
ADVICE = {
    "AccessDeniedException": ". Grant this action to the caller's IAM identity",
    "UnrecognizedClientException": BAD_CREDENTIALS,
    "InvalidClientTokenId": BAD_CREDENTIALS,
    "ExpiredTokenException": ". The AWS credentials have expired: renew them",
    "InvalidSignatureException": ". Check the secret key and the clock of this machine",
    "MissingAuthenticationTokenException": ". Give AWS credentials",
}


def _failure(operation: str, error: Any, client: Any) -> AwsError:
    """What went wrong before an answer of the service came."""
    code = type(error).__name__
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        text = "no AWS credentials were found; give access_key and secret_key, a profile, or the AWS_* environment"
        return AwsError(operation, code, text)
    if isinstance(error, EndpointConnectionError):
        return AwsError(operation, code, _unreachable(client), http_status=503)
    return AwsError(operation, code, str(error), http_status=503 if isinstance(error, HTTPClientError) else 0)


def _unreachable(client: Any) -> str:
    region, endpoint = client.meta.region_name, client.meta.endpoint_url
    if "amazonaws.com" in endpoint and region not in _regions():
        return f"region {region!r} has no EKS that this botocore knows; it knows: {', '.join(_regions())}"
    return (
        f"nobody answers at {endpoint}; check endpoint_url, the region ({region}), the network and the proxy settings"
    )


def _regions() -> list[str]:
    session = Session()
    partitions = session.get_available_partitions()
    return sorted({region for name in partitions for region in session.get_available_regions("eks", name)})
