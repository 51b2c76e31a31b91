# Copyright (c) flotilla.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoint of a simulated cluster: TLS with the cluster's authority, for those who reach it."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from unit.simulator.api_server import PODS, ApiServer

from eks_simulator.certificates import Signer
from eks_simulator.kubernetes.endpoint import Endpoint


@dataclass
class Served:
    """A server behind an endpoint, and whether clients reach it."""

    server: ApiServer = field(default_factory=ApiServer)
    signer: Signer = field(default_factory=Signer)
    reachable: bool = True

    def __post_init__(self) -> None:
        self.endpoint = Endpoint(self.server.api, self.signer, lambda: self.reachable)

    def connect(self, signer: Signer) -> http.client.HTTPSConnection:
        """A connection that trusts an authority, verified as strictly as Python can."""
        context = ssl.create_default_context(cadata=base64.b64decode(signer.data).decode())
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        url = urlsplit(self.endpoint.url)
        return http.client.HTTPSConnection(str(url.hostname), url.port, context=context, timeout=10)

    @contextmanager
    def get(self, path: str, signer: Signer) -> Iterator[http.client.HTTPResponse]:
        with closing(self.connect(signer)) as connection:
            connection.request("GET", path, headers={"Authorization": "Bearer good"})
            with connection.getresponse() as answer:
                yield answer

    def answers(self) -> bool:
        """Whether a connection is kept until the client says something."""
        url = urlsplit(self.endpoint.url)
        try:
            with socket.create_connection((str(url.hostname), url.port or 0), timeout=1) as connection:
                return connection.recv(1) != b""
        except ConnectionError:
            return False
        except TimeoutError:
            return True


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    yield served
    served.endpoint.close()


def test_only_who_trusts_the_authority_gets_through_and_at_simulated_time(served: Served) -> None:
    with served.get("/api/v1/nodes", served.signer) as answer:
        assert (answer.status, answer.headers["Date"]) == (200, "Fri, 06 Nov 2026 00:00:00 GMT")
    with pytest.raises(ssl.SSLCertVerificationError), served.get("/api/v1/nodes", Signer()):
        pass


def test_another_authority_can_sign_from_now_on(served: Served) -> None:
    successor = Signer()
    served.endpoint.renew(successor)
    with served.get("/readyz", successor) as answer:
        assert answer.read() == b"ok"
    with pytest.raises(ssl.SSLCertVerificationError), served.get("/readyz", served.signer):
        pass


def test_who_cannot_reach_it_hears_nothing(served: Served) -> None:
    assert served.answers()
    served.reachable = False
    assert not served.answers()


def test_a_watch_streams_until_its_time_is_over(served: Served) -> None:
    served.server.pod("a")
    with served.get(f"{PODS}?watch=1&timeoutSeconds=1", served.signer) as answer:
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert [json.loads(line)["type"] for line in answer.read().splitlines()] == ["ADDED"]


def test_closing_ends_watches_and_refuses_the_next(served: Served) -> None:
    served.server.pod("a")
    with served.get(f"{PODS}?watch=1", served.signer) as answer:
        assert json.loads(answer.readline())["type"] == "ADDED"
        served.endpoint.close()
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.IncompleteRead)):
            answer.read()
    assert not served.answers()
